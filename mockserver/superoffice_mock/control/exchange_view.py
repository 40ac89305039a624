"""Exchanges of the journal as JSON, without secrets; bodies and queries are decoded again."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import msgspec

from superoffice_contract.bodies.decode import decode
from superoffice_contract.errors import InvalidBody
from superoffice_contract.openapi.operations import NO_BODY
from superoffice_contract.operations.accounts import NamedAccount, no_accounts
from superoffice_mock.control.pieces import View, list_parts
from superoffice_mock.core.clock import format_instant, to_seconds
from superoffice_mock.core.credentials import Principal
from superoffice_mock.core.journal import Exchange
from superoffice_mock.core.sync_run import SyncRun
from superoffice_mock.core.verdicts import Replayed, TurnedAway, Undecided, Verdict
from superoffice_mock.webapi.entry import Entry, Registry
from superoffice_mock.wire.headers import read_journal_head
from superoffice_mock.wire.query import NO_QUERY, Query, read_query

MAX_LISTED_ACCOUNTS: Final = 100


def exchange_view(
    exchange: Exchange, operations: Registry, max_accounts: int | None = MAX_LISTED_ACCOUNTS
) -> View:
    """Return *exchange* as an item of a list, with its first accounts and their number."""
    view, accounts = _read(exchange, operations)
    if accounts is not None:
        pending = iter(accounts)
        listed = [*map(_account_view, islice(pending, max_accounts))]
        view["accounts"], view["account_count"] = listed, len(listed) + sum(1 for _ in pending)
    return view


def exchange_parts(exchange: Exchange, operations: Registry) -> Iterator[bytes]:
    """Yield the parts of the whole *exchange*, with headers, body and all accounts."""
    view, accounts = _read(exchange, operations)
    headers = read_journal_head(exchange.head).raw
    view |= {
        "headers": [
            {"name": name.decode("latin-1"), "value": value.decode("latin-1")}
            for name, value in headers
        ],
        "body": exchange.body.decode("utf-8", "replace"),
        "crash": exchange.failure,
    }
    if accounts is None:
        yield msgspec.json.encode(view)
        return
    all_accounts = list(accounts)
    view["account_count"] = len(all_accounts)
    place = list(view).index("accounts")
    before, after = dict(list(view.items())[:place]), dict(list(view.items())[place + 1 :])
    items = ((msgspec.json.encode(_account_view(account)),) for account in all_accounts)
    yield from list_parts(before, "accounts", items, lambda: after)


def _read(exchange: Exchange, operations: Registry) -> tuple[View, Iterable[NamedAccount] | None]:
    """Return what control calls show of *exchange*, except its accounts, and these."""
    entry = operations.entries.get(exchange.operation or "")
    content_type = read_journal_head(exchange.head).content_type
    query = NO_QUERY
    if entry is not None and exchange.query:
        query = read_query(exchange.query, entry.operation.query)
    accounts = read_accounts(exchange, entry, content_type, query)
    view: View = {
        "id": exchange.id,
        "at": format_instant(exchange.at),
        "tenant": None if exchange.tenant_unknown else exchange.tenant,
        "operation": exchange.operation,
        "method": exchange.method,
        "path": exchange.path,
        "media_type": content_type and content_type.partition(";")[0].strip(),
        "principal": _principal_view(exchange.principal),
        "accounts": None,
        "account_count": None,
        "query": query.values,
        "select": query.select,
        "outcome": exchange.outcome,
        "recorded": _recorded_view(exchange),
        "fault": exchange.fault and exchange.fault.id,
        "run": exchange.run and exchange.run.id,
        "holder": _turned_away_by(exchange.verdict),
        "status": exchange.status,
        "elapsed": to_seconds(exchange.elapsed),
        "elapsed_real": to_seconds(exchange.elapsed_real),
        "hung_up": exchange.hung_up,
        "hung_up_after": to_seconds(exchange.hung_up_after),
        "reason": exchange.reason,
        "violations": exchange.violations,
    }
    return view, accounts


def _principal_view(principal: Principal | None) -> View | None:
    if principal is None:
        return None
    app = principal.app and principal.app.name
    return {"scheme": principal.scheme, "user": principal.user, "app": app}


def _turned_away_by(verdict: Verdict | None) -> View | None:
    """Return what held the lease when a call did not get it, or what it waits for."""
    final = verdict.otherwise if isinstance(verdict, Undecided) else verdict
    if not isinstance(final, TurnedAway):
        return None
    holder = final.holder
    return {"by": "run", "run": holder.id} if isinstance(holder, SyncRun) else {"by": "hand"}


def _recorded_view(exchange: Exchange) -> View | None:
    verdict = exchange.verdict
    if not isinstance(verdict, Replayed) or exchange.outcome != "replayed":
        return None
    return {"outcome": verdict.recorded_outcome, "confidence": verdict.confidence}


def read_accounts(
    exchange: Exchange, entry: Entry | None, content_type: str | None, query: Query
) -> Iterable[NamedAccount] | None:
    """Decode the body again and return its accounts; None if it was rejected or is missing."""
    if entry is None or entry.accounts is no_accounts:
        return None
    if exchange.verdict is None and exchange.outcome != "faulted":
        return None
    bodies, content = entry.operation.bodies, None
    has_body = entry.operation.body_required or exchange.body.strip() not in NO_BODY
    try:  # the body of a faulted call was never validated
        if bodies and has_body:
            content = decode(bodies, content_type, exchange.body).content
    except InvalidBody:
        return None
    return entry.accounts(content, query.values)


def _account_view(account: NamedAccount) -> View:
    return {
        "AccountId": account.id,
        "AssociateName": account.associate_name,
        "AssociateId": account.associate_id,
    }
