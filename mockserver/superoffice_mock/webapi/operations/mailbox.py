"""What a client asks about its mailboxes (claims test-authenticate, has-new-mail)."""

from typing import Final

from msgspec.structs import replace

from superoffice_mock.core.accounts import NEVER_SYNCED
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.core.verdicts import Call, Served, Verdict
from superoffice_mock.webapi.entry import make_factories
from superoffice_mock.webapi.operations.email_accounts import own_accounts

REFRESHED_AT_ONCE: Final = 0
"""The answer of RefreshFolder for folders that are refreshed when it answers, without a task."""


def _test_authenticate(
    _: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    state = state.with_counted_history(now)
    statuses = state.history.statuses
    is_working = any(
        not statuses.get(account.id, NEVER_SYNCED).fails_next(account.failures)
        for account in own_accounts(state, call)
    )
    return state, Served(now, is_working, next_change=state.history.next_end(now))


def _has_new_mail(
    _: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    """Answer true once after each fetch, or after several (claim has-new-mail-once)."""
    state = state.with_counted_history(now)
    statuses, seen = state.history.statuses, state.seen_fetches
    fetches = {
        account.id: status.fetch_count
        for account in own_accounts(state, call)
        if (status := statuses.get(account.id, NEVER_SYNCED)).fetch_count > seen.get(account.id, 0)
    }
    if fetches:
        state = replace(state, seen_fetches={**seen, **fetches})
    return state, Served(now, bool(fetches), next_change=state.history.next_end(now))


def _refresh_folder(
    _: TenantFacts, state: TenantState, __: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    return state, Served(now, REFRESHED_AT_ONCE)


ENTRIES: Final = make_factories(
    {
        "TestAuthenticate": _test_authenticate,
        "HasNewMail": _has_new_mail,
        "RefreshFolder": _refresh_folder,
    }
)
