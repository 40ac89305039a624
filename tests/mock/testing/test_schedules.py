"""Schedules: generated, formatted as text, parsed again and described."""

import sys

import pytest
from hypothesis import find, given

from superoffice_mock.errors import SetupError
from superoffice_mock.testing.interleavings.schedules import (
    LAST_CALL,
    MAX_EVENTS,
    TIMED_KINDS,
    Schedule,
    ScheduledEvent,
    format_schedule,
    parse_schedule,
    schedules,
)


@given(schedules())
def test_a_formatted_schedule_is_parsed_to_the_same_schedule(schedule: Schedule) -> None:
    assert parse_schedule(format_schedule(schedule)) == schedule


@given(schedules())
def test_a_generated_schedule_is_small_ordered_and_describes_itself(schedule: Schedule) -> None:
    assert len(schedule) <= MAX_EVENTS
    assert list(schedule) == sorted(schedule, key=lambda event: event.before)
    for event in schedule:
        assert 1 <= event.before <= LAST_CALL
        assert (event.seconds is not None) == (event.kind in TIMED_KINDS)
        description = event.describe()
        assert description.startswith(f"before call {event.before}: ")
        assert "{}" not in description


def test_the_simplest_schedule_is_the_empty_one_and_only_the_given_kinds_are_generated() -> None:
    assert find(schedules(), lambda _: True) == ()
    assert format_schedule(()) == "nothing"
    assert find(schedules(["cut"]), bool) == (ScheduledEvent(1, "cut"),)
    with pytest.raises(SetupError, match=r"kinds=\['cutt'\].*did you mean 'cut'"):
        schedules(["cutt"])


def test_a_schedule_can_be_written_by_hand() -> None:
    assert parse_schedule(" 2 busy,3 pass 1.5 ") == (
        ScheduledEvent(2, "busy"),
        ScheduledEvent(3, "pass", 1.5),
    )


def test_invalid_text_is_an_error_that_shows_a_valid_schedule() -> None:
    usage = "such as '2 busy, 3 pass 1.5'"
    invalid = {
        "2 bussy": "did you mean 'busy'",
        "2 xyz": "there are busy, end",
        "busy": "there is no kind ''",
        "": "there is no kind ''",
        "0 busy": usage,
        "two busy": usage,
        "2 pass": usage,
        "2 pass -1": usage,
        "2 pass nan": usage,
        "2 busy 5": usage,
        "2 pass 1 2": usage,
    }
    for text, message in invalid.items():
        with pytest.raises(SetupError) as raised:
            parse_schedule(text)
        assert message in str(raised.value), text


def test_without_hypothesis_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    message = r"explore needs hypothesis, .* pip install '\.\[explore\]'"
    with pytest.raises(SetupError, match=message):
        schedules()
