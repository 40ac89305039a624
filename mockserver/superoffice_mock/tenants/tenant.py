"""A tenant: the calls under way at one SuperOffice installation, and who of them waits."""

import asyncio
from asyncio import Future
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from superoffice_mock.core import lease
from superoffice_mock.core.clock import Clock, RealClock
from superoffice_mock.core.clock_events import Event
from superoffice_mock.core.credentials import Presented
from superoffice_mock.core.expiry import presented_as, used
from superoffice_mock.core.journal import Exchange, Journal
from superoffice_mock.core.lease import Ask, Call, Started, Verdict, released, withdrawn
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import ExchangeId, Holder, Instant, SyncRun
from superoffice_mock.errors import Rejected
from superoffice_mock.tenants.scheduler import Scheduler
from superoffice_mock.tenants.waiting_room import Waiter

Answer = TypeVar("Answer")


class TenantRecord:
    """The facts of a tenant and the only place where its state changes; here nobody waits.

    *steady* is the real clock, in nanoseconds.
    """

    __slots__ = ("_first_clock", "_steady", "facts", "journal", "state")

    def __init__(
        self,
        facts: TenantFacts,
        journal: Journal,
        steady: Callable[[], int],
        clock: Clock | None = None,
    ) -> None:
        self.facts = facts
        self.journal = journal
        self._steady = steady
        self._first_clock = clock or RealClock()
        self.start()

    def start(self) -> None:
        """Begin, or begin again, as configured."""
        clock = self._first_clock
        self.state = self.facts.fresh(clock, clock.now(self._steady()))

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

    # ---- the lease ---------------------------------------------------------------------------

    def ask(self, call: Call, now: Instant) -> Verdict:
        """Decide *call* at *now*, which may be later than it arrived."""
        self.state, verdict = lease.admit(self.facts, self.state, call, now)
        return verdict

    def decide(self, call: Call) -> Verdict:
        """Decide *call*, which arrived now, wherever it waited before."""
        return self.ask(call, call.arrived_at)

    def hold(self) -> Holder:
        """Take the lease by hand. Raise ValueError while it is held."""
        now = self.now()
        return self.transact(lambda state: lease.hold(state, now))

    def take_back(self, now: Instant) -> Holder | None:
        """End a hold, or a run, as its exchange tells then; return what was ended."""
        ended = self.transact(lambda state: lease.release(state, now))
        if isinstance(ended, SyncRun):
            exchange = self.journal.exchange(self.facts.id, ended.exchange)
            if exchange is not None and isinstance(exchange.verdict, Started):
                exchange.verdict = replace(exchange.verdict, run=ended)
        return ended


CALM_WITHIN: Final = 1.0
"""Real seconds that a control call waits for woken calls to be written and journalled."""


RESET: Final = "the mock was reset"


OUTLIVED: Final = "the mock was reset before the call was complete; send it again"


class Limits(msgspec.Struct, frozen=True):
    """What all tenants of a server share."""

    max_waiting: int
    jump_settle: float


