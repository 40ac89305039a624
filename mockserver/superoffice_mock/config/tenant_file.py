"""Reads `[[tenant]]` tables into the facts of tenants, with messages for invalid tables."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from superoffice_contract.local_server import DEMO_SOURCE, demo_tables
from superoffice_contract.messages import describe_os_error, show_path
from superoffice_contract.validation import explain_tables
from superoffice_mock.config.settings import Settings
from superoffice_mock.config.tenant_spec import (
    AppSpec,
    TenantSpec,
    build_facts,
    find_unusable_credentials,
)
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.errors import SetupError

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
_MAX_KEY_BYTES: Final = 64 * 1024


def load_tenants(
    settings: Settings,
    tables: Sequence[Any] | None = None,
    source: str = DEMO_SOURCE,
    folder: Path | None = None,
) -> tuple[TenantFacts, ...]:
    """Return the tenants in *tables*, by default the demo ones. Raise SetupError with the place.

    Files that *tables* name are in *folder*.
    """
    tables = demo_tables() if tables is None else tables
    try:
        specs = msgspec.convert(list(tables), list[TenantSpec])
    except msgspec.ValidationError as error:
        raise SetupError(f"{source}: {explain_tables(error, list[TenantSpec], 'tenant')}") from None
    _check_ids(specs, source)
    for spec in specs:
        spec.apps = [_read_key_file(app, folder or Path(), source) for app in spec.apps]
    facts = []
    for number, spec in enumerate(specs, 1):
        try:
            facts.append(build_facts(spec, settings))
        except ValueError as error:
            raise SetupError(f"{source}: tenant {number}: {error}") from None
    return tuple(facts)


def list_warnings(tenants: Iterable[TenantFacts], source: str) -> list[str]:
    """Return warnings about tables that are valid but have no effect."""
    return [
        f"{source}: tenant {tenant.id!r}: {warning}"
        for tenant in tenants
        for warning in find_unusable_credentials(tenant)
    ]


def _read_key_file(app: AppSpec, folder: Path, source: str) -> AppSpec:
    """Return *app* with its public key as text, if a file holds it. Raise SetupError."""
    key = app.public_key
    if key is None or "-----" in key:
        return app
    try:
        with (folder / key).open("rb") as file:
            text = file.read(_MAX_KEY_BYTES).decode("latin-1")
    except (OSError, ValueError) as error:
        reason = f"{show_path(key)}: {describe_os_error(error)}"
        hint = "public-key is PEM, or the name of a file, relative to the configuration"
        raise SetupError(f"{source}: {reason}; {hint}") from None
    return replace(app, public_key=text)


def _check_ids(specs: Sequence[TenantSpec], source: str) -> None:
    if not specs:
        raise SetupError(f"{source}: no [[tenant]]; write at least one, or leave the list out")
    ids: set[str] = set()
    for number, spec in enumerate(specs, 1):
        if _ID.fullmatch(spec.id) is None or spec.id.lower() == "api":
            raise SetupError(
                f"{source}: the id of tenant {number} is invalid; "
                "use up to 63 letters, digits and hyphens, and not 'api'"
            )
        if spec.id.lower() in ids:
            msg = f"{source}: tenant {number} has the id of an earlier one; ids ignore case"
            raise SetupError(msg)
        ids.add(spec.id.lower())
