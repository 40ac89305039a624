"""The charset of a body, from its Content-Type and its byte order mark."""

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
"""The supported charsets (claim charset), and Python's names for them."""
_PARAMETER: Final = re.compile(r';\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))', re.IGNORECASE)
_MARKS: Final = ((BOM_UTF8, "utf-8"), (BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be"))


def charset_parameter(content_type: str) -> str | None:
    """Return the charset of *content_type* in lower case, or None."""
    match = _PARAMETER.search(content_type)
    return None if match is None else (match[1] or match[2] or "").strip().lower()


def strip_byte_order_mark(body: bytes, encoding: str) -> tuple[bytes, str]:
    """Return *body* without its byte order mark, and the encoding of the mark or *encoding*."""
    for mark, mark_encoding in _MARKS:
        # In Latin-1 the bytes of a mark are letters.
        if body.startswith(mark) and encoding != "latin-1":
            return body[len(mark) :], mark_encoding
    return body, encoding


def decode(body: bytes, encoding: str) -> str:
    """Decode *body* by its byte order mark, else as *encoding*.

    Raise UnicodeDecodeError, whose `encoding` is the one that was used.
    """
    text, encoding = strip_byte_order_mark(body, encoding)
    return text.decode(encoding)
