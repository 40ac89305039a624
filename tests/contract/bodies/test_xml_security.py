"""XML with DTDs and entity bombs: rejected quickly, in little memory and in every charset."""

import tracemalloc
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import Final, NamedTuple
from xml.parsers import expat

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from superoffice_contract.bodies.xml_body import refuse_dtd
from superoffice_contract.errors import InvalidBody
from tests.contract.bodies.builders import (
    MEBIBYTE,
    XML,
    Account,
    read_accounts,
    rejection,
    wrap_xml,
)
from tests.support.cpu_time import usual_seconds

MAX_SECONDS: Final = 0.05
MAX_BYTES: Final = 5_000_000
REASON = "the XML has a DTD; send it without <!DOCTYPE>"
pieces = st.sampled_from(
    [
        *("<!DOCTYPE r>", "<!DOCTYPE r [<!ENTITY a 'b'>]>", "<!DOCTYPE", "<!doctype r>", "<!"),
        *("<?xml version='1.0'?>", "<?p ?>", "<?p", "?>", "<!-- c -->", "<!--", "-->", "--", "->"),
        *(" ", "\n", "\t", "\r", "\x0b", "\x0c", "\x85", "\xa0", "\u2028", "\ufeff", "\0"),
        *("<r/>", "<r>", "</r>", "<![CDATA[", "]]>", ">", "&a;", "x", "[", "]", "'", '"'),
    ]
)


def _nested_entities(levels: int, breadth: int) -> str:
    names = "abcdefghijklmnopqrst"[: levels + 1]
    entities = "".join(
        f'<!ENTITY {outer} "{f"&{inner};" * breadth}">' for inner, outer in pairwise(names)
    )
    return f'<!DOCTYPE r [<!ENTITY a "ha">{entities}]>' + wrap_xml(f"&{names[-1]};")


