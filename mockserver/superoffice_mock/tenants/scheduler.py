"""Moves a tenant's clock (a timer, a control call or a jump) and answers the calls that are due."""

import asyncio
from asyncio import Future
from collections.abc import Callable
from contextlib import suppress
from operator import attrgetter
from typing import Final

from superoffice_mock.core import verdicts
from superoffice_mock.core.clock import (
    Event,
    FrozenClock,
    JumpingClock,
    RealClock,
    check_instant,
    end_events,
)
from superoffice_mock.core.state import TenantState
from superoffice_mock.core.sync_run import SECOND, Instant
from superoffice_mock.core.verdicts import Verdict
from superoffice_mock.tenants.state_holder import TenantStateHolder
from superoffice_mock.tenants.waiting_room import Waiter, WaitingRoom

MILLISECOND: Final = SECOND // 1000
READER_PATIENCE: Final = 0.02
"""The real seconds that a client may read without a pause, before a jumping clock moves."""
SETTLE_TIMEOUT: Final = 1.0
"""The real seconds that a control call waits until the calls in flight wait or are journalled."""


class Scheduler:
    """Holds the waiting calls of *tenant* and answers them when they are due on its clock.

    The tenant is settled while all its calls in flight wait. A jumping clock jumps when it has
    been settled for *jump_settle* real seconds. `parked_calls` are the calls that get no answer.
    """

    __slots__ = (
        *("_jump_settle", "_reader_deadline", "_settle_events", "_tenant", "_timer", "_timer_due"),
        "parked_calls",
        "room",
    )

    def __init__(self, tenant: TenantStateHolder, jump_settle: float) -> None:
        self.room = WaitingRoom(tenant.decide_again)
        self.parked_calls: list[Future[str]] = []
        self._tenant = tenant
        self._jump_settle = jump_settle
        self._reader_deadline: float | None = None
        """Set if a client has read what the runs have done since a jumping clock last moved.

        From this time of the event loop on, the clock waits for no pause between calls.
        """
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due: Instant | None = None
        """The moment on the tenant's clock for which the timer is set."""
        self._settle_events: list[asyncio.Event] = []
        """One for each task in `wait_until_settled`, as each may have its own event loop."""

    # ---- calls -------------------------------------------------------------------------------

    @property
    def is_settled(self) -> bool:
        """Whether every call in flight waits for its answer."""
        return self._tenant.in_flight <= len(self.room.waiters)

    def on_call_begin(self) -> None:
        """Postpone a jump: a call has arrived that does not wait yet."""
        if self._timer is not None and isinstance(self._tenant.state.clock, JumpingClock):
            self._clear_timer()

    def on_call_end(self) -> None:
        """Continue if a call that has ended was the last one that did not wait."""
        self._notify_if_settled()
        deadline = self._reader_deadline
        if deadline is not None and deadline <= asyncio.get_running_loop().time():
            self._jump()
        elif self.room.waiters or deadline is not None:
            self._set_timer()

    def jump_after_calls(self) -> None:
        """Move a jumping clock to the next end of a sync once all calls in flight wait.

        A client that asks again and again without a pause waits no longer than `READER_PATIENCE`.
        """
        if self._reader_deadline is None and isinstance(self._tenant.state.clock, JumpingClock):
            self._reader_deadline = asyncio.get_running_loop().time() + max(
                self._jump_settle, READER_PATIENCE
            )

    def enter(self, waiter: Waiter) -> None:
        """Add *waiter* until its verdict is due."""
        self.room.enter(waiter)
        self._set_timer()
        self._notify_if_settled()

    def review(self, now: Instant) -> None:
        """Revise all verdicts after the state changed, and answer the calls due by *now*."""
        self._revise(now)
        self._process_due(now)
        self._set_timer()

    def replace_verdict(self, waiter: Waiter, verdict: Verdict, now: Instant) -> None:
        """Give *waiter* another verdict, and revise all others, as the state may have changed."""
        self.room.review(lambda other: verdict if other is waiter else other.verdict)
        self.review(now)

    def review_after(self, before: TenantState, now: Instant) -> None:
        """Do the same if the state is another than *before* and verdicts may depend on that."""
        state = self._tenant.state
        lease_changed = state.lease_holder is not before.lease_holder
        has_lost_lease = lease_changed and before.holder(now) is not None
        if has_lost_lease or (state is not before and self.room.has_undecided):
            self.review(now)

    def process_due(self, now: Instant) -> None:
        """Answer the calls that are due by *now*, if the timer has not done it yet."""
        due = self.room.next_due()
        if due is not None and due <= now:
            self._process_due(now)
            self._set_timer()

    def answer_all(self, reason: str, now: Instant) -> None:
        """Answer all waiting calls at *now*, with *reason* in the journal."""
        self._reader_deadline = None
        for waiter in self.room.waiters.values():
            waiter.reason = reason
        self.room.review(lambda waiter: verdicts.answer_now(waiter.verdict, now))
        self._process_due(now)
        self._set_timer()

    # ---- time --------------------------------------------------------------------------------

    def on_clock_change(self) -> None:
        """Set the timer for the clock that the tenant has now."""
        self._reader_deadline = None
        self._restart_timer()

    def advance(self, until: Instant) -> list[Event]:
        """Move a clock that stands to *until*, by every due answer. Raise ValueError after 9999."""
        check_instant(until)
        return self._advance(until)

    def _advance(self, until: Instant) -> list[Event]:
        events: list[Event] = []
        self._reader_deadline = None  # a delayed call that arrives on the way may read again
        while (due := self.room.next_due()) is not None and due <= until:
            events += self._step(max(due, self._tenant.now()))
        events += self._step(max(until, self._tenant.now()))
        self._restart_timer()
        return events

    def advance_until_idle(self) -> list[Event]:
        """Advance until no call waits and no run is active. Raise ValueError after 9999."""
        events: list[Event] = []
        while moments := self._next_moments():
            check_instant(max(moments))
            events += self._advance(min(moments))
        return events

    async def wait_until_settled(self) -> None:
        """Wait, for a real second at most, until every call in flight waits or is journalled."""
        if not self.is_settled:
            self._settle_events.append(event := asyncio.Event())
            with suppress(TimeoutError):
                async with asyncio.timeout(SETTLE_TIMEOUT):
                    await event.wait()

    # ---- private -----------------------------------------------------------------------------

    def _notify_if_settled(self) -> None:
        if self.is_settled:
            while self._settle_events:
                self._settle_events.pop().set()

    def _step(self, moment: Instant) -> list[Event]:
        tenant, now = self._tenant, self._tenant.now()
        runs = tenant.state.history.active_runs(now)
        ends = (event for run in runs for event in end_events(run, now, moment))
        events = sorted(ends, key=attrgetter("at"))
        tenant.move_clock_to(moment)
        return events + self._process_due(moment)

    def _next_moments(self) -> list[Instant]:
        ends = [run.ends_at for run in self._tenant.state.history.active_runs(self._tenant.now())]
        due = self.room.next_due()
        return ends if due is None else [due, *ends]

    def _next_jump(self) -> Instant | None:
        """Return the next moment that a jumping clock has a reason to move to."""
        due, tenant = self.room.next_due(), self._tenant
        if self._reader_deadline is None:
            return due
        next_end = tenant.state.history.next_end(tenant.now())
        return min((moment for moment in (due, next_end) if moment is not None), default=None)

    def _restart_timer(self) -> None:
        self._clear_timer()
        self._set_timer()

    def _set_timer(self) -> None:
        """Set the timer for the next moment that the clock reaches without a control call."""
        clock = self._tenant.state.clock
        is_jumping = isinstance(clock, JumpingClock)
        due = self._next_jump() if is_jumping else self.room.next_due()
        if due is None or isinstance(clock, FrozenClock):
            self._clear_timer()
        elif isinstance(clock, RealClock):
            if due != self._timer_due:
                self._start_timer(due, _timer_delay(due - self._tenant.now()), self._tick)
        elif self.is_settled and self._timer_due is None:
            self._start_timer(due, self._jump_settle, self._jump)

    def _start_timer(self, due: Instant, delay: float, callback: Callable[[], None]) -> None:
        self._clear_timer()
        self._timer_due = due
        self._timer = asyncio.get_running_loop().call_later(delay, callback)

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._timer_due = None

    def _process_due(self, now: Instant) -> list[Event]:
        """Process the waiters due by *now*; if that changes the state, revise the others."""
        events: list[Event] = []
        state = None
        while state is not self._tenant.state:
            state = self._tenant.state
            events += self.room.process_due(now)
            if self._tenant.state is not state and self.room.has_undecided:
                self._revise(now)
        return events

    def _revise(self, now: Instant) -> None:
        state = None
        while state is not self._tenant.state:
            state = self._tenant.state
            self.room.review(lambda waiter: self._tenant.revise(waiter, now))

    def _tick(self) -> None:
        self._clear_timer()
        self._process_due(self._tenant.now())
        self._set_timer()

    def _jump(self) -> None:
        self._clear_timer()
        due = self._next_jump()
        if self.is_settled and due is not None:
            now = max(due, self._tenant.now())
            self._reader_deadline = None  # a delayed call that arrives now may read again
            self._tenant.move_clock_to(now)
            self._process_due(now)
            self._set_timer()


def _timer_delay(nanoseconds: int) -> float:
    """Convert to seconds, rounded up to a millisecond, the resolution of event loops."""
    return -(-max(nanoseconds, 0) // MILLISECOND) / 1000
