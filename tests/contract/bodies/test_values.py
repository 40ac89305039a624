"""The limits of notes and bodies, and numbers and booleans in text."""

import pytest

from superoffice_contract.bodies.values import BodyNotes, check_parts, parse_scalar
from superoffice_contract.errors import InvalidBody
from superoffice_contract.openapi.schemas import Scalar

NUMBER = Scalar(frozenset({"number"}))
BOOLEAN = Scalar(frozenset({"boolean", "null"}))
INTEGER = Scalar(frozenset({"integer"}))
TEXT = Scalar(frozenset({"string"}))


def test_a_message_shows_text_of_the_client_unless_it_may_be_a_secret() -> None:
    for name, shown, hidden in (
        ("Colour", "Colour", "'Colour'"),
        ("a b", "a b", "a member"),
        ("x" * 200, "x" * 120 + "…", "a member"),
    ):
        assert BodyNotes().quote(name, "a member") == shown
        assert BodyNotes(hide_text=True).quote(name, "a member") == hidden


@pytest.mark.claim("body-limit")
def test_the_limit_for_parts_grows_with_the_body() -> None:
    assert check_parts(1_000, 0, 10, "fields") == 1_000
    assert check_parts(1_050, 500, 10, "fields") == 1_050
    with pytest.raises(InvalidBody, match="more than 1050 fields in a body of this s") as raised:
        check_parts(1_051, 509, 10, "fields")
    assert raised.value.status == 413


def test_only_decimal_digits_are_read_as_an_integer() -> None:
    for text, value in (
        *(("507", 507), ("-1", -1), ("+1", 1), (" 7\n", 7), ("007", 7), ("9" * 20, 10**20 - 1)),
        *(("", ""), ("1.0", "1.0"), ("1e2", "1e2"), ("0x1", "0x1"), ("1_0", "1_0"), ("--1", "--1")),
        *(("9" * 21, "9" * 21), ("\u0661", "\u0661"), ("1 2", "1 2"), ("+", "+"), ("true", "true")),
        *(("253\x1c", "253\x1c"), ("\u20037", "\u20037"), ("7\x00", "7\x00")),
    ):
        assert parse_scalar(text, INTEGER) == value, text
        assert parse_scalar(text, TEXT) == text, text


def test_numbers_and_booleans_are_read_where_they_are_described() -> None:
    for text, number, boolean in (
        *(("507", 507.0, "507"), (" -1.5\n", -1.5, " -1.5\n"), ("+2e3", 2000.0, "+2e3")),
        *(("true", "true", True), (" False ", " False ", False), ("1.", "1.", "1.")),
        *(("1e999", "1e999", "1e999"), ("nan", "nan", "nan"), ("\u0661", "\u0661", "\u0661")),
        *(("9" * 101, "9" * 101, "9" * 101), ("\xa0true", "\xa0true", "\xa0true")),
    ):
        assert parse_scalar(text, NUMBER) == number, text
        assert parse_scalar(text, BOOLEAN) == boolean, text
