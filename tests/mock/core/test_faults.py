"""Faults as values: on which calls they fire, how often, and always on the same ones."""

from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.faults import (
    GARBAGE_SIZE,
    NO_FAULTS,
    Breakage,
    Chance,
    Delay,
    ErrorAnswer,
    EveryNth,
    Expiry,
    Fault,
    Faults,
    Rule,
    garbage_bytes,
)
from superoffice_mock.core.sync_run import seconds

SYNC = "SyncEmailAccounts"
OTHER = "AnotherCall"
BUSY = ErrorAnswer(503)

numbers = st.integers(1, 60)
seeds = st.integers(0, 2**53 - 1)
probabilities = st.floats(0.0, 1.0, exclude_min=True)


def arm(*faults: Fault) -> Faults:
    return NO_FAULTS.replace_all(faults)


def fire(faults: Faults, calls: int, operation: str = SYNC) -> list[int | None]:
    """Make *calls* calls and return the id of the fault that fired on each."""
    fired_ids: list[int | None] = []
    for _ in range(calls):
        faults, fault = faults.fire(operation)
        fired_ids.append(None if fault is None else fault.id)
    return fired_ids


def matching_numbers(rule: Rule, calls: int) -> list[int]:
    return [number for number in range(1, calls + 1) if rule.matches(number)]


@given(nth=st.none() | numbers, times=st.none() | numbers, calls=numbers)
def test_a_fault_fires_on_every_or_every_nth_call_as_often_as_times_says(
    nth: int | None, times: int | None, calls: int
) -> None:
    rule = None if nth is None else EveryNth(nth)
    fired_ids = fire(arm(Fault(BUSY, rule, times=times)), calls)
    expected = [*range(nth or 1, calls + 1, nth or 1)][:times]
    assert [number for number, id_ in enumerate(fired_ids, 1) if id_] == expected


@given(probability=probabilities, seed=seeds, calls=numbers)
def test_the_same_seed_matches_the_same_calls(probability: float, seed: int, calls: int) -> None:
    rule = Chance(probability, seed)
    fired_ids = fire(arm(Fault(BUSY, rule, times=None)), calls)
    assert fired_ids == fire(arm(Fault(BUSY, rule, times=None)), calls)
    assert [n for n, id_ in enumerate(fired_ids, 1) if id_] == matching_numbers(rule, calls)


@given(seed=seeds)
def test_a_probability_of_one_matches_every_call(seed: int) -> None:
    assert matching_numbers(Chance(1.0, seed), 50) == list(range(1, 51))


@given(seed=seeds, low=probabilities, high=probabilities)
def test_a_higher_probability_matches_all_of_a_lower(seed: int, low: float, high: float) -> None:
    low, high = sorted((low, high))
    low_numbers = matching_numbers(Chance(low, seed), 50)
    assert set(low_numbers) <= set(matching_numbers(Chance(high, seed), 50))


def test_the_share_of_matching_calls_is_about_the_probability() -> None:
    for probability in (0.1, 0.5, 0.9):
        share = len(matching_numbers(Chance(probability, 7), 4_000)) / 4_000
        assert abs(share - probability) < 0.03, probability


def test_other_seeds_match_other_calls() -> None:
    assert len({tuple(matching_numbers(Chance(0.5, seed), 40)) for seed in range(20)}) == 20


def test_a_fault_of_another_operation_neither_fires_nor_counts_the_call() -> None:
    faults = arm(Fault(BUSY, EveryNth(2), OTHER, times=None))
    for _ in range(3):
        faults, fault = faults.fire(SYNC)
        assert fault is None
    assert faults.items[0].eligible_calls == 0
    assert fire(faults, 2, OTHER) == [None, 1]


def test_faults_fire_in_the_order_in_which_they_were_armed() -> None:
    faults = arm(Fault(BUSY, times=2), Fault(Breakage("stall")), Fault(Expiry(), times=None))
    assert fire(faults, 5) == [1, 1, 2, 3, 3]


def test_every_nth_counts_calls_on_which_another_fault_fires() -> None:
    faults = arm(Fault(BUSY, times=2), Fault(Expiry(), EveryNth(3), times=None))
    assert fire(faults, 6) == [1, 1, 2, None, None, 2]


@given(
    st.lists(st.tuples(st.sampled_from([None, EveryNth(2), Chance(0.5, 3)]), numbers), max_size=5)
)
def test_at_most_one_fault_fires_on_a_call_and_each_firing_is_counted(
    rules_and_times: list[tuple[Rule | None, int]],
) -> None:
    faults = arm(*(Fault(BUSY, rule, times=times) for rule, times in rules_and_times))
    fired_ids = []
    for _ in range(30):
        before = faults
        faults, fault = faults.fire(SYNC)
        firings = [b.fired - a.fired for a, b in zip(before.items, faults.items, strict=True)]
        assert sum(firings) == (fault is not None)
        fired_ids.append(None if fault is None else fault.id)
    assert [fired_ids.count(fault.id) for fault in faults.items] == [
        fault.fired for fault in faults.items
    ]
    assert all(fault.fired <= (fault.times or 0) for fault in faults.items)


def test_the_fault_that_fired_is_returned_in_its_new_state() -> None:
    faults, fault = arm(Fault(BUSY, times=2)).fire(SYNC)
    assert fault is faults.items[0]
    assert (fault.fired, fault.eligible_calls, fault.armed) == (1, 1, True)


def test_an_id_is_never_reused() -> None:
    faults = arm(Fault(BUSY), Fault(BUSY)).replace_all([Fault(BUSY)]).replace_all([])
    assert [fault.id for fault in faults.with_fault(Fault(BUSY)).items] == [4]


def test_the_oldest_spent_fault_makes_room_for_a_new_one() -> None:
    faults, _ = arm(Fault(BUSY), Fault(BUSY, None, OTHER), Fault(BUSY)).fire(SYNC)
    for max_faults, ids in ((3, [2, 3, 4]), (4, [1, 2, 3, 4])):
        items = faults.with_fault(Fault(BUSY), max_faults=max_faults).items
        assert [fault.id for fault in items] == ids
    assert faults.armed_count == 2


def test_every_effect_except_a_delay_ends_the_call() -> None:
    for effect in (BUSY, Expiry(), Breakage("stall")):
        assert Fault(effect).ends_call, effect
    assert not Fault(Delay(seconds(1))).ends_call


@given(seed=seeds, number=numbers)
def test_random_data_depends_on_seed_and_firing_and_is_not_http(seed: int, number: int) -> None:
    data = garbage_bytes(seed, number)
    assert data == garbage_bytes(seed, number)
    assert data != garbage_bytes(seed, number + 1)
    assert data != garbage_bytes(seed + 1, number)
    assert len(data) == GARBAGE_SIZE
    assert not data.startswith(b"HTTP")
