"""HTTP/1.1 as the server speaks it: bounded, and with a clear answer to what is no HTTP."""

import asyncio
from typing import Any, Final, Literal, cast

import httptools
import msgspec
from uvicorn._types import HTTPScope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from superoffice_mock.errors import Rejected
from superoffice_mock.server.asgi_extensions import REFUSED
from superoffice_mock.server.connection import AppConnection

UNREAD: Final = "unread"
"""What the journal calls the method of a request whose first line could not be read."""
HANDSHAKE: Final = b"\x16\x03"
"""How a client begins that wants TLS."""
_TLS: Final = "it begins as TLS does; call http://, or set tls-cert and tls-key"

Phase = Literal["idle", "head", "body", "answering"]
DAWDLING: Final = ("head", "body")
"""The phases in which a connection owes the rest of a request."""


class ConnectionLimits(msgspec.Struct, frozen=True):
    """What one connection may bring, and for how many seconds it may dawdle."""

    max_headers: int
    max_connections: int
    request_timeout: float
    idle_timeout: float


class ConnectionPhase(msgspec.Struct, frozen=True):
    """What a connection was at with *message*, and the moment when that was first seen."""

    phase: Phase
    message: HTTPScope | None
    since: float


class Protocol(AppConnection):
    """Speaks plain HTTP/1.1 with clients that offer more, as Java's do with `Upgrade: h2c`.

    httptools takes the offer for a switch and drops the body, so such a request is read again
    without its offer (https://github.com/Kludex/uvicorn/issues/2722).

    What is no HTTP, or beyond the bounds, goes to the application as a refused request: so the
    answer is in the vendor's envelope and the journal knows of it. Then the connection closes.
    """

    def __init__(self, *args: Any, bounds: ConnectionLimits, **more: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **more)
        self._bounds = bounds
        self._last = ConnectionPhase("idle", None, self.loop.time())
        self._head = self._piece = 0
        self._refused = False
        self._crowded = False

    # ---- what uvicorn calls ------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note whether there are too many connections already."""
        super().connection_made(transport)
        self._crowded = len(self.connections) > self._bounds.max_connections

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everyone who is being answered here, not only who came last."""
        super().connection_lost(exc)
        for cycle in (self._answering, *(cycle for cycle, _ in self.pipeline)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; once a request was refused, nothing more is read."""
        if self._refused:
            return
        before, self._piece = self.scope, len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if self._should_upgrade():
                self._read_again(data[offer.args[0] :])
        except httptools.HttpParserError as error:
            why = _TLS if data.startswith(HANDSHAKE) else _told(error)
            self._refuse(Rejected(400, "", f"this is no HTTP/1.1 request: {why}"))
        if before is self.scope and self._phase == "head":
            self._head += len(data)
            if self._head > self._bounds.max_headers:
                self._refuse(self._too_long())

    def on_headers_complete(self) -> None:
        """Start on the request, unless it is refused for what its head says."""
        if self._crowded:
            most = self._bounds.max_connections
            self._refuse(Rejected(503, "", f"there are {most} connections already; close some"))
        elif self._is_long() and self._length() > self._bounds.max_headers:
            self._refuse(self._too_long())
        else:
            super().on_headers_complete()
        self._head = 0

    def on_response_complete(self) -> None:
        """Go on with the next request, or wait for one: `sweep` closes what waits too long."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)

    def sweep(self) -> None:
        """Close the connection if it has been idle for too long; refuse a request that dawdles.

        Time counts from the look that first found the connection at what it still is at.
        """
        last, now = self._last, self.loop.time()
        if self._phase != last.phase or self.scope is not last.message:
            self._last = ConnectionPhase(self._phase, self.scope, now)
        elif last.phase == "idle" and now - last.since > self._bounds.idle_timeout:
            self.transport.close()
        elif last.phase in DAWDLING and now - last.since > self._bounds.request_timeout:
            most = f"{self._bounds.request_timeout:g} s"
            self._refuse(Rejected(408, "", f"the request took more than {most} to arrive"))

    # ---- inside ------------------------------------------------------------------------------

    @property
    def _phase(self) -> Phase:
        """What the newest message on this connection is at."""
        cycle = cast(RequestResponseCycle | None, self.cycle)
        if cycle is None:
            return "idle" if self.scope is None else "head"
        if cycle.scope is not self.scope:
            return "head"
        if cycle.more_body:
            return "body"
        return "idle" if cycle.response_complete else "answering"

    @property
    def _heard_out(self) -> bool:
        """Where a request was refused, nobody knows how much of it is still to come."""
        return super()._heard_out and not self._refused

    def _is_long(self) -> bool:
        """Tell whether so much has come that the head may be too long; most come in one piece."""
        return self._head + self._piece > self._bounds.max_headers

    def _length(self) -> int:
        """Return how long the head is, but for its first line's other words."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _too_long(self) -> Rejected:
        most = self._bounds.max_headers
        return Rejected(431, "", f"the head of the request is too long; send at most {most} bytes")

    def _refuse(self, error: Rejected) -> None:
        """Have the application answer *error* to what is arriving, and read no more."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        if self._phase == "body":
            self._cut_short(self.cycle, error)
        else:
            self._answer(error)

    def _cut_short(self, cycle: RequestResponseCycle, error: Rejected) -> None:
        """Tell the application that the body it reads will not become whole."""
        if cycle.response_complete:
            self.transport.close()
            return
        cycle.scope["extensions"] = {**self._extensions, REFUSED: error}  # type: ignore[dict-item]
        cycle.keep_alive = False
        cycle.body, cycle.more_body = bytearray(), False
        cycle.message_event.set()

    def _answer(self, error: Rejected) -> None:
        """Start on a request of which only so much is known."""
        if self._phase != "head":
            self.on_message_begin()
        path, _, query = self.url.partition(b"?")
        self.scope["method"] = self.parser.get_method().decode("ascii") if self.url else UNREAD
        self.scope["path"] = path.decode("latin-1")
        self.scope["raw_path"], self.scope["query_string"] = path, query
        self.scope["extensions"] = {**self._extensions, REFUSED: error}  # type: ignore[dict-item]
        before, self.cycle = (
            self.cycle,
            RequestResponseCycle(
                scope=self.scope,
                transport=self.transport,
                flow=self.flow,
                logger=self.logger,
                access_logger=self.access_logger,
                access_log=self.access_log,
                default_headers=self.server_state.default_headers,
                message_event=asyncio.Event(),
                expect_100_continue=False,
                keep_alive=False,
                on_response=self.on_response_complete,
            ),
        )
        self.cycle.more_body = False
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.pipeline.appendleft((self.cycle, self.app))

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


def _told(error: httptools.HttpParserError) -> str:
    """Return what the parser says is wrong; a callback of ours adds nothing that helps."""
    cause = error.__cause__ or error.__context__
    return f"{cause}" if isinstance(cause, httptools.HttpParserError) else f"{error}"