def _repeated_entity() -> str:
    """Return an entity of half a mebibyte with more than a hundred thousand references to it."""
    entity = f'<!DOCTYPE r [<!ENTITY a "{"x" * (MEBIBYTE // 2)}">]>'
    return entity + wrap_xml("&a;" * ((MEBIBYTE - len(entity) - 200) // 3))


BOMBS: Final = {
    "billion laughs": _nested_entities(9, 10),
    "million laughs": _nested_entities(19, 1000),
    "quadratic blow-up": _repeated_entity(),
    "in an attribute": f'<!DOCTYPE r [<!ENTITY a "{"x" * 60_000}">]><r a="{"&a;" * 20_000}"/>',
    "in a default attribute": f'<!DOCTYPE r [<!ATTLIST r a CDATA "{"x" * 60_000}">]><r/>',
    "parameter entities": '<!DOCTYPE r [<!ENTITY % a "b"><!ENTITY % c "%a;%a;"> %c;]><r/>',
    "external file": '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///dev/zero">]>' + wrap_xml("&a;"),
    "external DTD": '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/endless">' + wrap_xml(""),
    "external parameter entity": '<!DOCTYPE r [<!ENTITY % a SYSTEM "file:///dev/zero"> %a;]><r/>',
    "after a long comment": f"<!--{' ' * 500_000}-->{_nested_entities(9, 10)}",
    "after many comments": f"{'<!---->' * 100_000}{_nested_entities(9, 10)}",
    "undeclared entity": wrap_xml("&a;" * 100_000),
}


class Encoding(NamedTuple):
    """How a text becomes bytes, and what XML declaration and Content-Type say about it."""

    codec: str
    mark: bytes = b""
    declaration: str = ""
    charset: str = ""


ENCODINGS: Final = {
    "utf-8": Encoding("utf-8"),
    "utf-8, byte order mark": Encoding("utf-8", BOM_UTF8),
    "utf-8, declared": Encoding("utf-8", declaration="utf-8"),
    "utf-8, declared as utf-16": Encoding("utf-8", declaration="utf-16"),
    "utf-8, utf-16 in the header": Encoding("utf-8", charset="utf-16"),
    "utf-8, declared as latin-1": Encoding("utf-8", declaration="iso-8859-1", charset="iso-8859-1"),
    "utf-8, declared as utf-7": Encoding("utf-8", declaration="utf-7"),
    "utf-8, declared as ebcdic": Encoding("utf-8", declaration="ebcdic-cp-us"),
    "utf-8, byte order mark of utf-16": Encoding("utf-8", BOM_UTF16_LE),
    "utf-16, little endian": Encoding("utf-16-le", BOM_UTF16_LE),
    "utf-16, big endian": Encoding("utf-16-be", BOM_UTF16_BE),
    "utf-16, declared": Encoding("utf-16-le", BOM_UTF16_LE, "utf-16"),
    "utf-16, declared as utf-8": Encoding("utf-16-le", BOM_UTF16_LE, "utf-8", "utf-8"),
    "utf-16, only in the header": Encoding("utf-16-le", charset="utf-16le"),
    "utf-16, undeclared": Encoding("utf-16-le"),
    "utf-16, wrong byte order mark": Encoding("utf-16-be", BOM_UTF16_LE),
    "utf-7, declared": Encoding("utf-7", declaration="utf-7"),
    "utf-32": Encoding("utf-32"),
    "ebcdic, declared": Encoding("cp037", declaration="ebcdic-cp-us"),
}


def encode(text: str, encoding: Encoding) -> tuple[str, bytes]:
    """Return Content-Type and body of *text*, cut to the mock's limit for bodies."""
    declaration = (
        f'<?xml version="1.0" encoding="{encoding.declaration}"?>' if encoding.declaration else ""
    )
    content_type = f"{XML}; charset={encoding.charset}" if encoding.charset else XML
    body = encoding.mark + f"{declaration}{text}".encode(encoding.codec)
    return content_type, body[: MEBIBYTE - MEBIBYTE % 4]


@pytest.mark.claim("xml-dtd", "xml-entities")
@pytest.mark.parametrize("bomb", BOMBS)
def test_an_entity_bomb_is_rejected_within_50_ms_and_5_mb(bomb: str) -> None:
    for name, encoding in ENCODINGS.items():
        content_type, body = encode(BOMBS[bomb], encoding)
        seconds = usual_seconds(partial(rejection, content_type, body), MAX_SECONDS)
        assert seconds < MAX_SECONDS, name
        tracemalloc.start()
        try:
            assert rejection(content_type, body)[0] == 400, name
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < MAX_BYTES, name


LAUGHS = BOMBS["billion laughs"]
DTDS = {
    "plain": "<!DOCTYPE SyncEmailAccountsRequest>" + wrap_xml(""),
    "external": BOMBS["external file"],
    "laughs": LAUGHS,
    "after an XML declaration": f'<?xml version="1.0"?>\n{LAUGHS}',
    "after a comment": f'<?xml version="1.0"?><!-- <a> --> <?p <a>?>\n<!---->{LAUGHS}',
    "unclosed": "<!DOCTYPE r [",
}


@pytest.mark.claim("xml-dtd", "xml-entities")
def test_a_dtd_is_rejected_in_every_charset() -> None:
    for parameter, charset, mark in (
        *((None, "utf-8", mark) for mark in (b"", BOM_UTF8, BOM_UTF8 + BOM_UTF8)),
        *((None, "utf-16-le", BOM_UTF16_LE), (None, "utf-16-be", BOM_UTF16_BE)),
        *((None, "utf-16-le", BOM_UTF16_LE + BOM_UTF16_LE), ("utf-16le", "utf-16-le", b"")),
        *(("utf-16be", "utf-16-be", b""), ("utf-16", "utf-16-le", b""), ("utf-16", "utf-16", b"")),
        *(("utf-8", "utf-16", b""), ("iso-8859-1", "latin-1", b"")),
    ):
        for name, body in DTDS.items():
            content_type = f"{XML}; charset={parameter}" if parameter else XML
            raw = mark + body.encode(charset)
            assert rejection(content_type, raw) == (400, REASON), (name, parameter, charset, mark)


@pytest.mark.claim("xml-dtd")
def test_a_dtd_in_undeclared_utf_16_is_rejected() -> None:
    # Expat reads even text as UTF-16 if every other byte is NUL.
    for charset in ("utf-16-le", "utf-16-be"):
        for name, body in DTDS.items():
            status, reason = rejection(XML, body.encode(charset))
            assert status == 400, (name, charset)
            assert "it has a NUL" in reason, (name, charset)


def test_doctype_in_a_comment_or_text_is_accepted() -> None:
    for body in (
        f"<!-- <!DOCTYPE r> -->{wrap_xml('')}",
        f"<?p <!DOCTYPE r>?>{wrap_xml('')}",
        wrap_xml("<!-- <!DOCTYPE r> -->"),
        wrap_xml("<![CDATA[ ]]><!-- <!DOCTYPE r> --><?p <!DOCTYPE r>?>"),
    ):
        assert read_accounts(XML, body) == [], body


@pytest.mark.claim("charset")
def test_the_declared_charset_counts_if_the_content_type_has_none() -> None:
    name = "<SyncUserAccount><AssociateName>é</AssociateName></SyncUserAccount>"
    for parameter, declaration, encoding in (
        *(("", "utf-8", "utf-8"), ("", "UTF-8", "utf-8"), ("", "iso-8859-1", "latin-1")),
        *(("", "utf-16", "utf-16"), ("", "utf-16", "utf-8"), ("", "us-ascii", "utf-8")),
        ("; charset=utf-8", "iso-8859-1", "utf-8"),
    ):
        body = f"<?xml version='1.0' encoding='{declaration}'?>{wrap_xml(name)}"
        accounts = read_accounts(XML + parameter, body.encode(encoding))
        assert accounts == [Account(name="é")], (declaration, encoding)


@pytest.mark.claim("charset-unknown")
def test_an_unknown_declared_charset_gets_a_400() -> None:
    body = '<?xml version="1.0" encoding="UTF-7"?><a/>'
    assert rejection(XML, body) == (400, "the XML declares the unknown encoding utf-7")


def has_doctype(text: str) -> bool:
    """Return whether expat itself finds a DTD in *text*."""
    names: list[str] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda name, *_: names.append(name)
    with suppress(expat.ExpatError):
        parser.Parse(text, True)
    return bool(names)


@pytest.mark.claim("xml-dtd")
@given(st.lists(pieces, max_size=8).map("".join) | st.lists(pieces, max_size=3).map("".join))
@example("\ufeff<!DOCTYPE r><r/>")
@example("<?xml version='1.0'?>\n<!DOCTYPE r><r/>")
def test_expat_finds_no_dtd_in_text_that_passes_the_check(text: str) -> None:
    try:
        refuse_dtd(text)
    except InvalidBody:
        return
    assert not has_doctype(text)
