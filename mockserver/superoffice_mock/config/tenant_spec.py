"""The `[[tenant]]` tables of a configuration, and how they become the facts of a tenant."""

from typing import Annotated

import msgspec

from superoffice_mock.config.settings import Settings
from superoffice_mock.core.credentials import App, KnownCredentials, Session
from superoffice_mock.core.expiry import Lifetimes
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.core.sync_run import AccountId, Durations, Installation, TenantId, seconds

Seconds = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
Lifetime = Annotated[float, msgspec.Meta(gt=0, le=1_000_000_000)]
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


def build_facts(spec: TenantSpec, settings: Settings) -> TenantFacts:
    """Return the facts of *spec*, or of *settings* where it is silent. Raise ValueError."""
    apps = {app.name: App(app.name, app.token, app.email_agent) for app in spec.apps}
    for number, token in enumerate(spec.tokens, 1):
        if token.app not in apps:
            msg = f"tenant {spec.id!r}: token {number} names an app that is not one of its apps"
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
        durations=Durations(
            seconds(settings.seconds_per_account),
            {AccountId(account.id): seconds(account.seconds) for account in spec.accounts},
        ),
        readings=settings.readings,
        sessions={
            session.id: Session(session.id, session.xsrf, session.user) for session in spec.sessions
        },
        lifetimes=_lifetimes(spec.expires_after, settings.expires_after),
    )


def _lifetimes(value: float | ExpiresAfter | None, default: float | None) -> Lifetimes:
    if not isinstance(value, ExpiresAfter):
        value = ExpiresAfter(value, value, value)
    lifetimes = [
        default if lifetime is None else lifetime
        for lifetime in (value.tickets, value.tokens, value.sessions)
    ]
    return Lifetimes(*(None if lifetime is None else seconds(lifetime) for lifetime in lifetimes))


def find_unusable_credentials(facts: TenantFacts) -> list[str]:
    """Return a warning about credentials that the tenant's installation never accepts."""
    if facts.installation is Installation.ONLINE:
        warning = "users: Basic is never accepted Online; give it tickets or tokens"
        return [warning] if facts.known_credentials.users else []
    warning = "tokens: Bearer is never accepted onsite; give it users or tickets"
    return [warning] if facts.known_credentials.tokens else []
