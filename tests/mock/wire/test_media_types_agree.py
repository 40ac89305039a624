"""One payload syncs the same accounts in all seven media types and every charset."""

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
    accounts,
    as_form,
    as_json,
    as_xml,
    read,
)

UNICODE = {
    "": "utf-8",
    "; charset=utf-8": "utf-8",
    "; charset=UTF-8; q=1": "utf-8-sig",
    ";charset=utf-16": "utf-16",
    "; charset=utf-16le": "utf-16-le",
    '; charset="utf-16be"': "utf-16-be",
}
"""What follows the media type -> how such a body is encoded."""

carriers = st.recursive(
    st.text("Full \u00e9&<", max_size=4),
    lambda inner: st.dictionaries(st.text("Mask", min_size=1, max_size=3), inner, min_size=1),
    max_leaves=6,
).filter(lambda value: isinstance(value, dict))
"""Members of members of texts: none are empty, as a form can't say so."""
ids = st.integers(-(2**31), 2**31 - 1)


def listed(letters: st.SearchStrategy[str]) -> st.SearchStrategy[list[Account]]:
    names = st.none() | st.text(letters, max_size=10)
    one = st.builds(Account, ids, names, ids, st.none() | carriers, st.none() | carriers)
    return st.lists(one, min_size=1, max_size=12)


# No control characters: XML cannot carry most of them, and makes one of two line ends.
any_letter = st.characters(min_codepoint=0x20, exclude_categories=["Cc", "Cs", "Cn"])
latin_letter = st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"])


def bodies(payload: Sequence[Account], charset: str) -> dict[str, str]:
    """Return *payload* in each media type; form escapes are bytes of *charset*."""
    as_text = {
        **dict.fromkeys(JSON_TYPES, as_json(payload)),
        **dict.fromkeys(XML_TYPES, as_xml(payload)),
        FORM: as_form(payload, charset),
    }
    assert set(as_text) == set(OPERATION.bodies)
    return as_text


@pytest.mark.claim("same-effect", "charset", "media-types", "patch-types-plain", "duplicates")
@given(listed(any_letter), st.sampled_from(list(UNICODE)))
def test_a_payload_has_the_same_accounts_in_all_types_and_unicode_charsets(
    payload: list[Account], named: str
) -> None:
    for media_type, text in bodies(payload, "utf-8").items():
        raw = text.encode(UNICODE[named])
        assert accounts(media_type + named, raw) == payload
        assert read(media_type + named, raw).violations == ()


@pytest.mark.claim("same-effect", "carrier-members", "form-shape")
@pytest.mark.parametrize("media_type", OPERATION.bodies)
def test_a_carrier_as_the_service_sends_it_is_read_alike_in_all_types(media_type: str) -> None:
    rights = {"AccountId": {"FieldRight": {"Mask": "Full", "Reason": ""}, "FieldType": "Int"}}
    payload = [Account(507, "tje0", 874, {"Mask": "Full"}, rights)]
    assert accounts(media_type, bodies(payload, "utf-8")[media_type]) == payload


@pytest.mark.claim("same-effect", "charset")
@given(listed(latin_letter))
def test_a_payload_has_the_same_accounts_in_all_types_in_latin_1(payload: list[Account]) -> None:
    for media_type, text in bodies(payload, "latin-1").items():
        assert accounts(f"{media_type}; charset=iso-8859-1", text.encode("latin-1")) == payload


@pytest.mark.claim("charset")
@pytest.mark.parametrize("media_type", OPERATION.bodies)
def test_a_mark_counts_more_than_the_named_charset(media_type: str) -> None:
    payload = [Account(507, "Walker & Søn", 874)]
    text = bodies(payload, "utf-8")[media_type]
    assert accounts(f"{media_type}; charset=utf-8", text.encode("utf-16")) == payload
    assert accounts(f"{media_type}; charset=utf-16", BOM_UTF8 + text.encode()) == payload
