"""A tenant: its state and its calls in flight, which may wait for their answers."""

import asyncio
from asyncio import Future
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from superoffice_mock.core import lease
from superoffice_mock.core.clock import Clock, RealClock
from superoffice_mock.core.clock_events import Event
from superoffice_mock.core.credentials import PresentedCredentials
from superoffice_mock.core.expiry import expiring_credential, record_use
from superoffice_mock.core.journal import Exchange, Journal
from superoffice_mock.core.lease import Call, Started, Undecided, Verdict, end_with_run, withdraw
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import ExchangeId, Holder, Instant, SyncRun
from superoffice_mock.errors import Rejected
from superoffice_mock.tenants.scheduler import Scheduler
from superoffice_mock.tenants.waiting_room import Waiter

T = TypeVar("T")

SETTLE_TIMEOUT: Final = 1.0
"""The real seconds that a control call waits until the calls in flight wait or are journalled."""
RESET_REASON: Final = "the mock was reset"
RESET_DURING_CALL: Final = "the mock was reset before the call was complete; send it again"


class TenantLimits(msgspec.Struct, frozen=True):
    """The limits that hold for every tenant of a server."""

    max_waiting: int
    jump_settle: float


class TenantStateHolder:
    """Holds the facts and the state of a tenant, and changes the state; no calls wait here.

    *steady_clock* returns the real time in nanoseconds.
    """

    __slots__ = ("_first_clock", "_steady_clock", "facts", "journal", "state")

    def __init__(
        self,
        facts: TenantFacts,
        journal: Journal,
        steady_clock: Callable[[], int],
        clock: Clock | None = None,
    ) -> None:
        self.facts = facts
        self.journal = journal
        self._steady_clock = steady_clock
        self._first_clock = clock or RealClock()
        self.start_over()

    def start_over(self) -> None:
        """Set the state to that of a new tenant."""
        clock = self._first_clock
        self.state = self.facts.initial_state(clock, clock.now(self._steady_clock()))

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
        if credential is None:
            return
        lifetimes, expiry_times = self.facts.lifetimes, self.state.expiry_times
        after = record_use(lifetimes, expiry_times, credential, self.now())
        self.state = self.state.with_expiry_times(after)

    def set_clock(self, change: Callable[[Clock, int], Clock]) -> None:
        """Replace the clock by another kind of clock that shows the same time."""
        self.state = self.state.with_clock(change(self.state.clock, self._steady_clock()))

    def move_clock_to(self, moment: Instant) -> None:
        """Move a clock that stands still to *moment*."""
        self.state = self.state.with_clock(self.state.clock.move_to(moment))

    # ---- the lease ---------------------------------------------------------------------------

    def decide_at(self, call: Call, now: Instant) -> Verdict:
        """Decide *call* at *now*, which may be later than its arrival, without checking limits."""
        self.state, verdict = lease.decide(self.facts, self.state, call, now)
        return verdict

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


