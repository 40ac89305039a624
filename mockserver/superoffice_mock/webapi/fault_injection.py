"""How an armed fault answers a call, delays it or breaks its connection."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from superoffice_mock.core.credentials import DENIED
from superoffice_mock.core.faults import Breakage, Delay, ErrorAnswer, Expiry, Fault, garbage_bytes
from superoffice_mock.core.journal import Exchange
from superoffice_mock.core.sync_run import SECOND, Duration, ExchangeId, Instant
from superoffice_mock.core.verdicts import Call, Delayed, RejectedAfterDelay, Verdict
from superoffice_mock.errors import Faulted, Rejected
from superoffice_mock.server import asgi_extensions
from superoffice_mock.server.asgi_extensions import Connection
from superoffice_mock.webapi.backend import Backend, DelayedCall
from superoffice_mock.webapi.deferred import wait_until_due
from superoffice_mock.webapi.entry import Entry
from superoffice_mock.webapi.request import ApiRequest, read_truncated_body
from superoffice_mock.webapi.response import NO_CACHE_HEADERS, BrokenResponse, Response
from superoffice_mock.wire.error_body import status_message

Breaker = Callable[[Connection, bytes], BrokenResponse]
"""Breaks a connection; the bytes are random data."""

_JSON_CONTENT: Final = (b"content-type", b"application/json; charset=utf-8")
_CHUNKED_HEADERS: Final = (*NO_CACHE_HEADERS, _JSON_CONTENT, (b"transfer-encoding", b"chunked"))
MALFORMED_CHUNK: Final = b"".join(
    (
        b"HTTP/1.1 200 OK\r\n",
        *(b"%s: %s\r\n" % header for header in _CHUNKED_HEADERS),
        b"\r\n",
        b"this is not a chunk\r\n",
    )
)
"""The head of a chunked response, followed by bytes that are not a chunk."""


async def answer_with_fault(
    entry: Entry, backend: Backend, request: ApiRequest
) -> Response | BrokenResponse | None:
    """Answer the call with the fault that fires on it, or return None if none does.

    A delay is followed by the answer of *backend*. Raise Rejected for a call that is answered with
    an error. The journal keeps the body.
    """
    if request.route.error is not None:
        return None
    name = entry.operation.name
    fault = request.route.tenant.transact(lambda state: state.fire_fault(name))
    if fault is None:
        return None
    request.exchange.fault = fault
    max_body = backend.max_body(request)
    # A breakage sends nothing, not even the 100 Continue for which a client may hold its body.
    expects_continue = (request.headers.get(b"expect") or "").lower() == "100-continue"
    skip_body = isinstance(fault.effect, Breakage) and expects_continue
    raw = b"" if skip_body else await read_truncated_body(request, max_body)
    if len(raw) <= max_body:
        request.keep_body(raw)
    if isinstance(fault.effect, Delay):
        return await _delay(fault.effect.by, backend.delay(entry, request, raw), request)
    backend.on_fault(request, raw)
    return await apply_fault(fault, request)


async def _delay(
    by: Duration, delayed_call: DelayedCall, request: ApiRequest
) -> Response | BrokenResponse:
    tenant, id_ = request.route.tenant, request.exchange.id
    tenant.check_waiting_limit()
    now = tenant.now()
    verdict = Delayed(Instant(now + by), partial(_try_arrive, delayed_call, id_))
    await wait_until_due(Call(id_, now), verdict, request)
    return await delayed_call.answer()


def _try_arrive(delayed_call: DelayedCall, id_: ExchangeId, now: Instant) -> tuple[Call, Verdict]:
    try:
        return delayed_call.arrive(now)
    except Exception as error:  # noqa: BLE001 - raised again where the call is answered
        return Call(id_, now), RejectedAfterDelay(now, error)


async def apply_fault(fault: Fault, request: ApiRequest) -> BrokenResponse:
    """Break the connection, or raise the Rejected that *fault* answers with."""
    match fault.effect:
        case ErrorAnswer(status, message, headers):
            reason = f"{_fault_name(fault)} answered {status}"
            raise Faulted(status, "", reason, message or status_message(status), headers)
        case Expiry():
            raise Rejected(
                401, "", f"{_fault_name(fault)}: the credential has expired", message=DENIED
            )
        case Breakage(kind, seed):
            connection = _get_connection(fault, request)
            if kind == STALL:
                return await _stall(fault, request, connection)
            action, break_connection = _BREAKERS[kind]
            request.exchange.explicit_reason = f"{_fault_name(fault)} {action}"
            return break_connection(connection, garbage_bytes(seed, fault.fired))
        case Delay():  # pragma: no cover - `answer_with_fault` handles delays
            raise AssertionError


def describe_reason(exchange: Exchange) -> str | None:
    """Return the reason of *exchange*, with the fault that delayed it, if any."""
    fault = exchange.fault
    if fault is None or not isinstance(fault.effect, Delay):
        return exchange.reason
    return f"{_fault_name(fault)} delayed it by {fault.effect.by / SECOND:g} s; {exchange.reason}"


def _get_connection(fault: Fault, request: ApiRequest) -> Connection:
    connection = asgi_extensions.connection_of(request.scope)
    if connection is None:
        reason = (
            f"{_fault_name(fault)} breaks connections, and this call came without one: use a server"
        )
        raise Rejected(503, "", reason)
    return connection


def _fault_name(fault: Fault) -> str:
    return f"fault {fault.id}"


async def _stall(fault: Fault, request: ApiRequest, connection: Connection) -> BrokenResponse:
    """Keep the connection silent until the client disconnects or the tenant ends all waiting."""
    tenant, exchange = request.route.tenant, request.exchange
    stalls = f"{_fault_name(fault)} kept the connection open and sent nothing"
    exchange.explicit_reason = f"{stalls} so far"
    client_gone = connection.fall_silent()
    parked_call = tenant.park_call(exchange)
    try:
        await asyncio.wait((client_gone, parked_call), return_when=asyncio.FIRST_COMPLETED)
    finally:
        tenant.unpark_call(parked_call)
    if not parked_call.done():
        request.note_disconnect()
    end = parked_call.result() if parked_call.done() else "the client disconnected"
    exchange.explicit_reason = f"{stalls} until {end}"
    return BrokenResponse(partial(connection.end, b""))


_BREAKERS: Final[Mapping[str, tuple[str, Breaker]]] = {
    "empty-response": (
        "closed the connection without a byte",
        lambda connection, _: BrokenResponse(partial(connection.end, b"")),
    ),
    "reset-by-peer": (
        "reset the connection",
        lambda connection, _: BrokenResponse(connection.reset),
    ),
    "malformed-chunk": (
        "sent a malformed chunk and closed the connection",
        lambda connection, _: BrokenResponse(partial(connection.end, MALFORMED_CHUNK), 200),
    ),
    "random-data-then-close": (
        "sent random data and closed the connection",
        lambda connection, data: BrokenResponse(partial(connection.end, data)),
    ),
}
"""What the fault does, in words, and the answer that does it; by kind of breakage."""
STALL: Final = "stall"
BREAKAGES: Final = (*_BREAKERS, STALL)
