"""Tenants as configured: TOML -> the facts of each installation."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from superoffice_mock.config.settings import Configuration, Settings
from superoffice_mock.config.tenant_spec import (
    Account,
    AppSpec,
    ExpiresAfter,
    SessionSpec,
    TenantSpec,
    Token,
    User,
    facts,
    oddities,
    usual,
)
from superoffice_mock.core.readings import Readings
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.core.sync_run import Installation
from superoffice_mock.errors import SetupError

DEMO: Final = "the demo world"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")


_SPECS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "users": User,
    "sessions": SessionSpec,
    "apps": AppSpec,
    "tokens": Token,
    "accounts": Account,
    "expires-after": ExpiresAfter,
}
_UNKNOWN: Final = re.compile(r"unknown field `([^`]*)` - at `\$\[\d+\](?:\.([\w-]+))?")


def demo() -> list[Any]:
    """Return the tables of the demo world."""
    import tomllib

    text = Path(__file__).with_name("demo.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["tenant"])


def tables(loaded: Configuration) -> list[Any]:
    """Return the tenants' tables that the user gave, or else those of the demo world."""
    return demo() if loaded.tenants is None else loaded.tenants


def of(
    settings: Settings, tables: Sequence[Any] | None = None, source: str = DEMO
) -> tuple[TenantFacts, ...]:
    """Return the tenants in *tables*, or of the demo world, with all that *settings* say of them.

    Raise SetupError as `tenants` does.
    """
    return tenants(
        demo() if tables is None else tables,
        source,
        settings.seconds_per_account,
        settings.readings,
        settings.expires_after,
    )


def tenants(
    tables: Sequence[Any],
    source: str,
    each: float,
    readings: Readings,
    expires_after: float | None = None,
) -> tuple[TenantFacts, ...]:
    """Return the tenants in *tables*; other accounts than theirs take *each* seconds.

    *expires_after*: seconds that credentials last at a tenant that does not say otherwise.
    Raise SetupError that names *source* and the place of what is wrong.
    """
    try:
        specs = msgspec.convert(list(tables), list[TenantSpec])
    except msgspec.ValidationError as error:
        msg = f"{source}: [[tenant]]: {error}{_hint(str(error))}"
        raise SetupError(msg) from None
    _check_ids(specs, source)
    otherwise = usual(each, readings, expires_after)
    try:
        return tuple(facts(spec, otherwise) for spec in specs)
    except ValueError as error:
        msg = f"{source}: {error}"
        raise SetupError(msg) from None


def warnings(known: Iterable[TenantFacts], source: str) -> list[str]:
    """Say what of the tenants is allowed and of no use."""
    return [
        f"{source}: tenant {tenant.id!r}: {odd}" for tenant in known for odd in oddities(tenant)
    ]


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
