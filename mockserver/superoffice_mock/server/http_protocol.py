"""The server's HTTP/1.1 protocol, with limits and clear errors for invalid requests."""

import asyncio
from typing import Any, Final, Literal, cast

import httptools
import msgspec
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from superoffice_mock.errors import Rejected
from superoffice_mock.server.asgi_extensions import REJECTED
from superoffice_mock.server.connection import AppConnection

UNREADABLE_METHOD: Final = "unread"
"""The method in the journal of a request whose first line could not be parsed."""
TLS_HANDSHAKE: Final = b"\x16\x03"
"""The first bytes of a TLS connection."""
_TLS_HINT: Final = "it begins as TLS does; call http://, or set tls-cert and tls-key"

Phase = Literal["idle", "head", "body", "answering"]
RECEIVING_PHASES: Final = ("head", "body")
"""The phases in which part of a request has not arrived yet."""


class ConnectionLimits(msgspec.Struct, frozen=True):
    """Limits of one connection (bytes and seconds), and of the number of connections."""

    max_headers: int
    max_connections: int
    request_timeout: float
    idle_timeout: float


class HttpProtocol(AppConnection):
    """Uvicorn's protocol with limits, timeouts and errors in the vendor's envelope.

    A request that is not valid HTTP or exceeds a limit goes to the application with a `Rejected`:
    the application answers it in the vendor's envelope and adds it to the journal. Then the
    connection closes.

    Clients that offer an upgrade, as Java's do with `Upgrade: h2c`, get plain HTTP/1.1. httptools
    takes the offer for a switch of protocols and drops the body, so such a request is parsed again
    without the offer (https://github.com/Kludex/uvicorn/issues/2722).
    """

    def __init__(self, *args: Any, limits: ConnectionLimits, **more: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **more)
        self._limits = limits
        self._checked_phase: tuple[Phase, object] = ("idle", None)
        self._phase_began = self.loop.time()
        self._piece_size = 0
        self._max_head_length = self._min_head_length = 0
        self._has_refused = False
        self._is_over_connection_limit = False

    # ---- what uvicorn calls ------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Record whether this is one connection too many."""
        super().connection_made(transport)
        self._is_over_connection_limit = len(self.connections) > self._limits.max_connections

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the disconnect to all requests of this connection, not only to the newest."""
        super().connection_lost(exc)
        for cycle in (self._current_cycle, *(cycle for cycle, _ in self.pipeline)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; after a refused request, ignore all data."""
        if self._has_refused:
            return
        scope, cycle, self._piece_size = self.scope, self.cycle, len(data)
        within_body = cycle is not None and cycle.more_body
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if self._should_upgrade():
                self._parse_again(data[offer.args[0] :])
        except httptools.HttpParserError as error:
            reason = _TLS_HINT if data.startswith(TLS_HANDSHAKE) else _parser_message(error)
            self._refuse(Rejected(400, "", f"this is not an HTTP/1.1 request: {reason}"))
        if self._phase == "head":
            # A piece in which the head begins may also hold the end of an earlier request.
            self._max_head_length += len(data)
            if scope is self.scope or (cycle is self.cycle and not within_body):
                self._min_head_length += len(data)
            if self._min_head_length > self._limits.max_headers:
                self._refuse(self._head_too_long())

    def on_headers_complete(self) -> None:
        """Start the request, unless there are too many connections or its head is too long."""
        if self._is_over_connection_limit:
            most = self._limits.max_connections
            self._refuse(Rejected(503, "", f"there are {most} connections already; close some"))
        elif self._may_be_too_long() and self._head_length() > self._limits.max_headers:
            self._refuse(self._head_too_long())
        else:
            super().on_headers_complete()
        self._max_head_length = self._min_head_length = 0

    def on_response_complete(self) -> None:
        """Start the next pipelined request, if any; `check_timeouts` closes idle connections."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)

    def check_timeouts(self) -> None:
        """Close the connection if it has been idle for too long; refuse a request that is too slow.

        The time of a phase counts from the first check that finds the connection in it.
        """
        (last_phase, last_scope), phase = self._checked_phase, self._phase
        duration = self.loop.time() - self._phase_began
        if phase != last_phase or self.scope is not last_scope:
            self._checked_phase, self._phase_began = (phase, self.scope), self.loop.time()
        elif phase == "idle" and duration > self._limits.idle_timeout:
            self.transport.close()
        elif phase in RECEIVING_PHASES and duration > self._limits.request_timeout:
            most = f"{self._limits.request_timeout:g} s"
            self._refuse(Rejected(408, "", f"the request took more than {most} to arrive"))

    # ---- private -----------------------------------------------------------------------------

    @property
    def _phase(self) -> Phase:
        """The phase of the newest request on this connection."""
        cycle = cast(RequestResponseCycle | None, self.cycle)
        if cycle is None:
            return "idle" if self.scope is None else "head"
        if cycle.scope is not self.scope:
            return "head"
        if cycle.more_body:
            return "body"
        return "idle" if cycle.response_complete else "answering"

    @property
    def _has_whole_request(self) -> bool:
        """Whether the whole request has arrived; unknown, so False, if it was refused."""
        return super()._has_whole_request and not self._has_refused

    def _may_be_too_long(self) -> bool:
        """Return whether all bytes received exceed the limit; they may include other requests."""
        return self._max_head_length + self._piece_size > self._limits.max_headers

    def _head_length(self) -> int:
        """Return the length of URL and headers; method and version are not counted."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _head_too_long(self) -> Rejected:
        most = self._limits.max_headers
        return Rejected(431, "", f"the head of the request is too long; send at most {most} bytes")

    def _refuse(self, error: Rejected) -> None:
        """Let the application answer the arriving request with *error*; ignore further data."""
        if self._has_refused or self.transport.is_closing():
            return
        self._has_refused = True
        if self._phase == "body":
            self._refuse_within_body(self.cycle, error)
        else:
            self._refuse_at_head(error)

    def _refuse_within_body(self, cycle: RequestResponseCycle, error: Rejected) -> None:
        """Notify the application, which is reading the body, that it will not be complete."""
        if cycle.response_complete:
            self.transport.close()
            return
        cycle.scope["extensions"] = {**self._extensions, REJECTED: error}  # type: ignore[dict-item]
        cycle.keep_alive = False
        cycle.body, cycle.more_body = bytearray(), False
        cycle.message_event.set()

    def _refuse_at_head(self, error: Rejected) -> None:
        """Start a request whose head is incomplete or too long, with *error*."""
        if self._phase != "head":
            self.on_message_begin()
        path, _, query = self.url.partition(b"?")
        self.scope["method"] = (
            self.parser.get_method().decode("ascii") if self.url else UNREADABLE_METHOD
        )
        self.scope["path"] = path.decode("latin-1")
        self.scope["raw_path"], self.scope["query_string"] = path, query
        self.scope["extensions"] = {**self._extensions, REJECTED: error}  # type: ignore[dict-item]
        previous = self.cycle
        self.cycle = RequestResponseCycle(
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
        )
        self.cycle.more_body = False
        if previous is None or previous.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.pipeline.appendleft((self.cycle, self.app))

    def _should_upgrade(self) -> bool:
        """Return whether to parse this request again; uvicorn does not start it then."""
        return bool(self.parser.get_method() != b"CONNECT")

    def _parse_again(self, rest: bytes) -> None:
        """Parse the head of this request again without `Upgrade`, then *rest*."""
        headers = ((name, value) for name, value in self.headers if name != b"upgrade")
        lines = (b"%s: %s\r\n" % header for header in headers)
        version = self.parser.get_http_version().encode()
        first_line = b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, version)
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(first_line + b"".join(lines) + b"\r\n" + rest)


def _parser_message(error: httptools.HttpParserError) -> str:
    """Return the parser's own message; errors in our callbacks wrap it."""
    cause = error.__cause__ or error.__context__
    return f"{cause}" if isinstance(cause, httptools.HttpParserError) else f"{error}"
