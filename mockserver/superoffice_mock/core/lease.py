"""The throttle: pure functions that decide calls, with the time as an argument.

When a run starts, the end of its slowest task is known, so the lease is held while
`now < ends_at` and needs no timer. These functions never wait: a verdict says when the answer is
due.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import (
    MAX_TASKS,
    AccountId,
    Hold,
    Holder,
    Instant,
    SyncRun,
    sync_ends,
)
from superoffice_mock.core.verdicts import (
    TURNED_AWAY_AFTER,
    Call,
    Served,
    Started,
    TurnedAway,
    Undecided,
    Verdict,
    describe_holder,
    settle,
)
from superoffice_mock.errors import Rejected

MAX_SYNCS_ALONE: Final = 1_000
"""The most syncs of a tenant that may be under way at once."""


def decide(
    facts: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    """Decide at *now* whether *call*, whose body is a list of accounts, starts a run."""
    holder, readings, accounts = state.holder(now), facts.readings, call.body
    if holder is not None:
        return state, _wait_or_turn_away(readings.busy, holder, call, now)
    if not accounts and readings.empty == "no-run":
        return state, Served(now, reason="nothing to sync: the list of accounts is empty")
    if readings.tasks == "ten-in-all":
        accounts = accounts[:MAX_TASKS]
    return _start(facts, state, call, accounts, now)


def decide_alone(
    facts: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    """Start the sync of the accounts in the body of *call* at *now*, whoever holds the lease.

    Raise Rejected (503) if too many such syncs are under way.
    """
    if not call.body:
        return state, Served(now, reason="nothing to sync: the call names no account")
    history = state.history
    if (
        len(history.pending) >= MAX_SYNCS_ALONE
        and sum(1 for _ in history.active_runs(now)) >= MAX_SYNCS_ALONE
    ):
        reason = f"{MAX_SYNCS_ALONE} syncs are under way already; let some end first"
        raise Rejected(503, "", reason)
    return _start(facts, state, call, call.body, now, holds_lease=False)


def _start(
    facts: TenantFacts,
    state: TenantState,
    call: Call,
    accounts: Sequence[AccountId],
    now: Instant,
    *,
    holds_lease: bool = True,
) -> tuple[TenantState, Started]:
    """Start the run of *call* that syncs *accounts*."""
    durations = facts.durations
    ends = sync_ends(state.next_run, accounts, durations, now)
    ends_at = ends[-1][0] if ends else now
    run = SyncRun(
        state.next_run, call.exchange, accounts, durations, now, ends_at, holds_lease=holds_lease
    )
    answer_at = ends_at if facts.readings.run == "blocking" else now
    return state.with_run(run, ends), Started(run, answer_at, len(call.body) - len(accounts))


def _wait_or_turn_away(busy: str, holder: Holder, call: Call, now: Instant) -> Verdict:
    deadline = Instant(call.arrived_at + TURNED_AWAY_AFTER)
    turned_away = TurnedAway(holder, deadline)
    if now >= deadline or busy == "wait-then-drop":
        return turned_away
    return Undecided(
        turned_away, min(holder.ends_at, deadline) if isinstance(holder, SyncRun) else deadline
    )


def withdraw(
    facts: TenantFacts, state: TenantState, _: Call, verdict: Verdict, now: Instant
) -> tuple[TenantState, Verdict] | None:
    """Take back a call whose client disconnects, as the reading `disconnect` says.

    A run that it started and still waits for ends at *now*. None: the call still counts.
    """
    if facts.readings.disconnect == "still-counts":
        return None
    if not isinstance(verdict, Started) or verdict.answer_at <= now:
        return state, settle(verdict, now)
    if state.lease_holder is verdict.run:
        state = replace(state, lease_holder=None)
    run = end_early(verdict.run, now)
    state = replace(state, history=state.history.end_early(run))
    return state, replace(verdict, run=run, answer_at=now)


def hold(state: TenantState, now: Instant) -> tuple[TenantState, Holder]:
    """Hold the lease by hand from *now* until `release`. Raise ValueError if it is held."""
    holder = state.holder(now)
    if holder is not None:
        raise ValueError(f"{describe_holder(holder, now)}; release it first, or wait")
    new_hold = Hold(now)
    return replace(state, lease_holder=new_hold), new_hold


def release(state: TenantState, now: Instant) -> tuple[TenantState, Holder | None]:
    """Free the lease at *now*. Return its holder; a run ends at that moment."""
    holder = state.holder(now)
    if isinstance(holder, SyncRun):
        holder = end_early(holder, now)
        state = replace(state, history=state.history.end_early(holder))
    return replace(state, lease_holder=None), holder


def end_early(run: SyncRun, now: Instant) -> SyncRun:
    """Return *run* as ended by hand at *now*."""
    return replace(run, ends_at=now, released_at=now)


def end_with_run(verdict: Verdict, holder: Holder | None, now: Instant) -> Verdict:
    """Return *verdict*, answered at *now* if its call waits for a run that lost the lease."""
    if (
        isinstance(verdict, Started)
        and verdict.run.holds_lease
        and verdict.answer_at > now
        and verdict.run is not holder
    ):
        return replace(verdict, run=end_early(verdict.run, now), answer_at=now)
    return verdict
