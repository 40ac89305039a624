"""Control calls that make, list, remove and reset tenants, and list their readings."""

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
    Lifetime,
    Seconds,
    Secret,
    SessionSpec,
    TenantDefaults,
    TenantSpec,
    Token,
    User,
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

DEFAULT_APP: Final = "mock-app"
DEFAULT_USER: Final = "mock-user"
_CLOCKS: Final[Mapping[str, Callable[[Instant], Clock]]] = {
    "real": lambda _: RealClock(),
    "freeze": FrozenClock,
    "jump": JumpingClock,
}

Item = TypeVar("Item")


class NewApp(msgspec.Struct, forbid_unknown_fields=True):
    """An app of a partner, and whether it was granted the EMail agent."""

    name: Secret
    token: Secret
    email_agent: bool = True


class NewTenant(RequestBody):
    """A tenant to make; the mock generates each kind of credentials that is left out."""

    example: ClassVar[str] = '{"installation": "online", "granted": false}, or {} for onsite'
    installation: Installation = Installation.ONSITE
    granted: bool = True
    clock: Literal["jump", "real", "freeze"] = "jump"
    seconds_per_account: Seconds | None = None
    accounts: list[Account] = msgspec.field(default_factory=list)
    readings: dict[str, str] = msgspec.field(default_factory=dict)
    expires_after: Lifetime | ExpiresAfter | None = None
    users: list[User] | None = None
    tickets: list[Secret] | None = None
    sessions: list[SessionSpec] | None = None
    apps: list[NewApp] | None = None
    tokens: list[Token] | None = None


# ---- body to tenant --------------------------------------------------------------------------


def build_facts(new: NewTenant, id_: TenantId, defaults: TenantDefaults) -> TenantFacts:
    """Return the facts of the tenant that *new* describes. Raise ProblemError if it is invalid."""
    _check(new)
    try:
        facts = tenant_spec.build_facts(_build_spec(new, id_), _override_defaults(new, defaults))
    except ValueError as error:
        raise problem(400, f"the body: {error}") from None
    for text in tenant_spec.find_unusable_credentials(facts):
        raise problem(400, f"the body: {text}")
    return facts


def _check(new: NewTenant) -> None:
    """Raise ProblemError if *new* contradicts itself."""
    if new.installation is Installation.ONSITE and not new.granted:
        raise problem(400, 'granted: onsite needs no grant; send "installation": "online" too')
    if new.apps is not None and not new.granted:
        detail = 'granted: goes with the generated app; send "email_agent" in your own apps'
        raise problem(400, detail)


def _override_defaults(new: NewTenant, defaults: TenantDefaults) -> TenantDefaults:
    """Return *defaults* with the readings and the duration that *new* gives."""
    readings, durations = defaults.readings, defaults.durations
    for name, value in new.readings.items():
        readings = readings.with_value(name, value)
    if new.seconds_per_account is not None:
        durations = Durations(seconds(new.seconds_per_account), {})
    return TenantDefaults(durations, readings, defaults.lifetimes)


def _build_spec(new: NewTenant, id_: TenantId) -> TenantSpec:
    suffix = secrets.token_hex(6)
    is_online = new.installation is Installation.ONLINE
    apps = _app_specs(new, suffix) if is_online or new.apps else []
    tokens = [Token(f"8A:{id_}.mock-token-{suffix}", apps[0].name)] if is_online and apps else []
    users = [] if is_online else [User(DEFAULT_USER, f"mock-password-{suffix}")]
    session = SessionSpec(f"mock-session-{suffix}", f"mock-xsrf-{suffix}", DEFAULT_USER)
    return TenantSpec(
        id=id_,
        installation=new.installation,
        users=_or_default(new.users, users),
        tickets=_or_default(new.tickets, [f"7T:mock-ticket-{suffix}"]),
        sessions=_or_default(new.sessions, [session]),
        apps=apps,
        tokens=_or_default(new.tokens, tokens),
        accounts=new.accounts,
        expires_after=new.expires_after,
    )


def _app_specs(new: NewTenant, suffix: str) -> list[AppSpec]:
    if new.apps is None:
        return [AppSpec(DEFAULT_APP, f"mock-app-token-{suffix}", new.granted)]
    return [AppSpec(app.name, app.token, app.email_agent) for app in new.apps]


def _or_default(items: list[Item] | None, default: list[Item]) -> list[Item]:
    return default if items is None else items


# ---- tenant to JSON --------------------------------------------------------------------------


def _tenant_view(request: ControlRequest, tenant: Tenant) -> View:
    facts = tenant.facts
    lifetimes = facts.lifetimes
    return {
        "id": facts.id,
        "url": f"{request.base_url}/{facts.id}",
        "made": request.context.tenants.is_temporary(tenant),
        "installation": facts.installation,
        "granted": not facts.known_credentials.apps
        or any(app.email_agent for app in facts.known_credentials.apps.values()),
        "clock": tenant.state.clock.name,
        "expires_after": {
            "tickets": clock.to_seconds(lifetimes.ticket),
            "tokens": clock.to_seconds(lifetimes.token),
            "sessions": clock.to_seconds(lifetimes.session),
        },
    }


