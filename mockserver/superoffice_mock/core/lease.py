"""The throttle: pure functions with time as an argument.

When a run starts, the end of its slowest task is known, so the lease is held while
`now < ends_at`: no timer to lose. Nobody waits here; a verdict says when the answer is due.
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
    """One call that asks for a run: which exchange, for which accounts, since when."""

    exchange: ExchangeId
    accounts: Sequence[AccountId]
    arrived_at: Instant


class Started(msgspec.Struct, frozen=True, gc=False):
    """The call started a run, without *left_out* accounts that it asked for, too."""

    run: SyncRun
    answer_at: Instant
    left_out: int = 0


class TurnedAway(msgspec.Struct, frozen=True, gc=False):
    """The call came while another held the lease: the same answer, a second later."""

    holder: Holder
    answer_at: Instant


class Served(msgspec.Struct, frozen=True, gc=False):
    """The call was answered and there was nothing to run."""

    answer_at: Instant


class RecordedOutcome(msgspec.Struct, frozen=True, gc=False):
    """What became of a call when it was recorded, and how sure that is, where anybody said."""

    outcome: str = "unknown"
    confidence: str | None = None


UNTOLD: Final = RecordedOutcome()


class Replayed(msgspec.Struct, frozen=True, gc=False):
    """The call was answered as in a recording, where it had come to what is *remembered*."""

    answer_at: Instant
    remembered: RecordedOutcome = UNTOLD


class Ask(msgspec.Struct, frozen=True):
    """Not known yet: ask again at `answer_at`, or when the tenant's state changes."""

    holder: Holder
    answer_at: Instant


class Delayed(msgspec.Struct, frozen=True):
    """The call has not arrived yet; at `answer_at`, ask *arrives* what it is and its verdict."""

    answer_at: Instant
    arrives: "Callable[[Instant], tuple[Call, Verdict]]"


class Refused(msgspec.Struct, frozen=True):
    """The call arrived, after a delay, and something was wrong with it."""

    answer_at: Instant
    error: Exception


Verdict = Started | TurnedAway | Served | Replayed | Ask | Delayed | Refused


def admit(
    facts: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    """Decide *call* at *now*; ask again with the same call where the verdict is `Ask`."""
    holder = state.holder(now)
    if holder is None:
        return _let_in(facts, state, call, now)
    deadline = Instant(call.arrived_at + TURNED_AWAY_AFTER)
    if now >= deadline or facts.readings.busy == "wait-then-drop":
        return state, TurnedAway(holder, deadline)
    return state, Ask(holder, _next_chance(holder, deadline))


def release(state: TenantState, now: Instant) -> tuple[TenantState, Holder | None]:
    """End whatever holds the lease at *now*; return it, a run with the moment it was cut short."""
    holder = state.holder(now)
    if isinstance(holder, SyncRun):
        holder = cut_short(holder, now)
    return state.with_lease(None), holder


def hold(state: TenantState, now: Instant) -> tuple[TenantState, Holder]:
    """Hold the lease by hand from *now* until `release`; raise ValueError while it is held."""
    holder = state.holder(now)
    if holder is not None:
        msg = f"{describe(holder, now)}; release it first, or wait"
        raise ValueError(msg)
    taken = Hold(now)
    return state.with_lease(taken), taken


def cut_short(run: SyncRun, now: Instant) -> SyncRun:
    """Return *run* as ended by hand at *now*."""
    return msgspec.structs.replace(run, ends_at=now, released_at=now)


def describe(holder: Holder, now: Instant) -> str:
    """Say who holds the lease and for how long, for people."""
    if isinstance(holder, Hold):
        return "the lease is held by hand until it is released"
    return f"run {holder.id} holds the lease for {(holder.ends_at - now) / SECOND:.1f} s more"


def _let_in(
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


def _next_chance(holder: Holder, deadline: Instant) -> Instant:
    return min(holder.ends_at, deadline) if isinstance(holder, SyncRun) else deadline


def account_ids(ids: Sequence[int]) -> Sequence[AccountId]:
    """Pack *ids* (int32, claim account-id-int32) so that a journal of them stays small."""
    return array("i", ids)  # type: ignore[return-value]


def reason(verdict: Verdict) -> str | None:
    """Return why a call got *verdict*; None for one that does not say."""
    match verdict:
        case Started(run):
            length = (run.ends_at - run.started_at) / SECOND
            return f"run {run.id} syncs {_counted(verdict)} in {length:.1f} s"
        case TurnedAway(holder, answer_at):  # as it was when the call came
            return describe(holder, Instant(answer_at - TURNED_AWAY_AFTER))
        case Served():
            return "nothing to sync: the list of accounts is empty"
        case _:
            return None


def _counted(started: Started) -> str:
    synced = len(started.run.accounts)
    asked = synced + started.left_out
    of_all = f"{synced} of {asked}" if synced != asked else f"{synced}"
    return f"{of_all} account{'' if asked == 1 else 's'}"


def withdrawn(verdict: Verdict, now: Instant) -> Verdict:
    """Return what *verdict* comes to when its caller asks no more; one that is final stays."""
    if isinstance(verdict, Ask):
        return TurnedAway(verdict.holder, now)
    if isinstance(verdict, Delayed):
        return Served(now)
    return verdict


def at_once(verdict: Verdict, now: Instant) -> Verdict:
    """Return what *verdict* comes to when nobody may wait any longer than until *now*."""
    final = withdrawn(verdict, now)
    return final if final.answer_at <= now else replace(final, answer_at=now)


def released(verdict: Verdict, holder: Holder | None, now: Instant) -> Verdict:
    """Return *verdict*, answered now if its caller waits for a run that holds the lease no more."""
    if isinstance(verdict, Started) and verdict.answer_at > now and verdict.run is not holder:
        return replace(verdict, run=cut_short(verdict.run, now), answer_at=now)
    return verdict
