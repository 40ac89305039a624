"""Control calls that make, list, remove and reset tenants, and list their readings."""

import base64
import secrets
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
from starlette.responses import Response

from superoffice_contract.messages import shorten
from superoffice_contract.openapi.readings import READINGS
from superoffice_contract.verdict.problems import KINDS, check_kinds
from superoffice_mock.config import tenant_spec
from superoffice_mock.config.settings import Settings
from superoffice_mock.config.tenant_spec import (
    Account,
    Ago,
    AppSpec,
    ExpiresAfter,
    Host,
    Int32,
    Lifetime,
    Moment,
    Number,
    Seconds,
    Secret,
    SessionSpec,
    StateName,
    TenantSpec,
    Token,
    User,
)
from superoffice_mock.control.endpoints.lease import holder_view
from superoffice_mock.control.errors import ProblemError
from superoffice_mock.control.pieces import View
from superoffice_mock.control.request import ControlMethod, ControlRequest, RequestBody
from superoffice_mock.core import clock
from superoffice_mock.core.clock import Clock, FrozenClock, JumpingClock, RealClock
from superoffice_mock.core.expiry import CredentialKind
from superoffice_mock.core.state import TenantFacts, TenantStatus
from superoffice_mock.core.sync_run import AccountId, Installation, Instant, TenantId
from superoffice_mock.tenants.tenant import Tenant

DEFAULT_APP: Final = "mock-app"
DEFAULT_USER: Final = "mock-user"
KindName = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(KINDS)})]
"""A kind of problem; `check_kinds` knows the nearest one for an error."""
_CLOCKS: Final[Mapping[str, type[Clock]]] = {
    kind.name: kind for kind in (RealClock, FrozenClock, JumpingClock)
}


def _keep_name(name: str) -> str:
    return name


class NewApp(AppSpec, rename=_keep_name):
    """An app, with the names that control calls have; its public key is PEM."""

    email_agent: bool = True
    client_id: Secret | None = None
    system_user_token: Secret | None = None
    public_key: Secret | None = None


class NewAccount(Account, rename=_keep_name):
    """An account, with the names that control calls have."""

    associate_id: Int32 | None = None
    fails_times: Number | None = None
    failed_after: Number | None = None
    last_fetch: Moment | Ago | None = None


class NewTenant(RequestBody):
    """A tenant to make; the mock generates each kind of credentials that is left out."""

    example: ClassVar[str] = '{"installation": "online", "granted": false}, or {} for onsite'
    installation: Installation = Installation.ONSITE
    granted: bool = True
    clock: Literal["jump", "real", "freeze"] = "jump"
    seconds_per_account: Seconds | None = None
    accounts: list[NewAccount] = msgspec.field(default_factory=list)
    readings: dict[str, str] = msgspec.field(default_factory=dict)
    due_after: Seconds | None = None
    state: StateName = TenantStatus.RUNNING.setting
    host: Host | None = None
    expires_after: Lifetime | ExpiresAfter | None = None
    users: list[User] | None = None
    tickets: list[Secret] | None = None
    sessions: list[SessionSpec] | None = None
    apps: list[NewApp] | None = None
    tokens: list[Token] | None = None
    refresh_tokens: list[Token] | None = None
    strict: list[KindName] | None = None
    expect_lost: list[Int32] = msgspec.field(default_factory=list)


def _build_facts(new: NewTenant, id_: TenantId, settings: Settings, now: int) -> TenantFacts:
    if new.installation is Installation.ONSITE and not new.granted:
        raise ProblemError(400, 'granted: onsite needs no grant; send "installation": "online" too')
    if new.apps is not None and not new.granted:
        detail = 'granted: goes with the generated app; send "email_agent" in your own apps'
        raise ProblemError(400, detail)
    try:
        facts = tenant_spec.build_facts(_build_spec(new, id_), _override_settings(new, settings))
        tenant_spec.check_last_fetches(facts, now)
        strict = None if new.strict is None else check_kinds(new.strict)
    except ValueError as error:
        raise ProblemError(400, f"the body: {error}") from None
    for text in tenant_spec.find_unusable_credentials(facts):
        raise ProblemError(400, f"the body: {text}")
    expect_lost = frozenset(map(AccountId, new.expect_lost))
    return msgspec.structs.replace(facts, strict=strict, expect_lost=expect_lost)


