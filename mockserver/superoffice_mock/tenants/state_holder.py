"""The state of a tenant, the rules that change it, and the real clock."""

from collections.abc import Callable
from time import monotonic_ns, time_ns
from typing import TypeVar

from msgspec.structs import replace

from superoffice_mock.core import clock, lease
from superoffice_mock.core.clock import Clock, RealClock
from superoffice_mock.core.credentials import PresentedCredentials
from superoffice_mock.core.expiry import expiring_credential, record_use
from superoffice_mock.core.journal import Journal
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import Holder, Instant, SyncRun
from superoffice_mock.core.verdicts import (
    Call,
    Handler,
    RejectedAfterDelay,
    Served,
    Started,
    Undecided,
    Verdict,
    settle,
)
from superoffice_mock.tenants.waiting_room import Waiter

T = TypeVar("T")


def make_steady_clock() -> Callable[[], int]:
    """Return a clock: nanoseconds since the Unix epoch, never back if the system clock is set."""
    offset = time_ns() - monotonic_ns()
    return lambda: monotonic_ns() + offset


class TenantStateHolder:
    """Holds the facts and the state of a tenant, and changes the state; no calls wait here.

    *steady_clock* returns the real time in nanoseconds. `in_flight` counts the current calls,
    waiting ones included.
    """

    __slots__ = ("_first_clock", "_steady_clock", "facts", "in_flight", "journal", "state")

    def __init__(
        self,
        facts: TenantFacts,
        journal: Journal,
        steady_clock: Callable[[], int],
        first_clock: Clock | None,
    ) -> None:
        self.facts = facts
        self.journal = journal
        self.in_flight = 0
        self._steady_clock = steady_clock
        self._first_clock = first_clock or RealClock()
        self.start_over()

    def start_over(self) -> None:
        """Set the state to that of a new tenant."""
        first_clock = self._first_clock
        self.state = self.facts.initial_state(first_clock, first_clock.now(self._steady_clock()))

    def now(self) -> Instant:
        """Return the time on this tenant's clock."""
        return self.state.clock.now(self._steady_clock())

    def transact(self, change: Callable[[TenantState], tuple[TenantState, T]]) -> T:
        """Read and change the state in one step, so that no other call can come between."""
        self.state, result = change(self.state)
        return result

    def use_credentials(self, credentials: PresentedCredentials) -> None:
        """Record a use of valid credentials. Raise Rejected (401) if they have expired."""
        credential = expiring_credential(credentials)
        if credential is not None:
            before = self.state.expiry_times
            after = record_use(self.facts.lifetimes, before, credential, self.now())
            self.state = replace(self.state, expiry_times=after)

    def set_clock(self, kind: type[Clock]) -> None:
        """Replace the clock by one of *kind* that shows the same time."""
        now_real = self._steady_clock()
        same_time = clock.make_clock(kind, self.state.clock.now(now_real), now_real)
        self.state = replace(self.state, clock=same_time)

    def move_clock_to(self, moment: Instant) -> None:
        """Move a clock that stands still to *moment*."""
        self.state = replace(self.state, clock=self.state.clock.move_to(moment))

    def decide_at(self, handler: Handler, call: Call, now: Instant) -> Verdict:
        """Decide *call* at *now*, which may be later than its arrival, without checking limits.

        An undecided call changes nothing, and is not decided again once its answer is due.
        """
        state, verdict = handler.decide(self.facts, self.state, call, now)
        if type(verdict) is not Undecided:
            self.state = state
            if type(verdict) is Served and verdict.next_change is not None:
                self.on_read_of_runs()
        elif verdict.answer_at <= now:
            return settle(verdict, now)
        return verdict

    def on_read_of_runs(self) -> None:
        """Handle that a client has read what the runs have done; time matters to it."""

    def decide_again(self, handler: Handler, call: Call, now: Instant) -> Verdict:
        """Decide a waiting call; an error becomes its verdict."""
        try:
            return self.decide_at(handler, call, now)
        except Exception as error:  # noqa: BLE001 - raised again where the call is answered
            return RejectedAfterDelay(now, error)

    def revise(self, waiter: Waiter, now: Instant) -> Verdict:
        """Return the verdict on a waiting call after the state changed."""
        if isinstance(waiter.verdict, Undecided):
            return self.decide_again(waiter.handler, waiter.call, now)
        return lease.end_with_run(waiter.verdict, self.state.lease_holder, now)

    def hold(self) -> Holder:
        """Hold the lease by hand. Raise ValueError if it is held."""
        now = self.now()
        return self.transact(lambda state: lease.hold(state, now))

    def end_lease(self, now: Instant) -> Holder | None:
        """Free the lease and return its previous holder; the exchange of a run is updated."""
        holder = self.transact(lambda state: lease.release(state, now))
        if isinstance(holder, SyncRun):
            exchange = self.journal.exchange(self.facts.id, holder.exchange)
            if exchange is not None and isinstance(exchange.verdict, Started):
                exchange.verdict = replace(exchange.verdict, run=holder)
        return holder
