"""The table of tenants: configured ones, and temporary ones that tests create and remove."""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from superoffice_mock.config.settings import Settings
from superoffice_mock.core.clock import Clock
from superoffice_mock.core.journal import Journal
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.core.sync_run import Installation, TenantId, seconds
from superoffice_mock.tenants.tenant import Tenant

DEFAULT_TENANT: Final = "onsite"
"""The tenant that answers at the root and under first segments that are not a tenant id."""
TEMPORARY_ONSITE_ID: Final = re.compile(r"t-[0-9a-f]{12}", re.IGNORECASE)
ONLINE_ID: Final = re.compile(r"cust[0-9]+", re.IGNORECASE)
"""The ids of Online tenants, by the vendor's convention; temporary tenants follow it."""
REMOVED_REASON: Final = "the tenant was removed"


class Tenants:
    """The table of tenants; ids ignore case.

    A lookup of a temporary tenant counts as a use and keeps it for another `tenant_ttl`.
    """

    def __init__(
        self,
        configured_facts: Iterable[TenantFacts],
        journal: Journal,
        settings: Settings,
        steady_clock: Callable[[], int],
    ) -> None:
        self._journal = journal
        self._settings = settings
        self._steady_clock = steady_clock
        self._configured = {facts.id.lower(): self._build(facts) for facts in configured_facts}
        self._temporary: dict[str, Tenant] = {}
        self._next_sweep_at = 0
        self._close_reason: str | None = None
        self.before_end: Callable[[Tenant], object] = lambda _: None
        """Is called before the journal of a tenant is emptied, or the tenant is removed."""

    def _build(self, facts: TenantFacts, clock: Clock | None = None) -> Tenant:
        return Tenant(facts, self._journal, self._settings, self._steady_clock, clock)

    def __iter__(self) -> Iterator[Tenant]:
        return iter((*self._configured.values(), *self._temporary.values()))

    def get(self, id_: str) -> Tenant | None:
        """Return the tenant called *id_*, or None."""
        key = id_.lower()
        tenant = self._temporary.get(key)
        if tenant is None:
            return self._configured.get(key)
        tenant.used_at = self._steady_clock()
        return tenant

    @property
    def default(self) -> Tenant:
        """The tenant of requests that name none: `onsite`, or else the first configured one."""
        return self._configured.get(DEFAULT_TENANT) or next(iter(self._configured.values()))

    @property
    def configured_tenants(self) -> list[Tenant]:
        """The configured tenants, in the order of the configuration."""
        return list(self._configured.values())

    @property
    def id_summary(self) -> str:
        """The ids of configured tenants and the number of temporary ones, for a message."""
        ids = ", ".join(tenant.facts.id for tenant in self.configured_tenants)
        return f"{ids}, and {len(self._temporary)} temporary" if self._temporary else ids

    def close(self, reason: str) -> None:
        """Close all tenants, and each tenant that is created later."""
        self._close_reason = reason
        for tenant in self:
            tenant.close(reason)

    def new_id(self, installation: Installation) -> TenantId:
        """Return a random id that no tenant has."""
        while True:
            if installation is Installation.ONLINE:
                id_ = f"Cust{100_000_000 + secrets.randbelow(900_000_000)}"
            else:
                id_ = f"t-{secrets.token_hex(6)}"
            if id_.lower() not in self._temporary and id_.lower() not in self._configured:
                return TenantId(id_)

    def create(self, facts: TenantFacts, clock: Clock) -> Tenant:
        """Add a temporary tenant, after a `sweep`. Raise ValueError if there are too many."""
        self.sweep()
        if len(self._temporary) >= self._settings.max_tenants:
            raise ValueError(
                f"{len(self._temporary)} tenants were created with POST /_mock/tenants, and "
                "max-tenants allows no more: remove one with DELETE /_mock/tenants/{id} or all "
                "with POST /_mock/reset?all=true, or raise max-tenants"
            )
        tenant = self._build(facts, clock)
        self._temporary[facts.id.lower()] = tenant
        if self._close_reason is not None:
            tenant.close(self._close_reason)
        return tenant

    def remove(self, tenant: Tenant) -> None:
        """Remove *tenant* and answer its waiting calls. Raise ValueError if it is configured."""
        if not self.is_temporary(tenant):
            raise ValueError(
                f"{tenant.facts.id} is configured and can't be removed; "
                f"POST /_mock/reset?tenant={tenant.facts.id} resets it"
            )
        self.before_end(tenant)
        del self._temporary[tenant.facts.id.lower()]
        tenant.remove(REMOVED_REASON)

    def remove_temporary(self) -> list[Tenant]:
        """Remove all temporary tenants and return them."""
        tenants = list(self._temporary.values())
        for tenant in tenants:
            self.remove(tenant)
        return tenants

    def sweep(self) -> None:
        """Remove temporary tenants that were not used for too long; a call in flight is a use."""
        now, ttl = self._steady_clock(), seconds(self._settings.tenant_ttl)
        if now < self._next_sweep_at:
            return
        unused_since = now - ttl
        for tenant in tuple(self._temporary.values()):
            if tenant.in_flight:
                tenant.used_at = now
            elif tenant.used_at <= unused_since:
                self.remove(tenant)
        oldest_use = min((tenant.used_at for tenant in self._temporary.values()), default=now)
        self._next_sweep_at = oldest_use + ttl  # no tenant can be unused before

    def is_temporary(self, tenant: Tenant) -> bool:
        """Return whether *tenant* was created by a control call and can be removed."""
        return tenant.facts.id.lower() in self._temporary


def is_tenant_id(segment: str) -> bool:
    """Return whether *segment* of a path can only be the id of a tenant."""
    return bool(ONLINE_ID.fullmatch(segment) or TEMPORARY_ONSITE_ID.fullmatch(segment))
