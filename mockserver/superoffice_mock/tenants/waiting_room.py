"""Time at the edge: the real clock, and the room where calls wait for their answers."""

import asyncio
import time
from asyncio import Future
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Literal

import msgspec

from superoffice_mock.core.lease import Ask, Call, Delayed, Started, Verdict
from superoffice_mock.core.sync_run import Instant

Change = Literal["started", "answered"]


class SteadyClock:
    """Nanoseconds since the Unix epoch that never step back, whatever happens to the wall clock."""

    def __init__(self) -> None:
        self._ahead = time.time_ns() - time.monotonic_ns()

    def __call__(self) -> int:
        """Return now."""
        return time.monotonic_ns() + self._ahead


class Waiter(msgspec.Struct, eq=False):
    """One call that waits; `verdict` may change until its answer is due."""

    call: Call
    verdict: Verdict
    answered: Future[None]
    reason: str | None = None


class WaitingRoom:
    """The calls of one tenant that wait for their answers; it knows moments, not clocks.

    *ask* decides a call anew at a moment; it is asked oldest waiter first. `waiters` are for
    others to look at.
    """

    __slots__ = ("_ask", "_by_due", "_entered", "waiters")

    def __init__(self, ask: Callable[[Call, Instant], Verdict]) -> None:
        self._ask = ask
        self._entered = 0
        self.waiters: dict[int, Waiter] = {}
        self._by_due: list[tuple[Instant, int]] = []

    def __len__(self) -> int:
        return len(self.waiters)

    def __iter__(self) -> Iterator[Waiter]:
        """Yield the waiters, oldest first."""
        return iter(tuple(self.waiters.values()))

    def enter(self, waiter: Waiter) -> None:
        """Let *waiter* wait until its verdict is due."""
        self._entered += 1
        self.waiters[self._entered] = waiter
        heappush(self._by_due, (waiter.verdict.answer_at, self._entered))

    def next_due(self) -> Instant | None:
        """Return the earliest moment anyone waits for."""
        while self._by_due:
            due, number = self._by_due[0]
            waiter = self.waiters.get(number)
            if waiter is not None and waiter.verdict.answer_at == due:
                return due
            heappop(self._by_due)
        return None

    def settle(self, now: Instant) -> list[tuple[Change, Waiter]]:
        """Answer everyone whose moment has come by *now*; return, in order, who started or left."""
        happened: list[tuple[Change, Waiter]] = []
        while (due := self.next_due()) is not None and due <= now:
            _, number = heappop(self._by_due)
            waiter = self.waiters[number]
            if isinstance(waiter.verdict, (Ask, Delayed)):
                self._ask_again(waiter, now)
                heappush(self._by_due, (waiter.verdict.answer_at, number))
                if isinstance(waiter.verdict, Started):
                    happened.append(("started", waiter))
            else:
                happened.append(("answered", self._answer(number)))
        return happened

    def review(self, revise: Callable[[Waiter], Verdict]) -> None:
        """Give every waiter, oldest first, the verdict that *revise* has for it now."""
        for number, waiter in tuple(self.waiters.items()):
            waiter.verdict = revise(waiter)
            heappush(self._by_due, (waiter.verdict.answer_at, number))

    def _ask_again(self, waiter: Waiter, now: Instant) -> None:
        if isinstance(waiter.verdict, Delayed):
            waiter.call, waiter.verdict = waiter.verdict.arrives(now)
        else:
            waiter.verdict = self._ask(waiter.call, now)

    def _answer(self, number: int) -> Waiter:
        waiter = self.waiters.pop(number)
        if not waiter.answered.done():
            waiter.answered.set_result(None)
        return waiter


class Timer:
    """A timer that rings once for one moment; setting it again forgets the one before."""

    __slots__ = ("_timer", "due")

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None
        self.due: Instant | None = None

    def set(self, due: Instant, delay: float, ring: Callable[[], None]) -> None:
        """Ring for *due*, *delay* real seconds from now."""
        self.clear()
        self.due = due
        self._timer = asyncio.get_running_loop().call_later(delay, self._rang, ring)

    def clear(self) -> None:
        """Do not ring."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.due = None

    def _rang(self, ring: Callable[[], None]) -> None:
        self._timer = self.due = None
        ring()
