"""The query of a call: `$select`, typed values, and names that are not described."""

from collections.abc import Mapping
from typing import Any

import pytest

from superoffice_contract.openapi.operations import Parameter
from superoffice_contract.openapi.schemas import Scalar
from superoffice_mock.errors import Rejected
from superoffice_mock.wire.query import Query, read_query


def parameters(*, required: bool = False, **shapes: Scalar) -> Mapping[str, Parameter]:
    """The described parameters by name in lower case; `select` stands for `$select`."""
    names = {name: "$select" if name == "select" else name for name in shapes}
    return {
        names[name].lower(): Parameter(names[name], "query", shape, required, "")
        for name, shape in shapes.items()
    }


def scalar(*types: str, **changes: Any) -> Scalar:
    return Scalar(frozenset(types), **changes)


def read_value(text: str, shape: Scalar) -> Any:
    return read_query(f"value={text}".encode(), parameters(value=shape)).values["value"]


INTEGER = scalar("integer")
TEXT = scalar("string")
SELECT_AND_LIMIT = parameters(select=TEXT, Limit=scalar("integer"))


# ---- values ----------------------------------------------------------------------------------


def test_a_value_has_the_type_of_its_parameter() -> None:
    few, short = scalar("integer", minimum=1, maximum=3), scalar("integer", "string", maximum=8)
    number, boolean, either = scalar("number"), scalar("boolean"), scalar("integer", "string")
    for text, shape, value in (
        *(("7", INTEGER, 7), ("-7", INTEGER, -7), ("%2B7", INTEGER, 7), ("007", INTEGER, 7)),
        *(("1", few, 1), ("3", few, 3), ("7", number, 7.0), ("-1.5e2", number, -150.0)),
        *(("true", boolean, True), ("FALSE", boolean, False), ("", TEXT, ""), ("7", TEXT, "7")),
        *(("a%20b+c%C3%A4", TEXT, "a b cä"), ("7", either, 7), ("x", either, "x")),
        *(("9", short, "9"), ("x", scalar("string", "null"), "x")),
        ("DESC", scalar("string", values=("asc", "Desc")), "Desc"),
        ("2", scalar("integer", values=(1, 2)), 2),
        ("1", scalar("string", "integer", values=("1", 1)), "1"),
        ("2026-11-30T09:30:00", scalar("string", format="date-time"), "2026-11-30T09:30:00"),
    ):
        actual = read_value(text, shape)
        assert (actual, type(actual)) == (value, type(value)), (text, shape)


def test_a_value_of_another_type_is_rejected_with_what_is_expected() -> None:
    few = scalar("integer", minimum=1, maximum=3)
    one_of = scalar("string", "integer", "null", values=("asc", "desc", 1, None))
    for text, shape, expected in (
        *((text, INTEGER, "an integer") for text in ("x", "", "1.0", "1_000", "1" * 21)),
        *((text, few, "an integer from 1 to 3") for text in ("0", "4")),
        ("-1", scalar("integer", minimum=0), "an integer from 0"),
        ("4", scalar("integer", maximum=3), "an integer to 3"),
        *((text, scalar("number"), "a number") for text in ("x", "NaN", "1e999")),
        ("2.5", scalar("number", maximum=2), "a number to 2"),
        ("1", scalar("boolean"), "a boolean"),
        ("x", scalar("integer", "boolean"), "an integer or a boolean"),
        ("up", one_of, "one of asc, desc, 1, None"),
        ("None", one_of, "one of asc, desc, 1, None"),
        ("now", scalar("string", format="date-time"), "a date-time such as"),
    ):
        with pytest.raises(Rejected) as caught:
            read_value(text, shape)
        assert caught.value.status == 400
        assert caught.value.reason.startswith(f"?value: expected {expected}")
        assert f", got '{text[:10]}" in caught.value.reason


def test_names_are_in_any_case_and_the_last_value_of_a_name_counts() -> None:
    query = read_query(b"limit=1&LIMIT=2&$SELECT=a&$select=b,c", SELECT_AND_LIMIT)
    assert query == Query({"Limit": 2}, ("b", "c"))
    with pytest.raises(Rejected, match=r"\?Limit: expected an integer, got 'x'"):
        read_query(b"limit=x&limit=2", SELECT_AND_LIMIT)


@pytest.mark.claim("query-names", "select-param")
def test_select_is_read_as_paths_and_is_no_value() -> None:
    for raw in (b"$select=name,%20category/id", b"%24select=name,category/id"):
        assert read_query(raw, SELECT_AND_LIMIT) == Query(select=("name", "category/id"))
    assert read_query(b"$select=", SELECT_AND_LIMIT).select == ()
    assert read_query(b"", SELECT_AND_LIMIT).select is None


def test_unknown_names_are_noted_and_ignored() -> None:
    query = read_query(b"debug&limit=3&=1&%C3%A4=2", SELECT_AND_LIMIT)
    assert query.values == {"Limit": 3}
    assert query.notes == tuple(
        f"?{name}: unknown query parameter, ignored" for name in ("debug", "", "ä")
    )
    assert read_query(b"$select=a", {}).notes == ("?$select: unknown query parameter, ignored",)


def test_a_required_parameter_that_is_missing_is_rejected() -> None:
    limit = scalar("integer", minimum=1, maximum=9)
    for raw in (b"", b"other=1"):
        with pytest.raises(Rejected) as caught:
            read_query(raw, parameters(required=True, limit=limit))
        assert caught.value.reason == "?limit: missing; send an integer from 1 to 9"
        assert caught.value.status == 400
    assert read_query(b"limit=0009", parameters(required=True, limit=limit)).values == {"limit": 9}
    select = parameters(required=True, select=TEXT)
    assert read_query(b"$select=", select).select == ()
    with pytest.raises(Rejected, match=r"\?\$select: missing; send a string"):
        read_query(b"select=a", select)
