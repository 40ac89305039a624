"""Schedules: made up, written as text, read again, and told in words."""

import sys

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from superoffice_mock.errors import SetupError
from superoffice_mock.testing.interleavings.schedules import (
    KINDS,
    LAST_CALL,
    MOST,
    TIMED,
    Happening,
    Schedule,
    read,
    schedules,
    written,
)


@given(schedules())
def test_what_is_written_is_read_as_the_same_schedule(schedule: Schedule) -> None:
    assert read(written(schedule)) == schedule


@given(schedules())
def test_a_schedule_is_small_in_order_and_made_of_what_there_is(schedule: Schedule) -> None:
    assert len(schedule) <= MOST
    assert list(schedule) == sorted(schedule, key=lambda one: one.before)
    for one in schedule:
        assert 1 <= one.before <= LAST_CALL
        assert (one.seconds is not None) == (one.kind in TIMED)


@given(st.sets(st.sampled_from(sorted(KINDS)), min_size=1).flatmap(lambda k: schedules([*k])))
def test_a_schedule_tells_itself_in_words(schedule: Schedule) -> None:
    for one in schedule:
        assert one.words.startswith(f"before call {one.before}: ")
        assert "{}" not in one.words


def test_the_simplest_schedule_is_the_empty_one() -> None:
    assert find(schedules(), lambda _: True) == ()
    assert written(()) == "nothing"


def test_only_kinds_that_are_asked_for_happen() -> None:
    assert find(schedules(["cut"]), bool) == (Happening(1, "cut"),)


def test_a_schedule_is_written_by_hand() -> None:
    assert read(" 2 busy,3 pass 1.5 ") == (Happening(2, "busy"), Happening(3, "pass", 1.5))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2 bussy", "did you mean 'busy'"),
        ("2 xyz", "there are busy, end"),
        ("busy", "nothing is called ''"),
        ("", "nothing is called ''"),
        ("0 busy", "write it as in '2 busy"),
        ("two busy", "write it as in '2 busy"),
        ("2 pass", "write it as in '2 busy"),
        ("2 pass -1", "write it as in '2 busy"),
        ("2 pass nan", "write it as in '2 busy"),
        ("2 busy 5", "write it as in '2 busy"),
        ("2 pass 1 2", "write it as in '2 busy"),
    ],
)
def test_text_that_is_no_schedule_is_told_how_to_be_one(text: str, told: str) -> None:
    with pytest.raises(SetupError, match=told):
        read(text)


def test_a_kind_that_is_unknown_is_told() -> None:
    with pytest.raises(SetupError, match=r"kinds=\['cutt'\].*did you mean 'cut'"):
        schedules(["cutt"])


def test_without_hypothesis_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(SetupError, match=r"pip install 'superoffice-mock\[explore\]'"):
        schedules()
