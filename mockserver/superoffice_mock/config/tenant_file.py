"""Reads `[[tenant]]` tables into the facts of tenants, with messages for invalid tables."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from superoffice_contract.local_server import DEMO_SOURCE, demo_tables
from superoffice_contract.validation import explain_tables
from superoffice_mock.config.settings import Settings
from superoffice_mock.config.tenant_spec import TenantSpec, build_facts, find_unusable_credentials
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.errors import SetupError

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")


def load_tenants(
    settings: Settings, tables: Sequence[Any] | None = None, source: str = DEMO_SOURCE
) -> tuple[TenantFacts, ...]:
    """Return the tenants in *tables*, by default the demo ones. Raise SetupError with the place."""
    tables = demo_tables() if tables is None else tables
    try:
        specs = msgspec.convert(list(tables), list[TenantSpec])
    except msgspec.ValidationError as error:
        raise SetupError(f"{source}: {explain_tables(error, list[TenantSpec], 'tenant')}") from None
    _check_ids(specs, source)
    try:
        return tuple(build_facts(spec, settings) for spec in specs)
    except ValueError as error:
        raise SetupError(f"{source}: {error}") from None


def list_warnings(tenants: Iterable[TenantFacts], source: str) -> list[str]:
    """Return warnings about tables that are valid but have no effect."""
    return [
        f"{source}: tenant {tenant.id!r}: {warning}"
        for tenant in tenants
        for warning in find_unusable_credentials(tenant)
    ]


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
