"""A tenant: the only place where its state changes, one `transact` at a time.

A tenant's calls wait in its room; its clock decides when the room is settled: by a timer
(`real`), by hand (`freeze`), or as soon as every call in flight waits (`jump`).
"""

import asyncio
from asyncio import Future
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import msgspec

from superoffice_mock.clock import Alarm, Change, InFlight, Waiter, WaitingRoom
from superoffice_mock.core import events, lease
from superoffice_mock.core.clock import Clock, FrozenClock, JumpingClock, RealClock
from superoffice_mock.core.credentials import Presented
from superoffice_mock.core.events import Event
from superoffice_mock.core.journal import Exchange, Journal
from superoffice_mock.core.lease import Ask, Call, Delayed, Served, Started, TurnedAway, Verdict
from superoffice_mock.core.lifetimes import presented_as, used
from superoffice_mock.core.model import SECOND, Holder, Instant, SyncRun
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.errors import Rejected

Answer = TypeVar("Answer")

CALM_WITHIN: Final = 1.0
"""Real seconds that a control call waits for woken calls to be written and journalled."""
MILLISECOND: Final = SECOND // 1000


class Limits(msgspec.Struct, frozen=True):
    """What all tenants of a server share."""

    max_waiting: int
    jump_settle: float


class Tenant:
    """One SuperOffice installation: its state, the calls that wait, and the clock between them."""

    __slots__ = (
        *("_alarm", "_closed", "_first_clock", "_in_flight", "_limits", "_room", "_steady"),
        *("_aside", "facts", "journal", "resets", "state", "used_at"),
    )

    def __init__(
        self,
        facts: TenantFacts,
        journal: Journal,
        limits: Limits,
        steady: Callable[[], int],
        clock: Clock | None = None,
    ) -> None:
        self.facts = facts
        self.journal = journal
        self.used_at = steady()
        self.resets = 0
        self.state = _started(facts, clock or RealClock(), self.used_at)
        self._first_clock = self.state.clock
        self._limits = limits
        self._steady = steady
        self._room = WaitingRoom(self._ask)
        self._in_flight = InFlight(self._room.__len__)
        self._alarm = Alarm()
        self._aside: list[Future[str]] = []
        self._closed: str | None = None

    # ---- state -------------------------------------------------------------------------------

    def now(self) -> Instant:
        """Return the moment on this tenant's clock."""
        return self.state.clock.now(self._steady())

    def transact(self, change: Callable[[TenantState], tuple[TenantState, Answer]]) -> Answer:
        """Look and take in one step: nothing can come between."""
        self.state, answer = change(self.state)
        return answer

    def use(self, presented: Presented) -> None:
        """Note a use of the credentials that let a caller in. Raise Rejected if they expired."""
        one = presented_as(presented)
        if one is not None:
            now, lifetimes = self.now(), self.facts.lifetimes
            self.transact(
                lambda state: (state.with_ends(used(lifetimes, state.ends, one, now)), None)
            )

    def set_clock(self, change: Callable[[Clock, int], Clock]) -> None:
        """Exchange the clock; the time it shows stays."""
        self.state = self.state.with_clock(change(self.state.clock, self._steady()))
        self._alarm.clear()
        self._rearm()

    @property
    def waiting(self) -> int:
        """How many calls wait for their answer."""
        return len(self._room)

    @property
    def closed(self) -> str | None:
        """Why nobody may wait here any more; None as long as one may."""
        return self._closed

    @property
    def in_flight(self) -> int:
        """How many calls are under way, those that wait included."""
        return self._in_flight.count

    # ---- calls -------------------------------------------------------------------------------

    def arrived(self) -> None:
        """Count a call in flight."""
        self._in_flight.arrived()
        if self._room.waiters and isinstance(self.state.clock, JumpingClock):
            self._alarm.clear()

    def left(self) -> None:
        """Count a call out: it was answered and journalled."""
        self._in_flight.left()
        if self._room.waiters:
            self._rearm()

    def admit(self, call: Call) -> Verdict:
        """Decide *call* now. Raise Rejected (503) if too many wait already."""
        if len(self._room.waiters) >= self._limits.max_waiting:
            raise self._full()
        return self._ask(call, call.arrived_at)

    def check_room(self) -> None:
        """Raise Rejected (503) if too many wait already for one more to do so."""
        if len(self._room.waiters) >= self._limits.max_waiting:
            raise self._full()

    def _full(self) -> Rejected:
        reason = f"{len(self._room)} calls wait already; let some be answered first"
        return Rejected(503, "", reason)

    def decide(self, call: Call) -> Verdict:
        """Decide *call*, which arrived now, wherever it waited before."""
        return self._ask(call, call.arrived_at)

    def enter(self, call: Call, verdict: Verdict) -> Waiter:
        """Let *call* wait: await the waiter's `answered`, then look at its verdict."""
        waiter = Waiter(call, verdict, asyncio.get_running_loop().create_future())
        self._room.enter(waiter)
        self._rearm()
        self._in_flight.tell()
        if self._closed is not None:
            self.answer_all(self._closed)
        return waiter

    def stand_aside(self, exchange: Exchange) -> Future[str]:
        """Take a call out of those in flight that gets no answer, so that no clock waits for it.

        The future is done, with the reason, when its caller may be kept waiting no longer.
        """
        aside: Future[str] = asyncio.get_running_loop().create_future()
        self._aside.append(aside)
        self.journal.finished(exchange)
        self.left()
        if self._closed is not None:
            self.answer_all(self._closed)
        return aside

    def come_back(self, aside: Future[str]) -> None:
        """Count a call that stood aside among those in flight again, unless it is already."""
        if aside in self._aside:
            self._aside.remove(aside)
            self.arrived()

    def hung_up(self, waiter: Waiter) -> None:
        """Note that the caller of *waiter* is gone; reading `disconnect` says what that means."""
        if self.facts.readings.disconnect == "still-counts" or waiter.answered.done():
            return
        now = self.now()
        waiter.reason = "the caller hung up and withdrew"
        verdict = waiter.verdict
        if isinstance(verdict, Started) and self.state.lease is verdict.run:
            self._release(now)
        elif isinstance(verdict, Ask):
            waiter.verdict = TurnedAway(verdict.holder, now)
        elif isinstance(verdict, Delayed):
            waiter.verdict = Served(now)
        self._review(now)

    # ---- the lease by hand -------------------------------------------------------------------

    def hold(self) -> Holder:
        """Take the lease by hand. Raise ValueError while it is held."""
        now = self.now()
        return self.transact(lambda state: lease.hold(state, now))

    def release(self) -> Holder | None:
        """End a hold or a run; waiters are asked again. Return what was ended."""
        now = self.now()
        ended = self._release(now)
        self._review(now)
        return ended

    def _release(self, now: Instant) -> Holder | None:
        ended = self.transact(lambda state: lease.release(state, now))
        if isinstance(ended, SyncRun):
            exchange = self.journal.exchange(self.facts.id, ended.exchange)
            if exchange is not None and isinstance(exchange.verdict, Started):
                exchange.verdict = msgspec.structs.replace(exchange.verdict, run=ended)
        return ended

    # ---- time --------------------------------------------------------------------------------

    def advance(self, until: Instant) -> list[Event]:
        """Move a clock that stands still to *until*, stopping at every moment anyone waits for."""
        happened: list[Event] = []
        while (due := self._room.next_due()) is not None and due <= until:
            happened += self._step(max(due, self.now()))
        happened += self._step(max(until, self.now()))
        self._alarm.clear()
        self._rearm()
        return happened

    def advance_until_idle(self) -> list[Event]:
        """Move on until nobody waits and no run is active; a hold by hand has no end and stays."""
        happened: list[Event] = []
        while (moment := self._next_moment()) is not None:
            happened += self.advance(moment)
        return happened

    async def calm(self) -> None:
        """Wait, for a second at most, until every call in flight waits or is journalled."""
        await self._in_flight.until_calm(CALM_WITHIN)

    # ---- the whole ---------------------------------------------------------------------------

    def answer_all(self, reason: str) -> None:
        """Answer everyone who waits, now, with *reason* in the journal."""
        now = self.now()
        for waiter in self._room:
            waiter.reason = reason
        self._room.review(lambda waiter: _at_once(waiter.verdict, now))
        self._room.settle(now)
        for aside in tuple(self._aside):
            self.come_back(aside)
            aside.set_result(reason)
        self._alarm.clear()
        for watcher in self.journal.watchers(self.facts.id):
            watcher.dismissed(reason)

    def close(self, reason: str) -> None:
        """Let nobody wait any more: answer everyone who does, and who comes to wait, at once."""
        self._closed = reason
        self.answer_all(reason)

    async def reset(self) -> None:
        """Answer all waiters, then start again as configured, with an empty journal."""
        self.answer_all("the mock was reset")
        await self.calm()
        self.answer_all("the mock was reset")  # those who came meanwhile: no clock would wake them
        self.state = _started(self.facts, self._first_clock, self._steady())
        self.journal.clear(self.facts.id)
        self.resets += 1

    def remove(self, reason: str) -> None:
        """Let nobody wait any more, and forget the journal: nobody will find this tenant again."""
        self.close(reason)
        self.journal.remove(self.facts.id)

    # ---- inside ------------------------------------------------------------------------------

    def _ask(self, call: Call, now: Instant) -> Verdict:
        return self.transact(lambda state: lease.admit(self.facts, state, call, now))

    def _review(self, now: Instant) -> None:
        """Ask all again after the lease has changed hands; blocked callers whose run ended go."""
        self._room.review(lambda waiter: self._revised(waiter, now))
        self._room.settle(now)
        self._rearm()

    def _revised(self, waiter: Waiter, now: Instant) -> Verdict:
        verdict = waiter.verdict
        if isinstance(verdict, Ask):
            return self._ask(waiter.call, now)
        if isinstance(verdict, Started) and verdict.answer_at > now and self._ended(verdict.run):
            return Started(lease.cut_short(verdict.run, now), now)
        return verdict

    def _ended(self, run: SyncRun) -> bool:
        return self.state.lease is not run

    def _step(self, moment: Instant) -> list[Event]:
        clock = self.state.clock
        now = self.now()
        happened = list(events.ends(self.state.holder(now), now, moment))
        if isinstance(clock, (FrozenClock, JumpingClock)):
            self.state = self.state.with_clock(msgspec.structs.replace(clock, at=moment))
        for change, waiter in self._room.settle(moment):
            happened.append(_EVENTS[change](waiter.call, waiter.verdict, moment))
        return happened

    def _next_moment(self) -> Instant | None:
        holder = self.state.holder(self.now())
        due = self._room.next_due()
        end = holder.ends_at if isinstance(holder, SyncRun) else None
        return min((moment for moment in (due, end) if moment is not None), default=None)

    def _rearm(self) -> None:
        """Set the one timer for the next moment that this clock moves by itself, if any."""
        due = self._room.next_due()
        clock = self.state.clock
        if due is None or isinstance(clock, FrozenClock):
            self._alarm.clear()
        elif isinstance(clock, RealClock):
            if due != self._alarm.due:
                self._alarm.set(due, _timer_delay(due - self.now()), self._tick)
        elif self._in_flight.calm and self._alarm.due is None:
            self._alarm.set(due, self._limits.jump_settle, self._jump)

    def _tick(self) -> None:
        self._room.settle(self.now())
        self._rearm()

    def _jump(self) -> None:
        due = self._room.next_due()
        if self._in_flight.calm and due is not None:
            self.advance(due)


def _started(facts: TenantFacts, clock: Clock, real: int) -> TenantState:
    return facts.fresh(clock, clock.now(real))


def _at_once(verdict: Verdict, now: Instant) -> Verdict:
    if isinstance(verdict, Ask):
        return TurnedAway(verdict.holder, now)
    if isinstance(verdict, Delayed):
        return Served(now)
    return msgspec.structs.replace(verdict, answer_at=min(verdict.answer_at, now))


_EVENTS: Final[Mapping[Change, Callable[[Call, Verdict, Instant], Event]]] = {
    "started": events.started,
    "answered": events.answered,
}


def _timer_delay(left: int) -> float:
    """Return seconds until a timer should fire; event loops count in milliseconds, so round up."""
    return -(-max(left, 0) // MILLISECOND) / 1000
