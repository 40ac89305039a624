"""`Accept`: the type that it likes best, never a 406."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.wire.error_body import ERROR_TYPES
from superoffice_mock.wire.headers import preferred

JSON, TEXT_JSON, XML, TEXT_XML = ERROR_TYPES


@pytest.mark.claim("error-format")
@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        ("application/json; charset=utf-8", JSON),
        ("application/xml", XML),
        ("Application/XML", XML),
        ("text/xml", TEXT_XML),
        ("text/json", TEXT_JSON),
        ("text/*", TEXT_JSON),
        ("application/*", JSON),
        ("application", JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", XML),
        ("application/xml;q=0.5, application/json;q=0.4", XML),
        ("application/xml;q=0.5, application/json", JSON),
        ("application/xml, */*", XML),
        ("application/xml;q=1, */*;q=1", XML),
        ("application/xml;q=0.2, */*;q=0.8", JSON),
        ("application/xml, application/json", JSON),
        ("application/json;q=0, */*", TEXT_JSON),
        ("application/json;q=0, text/json;q=0, application/xml", XML),
        ("application/json;q=0.1, application/xml;q=0.5, text/*;q=0, */*;q=0.8", XML),
        ("text/xml;version=1;q=0.9, text/json;q=0.8", TEXT_XML),
        (",, application/xml ,", XML),
    ],
)
def test_the_best_liked_type_is_preferred(accept: str, media_type: str) -> None:
    assert preferred(accept, ERROR_TYPES) == media_type


@pytest.mark.claim("never-406")
@pytest.mark.parametrize(
    "accept",
    [
        *("image/png", "*/*;q=0", "application/xml;q=0", "application/xml;q=x", "nonsense", ";"),
        *("application/xml;q=nan", "application/xml;q=-1", "/", "application/xml;q="),
    ],
)
def test_what_nobody_can_give_gets_json(accept: str) -> None:
    assert preferred(accept, ERROR_TYPES) == JSON


def test_a_quality_beyond_one_counts_as_one() -> None:
    assert preferred("application/xml;q=7, text/xml;q=inf, application/json", ERROR_TYPES) == JSON


@pytest.mark.claim("never-406", "negotiation-ignored")
@given(
    st.text()
    | st.lists(st.sampled_from(["text/xml", "*/*", ";q=", "0.5", ",", "text"])).map("".join)
)
def test_any_accept_names_one_of_the_types(accept: str) -> None:
    assert preferred(accept, ERROR_TYPES) in ERROR_TYPES
