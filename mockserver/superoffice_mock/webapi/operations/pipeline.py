"""The simulation of the vendor's API: the steps of a call, cheap ones first."""

import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import msgspec

from superoffice_contract.bodies.decode import decode
from superoffice_contract.errors import InvalidBody
from superoffice_contract.messages import shorten
from superoffice_contract.openapi.operations import NO_BODY, SAFE_METHODS, Operation
from superoffice_mock.core import credentials
from superoffice_mock.core.journal import MAX_VIOLATIONS
from superoffice_mock.core.state import TenantStatus
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.core.verdicts import NOTHING, Call, Verdict
from superoffice_mock.errors import Rejected
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.webapi import response
from superoffice_mock.webapi.backend import DelayedCall, RecordedCalls
from superoffice_mock.webapi.deferred import wait_until_due
from superoffice_mock.webapi.entry import Entry, Resource
from superoffice_mock.webapi.request import ApiRequest, check_body_length, read_body
from superoffice_mock.webapi.response import BrokenResponse, Response
from superoffice_mock.wire.error_body import WRONG_SUBDOMAIN
from superoffice_mock.wire.query import NO_QUERY, Query, read_query
from superoffice_mock.wire.select import select_members

RUNNING: Final = TenantStatus.RUNNING  # to look up a member of an enum takes longer


class SimulationBackend:
    """Answers calls as SuperOffice does, with the handlers of the registry.

    The limits for the body of a call: *max_body* is in bytes, *max_accounts* in items.
    """

    def __init__(self, max_body: int, max_accounts: int) -> None:
        self._max_body, self._max_accounts = max_body, max_accounts

    def answer(self, request: ApiRequest) -> Awaitable[Response | BrokenResponse]:
        """Return the answer. Raise Rejected for a call that breaks the contract."""
        route = request.route
        if route.error is not None or route.resource is None:
            raise route.error or Rejected(404, "path", "nothing is documented here")
        check_tenant(request)
        if route.entry is None:
            return _answer_without_handler(route.resource, request)
        return self._handle(route.entry, request)

    def delay(self, entry: Entry, request: ApiRequest, raw: bytes) -> DelayedCall:
        """Return a call with the body *raw* that arrives later; its steps are taken then."""
        return _DelayedCall(self, entry, request, raw)

    def on_fault(self, _: ApiRequest, __: bytes) -> None:
        """Do nothing: such a call changes nothing here."""

    def max_body(self, _: ApiRequest) -> int:
        """Return the limit for the body of a call, in bytes."""
        return self._max_body

    def recorded_calls(self, _: Tenant) -> RecordedCalls:
        """Return that nothing is recorded."""
        return RecordedCalls()

    async def _handle(self, entry: Entry, request: ApiRequest) -> Response:
        """Check a call, let its handler decide it, and wait until its answer is due."""
        tenant, operation = request.route.tenant, entry.operation
        query = check_head(operation, request)
        raw = b""
        if operation.method not in SAFE_METHODS:
            raw = await read_body(request, self._max_body)
        call = self.read_call(entry, request, query, raw, tenant.now())
        verdict = tenant.admit(entry.handler, call)
        request.exchange.verdict = verdict
        if verdict.answer_at > call.arrived_at:
            verdict = await wait_until_due(call, verdict, request)
        if query.select:
            return render(entry, verdict.value, request, query.select)
        return entry.render(verdict.value, operation, request.headers, tenant.facts.readings)

    def read_call(
        self, entry: Entry, request: ApiRequest, query: Query, raw: bytes, now: Instant
    ) -> Call:
        """Return the call that arrives *now* with the body *raw*, as its handler sees it."""
        route, exchange = request.route, request.exchange
        if entry.operation.secret_names:
            request.keep_body(raw)
        else:
            exchange.body = raw
        body, violations = self._decode(entry.operation, request, raw)
        if violations and not entry.operation.secret_names:  # a misspelled member may be a secret
            request.redact_body(raw, entry.operation)
        if query.notes or violations:
            notes = (*exchange.violations, *query.notes, *violations)
            exchange.violations = notes[:MAX_VIOLATIONS]
        return Call(
            exchange.id,
            now,
            None if body is None else entry.read_body(body, request.headers, raw),
            exchange.principal,
            route.parameters,
            query.values,
            query.select,
            request.scope["scheme"],
            request.headers.host,
            secrets.token_bytes(entry.entropy_bytes) if entry.entropy_bytes else b"",
        )

    def _decode(
        self, operation: Operation, request: ApiRequest, raw: bytes
    ) -> tuple[Any, tuple[str, ...]]:
        """Return the decoded body, None if there is none, and the violations in it."""
        bodies = operation.bodies
        if not operation.body_required and raw.strip() in NO_BODY:
            return None, ()
        if not raw:
            raise Rejected(400, "", f"no body; send one, as {', '.join(bodies)}")
        if not bodies:
            return None, ("the body is ignored, as the operation takes none",)
        content_type, has_secrets = request.headers.content_type, bool(operation.secret_names)
        max_accounts = self._max_accounts
        try:
            decoded = decode(bodies, content_type, raw, max_accounts, hide_text=has_secrets)
        except InvalidBody as error:
            read = partial(decode, bodies, content_type, raw, max_accounts)
            message = _find_message(read) if has_secrets else None
            raise Rejected(error.status, error.where, error.reason, message) from None
        return decoded.content, decoded.violations


