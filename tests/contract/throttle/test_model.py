"""The model of the throttle, held against schedules that were worked out by hand."""

import pytest

from superoffice_contract.throttle.model import SECOND, Arrival, Throttle
from superoffice_contract.throttle.state_machine import DEFAULTS

TWO, THREE = 1, 2
"""Accounts that take two and three seconds."""


def throttle(**readings: str) -> Throttle:
    return Throttle({TWO: 2 * SECOND, THREE: 3 * SECOND}, DEFAULTS | readings)


def told(arrival: Arrival) -> tuple[str, float | None]:
    """The outcome, and when the caller was answered, in seconds."""
    answered = arrival.answered_at
    return arrival.outcome, None if answered is None else answered / SECOND


def test_a_caller_during_a_run_is_turned_away_a_second_after_it_came() -> None:
    model = throttle()
    first = model.arrive([TWO])
    assert told(first) == ("started", 0)
    model.advance(SECOND // 2)
    second = model.arrive([TWO])
    model.advance(SECOND - 1)
    assert told(second) == ("turned_away", None)
    model.advance(1)
    assert told(second) == ("turned_away", 1.5)


def test_a_caller_who_comes_as_the_run_ends_starts() -> None:
    model = throttle()
    model.arrive([THREE])
    model.advance(3 * SECOND - 1)
    assert model.arrive([TWO]).outcome == "turned_away"
    model.advance(1)
    assert not model.busy
    assert told(model.arrive([TWO])) == ("started", 3)


def test_a_blocking_run_answers_when_it_ends() -> None:
    model = throttle(run="blocking")
    first = model.arrive([THREE])
    model.advance(2 * SECOND)
    assert told(first) == ("started", None)
    model.advance(5 * SECOND)
    assert told(first) == ("started", 3)


def test_those_who_try_for_a_second_take_a_lease_that_frees_oldest_first() -> None:
    model = throttle(busy="try-for-1s")
    model.arrive([TWO])
    model.advance(1_500_000)
    oldest, other = model.arrive([THREE]), model.arrive([TWO])
    model.advance(5 * SECOND)
    assert told(oldest) == ("started", 2)
    assert told(other) == ("turned_away", 2.5)
    assert model.lease_end == 5 * SECOND


def test_ten_tasks_take_eleven_accounts_in_order_and_the_eleventh_waits_for_the_first_free() -> (
    None
):
    accounts = [TWO] + [THREE] * 9 + [THREE]
    model = throttle()
    model.arrive(accounts)
    assert model.lease_end == 5 * SECOND
    assert model.synced(accounts) == accounts


def test_ten_in_all_leaves_the_eleventh_out() -> None:
    model = throttle(tasks="ten-in-all")
    accounts = [TWO] * 10 + [THREE]
    model.arrive(accounts)
    assert model.lease_end == 2 * SECOND
    assert model.synced(accounts) == [TWO] * 10


def test_an_account_that_is_listed_twice_is_synced_twice() -> None:
    assert throttle().length([TWO] * 11) == 4 * SECOND
    assert throttle().length([TWO] * 10) == 2 * SECOND


def test_an_empty_list_is_served_unless_a_run_is_under_way() -> None:
    model = throttle()
    assert told(model.arrive([])) == ("served", 0)
    assert not model.busy
    model.arrive([TWO])
    busy = model.arrive([])
    model.advance(SECOND)
    assert told(busy) == ("turned_away", 1)


@pytest.mark.parametrize("run", ["detached", "blocking"])
def test_an_empty_list_that_runs_has_a_run_without_length(run: str) -> None:
    model = throttle(empty="runs", run=run)
    assert told(model.arrive([])) == ("started", 0)
    assert not model.busy


def test_a_caller_who_hangs_up_still_counts() -> None:
    model = throttle(busy="try-for-1s", run="blocking")
    first = model.arrive([TWO])
    model.hang_up(first)
    assert model.busy
    model.advance(1_500_000)
    gone = model.arrive([THREE])
    model.hang_up(gone)
    model.advance(SECOND)
    assert told(first) == ("started", 2)
    assert told(gone) == ("started", None)


def test_a_blocking_caller_who_withdraws_ends_the_run_and_the_oldest_waiter_starts() -> None:
    model = throttle(busy="try-for-1s", run="blocking", disconnect="withdraws")
    first = model.arrive([THREE])
    model.advance(SECOND)
    waiter = model.arrive([TWO])
    model.advance(200_000)
    model.hang_up(first)
    assert told(first) == ("started", 1.2)
    model.advance(5 * SECOND)
    assert told(waiter) == ("started", 3.2)


def test_a_waiter_who_withdraws_is_turned_away_and_leaves_its_turn_to_the_next() -> None:
    model = throttle(busy="try-for-1s", disconnect="withdraws")
    model.arrive([TWO])
    model.advance(1_200_000)
    gone, next_one = model.arrive([TWO]), model.arrive([THREE])
    model.hang_up(gone)
    assert told(gone) == ("turned_away", 1.2)
    model.advance(SECOND)
    assert told(next_one) == ("started", 2)


def test_one_who_was_turned_away_or_answered_has_nothing_to_withdraw() -> None:
    model = throttle(disconnect="withdraws")
    first, second = model.arrive([THREE]), model.arrive([TWO])
    model.hang_up(second)
    model.hang_up(first)
    assert model.busy
    model.advance(SECOND)
    assert told(second) == ("turned_away", 1)


def test_a_hold_turns_callers_away_until_it_is_released() -> None:
    model = throttle(busy="try-for-1s")
    model.hold()
    lost = model.arrive([TWO])
    model.advance(1_500_000)
    waiter = model.arrive([TWO])
    model.advance(300_000)
    model.release()
    assert told(lost) == ("turned_away", 1)
    assert told(waiter) == ("started", 1.8)
    assert model.lease_end == 3_800_000


def test_the_release_of_a_blocking_run_answers_its_caller() -> None:
    model = throttle(run="blocking")
    first = model.arrive([THREE])
    model.advance(SECOND)
    model.release()
    assert told(first) == ("started", 1)
    assert not model.busy
