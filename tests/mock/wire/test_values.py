"""Notes are bounded, and what callers wrote is shown short and clean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.openapi.schemas import Scalar
from superoffice_mock.errors import Rejected
from superoffice_mock.wire.values import (
    LONGEST_SHOWN,
    Notes,
    from_text,
    most_parts,
    shorten,
    too_many,
)

INTEGER = Scalar(frozenset({"integer"}))
TEXT = Scalar(frozenset({"string"}))


def test_notes_stop_at_twenty() -> None:
    assert not Notes(10).full
    notes = Notes(10)
    for number in range(19):
        notes.note(str(number))
    notes.unknown_member("/a", "b")
    assert notes.full
    notes.note("one too many")
    notes.unknown_member("/a", "one too many")
    assert notes.violations == [*map(str, range(19)), "/a/b: unknown member, ignored"]


@pytest.mark.claim("body-limit")
def test_limits_are_met_by_as_many_and_broken_by_one_more() -> None:
    notes = Notes(10)
    notes.check_count(10, "/a")
    with pytest.raises(Rejected, match="/a: more than 10 items") as caught:
        notes.check_count(11, "/a")
    assert caught.value.status == 413


@pytest.mark.claim("body-limit")
def test_a_body_may_have_as_many_parts_as_described_ones_fit_in_and_some_more() -> None:
    assert most_parts("", 10) == 1_000
    assert most_parts("x" * 500, 10) == 1_050
    error = too_many(1_050, "fields")
    assert (error.status, error.reason[:21]) == (413, "more than 1050 fields")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("507", 507), ("-1", -1), ("+1", 1), (" 7\n", 7), ("007", 7), ("9" * 20, 10**20 - 1)),
        *(("", ""), ("1.0", "1.0"), ("1e2", "1e2"), ("0x1", "0x1"), ("1_0", "1_0"), ("--1", "--1")),
        *(("9" * 21, "9" * 21), ("\u0661", "\u0661"), ("1 2", "1 2"), ("+", "+"), ("true", "true")),
        *(("253\x1c", "253\x1c"), ("\u20037", "\u20037"), ("7\x00", "7\x00")),
    ],
)
def test_text_is_an_integer_only_where_it_is_decimal_digits(text: str, value: object) -> None:
    assert from_text(text, INTEGER) == value
    assert from_text(text, TEXT) == text


@pytest.mark.claim("text-ids")
@given(st.integers(-(2**31), 2**31 - 1))
def test_every_int32_is_read_back_from_its_digits(number: int) -> None:
    assert from_text(str(number), INTEGER) == number


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("AccountId", "AccountId"),
        ("a\r\nb\x1b[0m\u202e\ud800", "a\ufffd\ufffdb\ufffd[0m\ufffd\ufffd"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 60 + "…"),
    ],
)
def test_what_is_shown_is_printable_and_short(text: str, clean: str) -> None:
    assert shorten(text) == clean


@given(st.text(st.characters()))
def test_whatever_is_shown_can_be_written_anywhere(text: str) -> None:
    assert shorten(text).isprintable()
    assert shorten(text).encode("utf-8")[:1] or not text
    assert len(shorten(text)) <= LONGEST_SHOWN + 1
