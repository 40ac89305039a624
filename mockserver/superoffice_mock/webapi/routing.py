"""Routing of the vendor's API: which tenant and operation a request leads to."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from superoffice_contract.messages import list_nearest, shorten
from superoffice_contract.openapi.operations import Operation
from superoffice_contract.openapi.paths import drop_extra_slashes, find_extra_slash
from superoffice_mock.core.verdicts import NO_VALUES, Handler, Served
from superoffice_mock.errors import Rejected
from superoffice_mock.tenants.registry import DEFAULT_TENANT, Tenants, is_tenant_id
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.webapi.entry import Entry, Registry, Resource, TenantFinder

_DOUBLED_PREFIX: Final = "/api/v1/api/v1/"
_CONTROL_PREFIX: Final = "/_mock/"
AGENT_METHOD: Final = re.compile(r"(?:/[^/]+)?/api/v1/Agents/([^/]+)/([^/]+)", re.IGNORECASE)
CACHE_SIZE: Final = 256
MAX_CACHED_PATH: Final = 256
"""How many paths are kept with their routes, and the length of the longest one."""
_NO_HANDLER: Final = Handler(lambda _, state, __, now: (state, Served(now)))


class RouteMatch(msgspec.Struct, frozen=True):
    """Where a request leads: to a tenant, and there to an operation or to an *error*.

    *resource* are the operations at *path*. *entry* handles the method, if anything does, and
    *operation* is what it asks for or describes. *parameters* are the values in the path.
    *find_tenant* is set if only the rest of the request names the tenant. If *unknown_tenant*, the
    request leads to no tenant, and *tenant* only keeps the journal.
    """

    path: str
    tenant: Tenant
    resource: Resource | None = None
    operation: Operation | None = None
    entry: Entry | None = None
    parameters: Mapping[str, str] = NO_VALUES
    find_tenant: TenantFinder | None = None
    error: Exception | None = None
    unknown_tenant: bool = False

    @property
    def handler(self) -> Handler:
        """What decides the call; a call of no operation is never decided."""
        return _NO_HANDLER if self.entry is None else self.entry.handler


class Routes:
    """Finds the route of a request among the operations of *registry*."""

    def __init__(self, registry: Registry, tenants: Tenants) -> None:
        self._registry = registry
        self.description = registry.description
        self._tenants = tenants
        self._cache: dict[tuple[str, str], RouteMatch] = {}

    def find(self, method: str, path: str) -> RouteMatch:
        """Return where a request leads (claims path, path-case, path-slash, path-tenant).

        Routes to configured tenants never change, so the first short ones are cached.
        """
        route = self._cache.get((method, path))
        if route is None:
            route = self._match(method, path)
            if (
                len(self._cache) < CACHE_SIZE
                and len(path) <= MAX_CACHED_PATH
                and route.error is None
                and not self._tenants.is_temporary(route.tenant)
            ):
                self._cache[method, path] = route
        return route

    def _match(self, method: str, path: str) -> RouteMatch:
        match = self._registry.description.paths.find(path)
        if match is None:
            return RouteMatch(path, self._journal_tenant(path), error=self._not_found_error(path))
        resource = self._registry.resources[match.template]
        entry = resource.entries.get("GET" if method == "HEAD" else method)
        # A method that is not allowed is so at the tenant that the other methods name.
        source = next((each.tenant for each in (entry, *resource.entries.values()) if each), None)
        operation = resource.main if entry is None else entry.operation
        default = self._tenants.default
        route = RouteMatch(path, default, resource, operation, entry, match.parameters)
        if callable(source):
            return route if entry is None else replace(route, find_tenant=source)
        segment = match.first_segment if source is None else match.parameters[source]
        return self.move(route, segment)

    def move(self, route: RouteMatch, tenant_id: str | None) -> RouteMatch:
        """Return *route* at the tenant called *tenant_id*; None or empty is the default one."""
        if not tenant_id and route.find_tenant is not None:  # it is not the path that names none
            return route
        tenant = self._tenants.get(tenant_id or DEFAULT_TENANT)
        if tenant is None and tenant_id and _may_be_a_folder(tenant_id, route.entry):
            tenant = self._tenants.get(DEFAULT_TENANT)
        if tenant is not None:
            return replace(route, tenant=tenant)
        error = self._unknown_tenant_error(tenant_id or "", route.entry)
        return replace(route, error=error, unknown_tenant=True)

    def _journal_tenant(self, path: str) -> Tenant:
        segment = path.strip("/").partition("/")[0]
        return self._tenants.get(segment) or self._tenants.default

    def _unknown_tenant_error(self, segment: str, entry: Entry | None) -> Rejected:
        tenants = self._tenants.id_summary
        if entry is not None and callable(entry.tenant):  # what it names may be a secret
            reason = f"the call names a tenant that is not known here; the tenants are: {tenants}"
        elif segment and not _may_be_a_folder(segment, entry):
            reason = f"tenant {shorten(segment)!r} is not known here; the tenants are: {tenants}"
        else:
            reason = f"no tenant is called onsite; start the path with a tenant's id: {tenants}"
        return Rejected(404, "path", reason)

    def _not_found_error(self, path: str) -> Rejected:
        clean_path = drop_extra_slashes(path)
        path_key = f"{clean_path.lower().rstrip('/')}/"
        extra_slash = find_extra_slash(path)
        if extra_slash and (
            self.description.paths.find(clean_path) or clean_path.startswith(_CONTROL_PREFIX)
        ):
            reason = f"{shorten(path)!r} has {extra_slash}; send {shorten(clean_path)!r}"
        elif _DOUBLED_PREFIX in path_key:
            reason = (
                "/api/v1 occurs twice; the client adds it itself, so give it a base URL "
                "that does not end in /api/v1"
            )
        elif _CONTROL_PREFIX in path_key:
            reason = "the control surface is at /_mock/, with ?tenant=ID and no first segment"
        elif match := AGENT_METHOD.fullmatch(path.rstrip("/")):
            return self._not_emulated_error(path, match[1], match[2])
        else:
            known = list_nearest(path, self._registry.resources, "operation")
            reason = f"this mock has nothing at {shorten(path)!r}; {known}"
        return Rejected(404, "path", reason)

    def _not_emulated_error(self, path: str, agent: str, method: str) -> Rejected:
        """Return the 501 for an agent method without a description (claim not-emulated)."""
        agents = {
            known_path: resource.main.agent
            for known_path, resource in self._registry.resources.items()
            if resource.main.agent is not None
        }
        names = {agent.lower(), method.lower()}
        near = [each for each in agents if names & {*each.lower().split("/")[-2:]}]
        known = f"of the agents, this mock has only {', '.join(sorted({*agents.values()}))}"
        if near:
            known = list_nearest(path, near, "operation")
        name = shorten(f"{agent}.{method}")
        reason = f"{name} is not emulated here; {known}; or answer it from a recording: `replay`"
        return Rejected(501, "path", reason)


def _may_be_a_folder(segment: str, entry: Entry | None) -> bool:
    """Return whether *segment* may be the folder that an onsite installation is served under."""
    is_in_front = entry is None or entry.tenant is None
    return is_in_front and not is_tenant_id(segment)
