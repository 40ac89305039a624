"""One control call: who may make it, its tenant, query and body, and what it may use."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar, Final, TypeVar

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from superoffice_contract.messages import shorten
from superoffice_contract.openapi.operations import SAFE_METHODS
from superoffice_contract.validation import explain
from superoffice_mock.config.settings import Settings
from superoffice_mock.control.errors import ProblemError
from superoffice_mock.control.event_stream import EventStreams
from superoffice_mock.control.pieces import View
from superoffice_mock.control.sessions import Sessions
from superoffice_mock.core.journal import Exchange, Journal
from superoffice_mock.server.asgi_extensions import connection_of
from superoffice_mock.tenants.registry import Tenants
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.webapi.backend import BackendChoice
from superoffice_mock.webapi.capture import Captures
from superoffice_mock.webapi.entry import Registry
from superoffice_mock.wire import cors
from superoffice_mock.wire.cors import AllowedOrigins
from superoffice_mock.wire.headers import read_headers

PAGE_HEADER: Final = "X-Superoffice-Mock"
"""The header of calls by the dashboard; a form can't send it."""
MAX_BODY: Final = 64 * 1024


class RequestBody(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a control call; errors about it show its `example`."""

    example: ClassVar[str]


class ControlContext(msgspec.Struct, frozen=True):
    """The parts of the mock that control calls use; *steady*: a monotonic clock in nanoseconds."""

    tenants: Tenants
    journal: Journal
    choose_backend: BackendChoice
    captures: Captures
    operations: Registry
    steady: Callable[[], int]
    started_at: int
    settings: Settings
    log: Callable[[Exchange], None]
    streams: EventStreams
    sessions: Sessions


Body = TypeVar("Body", bound=RequestBody)


class ControlRequest(msgspec.Struct, frozen=True):
    """One control call.

    *id*: the id in its path; *base_url*: scheme and host of its URL; *has_connection*: it came
    through a real server, which can break connections. *last_event_id*: that of a client that
    follows events again; *session*: the id in the cookie of the dashboard.
    """

    context: ControlContext
    tenant: Tenant
    query: Mapping[str, str]
    body: bytes
    receive: Receive
    id: str = ""
    base_url: str = ""
    has_connection: bool = False
    last_event_id: str = ""
    session: str = ""

    def decode_body(self, kind: type[Body]) -> Body:
        """Return the body as a *kind*; no body counts as an empty object. Raise ProblemError."""
        try:
            return msgspec.json.decode(self.body or b"{}", type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            reason = f"the body: {explain(error, kind)}" if self.body else "the body is missing"
            send = " Send" if reason.endswith("?") else "; send"
            raise ProblemError(400, f"{reason}{send} {kind.example}") from None

    async def wait_for_disconnect(self) -> None:
        """Wait until the client disconnects."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    def query_number(self, name: str, default: int) -> int:
        """Return the query parameter *name*. Raise ProblemError unless it is a whole number."""
        value = self.query.get(name)
        if value is None:
            return default
        number = parse_whole_number(value)
        if number is None:
            raise ProblemError(400, f"?{name}: expected a whole number of at most 18 digits")
        return number

    def query_flag(self, name: str) -> bool:
        """Return the query parameter *name*. Raise ProblemError unless it is true or false."""
        value = self.query.get(name, "false")
        if value not in ("true", "false"):
            raise ProblemError(400, f"?{name} must be true or false")
        return value == "true"


class ControlMethod(msgspec.Struct, frozen=True):
    """The handler of one method at one path, and its description in `GET /_mock/openapi.json`.

    *response*: the name of its response schema in `schemas.yaml`; *errors*: its error statuses in
    addition to those of every call; *query*: its query parameters other than `tenant`;
    *any_tenant*: `tenant` may be unknown, as the page itself says so.
    """

    handler: Callable[[ControlRequest], Awaitable[View | Response]]
    summary: str
    response: str = ""
    body: type[RequestBody] | None = None
    errors: tuple[int, ...] = ()
    query: tuple[str, ...] = ()
    status: int = 200
    media_type: str = "application/json"
    other_types: tuple[str, ...] = ()
    needs_token: bool = True
    any_tenant: bool = False


def parse_whole_number(text: str) -> int | None:
    """Return *text* as a whole number of at most 18 digits, or None."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


async def read_request(
    context: ControlContext, request: Request, method: ControlMethod
) -> ControlRequest:
    """Read *request*, a call of *method*. Raise ProblemError if it is invalid."""
    _check_query(request.query_params, ("tenant", *method.query))
    tenant = None if method.any_tenant else request.query_params.get("tenant")
    control_request = ControlRequest(
        context,
        tenant=_find_tenant(context.tenants, tenant),
        query=request.query_params,
        body=await _read_body(request),
        receive=request.receive,
        id=request.path_params.get("id", ""),
        base_url=f"{request.url.scheme}://{request.url.netloc}",
        has_connection=connection_of(request.scope) is not None,
        last_event_id=request.headers.get("last-event-id", ""),
        session=session_of(request),
    )
    body = control_request.body
    if method.body is None and body and body.translate(None, b" \t\r\n") != b"{}":
        raise ProblemError(400, "this call takes no body; leave it out")
    return control_request


def _check_query(query: QueryParams, known_names: tuple[str, ...]) -> None:
    for name, count in Counter(name for name, _ in query.multi_items()).items():
        if name not in known_names:
            known = ", ".join(known_names)
            raise ProblemError(400, f"?{shorten(name)} is unknown; known parameters: {known}")
        if count > 1:
            raise ProblemError(400, f"?{name} occurs {count} times; send it once")


def _find_tenant(tenants: Tenants, id_: str | None) -> Tenant:
    tenant = tenants.default if id_ is None else tenants.get(id_)
    if tenant is None:
        known = tenants.id_summary
        raise ProblemError(
            404, f"?tenant={shorten(id_ or '')} is unknown; the tenants are: {known}"
        )
    return tenant


async def _read_body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise ProblemError(413, f"the body is too long; send at most {MAX_BODY} bytes")
    return body


def check_access(request: Request, sessions: Sessions) -> None:
    """Raise ProblemError if *request* comes from a page of another origin.

    Without a control token, the Host header must name this machine.
    """
    headers = read_headers(request.scope["headers"])
    host = headers.get(b"host") or ""
    own_pages = AllowedOrigins.parse([f"{request.scope['scheme']}://{host}"])
    if cors.is_foreign_page(headers, own_pages) or cors.is_cross_site(headers):
        advice = "call it without an Origin header, or from a page of this server"
        raise ProblemError(403, f"pages of other origins may not control the mock; {advice}")
    if not sessions.is_needed and not cors.names_this_machine(host):
        raise ProblemError(403, "the Host header does not name this machine; use 127.0.0.1")


def check_token(request: Request, sessions: Sessions, now: int) -> None:
    """Raise ProblemError unless *request* has the control token, or the cookie of a session.

    A change by a session needs a header that no form can send.
    """
    if not sessions.is_needed:
        return
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and sessions.accepts(value.strip().encode("latin-1")):
        return
    if not sessions.is_open(session_of(request), now):
        detail = "send the control token as Authorization: Bearer <token>, or sign in at /_mock/"
        raise ProblemError(401, detail, headers={"WWW-Authenticate": "Bearer"})
    if request.method not in SAFE_METHODS and PAGE_HEADER not in request.headers:
        detail = f"a change by a signed-in page needs the header {PAGE_HEADER}: dashboard"
        raise ProblemError(403, detail)


def session_of(request: Request) -> str:
    """Return the id of the session that *request* has in its cookie; empty if there is none."""
    return request.cookies.get(session_cookie(request.headers.get("host", "")), "")


def session_cookie(host: str) -> str:
    """Return the name of the cookie at *host*: browsers share cookies among ports."""
    return f"superoffice-mock-{host.rpartition(':')[2]}" if ":" in host else "superoffice-mock"
