"""Puts the application together from the settings."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from superoffice_contract.openapi import operations
from superoffice_mock.config.settings import Settings
from superoffice_mock.config.tenant_spec import tenant_defaults
from superoffice_mock.core.clock import Clock
from superoffice_mock.core.journal import Journal
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.core.sync_run import seconds
from superoffice_mock.tenants.registry import TemporaryTenantLimits, Tenants
from superoffice_mock.tenants.tenant import Tenant, TenantLimits
from superoffice_mock.tenants.waiting_room import SteadyClock
from superoffice_mock.webapi.backend import Backend, BackendFactory
from superoffice_mock.webapi.capture import Captures
from superoffice_mock.webapi.endpoint import ApiEndpoint, Log
from superoffice_mock.webapi.fault_injection import FaultInjection
from superoffice_mock.webapi.operations import pipeline
from superoffice_mock.webapi.operations.pipeline import SimulationBackend
from superoffice_mock.webapi.routing import Routes
from superoffice_mock.wire.cors import AllowedOrigins

CONTROL: Final = "/_mock/"
"""The prefix of all paths of the control surface."""

ControlRoutes = tuple[BaseRoute, Callable[[Request, Exception], Awaitable[Response]]]
"""The route of the control surface and its error handler."""


class Application(Starlette):
    """The control surface as Starlette routes; all other paths go to the vendor's API.

    Calls on the vendor's API skip Starlette's middleware, which would double their time for
    nothing. The control surface is built by the first control call, so that a server starts
    faster.
    """

    def __init__(self, api: ApiEndpoint, build_control: Callable[[], ControlRoutes]) -> None:
        super().__init__()
        self._api = api
        self._build_control = build_control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and not scope["path"].startswith(CONTROL):
            await self._api(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        """Return Starlette's middleware stack, and mount the control surface; called once."""
        route, error_handler = self._build_control()
        self.router.routes.append(route)
        self.exception_handlers[HTTPException] = error_handler
        return super().build_middleware_stack()


class Mock(msgspec.Struct, frozen=True):
    """The application, and what its server or test needs of it."""

    app: Starlette
    tenants: Tenants
    journal: Journal

    def close(self, reason: str) -> None:
        """End all waiting, now and later; *reason* goes into the exchanges."""
        self.tenants.close(reason)


def assemble(
    settings: Settings,
    tenants: Sequence[TenantFacts],
    log: Log,
    steady_clock: Callable[[], int] | None = None,
    backend_factory: BackendFactory | None = None,
) -> Mock:
    """Return the mock with *tenants*; *steady_clock* is real time in nanoseconds.

    *backend_factory* makes a backend that replaces the simulation.
    """
    steady_clock = steady_clock or SteadyClock()
    started_at = steady_clock()
    description = operations.load()
    journal = Journal(settings.journal_exchanges, settings.journal_bytes)
    tenant_table = _build_tenants(settings, tenants, journal, steady_clock)
    routes = Routes(description, tenant_table)
    backend = FaultInjection(_build_backend(settings, routes, backend_factory))
    origins = AllowedOrigins.parse(settings.cors_origins.split())
    captures = Captures(journal)
    api = ApiEndpoint(routes, backend, journal, origins, steady_clock, log, captures)

    def build_control() -> ControlRoutes:
        from superoffice_mock.control.request import ControlContext
        from superoffice_mock.control.router import mount_control

        context = ControlContext(
            tenant_table,
            journal,
            captures,
            description.operations,
            steady_clock,
            started_at,
            tenant_defaults(
                settings.seconds_per_account, settings.readings, settings.expires_after
            ),
            log,
            settings.control_token is not None,
        )
        return mount_control(context, settings.control_token)

    return Mock(Application(api, build_control), tenant_table, journal)


def _build_tenants(
    settings: Settings,
    facts: Sequence[TenantFacts],
    journal: Journal,
    steady_clock: Callable[[], int],
) -> Tenants:
    limits = TenantLimits(settings.max_waiting, settings.jump_settle)
    bounds = TemporaryTenantLimits(settings.max_tenants, seconds(settings.tenant_ttl))

    def build(tenant_facts: TenantFacts, clock: Clock | None) -> Tenant:
        return Tenant(tenant_facts, journal, limits, steady_clock, clock)

    return Tenants(build, facts, bounds, steady_clock)


def _build_backend(
    settings: Settings, routes: Routes, backend_factory: BackendFactory | None
) -> Backend:
    simulation = SimulationBackend(pipeline.BodyLimits(settings.max_body, settings.max_accounts))
    return simulation if backend_factory is None else backend_factory(routes, simulation)
