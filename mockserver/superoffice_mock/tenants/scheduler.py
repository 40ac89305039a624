"""Moves a tenant's clock (a timer, a control call or a jump) and answers the calls that are due."""

import asyncio
from asyncio import Future
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from superoffice_mock.core import clock_events, lease
from superoffice_mock.core.clock import FrozenClock, JumpingClock, RealClock
from superoffice_mock.core.clock_events import Event
from superoffice_mock.core.lease import Call, Verdict
from superoffice_mock.core.state import TenantState
from superoffice_mock.core.sync_run import SECOND, Instant, SyncRun
from superoffice_mock.tenants.waiting_room import Change, Timer, Waiter, WaitingRoom

MILLISECOND: Final = SECOND // 1000


class ScheduledTenant(Protocol):
    """What the scheduler needs of a tenant; *in_flight* counts its calls, waiting ones included."""

    in_flight: int

    @property
    def state(self) -> TenantState:
        """The tenant's state."""

    def now(self) -> Instant:
        """Return the time on the tenant's clock."""

    def move_clock_to(self, moment: Instant) -> None:
        """Move a clock that stands still to *moment*."""

    def decide_at(self, call: Call, now: Instant) -> Verdict:
        """Decide *call*."""


class Scheduler:
    """Holds the waiting calls of *tenant* and answers them when they are due on its clock.

    The tenant is settled while all its calls in flight wait. A jumping clock jumps when it has
    been settled for *jump_settle* real seconds. `parked_calls` are the calls that get no answer.
    """

    __slots__ = ("_jump_settle", "_settle_futures", "_tenant", "_timer", "parked_calls", "room")

    def __init__(self, tenant: ScheduledTenant, jump_settle: float) -> None:
        self.room = WaitingRoom(tenant.decide_at)
        self.parked_calls: list[Future[str]] = []
        self._tenant = tenant
        self._jump_settle = jump_settle
        self._timer = Timer()
        self._settle_futures: list[Future[None]] = []

    # ---- calls -------------------------------------------------------------------------------

    @property
    def is_settled(self) -> bool:
        """Whether every call in flight waits for its answer."""
        return self._tenant.in_flight <= len(self.room)

    def on_call_begin(self) -> None:
        """Postpone a jump: a call has arrived that does not wait yet."""
        if self.room.waiters and isinstance(self._tenant.state.clock, JumpingClock):
            self._timer.clear()

    def on_call_end(self) -> None:
        """Continue if a call that has ended was the last one that did not wait."""
        self._notify_if_settled()
        if self.room.waiters:
            self._set_timer()

    def enter(self, waiter: Waiter) -> None:
        """Add *waiter* until its verdict is due."""
        self.room.enter(waiter)
        self._set_timer()
        self._notify_if_settled()

    def review(self, revise: Callable[[Waiter], Verdict], now: Instant) -> None:
        """Replace all verdicts by what *revise* returns, and answer the calls due by *now*."""
        self.room.review(revise)
        self.room.process_due(now)
        self._set_timer()

    def answer_all(self, reason: str, now: Instant) -> None:
        """Answer all waiting calls at *now*, with *reason* in the journal."""
        for waiter in self.room:
            waiter.reason = reason
        self.review(lambda waiter: lease.answer_now(waiter.verdict, now), now)

    # ---- time --------------------------------------------------------------------------------

    def on_clock_change(self) -> None:
        """Set the timer for the clock that the tenant has now."""
        self._timer.clear()
        self._set_timer()

    def advance(self, until: Instant) -> list[Event]:
        """Move a clock that stands still to *until*, with a stop at every due answer."""
        events: list[Event] = []
        while (due := self.room.next_due()) is not None and due <= until:
            events += self._step(max(due, self._tenant.now()))
        events += self._step(max(until, self._tenant.now()))
        self._timer.clear()
        self._set_timer()
        return events

    def advance_until_idle(self) -> list[Event]:
        """Advance until no call waits and no run is active; a hold by hand stays."""
        events: list[Event] = []
        while (moment := self._next_moment()) is not None:
            events += self.advance(moment)
        return events

    async def wait_until_settled(self, max_seconds: float) -> None:
        """Wait until the tenant is settled, for *max_seconds* in real time at most."""
        if not self.is_settled:
            future: Future[None] = asyncio.get_running_loop().create_future()
            self._settle_futures.append(future)
            await asyncio.wait((future,), timeout=max_seconds)

    # ---- private -----------------------------------------------------------------------------

    def _notify_if_settled(self) -> None:
        """Wake the tasks in `wait_until_settled` if the tenant is settled."""
        if self._settle_futures and self.is_settled:
            for future in self._settle_futures:
                if not future.done():
                    future.set_result(None)
            self._settle_futures.clear()

    def _step(self, moment: Instant) -> list[Event]:
        """Move the clock to *moment*, answer the calls that are due, and return the events."""
        tenant, now = self._tenant, self._tenant.now()
        events = list(clock_events.end_events(tenant.state.holder(now), now, moment))
        tenant.move_clock_to(moment)
        for change, waiter in self.room.process_due(moment):
            events.append(_EVENTS[change](waiter.call, waiter.verdict, moment))
        return events

    def _next_moment(self) -> Instant | None:
        """Return the time of the next due answer or the end of the run, whichever is first."""
        holder = self._tenant.state.holder(self._tenant.now())
        due = self.room.next_due()
        end = holder.ends_at if isinstance(holder, SyncRun) else None
        return min((moment for moment in (due, end) if moment is not None), default=None)

    def _set_timer(self) -> None:
        """Set the timer for the next moment that the clock reaches without a control call."""
        due = self.room.next_due()
        clock = self._tenant.state.clock
        if due is None or isinstance(clock, FrozenClock):
            self._timer.clear()
        elif isinstance(clock, RealClock):
            if due != self._timer.due:
                self._timer.set(due, _timer_delay(due - self._tenant.now()), self._tick)
        elif self.is_settled and self._timer.due is None:
            self._timer.set(due, self._jump_settle, self._jump)

    def _tick(self) -> None:
        self.room.process_due(self._tenant.now())
        self._set_timer()

    def _jump(self) -> None:
        due = self.room.next_due()
        if self.is_settled and due is not None:
            self.advance(due)


_EVENTS: Final[Mapping[Change, Callable[[Call, Verdict, Instant], Event]]] = {
    "started": clock_events.started_event,
    "answered": clock_events.answered_event,
}


def _timer_delay(nanoseconds: int) -> float:
    """Convert to seconds, rounded up to a millisecond, the resolution of event loops."""
    return -(-max(nanoseconds, 0) // MILLISECOND) / 1000
