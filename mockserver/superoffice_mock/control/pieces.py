"""Long answers in pieces: each is made when it is sent, and other calls go on in between."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any, Final

import msgspec
from starlette.responses import Response, StreamingResponse

View = dict[str, Any]
"""A JSON object that a control call returns."""
PIECE_BYTES: Final = 64 * 1024
PIECE_TIME: Final = 5_000_000
"""A piece ends after so many bytes, or when making it took so many nanoseconds."""


def answer_in_pieces(parts: Iterator[bytes], steady: Callable[[], int]) -> Response:
    """Return the answer that *parts* make together, which is JSON; an empty part allows a break.

    The first piece is made at once, so a short answer shows one moment. The others are made when
    the client has read the ones before: nothing is kept for a client that does not read.
    """
    first, is_last = _next_piece(parts, steady)
    if is_last:
        return Response(first, media_type="application/json")
    return StreamingResponse(_send(first, parts, steady), media_type="application/json")


async def _send(
    piece: bytes, parts: Iterator[bytes], steady: Callable[[], int]
) -> AsyncIterator[bytes]:
    is_last = False
    yield piece
    while not is_last:
        await asyncio.sleep(0)
        piece, is_last = _next_piece(parts, steady)
        yield piece


def _next_piece(parts: Iterator[bytes], steady: Callable[[], int]) -> tuple[bytes, bool]:
    piece, began = bytearray(), steady()
    for part in parts:
        piece += part
        if len(piece) >= PIECE_BYTES or steady() - began >= PIECE_TIME:
            return bytes(piece), False
    return bytes(piece) + b"\n", True


def list_parts(
    before: View, name: str, items: Iterable[Iterable[bytes]], after: Callable[[], View] = dict
) -> Iterator[bytes]:
    """Yield an object with the members of *before*, an array *name*, and the members of *after*.

    Each item of the array has parts of its own.
    """
    first = msgspec.json.encode({**before, name: []})
    yield first[: -len(b"]}")]
    comma = b""
    for item in items:
        for part in item:
            yield comma + part
            comma = b""
        comma = b","
    last = after()
    yield b"]" + (b"," if last else b"") + msgspec.json.encode(last)[1:]
