"""A recording reverse proxy: writes each exchange before it forwards the end of the answer."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import aclosing
from typing import Any, Final

from superoffice_mock.errors import Rejected
from superoffice_mock.proxy import hop_by_hop
from superoffice_mock.proxy.access import AccessRules, Scope
from superoffice_mock.proxy.body_buffer import MAX_BODY_BYTES, BufferedBody, MemoryBudget
from superoffice_mock.proxy.upstream_client import UpstreamClient, UpstreamError, UpstreamResponse
from superoffice_mock.recordings import body_encoding, outcome_labels
from superoffice_mock.recordings.model import (
    Entry,
    Label,
    RecordedRequest,
    RecordedResponse,
    decode_headers,
)
from superoffice_mock.server import asgi_extensions
from superoffice_mock.wire import error_body

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
WriteEntry = Callable[[Entry], Awaitable[None]]

ABORTED: Final = "aborted"
CUT_OFF: Final = "cut off"
ERRORS_WITHOUT_ANSWER: Final[Mapping[str, tuple[int, str]]] = {
    "refused": (502, "refused the connection"),
    "unreachable": (502, "can't be reached"),
    "TLS failed": (502, "shows no certificate that is trusted; --ca names its authority"),
    "timed out": (504, "did not answer in time; --timeout gives it more"),
}
"""The answers to failures of the upstream; for others the connection of the client is broken."""
ERROR_AFTER_BREAK: Final = (502, "broke the connection")
STOPPED_EARLY: Final = "the recorder was stopped before the answer was complete"


class ClientDisconnected(Exception):
    """The client disconnected before its request was complete."""


class RequestReader:
    """Reads the request of a client and buffers its body.

    `completed_at` is the time at which the whole body had been read, by `perf_counter`.
    """

    def __init__(self, receive: Receive, buffer: BufferedBody) -> None:
        self._receive = receive
        self._complete = asyncio.Event()
        self.buffer = buffer
        self.completed_at: float | None = None

    async def read_body(self) -> AsyncIterator[bytes]:
        """Yield the rest of the body. Raise ClientDisconnected or Rejected if it breaks off."""
        while not self._complete.is_set():
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnected
            part = message.get("body", b"")
            if part:
                self.buffer.add(part)
            if not message.get("more_body", False):
                self.completed_at = time.perf_counter()
                self._complete.set()
            if part:
                yield part

    async def wait_for_disconnect(self) -> None:
        """Return when the client disconnects after its request is complete."""
        await self._complete.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass


class ProxiedExchange:
    """One exchange in progress.

    `response_head` is the status and the headers, once they have come. `is_recorded` is set when
    writing begins; from then on nothing may interrupt it.
    """

    def __init__(self, scope: Scope, receive: Receive, arrival: int, budget: MemoryBudget) -> None:
        self.at, self.started = time.time(), time.perf_counter()
        self.scope = scope
        self.method: str = scope["method"]
        self.arrival = arrival
        self.reader = RequestReader(receive, BufferedBody("request", budget))
        self.response_buffer = BufferedBody("response", budget)
        self.response_head: tuple[int, list[tuple[bytes, bytes]]] | None = None
        self.is_recorded = False

    @property
    def target(self) -> bytes:
        """The path and query as sent; a host in the request line is ignored."""
        path: bytes = self.scope["raw_path"]
        query: bytes = self.scope["query_string"]
        return path + b"?" + query if query else path


class RecordingProxy:
    """An application that forwards requests with *client* and passes the exchanges to *write*.

    Callers that *access* refuses get an answer, and nothing else happens. `app` is itself, as a
    server wants it.
    """

    def __init__(self, client: UpstreamClient, write: WriteEntry, access: AccessRules) -> None:
        self._client = client
        self._write = write
        self._access = access
        self._budget = MemoryBudget()
        self._arrivals = 0
        self.app = self

    def close(self, _: str) -> None:
        """Do nothing: the upstream answers the calls in flight."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward one request and its answer, until it is complete or the client disconnects."""
        try:
            if unreadable := asgi_extensions.rejection_of(scope):
                raise unreadable
            scope = self._access.admit(scope)
        except Rejected as error:
            await _send_error(error, send)
            return
        self._arrivals += 1
        exchange = ProxiedExchange(scope, receive, self._arrivals, self._budget)
        forward = asyncio.create_task(self._forward(exchange, send))
        disconnect = asyncio.create_task(exchange.reader.wait_for_disconnect())
        try:
            await asyncio.wait((forward, disconnect), return_when=asyncio.FIRST_COMPLETED)
            disconnect.cancel()
            if not exchange.is_recorded:
                forward.cancel()
            await asyncio.wait((forward, disconnect))
            if not exchange.is_recorded:
                await self._record(exchange, ABORTED)
        except asyncio.CancelledError:  # the server is stopping
            forward.cancel()
            disconnect.cancel()
            if not exchange.is_recorded:
                await self._record(exchange, CUT_OFF, STOPPED_EARLY)
            _break_connection(exchange, CUT_OFF)
            return
        finally:
            exchange.reader.buffer.release()
            exchange.response_buffer.release()
        if not forward.cancelled():
            forward.result()

    async def _forward(self, exchange: ProxiedExchange, send: Send) -> None:
        try:
            response = await self._send_request(exchange)
            async with aclosing(response):
                await self._forward_answer(exchange, response, send)
        except ClientDisconnected:
            await self._record(exchange, ABORTED)
        except Rejected as error:
            await self._record(exchange, ABORTED)
            await _send_error(error, send)
        except UpstreamError as error:
            await self._report_failure(exchange, error.failure, send)

    async def _send_request(self, exchange: ProxiedExchange) -> UpstreamResponse:
        """Send the request; if there is no answer, the recording still gets all of its body."""
        authority = self._client.upstream.authority
        headers = hop_by_hop.request_headers(exchange.scope["headers"], authority)
        body = exchange.reader.read_body()
        try:
            return await self._client.send(exchange.method, exchange.target, headers, body)
        except UpstreamError:
            async for _ in exchange.reader.read_body():
                if exchange.reader.buffer.note is not None:
                    break
            raise

    async def _forward_answer(
        self, exchange: ProxiedExchange, response: UpstreamResponse, send: Send
    ) -> None:
        """Forward *response* as it comes, except its last part, which waits for the recording."""
        exchange.response_head = (response.status, list(response.headers))
        headers = hop_by_hop.response_headers(response.headers, response.status)
        length = hop_by_hop.body_length(headers, exchange.method, response.status)
        start = {"type": "http.response.start", "status": response.status, "headers": headers}
        if length != 0:
            await send(start)
        count, last = 0, b""
        async for part in response.parts():
            exchange.response_buffer.add(part)
            count += len(part)
            if count == length:
                last = part
            else:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await self._record(exchange)
        if length == 0:
            await send(start)
        await send({"type": "http.response.body", "body": last})

    async def _report_failure(self, exchange: ProxiedExchange, failure: str, send: Send) -> None:
        has_connection = asgi_extensions.connection_of(exchange.scope) is not None
        can_answer = failure in ERRORS_WITHOUT_ANSWER or not has_connection
        if exchange.response_head is None and can_answer:
            status, problem = ERRORS_WITHOUT_ANSWER.get(failure, ERROR_AFTER_BREAK)
            note = f"the recorder answered {status} in the upstream's place"
            await self._record(exchange, failure, note)
            message = f"superoffice-mock record: the upstream {problem}"
            await _send_error(Rejected(status, "", message), send)
        else:
            await self._record(exchange, failure)
            _break_connection(exchange, failure)

    async def _record(
        self, exchange: ProxiedExchange, failure: str | None = None, *notes: str
    ) -> None:
        exchange.is_recorded = True
        if exchange.reader.completed_at is None and exchange.reader.buffer.note is None:
            exchange.reader.buffer.drop("it did not arrive completely")
        await self._write(_entry(exchange, self._client, failure, notes))


