"""The charset of a body: what its Content-Type names, and what its byte order mark says."""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping
from typing import Final

CHARSETS: Final[Mapping[str, str]] = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "utf-16": "utf-16-le",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "iso-8859-1": "latin-1",
    "latin-1": "latin-1",
    "latin1": "latin-1",
}
"""The charsets that are honoured (claim charset), and Python's names for them."""

_NAMED: Final = re.compile(r';\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))', re.IGNORECASE)
_MARKS: Final = ((BOM_UTF8, "utf-8"), (BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be"))


def named(content_type: str) -> str | None:
    """Return the charset that *content_type* names, in lower case; None where it names none."""
    match = _NAMED.search(content_type)
    return None if match is None else (match[1] or match[2] or "").strip().lower()


def unmarked(body: bytes, encoding: str) -> tuple[bytes, str]:
    """Return *body* without its byte order mark, and the encoding that the mark, if any, says."""
    for mark, marked in _MARKS:
        # A mark speaks for itself, but in Latin-1 its bytes are letters.
        if body.startswith(mark) and encoding != "latin-1":
            return body[len(mark) :], marked
    return body, encoding
