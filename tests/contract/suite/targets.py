"""Tenants to check as, and applications in this process to check."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from superoffice_contract.suite.run import Plan
from superoffice_contract.target import tenants as target_tenants
from superoffice_contract.target.http import calling
from superoffice_contract.target.tenants import TargetTenant
from superoffice_mock import access_log
from superoffice_mock.app import assemble
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings

App = Callable[[Any, Any, Any], Awaitable[None]]

OTHER: Final = {
    "id": "onsite",
    "installation": "onsite",
    "users": [{"name": "kari", "password": "Kari"}],
    "tickets": ["7T:other-ticket"],
    "sessions": [{"id": "other-session", "xsrf": "other-xsrf"}],
}


def tenant(**table: Any) -> TargetTenant:
    """Return the one tenant in *table*."""
    (one,) = target_tenants.tenants([table], "a test")
    return one


def mock(**settings: Any) -> Any:
    """Return a mock of the demo world whose clocks jump at once."""
    configured = Settings(jump_settle=0.001, **settings)
    seconds = configured.seconds_per_account
    facts = tenant_file.tenants(tenant_file.demo(), "the demo world", seconds, configured.readings)
    return assemble(configured, facts, access_log.silent).app


def plan(server: object, *only: str, **more: Any) -> Plan:
    """Return the plan to check the demo world at *server*."""
    tenants = more.pop("tenants", target_tenants.tenants(tenant_file.demo(), "the demo world"))
    return Plan(server=server, tenants=tenants, only=only, **more)


async def refusing(_: Any, receive: Any, send: Any) -> None:
    """An application that lets nobody in."""
    await receive()
    headers = [(b"www-authenticate", b"Basic"), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body"})


def instead(app: App, method: str, path: str, other: App) -> App:
    """Return *app*, but *other* answers *method* where the path ends so."""

    async def one(scope: Any, receive: Any, send: Any) -> None:
        path_ends = scope["path"].rstrip("/").lower().endswith(path.lower())
        ours = scope["method"] == method and path_ends
        await (other if ours else app)(scope, receive, send)

    return one


def clocks(app: App) -> list[str]:
    """How the tenants' clocks go."""

    async def asked() -> list[str]:
        async with calling(app, 5) as caller:
            told = [
                await caller.control("GET", f"clock?tenant={one.tenant.id}")
                for one in plan(app).scenes
            ]
        return [one["clock"] for one in told]

    return asyncio.run(asked())
