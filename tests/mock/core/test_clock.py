"""A tenant's clock is a value: it runs with the real one, or stands where it was stopped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.clock import (
    Clock,
    FrozenClock,
    JumpingClock,
    RealClock,
    freeze,
    jump,
    real,
)
from superoffice_mock.core.sync_run import Instant

moments = st.integers(0, 10**19)
clocks = st.one_of(
    st.builds(RealClock, st.integers(0, 10**15)),
    st.builds(FrozenClock, moments.map(Instant)),
    st.builds(JumpingClock, moments.map(Instant)),
)


def test_a_real_clock_runs_ahead_of_the_real_one_by_the_same_time() -> None:
    assert RealClock().now(1_000) == 1_000
    assert RealClock(ahead=50).now(1_000) == 1_050


@pytest.mark.parametrize("clock", [FrozenClock(Instant(7)), JumpingClock(Instant(7))])
def test_a_stopped_clock_does_not_follow_the_real_one(clock: Clock) -> None:
    assert clock.now(1_000) == clock.now(2_000) == 7


def test_the_clocks_have_the_names_of_their_verbs() -> None:
    assert (RealClock.name, FrozenClock.name, JumpingClock.name) == ("real", "freeze", "jump")


@given(clocks, moments)
def test_a_change_of_clock_never_moves_the_tenants_time(clock: Clock, now: int) -> None:
    before = clock.now(now)
    changed = (real(clock, now), freeze(clock, now), jump(clock, now))
    assert [one.now(now) for one in changed] == [before, before, before]
    assert [type(one) for one in changed] == [RealClock, FrozenClock, JumpingClock]


@given(clocks, moments, st.integers(0, 10**12))
def test_a_clock_that_is_made_real_goes_on_with_the_real_one(
    clock: Clock, now: int, later: int
) -> None:
    assert real(clock, now).now(now + later) == clock.now(now) + later


def test_who_moves_a_clock_moves_one_that_stands_and_no_other() -> None:
    assert FrozenClock(Instant(7)).moved(Instant(9)) == FrozenClock(Instant(9))
    assert JumpingClock(Instant(7)).moved(Instant(9)) == JumpingClock(Instant(9))
    assert RealClock(ahead=50).moved(Instant(9)) == RealClock(ahead=50)
