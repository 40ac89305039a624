"""The accounts that are due, and the sync of a single one (claims ready-list, single-sync)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from superoffice_contract.openapi.operations import Operation
from superoffice_contract.operations import sync_email_account
from superoffice_mock.core import lease
from superoffice_mock.core.accounts import NEVER_SYNCED, AccountStatus, MailAccount
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import AccountId, Instant
from superoffice_mock.core.verdicts import Call, Handler, Served, Verdict
from superoffice_mock.webapi.entry import Entry
from superoffice_mock.webapi.operations.sync_email_accounts import render_no_content
from superoffice_mock.webapi.operations.values import sync_user_value


def list_due(facts: TenantFacts, state: TenantState, now: Instant) -> list[MailAccount]:
    """Return the accounts of *state* that are due at *now* (claim ready-due).

    The history of *state* is counted.
    """
    reading, syncing = facts.readings.ready, state.history.syncing(now)
    return [
        account
        for account in state.accounts.values()
        if reading == "all"
        or (
            account.id not in syncing
            and (reading == "all-but-running" or _is_old(account, facts, state, now))
        )
    ]


def _is_old(account: MailAccount, facts: TenantFacts, state: TenantState, now: Instant) -> bool:
    status = state.history.statuses.get(account.id, NEVER_SYNCED)
    if status.account_status(account.failures) is AccountStatus.FAILED:
        return False
    return status.last_fetch is None or status.last_fetch + facts.due_after <= now


def _get_ready(
    facts: TenantFacts, state: TenantState, _: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    state = state.with_counted_history(now)
    value = [sync_user_value(account) for account in list_due(facts, state, now)]
    return state, Served(now, value, next_change=state.history.next_end(now))


def _account_ids(body: Any, *_: object) -> tuple[AccountId, ...]:  # noqa: ANN401 - a decoded body
    account = None if body is None else body.sync_user_account
    return () if account is None else (AccountId(account.account_id),)


def _make_single_sync(operation: Operation) -> Entry:
    return Entry(
        operation,
        Handler(lease.decide_alone, lease.withdraw),
        read_body=_account_ids,
        accounts=sync_email_account.named_accounts,
        render=render_no_content,
    )


ENTRIES: Final[Mapping[str, Callable[[Operation], Entry]]] = {
    "GetReadySyncEmailAccounts": lambda operation: Entry(operation, Handler(_get_ready)),
    sync_email_account.NAME: _make_single_sync,
}