class Tenant(TenantStateHolder):
    """One SuperOffice installation; `in_flight` counts its current calls, waiting ones included."""

    __slots__ = (
        "_last_id_before_reset",
        "_limits",
        "_scheduler",
        "close_reason",
        "in_flight",
        "reset_count",
        "used_at",
    )

    def __init__(
        self,
        facts: TenantFacts,
        journal: Journal,
        limits: TenantLimits,
        steady_clock: Callable[[], int],
        clock: Clock | None = None,
    ) -> None:
        super().__init__(facts, journal, steady_clock, clock)
        self.used_at = steady_clock()
        self.in_flight = 0
        self.reset_count = 0
        self.close_reason: str | None = None
        """Why calls can't wait here any more; None as long as they can."""
        self._limits = limits
        self._scheduler: Scheduler | None = None
        self._last_id_before_reset = ExchangeId(0)

    @property
    def waiting(self) -> int:
        """The number of calls that wait for their answers."""
        return 0 if self._scheduler is None else len(self._scheduler.room)

    # ---- calls -------------------------------------------------------------------------------

    def begin_call(self) -> None:
        """Add a call to those in flight."""
        self.in_flight += 1
        if self._scheduler is not None:
            self._scheduler.on_call_begin()

    def end_call(self) -> None:
        """Remove a call from those in flight: it was answered and journalled."""
        self.in_flight -= 1
        if self._scheduler is not None:
            self._scheduler.on_call_end()

    def admit(self, call: Call) -> Verdict:
        """Decide *call* at its arrival.

        Raise Rejected (503) if too many calls wait, or if the tenant was reset after its arrival.
        """
        if self._scheduler is not None:
            self.check_waiting_limit()
        self.check_not_reset(call.exchange)
        return self.decide_at(call, call.arrived_at)

    def check_waiting_limit(self) -> None:
        """Raise Rejected (503) if the maximum number of calls wait already."""
        if self.waiting >= self._limits.max_waiting:
            reason = f"{self.waiting} calls wait already; let some be answered first"
            raise Rejected(503, "", reason)

    def check_not_reset(self, exchange: ExchangeId) -> None:
        """Raise Rejected (503) if the tenant was reset after *exchange* began."""
        if exchange <= self._last_id_before_reset:
            raise Rejected(503, "", RESET_DURING_CALL)

    def enter(self, call: Call, verdict: Verdict) -> Waiter:
        """Let *call* wait: await the waiter's `answered`, then read its verdict.

        Raise Rejected (503) if the tenant was reset after the call's arrival.
        """
        self.check_not_reset(call.exchange)
        waiter = Waiter(call, verdict, asyncio.get_running_loop().create_future())
        self._ensure_scheduler().enter(waiter)
        if self.close_reason is not None:
            self.answer_all(self.close_reason)
        return waiter

    def park_call(self, exchange: Exchange) -> Future[str]:
        """Remove a call that gets no answer from those in flight, so that no clock waits for it.

        The result of the future is the reason why the connection must be closed now.
        """
        parked_call: Future[str] = asyncio.get_running_loop().create_future()
        self._ensure_scheduler().parked_calls.append(parked_call)
        self.journal.record_end(exchange)
        self.end_call()
        reason = RESET_REASON if exchange.id <= self._last_id_before_reset else self.close_reason
        if reason is not None:
            self._cancel_parked_call(parked_call, reason)
        return parked_call

    def unpark_call(self, parked_call: Future[str]) -> None:
        """Add a parked call to those in flight again; no effect if it is not parked any more."""
        parked_calls = self._ensure_scheduler().parked_calls
        if parked_call in parked_calls:
            parked_calls.remove(parked_call)
            self.begin_call()

    def _cancel_parked_call(self, parked_call: Future[str], reason: str) -> None:
        self.unpark_call(parked_call)
        parked_call.set_result(reason)

    def handle_disconnect(self, waiter: Waiter) -> None:
        """Handle a disconnect of the client of *waiter*, as the reading `disconnect` says."""
        if self.facts.readings.disconnect == "still-counts" or waiter.answered.done():
            return
        now = self.now()
        waiter.reason = "the client disconnected; its call was withdrawn"
        verdict = waiter.verdict = withdraw(waiter.verdict, now)
        if isinstance(verdict, Started) and self.state.lease_holder is verdict.run:
            self.end_lease(now)
        self._review_waiters(now)

    def release(self) -> Holder | None:
        """Free the lease, decide the waiting calls again, and return the previous holder."""
        now = self.now()
        holder = self.end_lease(now)
        self._review_waiters(now)
        return holder

    def _review_waiters(self, now: Instant) -> None:
        """Update the verdicts of waiting calls after the lease was released."""
        if self._scheduler is not None:
            self._scheduler.review(lambda waiter: self._revise(waiter, now), now)

    def _revise(self, waiter: Waiter, now: Instant) -> Verdict:
        if isinstance(waiter.verdict, Undecided):
            return self.decide_at(waiter.call, now)
        return end_with_run(waiter.verdict, self.state.lease_holder, now)

    # ---- time --------------------------------------------------------------------------------

    def set_clock(self, change: Callable[[Clock, int], Clock]) -> None:
        """Replace the clock by another kind of clock that shows the same time."""
        super().set_clock(change)
        self._ensure_scheduler().on_clock_change()

    def advance(self, until: Instant) -> list[Event]:
        """Move a clock that stands still to *until*, with a stop at every due answer."""
        return self._ensure_scheduler().advance(until)

    def advance_until_idle(self) -> list[Event]:
        """Advance until no call waits and no run is active; a hold by hand stays."""
        return self._ensure_scheduler().advance_until_idle()

    async def wait_until_settled(self) -> None:
        """Wait, for a real second at most, until every call in flight waits or is journalled."""
        await self._ensure_scheduler().wait_until_settled(SETTLE_TIMEOUT)

    def _ensure_scheduler(self) -> Scheduler:
        """Return the scheduler; it is created at first use, as most tenants never need it."""
        if self._scheduler is None:
            self._scheduler = Scheduler(self, self._limits.jump_settle)
        return self._scheduler

    # ---- reset and removal -------------------------------------------------------------------

    def answer_all(self, reason: str) -> None:
        """Answer all waiting calls now, with *reason* in the journal."""
        if self._scheduler is not None:
            self._scheduler.answer_all(reason, self.now())
            for parked_call in tuple(self._scheduler.parked_calls):
                self._cancel_parked_call(parked_call, reason)
        for watcher in self.journal.watchers(self.facts.id):
            watcher.cancel(reason)

    def close(self, reason: str) -> None:
        """Answer all waiting calls at once, and from now on every call that would wait."""
        self.close_reason = reason
        self.answer_all(reason)

    async def reset(self) -> None:
        """Answer all waiting calls, then start over as configured, with an empty journal.

        A call that arrived before the reset and is still incomplete gets a 503.
        """
        self.answer_all(RESET_REASON)
        await self.wait_until_settled()
        self.answer_all(RESET_REASON)  # calls that arrived meanwhile: no clock would wake them
        self.start_over()
        self._last_id_before_reset = self.journal.last_id(self.facts.id)
        self.journal.clear(self.facts.id)
        self.reset_count += 1

    def remove(self, reason: str) -> None:
        """Close the tenant and delete its journal."""
        self.close(reason)
        self.journal.remove(self.facts.id)
