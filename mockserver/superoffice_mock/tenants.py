"""The table of tenants."""

from collections.abc import Iterable, Iterator
from typing import Final

from superoffice_mock.core.model import TenantId
from superoffice_mock.tenant import Tenant

DEFAULT_TENANT: Final = "onsite"
"""The tenant that answers at the root and under first segments that are nobody's id."""


class Tenants:
    """The table of tenants, by id whatever its case."""

    def __init__(self, tenants: Iterable[Tenant]) -> None:
        self._by_id = {tenant.facts.id.lower(): tenant for tenant in tenants}

    def __iter__(self) -> Iterator[Tenant]:
        return iter(tuple(self._by_id.values()))

    def get(self, id_: str) -> Tenant | None:
        """Return the tenant called *id_*, or None."""
        return self._by_id.get(id_.lower())

    @property
    def default(self) -> Tenant:
        """The tenant that is meant where none is named: onsite, or the first that is configured."""
        return self._by_id.get(DEFAULT_TENANT) or next(iter(self._by_id.values()))

    @property
    def ids(self) -> list[TenantId]:
        """The ids, as configured."""
        return [tenant.facts.id for tenant in self]

    def close(self, reason: str) -> None:
        """Let nobody wait at any tenant any more."""
        for tenant in self:
            tenant.close(reason)
