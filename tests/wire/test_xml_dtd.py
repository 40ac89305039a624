"""No DTD reaches expat, whatever charset and prolog it hides in."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import suppress
from xml.parsers import expat

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from superoffice_mock.errors import Rejected
from superoffice_mock.wire.xml_body import refuse_dtd
from tests.mock.wire.builders import XML, accounts, refused, xml_of

REASON = "the XML has a DTD; send it without <!DOCTYPE>"
ENTITIES = "".join(
    f'<!ENTITY {name} "{f"&{inner};" * 10}">'
    for name, inner in zip("bcdefghij", "abcdefghi", strict=True)
)
LAUGHS = f'<!DOCTYPE r [<!ENTITY a "ha">{ENTITIES}]>' + xml_of("&j;")
DTDS = {
    "plain": "<!DOCTYPE SyncEmailAccountsRequest>" + xml_of(""),
    "external": '<!DOCTYPE r SYSTEM "file:///etc/passwd">' + xml_of(""),
    "entity": '<!DOCTYPE r [<!ENTITY a SYSTEM "http://127.0.0.1:1/">]>' + xml_of("&a;"),
    "laughs": LAUGHS,
    "declared": f'<?xml version="1.0"?>\n{LAUGHS}',
    "behind": f'<?xml version="1.0"?><!-- <a> --> <?p <a>?>\n<!---->{LAUGHS}',
    "unclosed": "<!DOCTYPE r [",
}


@pytest.mark.claim("xml-dtd")
@pytest.mark.parametrize("body", DTDS.values(), ids=DTDS)
@pytest.mark.parametrize(
    ("charset", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", BOM_UTF8),
        ("utf-8", BOM_UTF8 + BOM_UTF8),
        ("utf-16-le", BOM_UTF16_LE),
        ("utf-16-be", BOM_UTF16_BE),
        ("utf-16-le", BOM_UTF16_LE + BOM_UTF16_LE),
    ],
)
def test_a_dtd_is_refused_in_every_charset(body: str, charset: str, mark: bytes) -> None:
    assert refused(XML, mark + body.encode(charset)) == (400, REASON)


@pytest.mark.claim("xml-dtd")
@pytest.mark.parametrize(
    ("named", "charset"),
    [
        ("utf-16le", "utf-16-le"),
        ("utf-16be", "utf-16-be"),
        ("utf-16", "utf-16-le"),
        ("utf-16", "utf-16"),
        ("utf-8", "utf-16"),
        ("iso-8859-1", "latin-1"),
    ],
)
def test_a_dtd_is_refused_in_the_charset_of_content_type(named: str, charset: str) -> None:
    assert refused(f"{XML}; charset={named}", LAUGHS.encode(charset)) == (400, REASON)


@pytest.mark.claim("xml-dtd")
@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("body", DTDS.values(), ids=DTDS)
def test_a_dtd_cannot_hide_in_utf_16_that_nothing_tells_of(body: str, charset: str) -> None:
    # Found by the bombs: expat, though given text, guesses UTF-16 where every other byte is NUL.
    status, reason = refused(XML, body.encode(charset))
    assert (status, "it has a NUL" in reason) == (400, True)


@pytest.mark.parametrize(
    "body",
    [
        f"<!-- <!DOCTYPE r> -->{xml_of('')}",
        f"<?p <!DOCTYPE r>?>{xml_of('')}",
        xml_of("<!-- <!DOCTYPE r> -->"),
        xml_of("<![CDATA[ ]]><!-- <!DOCTYPE r> --><?p <!DOCTYPE r>?>"),
    ],
)
def test_the_word_alone_is_no_dtd(body: str) -> None:
    assert accounts(XML, body) == []


@pytest.mark.claim("charset")
@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("utf-8", "utf-8"),
        ("UTF-8", "utf-8"),
        ("iso-8859-1", "latin-1"),
        ("utf-16", "utf-16"),
        ("utf-16", "utf-8"),
        ("us-ascii", "utf-8"),
    ],
)
def test_the_declared_charset_counts_where_content_type_has_none(
    declared: str, encoding: str
) -> None:
    name = "<SyncUserAccount><AssociateName>é</AssociateName></SyncUserAccount>"
    body = f"<?xml version='1.0' encoding='{declared}'?>{xml_of(name)}"
    assert [one.name for one in accounts(XML, body.encode(encoding))] == ["é"]


@pytest.mark.claim("charset")
def test_the_charset_of_content_type_counts_more_than_the_declared_one() -> None:
    name = "<SyncUserAccount><AssociateName>é</AssociateName></SyncUserAccount>"
    body = f'<?xml version="1.0" encoding="iso-8859-1"?>{xml_of(name)}'
    assert [one.name for one in accounts(f"{XML}; charset=utf-8", body.encode())] == ["é"]


@pytest.mark.claim("charset-unknown")
def test_an_unknown_declared_charset_is_a_400() -> None:
    body = '<?xml version="1.0" encoding="UTF-7"?><a/>'
    assert refused(XML, body) == (400, "the XML declares the unknown encoding utf-7")


pieces = st.sampled_from(
    [
        *("<!DOCTYPE r>", "<!DOCTYPE r [<!ENTITY a 'b'>]>", "<!DOCTYPE", "<!doctype r>", "<!"),
        *("<?xml version='1.0'?>", "<?p ?>", "<?p", "?>", "<!-- c -->", "<!--", "-->", "--", "->"),
        *(" ", "\n", "\t", "\r", "\x0b", "\x0c", "\x85", "\xa0", "\u2028", "\ufeff", "\0"),
        *("<r/>", "<r>", "</r>", "<![CDATA[", "]]>", ">", "&a;", "x", "[", "]", "'", '"'),
    ]
)


def has_doctype(text: str) -> bool:
    """Tell whether expat itself, given *text* as the reader gives it, finds a DTD."""
    found: list[str] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda name, *_: found.append(name)
    with suppress(expat.ExpatError):
        parser.Parse(text, True)
    return bool(found)


@pytest.mark.claim("xml-dtd")
@given(st.lists(pieces, max_size=8).map("".join) | st.lists(pieces, max_size=3).map("".join))
@example("\ufeff<!DOCTYPE r><r/>")
@example("<?xml version='1.0'?>\n<!DOCTYPE r><r/>")
def test_of_a_prolog_that_passes_expat_never_sees_a_dtd(text: str) -> None:
    try:
        refuse_dtd(text)
    except Rejected:
        return
    assert not has_doctype(text)
