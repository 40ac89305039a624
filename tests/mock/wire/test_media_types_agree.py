"""A payload has the same accounts in all seven media types and every charset."""

from codecs import BOM_UTF8
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mock.wire.builders import (
    FORM,
    JSON_TYPES,
    OPERATION,
    XML_TYPES,
    Account,
    read_accounts,
    read_body,
    write_form,
    write_json,
    write_xml,
)

UNICODE = {
    "": "utf-8",
    "; charset=utf-8": "utf-8",
    "; charset=UTF-8; q=1": "utf-8-sig",
    ";charset=utf-16": "utf-16",
    "; charset=utf-16le": "utf-16-le",
    '; charset="utf-16be"': "utf-16-be",
}
"""The parameters of the Content-Type, and Python's name of the encoding."""

free_objects = st.recursive(
    st.text("Full \u00e9&<", max_size=4),
    lambda inner: st.dictionaries(st.text("Mask", min_size=1, max_size=3), inner, min_size=1),
    max_leaves=6,
).filter(lambda value: isinstance(value, dict))
"""Nested objects with text in them. None is empty, as a form can't express that."""
ids = st.integers(-(2**31), 2**31 - 1)
any_letter = st.characters(min_codepoint=0x20, exclude_categories=["Cc", "Cs", "Cn"])
latin_letter = st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"])


def payloads(letters: st.SearchStrategy[str]) -> st.SearchStrategy[list[Account]]:
    names = st.none() | st.text(letters, max_size=10)
    accounts = st.builds(
        Account, ids, names, ids, st.none() | free_objects, st.none() | free_objects
    )
    return st.lists(accounts, min_size=1, max_size=12)


# No control characters: XML can't contain most of them, and normalizes line ends.


def bodies(payload: Sequence[Account], charset: str) -> dict[str, str]:
    """Return *payload* in each media type; form escapes are bytes of *charset*."""
    as_text = {
        **dict.fromkeys(JSON_TYPES, write_json(payload)),
        **dict.fromkeys(XML_TYPES, write_xml(payload)),
        FORM: write_form(payload, charset),
    }
    assert set(as_text) == set(OPERATION.bodies)
    return as_text


@pytest.mark.claim("same-effect", "charset", "media-types", "patch-types-plain", "duplicates")
@given(payloads(any_letter), st.sampled_from(list(UNICODE)))
def test_a_payload_has_the_same_accounts_in_all_types_and_unicode_charsets(
    payload: list[Account], parameters: str
) -> None:
    for media_type, text in bodies(payload, "utf-8").items():
        content_type, raw = media_type + parameters, text.encode(UNICODE[parameters])
        assert read_accounts(content_type, raw) == payload
        assert read_body(content_type, raw).violations == ()


@pytest.mark.claim("same-effect", "carrier-members", "form-shape")
def test_a_free_object_is_the_same_in_all_types() -> None:
    for media_type in OPERATION.bodies:
        rights = {"AccountId": {"FieldRight": {"Mask": "Full", "Reason": ""}, "FieldType": "Int"}}
        payload = [Account(507, "tje0", 874, {"Mask": "Full"}, rights)]
        assert read_accounts(media_type, bodies(payload, "utf-8")[media_type]) == payload, (
            media_type
        )


@pytest.mark.claim("same-effect", "charset")
@given(payloads(latin_letter))
def test_a_payload_has_the_same_accounts_in_all_types_in_latin_1(payload: list[Account]) -> None:
    for media_type, text in bodies(payload, "latin-1").items():
        assert read_accounts(f"{media_type}; charset=iso-8859-1", text.encode("latin-1")) == payload


@pytest.mark.claim("charset")
def test_a_byte_order_mark_takes_precedence_over_the_charset() -> None:
    for media_type in OPERATION.bodies:
        payload = [Account(507, "Walker & Søn", 874)]
        text = bodies(payload, "utf-8")[media_type]
        assert read_accounts(f"{media_type}; charset=utf-8", text.encode("utf-16")) == payload, (
            media_type
        )
        assert (
            read_accounts(f"{media_type}; charset=utf-16", BOM_UTF8 + text.encode()) == payload
        ), media_type
