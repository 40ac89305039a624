"""What moves a tenant's clock: a timer (`real`), somebody's hand (`freeze`), or calm (`jump`).

Its calls wait in the room here; whenever the clock moves, the room is settled.
"""

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


class Timed(Protocol):
    """A tenant as its clockwork sees it; *in_flight* calls are under way, those that wait too."""

    state: TenantState
    in_flight: int

    def now(self) -> Instant:
        """Return the moment on the tenant's clock."""

    def ask(self, call: Call, now: Instant) -> Verdict:
        """Decide *call*."""


class Scheduler:
    """The room where the calls of *tenant* wait, and what moves its clock to their moments.

    *settle*: real seconds of calm before a jump. `aside` are calls that get no answer.
    """

    __slots__ = ("_alarm", "_curious", "_settle", "_tenant", "aside", "room")

    def __init__(self, tenant: Timed, settle: float) -> None:
        self.room = WaitingRoom(tenant.ask)
        self.aside: list[Future[str]] = []
        self._tenant = tenant
        self._settle = settle
        self._alarm = Timer()
        self._curious: list[Future[None]] = []

    # ---- calls -------------------------------------------------------------------------------

    @property
    def calm(self) -> bool:
        """Whether every call under way waits for its answer."""
        return self._tenant.in_flight <= len(self.room)

    def arrived(self) -> None:
        """Put a jump off: a call has come that does not wait yet."""
        if self.room.waiters and isinstance(self._tenant.state.clock, JumpingClock):
            self._alarm.clear()

    def left(self) -> None:
        """Go on: a call has left that others may have waited for."""
        self._tell()
        if self.room.waiters:
            self._rearm()

    def enter(self, waiter: Waiter) -> None:
        """Let *waiter* wait until its verdict is due."""
        self.room.enter(waiter)
        self._rearm()
        self._tell()

    def review(self, revise: Callable[[Waiter], Verdict], now: Instant) -> None:
        """Give everyone who waits the verdict that *revise* has, and answer who is due by *now*."""
        self.room.review(revise)
        self.room.settle(now)
        self._rearm()

    def answer_all(self, reason: str, now: Instant) -> None:
        """Answer everyone who waits, *now*, because of *reason*."""
        for waiter in self.room:
            waiter.reason = reason
        self.review(lambda waiter: lease.at_once(waiter.verdict, now), now)

    # ---- time --------------------------------------------------------------------------------

    def exchanged(self) -> None:
        """Go by the clock that the tenant has now."""
        self._alarm.clear()
        self._rearm()

    def advance(self, until: Instant) -> list[Event]:
        """Move a clock that stands still to *until*, stopping at every moment anyone waits for."""
        happened: list[Event] = []
        while (due := self.room.next_due()) is not None and due <= until:
            happened += self._step(max(due, self._tenant.now()))
        happened += self._step(max(until, self._tenant.now()))
        self._alarm.clear()
        self._rearm()
        return happened

    def advance_until_idle(self) -> list[Event]:
        """Move on until nobody waits and no run is active; a hold by hand has no end and stays."""
        happened: list[Event] = []
        while (moment := self._next_moment()) is not None:
            happened += self.advance(moment)
        return happened

    async def until_calm(self, within: float) -> None:
        """Wait until all is calm, for *within* real seconds at most."""
        if not self.calm:
            curious: Future[None] = asyncio.get_running_loop().create_future()
            self._curious.append(curious)
            await asyncio.wait((curious,), timeout=within)

    # ---- inside ------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Tell the curious, if all is calm."""
        if self._curious and self.calm:
            for curious in self._curious:
                if not curious.done():
                    curious.set_result(None)
            self._curious.clear()

    def _step(self, moment: Instant) -> list[Event]:
        tenant, now = self._tenant, self._tenant.now()
        happened = list(clock_events.ends(tenant.state.holder(now), now, moment))
        tenant.state = tenant.state.with_clock(tenant.state.clock.moved(moment))
        for change, waiter in self.room.settle(moment):
            happened.append(_EVENTS[change](waiter.call, waiter.verdict, moment))
        return happened

    def _next_moment(self) -> Instant | None:
        holder = self._tenant.state.holder(self._tenant.now())
        due = self.room.next_due()
        end = holder.ends_at if isinstance(holder, SyncRun) else None
        return min((moment for moment in (due, end) if moment is not None), default=None)

    def _rearm(self) -> None:
        """Set the one timer for the next moment that this clock moves by itself, if any."""
        due = self.room.next_due()
        clock = self._tenant.state.clock
        if due is None or isinstance(clock, FrozenClock):
            self._alarm.clear()
        elif isinstance(clock, RealClock):
            if due != self._alarm.due:
                self._alarm.set(due, _timer_delay(due - self._tenant.now()), self._tick)
        elif self.calm and self._alarm.due is None:
            self._alarm.set(due, self._settle, self._jump)

    def _tick(self) -> None:
        self.room.settle(self._tenant.now())
        self._rearm()

    def _jump(self) -> None:
        due = self.room.next_due()
        if self.calm and due is not None:
            self.advance(due)


_EVENTS: Final[Mapping[Change, Callable[[Call, Verdict, Instant], Event]]] = {
    "started": clock_events.started,
    "answered": clock_events.answered,
}


def _timer_delay(left: int) -> float:
    """Return seconds until a timer should fire; event loops count in milliseconds, so round up."""
    return -(-max(left, 0) // MILLISECOND) / 1000
