"""Visits to make in tests: a mock that writes down what it is sent, clocks that need no time."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

from superoffice_contract.real_tenant import run
from superoffice_contract.real_tenant.run import Pace, RealTenantCheck
from superoffice_contract.report import Report, Result
from superoffice_contract.target import tenants
from superoffice_contract.target.http import calling
from superoffice_contract.target.tenants import TargetTenant
from superoffice_mock import access_log
from superoffice_mock.app import assemble
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.readings import Readings
from tests.contract.suite.targets import App

ONSITE, ONLINE, UNGRANTED = tenants.tenants(tenant_file.demo(), "the demo world")
ACCOUNTS: Final = (507, 508)
SECRETS: Final = (
    *("tje0", "Tje0", "dGplMDpUamUw", "7T:demo-ticket", "demo-session", "demo-xsrf"),
    *("demo-app-token", "8A:Cust12345.demo-token", "8A:Cust54321.demo-token"),
)
"""What the demo world knows and nobody may read in a report."""


def mock(readings: Readings | None = None) -> App:
    """Return a mock of the demo world in which no second is waited for."""
    followed = readings or Readings()
    settings = Settings(jump_settle=0.001, readings=followed)
    facts = tenant_file.tenants(
        tenant_file.demo(), "the demo world", settings.seconds_per_account, followed
    )
    app: App = assemble(settings, facts, access_log.silent).app

    async def jumped() -> None:
        async with calling(app, 5) as caller:
            for tenant in (ONSITE, ONLINE, UNGRANTED):
                assert await caller.control("POST", f"clock/jump?tenant={tenant.id}")

    asyncio.run(jumped())
    return app


@dataclass(slots=True)
class Time:
    """A clock that goes on when somebody sleeps, and when it is told to."""

    now: float = 0.0

    async def sleep(self, seconds: float) -> None:
        """Let *seconds* pass at once, in two naps: the first is a little short."""
        self.now += seconds if seconds < 0.1 else seconds - 0.05

    def pace(self, seconds: float = 2.0) -> Pace:
        """Return a pace by this clock."""
        return Pace(seconds, lambda: self.now, self.sleep)


@dataclass(slots=True)
class Written:
    """A request as it arrived, and when it came and was answered."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes
    came: float
    answered: float = 0.0

    def header(self, name: str) -> str:
        """The values of header *name*, or nothing."""
        return ", ".join(value for one, value in self.headers if one == name)


@dataclass(slots=True)
class Scribe:
    """An application that writes down what *app* is asked; each answer takes *seconds*."""

    app: App
    time: Time = field(default_factory=Time)
    seconds: float = 0.25
    requests: list[Written] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass one request on."""
        body = b""

        async def received() -> Any:
            nonlocal body
            message = await receive()
            body += message.get("body", b"")
            return message

        headers = [(name.decode().lower(), value.decode()) for name, value in scope["headers"]]
        path = scope["raw_path"].decode()
        written = Written(scope["method"], path, headers, b"", self.time.now)
        self.requests.append(written)
        await self.app(scope, received, send)
        self.time.now += self.seconds
        written.body, written.answered = body, self.time.now


def visited(server: object, tenant: TargetTenant = ONSITE, **more: Any) -> Report:
    """Return the report on a visit without waiting, told all the default readings."""
    readings = more.pop("readings", Readings().as_dict())
    pace = more.pop("pace", Pace(0.0))
    return run.visited(RealTenantCheck(server, tenant, readings=readings, pace=pace, **more))


def of(found: Report, claim: str) -> Result:
    """Return what became of *claim*."""
    (result,) = [one for one in found.results if one.check == claim]
    return result


def of_status(found: Report, status: str) -> set[str]:
    """Return the claims that came to *status*."""
    return {one.check for one in found.results if one.status == status}
