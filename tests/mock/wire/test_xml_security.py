"""XML that blows up where entities are expanded: refused at once, and in little memory."""

import tracemalloc
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from itertools import pairwise
from typing import Final, NamedTuple

import pytest

from tests.mock.wire.builders import MEBIBYTE, XML, refused, xml_of
from tests.support.cpu_time import usual_seconds

SECONDS: Final = 0.05
BYTES: Final = 5_000_000


def _laughs(levels: int, breadth: int) -> str:
    named = "abcdefghijklmnopqrst"[: levels + 1]
    deeper = "".join(
        f'<!ENTITY {outer} "{f"&{inner};" * breadth}">' for inner, outer in pairwise(named)
    )
    return f'<!DOCTYPE r [<!ENTITY a "ha">{deeper}]>' + xml_of(f"&{named[-1]};")


def _quadratic() -> str:
    """Return half a mebibyte that stands for itself a hundred thousand times."""
    entity = f'<!DOCTYPE r [<!ENTITY a "{"x" * (MEBIBYTE // 2)}">]>'
    return entity + xml_of("&a;" * ((MEBIBYTE - len(entity) - 200) // 3))


BOMBS: Final = {
    "billion laughs": _laughs(9, 10),
    "laughs by the million": _laughs(19, 1000),
    "quadratic blow-up": _quadratic(),
    "in an attribute": f'<!DOCTYPE r [<!ENTITY a "{"x" * 60_000}">]><r a="{"&a;" * 20_000}"/>',
    "in a default attribute": f'<!DOCTYPE r [<!ATTLIST r a CDATA "{"x" * 60_000}">]><r/>',
    "by parameters": '<!DOCTYPE r [<!ENTITY % a "b"><!ENTITY % c "%a;%a;"> %c;]><r/>',
    "an external file": '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///dev/zero">]>' + xml_of("&a;"),
    "an external DTD": '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/endless">' + xml_of(""),
    "an external parameter": '<!DOCTYPE r [<!ENTITY % a SYSTEM "file:///dev/zero"> %a;]><r/>',
    "behind a long comment": f"<!--{' ' * 500_000}-->{_laughs(9, 10)}",
    "behind many comments": f"{'<!---->' * 100_000}{_laughs(9, 10)}",
    "without its declaration": xml_of("&a;" * 100_000),
}


class Guise(NamedTuple):
    """How the text becomes bytes, and what is said of it; {} stands for nothing said."""

    codec: str
    mark: bytes = b""
    declared: str = ""
    charset: str = ""


GUISES: Final = {
    "utf-8": Guise("utf-8"),
    "utf-8, marked": Guise("utf-8", BOM_UTF8),
    "utf-8, declared": Guise("utf-8", declared="utf-8"),
    "utf-8, said to be utf-16": Guise("utf-8", declared="utf-16"),
    "utf-8, said to be utf-16 in the header": Guise("utf-8", charset="utf-16"),
    "utf-8, said to be latin": Guise("utf-8", declared="iso-8859-1", charset="iso-8859-1"),
    "utf-8, said to be utf-7": Guise("utf-8", declared="utf-7"),
    "utf-8, said to be of a mainframe": Guise("utf-8", declared="ebcdic-cp-us"),
    "utf-8, marked as utf-16": Guise("utf-8", BOM_UTF16_LE),
    "utf-16, marked": Guise("utf-16-le", BOM_UTF16_LE),
    "utf-16, big end first": Guise("utf-16-be", BOM_UTF16_BE),
    "utf-16, declared": Guise("utf-16-le", BOM_UTF16_LE, "utf-16"),
    "utf-16, said to be utf-8": Guise("utf-16-le", BOM_UTF16_LE, "utf-8", "utf-8"),
    "utf-16, in the header alone": Guise("utf-16-le", charset="utf-16le"),
    "utf-16, said nowhere": Guise("utf-16-le"),
    "utf-16, marked the wrong way": Guise("utf-16-be", BOM_UTF16_LE),
    "utf-7, declared": Guise("utf-7", declared="utf-7"),
    "utf-32": Guise("utf-32"),
    "of a mainframe": Guise("cp037", declared="ebcdic-cp-us"),
}


def disguised(text: str, guise: Guise) -> tuple[str, bytes]:
    """Return Content-Type and body of *text* in *guise*, cut to what the mock takes at most."""
    declaration = f'<?xml version="1.0" encoding="{guise.declared}"?>' if guise.declared else ""
    content_type = f"{XML}; charset={guise.charset}" if guise.charset else XML
    body = guise.mark + f"{declaration}{text}".encode(guise.codec)
    return content_type, body[: MEBIBYTE - MEBIBYTE % 4]


@pytest.mark.claim("xml-dtd")
@pytest.mark.parametrize("guise", GUISES)
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_within_50_ms(bomb: str, guise: str) -> None:
    sent = disguised(BOMBS[bomb], GUISES[guise])

    def refuse() -> None:
        assert refused(*sent)[0] == 400

    assert usual_seconds(refuse, SECONDS) < SECONDS


@pytest.mark.claim("xml-dtd")
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_in_5_mb(bomb: str) -> None:
    for name, guise in GUISES.items():
        sent = disguised(BOMBS[bomb], guise)
        tracemalloc.start()
        try:
            assert refused(*sent)[0] == 400
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most < BYTES, name
