"""Control calls for the accounts of a tenant, what their syncs came to, and the tenant's state."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

import msgspec
from msgspec.structs import replace
from starlette.responses import Response

from superoffice_mock.config.tenant_spec import StateName
from superoffice_mock.control.errors import ProblemError
from superoffice_mock.control.pieces import View, answer_in_pieces, list_parts
from superoffice_mock.control.request import ControlMethod, ControlRequest, RequestBody
from superoffice_mock.core.accounts import NEVER_SYNCED
from superoffice_mock.core.clock import format_instant, to_seconds
from superoffice_mock.core.state import TenantState, TenantStatus, tenant_status
from superoffice_mock.core.sync_history import MAX_STATUSES
from superoffice_mock.core.sync_run import AccountId, Durations, Instant, RunId
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.webapi.operations.due_accounts import list_due


class NewState(RequestBody):
    """The state that a tenant gets."""

    example: ClassVar[str] = '{"state": "suspended"}'
    state: StateName


async def _list_accounts(request: ControlRequest) -> Response:
    return answer_in_pieces(account_parts(request.tenant), request.context.steady)


def account_parts(tenant: Tenant) -> Iterator[bytes]:
    """Yield the parts of the list: all accounts that exist, were synced, or will be by a run.

    It is read from the state, as the calls of the API are, but it is no call that a clock counts.
    """
    now, durations = tenant.now(), tenant.facts.durations
    state = tenant.state.with_counted_history(now)
    syncing = state.history.syncing(now)
    due = {account.id for account in list_due(tenant.facts, state, now)}
    known = sorted({*state.accounts, *state.history.statuses, *syncing})
    items = (
        (msgspec.json.encode(_account_view(id_, state, durations, syncing, id_ in due)),)
        for id_ in known
    )
    before = {
        "seconds_per_account": to_seconds(durations.default),
        "limit": MAX_STATUSES,
        "forgotten": state.history.forgotten,
    }
    return list_parts(before, "accounts", items)


def _account_view(
    id_: AccountId,
    state: TenantState,
    durations: Durations,
    syncing: Mapping[AccountId, RunId],
    is_due: bool,  # noqa: FBT001 - a member of the answer
) -> View:
    account = state.accounts.get(id_)
    sync = state.history.statuses.get(id_, NEVER_SYNCED)
    status = None if account is None else sync.account_status(account.failures)
    return {
        "AccountId": id_,
        "exists": account is not None,
        "address": account and account.address,
        "associate": account and account.associate,
        "associate_id": account and account.associate_id,
        "seconds": to_seconds(durations.of(id_)),
        "last_fetch": _format(sync.last_fetch),
        "due": is_due,
        "status": None if status is None else status.name.title(),
        "status_number": status,
        "error_count": sync.error_count,
        "error_reason": sync.error_reason,
        "synced_at": _format(sync.synced_at),
        "synced_by": sync.synced_by,
        "syncing_by": syncing.get(id_),
    }


def _format(instant: Instant | None) -> str | None:
    return None if instant is None else format_instant(instant)


async def _get_state(request: ControlRequest) -> View:
    return _state_view(request.tenant.state.status)


async def _set_state(request: ControlRequest) -> View:
    try:
        status = tenant_status(request.decode_body(NewState).state)
    except ValueError as error:
        raise ProblemError(400, f"the body: {error}") from None
    request.tenant.change_state(replace(request.tenant.state, status=status))
    return _state_view(status)


def _state_view(status: TenantStatus) -> View:
    return {
        "state": status.setting,
        "name": status.text,
        "number": status.value,
        "running": status.is_running,
    }


CALLS: Final = {
    "GET /accounts": ControlMethod(
        _list_accounts,
        "lists the accounts that exist or that a run syncs, and what their syncs came to",
        "Accounts",
    ),
    "GET /state": ControlMethod(_get_state, "returns the state of the tenant", "State"),
    "PUT /state": ControlMethod(
        _set_state, "changes the state of the tenant, such as to suspended", "State", NewState
    ),
}
