"""The vendor's surface: the route that the description gives, and the steps of one call."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final, NoReturn
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Message, Receive, Scope

from superoffice_contract.description import Operation
from superoffice_mock.asgi import rendering
from superoffice_mock.asgi.rendering import NO_CONTENT, Answer
from superoffice_mock.asgi.routes import Place
from superoffice_mock.clock import Waiter
from superoffice_mock.core import credentials, select
from superoffice_mock.core.journal import MAX_VIOLATIONS, Exchange
from superoffice_mock.core.lease import (
    Ask,
    Call,
    Served,
    Started,
    TurnedAway,
    Verdict,
    account_ids,
    describe,
)
from superoffice_mock.core.model import SECOND, SyncRun
from superoffice_mock.errors import Rejected
from superoffice_mock.tenant import Tenant
from superoffice_mock.wire import headers as wire_headers
from superoffice_mock.wire.decode import Decoded, decode
from superoffice_mock.wire.headers import Headers
from superoffice_mock.wire.plain import shown


class Limits(msgspec.Struct, frozen=True):
    """What one call may bring."""

    max_body: int
    max_accounts: int


class Incoming(msgspec.Struct, frozen=True):
    """One call on its way through the steps."""

    place: Place
    scope: Scope
    receive: Receive
    headers: Headers
    exchange: Exchange


class Operations:
    """Answers every call on the vendor's surface, cheap steps before dear ones."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def answer(self, incoming: Incoming) -> Answer:
        """Return the answer. Raise Rejected for a call that breaks the contract."""
        place = incoming.place
        if place.operation is None or place.missing is not None:
            raise place.missing or Rejected(404, "path", "nothing is documented here")
        answer = _METHODS.get(incoming.scope["method"], _refuse_method)
        return await answer(self, place.operation, incoming)

    async def call(self, operation: Operation, incoming: Incoming) -> Answer:
        """Take a POST through the steps of the call."""
        tenant, exchange = incoming.place.tenant, incoming.exchange
        readings = tenant.facts.readings
        exchange.principal = _principal(tenant, incoming.headers)
        credentials.granted(exchange.principal, int(readings.restricted))
        notes = _query(operation, incoming)
        decoded = await self._body(operation, incoming)
        exchange.violations = (*notes, *decoded.violations)[:MAX_VIOLATIONS]
        await _behave(decoded, incoming)
        return NO_CONTENT[readings.no_content_type]

    async def _body(self, operation: Operation, incoming: Incoming) -> Decoded:
        exchange, headers = incoming.exchange, incoming.headers
        if headers.get(b"content-encoding") is not None:
            raise Rejected(415, "Content-Encoding", "no encoding is documented; send it plain")
        raw = await _read(incoming, self._limits.max_body)
        exchange.body = raw
        return decode(operation, exchange.content_type, raw, self._limits.max_accounts)


Step = Callable[[Operations, Operation, Incoming], Awaitable[Answer]]


async def _describe(_: Operations, operation: Operation, __: Incoming) -> Answer:
    return rendering.described(operation.described)


async def _options(_: Operations, operation: Operation, __: Incoming) -> Answer:
    return Answer(204).with_headers((_allow(operation),))


async def _refuse_method(_: Operations, operation: Operation, incoming: Incoming) -> NoReturn:
    allowed = ", ".join(operation.methods)
    reason = f"{shown(incoming.scope['method'])} is not allowed; send one of {allowed}"
    raise Rejected(405, "method", reason)


_METHODS: Final[Mapping[str, Step]] = {
    "POST": Operations.call,
    "GET": _describe,
    "HEAD": _describe,
    "OPTIONS": _options,
}


def _allow(operation: Operation) -> tuple[bytes, bytes]:
    return (b"allow", ", ".join(operation.methods).encode())


