"""The mock's own surface under /_mock/: where tests read the truth and hold the clock."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, ClassVar, Final, Literal, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from superoffice_contract.description import Description
from superoffice_mock import __version__
from superoffice_mock.asgi import views
from superoffice_mock.asgi.guard import Guard
from superoffice_mock.asgi.problems import problem
from superoffice_mock.asgi.views import View
from superoffice_mock.core import clock
from superoffice_mock.core.clock import RealClock
from superoffice_mock.core.journal import OUTCOMES, Journal
from superoffice_mock.core.model import ExchangeId, Instant
from superoffice_mock.core.model import seconds as duration
from superoffice_mock.tenant import Tenant
from superoffice_mock.tenants import Tenants
from superoffice_mock.wire.plain import shown

MAX_CONTROL_BODY: Final = 64 * 1024


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    """By how much, or until when, a clock moves."""

    example: ClassVar[str] = '{"seconds": 2.5} or {"until": "idle"}'
    seconds: Annotated[float, msgspec.Meta(ge=0, le=1_000_000_000)] | None = None
    until: Literal["idle"] | None = None


class EndSession(msgspec.Struct, forbid_unknown_fields=True):
    """Which session ends."""

    example: ClassVar[str] = '{"session": "demo-session"}'
    session: str


# ---- what may be asked -----------------------------------------------------------------------

Sent = TypeVar("Sent", Advance, EndSession)
Handler = Callable[["Asked"], Awaitable[View]]


class Asked(msgspec.Struct, frozen=True):
    """One control call: its tenant, its query, its body and the id in its path."""

    tenant: Tenant
    query: Mapping[str, str]
    body: bytes
    id: str = ""

    def read(self, kind: type[Sent]) -> Sent:
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
        number = _whole(value)
        if number is None:
            raise problem(400, f"?{name}={shown(value)}: expected a whole number")
        return number


class Verb(msgspec.Struct, frozen=True):
    """What a method does at a path, and the query names it takes beside `tenant`."""

    handler: Handler
    query: tuple[str, ...] = ()


class Control:
    """The verbs of /_mock/."""

    def __init__(
        self,
        tenants: Tenants,
        journal: Journal,
        description: Description,
        guard: Guard,
        steady: Callable[[], int],
    ) -> None:
        self._tenants = tenants
        self._journal = journal
        self._operations = description.operations
        self._guard = guard
        self._steady = steady
        self._started_at = steady()

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted at /_mock; one for each path."""
        verbs: Mapping[str, Mapping[str, Verb]] = {
            "/health": {"GET": Verb(self._health)},
            "/reset": {"POST": Verb(self._reset, ("all",))},
            "/requests": {
                "GET": Verb(self._requests, ("outcome", "since", "limit")),
                "DELETE": Verb(self._forget),
            },
            "/requests/{id}": {"GET": Verb(self._request)},
            "/lease": {"GET": Verb(self._lease)},
            "/lease/hold": {"POST": Verb(self._hold)},
            "/lease/release": {"POST": Verb(self._release)},
            "/runs": {"GET": Verb(self._runs)},
            "/clock": {"GET": Verb(self._clock)},
            "/clock/real": {"POST": Verb(self._clock_real)},
            "/clock/jump": {"POST": Verb(self._clock_jump)},
            "/clock/freeze": {"POST": Verb(self._clock_freeze)},
            "/clock/advance": {"POST": Verb(self._advance)},
            "/readings": {"GET": Verb(self._readings)},
            "/sessions/end": {"POST": Verb(self._end_session)},
        }
        return [self._route(path, by_method) for path, by_method in verbs.items()]

    def _route(self, path: str, verbs: Mapping[str, "Verb"]) -> Route:
        async def endpoint(request: Request) -> Response:
            self._guard.check(request)
            verb = verbs["GET" if request.method == "HEAD" else request.method]
            return _json(await verb.handler(await self._asked(request, ("tenant", *verb.query))))

        return Route(path, endpoint, methods=list(verbs), name=path)

    async def _asked(self, request: Request, known: tuple[str, ...]) -> Asked:
        for name in request.query_params:
            if name not in known:
                detail = f"?{shown(name)} is not known here; known are: {', '.join(known)}"
                raise problem(400, detail)
        id_ = request.query_params.get("tenant")
        tenant = self._tenants.default if id_ is None else self._tenants.get(id_)
        if tenant is None:
            known_ids = ", ".join(self._tenants.ids)
            raise problem(
                404, f"?tenant={shown(id_ or '')} is not known; the tenants are: {known_ids}"
            )
        body = await _limited(request)
        return Asked(tenant, request.query_params, body, request.path_params.get("id", ""))

    # ---- the verbs ---------------------------------------------------------------------------

    async def _health(self, _: Asked) -> View:
        uptime = views.seconds(self._steady() - self._started_at)
        return {"status": "ok", "version": __version__, "uptime_seconds": uptime}

    async def _reset(self, asked: Asked) -> View:
        everything = asked.query.get("all", "false")
        if everything not in ("true", "false"):
            raise problem(400, "?all is true or false")
        tenants = list(self._tenants) if everything == "true" else [asked.tenant]
        for tenant in tenants:
            await tenant.reset()
        return {"reset": [tenant.facts.id for tenant in tenants]}

    async def _requests(self, asked: Asked) -> View:
        outcome, since = _outcome(asked), asked.number("since", 0)
        found = [
            one
            for one in self._journal.exchanges(asked.tenant.facts.id)
            if one.id > since and outcome in (None, one.outcome)
        ]
        limit = asked.number("limit", len(found))
        kept = found[len(found) - min(limit, len(found)) :]
        return {
            "requests": [views.exchange_view(one, self._operations) for one in kept],
            "total": len(found),
            "forgotten": self._journal.forgotten(asked.tenant.facts.id),
        }

    async def _request(self, asked: Asked) -> View:
        id_ = ExchangeId(_whole(asked.id) or 0)
        exchange = self._journal.exchange(asked.tenant.facts.id, id_)
        if exchange is None:
            known = "GET /_mock/requests lists the rest"
            raise problem(404, f"request {shown(asked.id)} is unknown or forgotten; {known}")
        return views.whole_exchange_view(exchange, self._operations)

    async def _forget(self, asked: Asked) -> View:
        self._journal.clear(asked.tenant.facts.id)
        return {"requests": [], "total": 0, "forgotten": 0}

    async def _lease(self, asked: Asked) -> View:
        return views.lease_view(asked.tenant)

    async def _hold(self, asked: Asked) -> View:
        try:
            asked.tenant.hold()
        except ValueError as error:
            raise problem(409, f"{error}") from None
        return views.lease_view(asked.tenant)

    async def _release(self, asked: Asked) -> View:
        ended = asked.tenant.release()
        await asked.tenant.calm()
        released = ended and views.holder_view(ended, asked.tenant.now())
        return views.lease_view(asked.tenant) | {"released": released}

    async def _runs(self, asked: Asked) -> View:
        return views.runs_view(asked.tenant, self._journal)

    async def _clock(self, asked: Asked) -> View:
        return views.clock_view(asked.tenant)

    async def _clock_real(self, asked: Asked) -> View:
        asked.tenant.set_clock(clock.real)
        return views.clock_view(asked.tenant)

    async def _clock_jump(self, asked: Asked) -> View:
        asked.tenant.set_clock(clock.jump)
        return views.clock_view(asked.tenant)

    async def _clock_freeze(self, asked: Asked) -> View:
        asked.tenant.set_clock(clock.freeze)
        return views.clock_view(asked.tenant)

    async def _advance(self, asked: Asked) -> View:
        tenant = asked.tenant
        if isinstance(tenant.state.clock, RealClock):
            raise problem(409, "the clock runs in real time; POST /_mock/clock/freeze first")
        by = asked.read(Advance)
        if (by.seconds is None) == (by.until is None):
            raise problem(400, f"the body: send either {Advance.example}")
        if by.seconds is None:
            events = tenant.advance_until_idle()
        else:
            events = tenant.advance(Instant(tenant.now() + duration(by.seconds)))
        await tenant.calm()
        return views.clock_view(tenant) | {"events": [views.event_view(one) for one in events]}

    async def _readings(self, asked: Asked) -> View:
        return views.readings_view(asked.tenant.facts.readings)

    async def _end_session(self, asked: Asked) -> View:
        session = asked.read(EndSession).session
        try:
            asked.tenant.transact(lambda state: (state.without_session(session), None))
        except KeyError:
            raise problem(404, "no open session of that id") from None
        return {"sessions": len(asked.tenant.state.sessions)}


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def _outcome(asked: Asked) -> str | None:
    outcome = asked.query.get("outcome")
    if outcome is not None and outcome not in OUTCOMES:
        raise problem(400, f"?outcome={shown(outcome)}: expected one of {', '.join(OUTCOMES)}")
    return outcome


async def _limited(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_CONTROL_BODY:
            raise problem(413, f"the body is too long; send at most {MAX_CONTROL_BODY} bytes")
    return body


def _json(content: View) -> Response:
    return Response(msgspec.json.encode(content) + b"\n", media_type="application/json")
