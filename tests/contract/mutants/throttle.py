"""Defects in the throttle: the wait of one second, the lease, tasks, tenants."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec

from superoffice_mock.core.lease import Served, Started, TurnedAway, Undecided
from superoffice_mock.core.sync_run import SECOND, Hold, SyncRun
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import Response
from tests.contract.mutants.patching import (
    Defect,
    Mutation,
    change_object,
    combine,
    replace_object,
    wrap_post,
)

Decide = Callable[..., Any]


def _change_decision(change: Callable[[Any, Any, Any, Any], Any]) -> Mutation:
    """Replace decisions with *change* of the state, the call, the time and the decision."""

    def wrap(decide: Decide) -> Decide:
        return lambda facts, state, call, now: change(
            state, call, now, decide(facts, state, call, now)
        )

    return change_object("core.lease.decide", wrap)


def _queue_call(_: Any, __: Any, ___: Any, decision: Any) -> Any:
    state, verdict = decision
    if isinstance(verdict, TurnedAway) and isinstance(verdict.holder, SyncRun):
        return state, Undecided(verdict.holder, verdict.holder.ends_at)
    return decision


def _never_take_lease(_: Any, __: Any, ___: Any, decision: Any) -> Any:
    state, verdict = decision
    return (state.with_lease(None), verdict) if isinstance(verdict, Started) else decision


def _change_accounts(change: Callable[[list[int]], list[int]]) -> Mutation:
    """Let a run sync *change* of the accounts that the call lists."""

    def wrap(decide: Decide) -> Decide:
        def decide_changed(facts: Any, state: Any, call: Any, now: Any) -> Any:
            accounts = change(list(call.accounts))
            return decide(facts, state, msgspec.structs.replace(call, accounts=accounts), now)

        return decide_changed

    return change_object("core.lease.decide", wrap)


def _turn_empty_list_away(_: Any, __: Any, now: Any, decision: Any) -> Any:
    state, verdict = decision
    if isinstance(verdict, Served):
        return state, TurnedAway(Hold(now), now)
    return decision


async def _wait_between_check_and_start(
    post: Any, backend: Any, operation: Any, request: ApiRequest
) -> Any:
    """Check that the lease is free, let other calls run, and only then take it."""
    tenant = request.route.tenant
    is_free = tenant.state.holder(tenant.now()) is None
    await asyncio.sleep(0)
    if is_free:
        tenant.state = tenant.state.with_lease(None)
    return await post(backend, operation, request)


async def _release_after_response(
    post: Any, backend: Any, operation: Any, request: ApiRequest
) -> Response:
    answer: Response = await post(backend, operation, request)
    tenant = request.route.tenant
    tenant.state = tenant.state.with_lease(None)
    return answer


async def _take_lease_before_checks(
    post: Any, backend: Any, operation: Any, request: ApiRequest
) -> Response:
    """Take the lease before the request is checked."""
    tenant = request.route.tenant
    try:
        answer: Response = await post(backend, operation, request)
    except Rejected:
        if tenant.state.holder(tenant.now()) is None:
            tenant.hold()
        raise
    return answer


class _SharedLease:
    """One lease for all tenants."""

    def __init__(self) -> None:
        self.lease: Any = None

    def wrap(self, decide: Decide) -> Decide:
        def decide_changed(facts: Any, state: Any, call: Any, now: Any) -> Any:
            new_state, verdict = decide(facts, state.with_lease(self.lease), call, now)
            self.lease = new_state.lease_holder
            return new_state, verdict

        return decide_changed


def _share_lease(decide: Decide) -> Decide:
    return _SharedLease().wrap(decide)


def _throttle_defect(name: str, claim: str, reason: str, mutate: Mutation) -> Defect:
    return Defect(name, "throttle", claim, reason, mutate)


def _set_max_tasks(width: int) -> Mutation:
    return combine(
        replace_object("core.sync_run.MAX_TASKS", width),
        replace_object("core.lease.MAX_TASKS", width),
    )


def _set_wait(seconds: float) -> Mutation:
    return replace_object("core.lease.TURNED_AWAY_AFTER", round(seconds * SECOND))


THROTTLE_DEFECTS: Final = (
    _throttle_defect("no wait", "busy-second", "expected pending, the server says t", _set_wait(0)),
    _throttle_defect(
        "a wait of 0.2 s", "busy-second", "expected pending, the server", _set_wait(0.2)
    ),
    _throttle_defect(
        "a wait of 3 s", "busy-drop", "expected turned_away, the server", _set_wait(3)
    ),
    _throttle_defect(
        "queues instead of drops",
        "busy-drop",
        "expected turned_away, the server says pending",
        _change_decision(_queue_call),
    ),
    _throttle_defect(
        "the lease is not taken",
        "lease-end",
        "the lease is held: expected True",
        _change_decision(_never_take_lease),
    ),
    _throttle_defect(
        "the lease is released with the answer",
        "lease-end",
        "the lease is held: expected True",
        wrap_post(_release_after_response),
    ),
    _throttle_defect(
        "the lease is never released",
        "lease-end",
        "the lease is held: expected False",
        replace_object("core.state.TenantState.holder", lambda state, _: state.lease_holder),
    ),
    _throttle_defect(
        "a run ends a second early",
        "lease-end",
        "microseconds of run",
        change_object(
            "core.lease.makespan", lambda span: lambda *arguments: max(span(*arguments) - SECOND, 1)
        ),
    ),
    _throttle_defect(
        "the lease ends with the first task",
        "lease-end",
        "microseconds of run",
        change_object(
            "core.lease.makespan",
            lambda _: lambda accounts, durations: min(map(durations.of, accounts)),
        ),
    ),
    _throttle_defect("eleven tasks", "task-cap", "has 11 tasks; at most 10", _set_max_tasks(11)),
    _throttle_defect("nine tasks", "lease-end", "microseconds of run", _set_max_tasks(9)),
    _throttle_defect(
        "skips the last account",
        "starts-sync",
        "accounts of run",
        _change_accounts(lambda accounts: accounts[:-1] if len(accounts) > 1 else accounts),
    ),
    _throttle_defect(
        "skips accounts beyond ten",
        "starts-sync",
        "accounts of run",
        _change_accounts(lambda accounts: accounts[:10]),
    ),
    _throttle_defect(
        "syncs an account once that is listed twice",
        "duplicates",
        "accounts of run",
        _change_accounts(lambda accounts: list(dict.fromkeys(accounts))),
    ),
    _throttle_defect(
        "syncs accounts in another order",
        "starts-sync",
        "accounts of run",
        _change_accounts(sorted),
    ),
    _throttle_defect(
        "turns an empty list away",
        "empty-no-run",
        "expected served, the server says turned_away",
        _change_decision(_turn_empty_list_away),
    ),
    _throttle_defect(
        "runs for an empty list",
        "single-run",
        "expected served, the server says started",
        _change_accounts(lambda accounts: accounts or [507]),
    ),
    Defect(
        "an await between checking and taking the lease",
        "simultaneous",
        "simultaneous",
        "of 10 calls at once 10 started",
        wrap_post(_wait_between_check_and_start),
    ),
    Defect(
        "a rejected call takes the lease",
        "rejected-takes-nothing",
        "rejected-no-lease",
        "took the lease: half an object",
        wrap_post(_take_lease_before_checks),
    ),
    Defect(
        "one lease for all tenants",
        "tenants-apart",
        "lease-tenant",
        "another tenant's run held its lease",
        change_object("core.lease.decide", _share_lease),
    ),
)
