"""One control call: its tenant, its query, its body, and what it may look at and change."""

from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar, Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from superoffice_contract.description import Operation
from superoffice_mock.asgi.control.problems import problem
from superoffice_mock.asgi.control.views import View
from superoffice_mock.core.journal import Journal
from superoffice_mock.tenant import Tenant
from superoffice_mock.tenants import Tenants
from superoffice_mock.wire.plain import shown

MAX_BODY: Final = 64 * 1024
"""Bytes in the body of a control call."""


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a control call; `example` is shown to who sends something else."""

    example: ClassVar[str]


class World(msgspec.Struct, frozen=True):
    """The mock, as control calls see it."""

    tenants: Tenants
    journal: Journal
    operations: Mapping[str, Operation]
    steady: Callable[[], int]
    started_at: int


Body = TypeVar("Body", bound=Sent)


class Asked(msgspec.Struct, frozen=True):
    """One control call; *id* is what its path names."""

    world: World
    tenant: Tenant
    query: Mapping[str, str]
    body: bytes
    id: str = ""

    def read(self, kind: type[Body]) -> Body:
        """Return the body as *kind*. Raise ProblemError saying what to send."""
        if not self.body:
            raise problem(400, f"no body; send {kind.example}")
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise problem(400, f"the body: {error}; send {kind.example}") from None

    def number(self, name: str, default: int) -> int:
        """Return the whole number called *name* in the query. Raise ProblemError if it is none."""
        value = self.query.get(name)
        if value is None:
            return default
        found = whole(value)
        if found is None:
            raise problem(400, f"?{name}={shown(value)}: expected a whole number")
        return found

    def flag(self, name: str) -> bool:
        """Return whether *name* is true in the query. Raise ProblemError if it is neither."""
        value = self.query.get(name, "false")
        if value not in ("true", "false"):
            raise problem(400, f"?{name} is true or false")
        return value == "true"


class Verb(msgspec.Struct, frozen=True):
    """What a method does at a path, and the query names it takes beside `tenant`."""

    handler: Callable[[Asked], Awaitable[View | Response]]
    query: tuple[str, ...] = ()


Verbs = Mapping[str, Mapping[str, Verb]]
"""Path under /_mock -> method -> verb."""


def whole(text: str) -> int | None:
    """Return the whole number that *text* writes, or None."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


async def asked(world: World, request: Request, verb: Verb) -> Asked:
    """Return what *request* asks of *verb*. Raise ProblemError where it can't be meant."""
    known = ("tenant", *verb.query)
    for name in request.query_params:
        if name not in known:
            detail = f"?{shown(name)} is not known here; known are: {', '.join(known)}"
            raise problem(400, detail)
    tenant = _tenant(world.tenants, request.query_params.get("tenant"))
    body = await _limited(request)
    return Asked(world, tenant, request.query_params, body, request.path_params.get("id", ""))


def _tenant(tenants: Tenants, id_: str | None) -> Tenant:
    tenant = tenants.default if id_ is None else tenants.get(id_)
    if tenant is None:
        known = ", ".join(tenants.ids)
        raise problem(404, f"?tenant={shown(id_ or '')} is not known; the tenants are: {known}")
    return tenant


async def _limited(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise problem(413, f"the body is too long; send at most {MAX_BODY} bytes")
    return body
