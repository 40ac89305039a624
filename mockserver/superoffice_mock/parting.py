"""How a connection ends whose caller may still be writing: it is heard out, for a while.

A socket that is closed while bytes are on their way answers them with a reset, and a reset takes
from the caller what it has not read yet: the answer that says why.
"""

import asyncio
from collections.abc import Callable
from typing import Final

MOST_BYTES: Final = 64 * 1024 * 1024
MOST_SECONDS: Final = 2.0
"""What is heard out at most: a caller who goes on does not read."""


class Parting(asyncio.Transport):
    """A connection as an answer sees it: *close* decides how it is closed."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        super().__init__()
        self._transport = transport
        self._close = close

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write *data*."""
        self._transport.write(data)

    def is_closing(self) -> bool:
        """Tell whether the connection is closing."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close once the caller can have read what was written."""
        self._close()


def part(transport: asyncio.Transport, before: asyncio.Protocol) -> None:
    """Say that nothing more will be written, and drop what still comes to *before*."""
    if transport.can_write_eof():
        transport.write_eof()
    transport.set_protocol(_Unheard(transport, before))
    transport.resume_reading()


class _Unheard(asyncio.Protocol):
    """Takes over from a protocol that has said its last: closes when the caller has, too."""

    def __init__(self, transport: asyncio.Transport, before: asyncio.Protocol) -> None:
        self._transport = transport
        self._before = before
        self._left = MOST_BYTES
        self._timer = asyncio.get_running_loop().call_later(MOST_SECONDS, transport.close)

    def data_received(self, data: bytes) -> None:
        """Drop *data*; close if it becomes too much."""
        self._left -= len(data)
        if self._left < 0:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say that the caller is gone."""
        self._timer.cancel()
        self._before.connection_lost(exc)
