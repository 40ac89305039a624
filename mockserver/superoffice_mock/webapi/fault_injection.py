"""Faults at the edge: how an armed one answers a call or breaks its connection."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from superoffice_mock.core.credentials import DENIED
from superoffice_mock.core.faults import Breakage, Delay, Expiry, Fault, Refusal, garbage
from superoffice_mock.core.journal import Exchange
from superoffice_mock.core.lease import Call, Delayed, Refused, Verdict
from superoffice_mock.core.sync_run import SECOND, Duration, ExchangeId, Instant
from superoffice_mock.errors import Faulted, Rejected
from superoffice_mock.server import asgi_extensions
from superoffice_mock.server.asgi_extensions import Connection
from superoffice_mock.webapi.backend import Backend, DelayedCall
from superoffice_mock.webapi.deferred import wait
from superoffice_mock.webapi.request import ApiRequest, take_in
from superoffice_mock.webapi.response import NOT_CACHED, BrokenResponse, Response
from superoffice_mock.wire.error_body import message_of
from superoffice_mock.wire.headers import Headers

_CONTENT: Final = (b"content-type", b"application/json; charset=utf-8")


_CHUNKED: Final = (*NOT_CACHED, _CONTENT, (b"transfer-encoding", b"chunked"))


MALFORMED_CHUNK: Final = b"".join(
    (
        b"HTTP/1.1 200 OK\r\n",
        *(b"%s: %s\r\n" % header for header in _CHUNKED),
        b"\r\n",
        b"this is no chunk\r\n",
    )
)
"""A whole head that promises chunks, and then something else."""


Step = Callable[[Fault, ApiRequest, Connection], Awaitable[BrokenResponse]]


def strike(operation: str, incoming: ApiRequest) -> Fault | None:
    """Return the fault that strikes this call, noted in its exchange, or None."""
    tenant, exchange = incoming.place.tenant, incoming.exchange
    exchange.fault = tenant.transact(lambda state: state.struck(operation))
    return exchange.fault


async def answer(fault: Fault, incoming: ApiRequest) -> BrokenResponse:
    """Break the connection, or raise the Rejected that *fault* answers."""
    match fault.effect:
        case Refusal(status, message, headers):
            reason = f"{_name(fault)} answered {status}"
            raise Faulted(status, reason, message or message_of(status), headers)
        case Expiry():
            raise Rejected(401, "", f"{_name(fault)}: the credential has expired", told=DENIED)
        case Breakage(kind):
            return await _BREAKAGES[kind](fault, incoming, _connection(fault, incoming))
        case Delay():  # pragma: no cover - a delayed call goes on, and never comes here
            raise AssertionError


def reason(exchange: Exchange) -> str | None:
    """Return why *exchange* went as it did, with the fault that delayed it, if one did."""
    fault = exchange.fault
    if fault is None or not isinstance(fault.effect, Delay):
        return exchange.reason
    return f"{_name(fault)} delayed it by {fault.effect.by / SECOND:g} s; {exchange.reason}"


def _connection(fault: Fault, incoming: ApiRequest) -> Connection:
    connection = asgi_extensions.connection(incoming.scope)
    if connection is None:
        told = f"{_name(fault)} breaks connections, and this call came without one: use a server"
        raise Rejected(503, "", told)
    return connection


def _name(fault: Fault) -> str:
    return f"fault {fault.id}"


# ---- breakages -------------------------------------------------------------------------------


async def _empty(fault: Fault, incoming: ApiRequest, connection: Connection) -> BrokenResponse:
    incoming.exchange.told = f"{_name(fault)} closed the connection without a byte"
    return BrokenResponse(lambda: connection.end(b""))


async def _reset(fault: Fault, incoming: ApiRequest, connection: Connection) -> BrokenResponse:
    incoming.exchange.told = f"{_name(fault)} reset the connection"
    return BrokenResponse(connection.reset)


async def _malformed(fault: Fault, incoming: ApiRequest, connection: Connection) -> BrokenResponse:
    incoming.exchange.told = f"{_name(fault)} sent a malformed chunk and closed the connection"
    return BrokenResponse(lambda: connection.end(MALFORMED_CHUNK), 200)


async def _random(fault: Fault, incoming: ApiRequest, connection: Connection) -> BrokenResponse:
    incoming.exchange.told = f"{_name(fault)} sent random data and closed the connection"
    seed = fault.effect.seed if isinstance(fault.effect, Breakage) else 0
    return BrokenResponse(lambda: connection.end(garbage(seed, fault.fired)))


async def _stall(fault: Fault, incoming: ApiRequest, connection: Connection) -> BrokenResponse:
    """Stand aside until the caller is gone, or nobody may wait at this tenant any more."""
    tenant, exchange = incoming.place.tenant, incoming.exchange
    stalls = f"{_name(fault)} kept the connection open and sent nothing"
    exchange.told = f"{stalls} so far"
    gone = connection.fall_silent()
    aside = tenant.stand_aside(exchange)
    try:
        await asyncio.wait((gone, aside), return_when=asyncio.FIRST_COMPLETED)
    finally:
        tenant.come_back(aside)
    exchange.hung_up = not aside.done()
    ended = aside.result() if aside.done() else "the caller hung up"
    exchange.told = f"{stalls} until {ended}"
    return BrokenResponse(lambda: connection.end(b""))


_BREAKAGES: Final[Mapping[str, Step]] = {
    "empty-response": _empty,
    "reset-by-peer": _reset,
    "malformed-chunk": _malformed,
    "random-data-then-close": _random,
    "stall": _stall,
}


BREAKAGES: Final = tuple(_BREAKAGES)
"""The connection faults, by the names that users give them."""


class FaultInjection:
    """Lets armed faults have the calls that they strike; the rest are for *answering*."""

    def __init__(self, answering: Backend) -> None:
        self._answering = answering

    def answer(self, incoming: ApiRequest) -> Awaitable[Response | BrokenResponse]:
        """Return the answer. Raise Rejected for a call that gets none."""
        place = incoming.place
        if place.tenant.state.faults.each and place.operation is not None:
            calls = place.missing is None and incoming.scope["method"] == "POST"
            fault = strike(place.operation.name, incoming) if calls else None
            if fault is not None:
                return self._struck(fault, incoming)
        return self._answering.answer(incoming)

    async def _struck(self, fault: Fault, incoming: ApiRequest) -> Response | BrokenResponse:
        """Let *fault* have the call, whose body is kept: it tells what was asked for."""
        max_body = self._answering.max_body(incoming)
        unasked = isinstance(fault.effect, Breakage) and _held_back(incoming.headers)
        raw = b"" if unasked else await take_in(incoming, max_body)
        if len(raw) <= max_body:
            incoming.exchange.body = raw
        if isinstance(fault.effect, Delay):
            return await self._delayed(fault.effect.by, incoming, raw)
        self._answering.struck(incoming, raw)
        return await answer(fault, incoming)

    async def _delayed(
        self, by: Duration, incoming: ApiRequest, raw: bytes
    ) -> Response | BrokenResponse:
        tenant, id_ = incoming.place.tenant, incoming.exchange.id
        tenant.check_room()
        now = tenant.now()
        late = self._answering.late(incoming, raw)
        delayed = Delayed(Instant(now + by), partial(_arrive, late, id_))
        await wait(Call(id_, (), now), delayed, incoming)
        return await late.answer()


def _arrive(late: DelayedCall, id_: ExchangeId, now: Instant) -> tuple[Call, Verdict]:
    try:
        return late.arrives(now)
    except Exception as error:  # noqa: BLE001 - raised again where the call is answered
        return Call(id_, (), now), Refused(now, error)


def _held_back(headers: Headers) -> bool:
    """Whether the body comes only after a 100 Continue, which would be an answer of a kind."""
    return (headers.get(b"expect") or "").lower() == "100-continue"
