"""Calls of an operation, the verdicts on them, and the interface of what decides them.

Nothing here waits: a verdict says when its answer is due.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

import msgspec
from msgspec.structs import replace

from superoffice_mock.core.credentials import Principal
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import SECOND, ExchangeId, Hold, Holder, Instant, SyncRun

TURNED_AWAY_AFTER: Final = 1 * SECOND  # claim busy-second
NOTHING: Final = msgspec.UNSET
"""The value of an answer without content."""
NO_VALUES: Final[Mapping[str, Any]] = {}


class Call(msgspec.Struct, frozen=True, gc=False):
    """One call of an operation, as its handler sees it.

    *body* is what the operation makes of the decoded body. *path* and *query* are the values of
    the described parameters, by name; *select* are the paths in `$select`. *scheme* and *host* are
    the server's in the client's URL.
    *entropy* are as many random bytes as the operation asks for: a handler draws none itself.
    """

    exchange: ExchangeId
    arrived_at: Instant
    body: Any = None
    principal: Principal | None = None
    path: Mapping[str, str] = NO_VALUES
    query: Mapping[str, Any] = NO_VALUES
    select: tuple[str, ...] | None = None
    scheme: str = ""
    host: str = ""
    entropy: bytes = b""


class Served(msgspec.Struct, frozen=True, gc=False):
    """The call was answered with *value*, and started no run.

    *next_change* is when the value changes by itself, as a task ends a sync: a jumping clock goes
    there when nothing else is in flight, so that a client that asks again sees time pass.
    """

    answer_at: Instant
    value: Any = NOTHING
    reason: str | None = None
    next_change: Instant | None = None
    outcome: ClassVar[str] = "served"


class Started(msgspec.Struct, frozen=True, gc=False):
    """The call started a run, which leaves out *skipped_accounts* of its accounts."""

    run: SyncRun
    answer_at: Instant
    skipped_accounts: int = 0
    outcome: ClassVar[str] = "started"
    value: ClassVar[Any] = NOTHING

    @property
    def reason(self) -> str:
        """What the run does."""
        in_run = len(self.run.accounts)
        in_call = in_run + self.skipped_accounts
        count = f"{in_run} of {in_call}" if in_run != in_call else f"{in_run}"
        accounts = f"{count} account{'' if in_call == 1 else 's'}"
        length = (self.run.ends_at - self.run.started_at) / SECOND
        if self.run.released_at is not None:
            return f"run {self.run.id} of {accounts} was ended by hand after {length:.1f} s"
        return f"run {self.run.id} syncs {accounts} in {length:.1f} s"


class TurnedAway(msgspec.Struct, frozen=True, gc=False):
    """The lease was held: the same answer as for `Started`, one second later, and no run."""

    holder: Holder
    answer_at: Instant
    outcome: ClassVar[str] = "turned_away"
    value: ClassVar[Any] = NOTHING

    @property
    def reason(self) -> str:
        """What held the lease when the call came."""
        return describe_holder(self.holder, Instant(self.answer_at - TURNED_AWAY_AFTER))


class Replayed(msgspec.Struct, frozen=True, gc=False):
    """The call got an answer from a recording.

    *recorded_outcome* is that of the recorded call, as far as it is known; *confidence* in it.
    """

    answer_at: Instant
    recorded_outcome: str = "unknown"
    confidence: str | None = None
    outcome: ClassVar[str] = "replayed"
    value: ClassVar[Any] = NOTHING
    reason: ClassVar[str | None] = None


class RejectedAfterDelay(msgspec.Struct, frozen=True):
    """The call was rejected with *error* when it arrived after a delay or was decided again."""

    answer_at: Instant
    error: Exception
    outcome: ClassVar[str] = "rejected"
    value: ClassVar[Any] = NOTHING
    reason: ClassVar[str | None] = None


FinalVerdict = Served | Started | TurnedAway | Replayed | RejectedAfterDelay


class Undecided(msgspec.Struct, frozen=True):
    """No verdict yet: decide again at `answer_at`, or when the tenant's state changes.

    *otherwise* is the verdict on a call that is not decided again.
    """

    otherwise: Served | TurnedAway
    answer_at: Instant
    outcome: ClassVar[str] = "pending"
    value: ClassVar[Any] = NOTHING
    reason: ClassVar[str | None] = None


class Delayed(msgspec.Struct, frozen=True):
    """A fault delays the call until `answer_at`; *on_arrival* then returns it and its verdict."""

    answer_at: Instant
    on_arrival: "Callable[[Instant], tuple[Call, Verdict]]"
    outcome: ClassVar[str] = "pending"
    value: ClassVar[Any] = NOTHING
    reason: ClassVar[str | None] = None


Verdict = FinalVerdict | Undecided | Delayed


Decide = Callable[[TenantFacts, TenantState, Call, Instant], tuple[TenantState, Verdict]]
"""Decides a call at a moment. Returns the tenant's next state and the verdict.

The state replaces the tenant's in one step, but not with `Undecided`: then the same call is decided
again later. An error changes nothing; Rejected becomes the answer.
"""
Withdraw = Callable[
    [TenantFacts, TenantState, Call, Verdict, Instant], tuple[TenantState, Verdict] | None
]
"""Takes back a call whose client disconnects before its answer is due.

It takes the verdict so far, which is `Delayed` for a call that has not arrived yet. It returns the
state and the verdict after that, or None if the call still counts.
"""


class Handler(msgspec.Struct, frozen=True):
    """What decides the calls of one operation: pure functions, to which time is an argument.

    Without *withdraw*, a call still counts when its client disconnects.
    """

    decide: Decide
    withdraw: Withdraw | None = None


def settle(verdict: Verdict, now: Instant) -> FinalVerdict:
    """Return the verdict on a call that is not decided again; a final verdict stays."""
    if isinstance(verdict, Undecided):
        return replace(verdict.otherwise, answer_at=now)
    if isinstance(verdict, Delayed):
        return Served(now)
    return verdict


def answer_now(verdict: Verdict, now: Instant) -> FinalVerdict:
    """Return the final verdict on a call that must be answered at *now* at the latest."""
    final = settle(verdict, now)
    return final if final.answer_at <= now else replace(final, answer_at=now)


def describe_holder(holder: Holder, now: Instant) -> str:
    """Return a text that says what holds the lease, and for how long."""
    if isinstance(holder, Hold):
        return "the lease is held by hand until it is released"
    return f"run {holder.id} holds the lease for {(holder.ends_at - now) / SECOND:.1f} s more"
