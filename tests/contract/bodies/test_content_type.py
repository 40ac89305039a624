"""The Content-Type header, and the text of a body in each charset."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.bodies.content_type import (
    CHARSETS,
    MAX_CACHED_LENGTH,
    MediaType,
    decode_text,
    parse_content_type,
)
from superoffice_contract.errors import InvalidBody
from tests.contract.bodies.builders import JSON


@pytest.mark.claim("sample-charset", "charset")
def test_a_content_type_has_a_media_type_and_an_optional_charset() -> None:
    for content_type, expected in (
        *(("application/json", (JSON, None)), ("Application/JSON", (JSON, None))),
        *(("application/json; charset=utf-8", (JSON, "utf-8")), ("", ("", None))),
        *(("application/json;charset=UTF-8", (JSON, "utf-8")), (" text/xml ;", ("text/xml", None))),
        ('application/json; charset="utf-8"', (JSON, "utf-8")),
        ("application/json; Charset = utf-8; q=1", (JSON, "utf-8")),
        ("text/xml; boundary=x; charset=ISO-8859-1", ("text/xml", "latin-1")),
        ("text/xml; charset=utf-16", ("text/xml", "utf-16-le")),
        ("text/xml; mycharset=utf-7", ("text/xml", None)),
    ):
        assert parse_content_type(content_type) == MediaType(*expected), content_type


def test_only_short_values_stay_parsed_in_memory() -> None:
    for length, is_kept in ((MAX_CACHED_LENGTH, True), (MAX_CACHED_LENGTH + 1, False)):
        content_type = "text/xml;".ljust(length, "x")
        first = parse_content_type(content_type)
        assert (parse_content_type(content_type) is first) is is_kept, length


@pytest.mark.claim("charset-unknown")
def test_an_unknown_charset_gets_a_415_that_lists_known_ones() -> None:
    for charset in (
        *("utf-7", "", '""', "windows-1252", "utf 8", "utf-8-sig", "unicode_escape", "x" * 99),
    ):
        with pytest.raises(
            InvalidBody, match=r"Content-Type: unknown charset .*send utf-8"
        ) as raised:
            parse_content_type(f"application/json; charset={charset}")
        assert raised.value.status == 415, charset
        assert len(str(raised.value)) < 130, charset


@pytest.mark.claim("charset")
def test_a_byte_order_mark_decides_but_is_text_in_latin_1() -> None:
    assert decode_text(BOM_UTF16_BE + "é€".encode("utf-16-be"), "utf-16-le") == "é€"
    assert decode_text(BOM_UTF16_LE + "é€".encode("utf-16-le"), None) == "é€"
    assert decode_text(BOM_UTF8 + b"\xe9", "latin-1") == "ï»¿é"
    assert decode_text(BOM_UTF16_LE, "latin-1") == "ÿþ"


@pytest.mark.claim("charset-broken")
def test_bytes_that_are_invalid_in_the_charset_get_a_400() -> None:
    for body, charset, reason in (
        (b"ab\xff", None, "the body is not utf-8: byte 2 cannot be decoded"),
        (b"\xc0\x80", "utf-8", "the body is not utf-8: byte 0 cannot be decoded"),
        (b"\xed\xa0\x80", "utf-8", "the body is not utf-8: byte 0 cannot be decoded"),
        (BOM_UTF8 + b"\xe9", None, "the body is not utf-8: byte 0 cannot be decoded"),
        (b"a\x00b", "utf-16-le", "the body is not utf-16-le: byte 2 cannot be decoded"),
        (b"\x00\xd8", "utf-16-le", "the body is not utf-16-le: byte 0 cannot be decoded"),
        (BOM_UTF16_BE + b"\xd8\x00", None, "the body is not utf-16-be: byte 0 cannot be decoded"),
    ):
        with pytest.raises(InvalidBody) as raised:
            decode_text(body, charset)
        assert (raised.value.status, str(raised.value)) == (400, reason), (body, charset)


@pytest.mark.claim("charset")
@given(st.text(), st.sampled_from([None, "utf-8", "utf-16-le", "utf-16-be"]))
def test_encoded_text_is_decoded_with_and_without_a_byte_order_mark(
    content: str, charset: str | None
) -> None:
    encoding = charset or "utf-8"
    assert decode_text(f"\ufeff{content}".encode(encoding), charset) == content
    assert decode_text(content.encode("utf-16"), "utf-16") == content


@given(st.binary(), st.sampled_from([None, *sorted(set(CHARSETS.values()))]))
def test_any_bytes_are_valid_text_or_rejected(body: bytes, charset: str | None) -> None:
    with suppress(InvalidBody):
        text = decode_text(body, charset)
        assert text.encode("utf-8").decode("utf-8") == text
