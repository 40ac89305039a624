"""The limits of notes and bodies, integers in text, and text of clients in messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.openapi.schemas import Scalar
from superoffice_mock.errors import Rejected
from superoffice_mock.wire.values import (
    MAX_SHOWN_CHARS,
    BodyNotes,
    max_parts,
    parse_scalar,
    shorten,
    too_many_parts,
)

INTEGER = Scalar(frozenset({"integer"}))
TEXT = Scalar(frozenset({"string"}))


def test_at_most_twenty_notes_are_kept() -> None:
    assert not BodyNotes(10).is_full
    notes = BodyNotes(10)
    for number in range(19):
        notes.add(str(number))
    notes.add_unknown_member("/a", "b")
    assert notes.is_full
    notes.add("one too many")
    notes.add_unknown_member("/a", "one too many")
    assert notes.violations == [*map(str, range(19)), "/a/b: unknown member, ignored"]


@pytest.mark.claim("body-limit")
def test_the_limit_for_items_is_inclusive() -> None:
    notes = BodyNotes(10)
    notes.check_count(10, "/a")
    with pytest.raises(Rejected, match="/a: more than 10 items") as raised:
        notes.check_count(11, "/a")
    assert raised.value.status == 413


@pytest.mark.claim("body-limit")
def test_the_limit_for_parts_grows_with_the_body() -> None:
    assert max_parts("", 10) == 1_000
    assert max_parts("x" * 500, 10) == 1_050
    error = too_many_parts(1_050, "fields")
    assert (error.status, error.reason[:21]) == (413, "more than 1050 fields")


def test_only_decimal_digits_are_read_as_an_integer() -> None:
    for text, value in (
        *(("507", 507), ("-1", -1), ("+1", 1), (" 7\n", 7), ("007", 7), ("9" * 20, 10**20 - 1)),
        *(("", ""), ("1.0", "1.0"), ("1e2", "1e2"), ("0x1", "0x1"), ("1_0", "1_0"), ("--1", "--1")),
        *(("9" * 21, "9" * 21), ("\u0661", "\u0661"), ("1 2", "1 2"), ("+", "+"), ("true", "true")),
        *(("253\x1c", "253\x1c"), ("\u20037", "\u20037"), ("7\x00", "7\x00")),
    ):
        assert parse_scalar(text, INTEGER) == value, text
        assert parse_scalar(text, TEXT) == text, text


@pytest.mark.claim("text-ids")
@given(st.integers(-(2**31), 2**31 - 1))
def test_every_int32_is_read_from_its_digits(number: int) -> None:
    assert parse_scalar(str(number), INTEGER) == number


def test_shortened_text_is_printable_and_short() -> None:
    for text, expected in (
        ("AccountId", "AccountId"),
        ("a\r\nb\x1b[0m\u202e\ud800", "a\ufffd\ufffdb\ufffd[0m\ufffd\ufffd"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 60 + "…"),
    ):
        assert shorten(text) == expected, text


@given(st.text(st.characters()))
def test_any_text_is_shortened_to_printable_utf_8(text: str) -> None:
    assert shorten(text).isprintable()
    assert shorten(text).encode("utf-8")[:1] or not text
    assert len(shorten(text)) <= MAX_SHOWN_CHARS + 1
