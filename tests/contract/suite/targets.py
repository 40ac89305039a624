"""Runs of `check`; plans, tenants and in-process applications for tests of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from click.testing import CliRunner, Result

from superoffice_contract.suite.run import Plan
from superoffice_contract.target import tenants as target_tenants
from superoffice_contract.target.http import open_client
from superoffice_contract.target.tenants import TargetTenant
from superoffice_mock import access_log
from superoffice_mock.app import assemble
from superoffice_mock.cli import main
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings

App = Callable[[Any, Any, Any], Awaitable[None]]

OTHER_TENANT: Final = {
    "id": "onsite",
    "installation": "onsite",
    "users": [{"name": "kari", "password": "Kari"}],
    "tickets": ["7T:other-ticket"],
    "sessions": [{"id": "other-session", "xsrf": "other-xsrf"}],
}


def run_check(*arguments: str, env: Mapping[str, str] | None = None) -> Result:
    """Run the command `check` in this process."""
    return CliRunner().invoke(main, ["check", *arguments], env=env)


def read_tenant(**table: Any) -> TargetTenant:
    """Return the one tenant in *table*."""
    (tenant,) = target_tenants.read_tenants([table], "a test")
    return tenant


def make_mock(**settings: Any) -> Any:
    """Return a mock of the demo tenants whose clocks jump at once."""
    configuration = Settings(jump_settle=0.001, **settings)
    seconds = configuration.seconds_per_account
    facts = tenant_file.parse_tenants(
        tenant_file.demo_tables(), "the demo tenants", seconds, configuration.readings
    )
    return assemble(configuration, facts, access_log.log_nothing).app


def make_plan(server: object, *only: str, **fields: Any) -> Plan:
    """Return the plan to check the demo tenants at *server*."""
    tenants = fields.pop(
        "tenants", target_tenants.read_tenants(tenant_file.demo_tables(), "the demo tenants")
    )
    return Plan(server=server, tenants=tenants, only=only, **fields)


async def refuse_all(_: Any, receive: Any, send: Any) -> None:
    """An application that refuses every call with a 401."""
    await receive()
    headers = [(b"www-authenticate", b"Basic"), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body"})


def replace_route(app: App, method: str, path: str, replacement: App) -> App:
    """Return *app*, but *replacement* answers *method* for paths that end with *path*."""

    async def route(scope: Any, receive: Any, send: Any) -> None:
        is_path = scope["path"].rstrip("/").lower().endswith(path.lower())
        is_replaced = scope["method"] == method and is_path
        await (replacement if is_replaced else app)(scope, receive, send)

    return route


def clock_modes(app: App) -> list[str]:
    """Return the mode of each tenant's clock."""

    async def read_modes() -> list[str]:
        async with open_client(app, 5) as client:
            clocks = [
                await client.control("GET", f"clock?tenant={context.tenant.id}")
                for context in make_plan(app).contexts
            ]
        return [clock["clock"] for clock in clocks]

    return asyncio.run(read_modes())
