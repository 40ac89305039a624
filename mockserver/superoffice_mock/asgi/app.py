"""The composition root of the web edge: settings in, an application out."""

from collections.abc import Callable, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Mount, NoMatchFound, Router
from starlette.types import Receive, Scope, Send

from superoffice_contract import description
from superoffice_mock.asgi import operations
from superoffice_mock.asgi.control import surface as control
from superoffice_mock.asgi.control.calls import World
from superoffice_mock.asgi.control.guard import Guard
from superoffice_mock.asgi.control.problems import Problems
from superoffice_mock.asgi.operations import Operations
from superoffice_mock.asgi.recording import Log, Surface
from superoffice_mock.asgi.routes import Routes
from superoffice_mock.clock import SteadyClock
from superoffice_mock.core.journal import Journal
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.settings import Settings
from superoffice_mock.tenant import Limits, Tenant
from superoffice_mock.tenants import Tenants
from superoffice_mock.wire.cors import Origins


class Described(BaseRoute):
    """Everything outside /_mock/: the description routes it, not a list of patterns."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match every HTTP request."""
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: object) -> NoMatchFound:  # type: ignore[override]
        """Name no URL: nothing here is built by name."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the vendor would."""
        await self._surface(scope, receive, send)


class Mock(msgspec.Struct, frozen=True):
    """The application and what whoever runs it needs to hold."""

    app: Starlette
    tenants: Tenants
    journal: Journal


def assemble(
    settings: Settings,
    tenants: Sequence[TenantFacts],
    log: Log,
    steady: Callable[[], int] | None = None,
) -> Mock:
    """Put the mock together; *steady* is the real clock, in nanoseconds."""
    steady = steady or SteadyClock()
    described = description.load()
    journal = Journal(settings.journal_exchanges, settings.journal_bytes)
    limits = Limits(settings.max_waiting, settings.jump_settle)
    table = Tenants(Tenant(facts, journal, limits, steady) for facts in tenants)
    surface = Surface(
        Routes(described, table),
        Operations(operations.Limits(settings.max_body, settings.max_accounts)),
        journal,
        Origins.of(settings.cors_origins.split()),
        steady,
        log,
    )
    world = World(table, journal, described.operations, steady, steady())
    routes = control.routes(world, Guard(settings.control_token))
    problems = Problems(tuple(control.calls()))
    app = Starlette(
        routes=[Mount("/_mock", Router(routes, redirect_slashes=False)), Described(surface)],
        exception_handlers={HTTPException: problems.answer},
    )
    return Mock(app, table, journal)