def _find_message(read: Callable[[], object]) -> str | None:
    """Return what a client is told of its own body, in which it may see all text."""
    try:
        read()
    except InvalidBody as error:
        return str(error)
    return None  # pragma: no cover - what is hidden does not make a body valid


class _DelayedCall(msgspec.Struct):
    """A call that a fault delays; all its steps are taken when it arrives."""

    backend: SimulationBackend
    entry: Entry
    request: ApiRequest
    raw: bytes
    call: Call | None = None

    def arrive(self, now: Instant) -> tuple[Call, Verdict]:
        request, entry = self.request, self.entry
        check_tenant(request)
        query = check_head(entry.operation, request)
        raw = check_body_length(self.raw, self.backend.max_body(request))
        call = self.backend.read_call(entry, request, query, raw, now)
        request.exchange.verdict = request.route.tenant.decide_at(entry.handler, call, now)
        self.call = call
        return call, request.exchange.verdict

    async def answer(self) -> Response:
        request = self.request
        if self.call is None or request.exchange.verdict is None:
            return await answer_lost_call(self.entry, request)
        return render(self.entry, request.exchange.verdict.value, request, self.call.select)


async def answer_lost_call(entry: Entry, request: ApiRequest) -> Response:
    """Answer a delayed call that never arrived: without content, or raise Rejected (503)."""
    if entry.operation.success is not None:
        request.exchange.verdict = None
        raise Rejected(503, "", "the wait ended before the delayed call arrived")
    return render(entry, NOTHING, request)


async def _answer_without_handler(resource: Resource, request: ApiRequest) -> Response:
    """Answer a GET that describes (claim get-describes), or OPTIONS (claim options).

    Raise Rejected: 501 for a described method without a handler, else 405 with the methods of the
    path (claim method-not-allowed).
    """
    method, methods = request.scope["method"], resource.main.allowed_methods
    if method == "OPTIONS":
        return Response(204).with_headers((response.allow_header(methods),))
    if method in methods and method in SAFE_METHODS and resource.main.method != "GET":
        return response.render_description(resource.main.description)
    described = resource.operations.get("GET" if method == "HEAD" else method)
    if described is not None:
        reason = f"{described.name} is described, and has no handler here"
        raise Rejected(501, "method", reason)
    reason = f"{shorten(method)} is not allowed; send one of {', '.join(methods)}"
    raise Rejected(405, "method", reason)


def check_tenant(request: ApiRequest) -> None:
    """Raise Rejected for a call that the tenant does not answer, whatever it asks.

    That is a 421 on a host that is not the tenant's (claim wrong-subdomain), and a 503 while it is
    not running (claim tenant-stopped).
    """
    route = request.route
    tenant = route.tenant
    host, status = tenant.facts.host, tenant.state.status
    if status is RUNNING and host is None:
        return
    if route.resource and any(each.answers_always for each in route.resource.entries.values()):
        return
    if host is not None and request.headers.host.lower() != host.lower():
        reason = f"{WRONG_SUBDOMAIN}: GET /api/state/{tenant.facts.id} tells that it is {host!r}"
        raise Rejected(421, "Host", reason)
    if not status.is_running:
        reason = f"the tenant is in the state {status.text}; GET /api/state/{tenant.facts.id}"
        raise Rejected(503, "", f"{reason} tells when it is running again")


def check_head(operation: Operation, request: ApiRequest) -> Query:
    """Check credentials, grant, query and encoding, and note them; return the query."""
    tenant, exchange = request.route.tenant, request.exchange
    if operation.security:
        principal = exchange.principal = _identify(request)
        if principal.app is not None:
            status = int(tenant.facts.readings.restricted)
            credentials.check_grant(principal, operation.agent, status)
    query = NO_QUERY
    if request.scope["query_string"] or operation.requires_query:
        hide_text = bool(operation.secret_names)
        query = read_query(request.scope["query_string"], operation.query, hide_text=hide_text)
        exchange.query = request.scope["query_string"]
    if operation.bodies and request.headers.content_encoding is not None:
        raise Rejected(415, "Content-Encoding", "no encoding is documented; send it plain")
    return query


def _identify(request: ApiRequest) -> credentials.Principal:
    tenant, presented = request.route.tenant, request.headers.credentials
    state = tenant.state
    principal = credentials.identify(
        presented, state.known_credentials, state.sessions, tenant.facts.installation
    )
    if state.expiry_times:
        tenant.use_credentials(presented)
    return principal


def render(
    entry: Entry,
    value: Any,  # noqa: ANN401 - JSON
    request: ApiRequest,
    select: tuple[str, ...] | None = None,
) -> Response:
    """Return the answer that carries *value*, or what *select* selects of it."""
    readings = request.route.tenant.facts.readings
    if select and value is not NOTHING:
        value = select_members(value, select)
    return entry.render(value, entry.operation, request.headers, readings)
