"""The Content-Type header: media type and charset, and the text of a body in that charset."""

from functools import lru_cache
from typing import Final

import msgspec

from superoffice_contract.openapi import charsets
from superoffice_contract.openapi.charsets import CHARSETS
from superoffice_mock.errors import Rejected

CACHE_SIZE: Final = 256
"""How many different Content-Type values stay parsed in memory."""


class MediaType(msgspec.Struct, frozen=True):
    """A parsed Content-Type; *charset* is Python's name for it, None if the header has none."""

    name: str
    charset: str | None


@lru_cache(maxsize=CACHE_SIZE)
def parse_content_type(content_type: str) -> MediaType:
    """Parse a Content-Type header. Raise Rejected (415) for an unknown charset."""
    media_type = content_type.partition(";")[0].strip().lower()
    charset_name = charsets.charset_parameter(content_type)
    if charset_name is None:
        return MediaType(media_type, None)
    charset = CHARSETS.get(charset_name)
    if charset is None:
        reason = f"unknown charset {charset_name[:40]!r}; send utf-8, utf-16 or iso-8859-1"
        raise Rejected(415, "Content-Type", reason)
    return MediaType(media_type, charset)


def decode_text(body: bytes, charset: str | None) -> str:
    """Decode *body* by its byte order mark, else by *charset*, else as UTF-8.

    Raise Rejected (400) for bytes that are invalid in that charset.
    """
    try:
        return charsets.decode(body, charset or "utf-8")
    except UnicodeDecodeError as error:
        reason = f"the body is not {error.encoding}: byte {error.start} cannot be decoded"
        raise Rejected(400, "", reason) from None
