"""What describes a tenant: the tables of a configuration, and what tests ask for."""

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
Life = Annotated[float, msgspec.Meta(gt=0, le=1_000_000_000)]
"""Seconds that a credential lasts."""
Secret = Annotated[str, msgspec.Meta(min_length=1)]


class _Struct(msgspec.Struct, forbid_unknown_fields=True, rename="kebab"):
    pass


class User(_Struct):
    """Someone with a password; it may be empty."""

    name: Secret
    password: str


class AppSpec(_Struct):
    """A partner's app and whether it was granted the EMail agent."""

    name: Secret
    token: Secret
    email_agent: bool = True


class Token(_Struct):
    """An access token and the name of the app that it was made for."""

    value: Secret
    app: str


class SessionSpec(_Struct):
    """A web session and its XSRF value."""

    id: Secret
    xsrf: Secret
    user: str


class Account(_Struct):
    """An account that takes its own time."""

    id: Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
    seconds: Seconds


class ExpiresAfter(_Struct):
    """How long each kind of credential lasts, where they differ; what is not told is as usual."""

    tickets: Life | None = None
    tokens: Life | None = None
    sessions: Life | None = None


class TenantSpec(_Struct):
    """A `[[tenant]]` of the configuration."""

    id: str
    installation: Installation
    users: list[User] = []
    tickets: list[Secret] = []
    sessions: list[SessionSpec] = []
    apps: list[AppSpec] = []
    tokens: list[Token] = []
    accounts: list[Account] = []
    expires_after: Life | ExpiresAfter | None = None


class Usual(msgspec.Struct, frozen=True):
    """What holds for a tenant that says nothing else: the settings."""

    durations: Durations
    readings: Readings
    lifetimes: Lifetimes = FOREVER


def usual(each: float, readings: Readings, expires_after: float | None) -> Usual:
    """Return what holds where accounts take *each* seconds and credentials last so long."""
    return Usual(Durations(seconds(each), {}), readings, lifetimes(expires_after, FOREVER))


def lifetimes(given: float | ExpiresAfter | None, otherwise: Lifetimes) -> Lifetimes:
    """Return the lifetimes that somebody wrote; *otherwise* where they wrote none."""
    if given is None:
        return otherwise
    if isinstance(given, ExpiresAfter):
        return Lifetimes(
            _life(given.tickets, otherwise.ticket),
            _life(given.tokens, otherwise.token),
            _life(given.sessions, otherwise.session),
        )
    return Lifetimes(seconds(given), seconds(given), seconds(given))


def _life(given: float | None, otherwise: Duration | None) -> Duration | None:
    return otherwise if given is None else seconds(given)


def facts(spec: TenantSpec, usual: Usual) -> TenantFacts:
    """Return the facts of the tenant that *spec* describes. Raise ValueError if it can't be."""
    apps = {one.name: App(one.name, one.token, one.email_agent) for one in spec.apps}
    for token in spec.tokens:
        if token.app not in apps:
            msg = f"tenant {spec.id!r} has a token of the unknown app {token.app!r}"
            raise ValueError(msg)
    return TenantFacts(
        id=TenantId(spec.id),
        installation=spec.installation,
        known=KnownCredentials(
            users={user.name: user.password for user in spec.users},
            tickets=frozenset(spec.tickets),
            apps={app.token: app for app in apps.values()},
            tokens={token.value: apps[token.app] for token in spec.tokens},
        ),
        durations=_durations(spec.accounts, usual.durations),
        readings=usual.readings,
        sessions={one.id: Session(one.id, one.xsrf, one.user) for one in spec.sessions},
        lifetimes=lifetimes(spec.expires_after, usual.lifetimes),
    )


def _durations(accounts: Sequence[Account], usual: Durations) -> Durations:
    if not accounts:
        return usual
    own = {AccountId(one.id): seconds(one.seconds) for one in accounts}
    return Durations(usual.each, own)


def oddities(facts: TenantFacts) -> list[str]:
    """Say which credentials of a tenant can never let anybody in."""
    if facts.installation is Installation.ONLINE:
        odd = "users: Basic is never accepted Online; give it tickets or tokens"
        return [odd] if facts.known.users else []
    odd = "tokens: Bearer is never accepted onsite; give it users or tickets"
    return [odd] if facts.known.tokens else []
