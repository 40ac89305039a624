"""The server's HTTP/1.1 protocol, with limits and clear errors for invalid requests."""

import asyncio
from typing import Any, Final, Literal, cast
from urllib.parse import unquote

import httptools
import msgspec
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from superoffice_mock.errors import Rejected
from superoffice_mock.server import request_head
from superoffice_mock.server.asgi_extensions import REJECTED
from superoffice_mock.server.connection import AppConnection, ReadFlow, RequestCycle
from superoffice_mock.server.request_head import FRAMING_HEADERS, BlankLineFinder, RawHeader

UNREADABLE_METHOD: Final = "unread"
"""The method in the journal of a request whose first line could not be parsed."""
TLS_HANDSHAKE: Final = b"\x16\x03"
MAX_WAITING_REQUESTS: Final = 8
"""How many requests may wait on a connection for their turn; what follows stays unparsed."""
CHUNK_FRAMING: Final = 16
"""The bytes of a chunk's framing that do not count as extensions or trailers."""
_TLS_HINT: Final = "it begins as TLS does; call http://, or set tls-cert and tls-key"

Stage = Literal["idle", "head", "body"]
"""What of the newest request has begun to arrive and is not complete."""


MAX_REFUSED_CONNECTIONS: Final = 8
"""How many connections too many get a 503 at once; more would take the last open files."""


class ConnectionLimits(msgspec.Struct, frozen=True):
    """Limits of one connection (bytes and seconds), and of the number of connections."""

    max_headers: int
    max_connections: int
    request_timeout: float
    idle_timeout: float