def _override_settings(new: NewTenant, settings: Settings) -> Settings:
    readings = settings.readings
    for name, value in new.readings.items():
        readings = readings.with_value(name, value)
    own = _given_members(new, ("seconds_per_account", "due_after"))
    return msgspec.structs.replace(settings, readings=readings, **own)


def _given_members(new: NewTenant, names: Iterable[str]) -> dict[str, Any]:
    """Return those of the members *names* that were sent."""
    members = {name: getattr(new, name) for name in names}
    return {name: value for name, value in members.items() if value is not None}


def _build_spec(new: NewTenant, id_: TenantId) -> TenantSpec:
    suffix = secrets.token_hex(6)
    is_online = new.installation is Installation.ONLINE
    apps = _app_specs(new, suffix) if is_online or new.apps else []
    has_app = is_online and apps
    session = SessionSpec(f"mock-session-{suffix}", f"mock-xsrf-{suffix}", DEFAULT_USER)
    credentials: dict[str, Any] = {
        "users": [] if is_online else [User(DEFAULT_USER, f"mock-password-{suffix}")],
        "tickets": [f"7T:mock-ticket-{suffix}"],
        "sessions": [session],
        "tokens": [Token(f"8A:{id_}.mock-token-{suffix}", apps[0].name)] if has_app else [],
        "refresh_tokens": [Token(f"{id_}.mock-refresh-{suffix}", apps[0].name)] if has_app else [],
    }
    return TenantSpec(
        **credentials | _given_members(new, credentials),
        id=id_,
        installation=new.installation,
        apps=apps,
        accounts=list(new.accounts),
        expires_after=new.expires_after,
        state=new.state,
        host=new.host,
    )


def _app_specs(new: NewTenant, suffix: str) -> list[AppSpec]:
    if new.apps is None:
        return [AppSpec(DEFAULT_APP, f"mock-app-token-{suffix}", new.granted)]
    return [
        msgspec.structs.replace(app, system_user_token=f"{app.name}-{suffix}")
        if app.public_key and not app.system_user_token
        else app
        for app in new.apps
    ]


def _tenant_view(request: ControlRequest, tenant: Tenant) -> View:
    facts = tenant.facts
    return {
        "id": facts.id,
        "url": f"{request.base_url}/{facts.id}",
        "made": request.context.tenants.is_temporary(tenant),
        "installation": facts.installation,
        "granted": not facts.known_credentials.apps
        or any(app.email_agent for app in facts.known_credentials.apps.values()),
        "clock": tenant.state.clock.name,
        "expires_after": {
            kind.plural: clock.to_seconds(facts.lifetimes.of(kind)) for kind in CredentialKind
        },
    }


def _tenant_line_view(request: ControlRequest, tenant: Tenant) -> View:
    """Return what the tenant is, and what is going on there."""
    now, state = tenant.now(), tenant.state
    holder = state.holder(now)
    return _tenant_view(request, tenant) | {
        "state": state.status.setting,
        "calls": tenant.journal.count(tenant.facts.id),
        "in_flight": tenant.in_flight,
        "waiting": tenant.waiting,
        "holder": holder and holder_view(holder, now),
    }


def _tenant_detail_view(request: ControlRequest, tenant: Tenant) -> View:
    is_temporary = request.context.tenants.is_temporary(tenant)
    credentials = credentials_view(tenant.facts) if is_temporary else None
    return _tenant_view(request, tenant) | {"credentials": credentials}


