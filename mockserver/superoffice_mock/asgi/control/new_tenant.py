"""What a test asks for when it makes a tenant, and what it gets where it asks for nothing."""

import secrets
from typing import ClassVar, Final, Literal, TypeVar

import msgspec

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
from superoffice_mock.control.errors import problem
from superoffice_mock.control.request import Sent
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.core.sync_run import Durations, Installation, TenantId, seconds

APP: Final = "mock-app"
USER: Final = "mock-user"

Some = TypeVar("Some")


class SentApp(msgspec.Struct, forbid_unknown_fields=True):
    """A partner's app, and whether it was granted the EMail agent."""

    name: Secret
    token: Secret
    email_agent: bool = True


class NewTenant(Sent):
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
