"""Tenants as a whole: made, listed, removed, started again, and the readings they follow."""

import base64
import secrets
from collections.abc import Callable, Mapping
from typing import ClassVar, Final, Literal, TypeVar

import msgspec
from starlette.responses import Response

from superoffice_mock.config import tenant_spec
from superoffice_mock.config.tenant_spec import (
    Account,
    AppSpec,
    ExpiresAfter,
    Life,
    Seconds,
    Secret,
    SessionSpec,
    TenantSpec,
    Token,
    User,
    Usual,
)
from superoffice_mock.control import views
from superoffice_mock.control.errors import problem
from superoffice_mock.control.request import (
    ControlMethod,
    ControlPaths,
    ControlRequest,
    RequestBody,
)
from superoffice_mock.control.views import View
from superoffice_mock.core import clock
from superoffice_mock.core.clock import Clock, FrozenClock, JumpingClock, RealClock
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.core.sync_run import Durations, Installation, Instant, TenantId, seconds
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.wire.values import shorten

APP: Final = "mock-app"


USER: Final = "mock-user"


Some = TypeVar("Some")


class SentApp(msgspec.Struct, forbid_unknown_fields=True):
    """A partner's app, and whether it was granted the EMail agent."""

    name: Secret
    token: Secret
    email_agent: bool = True


class NewTenant(RequestBody):
    """A tenant to be made; credentials of a kind that is left out are made up."""

    example: ClassVar[str] = '{"installation": "online", "granted": false}, or {} for onsite'
    installation: Installation = Installation.ONSITE
    granted: bool = True
    clock: Literal["jump", "real", "freeze"] = "jump"
    seconds_per_account: Seconds | None = None
    accounts: list[Account] = msgspec.field(default_factory=list)
    readings: dict[str, str] = msgspec.field(default_factory=dict)
    expires_after: Life | ExpiresAfter | None = None
    users: list[User] | None = None
    tickets: list[Secret] | None = None
    sessions: list[SessionSpec] | None = None
    apps: list[SentApp] | None = None
    tokens: list[Token] | None = None


def facts_of(new: NewTenant, id_: TenantId, usual: Usual) -> TenantFacts:
    """Return the facts of the tenant that *new* asks for. Raise ProblemError if it can't be."""
    _check(new)
    try:
        facts = tenant_spec.facts(_spec(new, id_), _usual(new, usual))
    except ValueError as error:
        raise problem(400, f"the body: {error}") from None
    for odd in tenant_spec.oddities(facts):
        raise problem(400, f"the body: {odd}")
    return facts


def _check(new: NewTenant) -> None:
    """Raise ProblemError for what could only be meant otherwise."""
    if new.installation is Installation.ONSITE and not new.granted:
        raise problem(400, 'granted: onsite needs no grant; send "installation": "online" too')
    if new.apps is not None and not new.granted:
        raise problem(400, 'granted: is of the app that is made; send "email_agent" in your apps')


def _usual(new: NewTenant, usual: Usual) -> Usual:
    """Return what *new* says for all of its accounts and calls, on top of the settings."""
    readings, durations = usual.readings, usual.durations
    for name, value in new.readings.items():
        readings = readings.with_value(name, value)
    if new.seconds_per_account is not None:
        durations = Durations(seconds(new.seconds_per_account), {})
    return Usual(durations, readings, usual.lifetimes)


def _spec(new: NewTenant, id_: TenantId) -> TenantSpec:
    mark = secrets.token_hex(6)
    online = new.installation is Installation.ONLINE
    apps = _apps(new, mark) if online or new.apps else []
    tokens = [Token(f"8A:{id_}.mock-token-{mark}", apps[0].name)] if online and apps else []
    users = [] if online else [User(USER, f"mock-password-{mark}")]
    session = SessionSpec(f"mock-session-{mark}", f"mock-xsrf-{mark}", USER)
    return TenantSpec(
        id=id_,
        installation=new.installation,
        users=_given(new.users, users),
        tickets=_given(new.tickets, [f"7T:mock-ticket-{mark}"]),
        sessions=_given(new.sessions, [session]),
        apps=apps,
        tokens=_given(new.tokens, tokens),
        accounts=new.accounts,
        expires_after=new.expires_after,
    )


def _apps(new: NewTenant, mark: str) -> list[AppSpec]:
    if new.apps is None:
        return [AppSpec(APP, f"mock-app-token-{mark}", new.granted)]
    return [AppSpec(one.name, one.token, one.email_agent) for one in new.apps]


def _given(given: list[Some] | None, made: list[Some]) -> list[Some]:
    return made if given is None else given


def credentials_view(facts: TenantFacts) -> View:
    """Return one credential of each kind that *facts* has; null where there is none."""
    known = facts.known
    user, password = next(iter(known.users.items()), (None, None))
    token, app = next(iter(known.tokens.items()), (None, next(iter(known.apps.values()), None)))
    session = next(iter(facts.sessions.values()), None)
    found = {
        "user": user,
        "password": password,
        "ticket": next(iter(known.tickets), None),
        "app": app and app.name,
        "app_token": app and app.token,
        "access_token": token,
        "session": session and session.id,
        "xsrf": session and session.xsrf,
    }
    return found | {"headers": _headers(found, facts.installation)}


