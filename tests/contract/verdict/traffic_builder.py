"""Handmade traffic."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from superoffice_contract.control.answers import Account, Exchange, Run

SYNC: Final = "SyncEmailAccounts"
EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)


def make_call(id_: int, outcome: str, *accounts: int, **more: Any) -> Exchange:
    """Return a call that was answered 204, unless *more* says otherwise."""
    defaults = {"status": 204, "elapsed": 0.0, "reason": "because", "operation": SYNC}
    defaults |= {"method": "POST", "path": "/"}
    return Exchange(
        id=id_,
        at=EPOCH + timedelta(seconds=id_),
        outcome=outcome,
        accounts=tuple(Account(account) for account in accounts),
        **{**defaults, **more},
    )


def make_run(request: int, *accounts: int) -> Run:
    """Return a run of half a second that the call *request* started."""
    starts = EPOCH + timedelta(seconds=request)
    return Run(request, request, "ended", accounts, starts, starts + timedelta(seconds=0.5), ())
