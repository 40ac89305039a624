"""Defects in what a call does: the second, the lease, the tasks, the tenants."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec

from superoffice_mock.core.lease import Ask, Served, Started, TurnedAway
from superoffice_mock.core.sync_run import SECOND, Hold, SyncRun
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import Response
from tests.contract.mutants.patching import Defect, Vary, all_of, calling, changing, setting

Admit = Callable[..., Any]


def _deciding(change: Callable[[Any, Any, Any, Any], Any]) -> Vary:
    """Decide with *change*, which is given the state, the call, the moment and the decision."""

    def wrapped(admit: Admit) -> Admit:
        return lambda facts, state, call, now: change(
            state, call, now, admit(facts, state, call, now)
        )

    return changing("core.lease.admit", wrapped)


def _queued(_: Any, __: Any, ___: Any, decided: Any) -> Any:
    state, verdict = decided
    if isinstance(verdict, TurnedAway) and isinstance(verdict.holder, SyncRun):
        return state, Ask(verdict.holder, verdict.holder.ends_at)
    return decided


def _never_busy(_: Any, __: Any, ___: Any, decided: Any) -> Any:
    after, verdict = decided
    return (after.with_lease(None), verdict) if isinstance(verdict, Started) else decided


def _syncing(change: Callable[[list[int]], list[int]]) -> Vary:
    """Let a run sync other accounts than the call lists."""

    def wrapped(admit: Admit) -> Admit:
        def decide(facts: Any, state: Any, call: Any, now: Any) -> Any:
            accounts = change(list(call.accounts))
            return admit(facts, state, msgspec.structs.replace(call, accounts=accounts), now)

        return decide

    return changing("core.lease.admit", wrapped)


def _empty_dropped(_: Any, __: Any, now: Any, decided: Any) -> Any:
    after, verdict = decided
    if isinstance(verdict, Served):
        return after, TurnedAway(Hold(now), now)
    return decided


async def _looks_then_takes(
    post: Any, operations: Any, operation: Any, incoming: ApiRequest
) -> Any:
    """Look whether the lease is free, let others in, and take it."""
    tenant = incoming.place.tenant
    free = tenant.state.holder(tenant.now()) is None
    await asyncio.sleep(0)
    if free:
        tenant.state = tenant.state.with_lease(None)
    return await post(operations, operation, incoming)


async def _released(post: Any, operations: Any, operation: Any, incoming: ApiRequest) -> Response:
    answer: Response = await post(operations, operation, incoming)
    tenant = incoming.place.tenant
    tenant.state = tenant.state.with_lease(None)
    return answer


async def _takes_first(
    post: Any, operations: Any, operation: Any, incoming: ApiRequest
) -> Response:
    """Take the lease before anything is looked at."""
    tenant = incoming.place.tenant
    try:
        answer: Response = await post(operations, operation, incoming)
    except Rejected:
        if tenant.state.holder(tenant.now()) is None:
            tenant.hold()
        raise
    return answer


class _Shared:
    """One lease for all tenants, in the place of each one's own."""

    def __init__(self) -> None:
        self.lease: Any = None

    def vary(self, admit: Admit) -> Admit:
        def decide(facts: Any, state: Any, call: Any, now: Any) -> Any:
            after, verdict = admit(facts, state.with_lease(self.lease), call, now)
            self.lease = after.lease
            return after, verdict

        return decide


def _one_lease(admit: Admit) -> Admit:
    return _Shared().vary(admit)


def _throttle(name: str, claim: str, reason: str, vary: Vary) -> Defect:
    return Defect(name, "throttle", claim, reason, vary)


def _dealing(width: int) -> Vary:
    return all_of(setting("core.sync_run.MAX_TASKS", width), setting("core.lease.MAX_TASKS", width))


def _waiting(seconds: float) -> Vary:
    return setting("core.lease.TURNED_AWAY_AFTER", round(seconds * SECOND))


THROTTLE: Final = (
    _throttle("no wait", "busy-second", "expected pending, the server says t", _waiting(0)),
    _throttle("a wait of 0.2 s", "busy-second", "expected pending, the server", _waiting(0.2)),
    _throttle("a wait of 3 s", "busy-drop", "expected turned_away, the server", _waiting(3)),
    _throttle(
        "queues instead of drops",
        "busy-drop",
        "expected turned_away, the server says pending",
        _deciding(_queued),
    ),
    _throttle(
        "the lease is not taken",
        "lease-end",
        "the lease is held: expected True",
        _deciding(_never_busy),
    ),
    _throttle(
        "the lease is released with the answer",
        "lease-end",
        "the lease is held: expected True",
        calling(_released),
    ),
    _throttle(
        "the lease is never released",
        "lease-end",
        "the lease is held: expected False",
        setting("core.state.TenantState.holder", lambda state, _: state.lease),
    ),
    _throttle(
        "a run ends a second early",
        "lease-end",
        "microseconds of run",
        changing("core.lease.makespan", lambda span: lambda *one: max(span(*one) - SECOND, 1)),
    ),
    _throttle(
        "the lease ends with the first task",
        "lease-end",
        "microseconds of run",
        changing(
            "core.lease.makespan",
            lambda _: lambda accounts, durations: min(map(durations.of, accounts)),
        ),
    ),
    _throttle("eleven tasks", "task-cap", "has 11 tasks; at most 10", _dealing(11)),
    _throttle("nine tasks", "lease-end", "microseconds of run", _dealing(9)),
    _throttle(
        "skips the last account",
        "starts-sync",
        "accounts of run",
        _syncing(lambda accounts: accounts[:-1] if len(accounts) > 1 else accounts),
    ),
    _throttle(
        "skips accounts beyond ten",
        "starts-sync",
        "accounts of run",
        _syncing(lambda accounts: accounts[:10]),
    ),
    _throttle(
        "syncs an account once that is listed twice",
        "duplicates",
        "accounts of run",
        _syncing(lambda accounts: list(dict.fromkeys(accounts))),
    ),
    _throttle(
        "syncs accounts in another order",
        "starts-sync",
        "accounts of run",
        _syncing(sorted),
    ),
    _throttle(
        "turns an empty list away",
        "empty-no-run",
        "expected served, the server says turned_away",
        _deciding(_empty_dropped),
    ),
    _throttle(
        "runs for an empty list",
        "single-run",
        "expected served, the server says started",
        _syncing(lambda accounts: accounts or [507]),
    ),
    Defect(
        "an await between look and take",
        "simultaneous",
        "simultaneous",
        "of 10 callers at once 10 started",
        calling(_looks_then_takes),
    ),
    Defect(
        "a rejected call takes the lease",
        "rejected-takes-nothing",
        "rejected-no-lease",
        "took the lease: half an object",
        calling(_takes_first),
    ),
    Defect(
        "one lease for all tenants",
        "tenants-apart",
        "lease-tenant",
        "another tenant's run held its lease",
        changing("core.lease.admit", _one_lease),
    ),
)