def _headers(found: View, installation: Installation) -> dict[str, str]:
    """Return the request headers of the first way in that there is."""
    online = installation is Installation.ONLINE
    if online and found["access_token"] is not None:
        return {"Authorization": f"Bearer {found['access_token']}"}
    if not online and found["user"] is not None:
        pair = f"{found['user']}:{found['password']}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    if found["ticket"] is not None and (found["app_token"] or not online):
        app = {"SO-AppToken": found["app_token"]} if online else {}
        return {"Authorization": f"SOTicket {found['ticket']}", **app}
    if found["session"] is not None:
        cookie = f"ASP.NET_SessionId={found['session']}"
        return {"Cookie": cookie, "X-XSRF-TOKEN": found["xsrf"]}
    return {}


_CLOCKS: Final[Mapping[str, Callable[[Instant], Clock]]] = {
    "real": lambda _: RealClock(),
    "freeze": FrozenClock,
    "jump": JumpingClock,
}


async def _make(asked: ControlRequest) -> Response:
    new, world = asked.read(NewTenant), asked.world
    facts = facts_of(new, world.tenants.new_id(new.installation), world.usual)
    try:
        tenant = world.tenants.make(facts, _CLOCKS[new.clock](Instant(world.steady())))
    except ValueError as error:
        raise problem(409, f"{error}") from None
    return Response(
        msgspec.json.encode(_whole(asked, tenant)) + b"\n",
        201,
        headers={"Location": f"/_mock/tenants/{facts.id}"},
        media_type="application/json",
    )


async def _list(asked: ControlRequest) -> View:
    asked.world.tenants.sweep()
    return {"tenants": [_line(asked, tenant) for tenant in asked.world.tenants]}


async def _one(asked: ControlRequest) -> View:
    return _whole(asked, _named(asked))


async def _remove(asked: ControlRequest) -> Response:
    tenant = _named(asked)
    try:
        asked.world.tenants.remove(tenant)
    except ValueError as error:
        raise problem(409, f"{error}") from None
    await tenant.calm()
    return Response(status_code=204)


async def _reset(asked: ControlRequest) -> View:
    if not asked.flag("all"):
        await asked.tenant.reset()
        return {"reset": [asked.tenant.facts.id]}
    if "tenant" in asked.query:
        raise problem(400, "?all=true resets every tenant and ?tenant=ID one; send one of them")
    tenants = asked.world.tenants
    removed = tenants.remove_made()
    for tenant in tenants.configured:
        await tenant.reset()
    for tenant in removed:
        await tenant.calm()
    return {
        "reset": [tenant.facts.id for tenant in tenants.configured],
        "removed": [tenant.facts.id for tenant in removed],
    }


async def _readings(asked: ControlRequest) -> View:
    return views.readings_view(asked.tenant.facts.readings)


def _named(asked: ControlRequest) -> Tenant:
    tenants = asked.world.tenants
    tenant = tenants.get(asked.id)
    if tenant is None:
        known = f"the tenants are: {tenants.known}; GET /_mock/tenants lists them"
        raise problem(404, f"tenant {shorten(asked.id)} is unknown or removed; {known}")
    return tenant


def _line(asked: ControlRequest, tenant: Tenant) -> View:
    facts = tenant.facts
    lasting = facts.lifetimes
    return {
        "id": facts.id,
        "url": f"{asked.base}/{facts.id}",
        "made": asked.world.tenants.is_made(tenant),
        "installation": facts.installation,
        "granted": not facts.known.apps
        or any(app.email_agent for app in facts.known.apps.values()),
        "clock": tenant.state.clock.name,
        "expires_after": {
            "tickets": clock.to_seconds(lasting.ticket),
            "tokens": clock.to_seconds(lasting.token),
            "sessions": clock.to_seconds(lasting.session),
        },
    }


def _whole(asked: ControlRequest, tenant: Tenant) -> View:
    """Return the line, and for a made tenant what lets a caller in; others have it in a file."""
    made = asked.world.tenants.is_made(tenant)
    return _line(asked, tenant) | {"credentials": credentials_view(tenant.facts) if made else None}


VERBS: Final[ControlPaths] = {
    "/tenants": {
        "GET": ControlMethod(_list, summary="lists the tenants, made ones last", answers="Tenants"),
        "POST": ControlMethod(
            _make,
            summary="makes a tenant of its own for a test",
            takes=NewTenant,
            answers="Tenant",
            status=201,
            refuses=(409,),
        ),
    },
    "/tenants/{id}": {
        "GET": ControlMethod(
            _one,
            summary="tells about one tenant; of a made one the credentials, too",
            answers="Tenant",
            refuses=(404,),
        ),
        "DELETE": ControlMethod(
            _remove,
            summary="removes a made tenant and answers who waits there",
            status=204,
            refuses=(404, 409),
        ),
    },
    "/reset": {
        "POST": ControlMethod(
            _reset,
            ("all",),
            summary="answers who waits, then starts the tenant again as it was made",
            answers="Reset",
        )
    },
    "/readings": {
        "GET": ControlMethod(
            _readings, summary="lists the readings that the tenant follows", answers="Readings"
        )
    },
}
