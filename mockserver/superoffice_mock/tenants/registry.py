"""The table of tenants: those that were configured, and those that tests make and remove."""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import msgspec

from superoffice_mock.core.clock import Clock
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.core.sync_run import Duration, Installation, TenantId
from superoffice_mock.tenants.tenant import Tenant

DEFAULT_TENANT: Final = "onsite"
"""The tenant that answers at the root and under first segments that are nobody's id."""
MADE_ONSITE: Final = re.compile(r"t-[0-9a-f]{12}", re.IGNORECASE)
"""The ids of made onsite tenants; those of Online ones look like the vendor's."""
CUSTOMER: Final = re.compile(r"cust[0-9]+", re.IGNORECASE)
"""The ids of Online tenants, by the vendor's convention."""

REMOVED: Final = "the tenant was removed"


class Bounds(msgspec.Struct, frozen=True):
    """How many made tenants there may be, and how long (real time) one may go unused."""

    most: int
    unused: Duration


class Tenants:
    """The table of tenants, by id whatever its case.

    Looking a made tenant up is a use of it, and keeps it for another `Bounds.unused`.
    """

    def __init__(
        self,
        build: Callable[[TenantFacts, Clock | None], Tenant],
        configured: Iterable[TenantFacts],
        bounds: Bounds,
        steady: Callable[[], int],
    ) -> None:
        self._build = build
        self._configured = {facts.id.lower(): build(facts, None) for facts in configured}
        self._made: dict[str, Tenant] = {}
        self._bounds = bounds
        self._steady = steady
        self._sweep_at = 0
        self._closed: str | None = None

    def __iter__(self) -> Iterator[Tenant]:
        return iter((*self._configured.values(), *self._made.values()))

    def get(self, id_: str) -> Tenant | None:
        """Return the tenant called *id_*, or None."""
        key = id_.lower()
        return self._configured.get(key) or self._used(key)

    @property
    def default(self) -> Tenant:
        """The tenant that is meant where none is named: onsite, or the first that is configured."""
        return self._configured.get(DEFAULT_TENANT) or next(iter(self._configured.values()))

    @property
    def ids(self) -> list[TenantId]:
        """The ids, configured ones first."""
        return [tenant.facts.id for tenant in self]

    @property
    def configured(self) -> list[Tenant]:
        """Those that were there from the start, in their order."""
        return list(self._configured.values())

    @property
    def known(self) -> str:
        """The ids, for a message: the configured ones, and how many were made."""
        ids = ", ".join(tenant.facts.id for tenant in self.configured)
        return f"{ids}, and {len(self._made)} made" if self._made else ids

    def close(self, reason: str) -> None:
        """Let nobody wait at any tenant any more, nor at one that is made later."""
        self._closed = reason
        for tenant in self:
            tenant.close(reason)

    # ---- made ones ---------------------------------------------------------------------------

    def new_id(self, installation: Installation) -> TenantId:
        """Return an id that no tenant has, nor is likely to have had."""
        while True:
            made = _NEW_ID[installation]()
            if made.lower() not in self._made and made.lower() not in self._configured:
                return TenantId(made)

    def make(self, facts: TenantFacts, clock: Clock) -> Tenant:
        """Add a tenant. Raise ValueError if there are too many, once the unused are removed."""
        self.sweep()
        if len(self._made) >= self._bounds.most:
            msg = (
                f"{len(self._made)} tenants were made and max-tenants allows no more: remove some "
                "with DELETE /_mock/tenants/{id}, all with POST /_mock/reset?all=true, or set more"
            )
            raise ValueError(msg)
        tenant = self._build(facts, clock)
        self._made[facts.id.lower()] = tenant
        if self._closed is not None:
            tenant.close(self._closed)
        return tenant

    def remove(self, tenant: Tenant) -> None:
        """Forget *tenant* and answer who waits there. Raise ValueError if it was not made."""
        if self._made.pop(tenant.facts.id.lower(), None) is None:
            msg = f"{tenant.facts.id} is configured and stays; POST /_mock/reset?tenant= resets it"
            raise ValueError(msg)
        tenant.remove(REMOVED)

    def remove_made(self) -> list[Tenant]:
        """Remove all made tenants and return them."""
        gone = list(self._made.values())
        for tenant in gone:
            self.remove(tenant)
        return gone

    def sweep(self) -> None:
        """Remove made tenants that nobody has called for too long; a call under way is a use."""
        now = self._steady()
        if now < self._sweep_at:
            return
        longest = now - self._bounds.unused
        for tenant in tuple(self._made.values()):
            if tenant.in_flight:
                tenant.used_at = now
            elif tenant.used_at <= longest:
                self.remove(tenant)
        first = min((tenant.used_at for tenant in self._made.values()), default=now)
        self._sweep_at = first + self._bounds.unused  # before that, no look finds any

    def is_made(self, tenant: Tenant) -> bool:
        """Tell whether *tenant* was made, and can be removed."""
        return tenant.facts.id.lower() in self._made

    def _used(self, key: str) -> Tenant | None:
        tenant = self._made.get(key)
        if tenant is not None:
            tenant.used_at = self._steady()
        return tenant


def names_a_tenant(segment: str) -> bool:
    """Tell whether *segment* of a path can only be meant as a tenant's id."""
    return CUSTOMER.fullmatch(segment) is not None or MADE_ONSITE.fullmatch(segment) is not None


def _customer() -> str:
    return f"Cust{100_000_000 + secrets.randbelow(900_000_000)}"


def _onsite() -> str:
    return f"t-{secrets.token_hex(6)}"


_NEW_ID: Final[Mapping[Installation, Callable[[], str]]] = {
    Installation.ONSITE: _onsite,
    Installation.ONLINE: _customer,
}
