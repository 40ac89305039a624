"""Connections that the application may answer on in one piece, or break on purpose."""

import asyncio
import os
import socket
import struct
from asyncio import Future
from collections.abc import Callable
from typing import Any, Final

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from superoffice_mock.server.asgi_extensions import CONNECTION

MOST_BYTES: Final = 64 * 1024 * 1024


MOST_SECONDS: Final = 2.0
"""What is heard out at most: a caller who goes on does not read."""


class LingeringTransport(asyncio.Transport):
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


NO_LINGER: Final = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends a reset."""


class AppConnection(HttpToolsProtocol):
    """Uvicorn's protocol, which the application is offered as an ASGI extension."""

    _answering: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Offer this connection to the application."""
        super().connection_made(transport)
        self._extensions: dict[str, Any] = {CONNECTION: self}
        self._parting = LingeringTransport(transport, self._part)

    def on_headers_complete(self) -> None:
        """Start on the request."""
        self.scope["extensions"] = self._extensions
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        cycle.transport = self._parting
        super()._start_asgi_task(cycle, app)

    @property
    def _heard_out(self) -> bool:
        """Tell whether all has come that the caller meant to send."""
        return self._answering is None or not self._answering.more_body

    def _part(self) -> None:
        """Close after an answer: at once only if that leaves nothing unread."""
        if self.transport.is_closing():
            return
        if self._heard_out:
            self.transport.close()
        else:
            part(self.transport, self)

    def _give_up(self) -> None:
        """Let nothing be sent any more to the request that is being answered."""
        if self._answering is not None:
            self._answering.disconnected = True

    def sends(self, send: Callable[..., Any]) -> bool:
        """Tell whether *send* is this connection's own; what wraps it wants to see all messages."""
        return self._answering is not None and send == self._answering.send

    async def answer(self, status: int, lines: bytes) -> None:
        """Send an answer without a body, all of it in one write; *lines* are its headers."""
        if self.flow.write_paused:
            await self.flow.drain()
        cycle = self._answering
        if cycle is None or cycle.disconnected:
            return
        own = [b"%s: %s\r\n" % header for header in self.server_state.default_headers]
        end = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        self.transport.write(b"".join((STATUS_LINE[status], *own, lines, end)))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()

    def end(self, raw: bytes) -> None:
        """Send *raw*, as it is, and close."""
        self._give_up()
        if not self.transport.is_closing():
            self.transport.write(raw)
            self.transport.close()

    def reset(self) -> None:
        """Close so that the caller's system reports a reset: without a word, all at once."""
        self._give_up()
        if not self.transport.is_closing():
            descriptor = self.transport.get_extra_info("socket").fileno()
            own = socket.socket(fileno=descriptor)
            try:
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            finally:
                own.detach()
            self.transport.abort()

    def fall_silent(self) -> Future[None]:
        """Send nothing and read no more requests; the future is done when the caller is gone."""
        self._give_up()
        silent = SilentProtocol(self)
        if self.transport.is_closing():
            silent.gone.set_result(None)
        else:
            self.transport.set_protocol(silent)
            self.flow.resume_reading()
        return silent.gone


class SilentProtocol(asyncio.Protocol):
    """Takes over from a protocol that has fallen silent: hears nothing but the end."""

    def __init__(self, before: AppConnection) -> None:
        self._before = before
        self.gone: Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say that the caller is gone."""
        self._before.connection_lost(exc)
        if not self.gone.done():
            self.gone.set_result(None)
