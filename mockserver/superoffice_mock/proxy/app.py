"""A reverse proxy that keeps what passes by: each exchange, before its last byte is forwarded."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from functools import partial
from typing import Any, Final

from superoffice_mock.errors import Rejected
from superoffice_mock.proxy import hop_by_hop
from superoffice_mock.proxy.body_buffer import LONGEST, BufferedBody, MemoryBudget
from superoffice_mock.proxy.upstream_client import (
    UpstreamClient,
    UpstreamError,
    UpstreamRequest,
    UpstreamResponse,
)
from superoffice_mock.recordings import body_encoding, outcome_labels
from superoffice_mock.recordings.model import Entry, Label, RecordedRequest, RecordedResponse
from superoffice_mock.server import asgi_extensions
from superoffice_mock.server.asgi_extensions import Connection
from superoffice_mock.wire import error_body

Message = MutableMapping[str, Any]


Receive = Callable[[], Awaitable[Message]]


class ClientDisconnected(Exception):
    """The caller left before its request was complete."""


class ProxyClient:
    """Reads the request of a caller, and keeps its body as it goes by.

    `sent_at` is the moment at which all of it had been taken, on the clock of `perf_counter`.
    """

    def __init__(
        self, receive: Receive, kept: BufferedBody, refused: Callable[[], Rejected | None]
    ) -> None:
        self._receive = receive
        self._refused = refused
        self._sent = asyncio.Event()
        self.kept = kept
        self.sent_at: float | None = None

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the body. Raise CallerLeft or Rejected if it stays incomplete."""
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnected
            part, more = message.get("body", b""), message.get("more_body", False)
            if part:
                self.kept.add(part)
                yield part
        if error := self._refused():
            raise error
        self.sent_at = time.perf_counter()
        self._sent.set()

    async def left(self) -> None:
        """Return when the caller has left, after it had sent everything."""
        await self._sent.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass


Scope = MutableMapping[str, Any]


Send = Callable[[Message], Awaitable[None]]


Keep = Callable[[Entry], Awaitable[None]]


LEFT: Final = "aborted"


STOPPED: Final = "cut off"


NO_ANSWER: Final[Mapping[str, tuple[int, str]]] = {
    "refused": (502, "refused the connection"),
    "unreachable": (502, "can't be reached"),
    "TLS failed": (502, "shows no certificate that is trusted; --ca names its authority"),
    "timed out": (504, "did not answer in time; --timeout gives it more"),
}
"""What a caller is told unless the upstream broke the connection: then the caller's breaks, too."""


BROKE_OFF: Final = (502, "broke the connection")


IN_ITS_PLACE: Final = "the recorder answered {} in the upstream's place"


WAS_STOPPED: Final = "the recorder was stopped before the answer was complete"


CODED: Final = "its Content-Encoding can't be undone, or hides a long one"


class ProxiedRequest:
    """One exchange on its way through: what is known of it so far.

    *answered* is the status and the headers once they have come; *recorded* is set as soon as the
    exchange is being written down, and then nothing may stop it.
    """

    def __init__(self, scope: Scope, receive: Receive, arrival: int, room: MemoryBudget) -> None:
        self.at, self.began = time.time(), time.perf_counter()
        self.scope = scope
        self.method: str = scope["method"]
        self.arrival = arrival
        self.caller = ProxyClient(
            receive, BufferedBody("request", room), partial(asgi_extensions.refusal, scope)
        )
        self.kept = BufferedBody("answer's", room)
        self.answered: tuple[int, hop_by_hop.RawHeaders] | None = None
        self.recorded = False

    @property
    def target(self) -> bytes:
        """Path and query as they came, wherever the request line would have them go."""
        path: bytes = self.scope["raw_path"]
        query: bytes = self.scope["query_string"]
        return path + b"?" + query if query else path

    @property
    def connection(self) -> Connection | None:
        """What lies below ASGI, if whoever runs the recorder offers it."""
        return asgi_extensions.connection(self.scope)


