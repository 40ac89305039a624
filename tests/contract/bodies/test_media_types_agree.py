"""A payload has the same accounts in all seven media types and every charset."""

import json
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.bodies.writers import write_form, write_xml
from tests.contract.bodies.builders import (
    FORM,
    JSON_TYPES,
    OPERATION,
    XML,
    XML_TYPES,
    Account,
    members_of,
    read_accounts,
    read_body,
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
# No control characters: XML can't contain most of them, and normalizes line ends.
any_letter = st.characters(min_codepoint=0x20, exclude_categories=["Cc", "Cs", "Cn"])
latin_letter = st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"])


def payloads(letters: st.SearchStrategy[str]) -> st.SearchStrategy[list[Account]]:
    names, carriers = st.none() | st.text(letters, max_size=10), st.none() | free_objects
    accounts = st.builds(Account, ids, names, ids, carriers, carriers)
    return st.lists(accounts, min_size=1, max_size=12)


def bodies(payload: list[Account], charset: str) -> dict[str, str]:
    """Return *payload* in each media type; form escapes are bytes of *charset*."""
    value = {"SyncUserAccounts": [members_of(account) for account in payload]}
    fields = parse_qsl(write_form(value).decode(), keep_blank_values=True)
    return {
        **dict.fromkeys(JSON_TYPES, json.dumps(value, ensure_ascii=False)),
        **dict.fromkeys(XML_TYPES, write_xml(value, OPERATION.bodies[XML].shape).decode()),
        FORM: urlencode(fields, encoding=charset),
    }


@pytest.mark.claim("same-effect", "charset", "media-types", "patch-types-plain", "duplicates")
@pytest.mark.claim("carrier-members", "form-shape")
@given(payloads(any_letter), st.sampled_from(list(UNICODE)))
def test_a_payload_has_the_same_accounts_in_all_types_and_unicode_charsets(
    payload: list[Account], parameters: str
) -> None:
    as_text = bodies(payload, "utf-8")
    assert set(as_text) == set(OPERATION.bodies)
    for media_type, text in as_text.items():
        content_type, raw = media_type + parameters, text.encode(UNICODE[parameters])
        assert read_accounts(content_type, raw) == payload
        assert read_body(content_type, raw).violations == ()


@pytest.mark.claim("same-effect", "charset")
@given(payloads(latin_letter))
def test_a_payload_has_the_same_accounts_in_all_types_in_latin_1(payload: list[Account]) -> None:
    for media_type, text in bodies(payload, "latin-1").items():
        assert read_accounts(f"{media_type}; charset=iso-8859-1", text.encode("latin-1")) == payload


@pytest.mark.claim("charset")
def test_a_byte_order_mark_takes_precedence_over_the_charset() -> None:
    payload = [Account(507, "Walker & Søn", 874)]
    for media_type, text in bodies(payload, "utf-8").items():
        for charset, raw in (
            ("utf-8", text.encode("utf-16")),
            ("utf-16", text.encode("utf-8-sig")),
        ):
            assert read_accounts(f"{media_type}; charset={charset}", raw) == payload, media_type
