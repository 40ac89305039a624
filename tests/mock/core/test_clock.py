"""A tenant's clock as a value: it runs with the real clock, or stands still."""

from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.clock import (
    Clock,
    FrozenClock,
    JumpingClock,
    RealClock,
    freeze,
    jump,
    resume,
)
from superoffice_mock.core.sync_run import Instant

moments = st.integers(0, 10**19)
clocks = st.one_of(
    st.builds(RealClock, st.integers(0, 10**15)),
    st.builds(FrozenClock, moments.map(Instant)),
    st.builds(JumpingClock, moments.map(Instant)),
)


def test_a_real_clock_is_ahead_of_real_time_by_a_constant_offset() -> None:
    assert RealClock().now(1_000) == 1_000
    assert RealClock(offset=50).now(1_000) == 1_050


def test_a_stopped_clock_does_not_follow_real_time() -> None:
    for clock in (FrozenClock(Instant(7)), JumpingClock(Instant(7))):
        assert clock.now(1_000) == clock.now(2_000) == 7, clock


def test_each_clock_has_the_name_of_its_control_call() -> None:
    assert (RealClock.name, FrozenClock.name, JumpingClock.name) == ("real", "freeze", "jump")


@given(clocks, moments)
def test_another_kind_of_clock_shows_the_same_time(clock: Clock, now: int) -> None:
    time = clock.now(now)
    changed_clocks = (resume(clock, now), freeze(clock, now), jump(clock, now))
    assert [changed.now(now) for changed in changed_clocks] == [time, time, time]
    assert [type(changed) for changed in changed_clocks] == [RealClock, FrozenClock, JumpingClock]


@given(clocks, moments, st.integers(0, 10**12))
def test_a_resumed_clock_follows_real_time(clock: Clock, now: int, later: int) -> None:
    assert resume(clock, now).now(now + later) == clock.now(now) + later


def test_only_a_stopped_clock_can_be_moved() -> None:
    assert FrozenClock(Instant(7)).move_to(Instant(9)) == FrozenClock(Instant(9))
    assert JumpingClock(Instant(7)).move_to(Instant(9)) == JumpingClock(Instant(9))
    assert RealClock(offset=50).move_to(Instant(9)) == RealClock(offset=50)
