"""A tenant: a state, and calls in flight that may wait for their answers."""

import asyncio
from asyncio import Future
from collections.abc import Callable
from typing import Final

from superoffice_mock.config.settings import Settings
from superoffice_mock.core.clock import Clock, Event
from superoffice_mock.core.journal import Exchange, Journal
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import ExchangeId, Holder, Instant
from superoffice_mock.core.verdicts import Call, Handler, Verdict
from superoffice_mock.errors import Rejected
from superoffice_mock.tenants.scheduler import Scheduler
from superoffice_mock.tenants.state_holder import TenantStateHolder
from superoffice_mock.tenants.waiting_room import Waiter

RESET_REASON: Final = "the mock was reset"
RESET_DURING_CALL: Final = "the mock was reset before the call was complete; send it again"


class Tenant(TenantStateHolder):
    """One SuperOffice installation, and its calls that wait for their answers."""

    __slots__ = (
        "_last_id_before_reset",
        "_scheduler",
        "_settings",
        "close_reason",
        "reset_count",
        "used_at",
    )

    def __init__(
        self,
        facts: TenantFacts,
        journal: Journal,
        settings: Settings,
        steady_clock: Callable[[], int],
        clock: Clock | None = None,
    ) -> None:
        super().__init__(facts, journal, steady_clock, clock)
        self.used_at = steady_clock()
        self.reset_count = 0
        self.close_reason: str | None = None
        """Why calls can't wait here any more; None as long as they can."""
        self._settings = settings
        self._scheduler: Scheduler | None = None
        self._last_id_before_reset = ExchangeId(0)

    @property
    def waiting(self) -> int:
        """The number of calls that wait for their answers."""
        return 0 if self._scheduler is None else len(self._scheduler.room.waiters)

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

    def admit(self, handler: Handler, call: Call) -> Verdict:
        """Decide *call* at its arrival; if it changes the state, decide waiting calls again.

        Raise Rejected (503) if too many calls wait, or if the tenant was reset after its arrival.
        """
        self.check_not_reset(call.exchange)
        if self._scheduler is None:
            return self.decide_at(handler, call, call.arrived_at)
        self.check_waiting_limit()
        self._scheduler.process_due(call.arrived_at)  # the oldest call comes first
        state = self.state
        verdict = self.decide_at(handler, call, call.arrived_at)
        self._scheduler.review_after(state, call.arrived_at)
        return verdict

    def on_read_of_runs(self) -> None:
        """Let a jumping clock move, so that a client that reads again sees time pass."""
        if not self.close_reason:
            self._ensure_scheduler().jump_after_calls()

    def change_state(self, state: TenantState) -> None:
        """Replace the state, and decide waiting calls again that depend on it."""
        before, self.state = self.state, state
        if self._scheduler is not None:
            self._scheduler.review_after(before, self.now())

    def check_waiting_limit(self) -> None:
        """Raise Rejected (503) if the maximum number of calls wait already."""
        if self.waiting >= self._settings.max_waiting:
            reason = f"{self.waiting} calls wait already; let some be answered first"
            raise Rejected(503, "", reason)

    def check_not_reset(self, exchange: ExchangeId) -> None:
        """Raise Rejected (503) if the tenant was reset after *exchange* began."""
        if exchange <= self._last_id_before_reset:
            raise Rejected(503, "", RESET_DURING_CALL)

    def enter(self, handler: Handler, call: Call, verdict: Verdict) -> Waiter:
        """Let *call* wait: await the waiter's `answered`, then read its verdict.

        Raise Rejected (503) if the tenant was reset after the call's arrival.
        """
        self.check_not_reset(call.exchange)
        waiter = Waiter(handler, call, verdict, asyncio.get_running_loop().create_future())
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
        """Withdraw a call whose client disconnects, if its handler allows that."""
        withdraw, now = waiter.handler.withdraw, self.now()
        if withdraw is None or waiter.answered.done():
            return
        withdrawn = withdraw(self.facts, self.state, waiter.call, waiter.verdict, now)
        if withdrawn is not None:
            self.state, verdict = withdrawn
            waiter.reason = "the client disconnected; its call was withdrawn"
            self._ensure_scheduler().replace_verdict(waiter, verdict, now)

    def release(self) -> Holder | None:
        """Free the lease, decide the waiting calls again, and return the previous holder."""
        now = self.now()
        holder = self.end_lease(now)
        if self._scheduler is not None:
            self._scheduler.review(now)
        return holder

    def set_clock(self, kind: type[Clock]) -> None:
        """Replace the clock by one of *kind* that shows the same time."""
        super().set_clock(kind)
        self._ensure_scheduler().on_clock_change()

    def advance(self, until: Instant) -> list[Event]:
        """Move a clock that stands still to *until*, with a stop at every due answer."""
        return self._ensure_scheduler().advance(until)

    def advance_until_idle(self) -> list[Event]:
        """Advance until no call waits and no run is active; a hold by hand stays."""
        return self._ensure_scheduler().advance_until_idle()

    async def wait_until_settled(self) -> None:
        """Wait, for a real second at most, until every call in flight waits or is journalled."""
        await self._ensure_scheduler().wait_until_settled()

    def _ensure_scheduler(self) -> Scheduler:
        """Return the scheduler; it is created at first use, as most tenants never need it."""
        if self._scheduler is None:
            self._scheduler = Scheduler(self, self._settings.jump_settle)
        return self._scheduler

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
        if self._scheduler is not None:
            self._scheduler.on_clock_change()
        self._last_id_before_reset = self.journal.last_id(self.facts.id)
        self.journal.clear(self.facts.id)
        self.reset_count += 1

    def remove(self, reason: str) -> None:
        """Close the tenant and delete its journal."""
        self.close(reason)
        self.journal.remove(self.facts.id)
