"""The composition root of the web edge: settings in, an application out."""

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
from superoffice_mock.config.tenant_spec import usual
from superoffice_mock.core.clock import Clock
from superoffice_mock.core.journal import Journal
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.core.sync_run import seconds
from superoffice_mock.tenants.registry import Bounds, Tenants
from superoffice_mock.tenants.tenant import Limits, Tenant
from superoffice_mock.tenants.waiting_room import SteadyClock
from superoffice_mock.webapi.backend import Backend, BackendFactory
from superoffice_mock.webapi.capture import Captures
from superoffice_mock.webapi.endpoint import ApiEndpoint, Log
from superoffice_mock.webapi.fault_injection import FaultInjection
from superoffice_mock.webapi.operations import pipeline
from superoffice_mock.webapi.operations.pipeline import SimulationBackend
from superoffice_mock.webapi.routing import Routes
from superoffice_mock.wire.cors import Origins

CONTROL: Final = "/_mock/"
"""What paths of the control surface begin with."""


Controls = tuple[BaseRoute, Callable[[Request, Exception], Awaitable[Response]]]
"""The route of the control surface, and how its errors are answered."""


class Application(Starlette):
    """The control surface as routes; all the rest is the vendor's, and routed by the description.

    Calls of the vendor's surface pass by Starlette's stack of middlewares, which has nothing to
    do for them and would take as long as all else that is done here. *controls* are made when the
    first control call comes: until then a server starts faster without them.
    """

    def __init__(self, surface: ApiEndpoint, controls: Callable[[], Controls]) -> None:
        super().__init__()
        self._surface = surface
        self._controls = controls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and not scope["path"].startswith(CONTROL):
            await self._surface(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        """Return Starlette's stack, which Starlette asks for once."""
        route, answer = self._controls()
        self.router.routes.append(route)
        self.exception_handlers[HTTPException] = answer
        return super().build_middleware_stack()


class Mock(msgspec.Struct, frozen=True):
    """The application and what whoever runs it needs to hold."""

    app: Starlette
    tenants: Tenants
    journal: Journal

    def close(self, reason: str) -> None:
        """Let nobody wait any more, because of *reason*."""
        self.tenants.close(reason)


def assemble(
    settings: Settings,
    tenants: Sequence[TenantFacts],
    log: Log,
    steady: Callable[[], int] | None = None,
    instead: BackendFactory | None = None,
) -> Mock:
    """Put the mock together; *steady* is the real clock, in nanoseconds.

    *instead* makes who answers in place of the simulation.
    """
    steady = steady or SteadyClock()
    started = steady()
    described = operations.load()
    journal = Journal(settings.journal_exchanges, settings.journal_bytes)
    table = _table(settings, tenants, journal, steady)
    routes = Routes(described, table)
    answering = FaultInjection(_answering(settings, routes, instead))
    origins = Origins.of(settings.cors_origins.split())
    tapes = Captures(journal)
    surface = ApiEndpoint(routes, answering, journal, origins, steady, log, tapes)

    def controls() -> Controls:
        from superoffice_mock.control.request import ControlContext
        from superoffice_mock.control.router import mounted

        world = ControlContext(
            table,
            journal,
            tapes,
            described.operations,
            steady,
            started,
            usual(settings.seconds_per_account, settings.readings, settings.expires_after),
            log,
            settings.control_token is not None,
        )
        return mounted(world, settings.control_token)

    return Mock(Application(surface, controls), table, journal)


def _table(
    settings: Settings, facts: Sequence[TenantFacts], journal: Journal, steady: Callable[[], int]
) -> Tenants:
    limits = Limits(settings.max_waiting, settings.jump_settle)
    bounds = Bounds(settings.max_tenants, seconds(settings.tenant_ttl))

    def build(one: TenantFacts, clock: Clock | None) -> Tenant:
        return Tenant(one, journal, limits, steady, clock)

    return Tenants(build, facts, bounds, steady)


def _answering(settings: Settings, routes: Routes, instead: BackendFactory | None) -> Backend:
    simulation = SimulationBackend(pipeline.Limits(settings.max_body, settings.max_accounts))
    return simulation if instead is None else instead(routes, simulation)
