"""Bodies as a HAR keeps them: text where bytes are text of their charset, else base64."""

import base64
import zlib
from collections.abc import Mapping
from typing import Final

from superoffice_contract.openapi import charsets
from superoffice_contract.openapi.charsets import CHARSETS

_UTF8: Final = "utf-8"


def encoding_of(media_type: str) -> str:
    """Return Python's name of the charset of *media_type*; UTF-8 if it names none that we know."""
    return CHARSETS.get(charsets.named(media_type) or "", _UTF8)


def encoded(text: str, media_type: str) -> bytes:
    """Return the bytes that were *text*, as well as the charset of *media_type* tells."""
    try:
        return text.encode(encoding_of(media_type))
    except UnicodeEncodeError:
        return text.encode(_UTF8, "replace")


def read(body: bytes, media_type: str) -> tuple[str, str] | None:
    """Return the text of *body*, with its byte order mark, and its encoding; None if it is none."""
    _, encoding = charsets.unmarked(body, encoding_of(media_type))
    try:
        return body.decode(encoding), encoding
    except UnicodeDecodeError:
        return None


def kept(body: bytes | None, media_type: str, encoding: str) -> dict[str, str | bool]:
    """Return the members of a HAR for *body*; *encoding* is how the one for base64 is called."""
    if body is None:
        return {"text": "", "_kept": False}
    found = read(body, media_type)
    if found is not None and encoded(found[0], media_type) == body:
        return {"text": found[0]}
    return {"text": base64.b64encode(body).decode("ascii"), encoding: "base64"}


MAX_BYTES: Final = 16 * 1024 * 1024
"""How long a body may become; a small one can say that it is endless."""


_WINDOW: Final[Mapping[str, tuple[int, ...]]] = {
    "gzip": (31,),
    "x-gzip": (31,),
    "deflate": (15, -15),  # as HTTP has it, and as some servers send it
}


def undone(body: bytes, coding: str) -> bytes | None:
    """Return *body* without the Content-Encoding *coding*; None if it can't be undone."""
    for one in reversed([name.strip().lower() for name in coding.split(",") if name.strip()]):
        if one == "identity":
            continue
        inflated = next(filter(None, (_inflated(body, w) for w in _WINDOW.get(one, ()))), None)
        if inflated is None:
            return None
        body = inflated
    return body


def _inflated(body: bytes, window: int) -> bytes | None:
    inflater = zlib.decompressobj(window)
    try:
        inflated = inflater.decompress(body, MAX_BYTES)
    except zlib.error:
        return None
    return inflated if inflater.eof else None
