"""Content-Type taken apart, and the text of a body in each charset."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.openapi.charsets import CHARSETS
from superoffice_mock.errors import Rejected
from superoffice_mock.wire.content_type import Media, parse, text


@pytest.mark.claim("sample-charset", "charset")
@pytest.mark.parametrize(
    ("content_type", "media"),
    [
        ("application/json", Media("application/json", None)),
        ("Application/JSON", Media("application/json", None)),
        (" text/xml ;", Media("text/xml", None)),
        ("application/json; charset=utf-8", Media("application/json", "utf-8")),
        ("application/json;charset=UTF-8", Media("application/json", "utf-8")),
        ('application/json; charset="utf-8"', Media("application/json", "utf-8")),
        ("application/json; Charset = utf-8; q=1", Media("application/json", "utf-8")),
        ("text/xml; boundary=x; charset=ISO-8859-1", Media("text/xml", "latin-1")),
        ("text/xml; charset=utf-16", Media("text/xml", "utf-16-le")),
        ("text/xml; mycharset=utf-7", Media("text/xml", None)),
        ("", Media("", None)),
    ],
)
def test_a_content_type_has_a_type_and_perhaps_a_charset(content_type: str, media: Media) -> None:
    assert parse(content_type) == media


@pytest.mark.claim("charset-unknown")
@pytest.mark.parametrize(
    "charset", ["utf-7", "", '""', "windows-1252", "utf 8", "utf-8-sig", "unicode_escape", "x" * 99]
)
def test_an_unknown_charset_is_a_415_that_names_known_ones(charset: str) -> None:
    with pytest.raises(Rejected, match=r"Content-Type: unknown charset .*send utf-8") as caught:
        parse(f"application/json; charset={charset}")
    assert caught.value.status == 415
    assert len(caught.value.reason) < 130


@pytest.mark.claim("charset")
@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("é€".encode(), None),
        ("é€".encode(), "utf-8"),
        (BOM_UTF8 + "é€".encode(), None),
        (BOM_UTF8 + "é€".encode(), "utf-8"),
        (BOM_UTF16_LE + "é€".encode("utf-16-le"), "utf-16"),
        (BOM_UTF16_BE + "é€".encode("utf-16-be"), "utf-16"),
        (BOM_UTF16_BE + "é€".encode("utf-16-be"), "utf-16-le"),
        (BOM_UTF16_LE + "é€".encode("utf-16-le"), None),
        ("é€".encode("utf-16-le"), "utf-16"),
        ("é€".encode("utf-16-le"), "utf-16-le"),
        ("é€".encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_a_body_is_read_by_its_mark_or_else_by_its_charset(
    body: bytes, charset: str | None
) -> None:
    assert text(body, charset) == "é€"


def test_in_latin_1_the_bytes_of_a_mark_are_letters() -> None:
    assert text(BOM_UTF8 + b"\xe9", "latin-1") == "ï»¿é"
    assert text(BOM_UTF16_LE, "latin-1") == "ÿþ"


@pytest.mark.claim("charset-broken")
@pytest.mark.parametrize(
    ("body", "charset", "reason"),
    [
        (b"ab\xff", None, "the body is not utf-8: byte 2 cannot be decoded"),
        (b"\xc0\x80", "utf-8", "the body is not utf-8: byte 0 cannot be decoded"),
        (b"\xed\xa0\x80", "utf-8", "the body is not utf-8: byte 0 cannot be decoded"),
        (BOM_UTF8 + b"\xe9", None, "the body is not utf-8: byte 0 cannot be decoded"),
        (b"a\x00b", "utf-16", "the body is not utf-16: byte 2 cannot be decoded"),
        (b"\x00\xd8", "utf-16-le", "the body is not utf-16-le: byte 0 cannot be decoded"),
        (BOM_UTF16_BE + b"\xd8\x00", None, "the body is not utf-16-be: byte 0 cannot be decoded"),
    ],
)
def test_bytes_that_are_not_of_the_charset_are_a_400(
    body: bytes, charset: str | None, reason: str
) -> None:
    with pytest.raises(Rejected) as caught:
        text(body, charset)
    assert (caught.value.status, caught.value.reason) == (400, reason)


@pytest.mark.claim("charset")
@given(st.text(), st.sampled_from([None, "utf-8", "utf-16-le", "utf-16-be"]))
def test_what_was_encoded_is_decoded_with_and_without_a_mark(
    content: str, charset: str | None
) -> None:
    encoding = charset or "utf-8"
    assert text(f"\ufeff{content}".encode(encoding), charset) == content
    assert text(content.encode("utf-16"), "utf-16") == content


@given(st.binary(), st.sampled_from([None, *sorted(set(CHARSETS.values()))]))
def test_any_bytes_are_text_or_refused_and_never_half_a_surrogate(
    body: bytes, charset: str | None
) -> None:
    with suppress(Rejected):
        decoded = text(body, charset)
        assert decoded.encode("utf-8").decode("utf-8") == decoded
