"""Paths -> places: which tenant and operation a path of the vendor's surface leads to."""

from typing import Final

import msgspec

from superoffice_contract.openapi.operations import Description, Operation
from superoffice_mock.errors import Rejected
from superoffice_mock.tenants.registry import DEFAULT_TENANT, Tenants, names_a_tenant
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.wire.values import shorten

_DOUBLED: Final = "/api/v1/api/v1/"
_CONTROL: Final = "/_mock/"
REMEMBERED: Final = 256
"""So many paths are remembered with where they lead."""


class RouteMatch(msgspec.Struct, frozen=True):
    """Where *path* leads: to a tenant, and there to an operation or to a 404.

    *astray*: to no tenant at all; then *tenant* only keeps the journal.
    """

    path: str
    tenant: Tenant
    operation: Operation | None
    missing: Rejected | None = None
    astray: bool = False


class Routes:
    """Paths -> places. Case, a trailing slash and one first segment do not matter."""

    def __init__(self, description: Description, tenants: Tenants) -> None:
        self._operations = description.operations
        self._tenants = tenants
        self._remembered: dict[str, RouteMatch] = {}

    def find(self, path: str) -> RouteMatch:
        """Return where *path* leads (claims path, path-case, path-slash, path-tenant).

        Paths to configured tenants are few, as a rule, and for ever: the first are remembered.
        """
        place = self._remembered.get(path)
        if place is None:
            place = self._found(path)
            lasting = place.operation is not None and not self._tenants.is_made(place.tenant)
            if lasting and len(self._remembered) < REMEMBERED:
                self._remembered[path] = place
        return place

    def _found(self, path: str) -> RouteMatch:
        folded = path.lower().rstrip("/")
        operation = self._operations.get(folded)
        if operation is not None:
            return self._place(path, "", operation)
        segment, slash, rest = path.strip("/").partition("/")
        rest = rest.lower()
        operation = self._operations.get(slash + rest)
        if operation is not None:
            return self._place(path, segment, operation)
        return RouteMatch(path, self._keeper(segment), None, self._not_found(path, folded))

    def _place(self, path: str, segment: str, operation: Operation) -> RouteMatch:
        tenant = self._tenants.get(segment or DEFAULT_TENANT)
        if tenant is not None:
            return RouteMatch(path, tenant, operation)
        default = self._tenants.get(DEFAULT_TENANT)
        if default is None or names_a_tenant(segment):
            missing = self._unknown_tenant(segment)
            return RouteMatch(path, self._keeper(segment), None, missing, astray=True)
        return RouteMatch(path, default, operation)

    def _keeper(self, segment: str) -> Tenant:
        """Return the tenant whose journal keeps a call that reaches no operation."""
        return self._tenants.get(segment) or self._tenants.default

    def _unknown_tenant(self, segment: str) -> Rejected:
        known = self._tenants.known
        if names_a_tenant(segment):
            reason = f"tenant {shorten(segment)!r} is not known here; the tenants are: {known}"
        else:
            reason = f"no tenant is called onsite; start the path with a tenant's id: {known}"
        return Rejected(404, "path", reason)

    def _not_found(self, path: str, folded: str) -> Rejected:
        documented = ", ".join(one.path for one in self._operations.values())
        if _DOUBLED in f"{folded}/":
            reason = (
                "/api/v1 stands twice; the client adds it itself, so give it a base URL "
                "that does not end in /api/v1"
            )
        elif _CONTROL in f"{folded}/":
            reason = "the control surface is at /_mock/, with ?tenant=ID and no first segment"
        else:
            reason = f"this mock has nothing at {shorten(path)!r}; it has {documented}"
        return Rejected(404, "path", reason)
