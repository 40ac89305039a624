"""HTTP/1.1 as the server speaks it: uvicorn's protocol, with offers declined and faults added."""

import asyncio
import os
import socket
import struct
from asyncio import Future
from typing import Any, Final

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from superoffice_mock.asgi.faulting import EXTENSION

NO_LINGER: Final = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends a reset."""


class Protocol(HttpToolsProtocol):
    """Speaks plain HTTP/1.1 with clients that offer more, as Java's do with `Upgrade: h2c`.

    httptools takes the offer for a switch and drops the body, so such a request is read again
    without its offer (https://github.com/Kludex/uvicorn/issues/2722).
    """

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if self._should_upgrade():
                self._read_again(data[offer.args[0] :])
        except httptools.HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("Invalid HTTP request received.")

    # ---- connection faults: what the application is offered as an extension -------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Offer this connection to the application."""
        super().connection_made(transport)
        self._extensions: dict[str, Any] = {EXTENSION: self}

    def on_message_begin(self) -> None:
        """Make the scope."""
        super().on_message_begin()
        self.scope["extensions"] = self._extensions

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def end(self, raw: bytes) -> None:
        """Send *raw*, as it is, and close."""
        self._answering.disconnected = True
        if not self.transport.is_closing():
            self.transport.write(raw)
            self.transport.close()

    def reset(self) -> None:
        """Close so that the caller's system reports a reset: without a word, all at once."""
        self._answering.disconnected = True
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
        self._answering.disconnected = True
        silent = Silence(self)
        if self.transport.is_closing():
            silent.gone.set_result(None)
        else:
            self.transport.set_protocol(silent)
            self.flow.resume_reading()
        return silent.gone

    def _should_upgrade(self) -> bool:
        """Tell whether this request is to be read again, and not to be started on before."""
        return bool(self.parser.get_method() != b"CONNECT")

    def _read_again(self, rest: bytes) -> None:
        kept = ((name, value) for name, value in self.headers if name != b"upgrade")
        lines = (b"%s: %s\r\n" % header for header in kept)
        version = self.parser.get_http_version().encode()
        first = b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, version)
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(first + b"".join(lines) + b"\r\n" + rest)


class Silence(asyncio.Protocol):
    """Takes over from a protocol that has fallen silent: hears nothing but the end."""

    def __init__(self, before: Protocol) -> None:
        self._before = before
        self.gone: Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say that the caller is gone."""
        self._before.connection_lost(exc)
        if not self.gone.done():
            self.gone.set_result(None)
