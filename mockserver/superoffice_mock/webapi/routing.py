"""Routing of the vendor's API: which tenant and operation a path leads to."""

from typing import Final

import msgspec

from superoffice_contract.openapi.operations import Description, Operation
from superoffice_mock.errors import Rejected
from superoffice_mock.tenants.registry import DEFAULT_TENANT, Tenants, is_tenant_id
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.wire.values import shorten

_DOUBLED_PREFIX: Final = "/api/v1/api/v1/"
_CONTROL_PREFIX: Final = "/_mock/"
CACHE_SIZE: Final = 256
"""How many paths are kept with their routes."""


class RouteMatch(msgspec.Struct, frozen=True):
    """Where *path* leads: to a tenant, and there to an operation or to the 404 *error*.

    If *unknown_tenant*, the path leads to no tenant, and *tenant* only keeps the journal.
    """

    path: str
    tenant: Tenant
    operation: Operation | None
    error: Rejected | None = None
    unknown_tenant: bool = False


class Routes:
    """Finds the route of a path; ignores case, a trailing slash and an unknown first segment."""

    def __init__(self, description: Description, tenants: Tenants) -> None:
        self._operations = description.operations
        self._tenants = tenants
        self._cache: dict[str, RouteMatch] = {}

    def find(self, path: str) -> RouteMatch:
        """Return where *path* leads (claims path, path-case, path-slash, path-tenant).

        Routes to configured tenants never change, so the first of them are cached.
        """
        route = self._cache.get(path)
        if route is None:
            route = self._match(path)
            if (
                len(self._cache) < CACHE_SIZE
                and route.operation is not None
                and not self._tenants.is_temporary(route.tenant)
            ):
                self._cache[path] = route
        return route

    def _match(self, path: str) -> RouteMatch:
        path_key = path.lower().rstrip("/")
        operation = self._operations.get(path_key)
        if operation is not None:
            return self._match_tenant(path, "", operation)
        segment, slash, suffix = path.strip("/").partition("/")
        suffix = suffix.lower()
        operation = self._operations.get(slash + suffix)
        if operation is not None:
            return self._match_tenant(path, segment, operation)
        error = self._not_found_error(path, path_key)
        return RouteMatch(path, self._journal_tenant(segment), None, error)

    def _match_tenant(self, path: str, segment: str, operation: Operation) -> RouteMatch:
        tenant = self._tenants.get(segment or DEFAULT_TENANT)
        if tenant is not None:
            return RouteMatch(path, tenant, operation)
        default = self._tenants.get(DEFAULT_TENANT)
        if default is None or is_tenant_id(segment):
            error = self._unknown_tenant_error(segment)
            return RouteMatch(path, self._journal_tenant(segment), None, error, unknown_tenant=True)
        return RouteMatch(path, default, operation)

    def _journal_tenant(self, segment: str) -> Tenant:
        """Return the tenant that journals a call without an operation."""
        return self._tenants.get(segment) or self._tenants.default

    def _unknown_tenant_error(self, segment: str) -> Rejected:
        tenants = self._tenants.id_summary
        if is_tenant_id(segment):
            reason = f"tenant {shorten(segment)!r} is not known here; the tenants are: {tenants}"
        else:
            reason = f"no tenant is called onsite; start the path with a tenant's id: {tenants}"
        return Rejected(404, "path", reason)

    def _not_found_error(self, path: str, path_key: str) -> Rejected:
        documented = ", ".join(operation.path for operation in self._operations.values())
        if _DOUBLED_PREFIX in f"{path_key}/":
            reason = (
                "/api/v1 occurs twice; the client adds it itself, so give it a base URL "
                "that does not end in /api/v1"
            )
        elif _CONTROL_PREFIX in f"{path_key}/":
            reason = "the control surface is at /_mock/, with ?tenant=ID and no first segment"
        else:
            reason = f"this mock has nothing at {shorten(path)!r}; it has {documented}"
        return Rejected(404, "path", reason)
