"""The waiting room: due times, order, and verdicts that may still change."""

import time
from asyncio import Future, get_running_loop
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.clock import Event
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
from superoffice_mock.core.verdicts import (
    Call,
    Handler,
    Served,
    Started,
    TurnedAway,
    Undecided,
    Verdict,
)
from superoffice_mock.tenants.state_holder import make_steady_clock
from superoffice_mock.tenants.waiting_room import Waiter, WaitingRoom

HOLD = Hold(Instant(0))
NO_HANDLER = Handler(lambda _, state, __, now: (state, Served(now)))


def build_turned_away(at: int) -> Verdict:
    return TurnedAway(HOLD, Instant(at))


def build_undecided(until: int) -> Verdict:
    return Undecided(TurnedAway(HOLD, Instant(until)), Instant(until))


def build_started(at: int) -> Verdict:
    durations = Durations(Duration(5), {})
    run = SyncRun(RunId(1), ExchangeId(1), [AccountId(1)], durations, Instant(at), Instant(at + 5))
    return Started(run, Instant(at))


def fail_to_decide(call: Call, now: Instant) -> Verdict:
    message = f"call {call.exchange} was decided again at {now}"
    raise AssertionError(message)


class NumberedRoom:
    """A waiting room whose calls are known by their numbers."""

    def __init__(self, decide: Callable[[Call, Instant], Verdict] = fail_to_decide) -> None:
        self.waiting_room = WaitingRoom(lambda _, call, now: decide(call, now))

    def enter(self, number: int, verdict: Verdict, future: "Future[None] | None" = None) -> Waiter:
        call = Call(ExchangeId(number), Instant(0))
        waiter = Waiter(NO_HANDLER, call, verdict, future or get_running_loop().create_future())
        self.waiting_room.enter(waiter)
        return waiter

    def process_due(self, now: int) -> list[tuple[str, int]]:
        events = self.waiting_room.process_due(Instant(now))
        return [(event.event, event.request or 0) for event in events]


async def test_an_undecided_waiter_is_decided_again_and_started_before_answered() -> None:
    decisions: list[tuple[int, int]] = []

    def decide(call: Call, now: Instant) -> Verdict:
        decisions.append((call.exchange, now))
        return build_started(now) if len(decisions) == 1 else build_turned_away(20)

    room = NumberedRoom(decide)
    first, second = room.enter(1, build_undecided(10)), room.enter(2, build_undecided(10))
    assert room.waiting_room.process_due(Instant(10)) == [
        Event(Instant(10), "run-started", run=1, request=1),
        Event(Instant(10), "answered", request=1, outcome="started"),
    ]
    assert decisions == [(1, 10), (2, 10)]
    assert isinstance(first.verdict, Started)
    assert not second.answered.done()
    assert room.process_due(20) == [("answered", 2)]


async def test_a_review_goes_from_the_oldest_waiter_to_the_newest_and_changes_due_times() -> None:
    room = NumberedRoom()
    for number, due in ((1, 30), (2, 20), (3, 10)):
        room.enter(number, build_turned_away(due))
    review_order: list[int] = []

    def revise(waiter: Waiter) -> Verdict:
        review_order.append(waiter.call.exchange)
        return build_turned_away(5) if waiter.call.exchange == 1 else build_turned_away(100)

    room.waiting_room.review(revise)
    assert review_order == [1, 2, 3]
    assert room.waiting_room.next_due() == 5
    assert room.process_due(99) == [("answered", 1)]
    assert room.process_due(100) == [("answered", 2), ("answered", 3)]


async def test_a_waiter_whose_task_was_cancelled_leaves_the_room_like_any_other() -> None:
    room = NumberedRoom()
    waiter = room.enter(1, build_turned_away(10))
    waiter.answered.cancel()
    assert room.process_due(10) == [("answered", 1)]
    assert not room.waiting_room.waiters


class CountingFuture(Future[None]):
    """A future that needs no event loop and counts its results."""

    def __init__(self) -> None:
        self.results = 0

    def done(self) -> bool:
        return self.results > 0

    def set_result(self, _: None) -> None:
        self.results += 1


@given(
    dues=st.lists(st.integers(0, 50), max_size=30),
    moments=st.lists(st.integers(0, 60), max_size=20).map(sorted),
)
def test_every_waiter_is_answered_in_order_and_on_time(dues: list[int], moments: list[int]) -> None:
    room = NumberedRoom()
    futures = [CountingFuture() for _ in dues]
    for number, (due, future) in enumerate(zip(dues, futures, strict=True)):
        room.enter(number, Served(Instant(due)), future)
    for now in (*moments, 60):
        answered = [number for _, number in room.process_due(now)]
        assert answered == sorted(answered, key=lambda number: (dues[number], number))
        for due, future in zip(dues, futures, strict=True):
            assert future.done() == (due <= now)
    assert [future.results for future in futures] == [1] * len(dues)


def test_the_steady_clock_shows_the_time_of_day_and_never_steps_back() -> None:
    clock = make_steady_clock()
    times = [clock() for _ in range(1000)]
    assert times == sorted(times)
    assert abs(clock() - time.time_ns()) < 1_000_000_000