def credentials_view(facts: TenantFacts) -> View:
    """Return one credential of each kind that the tenant has; null for the other kinds."""
    known = facts.known_credentials
    user, password = next(iter(known.users.items()), (None, None))
    token, app = next(iter(known.tokens.items()), (None, next(iter(known.apps.values()), None)))
    refresh_token = next((value for value, of in known.refresh_tokens.items() if of is app), None)
    session = next(iter(facts.sessions.values()), None)
    credentials = {
        "user": user,
        "password": password,
        "ticket": next(iter(known.tickets), None),
        "app": app and app.name,
        "app_token": app and app.token,
        "client_id": app and app.client_id,
        "access_token": token,
        "refresh_token": refresh_token,
        "system_user_token": app and app.system_user_token,
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


async def _create_tenant(request: ControlRequest) -> Response:
    new, context = request.decode_body(NewTenant), request.context
    now = context.steady()
    facts = _build_facts(new, context.tenants.new_id(new.installation), context.settings, now)
    try:
        first_clock = clock.make_clock(_CLOCKS[new.clock], Instant(now), now)
        tenant = context.tenants.create(facts, first_clock)
    except ValueError as error:
        raise ProblemError(409, f"{error}") from None
    return Response(
        msgspec.json.encode(_tenant_detail_view(request, tenant)) + b"\n",
        201,
        headers={"Location": f"/_mock/tenants/{facts.id}"},
        media_type="application/json",
    )


async def _list_tenants(request: ControlRequest) -> View:
    request.context.tenants.sweep()
    return {"tenants": [_tenant_line_view(request, each) for each in request.context.tenants]}


async def _get_tenant(request: ControlRequest) -> View:
    return _tenant_detail_view(request, _find_tenant(request))


async def _remove_tenant(request: ControlRequest) -> Response:
    tenant = _find_tenant(request)
    try:
        request.context.tenants.remove(tenant)
    except ValueError as error:
        raise ProblemError(409, f"{error}") from None
    await tenant.wait_until_settled()
    return Response(status_code=204)


async def _reset(request: ControlRequest) -> View:
    if not request.query_flag("all"):
        request.context.tenants.before_end(request.tenant)
        await request.tenant.reset()
        return {"reset": [request.tenant.facts.id]}
    if "tenant" in request.query:
        raise ProblemError(
            400, "?all=true resets every tenant and ?tenant=ID one; send one of them"
        )
    tenants = request.context.tenants
    removed = tenants.remove_temporary()
    for tenant in tenants.configured_tenants:
        tenants.before_end(tenant)
        await tenant.reset()
    for tenant in removed:
        await tenant.wait_until_settled()
    return {
        "reset": [tenant.facts.id for tenant in tenants.configured_tenants],
        "removed": [tenant.facts.id for tenant in removed],
    }


async def _list_readings(request: ControlRequest) -> View:
    values = request.tenant.facts.readings.as_dict()
    return {
        "readings": [
            {
                "name": reading.name,
                "value": values[reading.name],
                "values": reading.values,
                "why": reading.why,
            }
            for reading in READINGS.values()
        ]
    }


def _find_tenant(request: ControlRequest) -> Tenant:
    tenants = request.context.tenants
    tenant = tenants.get(request.id)
    if tenant is None:
        known = f"the tenants are: {tenants.id_summary}; GET /_mock/tenants lists them"
        raise ProblemError(404, f"tenant {shorten(request.id)} is unknown or removed; {known}")
    return tenant


CALLS: Final = {
    "GET /tenants": ControlMethod(
        _list_tenants, "lists the tenants, temporary ones last", "Tenants"
    ),
    "POST /tenants": ControlMethod(
        _create_tenant,
        "creates a temporary tenant for a test",
        "Tenant",
        NewTenant,
        errors=(409,),
        status=201,
    ),
    "GET /tenants/{id}": ControlMethod(
        _get_tenant,
        "returns one tenant, with credentials if it is temporary",
        "Tenant",
        errors=(404,),
    ),
    "DELETE /tenants/{id}": ControlMethod(
        _remove_tenant,
        "removes a temporary tenant and answers its waiting calls",
        errors=(404, 409),
        status=204,
    ),
    "POST /reset": ControlMethod(
        _reset,
        "answers waiting calls and restores the tenant's first state",
        "Reset",
        query=("all",),
    ),
    "GET /readings": ControlMethod(
        _list_readings, "lists the readings and the values that the tenant follows", "Readings"
    ),
}
