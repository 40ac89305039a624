"""Faults as values: which calls they strike, how often, and always the same ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.faults import (
    GARBAGE,
    NO_FAULTS,
    Breakage,
    Chance,
    Delay,
    Each,
    Effect,
    Every,
    Expiry,
    Fault,
    Faults,
    Refusal,
    Rule,
    garbage,
)
from superoffice_mock.core.sync_run import seconds
from tests.mock.core.builders import fresh

SYNC = "SyncEmailAccounts"
OTHER = "AnotherCall"
BUSY = Refusal(503)

numbers = st.integers(1, 60)
seeds = st.integers(0, 2**53 - 1)
chances = st.floats(0.0, 1.0, exclude_min=True)


def armed(*faults: Fault) -> Faults:
    return NO_FAULTS.replaced(faults)


def struck(faults: Faults, calls: int, operation: str = SYNC) -> list[int | None]:
    """Return, for each of so many calls, the id of the fault that struck it."""
    found: list[int | None] = []
    for _ in range(calls):
        faults, fault = faults.strike(operation)
        found.append(None if fault is None else fault.id)
    return found


def picked(rule: Rule, calls: int) -> list[int]:
    """Return the numbers of the calls that *rule* picks."""
    return [number for number in range(1, calls + 1) if rule.picks(number)]


# ---- which calls -----------------------------------------------------------------------------


def test_without_a_fault_nothing_is_struck() -> None:
    assert NO_FAULTS.strike(SYNC) == (NO_FAULTS, None)


def test_a_fault_strikes_the_next_call_and_no_more() -> None:
    assert struck(armed(Fault(BUSY)), 3) == [1, None, None]


@given(times=numbers, calls=numbers)
def test_a_fault_strikes_as_often_as_it_was_told(times: int, calls: int) -> None:
    assert struck(armed(Fault(BUSY, times=times)), calls).count(1) == min(times, calls)


@given(nth=numbers, calls=numbers)
def test_every_nth_call_is_struck(nth: int, calls: int) -> None:
    found = struck(armed(Fault(BUSY, Every(nth), times=None)), calls)
    assert [n for n, id_ in enumerate(found, 1) if id_] == list(range(nth, calls + 1, nth))


@given(nth=numbers, times=numbers, calls=numbers)
def test_times_is_the_most_that_every_strikes(nth: int, times: int, calls: int) -> None:
    found = struck(armed(Fault(BUSY, Every(nth), times=times)), calls)
    assert found.count(1) == min(times, calls // nth)


@given(probability=chances, seed=seeds, calls=numbers)
def test_the_same_seed_picks_the_same_calls(probability: float, seed: int, calls: int) -> None:
    fault = Fault(BUSY, Chance(probability, seed), times=None)
    found = struck(armed(fault), calls)
    assert found == struck(armed(fault), calls)
    assert [n for n, id_ in enumerate(found, 1) if id_] == picked(Chance(probability, seed), calls)


@given(seed=seeds)
def test_a_probability_of_one_picks_all(seed: int) -> None:
    assert picked(Chance(1.0, seed), 50) == list(range(1, 51))


@given(seed=seeds, low=chances, high=chances)
def test_a_higher_probability_picks_what_a_lower_one_does_and_more(
    seed: int, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    assert set(picked(Chance(low, seed), 50)) <= set(picked(Chance(high, seed), 50))


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_about_as_many_calls_are_picked_as_the_probability_says(probability: float) -> None:
    share = len(picked(Chance(probability, 7), 4_000)) / 4_000
    assert abs(share - probability) < 0.03


def test_other_seeds_pick_other_calls() -> None:
    found = {tuple(picked(Chance(0.5, seed), 40)) for seed in range(20)}
    assert len(found) == 20


def test_a_fault_of_another_operation_neither_strikes_nor_counts() -> None:
    faults = armed(Fault(BUSY, Every(2), OTHER, times=None))
    for _ in range(3):
        faults, fault = faults.strike(SYNC)
        assert fault is None
    assert faults.each[0].seen == 0
    assert struck(faults, 2, OTHER) == [None, 1]


# ---- several ---------------------------------------------------------------------------------


def test_faults_strike_in_the_order_in_which_they_were_armed() -> None:
    faults = armed(Fault(BUSY, times=2), Fault(Breakage("stall")), Fault(Expiry(), times=None))
    assert struck(faults, 5) == [1, 1, 2, 3, 3]


def test_every_nth_counts_the_calls_that_another_fault_struck() -> None:
    faults = armed(Fault(BUSY, times=2), Fault(Expiry(), Every(3), times=None))
    assert struck(faults, 6) == [1, 1, 2, None, None, 2]


@given(
    st.lists(st.tuples(st.sampled_from([Each(), Every(2), Chance(0.5, 3)]), numbers), max_size=5)
)
def test_at_most_one_fault_strikes_a_call_and_each_firing_is_counted(
    told: list[tuple[Rule, int]],
) -> None:
    faults = armed(*(Fault(BUSY, rule, times=times) for rule, times in told))
    found = []
    for _ in range(30):
        before = faults
        faults, fault = faults.strike(SYNC)
        fired = [b.fired - a.fired for a, b in zip(before.each, faults.each, strict=True)]
        assert sum(fired) == (fault is not None)
        found.append(fault)
    counts = [sum(one is not None and one.id == fault.id for one in found) for fault in faults.each]
    assert counts == [fault.fired for fault in faults.each]
    assert all(fault.fired <= (fault.times or 0) for fault in faults.each)


def test_who_strikes_is_returned_as_it_is_after_it_struck() -> None:
    faults, fault = armed(Fault(BUSY, times=2)).strike(SYNC)
    assert fault is faults.each[0]
    assert (fault.fired, fault.seen, fault.armed) == (1, 1, True)


# ---- arming ----------------------------------------------------------------------------------


def test_an_id_never_comes_again() -> None:
    faults = armed(Fault(BUSY), Fault(BUSY)).replaced([Fault(BUSY)]).replaced([])
    assert [one.id for one in faults.with_fault(Fault(BUSY)).each] == [4]


def test_the_oldest_spent_fault_goes_where_there_is_no_room() -> None:
    faults, _ = armed(Fault(BUSY), Fault(BUSY, Each(), OTHER), Fault(BUSY)).strike(SYNC)
    assert [one.id for one in faults.with_fault(Fault(BUSY), room=3).each] == [2, 3, 4]
    assert [one.id for one in faults.with_fault(Fault(BUSY), room=4).each] == [1, 2, 3, 4]
    assert faults.armed == 2


@pytest.mark.parametrize(
    ("effect", "answers"),
    [(BUSY, True), (Expiry(), True), (Breakage("stall"), True), (Delay(seconds(1)), False)],
)
def test_a_delay_alone_does_not_end_a_call(effect: Effect, *, answers: bool) -> None:
    assert Fault(effect).answers is answers


def test_a_state_tells_which_fault_struck_and_remembers_it() -> None:
    state = fresh().with_faults(armed(Fault(BUSY)))
    state, fault = state.struck(SYNC)
    assert fault is not None
    assert state.struck(SYNC)[1] is None
    assert state.faults.each[0].fired == 1


# ---- random data -----------------------------------------------------------------------------


@given(seed=seeds, number=numbers)
def test_random_data_is_the_same_for_a_seed_and_a_firing_and_no_http(
    seed: int, number: int
) -> None:
    data = garbage(seed, number)
    assert data == garbage(seed, number)
    assert data != garbage(seed, number + 1)
    assert data != garbage(seed + 1, number)
    assert len(data) == GARBAGE
    assert not data.startswith(b"HTTP")
