"""The simulation of the vendor's API: the steps of a call, cheap ones first."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NoReturn
from urllib.parse import parse_qsl

import msgspec

from superoffice_contract.openapi.operations import Operation
from superoffice_mock.core import credentials
from superoffice_mock.core.lease import Call, Verdict
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.errors import Rejected
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.webapi import response
from superoffice_mock.webapi.backend import DelayedCall
from superoffice_mock.webapi.deferred import wait_until_due
from superoffice_mock.webapi.operations.sync_email_accounts import no_content, read_call
from superoffice_mock.webapi.request import ApiRequest, check_body_length, read_body
from superoffice_mock.webapi.response import BrokenResponse, Response
from superoffice_mock.wire.decode import DecodedBody, decode
from superoffice_mock.wire.headers import Headers, parse_select
from superoffice_mock.wire.values import shorten


class BodyLimits(msgspec.Struct, frozen=True):
    """The limits for the body of a call: *max_body* in bytes, *max_accounts* in items."""

    max_body: int
    max_accounts: int


class SimulationBackend:
    """Answers calls as SuperOffice does."""

    def __init__(self, limits: BodyLimits) -> None:
        self._limits = limits

    def answer(self, request: ApiRequest) -> Awaitable[Response | BrokenResponse]:
        """Return the answer. Raise Rejected for a call that breaks the contract."""
        route = request.route
        if route.operation is None or route.error is not None:
            raise route.error or Rejected(404, "path", "nothing is documented here")
        handler = _METHODS.get(request.scope["method"], _refuse_method)
        return handler(self, route.operation, request)

    def delay(self, request: ApiRequest, raw: bytes) -> DelayedCall:
        """Return a call with the body *raw* that arrives later; its steps are taken then."""
        return _DelayedPost(self, request, raw)

    def on_fault(self, _: ApiRequest, __: bytes) -> None:
        """Do nothing: such a call changes nothing here."""

    def max_body(self, _: ApiRequest) -> int:
        """Return the limit for the body of a call, in bytes."""
        return self._limits.max_body

    async def handle_post(self, operation: Operation, request: ApiRequest) -> Response:
        """Handle a POST: check it, admit it, and wait until its answer is due."""
        tenant = request.route.tenant
        notes = _authorize(operation, request)
        _check_encoding(request.headers)
        raw = await read_body(request, self._limits.max_body)
        body = self._decode(operation, request, raw)
        call = read_call(notes, body, request.exchange, tenant.now())
        request.exchange.verdict = verdict = tenant.admit(call)
        if verdict.answer_at > call.arrived_at:
            await wait_until_due(call, verdict, request)
        return no_content(request)

    def accept_delayed(
        self, operation: Operation, request: ApiRequest, raw: bytes, now: Instant
    ) -> Call:
        """Check a delayed call that arrives *now*; the same steps, without waiting."""
        notes = _authorize(operation, request)
        _check_encoding(request.headers)
        body = self._decode(operation, request, check_body_length(raw, self._limits.max_body))
        return read_call(notes, body, request.exchange, now)

    def _decode(self, operation: Operation, request: ApiRequest, raw: bytes) -> DecodedBody:
        request.exchange.body = raw
        return decode(operation, request.headers.content_type, raw, self._limits.max_accounts)


class _DelayedPost(msgspec.Struct, frozen=True):
    """A call that a fault delays; all its steps are taken when it arrives."""

    backend: SimulationBackend
    request: ApiRequest
    raw: bytes

    def arrive(self, now: Instant) -> tuple[Call, Verdict]:
        """Return the call and its verdict. Raise Rejected if it breaks the contract."""
        request, operation = self.request, self.request.route.operation
        if operation is None:  # pragma: no cover - only calls of an operation are delayed
            raise AssertionError
        call = self.backend.accept_delayed(operation, request, self.raw, now)
        request.exchange.verdict = verdict = request.route.tenant.decide_at(call, now)
        return call, verdict

    async def answer(self) -> Response:
        """Return the 204, which does not depend on the verdict."""
        return no_content(self.request)


# ---- methods ---------------------------------------------------------------------------------


async def _describe(_: object, operation: Operation, __: ApiRequest) -> Response:
    """Return the description of *operation* (claim get-describes)."""
    return response.render_description(operation.description)


async def _list_methods(_: object, operation: Operation, __: ApiRequest) -> Response:
    """Return the methods of *operation* in `Allow` (claim options)."""
    return Response(204).with_headers((response.allow_header(operation),))


async def _refuse_method(_: object, operation: Operation, request: ApiRequest) -> NoReturn:
    """Raise Rejected: 405 with the methods of *operation* (claim method-not-allowed)."""
    methods = ", ".join(operation.methods)
    reason = f"{shorten(request.scope['method'])} is not allowed; send one of {methods}"
    raise Rejected(405, "method", reason)


MethodHandler = Callable[
    [SimulationBackend, Operation, ApiRequest], Awaitable[Response | BrokenResponse]
]
_METHODS: Final[Mapping[str, MethodHandler]] = {
    "POST": SimulationBackend.handle_post,
    "GET": _describe,
    "HEAD": _describe,
    "OPTIONS": _list_methods,
}


# ---- steps -----------------------------------------------------------------------------------


def _identify(tenant: Tenant, headers: Headers) -> credentials.Principal:
    facts, sessions = tenant.facts, tenant.state.sessions
    principal = credentials.identify(
        headers.credentials, facts.known_credentials, sessions, facts.installation
    )
    if tenant.state.expiry_times:
        tenant.use_credentials(headers.credentials)
    return principal


def _authorize(operation: Operation, request: ApiRequest) -> list[str]:
    """Check the credentials and read the query; return notes on the query."""
    tenant, exchange = request.route.tenant, request.exchange
    exchange.principal = _identify(tenant, request.headers)
    credentials.check_grant(exchange.principal, int(tenant.facts.readings.restricted))
    return _read_query(operation, request)


def _check_encoding(headers: Headers) -> None:
    if headers.content_encoding is not None:
        raise Rejected(415, "Content-Encoding", "no encoding is documented; send it plain")


def _read_query(operation: Operation, request: ApiRequest) -> list[str]:
    """Store `$select` in the exchange; return notes on unknown parameters, which are ignored."""
    query = request.scope["query_string"]
    if not query:
        return []
    notes: list[str] = []
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name.lower() == "$select":
            request.exchange.select = parse_select(value)
        elif name.lower() not in operation.query_names:
            notes.append(f"?{shorten(name)}: unknown query parameter, ignored")
    return notes
