"""Content-Type: media type and charset, and the text of a body."""

from functools import lru_cache
from typing import Final

import msgspec

from superoffice_contract.openapi import charsets
from superoffice_contract.openapi.charsets import CHARSETS
from superoffice_mock.errors import Rejected

REMEMBERED: Final = 256
"""So many different Content-Types are remembered, taken apart."""


class Media(msgspec.Struct, frozen=True):
    """A Content-Type taken apart; *charset* is Python's name of it, None where none is given."""

    type: str
    charset: str | None


@lru_cache(maxsize=REMEMBERED)
def parse(content_type: str) -> Media:
    """Take *content_type* apart. Raise Rejected (415) for a charset that is not known."""
    media_type = content_type.partition(";")[0].strip().lower()
    given = charsets.named(content_type)
    if given is None:
        return Media(media_type, None)
    charset = CHARSETS.get(given)
    if charset is None:
        reason = f"unknown charset {given[:40]!r}; send utf-8, utf-16 or iso-8859-1"
        raise Rejected(415, "Content-Type", reason)
    return Media(media_type, charset)


def text(body: bytes, charset: str | None) -> str:
    """Decode *body*: by its byte order mark, else by *charset*, else as UTF-8.

    Raise Rejected (400) for bytes that are not of that charset.
    """
    body, encoding = charsets.unmarked(body, charset or "utf-8")
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        reason = f"the body is not {encoding}: byte {error.start} cannot be decoded"
        raise Rejected(400, "", reason) from None
