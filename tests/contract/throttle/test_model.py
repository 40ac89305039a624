"""The model of the throttle, compared with schedules that were worked out by hand."""

import pytest

from superoffice_contract.throttle.model import SECOND, Arrival, Throttle
from superoffice_contract.throttle.state_machine import DEFAULTS

TWO, THREE = 1, 2
"""Accounts that take two and three seconds."""


def make_throttle(**readings: str) -> Throttle:
    return Throttle({TWO: 2 * SECOND, THREE: 3 * SECOND}, DEFAULTS | readings)


def outcome_of(arrival: Arrival) -> tuple[str, float | None]:
    """Return the outcome, and when the call was answered, in seconds."""
    answered_at = arrival.answered_at
    return arrival.outcome, None if answered_at is None else answered_at / SECOND


def test_a_call_during_a_run_is_turned_away_a_second_after_it_arrived() -> None:
    model = make_throttle()
    first = model.arrive([TWO])
    assert outcome_of(first) == ("started", 0)
    model.advance(SECOND // 2)
    second = model.arrive([TWO])
    model.advance(SECOND - 1)
    assert outcome_of(second) == ("turned_away", None)
    model.advance(1)
    assert outcome_of(second) == ("turned_away", 1.5)


def test_a_call_that_arrives_as_the_run_ends_starts() -> None:
    model = make_throttle()
    model.arrive([THREE])
    model.advance(3 * SECOND - 1)
    assert model.arrive([TWO]).outcome == "turned_away"
    model.advance(1)
    assert not model.is_busy
    assert outcome_of(model.arrive([TWO])) == ("started", 3)


def test_a_blocking_run_answers_when_it_ends() -> None:
    model = make_throttle(run="blocking")
    first = model.arrive([THREE])
    model.advance(2 * SECOND)
    assert outcome_of(first) == ("started", None)
    model.advance(5 * SECOND)
    assert outcome_of(first) == ("started", 3)


def test_calls_that_try_for_a_second_take_a_released_lease_oldest_first() -> None:
    model = make_throttle(busy="try-for-1s")
    model.arrive([TWO])
    model.advance(1_500_000)
    oldest, younger = model.arrive([THREE]), model.arrive([TWO])
    model.advance(5 * SECOND)
    assert outcome_of(oldest) == ("started", 2)
    assert outcome_of(younger) == ("turned_away", 2.5)
    assert model.lease_end == 5 * SECOND


def test_the_eleventh_account_waits_for_the_first_free_task() -> None:
    accounts = [TWO] + [THREE] * 9 + [THREE]
    model = make_throttle()
    model.arrive(accounts)
    assert model.lease_end == 5 * SECOND
    assert model.accounts_to_sync(accounts) == accounts


def test_ten_in_all_does_not_sync_the_eleventh_account() -> None:
    model = make_throttle(tasks="ten-in-all")
    accounts = [TWO] * 10 + [THREE]
    model.arrive(accounts)
    assert model.lease_end == 2 * SECOND
    assert model.accounts_to_sync(accounts) == [TWO] * 10


def test_an_account_that_is_listed_twice_is_synced_twice() -> None:
    assert make_throttle().run_length([TWO] * 11) == 4 * SECOND
    assert make_throttle().run_length([TWO] * 10) == 2 * SECOND


def test_an_empty_list_is_served_unless_a_run_is_under_way() -> None:
    model = make_throttle()
    assert outcome_of(model.arrive([])) == ("served", 0)
    assert not model.is_busy
    model.arrive([TWO])
    busy = model.arrive([])
    model.advance(SECOND)
    assert outcome_of(busy) == ("turned_away", 1)


@pytest.mark.parametrize("run", ["detached", "blocking"])
def test_an_empty_list_that_starts_a_run_has_a_run_without_length(run: str) -> None:
    model = make_throttle(empty="runs", run=run)
    assert outcome_of(model.arrive([])) == ("started", 0)
    assert not model.is_busy


def test_a_call_whose_client_disconnects_still_counts() -> None:
    model = make_throttle(busy="try-for-1s", run="blocking")
    first = model.arrive([TWO])
    model.hang_up(first)
    assert model.is_busy
    model.advance(1_500_000)
    second = model.arrive([THREE])
    model.hang_up(second)
    model.advance(SECOND)
    assert outcome_of(first) == ("started", 2)
    assert outcome_of(second) == ("started", None)


def test_a_blocking_call_that_withdraws_ends_its_run_and_the_oldest_waiting_call_starts() -> None:
    model = make_throttle(busy="try-for-1s", run="blocking", disconnect="withdraws")
    first = model.arrive([THREE])
    model.advance(SECOND)
    waiting_call = model.arrive([TWO])
    model.advance(200_000)
    model.hang_up(first)
    assert outcome_of(first) == ("started", 1.2)
    model.advance(5 * SECOND)
    assert outcome_of(waiting_call) == ("started", 3.2)


def test_a_waiting_call_that_withdraws_is_turned_away_and_the_next_one_starts() -> None:
    model = make_throttle(busy="try-for-1s", disconnect="withdraws")
    model.arrive([TWO])
    model.advance(1_200_000)
    withdrawn_call, next_call = model.arrive([TWO]), model.arrive([THREE])
    model.hang_up(withdrawn_call)
    assert outcome_of(withdrawn_call) == ("turned_away", 1.2)
    model.advance(SECOND)
    assert outcome_of(next_call) == ("started", 2)


def test_a_call_that_was_turned_away_or_answered_withdraws_nothing() -> None:
    model = make_throttle(disconnect="withdraws")
    first, second = model.arrive([THREE]), model.arrive([TWO])
    model.hang_up(second)
    model.hang_up(first)
    assert model.is_busy
    model.advance(SECOND)
    assert outcome_of(second) == ("turned_away", 1)


def test_a_hold_turns_calls_away_until_it_is_released() -> None:
    model = make_throttle(busy="try-for-1s")
    model.hold()
    turned_away = model.arrive([TWO])
    model.advance(1_500_000)
    waiting_call = model.arrive([TWO])
    model.advance(300_000)
    model.release()
    assert outcome_of(turned_away) == ("turned_away", 1)
    assert outcome_of(waiting_call) == ("started", 1.8)
    assert model.lease_end == 3_800_000


def test_the_release_of_a_blocking_run_answers_its_call() -> None:
    model = make_throttle(run="blocking")
    first = model.arrive([THREE])
    model.advance(SECOND)
    model.release()
    assert outcome_of(first) == ("started", 1)
    assert not model.is_busy
