"""Connections on which the application may answer in one write, or break off on purpose."""

import asyncio
import os
import socket
import struct
from asyncio import Future
from collections.abc import Callable
from typing import Any, Final

from uvicorn._types import ASGI3Application, ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from superoffice_mock.errors import Rejected
from superoffice_mock.server.asgi_extensions import CONNECTION

MAX_LINGER_BYTES: Final = 64 * 1024 * 1024
MAX_LINGER_SECONDS: Final = 2.0
"""How much and how long the server reads after a response that closes the connection."""
NO_LINGER: Final = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""SO_LINGER with a time of zero: closing the socket sends a reset."""


class LingeringTransport(asyncio.Transport):
    """The transport of a response; its `close` calls *close* instead of closing at once."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        super().__init__()
        self._transport = transport
        self._close = close

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write *data*."""
        self._transport.write(data)

    def is_closing(self) -> bool:
        """Return whether the connection is closing."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close when the client has had time to read the response."""
        self._close()


def linger(transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
    """Half-close *transport*, and discard what the client still sends to *protocol*.

    Closing at once while the client is still sending would send a reset, and the client could lose
    the response.
    """
    if transport.can_write_eof():
        transport.write_eof()
    transport.set_protocol(_DiscardProtocol(transport, protocol))
    transport.resume_reading()


class _DiscardProtocol(asyncio.Protocol):
    """Discards data until the client closes, or until it is too much or takes too long."""

    def __init__(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
        self._transport = transport
        self._protocol = protocol
        self._bytes_left = MAX_LINGER_BYTES
        self._timer = asyncio.get_running_loop().call_later(MAX_LINGER_SECONDS, transport.close)

    def data_received(self, data: bytes) -> None:
        self._bytes_left -= len(data)
        if self._bytes_left < 0:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        self._protocol.connection_lost(exc)


class ReadFlow(FlowControl):
    """Flow control that resumes reading only while *may_read* returns true."""

    def __init__(self, transport: asyncio.Transport, may_read: Callable[[], bool]) -> None:
        super().__init__(transport)
        self._may_read = may_read

    def resume_reading(self) -> None:
        """Read on, if that is paused and more may be read."""
        if self.read_paused and self._may_read():
            super().resume_reading()


class RequestCycle(RequestResponseCycle):
    """A request and its answer; `receive` raises the error of a request that is refused."""

    rejected: Rejected | None = None
    ends_with_connection = False

    def refuse(self, error: Rejected) -> None:
        """Let `receive` raise *error*; the connection closes after the answer."""
        self.rejected, self.keep_alive = error, False
        self.body, self.more_body = bytearray(), False
        self.message_event.set()

    async def send(self, message: ASGISendEvent) -> None:
        """Send *message*; in HTTP/1.0, which has no chunks, the connection ends with the answer."""
        if message["type"] == "http.response.start":
            headers = message.get("headers", ())
            if self.scope["http_version"] == "1.0" and message["status"] not in (204, 304):
                self.ends_with_connection = all(name != b"content-length" for name, _ in headers)
            if self.ends_with_connection:
                self.chunked_encoding = self.keep_alive = False
        elif self.ends_with_connection:
            self.expected_content_length = len(message.get("body", b""))  # type: ignore[arg-type]
        await super().send(message)

    async def receive(self) -> ASGIReceiveEvent:
        """Return the next message. Raise Rejected if the rest of the request is not to come."""
        if self.waiting_for_100_continue and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.waiting_for_100_continue = False
        if not self.disconnected and not self.response_complete:
            self.flow.resume_reading()
            await self.message_event.wait()
            self.message_event.clear()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        if self.rejected is not None:
            self.message_event.set()  # for whoever asks again
            raise self.rejected
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": self.more_body}


class AppConnection(HttpToolsProtocol):
    """Uvicorn's protocol, offered to the application as an ASGI extension."""

    _current_cycle: RequestResponseCycle | None = None
    _default_headers: list[tuple[bytes, bytes]] | None = None
    _default_lines = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Offer this connection to the application."""
        super().connection_made(transport)
        self._extensions: dict[str, Any] = {CONNECTION: self}
        self._lingering_transport = LingeringTransport(transport, self._close_after_answer)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._current_cycle = cycle
        cycle.transport = self._lingering_transport
        super()._start_asgi_task(cycle, app)

    @property
    def _has_whole_request(self) -> bool:
        return self._current_cycle is None or not self._current_cycle.more_body

    def _close_after_answer(self) -> None:
        """Close after a response: at once only if the whole request has arrived."""
        if self.transport.is_closing():
            return
        if self._has_whole_request:
            self.transport.close()
        else:
            linger(self.transport, self)

    def _stop_sending(self) -> None:
        if self._current_cycle is not None:
            self._current_cycle.disconnected = True

    def owns(self, send: Callable[..., Any]) -> bool:
        """Return whether *send* is this connection's own; a middleware that wraps it needs ASGI."""
        return self._current_cycle is not None and send == self._current_cycle.send

    async def answer(self, status: int, lines: bytes) -> None:
        """Send a response without a body, in one write; *lines* are its header lines."""
        if self.flow.write_paused:
            await self.flow.drain()
        cycle = self._current_cycle
        if cycle is None or cycle.disconnected:
            return
        if self._default_headers is not self.server_state.default_headers:  # there is a new Date
            self._default_headers = self.server_state.default_headers
            self._default_lines = b"".join(b"%s: %s\r\n" % line for line in self._default_headers)
        end = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + self._default_lines + lines + end)
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()

    def end(self, raw: bytes) -> None:
        """Send the bytes *raw* and close."""
        self._stop_sending()
        if not self.transport.is_closing():
            self.transport.write(raw)
            self.transport.close()

    def reset(self) -> None:
        """Close at once with a TCP reset."""
        self._stop_sending()
        if not self.transport.is_closing():
            self._abort()

    def _abort(self) -> None:
        """Close with a TCP reset, also while the transport waits for the client to read."""
        descriptor = self.transport.get_extra_info("socket").fileno()
        if descriptor >= 0:
            duplicate = socket.socket(fileno=descriptor)
            try:
                duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            finally:
                duplicate.detach()
        self.transport.abort()

    def fall_silent(self) -> Future[None]:
        """Send nothing and read no more requests; the future is done at the client's disconnect."""
        self._stop_sending()
        silent = SilentProtocol(self)
        if self.transport.is_closing():
            silent.disconnected.set_result(None)
        else:
            self.transport.set_protocol(silent)
            self.transport.resume_reading()
        return silent.disconnected


class SilentProtocol(asyncio.Protocol):
    """Ignores what the client sends and waits for its disconnect."""

    def __init__(self, protocol: AppConnection) -> None:
        self._protocol = protocol
        self.disconnected: Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the disconnect to the first protocol and to `disconnected`."""
        self._protocol.connection_lost(exc)
        if not self.disconnected.done():
            self.disconnected.set_result(None)