class RecordingProxy:
    """Forwards every request over *link* and has *keep* write the exchange down."""

    def __init__(self, link: UpstreamClient, keep: Keep) -> None:
        self._link = link
        self._keep = keep
        self._room = MemoryBudget()
        self._arrived = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward one request and its answer, until that is there or the caller leaves."""
        refused = asgi_extensions.refusal(scope)
        if refused is not None:  # it can't be read, so it can't be forwarded either
            await _answer(refused, send)
            return
        self._arrived += 1
        passage = ProxiedRequest(scope, receive, self._arrived, self._room)
        forward = asyncio.create_task(self._forward(passage, send))
        left = asyncio.create_task(passage.caller.left())
        try:
            await asyncio.wait((forward, left), return_when=asyncio.FIRST_COMPLETED)
            await _ended(passage, forward, left)
            if not passage.recorded:
                await self._record(passage, LEFT)
        except asyncio.CancelledError:  # the server stops, and soon cancels what still waits
            forward.cancel()
            left.cancel()
            if not passage.recorded:
                await self._record(passage, STOPPED, WAS_STOPPED)
            _break_off(passage, STOPPED)
            return
        finally:
            passage.caller.kept.release()
            passage.kept.release()
        if not forward.cancelled():
            forward.result()

    async def _forward(self, passage: ProxiedRequest, send: Send) -> None:
        headers = hop_by_hop.request(passage.scope["headers"], self._link.upstream.authority)
        sent = UpstreamRequest(passage.method, passage.target, headers)
        try:
            async with await self._link.send(sent, passage.caller.body()) as answer:
                await self._pass_on(passage, answer, send)
        except ClientDisconnected:
            await self._record(passage, LEFT)
        except Rejected as error:
            await self._record(passage, LEFT)
            await _answer(error, send)
        except UpstreamError as error:
            await self._fail(passage, error.failure, send)

    async def _pass_on(self, passage: ProxiedRequest, answer: UpstreamResponse, send: Send) -> None:
        """Forward *answer* as it comes, all but its end, which waits for the record."""
        passage.answered = (answer.status, list(answer.headers))
        headers = hop_by_hop.response(answer.headers, answer.status)
        length = hop_by_hop.length(headers, passage.method, answer.status)
        start = {"type": "http.response.start", "status": answer.status, "headers": headers}
        if length != 0:
            await send(start)
        came, last = 0, b""
        async for part in answer.parts():
            passage.kept.add(part)
            came += len(part)
            if came == length:
                last = part
            else:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await self._record(passage)
        if length == 0:
            await send(start)
        await send({"type": "http.response.body", "body": last})

    async def _fail(self, passage: ProxiedRequest, failure: str, send: Send) -> None:
        """Let the caller see what became of its request."""
        unbroken = failure in NO_ANSWER or passage.connection is None
        if passage.answered is None and unbroken:
            status, what = NO_ANSWER.get(failure, BROKE_OFF)
            await self._record(passage, failure, IN_ITS_PLACE.format(status))
            told = f"superoffice-mock record: the upstream {what}"
            await _answer(Rejected(status, "", told), send)
        else:
            await self._record(passage, failure)
            _break_off(passage, failure)

    async def _record(
        self, passage: ProxiedRequest, failed: str | None = None, *notes: str
    ) -> None:
        passage.recorded = True
        await self._keep(_entry(passage, self._link, failed, notes))


async def _ended(
    passage: ProxiedRequest, forward: asyncio.Task[None], left: asyncio.Task[None]
) -> None:
    """Wait until both tasks are over; an exchange that is being written down may go on."""
    left.cancel()
    if not passage.recorded:
        forward.cancel()
    await asyncio.wait((forward, left))


def _break_off(passage: ProxiedRequest, failure: str) -> None:
    connection = passage.connection
    if connection is not None and failure == "reset":
        connection.reset()
    elif connection is not None:
        connection.end(b"")


async def _answer(error: Rejected, send: Send) -> None:
    body = error_body.render(error_body.envelope(error, "webapi"), "application/json")
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


# ---- what is written down --------------------------------------------------------------------


def _entry(
    passage: ProxiedRequest, link: UpstreamClient, failed: str | None, notes: tuple[str, ...]
) -> Entry:
    now, sent_at = time.perf_counter(), passage.caller.sent_at
    url = link.upstream.url + _path(passage.target)
    response = _response(passage, failed)
    kept = (passage.caller.kept.note, passage.kept.note)
    headers = hop_by_hop.request(passage.scope["headers"], link.upstream.authority)
    return Entry(
        request=RecordedRequest(
            passage.method,
            url,
            headers=hop_by_hop.as_text(headers),
            body=passage.caller.kept.body,
        ),
        response=response,
        at=passage.at,
        elapsed=now - passage.began,
        waited=now - (passage.began if sent_at is None else sent_at),
        label=Label(
            tenant=outcome_labels.tenant(url),
            arrival=passage.arrival,
            notes=(*notes, *filter(None, kept)),
        ),
    )


def _path(target: bytes) -> str:
    text = target.decode("latin-1")
    return text if text.startswith("/") else f"/{text}"


def _response(passage: ProxiedRequest, failed: str | None) -> RecordedResponse:
    if passage.answered is None:
        return RecordedResponse(0, failed)
    status, raw = passage.answered
    headers = hop_by_hop.as_text((name.lower(), value) for name, value in raw)
    coding = ",".join(value for name, value in headers if name == "content-encoding")
    body = passage.kept.body
    plain = body_encoding.undone(body, coding) if body and coding else body
    if body and (plain is None or len(plain) > LONGEST):
        passage.kept.leave_out(CODED)
        plain = None
    return RecordedResponse(status, failed, headers=headers, body=plain)
