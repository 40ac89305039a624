"""Tenants as configured: TOML -> the facts of each installation."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from superoffice_mock.core.credentials import App, KnownCredentials, Session
from superoffice_mock.core.model import (
    AccountId,
    Durations,
    Installation,
    TenantId,
    seconds,
)
from superoffice_mock.core.readings import Readings
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.errors import SetupError

Seconds = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
Secret = Annotated[str, msgspec.Meta(min_length=1)]

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")


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


_SPECS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "users": User,
    "sessions": SessionSpec,
    "apps": AppSpec,
    "tokens": Token,
    "accounts": Account,
}
_UNKNOWN: Final = re.compile(r"unknown field `([^`]*)` - at `\$\[\d+\](?:\.(\w+))?")


def demo() -> list[Any]:
    """Return the tables of the demo world."""
    import tomllib

    text = Path(__file__).with_name("world.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["tenant"])


def tenants(
    tables: Sequence[Any], source: str, each: float, readings: Readings
) -> tuple[TenantFacts, ...]:
    """Return the tenants in *tables*; other accounts than theirs take *each* seconds.

    Raise SetupError that names *source* and the place of what is wrong.
    """
    try:
        specs = msgspec.convert(list(tables), list[TenantSpec])
    except msgspec.ValidationError as error:
        msg = f"{source}: [[tenant]]: {error}{_hint(str(error))}"
        raise SetupError(msg) from None
    _check_ids(specs, source)
    return tuple(_facts(spec, source, each, readings) for spec in specs)


def _hint(error: str) -> str:
    """Return a hint at the key that was meant, if *error* is about an unknown one."""
    from difflib import get_close_matches

    if ".installation`" in error or "`installation`" in error:
        return f"; the installations are {', '.join(Installation)}"
    unknown = _UNKNOWN.search(error)
    if unknown is None:
        return ""
    keys = [one.encode_name for one in msgspec.structs.fields(_SPECS.get(unknown[2], TenantSpec))]
    near = get_close_matches(unknown[1].lower(), keys, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(keys)}"


def _check_ids(specs: Sequence[TenantSpec], source: str) -> None:
    if not specs:
        msg = f"{source}: no [[tenant]]; write at least one, or leave the list out"
        raise SetupError(msg)
    seen: set[str] = set()
    for spec in specs:
        if _ID.fullmatch(spec.id) is None or spec.id.lower() == "api":
            msg = f"{source}: tenant id {spec.id!r}: letters, digits and hyphens, and not 'api'"
            raise SetupError(msg)
        if spec.id.lower() in seen:
            msg = f"{source}: two tenants are called {spec.id!r}; ids ignore case"
            raise SetupError(msg)
        seen.add(spec.id.lower())


def _facts(spec: TenantSpec, source: str, each: float, readings: Readings) -> TenantFacts:
    apps = {one.name: App(one.name, one.token, one.email_agent) for one in spec.apps}
    for token in spec.tokens:
        if token.app not in apps:
            msg = f"{source}: tenant {spec.id!r} has a token of the unknown app {token.app!r}"
            raise SetupError(msg)
    return TenantFacts(
        id=TenantId(spec.id),
        installation=spec.installation,
        known=KnownCredentials(
            users={user.name: user.password for user in spec.users},
            tickets=frozenset(spec.tickets),
            apps={app.token: app for app in apps.values()},
            tokens={token.value: apps[token.app] for token in spec.tokens},
        ),
        durations=Durations(
            seconds(each), {AccountId(one.id): seconds(one.seconds) for one in spec.accounts}
        ),
        readings=readings,
        sessions={one.id: Session(one.id, one.xsrf, one.user) for one in spec.sessions},
    )