class HttpProtocol(AppConnection):
    """Uvicorn's protocol with limits, timeouts and errors in the vendor's envelope.

    A request that is not valid HTTP or exceeds a limit goes to the application with a `Rejected`:
    in its scope if the head is at fault, or raised where the application reads the body. The
    application answers it; then the connection closes, and acts on nothing that follows.

    The parser gets no piece that holds parts of two requests, so that a head is measured exactly,
    and requests that can't be answered yet stay unparsed while reading pauses.

    Clients that offer an upgrade, as Java's do with `Upgrade: h2c`, get plain HTTP/1.1. httptools
    takes the offer for a switch of protocols and drops the body, so such a head is parsed again
    without the offer (https://github.com/Kludex/uvicorn/issues/2722).
    """

    def __init__(self, *args: Any, limits: ConnectionLimits, **more: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **more)
        self._limits = limits
        self._is_over_connection_limit = False
        self._unparsed = b""
        self._position = 0  # of the first byte of `_unparsed` that was not parsed
        self._ignores_data = self._has_ignored_data = False
        self._blank_lines = BlankLineFinder()
        self._stage: Stage = "idle"
        self._head: bytes | bytearray = b""
        self._framing_headers: list[RawHeader] = []
        self._body_left: int | None = 0
        self._extension_bytes = 0
        self._request_count = 0
        self._checked_progress: object = None
        self._progress_at = self.loop.time()

    # ---- the connection ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Record whether this is one connection too many."""
        super().connection_made(transport)
        self.flow = ReadFlow(transport, lambda: not self._unparsed)
        excess = len(self.connections) - self._limits.max_connections
        self._is_over_connection_limit = excess > 0
        if excess > MAX_REFUSED_CONNECTIONS:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the disconnect to all requests of this connection, not only to the newest."""
        super().connection_lost(exc)
        self._ignores_data, self._unparsed = True, b""
        for cycle in (self._current_cycle, *(cycle for cycle, _ in self.pipeline)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()

    def data_received(self, data: bytes) -> None:
        """Parse *data*, as far as requests may wait; after the last request, ignore it."""
        if self._unparsed:
            data = self._unparsed[self._position :] + data
        self._parse(data, 0)

    def on_response_complete(self) -> None:
        """Start the next pipelined request, if any; `check_timeouts` closes idle connections."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        if self._unparsed:
            self._parse(self._unparsed, self._position)
        self.flow.resume_reading()

    def shutdown(self) -> None:
        """Answer the requests that have arrived, and act on no more."""
        super().shutdown()
        if self._stage == "idle":
            self._ignores_data = True

    def stop_waiting(self, error: Rejected) -> None:
        """Refuse a request that is arriving with *error*; close if the client does not read."""
        if self.flow.write_paused:
            self._abort()
        elif self._stage != "idle":
            self._refuse(error)

    def check_timeouts(self) -> None:
        """Close the connection if it is idle for too long; refuse a request that is too slow.

        A client that does not read its answer is idle. The time counts from the first check that
        finds the connection as it is.
        """
        is_unread = self.flow.write_paused or self.transport.is_closing()
        progress = (
            (self.transport.get_write_buffer_size(),)
            if is_unread
            else (self._stage, self._request_count)
        )
        if progress != self._checked_progress:
            self._checked_progress, self._progress_at = progress, self.loop.time()
            return
        duration = self.loop.time() - self._progress_at
        if is_unread:
            if duration > self._limits.idle_timeout:
                self._abort()
        elif self._stage != "idle":
            if duration > self._limits.request_timeout and not self.flow.read_paused:
                most = f"{self._limits.request_timeout:g} s"
                self._refuse(Rejected(408, "", f"the request took more than {most} to arrive"))
        elif duration > self._limits.idle_timeout and (
            self.cycle is None or self.cycle.response_complete  # all requests have their answers
        ):
            self.transport.close()

    @property
    def _has_whole_request(self) -> bool:
        """Whether the client has nothing more to send; unknown, so False, if data was ignored."""
        return super()._has_whole_request and not self._has_ignored_data

    # ---- what the parser calls ---------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._request_count += 1
        self._framing_headers = []
        self._stage = "head"

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        name = name.lower()
        self.headers.append((name, value))
        if name in FRAMING_HEADERS:
            self._framing_headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Start the request, or refuse it."""
        version = self.scope["http_version"] = self.parser.get_http_version()
        try:
            if self._is_over_connection_limit:
                most = self._limits.max_connections
                raise Rejected(503, "", f"there are {most} connections already; close some")
            request_head.check_bytes(self._head, self._limits.max_headers)
            framing = request_head.read_framing(version, self._framing_headers)
        except Rejected as error:
            self._refuse(error)
            return
        if self.parser.should_upgrade() and self._offers_upgrade:
            return
        self._set_target()
        self._body_left, self.expect_100_continue = framing
        self.headers = []  # trailers come here, and are dropped (RFC 9110, section 6.5.1)
        self._extension_bytes = 0
        self._stage = "body"
        self._begin_cycle(keep_alive=version == "1.1" and self.parser.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        """Hand a part of the body to the application."""
        self._extension_bytes -= len(body)
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.body += body
            if len(cycle.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
            cycle.message_event.set()

    def on_chunk_header(self) -> None:
        """Count the framing of a chunk."""
        self._extension_bytes -= CHUNK_FRAMING

    def on_message_complete(self) -> None:
        """End a request; what follows the last of a connection is ignored (RFC 9112, 9.6)."""
        if self._body_left is None:
            self._check_extensions()
        if self._stage == "body":
            self._stage = "idle"
            cycle = self.cycle
            self._ignores_data = not cycle.keep_alive
            cycle.more_body = False
            cycle.message_event.set()

    # ---- private -----------------------------------------------------------------------------

    def _parse(self, data: bytes, position: int) -> None:
        """Parse *data* from *position*, in pieces in which no request ends; not too many wait."""
        length = len(data)
        while position < length and not self._ignores_data:
            if self._stage == "body" and self._body_left is not None:
                end = min(position + self._body_left, length)
                self._body_left -= end - position
                self._feed(data[position:end])
            elif self._stage == "idle" and len(self.pipeline) >= MAX_WAITING_REQUESTS:
                self._unparsed, self._position = data, position
                self.flow.pause_reading()
                return
            else:
                end = self._blank_lines.find(data, position)
                self._parse_to_blank_line(data[position:end])
            position = end
        self._has_ignored_data |= position < length
        self._unparsed = b""

    def _parse_to_blank_line(self, piece: bytes) -> None:
        if self._stage == "idle":
            self._head = piece.lstrip(b"\r\n")
        elif self._stage == "head":
            if isinstance(self._head, bytes):
                self._head = bytearray(self._head)  # adding to it takes no copy
            self._head += piece
        else:
            self._extension_bytes += len(piece)
        self._feed(piece)
        if self._stage == "head":
            try:
                request_head.check_bytes(self._head, self._limits.max_headers)
            except Rejected as error:
                self._refuse(error)
        elif self._stage == "body":
            self._check_extensions()
        elif self._body_left is None:  # a trailer may have told the old parser that this is the end
            self.parser, self._body_left = httptools.HttpRequestParser(self), 0

    def _feed(self, piece: bytes) -> None:
        """Let the parser read *piece*, which holds parts of one request only."""
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            self._continue_without_upgrade()
        except httptools.HttpParserError as error:
            version = self.parser.get_http_version()
            if version in ("0.0", "1.0", "1.1"):
                reason = _TLS_HINT if piece.startswith(TLS_HANDSHAKE) else _parser_message(error)
                self._refuse(Rejected(400, "", f"this is not an HTTP/1.1 request: {reason}"))
            else:
                self._refuse(request_head.version_error(version))

    def _continue_without_upgrade(self) -> None:
        """Let a new parser read the head again without its offer; a CONNECT has no other end."""
        if self._offers_upgrade and not self._ignores_data:
            self.parser, self._stage = httptools.HttpRequestParser(self), "idle"
            self._parse_to_blank_line(request_head.without_upgrade(self._head))
        else:
            self._ignores_data = True

    @property
    def _offers_upgrade(self) -> bool:
        """Whether the newest request offers another protocol, which its answer declines."""
        return bool(self.parser.get_method() != b"CONNECT")

    def _check_extensions(self) -> None:
        most = self._limits.max_headers
        if self._extension_bytes > most:
            reason = f"chunk extensions and trailers are too long; send at most {most} bytes"
            self._refuse(Rejected(431, "", reason))

    def _set_target(self) -> None:
        target = httptools.parse_url(self.url)
        path = target.path or b"/"  # an absolute URL may have none
        if target.host is not None:
            self._replace_host()
        text = path.decode("ascii")
        self.scope["path"] = unquote(text) if "%" in text else text
        self.scope["raw_path"], self.scope["query_string"] = path, target.query or b""

    def _replace_host(self) -> None:
        """Let the host of an absolute URL count in place of `Host` (RFC 9112, section 3.2.2)."""
        authority = self.url.split(b"/", 3)[2].partition(b"?")[0]
        host = authority.rpartition(b"@")[2]
        headers = [header for header in self.headers if header[0] != b"host"]
        self.scope["headers"] = [(b"host", host), *headers]

    def _begin_cycle(self, *, keep_alive: bool, rejected: Rejected | None = None) -> None:
        """Start the application on the newest request, or let it wait for those before it."""
        self.scope["method"] = self.parser.get_method().decode() if self.url else UNREADABLE_METHOD
        self.scope["extensions"] = self._extensions
        previous = self.cycle
        self.cycle = cycle = RequestCycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )
        if rejected is not None:
            self.scope["extensions"] = {**self._extensions, REJECTED: rejected}  # type: ignore[dict-item]
            cycle.refuse(rejected)
        if previous is None or previous.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:
            self.pipeline.appendleft((cycle, self.app))

    def _refuse(self, error: Rejected) -> None:
        """Let the application answer the newest request with *error*; ignore all that follows."""
        if self._ignores_data or self.transport.is_closing():
            return
        self._ignores_data = self._has_ignored_data = True
        stage, self._stage = self._stage, "idle"
        if stage == "body":
            if self.cycle.response_complete:
                self.transport.close()
            else:
                cast(RequestCycle, self.cycle).refuse(error)
            return
        if stage == "idle":
            self.on_message_begin()
            self._stage = "idle"
        try:
            self._set_target()
        except httptools.HttpParserError:
            path, _, query = self.url.rpartition(b"@")[2].partition(b"?")  # without a password
            self.scope["path"] = path.decode("latin-1")
            self.scope["raw_path"], self.scope["query_string"] = path, query
        self._begin_cycle(keep_alive=False, rejected=error)


def _parser_message(error: httptools.HttpParserError) -> str:
    """Return the parser's own message, without the URL, which may have a password in it."""
    is_of_callback = isinstance(error, httptools.HttpParserCallbackError)  # it reads the URL
    return "its target is no path and no URL" if is_of_callback else f"{error}"
