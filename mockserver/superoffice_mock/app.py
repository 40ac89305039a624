"""Puts the application together from the settings."""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from superoffice_mock.config.settings import Settings
from superoffice_mock.config.tenant_spec import check_last_fetches
from superoffice_mock.control.errors import ProblemError, render_problem
from superoffice_mock.core.journal import Journal
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.errors import SetupError
from superoffice_mock.server.asgi_extensions import rejection_of
from superoffice_mock.tenants.registry import Tenants
from superoffice_mock.tenants.state_holder import make_steady_clock
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.webapi.backend import BackendFactory
from superoffice_mock.webapi.capture import Captures
from superoffice_mock.webapi.endpoint import ApiEndpoint, Log
from superoffice_mock.webapi.entry import Registry
from superoffice_mock.webapi.locate import TenantLocator
from superoffice_mock.webapi.operations import registry
from superoffice_mock.webapi.operations.pipeline import SimulationBackend
from superoffice_mock.webapi.routing import Routes
from superoffice_mock.wire.cors import AllowedOrigins

if TYPE_CHECKING:
    from superoffice_contract.timeline.model import Timeline
    from superoffice_contract.verdict.problems import Evidence

CONTROL: Final = "/_mock/"
ENTRANCES: Final = ("/", "/_mock")
"""The paths outside of the control surface that lead to its dashboard, unless something else may
answer them, such as a recording."""


class Application(Starlette):
    """The control surface as Starlette routes; all other paths go to the vendor's API.

    Calls on the vendor's API skip Starlette's middleware, which would double their time for
    nothing. The control surface is built by the first control call, so that a server starts
    faster. A GET of one of *entrances* leads to the dashboard.
    """

    def __init__(
        self, api: ApiEndpoint, build_control: Callable[[], BaseRoute], entrances: Collection[str]
    ) -> None:
        super().__init__()
        self._api = api
        self._entrances = entrances
        self._build_control = build_control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and not scope["path"].startswith(CONTROL):
            is_entrance = scope["path"] in self._entrances
            answer = self._find_entrance(scope) if is_entrance else self._api
            await answer(scope, receive, send)
            return
        rejected = rejection_of(scope)
        if rejected is None:
            await super().__call__(scope, receive, send)
        else:
            problem = ProblemError(rejected.status, rejected.reason)
            await render_problem(problem)(scope, receive, send)

    def _find_entrance(self, scope: Scope) -> ASGIApp:
        """Return what answers a request for a path that may lead to the dashboard."""
        from superoffice_mock.control.endpoints.dashboard import find_entrance
        from superoffice_mock.wire.headers import read_headers

        if rejection_of(scope) is not None:
            return self._api
        accept = read_headers(scope["headers"]).get(b"accept") or ""
        return find_entrance(scope["method"], scope["path"], accept) or self._api

    def load_control(self) -> None:
        """Build the control surface now, not with its first call."""
        self.middleware_stack = self.middleware_stack or self.build_middleware_stack()

    def build_middleware_stack(self) -> ASGIApp:
        """Return Starlette's middleware stack, and mount the control surface; called once."""
        self.router.routes.append(self._build_control())
        return super().build_middleware_stack()


class Mock(msgspec.Struct, frozen=True):
    """The application, and what its server or test needs of it."""

    app: Application
    tenants: Tenants
    journal: Journal
    take_evidence: Callable[[Tenant], "Evidence"]
    take_timeline: Callable[[Tenant], "Timeline"]

    def close(self, reason: str) -> None:
        """End all waiting, now and later; *reason* goes into the exchanges."""
        self.tenants.close(reason)


def assemble(
    settings: Settings,
    tenants: Sequence[TenantFacts],
    log: Log,
    steady_clock: Callable[[], int] | None = None,
    backend_factory: BackendFactory | None = None,
    operations: Registry | None = None,
) -> Mock:
    """Return the mock with *tenants*; *steady_clock* is real time in nanoseconds.

    *backend_factory* makes what replaces the simulation. *operations* are those that the mock
    answers; the default are all in this project's own description. Raise SetupError if an account
    was last synced after that time.
    """
    steady_clock = steady_clock or make_steady_clock()
    started_at = steady_clock()
    for facts in tenants:
        try:
            check_last_fetches(facts, started_at)
        except ValueError as error:
            raise SetupError(f"tenant {facts.id!r}: {error}") from None
    operations = operations or registry.load()
    journal = Journal(settings.journal_exchanges, settings.journal_bytes)
    tenant_table = Tenants(tenants, journal, settings, steady_clock)
    routes = Routes(operations, tenant_table)
    simulation = SimulationBackend(settings.max_body, settings.max_accounts)
    entrances = ENTRANCES if backend_factory is None else ()
    backend_factory = backend_factory or (lambda _, simulation: lambda _: simulation)
    choose_backend = backend_factory(routes, simulation)
    origins = AllowedOrigins.parse(settings.cors_origins.split())
    captures = Captures(journal, operations.description)
    locator = TenantLocator(routes, settings.max_body)
    api = ApiEndpoint(
        routes, choose_backend, journal, origins, steady_clock, log, captures, locator
    )

    def build_control() -> BaseRoute:
        from superoffice_mock.control.event_stream import EventStreams
        from superoffice_mock.control.request import ControlContext
        from superoffice_mock.control.router import mount_control
        from superoffice_mock.control.sessions import Sessions
        from superoffice_mock.control.tenant_timeline import CallReader

        context = ControlContext(
            tenant_table,
            journal,
            choose_backend,
            captures,
            operations,
            steady_clock,
            started_at,
            settings,
            log,
            EventStreams(lambda tenant: CallReader(tenant.journal, operations)),
            Sessions(settings.control_token),
        )
        return mount_control(context)

    def take_evidence(tenant: Tenant) -> "Evidence":
        from superoffice_mock.control import evidence

        recorded = choose_backend(tenant).recorded_calls(tenant)
        return evidence.take_evidence(tenant, operations, recorded)

    def take_timeline(tenant: Tenant) -> "Timeline":
        from superoffice_mock.control import tenant_timeline

        return tenant_timeline.read_at_once(tenant, operations)

    application = Application(api, build_control, entrances)
    return Mock(application, tenant_table, journal, take_evidence, take_timeline)
