"""Defects in the throttle: the wait of one second, the lease, tasks, tenants."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from superoffice_mock.core.sync_run import SECOND, Hold, SyncRun
from superoffice_mock.core.verdicts import Served, Started, TurnedAway, Undecided
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import Response
from tests.contract.mutants.patching import (
    Mutation,
    Seeds,
    change_object,
    combine,
    replace_object,
    wrap_call,
    wrap_function,
)

Decide = Callable[..., Any]


def _change_decision(change: Callable[[Any, Any, Any], Any]) -> Mutation:
    """Replace decisions with *change* of the time, the new state and the verdict."""
    return wrap_function(
        "core.lease.decide",
        lambda decide, *arguments: change(arguments[-1], *decide(*arguments)),
    )


def _queue_call(_: Any, state: Any, verdict: Any) -> Any:
    if isinstance(verdict, TurnedAway) and isinstance(verdict.holder, SyncRun):
        return state, Undecided(verdict, verdict.holder.ends_at)
    return state, verdict


def _never_take_lease(_: Any, state: Any, verdict: Any) -> Any:
    return replace(state, lease_holder=None) if isinstance(verdict, Started) else state, verdict


def _change_accounts(change: Callable[[list[int]], list[int]]) -> Mutation:
    """Let a run sync *change* of the accounts that the call lists."""

    return wrap_function(
        "core.lease.decide",
        lambda decide, facts, state, call, now: decide(
            facts, state, replace(call, body=change(list(call.body))), now
        ),
    )


def _turn_empty_list_away(now: Any, state: Any, verdict: Any) -> Any:
    return state, TurnedAway(Hold(now), now) if isinstance(verdict, Served) else verdict


async def _wait_between_check_and_start(
    handle: Any, backend: Any, entry: Any, request: ApiRequest
) -> Any:
    """Check that the lease is free, let other calls run, and only then take it."""
    tenant = request.route.tenant
    is_free = tenant.state.holder(tenant.now()) is None
    await asyncio.sleep(0)
    if is_free:
        tenant.state = replace(tenant.state, lease_holder=None)
    return await handle(backend, entry, request)


async def _release_after_response(
    handle: Any, backend: Any, entry: Any, request: ApiRequest
) -> Response:
    answer: Response = await handle(backend, entry, request)
    tenant = request.route.tenant
    tenant.state = replace(tenant.state, lease_holder=None)
    return answer


async def _take_lease_before_checks(
    handle: Any, backend: Any, entry: Any, request: ApiRequest
) -> Response:
    """Take the lease before the request is checked."""
    tenant = request.route.tenant
    try:
        answer: Response = await handle(backend, entry, request)
    except Rejected:
        if tenant.state.holder(tenant.now()) is None:
            tenant.hold()
        raise
    return answer


def _share_lease(decide: Decide) -> Decide:
    """Use one lease for all tenants."""
    lease: Any = None

    def decide_changed(facts: Any, state: Any, call: Any, now: Any) -> Any:
        nonlocal lease
        new_state, verdict = decide(facts, replace(state, lease_holder=lease), call, now)
        lease = new_state.lease_holder
        return new_state, verdict

    return decide_changed


def _set_max_tasks(width: int) -> Mutation:
    return combine(
        replace_object("core.sync_run.MAX_TASKS", width),
        replace_object("core.lease.MAX_TASKS", width),
    )


def _set_wait(seconds: float) -> Mutation:
    return replace_object("core.lease.TURNED_AWAY_AFTER", round(seconds * SECOND))


THROTTLE_DEFECTS: Final[Seeds] = {
    "no wait": ("expected pending, the server says t", _set_wait(0)),
    "a wait of 0.2 s": ("expected pending, the server", _set_wait(0.2)),
    "a wait of 3 s": ("expected turned_away, the server", _set_wait(3)),
    "queues instead of drops": (
        "expected turned_away, the server says pending",
        _change_decision(_queue_call),
    ),
    "the lease is not taken": (
        "the lease is held: expected True",
        _change_decision(_never_take_lease),
    ),
    "the lease is released with the answer": (
        "the lease is held: expected True",
        wrap_call(_release_after_response),
    ),
    "the lease is never released": (
        "the lease is held: expected False",
        replace_object("core.state.TenantState.holder", lambda state, _: state.lease_holder),
    ),
    "a run ends a second early": (
        "microseconds of run",
        wrap_function(
            "core.lease.sync_ends",
            lambda ends, *run: [
                (max(moment - SECOND, run[-1] + 1), *rest) for moment, *rest in ends(*run)
            ],
        ),
    ),
    "the lease ends with the first task": (
        "microseconds of run",
        wrap_function("core.lease.sync_ends", lambda ends, *run: ends(*run)[:1]),
    ),
    "eleven tasks": ("has 11 tasks; at most 10", _set_max_tasks(11)),
    "nine tasks": ("microseconds of run", _set_max_tasks(9)),
    "skips the last account": (
        "accounts of run",
        _change_accounts(lambda accounts: accounts[:-1] if len(accounts) > 1 else accounts),
    ),
    "skips accounts beyond ten": (
        "accounts of run",
        _change_accounts(lambda accounts: accounts[:10]),
    ),
    "syncs an account once that is listed twice": (
        "accounts of run",
        _change_accounts(lambda accounts: list(dict.fromkeys(accounts))),
    ),
    "syncs accounts in another order": ("accounts of run", _change_accounts(sorted)),
    "turns an empty list away": (
        "expected served, the server says turned_away",
        _change_decision(_turn_empty_list_away),
    ),
    "runs for an empty list": (
        "expected served, the server says started",
        _change_accounts(lambda accounts: accounts or [507]),
    ),
    "an await between checking and taking the lease": (
        "of 10 calls at once 10 started",
        wrap_call(_wait_between_check_and_start),
    ),
    "a rejected call takes the lease": (
        "nothing: a rejected call took the lease",
        wrap_call(_take_lease_before_checks),
    ),
    "one lease for all tenants": (
        "another tenant's run held its lease",
        change_object("core.lease.decide", _share_lease),
    ),
}