def headers_of(error: Rejected, place: Place) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that an error of this status must carry."""
    if error.status == 401:
        return (rendering.challenge(place.tenant.facts.installation),)
    if error.status == 405 and place.operation is not None:
        return (_allow(place.operation),)
    return ()


# ---- the steps -------------------------------------------------------------------------------


def _principal(tenant: Tenant, headers: Headers) -> credentials.Principal:
    facts = tenant.facts
    presented = wire_headers.presented(headers)
    return credentials.identify(presented, facts.known, tenant.state.sessions, facts.installation)


def _query(operation: Operation, incoming: Incoming) -> list[str]:
    """Record `$select`; return what else the query names, which is odd but allowed."""
    query = incoming.scope["query_string"]
    if not query:
        return []
    notes: list[str] = []
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name.lower() == "$select":
            incoming.exchange.select = select.parse(value)
        elif name.lower() not in operation.query_names:
            notes.append(f"?{shown(name)}: unknown query parameter, ignored")
    return notes


async def _read(incoming: Incoming, max_body: int) -> bytes:
    """Return the whole body. Raise Rejected (413) as soon as it is known to be too long."""
    announced = incoming.headers.get(b"content-length")
    if announced is not None and announced.isdecimal() and int(announced) > max_body:
        raise _too_long(max_body)
    message = await _part(incoming)
    if not message.get("more_body", False):
        return _whole(message.get("body", b""), max_body)
    parts = [message["body"]]
    length = len(parts[0])
    while message.get("more_body", False):
        message = await _part(incoming)
        parts.append(message["body"])
        length += len(message["body"])
        if length > max_body:
            raise _too_long(max_body)
    return b"".join(parts)


async def _part(incoming: Incoming) -> Message:
    message = await incoming.receive()
    if message["type"] == "http.disconnect":
        incoming.exchange.hung_up = True
        raise Rejected(400, "", "the caller hung up before the body was complete")
    return message


def _whole(body: bytes, max_body: int) -> bytes:
    if len(body) > max_body:
        raise _too_long(max_body)
    return body


def _too_long(max_body: int) -> Rejected:
    return Rejected(413, "", f"the body is too long; send at most {max_body} bytes")


async def _behave(decoded: Decoded, incoming: Incoming) -> None:
    """Ask for a run and wait until the answer is due; the verdict goes into the exchange."""
    tenant, exchange = incoming.place.tenant, incoming.exchange
    accounts = decoded.request.sync_user_accounts or ()
    ids = account_ids([account.account_id for account in accounts])
    call = Call(exchange.id, ids, tenant.now())
    exchange.verdict = verdict = tenant.admit(call)
    told: str | None = None
    if verdict.answer_at > call.arrived_at:
        waiter = tenant.enter(call, verdict)
        await _wait(waiter, incoming)
        exchange.verdict, told = waiter.verdict, waiter.reason
    exchange.reason = told or _reason(exchange.verdict, call)


async def _wait(waiter: Waiter, incoming: Incoming) -> None:
    listening = asyncio.create_task(_listen(waiter, incoming))
    try:
        await waiter.answered
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


async def _listen(waiter: Waiter, incoming: Incoming) -> None:
    """Notice when the caller hangs up while it waits."""
    while (await incoming.receive())["type"] != "http.disconnect":
        pass
    incoming.exchange.hung_up = True
    incoming.place.tenant.hung_up(waiter)


def _counted(run: SyncRun, call: Call) -> str:
    synced, asked = len(run.accounts), len(call.accounts)
    of_all = f"{synced} of {asked}" if synced != asked else f"{synced}"
    return f"{of_all} account{'' if asked == 1 else 's'}"


def _reason(verdict: Verdict, call: Call) -> str:
    match verdict:
        case Started(run):
            length = (run.ends_at - run.started_at) / SECOND
            return f"run {run.id} syncs {_counted(run, call)} in {length:.1f} s"
        case TurnedAway(holder) | Ask(holder):
            return describe(holder, call.arrived_at)
        case Served():
            return "nothing to sync: the list of accounts is empty"
