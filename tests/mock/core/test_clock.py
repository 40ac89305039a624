"""A tenant's clock as a value, and the ends of tasks and runs that a moved clock reports."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.clock import (
    Clock,
    FrozenClock,
    JumpingClock,
    RealClock,
    end_events,
    make_clock,
)
from superoffice_mock.core.sync_run import ExchangeId, Instant, RunId, SyncRun
from tests.mock.core.builders import at, durations, ids

RUN = SyncRun(RunId(7), ExchangeId(3), ids(1, 2, 3), durations(5, {1: 2, 3: 0}), at(0), at(5))
moments = st.integers(0, 10**19)
clocks = st.one_of(
    st.builds(RealClock, st.integers(0, 10**15)),
    st.builds(FrozenClock, moments.map(Instant)),
    st.builds(JumpingClock, moments.map(Instant)),
)


@given(clocks, moments, st.integers(0, 10**12))
def test_another_kind_of_clock_shows_the_same_time(clock: Clock, now: int, later: int) -> None:
    time = clock.now(now)
    for kind in (RealClock, FrozenClock, JumpingClock):
        new_clock = make_clock(kind, time, now)
        assert (type(new_clock), new_clock.now(now)) == (kind, time)
        assert new_clock.now(now + later) == (time + later if kind is RealClock else time), kind


def test_only_a_stopped_clock_can_be_moved() -> None:
    assert FrozenClock(Instant(7)).move_to(Instant(9)) == FrozenClock(Instant(9))
    assert JumpingClock(Instant(7)).move_to(Instant(9)) == JumpingClock(Instant(9))
    assert RealClock(offset=50).move_to(Instant(9)) == RealClock(offset=50)


@pytest.mark.claim("lease-end")
def test_ends_of_tasks_and_of_the_run_are_reported_in_order_within_an_interval() -> None:
    """An interval excludes its start and includes its end; times are seconds after the start."""
    for after, until, expected in (
        (0, 1.9, []),
        (0, 2, [(2, "task-ended", 1)]),
        (2, 4.9, []),
        (2, 5, [(5, "task-ended", 2), (5, "run-ended", None)]),
        (0, 99, [(2, "task-ended", 1), (5, "task-ended", 2), (5, "run-ended", None)]),
    ):
        events = end_events(RUN, at(after), at(until))
        assert [
            ((event.at - at(0)) / 10**9, event.event, event.task) for event in events
        ] == expected, (after, until)