def _break_connection(exchange: ProxiedExchange, failure: str) -> None:
    connection = asgi_extensions.connection_of(exchange.scope)
    if connection is not None and failure == "reset":
        connection.reset()
    elif connection is not None:
        connection.end(b"")


async def _send_error(error: Rejected, send: Send) -> None:
    body = error_body.render(error_body.envelope(error, "webapi"), "application/json")
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _entry(
    exchange: ProxiedExchange, client: UpstreamClient, failure: str | None, notes: tuple[str, ...]
) -> Entry:
    now, completed_at = time.perf_counter(), exchange.reader.completed_at
    url = f"{client.upstream.url}/{exchange.target.decode('latin-1').removeprefix('/')}"
    response = _recorded_response(exchange, failure)
    buffers = (exchange.reader.buffer, exchange.response_buffer)
    headers = hop_by_hop.request_headers(exchange.scope["headers"], client.upstream.authority)
    return Entry(
        request=RecordedRequest(
            exchange.method, url, headers=decode_headers(headers), body=exchange.reader.buffer.body
        ),
        response=response,
        at=exchange.at,
        elapsed=now - exchange.started,
        service_time=now - (exchange.started if completed_at is None else completed_at),
        label=Label(
            tenant=outcome_labels.tenant_of(url),
            arrival=exchange.arrival,
            notes=(*notes, *(buffer.note for buffer in buffers if buffer.note)),
        ),
    )


def _recorded_response(exchange: ProxiedExchange, failure: str | None) -> RecordedResponse:
    if exchange.response_head is None:
        return RecordedResponse(0, failure)
    status, raw_headers = exchange.response_head
    headers = decode_headers((name.lower(), value) for name, value in raw_headers)
    coding = ",".join(value for name, value in headers if name == "content-encoding")
    body = exchange.response_buffer.body
    plain = body_encoding.decompress(body, coding) if body and coding else body
    if body and (plain is None or len(plain) > MAX_BODY_BYTES):
        exchange.response_buffer.drop("it can't be decompressed, or is too long when decompressed")
        plain = None
    return RecordedResponse(status, failure, headers=headers, body=plain)
