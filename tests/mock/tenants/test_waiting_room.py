"""The room where calls wait: moments, order, and verdicts that may still change."""

import time
from asyncio import Future, get_running_loop
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.lease import Ask, Call, Served, Started, TurnedAway, Verdict
from superoffice_mock.core.sync_run import (
    AccountId,
    Duration,
    Durations,
    ExchangeId,
    Hold,
    Instant,
    RunId,
    SyncRun,
)
from superoffice_mock.tenants.waiting_room import SteadyClock, Waiter, WaitingRoom

HOLD = Hold(Instant(0))


def away(at: int) -> Verdict:
    return TurnedAway(HOLD, Instant(at))


def ask(at: int) -> Verdict:
    return Ask(HOLD, Instant(at))


def started(at: int) -> Verdict:
    times = Durations(Duration(5), {})
    run = SyncRun(RunId(1), ExchangeId(1), [AccountId(1)], times, Instant(at), Instant(at + 5))
    return Started(run, Instant(at))


def never_asked(call: Call, now: Instant) -> Verdict:
    message = f"call {call.exchange} was asked again at {now}"
    raise AssertionError(message)


class Room:
    """A room and the numbers of those who were answered, in order."""

    def __init__(self, decide: Callable[[Call, Instant], Verdict] = never_asked) -> None:
        self.room = WaitingRoom(decide)

    def enter(self, number: int, verdict: Verdict, future: "Future[None] | None" = None) -> Waiter:
        call = Call(ExchangeId(number), (), Instant(0))
        waiter = Waiter(call, verdict, future or get_running_loop().create_future())
        self.room.enter(waiter)
        return waiter

    def settle(self, now: int) -> list[tuple[str, int]]:
        happened = self.room.settle(Instant(now))
        return [(change, int(waiter.call.exchange)) for change, waiter in happened]


async def test_a_waiter_is_answered_at_its_moment_and_not_before() -> None:
    room = Room()
    waiter = room.enter(1, away(10))
    assert room.settle(9) == []
    assert not waiter.answered.done()
    assert room.room.next_due() == 10
    assert room.settle(10) == [("answered", 1)]
    assert waiter.answered.done()
    assert len(room.room) == 0
    assert room.room.next_due() is None


async def test_those_who_are_due_together_go_in_the_order_of_their_moments_then_of_arrival() -> (
    None
):
    room = Room()
    for number, due in ((1, 30), (2, 10), (3, 20), (4, 10)):
        room.enter(number, away(due))
    assert [number for _, number in room.settle(30)] == [2, 4, 3, 1]


async def test_who_has_to_ask_is_asked_at_its_moment_and_told_as_started_before_answered() -> None:
    asked: list[tuple[int, int]] = []

    def decide(call: Call, now: Instant) -> Verdict:
        asked.append((call.exchange, now))
        return started(now) if len(asked) == 1 else away(20)

    room = Room(decide)
    first, second = room.enter(1, ask(10)), room.enter(2, ask(10))
    assert room.settle(10) == [("started", 1), ("answered", 1)]
    assert asked == [(1, 10), (2, 10)]
    assert isinstance(first.verdict, Started)
    assert not second.answered.done()
    assert room.settle(20) == [("answered", 2)]


async def test_a_review_goes_oldest_first_and_moves_the_moments() -> None:
    room = Room()
    for number, due in ((1, 30), (2, 20), (3, 10)):
        room.enter(number, away(due))
    seen: list[int] = []

    def revise(waiter: Waiter) -> Verdict:
        seen.append(waiter.call.exchange)
        return away(5) if waiter.call.exchange == 1 else away(100)

    room.room.review(revise)
    assert seen == [1, 2, 3]
    assert room.room.next_due() == 5
    assert room.settle(99) == [("answered", 1)]
    assert room.settle(100) == [("answered", 2), ("answered", 3)]


async def test_a_waiter_whose_caller_was_cancelled_leaves_the_room_like_any_other() -> None:
    room = Room()
    waiter = room.enter(1, away(10))
    waiter.answered.cancel()
    assert room.settle(10) == [("answered", 1)]
    assert len(room.room) == 0


async def test_the_room_lists_its_waiters_oldest_first_and_may_change_meanwhile() -> None:
    room = Room()
    waiters = [room.enter(number, away(10)) for number in (1, 2, 3)]
    seen = []
    for waiter in room.room:
        seen.append(waiter)
        room.settle(10)
    assert seen == waiters


class Ticket(Future[None]):
    """A future without an event loop of its own, for tests that have none."""

    def __init__(self) -> None:
        self.told = 0

    def done(self) -> bool:
        return self.told > 0

    def set_result(self, _: None) -> None:
        self.told += 1


@given(
    dues=st.lists(st.integers(0, 50), max_size=30),
    moves=st.lists(st.integers(0, 60), max_size=20).map(sorted),
)
def test_whatever_the_moments_everyone_is_answered_once_and_never_early(
    dues: list[int], moves: list[int]
) -> None:
    room = Room()
    waiters = [room.enter(n, Served(Instant(due)), Ticket()) for n, due in enumerate(dues)]
    for now in (*moves, 60):
        due_now = [number for _, number in room.settle(now)]
        assert due_now == sorted(due_now, key=lambda number: (dues[number], number))
        for number, waiter in enumerate(waiters):
            assert waiter.answered.done() == (dues[number] <= now)
    assert [waiter.answered.told for waiter in waiters if isinstance(waiter.answered, Ticket)] == (
        [1] * len(dues)
    )


def test_the_steady_clock_shows_the_time_of_day_and_never_steps_back() -> None:
    clock = SteadyClock()
    readings = [clock() for _ in range(1000)]
    assert readings == sorted(readings)
    assert abs(clock() - time.time_ns()) < 1_000_000_000
