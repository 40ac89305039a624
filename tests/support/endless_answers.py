"""Servers whose answers never end, expand, or drip, and how much of them was taken."""

import socket
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from tests.e2e.upstreams import RawUpstream, raw_upstream

OK: Final = b"HTTP/1.1 200 OK\r\n"
CHUNKED: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"
MANY: Final = b"x" * 65536


def expand(mebibytes: int, layers: int) -> bytes:
    """Return an answer whose body is so long when it is decompressed *layers* times."""
    body = b"\0" * (mebibytes * 2**20)
    for _ in range(layers):
        compressor = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
        body = compressor.compress(body) + compressor.flush()
    encodings = b", ".join([b"gzip"] * layers)
    return (
        OK + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (encodings, len(body)) + body
    )


ENDLESS: Final[Mapping[str, tuple[bytes, bytes]]] = {
    "a body": (OK + b"\r\n", MANY),
    "a body with its length": (OK + b"Content-Length: 1000000000000000000\r\n\r\n", MANY),
    "chunks": (CHUNKED, b"10000\r\n" + MANY + b"\r\n"),
    "a chunk extension": (CHUNKED + b"1;", MANY),
    "a trailer": (CHUNKED + b"0\r\nX: ", MANY),
    "trailers": (CHUNKED + b"0\r\n", b"X: x\r\n" * 1000),
    "a header": (OK + b"X: ", MANY),
    "headers": (OK, b"X: x\r\n" * 1000),
    "a status line": (b"HTTP/1.1 200 ", MANY),
}
"""What is sent first, and then again and again."""
INTERIM: Final = b"HTTP/1.1 100 Continue\r\n\r\n" * 1000


class Taken:
    """Plays *first* and then *again* without end; `count` is how many bytes were taken."""

    def __init__(self, first: bytes, again: bytes, pause: float = 0.0) -> None:
        self._first, self._again, self._pause = first, again, pause
        self.count = 0

    def __call__(self, connection: socket.socket) -> None:
        connection.sendall(self._first)
        while True:
            connection.sendall(self._again)
            self.count += len(self._again)
            time.sleep(self._pause)


def drip(first: bytes = b"HTTP/1.1 200 OK\r\nX: ") -> Taken:
    """Return a script that sends a byte each hundredth of a second after *first*."""
    return Taken(first, b"x", pause=0.01)


@contextmanager
def endless_answers() -> Iterator[Iterator[tuple[str, RawUpstream, Taken]]]:
    """Yield the name, the server and what it sends, for each of `ENDLESS`."""

    def play() -> Iterator[tuple[str, RawUpstream, Taken]]:
        for name, parts in ENDLESS.items():
            taken = Taken(*parts)
            upstream.play(taken)
            yield name, upstream, taken

    with raw_upstream(b"") as upstream:
        yield play()
