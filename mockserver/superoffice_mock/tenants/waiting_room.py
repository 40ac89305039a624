"""The real clock, and the waiting room: the calls of a tenant that wait for their answers."""

import asyncio
import time
from asyncio import Future
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Literal

import msgspec

from superoffice_mock.core.lease import Call, Delayed, Started, Undecided, Verdict
from superoffice_mock.core.sync_run import Instant

Change = Literal["started", "answered"]


class SteadyClock:
    """Returns nanoseconds since the Unix epoch; never steps back if the system clock is set."""

    def __init__(self) -> None:
        self._offset = time.time_ns() - time.monotonic_ns()

    def __call__(self) -> int:
        """Return the current time."""
        return time.monotonic_ns() + self._offset


class Waiter(msgspec.Struct, eq=False):
    """One call that waits; `verdict` may change until its answer is due."""

    call: Call
    verdict: Verdict
    answered: Future[None]
    reason: str | None = None


class WaitingRoom:
    """The waiting calls of one tenant, in the order in which their answers are due.

    *decide* decides a call again at a given time. `waiters` is for others to read only.
    """

    __slots__ = ("_by_due", "_decide", "_last_number", "waiters")

    def __init__(self, decide: Callable[[Call, Instant], Verdict]) -> None:
        self._decide = decide
        self._last_number = 0
        self.waiters: dict[int, Waiter] = {}
        self._by_due: list[tuple[Instant, int]] = []  # a heap; outdated entries are skipped

    def __len__(self) -> int:
        return len(self.waiters)

    def __iter__(self) -> Iterator[Waiter]:
        """Yield the waiters, oldest first."""
        return iter(tuple(self.waiters.values()))

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

    def process_due(self, now: Instant) -> list[tuple[Change, Waiter]]:
        """Answer, or decide again, the waiters due by *now*, in the order in which they are due.

        Return which waiters started a run and which were answered, in order.
        """
        changes: list[tuple[Change, Waiter]] = []
        while (due := self.next_due()) is not None and due <= now:
            _, number = heappop(self._by_due)
            waiter = self.waiters[number]
            if isinstance(waiter.verdict, (Undecided, Delayed)):
                self._decide_again(waiter, now)
                heappush(self._by_due, (waiter.verdict.answer_at, number))
                if isinstance(waiter.verdict, Started):
                    changes.append(("started", waiter))
            else:
                changes.append(("answered", self._answer(number)))
        return changes

    def review(self, revise: Callable[[Waiter], Verdict]) -> None:
        """Replace the verdict of every waiter, oldest first, by what *revise* returns for it."""
        for number, waiter in tuple(self.waiters.items()):
            waiter.verdict = revise(waiter)
            heappush(self._by_due, (waiter.verdict.answer_at, number))

    def _decide_again(self, waiter: Waiter, now: Instant) -> None:
        if isinstance(waiter.verdict, Delayed):
            waiter.call, waiter.verdict = waiter.verdict.on_arrival(now)
        else:
            waiter.verdict = self._decide(waiter.call, now)

    def _answer(self, number: int) -> Waiter:
        waiter = self.waiters.pop(number)
        if not waiter.answered.done():
            waiter.answered.set_result(None)
        return waiter


class Timer:
    """A timer with at most one pending callback; setting it again replaces the callback."""

    __slots__ = ("_handle", "due")

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None
        self.due: Instant | None = None

    def set(self, due: Instant, delay: float, callback: Callable[[], None]) -> None:
        """Call *callback* in *delay* real seconds; *due* is that moment on the tenant's clock."""
        self.clear()
        self.due = due
        self._handle = asyncio.get_running_loop().call_later(delay, self._fire, callback)

    def clear(self) -> None:
        """Cancel the pending callback, if any."""
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self.due = None

    def _fire(self, callback: Callable[[], None]) -> None:
        self._handle = self.due = None
        callback()
