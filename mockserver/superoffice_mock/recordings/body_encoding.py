"""Bodies in a HAR: text where the bytes are valid in their charset, otherwise base64."""

import base64
import zlib
from collections.abc import Mapping
from typing import Final

from superoffice_contract.bodies.content_type import (
    CHARSETS,
    charset_parameter,
    strip_byte_order_mark,
)

MAX_BYTES: Final = 16 * 1024 * 1024
"""Limit of a decompressed body: a small body may decompress to a huge one."""
_UTF8: Final = "utf-8"
_WINDOW_BITS: Final[Mapping[str, tuple[int, ...]]] = {
    "gzip": (31,),
    "x-gzip": (31,),
    "deflate": (15, -15),  # zlib, as HTTP specifies, or raw deflate, as some servers send
}


def encoding_of(media_type: str) -> str:
    """Return the codec for the charset of *media_type*; UTF-8 if it is missing or unknown."""
    return CHARSETS.get(charset_parameter(media_type) or "", _UTF8)


def encode(text: str, media_type: str) -> bytes:
    """Encode *text* in the charset of *media_type*, or in UTF-8 if that charset can't hold it."""
    try:
        return text.encode(encoding_of(media_type))
    except UnicodeEncodeError:
        return text.encode(_UTF8, "replace")


def decode(body: bytes, media_type: str) -> tuple[str, str] | None:
    """Return the text of *body*, with its byte order mark, and its codec; None if it is binary."""
    _, encoding = strip_byte_order_mark(body, encoding_of(media_type))
    try:
        return body.decode(encoding), encoding
    except UnicodeDecodeError:
        return None


def text_members(body: bytes | None, media_type: str, encoding: str) -> dict[str, str | bool]:
    """Return the HAR members that hold *body*; *encoding* is the member that marks base64."""
    if body is None:
        return {"text": "", "_kept": False}
    decoded = decode(body, media_type)
    if decoded is not None and encode(decoded[0], media_type) == body:
        return {"text": decoded[0]}
    return {"text": base64.b64encode(body).decode("ascii"), encoding: "base64"}


def decompress(body: bytes, coding: str) -> bytes | None:
    """Undo the Content-Encoding *coding*; None if that fails or the result is too long."""
    for name in reversed([name.strip().lower() for name in coding.split(",") if name.strip()]):
        if name == "identity":
            continue
        windows = _WINDOW_BITS.get(name, ())
        plain = next(filter(None, (_inflate(body, window) for window in windows)), None)
        if plain is None:
            return None
        body = plain
    return body


def _inflate(body: bytes, window: int) -> bytes | None:
    inflater = zlib.decompressobj(window)
    try:
        plain = inflater.decompress(body, MAX_BYTES)
    except zlib.error:
        return None
    return plain if inflater.eof else None
