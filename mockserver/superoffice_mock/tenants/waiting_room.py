"""The waiting room: the calls of a tenant that wait for their answers."""

from asyncio import Future
from collections.abc import Callable
from heapq import heappop, heappush

import msgspec

from superoffice_mock.core.clock import Event
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.core.verdicts import Call, Delayed, Handler, Started, Undecided, Verdict


class Waiter(msgspec.Struct, eq=False):
    """One call that waits; `verdict` may change until its answer is due."""

    handler: Handler
    call: Call
    verdict: Verdict
    answered: Future[None]
    reason: str | None = None


class WaitingRoom:
    """The waiting calls of one tenant, in the order in which their answers are due.

    *decide* decides a call again at a given time. `waiters` is for others to read only.
    """

    __slots__ = ("_by_due", "_decide", "_last_number", "waiters")

    def __init__(self, decide: Callable[[Handler, Call, Instant], Verdict]) -> None:
        self._decide = decide
        self._last_number = 0
        self.waiters: dict[int, Waiter] = {}
        self._by_due: list[tuple[Instant, int]] = []  # a heap; outdated entries are skipped

    @property
    def has_undecided(self) -> bool:
        """Whether any waiter's verdict depends on the tenant's state."""
        return any(isinstance(waiter.verdict, Undecided) for waiter in self.waiters.values())

    def enter(self, waiter: Waiter) -> None:
        """Add *waiter* until its verdict is due."""
        self._last_number += 1
        self.waiters[self._last_number] = waiter
        heappush(self._by_due, (waiter.verdict.answer_at, self._last_number))

    def next_due(self) -> Instant | None:
        """Return the earliest time at which a verdict is due."""
        while self._by_due:
            due, number = self._by_due[0]
            waiter = self.waiters.get(number)
            if waiter is not None and waiter.verdict.answer_at == due:
                return due
            heappop(self._by_due)
        return None

    def process_due(self, now: Instant) -> list[Event]:
        """Answer, or decide again, the waiters due by *now*, in the order in which they are due.

        Return, in order, which calls started a run and which were answered.
        """
        events: list[Event] = []
        while (due := self.next_due()) is not None and due <= now:
            _, number = heappop(self._by_due)
            waiter = self.waiters[number]
            if isinstance(waiter.verdict, Delayed):
                waiter.call, waiter.verdict = waiter.verdict.on_arrival(now)
            elif isinstance(waiter.verdict, Undecided):
                waiter.verdict = self._decide(waiter.handler, waiter.call, now)
            else:
                del self.waiters[number]
                if not waiter.answered.done():
                    waiter.answered.set_result(None)
                request, outcome = waiter.call.exchange, waiter.verdict.outcome
                events.append(Event(now, "answered", request=request, outcome=outcome))
                continue
            heappush(self._by_due, (waiter.verdict.answer_at, number))
            if isinstance(waiter.verdict, Started):
                request, run = waiter.call.exchange, waiter.verdict.run.id
                events.append(Event(now, "run-started", run=run, request=request))
        return events

    def review(self, revise: Callable[[Waiter], Verdict]) -> None:
        """Replace the verdict of every waiter, oldest first, by what *revise* returns for it."""
        for number, waiter in tuple(self.waiters.items()):
            due, waiter.verdict = waiter.verdict.answer_at, revise(waiter)
            if waiter.verdict.answer_at != due:
                heappush(self._by_due, (waiter.verdict.answer_at, number))
