"""The `[[tenant]]` tables of a configuration, and how they become the facts of a tenant."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from superoffice_mock.core.credentials import App, KnownCredentials, Session
from superoffice_mock.core.expiry import FOREVER, Lifetimes
from superoffice_mock.core.readings import Readings
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.core.sync_run import (
    AccountId,
    Duration,
    Durations,
    Installation,
    TenantId,
    seconds,
)

Seconds = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
Lifetime = Annotated[float, msgspec.Meta(gt=0, le=1_000_000_000)]
"""The seconds that a credential lasts."""
Secret = Annotated[str, msgspec.Meta(min_length=1)]


class _Table(msgspec.Struct, forbid_unknown_fields=True, rename="kebab"):
    pass


class User(_Table):
    """A user with a password, which may be empty."""

    name: Secret
    password: str


class AppSpec(_Table):
    """A partner's app and whether it was granted the EMail agent."""

    name: Secret
    token: Secret
    email_agent: bool = True


class Token(_Table):
    """An access token and the name of its app."""

    value: Secret
    app: str


class SessionSpec(_Table):
    """A web session and its XSRF value."""

    id: Secret
    xsrf: Secret
    user: str


class Account(_Table):
    """An account whose sync takes its own time."""

    id: Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
    seconds: Seconds


class ExpiresAfter(_Table):
    """How long each kind of credential lasts; None: as long as the setting says."""

    tickets: Lifetime | None = None
    tokens: Lifetime | None = None
    sessions: Lifetime | None = None


class TenantSpec(_Table):
    """One `[[tenant]]` table."""

    id: str
    installation: Installation
    users: list[User] = []
    tickets: list[Secret] = []
    sessions: list[SessionSpec] = []
    apps: list[AppSpec] = []
    tokens: list[Token] = []
    accounts: list[Account] = []
    expires_after: Lifetime | ExpiresAfter | None = None


class TenantDefaults(msgspec.Struct, frozen=True):
    """The settings that apply to a tenant unless its table says otherwise."""

    durations: Durations
    readings: Readings
    lifetimes: Lifetimes = FOREVER


def tenant_defaults(
    seconds_per_account: float, readings: Readings, expires_after: float | None
) -> TenantDefaults:
    """Return the defaults; both times are in seconds."""
    return TenantDefaults(
        Durations(seconds(seconds_per_account), {}),
        readings,
        resolve_lifetimes(expires_after, FOREVER),
    )


def resolve_lifetimes(value: float | ExpiresAfter | None, default: Lifetimes) -> Lifetimes:
    """Return the lifetimes in *value*; those of *default* where it has none."""
    if value is None:
        return default
    if isinstance(value, ExpiresAfter):
        return Lifetimes(
            _resolve_lifetime(value.tickets, default.ticket),
            _resolve_lifetime(value.tokens, default.token),
            _resolve_lifetime(value.sessions, default.session),
        )
    return Lifetimes(seconds(value), seconds(value), seconds(value))


def _resolve_lifetime(value: float | None, default: Duration | None) -> Duration | None:
    return default if value is None else seconds(value)


def build_facts(spec: TenantSpec, defaults: TenantDefaults) -> TenantFacts:
    """Return the facts of the tenant that *spec* describes. Raise ValueError if it is invalid."""
    apps = {app.name: App(app.name, app.token, app.email_agent) for app in spec.apps}
    for token in spec.tokens:
        if token.app not in apps:
            msg = f"tenant {spec.id!r} has a token of the unknown app {token.app!r}"
            raise ValueError(msg)
    return TenantFacts(
        id=TenantId(spec.id),
        installation=spec.installation,
        known_credentials=KnownCredentials(
            users={user.name: user.password for user in spec.users},
            tickets=frozenset(spec.tickets),
            apps={app.token: app for app in apps.values()},
            tokens={token.value: apps[token.app] for token in spec.tokens},
        ),
        durations=_durations(spec.accounts, defaults.durations),
        readings=defaults.readings,
        sessions={
            session.id: Session(session.id, session.xsrf, session.user) for session in spec.sessions
        },
        lifetimes=resolve_lifetimes(spec.expires_after, defaults.lifetimes),
    )


def _durations(accounts: Sequence[Account], default: Durations) -> Durations:
    if not accounts:
        return default
    by_account = {AccountId(account.id): seconds(account.seconds) for account in accounts}
    return Durations(default.default, by_account)


def find_unusable_credentials(facts: TenantFacts) -> list[str]:
    """Return a warning about credentials that the tenant's installation never accepts."""
    if facts.installation is Installation.ONLINE:
        warning = "users: Basic is never accepted Online; give it tickets or tokens"
        return [warning] if facts.known_credentials.users else []
    warning = "tokens: Bearer is never accepted onsite; give it users or tickets"
    return [warning] if facts.known_credentials.tokens else []
