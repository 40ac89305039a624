"""Content-Encoding undone, as far as we can and within bounds."""

import zlib
from collections.abc import Mapping
from typing import Final

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
