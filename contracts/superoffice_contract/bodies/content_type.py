"""The Content-Type header: media type and charset, and the text of a body in that charset."""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

from superoffice_contract.errors import InvalidBody
from superoffice_contract.messages import quote_name

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
CACHE_SIZE: Final = 256
MAX_CACHED_LENGTH: Final = 256
"""How many different Content-Type values stay parsed in memory, and how long they may be."""
_PARAMETER: Final = re.compile(r';\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))', re.IGNORECASE)
_MARKS: Final = ((BOM_UTF8, "utf-8"), (BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be"))


class MediaType(msgspec.Struct, frozen=True):
    """A parsed Content-Type; *charset* is Python's name for it, None if the header has none."""

    name: str
    charset: str | None


def parse_content_type(content_type: str) -> MediaType:
    """Parse a Content-Type header. Raise InvalidBody (415) for an unknown charset."""
    if len(content_type) <= MAX_CACHED_LENGTH:
        return _find_or_parse(content_type)
    return _parse(content_type)


def _parse(content_type: str) -> MediaType:
    media_type = content_type.partition(";")[0].strip().lower()
    charset_name = charset_parameter(content_type)
    if charset_name is None:
        return MediaType(media_type, None)
    charset = CHARSETS.get(charset_name)
    if charset is None:
        name = quote_name(charset_name, "name")
        reason = f"unknown charset {name}; send utf-8, utf-16 or iso-8859-1"
        raise InvalidBody(415, "Content-Type", reason, ("charset", "charset-unknown"))
    return MediaType(media_type, charset)


_find_or_parse = lru_cache(maxsize=CACHE_SIZE)(_parse)


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


def decode_text(body: bytes, charset: str | None) -> str:
    """Decode *body* by its byte order mark, else by *charset*, else as UTF-8.

    Raise InvalidBody (400) for bytes that are invalid in that charset.
    """
    content, encoding = strip_byte_order_mark(body, charset or "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        reason = f"the body is not {error.encoding}: byte {error.start} cannot be decoded"
        raise InvalidBody(400, "", reason, ("charset", "charset-broken")) from None
