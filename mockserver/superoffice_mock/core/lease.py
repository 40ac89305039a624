"""The throttle: pure functions that decide calls, with the time as an argument.

When a run starts, the end of its slowest task is known, so the lease is held while
`now < ends_at` and needs no timer. These functions never wait: a verdict says when the answer is
due.
"""

from array import array
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import (
    MAX_TASKS,
    SECOND,
    AccountId,
    ExchangeId,
    Hold,
    Holder,
    Instant,
    SyncRun,
    makespan,
)

TURNED_AWAY_AFTER: Final = 1 * SECOND  # claim busy-second


class Call(msgspec.Struct, frozen=True, gc=False):
    """One call that asks for a run: its exchange, its accounts and its time of arrival."""

    exchange: ExchangeId
    accounts: Sequence[AccountId]
    arrived_at: Instant


# ---- verdicts --------------------------------------------------------------------------------


class Started(msgspec.Struct, frozen=True, gc=False):
    """The call started a run, which leaves out *skipped_accounts* of its accounts."""

    run: SyncRun
    answer_at: Instant
    skipped_accounts: int = 0


class TurnedAway(msgspec.Struct, frozen=True, gc=False):
    """The lease was held: the same answer as for `Started`, one second later, and no run."""

    holder: Holder
    answer_at: Instant


class Served(msgspec.Struct, frozen=True, gc=False):
    """The call was answered, and there was nothing to run."""

    answer_at: Instant


class RecordedOutcome(msgspec.Struct, frozen=True, gc=False):
    """The outcome of a recorded call, as far as it is known, and how certain that is."""

    outcome: str = "unknown"
    confidence: str | None = None


UNKNOWN_OUTCOME: Final = RecordedOutcome()


class Replayed(msgspec.Struct, frozen=True, gc=False):
    """The call got an answer from a recording; *recorded_outcome* is that of the recorded call."""

    answer_at: Instant
    recorded_outcome: RecordedOutcome = UNKNOWN_OUTCOME


class Undecided(msgspec.Struct, frozen=True):
    """No verdict yet: decide again at `answer_at`, or when the tenant's state changes."""

    holder: Holder
    answer_at: Instant


class Delayed(msgspec.Struct, frozen=True):
    """A fault delays the call until `answer_at`; *on_arrival* then returns it and its verdict."""

    answer_at: Instant
    on_arrival: "Callable[[Instant], tuple[Call, Verdict]]"


class RejectedAfterDelay(msgspec.Struct, frozen=True):
    """The call arrived after a delay, and was rejected with *error*."""

    answer_at: Instant
    error: Exception


Verdict = Started | TurnedAway | Served | Replayed | Undecided | Delayed | RejectedAfterDelay

# ---- decisions -------------------------------------------------------------------------------


def decide(
    facts: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    """Decide *call* at *now*. If the verdict is `Undecided`, decide the same call again later."""
    holder = state.holder(now)
    if holder is None:
        return _start(facts, state, call, now)
    deadline = Instant(call.arrived_at + TURNED_AWAY_AFTER)
    if now >= deadline or facts.readings.busy == "wait-then-drop":
        return state, TurnedAway(holder, deadline)
    return state, Undecided(holder, _next_decision(holder, deadline))


def _start(
    facts: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    readings = facts.readings
    if not call.accounts and readings.empty == "no-run":
        return state, Served(now)
    accounts = call.accounts
    if readings.tasks == "ten-in-all":
        accounts = accounts[:MAX_TASKS]
    ends_at = Instant(now + makespan(accounts, facts.durations))
    run = SyncRun(state.next_run, call.exchange, accounts, facts.durations, now, ends_at)
    answer_at = ends_at if readings.run == "blocking" else now
    return state.leased_to(run), Started(run, answer_at, len(call.accounts) - len(accounts))


def _next_decision(holder: Holder, deadline: Instant) -> Instant:
    return min(holder.ends_at, deadline) if isinstance(holder, SyncRun) else deadline


def hold(state: TenantState, now: Instant) -> tuple[TenantState, Holder]:
    """Hold the lease by hand from *now* until `release`. Raise ValueError if it is held."""
    holder = state.holder(now)
    if holder is not None:
        msg = f"{describe_holder(holder, now)}; release it first, or wait"
        raise ValueError(msg)
    new_hold = Hold(now)
    return state.with_lease(new_hold), new_hold


def release(state: TenantState, now: Instant) -> tuple[TenantState, Holder | None]:
    """Free the lease at *now*. Return its holder; a run ends at that moment."""
    holder = state.holder(now)
    if isinstance(holder, SyncRun):
        holder = end_early(holder, now)
    return state.with_lease(None), holder


def end_early(run: SyncRun, now: Instant) -> SyncRun:
    """Return *run* as ended by hand at *now*."""
    return replace(run, ends_at=now, released_at=now)


# ---- changes of a verdict --------------------------------------------------------------------


def withdraw(verdict: Verdict, now: Instant) -> Verdict:
    """Return the verdict on a call that is not decided again; a final verdict stays."""
    if isinstance(verdict, Undecided):
        return TurnedAway(verdict.holder, now)
    if isinstance(verdict, Delayed):
        return Served(now)
    return verdict


def answer_now(verdict: Verdict, now: Instant) -> Verdict:
    """Return the final verdict on a call that must be answered at *now* at the latest."""
    final = withdraw(verdict, now)
    return final if final.answer_at <= now else replace(final, answer_at=now)


def end_with_run(verdict: Verdict, holder: Holder | None, now: Instant) -> Verdict:
    """Return *verdict*, answered at *now* if its call waits for a run that lost the lease."""
    if isinstance(verdict, Started) and verdict.answer_at > now and verdict.run is not holder:
        return replace(verdict, run=end_early(verdict.run, now), answer_at=now)
    return verdict


# ---- in words --------------------------------------------------------------------------------


def describe_holder(holder: Holder, now: Instant) -> str:
    """Return a text that says what holds the lease, and for how long."""
    if isinstance(holder, Hold):
        return "the lease is held by hand until it is released"
    return f"run {holder.id} holds the lease for {(holder.ends_at - now) / SECOND:.1f} s more"


def format_reason(verdict: Verdict) -> str | None:
    """Return the reason for *verdict*, or None if it has none."""
    match verdict:
        case Started(run):
            length = (run.ends_at - run.started_at) / SECOND
            return f"run {run.id} syncs {_format_accounts(verdict)} in {length:.1f} s"
        case TurnedAway(holder, answer_at):  # as it was when the call came
            return describe_holder(holder, Instant(answer_at - TURNED_AWAY_AFTER))
        case Served():
            return "nothing to sync: the list of accounts is empty"
        case _:
            return None


def _format_accounts(verdict: Started) -> str:
    in_run = len(verdict.run.accounts)
    in_call = in_run + verdict.skipped_accounts
    count = f"{in_run} of {in_call}" if in_run != in_call else f"{in_run}"
    return f"{count} account{'' if in_call == 1 else 's'}"


def pack_account_ids(ids: Sequence[int]) -> Sequence[AccountId]:
    """Pack *ids* (int32, claim account-id-int32) so that they take little memory in the journal."""
    return array("i", ids)  # type: ignore[return-value]
