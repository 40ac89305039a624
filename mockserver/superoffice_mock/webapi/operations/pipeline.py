"""The vendor's surface: the route that the description gives, and the steps of one call."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from superoffice_contract.openapi.operations import Operation
from superoffice_mock.core import credentials
from superoffice_mock.core.lease import Call, Verdict
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.errors import Rejected
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.webapi.backend import DelayedCall
from superoffice_mock.webapi.deferred import wait
from superoffice_mock.webapi.operations import describe
from superoffice_mock.webapi.operations.sync_email_accounts import no_content, read_call
from superoffice_mock.webapi.request import ApiRequest, read, whole
from superoffice_mock.webapi.response import BrokenResponse, Response
from superoffice_mock.wire.decode import Decoded, decode
from superoffice_mock.wire.headers import Headers, parse_select
from superoffice_mock.wire.values import shorten


class Limits(msgspec.Struct, frozen=True):
    """What one call may bring."""

    max_body: int
    max_accounts: int


class SimulationBackend:
    """Answers every call on the vendor's surface, cheap steps before dear ones."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def answer(self, incoming: ApiRequest) -> Awaitable[Response | BrokenResponse]:
        """Return the answer. Raise Rejected for a call that breaks the contract."""
        place = incoming.place
        if place.operation is None or place.missing is not None:
            raise place.missing or Rejected(404, "path", "nothing is documented here")
        step = _METHODS.get(incoming.scope["method"], describe.refuse_method)
        return step(self, place.operation, incoming)

    def late(self, incoming: ApiRequest, raw: bytes) -> DelayedCall:
        """Return a call with the body *raw* that arrives later, and takes the steps then."""
        return _Late(self, incoming, raw)

    def struck(self, _: ApiRequest, __: bytes) -> None:
        """Do nothing: the call changes nothing here."""

    def max_body(self, _: ApiRequest) -> int:
        """Return how long the body of a call may be."""
        return self._limits.max_body

    async def call(self, operation: Operation, incoming: ApiRequest) -> Response:
        """Take a POST through the steps of the call."""
        tenant = incoming.place.tenant
        notes = _let_in(operation, incoming)
        _check_encoding(incoming.headers)
        raw = await read(incoming, self._limits.max_body)
        decoded = self._decoded(operation, incoming, raw)
        call = read_call(notes, decoded, incoming.exchange, tenant.now())
        incoming.exchange.verdict = verdict = tenant.admit(call)
        if verdict.answer_at > call.arrived_at:
            await wait(call, verdict, incoming)
        return no_content(incoming)

    def arrived(self, operation: Operation, incoming: ApiRequest, raw: bytes, now: Instant) -> Call:
        """Take a call that was delayed through the steps, at one moment."""
        notes = _let_in(operation, incoming)
        _check_encoding(incoming.headers)
        decoded = self._decoded(operation, incoming, whole(raw, self._limits.max_body))
        return read_call(notes, decoded, incoming.exchange, now)

    def _decoded(self, operation: Operation, incoming: ApiRequest, raw: bytes) -> Decoded:
        incoming.exchange.body = raw
        return decode(operation, incoming.headers.content_type, raw, self._limits.max_accounts)


class _Late(msgspec.Struct, frozen=True):
    """A call that a fault delays; it goes through the steps at one moment."""

    operations: SimulationBackend
    incoming: ApiRequest
    raw: bytes

    def arrives(self, now: Instant) -> tuple[Call, Verdict]:
        """Decide the call. Raise Rejected if it breaks the contract."""
        incoming, operation = self.incoming, self.incoming.place.operation
        if operation is None:  # pragma: no cover - only calls of an operation are delayed
            raise AssertionError
        call = self.operations.arrived(operation, incoming, self.raw, now)
        incoming.exchange.verdict = verdict = incoming.place.tenant.decide(call)
        return call, verdict

    async def answer(self) -> Response:
        """Return the answer, the same whatever became of the call."""
        return no_content(self.incoming)


Step = Callable[[SimulationBackend, Operation, ApiRequest], Awaitable[Response | BrokenResponse]]

_METHODS: Final[Mapping[str, Step]] = {
    "POST": SimulationBackend.call,
    "GET": describe.describe,
    "HEAD": describe.describe,
    "OPTIONS": describe.list_methods,
}


# ---- the steps -------------------------------------------------------------------------------


def _principal(tenant: Tenant, headers: Headers) -> credentials.Principal:
    facts = tenant.facts
    presented = headers.presented
    sessions = tenant.state.sessions
    principal = credentials.identify(presented, facts.known, sessions, facts.installation)
    if tenant.state.ends:
        tenant.use(presented)
    return principal


def _let_in(operation: Operation, incoming: ApiRequest) -> list[str]:
    """Check who calls, and read the query; return what is odd about it."""
    tenant, exchange = incoming.place.tenant, incoming.exchange
    exchange.principal = _principal(tenant, incoming.headers)
    credentials.granted(exchange.principal, int(tenant.facts.readings.restricted))
    return _query(operation, incoming)


def _check_encoding(headers: Headers) -> None:
    if headers.content_encoding is not None:
        raise Rejected(415, "Content-Encoding", "no encoding is documented; send it plain")


def _query(operation: Operation, incoming: ApiRequest) -> list[str]:
    """Record `$select`; return what else the query names, which is odd but allowed."""
    query = incoming.scope["query_string"]
    if not query:
        return []
    notes: list[str] = []
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name.lower() == "$select":
            incoming.exchange.select = parse_select(value)
        elif name.lower() not in operation.query_names:
            notes.append(f"?{shorten(name)}: unknown query parameter, ignored")
    return notes
