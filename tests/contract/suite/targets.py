"""Runs of `check`; plans, tenants and in-process applications for tests of it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from superoffice_contract.control.answers import ClockState
from superoffice_contract.local_server import demo_tables
from superoffice_contract.report import Report
from superoffice_contract.suite.run import Plan, run
from superoffice_contract.target import tenants as target_tenants
from superoffice_contract.target.context import CheckContext, make_context
from superoffice_contract.target.http import open_client
from superoffice_contract.target.tenants import TargetTenant
from superoffice_mock import access_log
from superoffice_mock.app import Mock, assemble
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from tests.contract.other_server.server import ServerBehavior, run_other_server
from tests.support.local_servers import invoke

App = Callable[[Any, Any, Any], Awaitable[None]]
MAX_TOGETHER: Final = 8
"""How many checks of real time run at once; with more, their answers get late."""
run_check = partial(invoke, "check")
"""Run the command `check` in this process."""


def read_tenant(**table: Any) -> TargetTenant:
    """Return the one tenant in *table*."""
    (tenant,) = target_tenants.read_tenants([table], "a test")
    return tenant


OTHER_TENANT: Final = read_tenant(
    id="onsite",
    installation="onsite",
    users=[{"name": "kari", "password": "Kari"}],
    tickets=["7T:other-ticket"],
    sessions=[{"id": "other-session", "xsrf": "other-xsrf"}],
)
"""The tenant of the other server."""
ONLINE_TENANT: Final = read_tenant(
    id="Cust1",
    installation="online",
    users=[{"name": "kari", "password": "Kari"}],
    tickets=["7T:ticket"],
    sessions=[{"id": "session", "xsrf": "xsrf"}],
    apps=[
        {"name": "closed", "token": "closed-token", "email-agent": False},
        {"name": "app", "token": "app-token"},
    ],
    tokens=[{"value": "8A:closed", "app": "closed"}, {"value": "8A:open", "app": "app"}],
)
"""A tenant with every kind of credential; only one of its apps has the EMail agent."""


def assemble_mock(tables: list[Any] | None = None, **settings: Any) -> Mock:
    """Return a mock of the tenants in *tables*, or of the demo tenants."""
    configuration = Settings(**settings)
    facts = tenant_file.load_tenants(configuration, tables, "a test")
    return assemble(configuration, facts, access_log.log_nothing)


def make_mock(tables: list[Any] | None = None, **settings: Any) -> Any:
    """Return the application of such a mock, whose clocks jump at once."""
    return assemble_mock(tables, jump_settle=0.001, **settings).app


def make_plan(server: object, *only: str, **fields: Any) -> Plan:
    """Return the plan to check the demo tenants at *server*."""
    tenants = fields.pop("tenants", target_tenants.read_tenants(demo_tables(), "the demo tenants"))
    return Plan(server=server, tenants=tenants, only=only, **fields)


def check_other_server(behavior: ServerBehavior, *only: str, **fields: Any) -> Report:
    """Check the other server over sockets, in real time."""
    with run_other_server(behavior) as url:
        return run(make_plan(url, *only, tenants=(OTHER_TENANT,), **fields))


def wait_for_all(checks: Iterable[Callable[[], Report]]) -> list[Report]:
    """Run *checks* of real time together: each waits for most of its time."""
    with ThreadPoolExecutor(MAX_TOGETHER) as pool:
        return [future.result() for future in [pool.submit(check) for check in checks]]


def first_context(plan: Plan) -> CheckContext:
    """Return what a check knows of the first tenant of *plan* before it starts."""
    return make_context(plan.tenants[0], plan.operation, plan.readings)


def respond_with(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> App:
    """Return an application that responds to every request in this way."""
    raw_headers = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]

    async def respond(_: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": raw_headers})
        await send({"type": "http.response.body", "body": body})

    return respond


refuse_all = respond_with(401, {"www-authenticate": "Basic", "content-length": "0"})
"""An application that refuses every call with a 401."""


def replace_route(app: App, method: str, path: str, replacement: App) -> App:
    """Return *app*, but *replacement* answers *method* for paths that end with *path*."""

    async def route(scope: Any, receive: Any, send: Any) -> None:
        is_path = scope["path"].rstrip("/").lower().endswith(path.lower())
        is_replaced = scope["method"] == method and is_path
        await (replacement if is_replaced else app)(scope, receive, send)

    return route


async def read_body(receive: Callable[[], Awaitable[Any]]) -> bytes:
    """Return the whole body of a request."""
    body, more_body = b"", True
    while more_body:
        message = await receive()
        body += message.get("body", b"")
        more_body = message.get("more_body", False)
    return body


def begin_with(body: bytes, receive: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """Return *receive* with *body* before what it receives."""
    messages = [{"type": "http.request", "body": body}]

    async def receive_changed() -> Any:
        return messages.pop() if messages else await receive()

    return receive_changed


def change_bodies(app: App, change: Callable[[Any, bytes], bytes]) -> App:
    """Return *app*, which gets *change* of the scope and the body in place of each body."""

    async def changed_app(scope: Any, receive: Any, send: Any) -> None:
        body = change(scope, await read_body(receive))
        other_headers = [pair for pair in scope["headers"] if pair[0] != b"content-length"]
        headers = [*other_headers, (b"content-length", str(len(body)).encode())]
        await app({**scope, "headers": headers}, begin_with(body, receive), send)

    return changed_app


def clock_modes(app: App) -> list[str]:
    """Return the mode of each tenant's clock."""

    async def read_modes() -> list[str]:
        async with open_client(app, 5) as client:
            ids = [tenant.id for tenant in make_plan(app).tenants]
            states = [await client.control("GET", "clock", ClockState, tenant=id_) for id_ in ids]
        return [state.clock for state in states]

    return asyncio.run(read_modes())