def _tenant_detail_view(request: ControlRequest, tenant: Tenant) -> View:
    """Return the item of the list, with credentials if it is a temporary tenant."""
    is_temporary = request.context.tenants.is_temporary(tenant)
    credentials = credentials_view(tenant.facts) if is_temporary else None
    return _tenant_view(request, tenant) | {"credentials": credentials}


def credentials_view(facts: TenantFacts) -> View:
    """Return one credential of each kind that the tenant has; null for the other kinds."""
    known = facts.known_credentials
    user, password = next(iter(known.users.items()), (None, None))
    token, app = next(iter(known.tokens.items()), (None, next(iter(known.apps.values()), None)))
    session = next(iter(facts.sessions.values()), None)
    credentials = {
        "user": user,
        "password": password,
        "ticket": next(iter(known.tickets), None),
        "app": app and app.name,
        "app_token": app and app.token,
        "access_token": token,
        "session": session and session.id,
        "xsrf": session and session.xsrf,
    }
    return credentials | {"headers": _sign_in_headers(credentials, facts.installation)}


def _sign_in_headers(credentials: View, installation: Installation) -> dict[str, str]:
    """Return request headers with the first credentials that are complete."""
    is_online = installation is Installation.ONLINE
    if is_online and credentials["access_token"] is not None:
        return {"Authorization": f"Bearer {credentials['access_token']}"}
    if not is_online and credentials["user"] is not None:
        pair = f"{credentials['user']}:{credentials['password']}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    if credentials["ticket"] is not None and (credentials["app_token"] or not is_online):
        app = {"SO-AppToken": credentials["app_token"]} if is_online else {}
        return {"Authorization": f"SOTicket {credentials['ticket']}", **app}
    if credentials["session"] is not None:
        cookie = f"ASP.NET_SessionId={credentials['session']}"
        return {"Cookie": cookie, "X-XSRF-TOKEN": credentials["xsrf"]}
    return {}


# ---- handlers --------------------------------------------------------------------------------


async def _create_tenant(request: ControlRequest) -> Response:
    new, context = request.decode_body(NewTenant), request.context
    facts = build_facts(new, context.tenants.new_id(new.installation), context.defaults)
    try:
        tenant = context.tenants.create(facts, _CLOCKS[new.clock](Instant(context.steady())))
    except ValueError as error:
        raise problem(409, f"{error}") from None
    return Response(
        msgspec.json.encode(_tenant_detail_view(request, tenant)) + b"\n",
        201,
        headers={"Location": f"/_mock/tenants/{facts.id}"},
        media_type="application/json",
    )


async def _list_tenants(request: ControlRequest) -> View:
    request.context.tenants.sweep()
    return {"tenants": [_tenant_view(request, tenant) for tenant in request.context.tenants]}


async def _get_tenant(request: ControlRequest) -> View:
    return _tenant_detail_view(request, _find_tenant(request))


async def _remove_tenant(request: ControlRequest) -> Response:
    tenant = _find_tenant(request)
    try:
        request.context.tenants.remove(tenant)
    except ValueError as error:
        raise problem(409, f"{error}") from None
    await tenant.wait_until_settled()
    return Response(status_code=204)


async def _reset(request: ControlRequest) -> View:
    if not request.query_flag("all"):
        await request.tenant.reset()
        return {"reset": [request.tenant.facts.id]}
    if "tenant" in request.query:
        raise problem(400, "?all=true resets every tenant and ?tenant=ID one; send one of them")
    tenants = request.context.tenants
    removed = tenants.remove_temporary()
    for tenant in tenants.configured_tenants:
        await tenant.reset()
    for tenant in removed:
        await tenant.wait_until_settled()
    return {
        "reset": [tenant.facts.id for tenant in tenants.configured_tenants],
        "removed": [tenant.facts.id for tenant in removed],
    }


async def _list_readings(request: ControlRequest) -> View:
    return views.readings_view(request.tenant.facts.readings)


def _find_tenant(request: ControlRequest) -> Tenant:
    tenants = request.context.tenants
    tenant = tenants.get(request.id)
    if tenant is None:
        known = f"the tenants are: {tenants.id_summary}; GET /_mock/tenants lists them"
        raise problem(404, f"tenant {shorten(request.id)} is unknown or removed; {known}")
    return tenant


PATHS: Final[ControlPaths] = {
    "/tenants": {
        "GET": ControlMethod(
            _list_tenants, summary="lists the tenants, temporary ones last", response="Tenants"
        ),
        "POST": ControlMethod(
            _create_tenant,
            summary="creates a temporary tenant for a test",
            body=NewTenant,
            response="Tenant",
            status=201,
            errors=(409,),
        ),
    },
    "/tenants/{id}": {
        "GET": ControlMethod(
            _get_tenant,
            summary="returns one tenant, with credentials if it is temporary",
            response="Tenant",
            errors=(404,),
        ),
        "DELETE": ControlMethod(
            _remove_tenant,
            summary="removes a temporary tenant and answers its waiting calls",
            status=204,
            errors=(404, 409),
        ),
    },
    "/reset": {
        "POST": ControlMethod(
            _reset,
            ("all",),
            summary="answers waiting calls and restores the tenant's first state",
            response="Reset",
        )
    },
    "/readings": {
        "GET": ControlMethod(
            _list_readings,
            summary="lists the readings and the values that the tenant follows",
            response="Readings",
        )
    },
}
