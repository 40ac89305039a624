"""One control call: its tenant, its query, its body, and what it may look at and change."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar, Final, TypeVar

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from superoffice_contract.openapi.operations import Operation
from superoffice_mock.config.tenant_spec import Usual
from superoffice_mock.control.errors import explained, problem
from superoffice_mock.control.views import View
from superoffice_mock.core.journal import Exchange, Journal
from superoffice_mock.server.asgi_extensions import connection
from superoffice_mock.tenants.registry import Tenants
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.webapi.capture import Captures
from superoffice_mock.wire.values import shorten

MAX_BODY: Final = 64 * 1024
"""Bytes in the body of a control call."""


class RequestBody(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a control call; `example` is shown to who sends something else."""

    example: ClassVar[str]


class EmptyBody(RequestBody):
    """The body of a call that takes none."""

    example: ClassVar[str] = "none"


class ControlContext(msgspec.Struct, frozen=True):
    """The mock, as control calls see it; *locked*: they need the control token."""

    tenants: Tenants
    journal: Journal
    tapes: Captures
    operations: Mapping[str, Operation]
    steady: Callable[[], int]
    started_at: int
    usual: Usual
    log: Callable[[Exchange], None]
    locked: bool


Body = TypeVar("Body", bound=RequestBody)


class ControlRequest(msgspec.Struct, frozen=True):
    """One control call; *id* is what its path names, *base* where it was sent: scheme and host."""

    world: ControlContext
    tenant: Tenant
    query: Mapping[str, str]
    body: bytes
    receive: Receive
    id: str = ""
    base: str = ""
    on_a_socket: bool = False

    def read(self, kind: type[Body]) -> Body:
        """Return the body as *kind*; no body is an empty object. Raise ProblemError."""
        try:
            return msgspec.json.decode(self.body or b"{}", type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            told = f"the body: {explained(error, kind)}" if self.body else "no body"
            raise problem(400, f"{told}; send {kind.example}") from None

    async def until_hung_up(self) -> None:
        """Wait until the caller hangs up."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    def number(self, name: str, default: int) -> int:
        """Return the whole number called *name* in the query. Raise ProblemError if it is none."""
        value = self.query.get(name)
        if value is None:
            return default
        found = whole(value)
        if found is None:
            raise problem(400, f"?{name}={shorten(value)}: expected a whole number, 0 or more")
        return found

    def flag(self, name: str) -> bool:
        """Return whether *name* is true in the query. Raise ProblemError if it is neither."""
        value = self.query.get(name, "false")
        if value not in ("true", "false"):
            raise problem(400, f"?{name} is true or false")
        return value == "true"


class ControlMethod(msgspec.Struct, frozen=True):
    """What a method does at a path, and how `GET /_mock/openapi.json` describes it.

    *query*: the names it takes beside `tenant`; *takes*: its body; *answers*: the schema of its
    answer, by its name in `schemas.yaml`; *refuses*: statuses that not every call may have.
    """

    handler: Callable[[ControlRequest], Awaitable[View | Response]]
    query: tuple[str, ...] = ()
    summary: str = ""
    takes: type[RequestBody] | None = None
    answers: str = ""
    status: int = 200
    refuses: tuple[int, ...] = ()
    media_type: str = "application/json"


ControlPaths = Mapping[str, Mapping[str, ControlMethod]]
"""Path under /_mock -> method -> verb."""


def whole(text: str) -> int | None:
    """Return the whole number that *text* writes, or None."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


async def asked(world: ControlContext, request: Request, verb: ControlMethod) -> ControlRequest:
    """Return what *request* asks of *verb*. Raise ProblemError where it can't be meant."""
    _check_query(request.query_params, ("tenant", *verb.query))
    tenant = _tenant(world.tenants, request.query_params.get("tenant"))
    body = await _limited(request)
    id_ = request.path_params.get("id", "")
    base = f"{request.url.scheme}://{request.url.netloc}"
    on_a_socket = connection(request.scope) is not None
    found = ControlRequest(
        world, tenant, request.query_params, body, request.receive, id_, base, on_a_socket
    )
    if verb.takes is None:
        found.read(EmptyBody)
    return found


def _check_query(query: QueryParams, known: tuple[str, ...]) -> None:
    """Raise ProblemError for a name that is not *known*, or that says two things at once."""
    for name, count in Counter(name for name, _ in query.multi_items()).items():
        if name not in known:
            detail = f"?{shorten(name)} is not known here; known are: {', '.join(known)}"
            raise problem(400, detail)
        if count > 1:
            raise problem(400, f"?{name} is there {count} times; send it once")


def _tenant(tenants: Tenants, id_: str | None) -> Tenant:
    tenant = tenants.default if id_ is None else tenants.get(id_)
    if tenant is None:
        known = tenants.known
        raise problem(404, f"?tenant={shorten(id_ or '')} is not known; the tenants are: {known}")
    return tenant


async def _limited(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise problem(413, f"the body is too long; send at most {MAX_BODY} bytes")
    return body