class Tenant(TenantRecord):
    """One SuperOffice installation: `in_flight` calls are under way, those that wait included."""

    __slots__ = ("_clockwork", "_limits", "_reset_at", "closed", "in_flight", "resets", "used_at")

    def __init__(
        self,
        facts: TenantFacts,
        journal: Journal,
        limits: Limits,
        steady: Callable[[], int],
        clock: Clock | None = None,
    ) -> None:
        super().__init__(facts, journal, steady, clock)
        self.used_at = steady()
        self.in_flight = 0
        self.resets = 0
        self.closed: str | None = None
        """Why nobody may wait here any more; None as long as one may."""
        self._limits = limits
        self._clockwork: Scheduler | None = None
        self._reset_at = ExchangeId(0)

    @property
    def waiting(self) -> int:
        """How many calls wait for their answer."""
        return 0 if self._clockwork is None else len(self._clockwork.room)

    # ---- calls -------------------------------------------------------------------------------

    def arrived(self) -> None:
        """Count a call in flight."""
        self.in_flight += 1
        if self._clockwork is not None:
            self._clockwork.arrived()

    def left(self) -> None:
        """Count a call out: it was answered and journalled."""
        self.in_flight -= 1
        if self._clockwork is not None:
            self._clockwork.left()

    def admit(self, call: Call) -> Verdict:
        """Decide *call* now. Raise Rejected (503) if too many wait, or a reset came before it."""
        if self._clockwork is not None:
            self.check_room()
        self.check_current(call.exchange)
        return self.ask(call, call.arrived_at)

    def check_room(self) -> None:
        """Raise Rejected (503) if too many wait already for one more to do so."""
        if self.waiting >= self._limits.max_waiting:
            reason = f"{self.waiting} calls wait already; let some be answered first"
            raise Rejected(503, "", reason)

    def check_current(self, exchange: ExchangeId) -> None:
        """Raise Rejected (503) if *exchange* began before a reset, which nothing may outlive."""
        if exchange <= self._reset_at:
            raise Rejected(503, "", OUTLIVED)

    def enter(self, call: Call, verdict: Verdict) -> Waiter:
        """Let *call* wait: await the waiter's `answered`, then look at its verdict.

        Raise Rejected (503) if a reset came before it.
        """
        self.check_current(call.exchange)
        waiter = Waiter(call, verdict, asyncio.get_running_loop().create_future())
        self._wound().enter(waiter)
        if self.closed is not None:
            self.answer_all(self.closed)
        return waiter

    def stand_aside(self, exchange: Exchange) -> Future[str]:
        """Take a call out of those in flight that gets no answer, so that no clock waits for it.

        The future is done, with the reason, when its caller may be kept waiting no longer.
        """
        aside: Future[str] = asyncio.get_running_loop().create_future()
        self._wound().aside.append(aside)
        self.journal.finished(exchange)
        self.left()
        reason = RESET if exchange.id <= self._reset_at else self.closed
        if reason is not None:
            self._dismiss(aside, reason)
        return aside

    def come_back(self, aside: Future[str]) -> None:
        """Count a call that stood aside among those in flight again, unless it is already."""
        those = self._wound().aside
        if aside in those:
            those.remove(aside)
            self.arrived()

    def _dismiss(self, aside: Future[str], reason: str) -> None:
        self.come_back(aside)
        aside.set_result(reason)

    def hung_up(self, waiter: Waiter) -> None:
        """Note that the caller of *waiter* is gone; reading `disconnect` says what that means."""
        if self.facts.readings.disconnect == "still-counts" or waiter.answered.done():
            return
        now = self.now()
        waiter.reason = "the caller hung up and withdrew"
        verdict = waiter.verdict = withdrawn(waiter.verdict, now)
        if isinstance(verdict, Started) and self.state.lease is verdict.run:
            self.take_back(now)
        self._review(now)

    def release(self) -> Holder | None:
        """End a hold or a run; waiters are asked again. Return what was ended."""
        now = self.now()
        ended = self.take_back(now)
        self._review(now)
        return ended

    def _review(self, now: Instant) -> None:
        """Ask all again after the lease has changed hands; blocked callers whose run ended go."""
        if self._clockwork is not None:
            self._clockwork.review(lambda waiter: self._revised(waiter, now), now)

    def _revised(self, waiter: Waiter, now: Instant) -> Verdict:
        if isinstance(waiter.verdict, Ask):
            return self.ask(waiter.call, now)
        return released(waiter.verdict, self.state.lease, now)

    # ---- time --------------------------------------------------------------------------------

    def set_clock(self, change: Callable[[Clock, int], Clock]) -> None:
        """Exchange the clock; the time it shows stays."""
        super().set_clock(change)
        self._wound().exchanged()

    def advance(self, until: Instant) -> list[Event]:
        """Move a clock that stands still to *until*, stopping at every moment anyone waits for."""
        return self._wound().advance(until)

    def advance_until_idle(self) -> list[Event]:
        """Move on until nobody waits and no run is active; a hold by hand has no end and stays."""
        return self._wound().advance_until_idle()

    async def calm(self) -> None:
        """Wait, for a second at most, until every call in flight waits or is journalled."""
        await self._wound().until_calm(CALM_WITHIN)

    def _wound(self) -> Scheduler:
        """Return the clockwork, made when a call first has to wait: most tenants never need it."""
        if self._clockwork is None:
            self._clockwork = Scheduler(self, self._limits.jump_settle)
        return self._clockwork

    # ---- the whole ---------------------------------------------------------------------------

    def answer_all(self, reason: str) -> None:
        """Answer everyone who waits, now, with *reason* in the journal."""
        if self._clockwork is not None:
            self._clockwork.answer_all(reason, self.now())
            for aside in tuple(self._clockwork.aside):
                self._dismiss(aside, reason)
        for watcher in self.journal.watchers(self.facts.id):
            watcher.dismissed(reason)

    def close(self, reason: str) -> None:
        """Let nobody wait any more: answer everyone who does, and who comes to wait, at once."""
        self.closed = reason
        self.answer_all(reason)

    async def reset(self) -> None:
        """Answer all waiters, then start again as configured, with an empty journal.

        A call that came before and is not complete by then is refused: nothing outlives a reset.
        """
        self.answer_all(RESET)
        await self.calm()
        self.answer_all(RESET)  # those who came meanwhile: no clock would wake them
        self.start()
        self._reset_at = self.journal.last_id(self.facts.id)
        self.journal.clear(self.facts.id)
        self.resets += 1

    def remove(self, reason: str) -> None:
        """Let nobody wait any more, and forget the journal: nobody will find this tenant again."""
        self.close(reason)
        self.journal.remove(self.facts.id)
