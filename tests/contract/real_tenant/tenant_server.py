"""Checks of a tenant for tests: a mock that records its requests, and a fake clock."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from superoffice_contract.local_server import demo_tables
from superoffice_contract.openapi.readings import Readings
from superoffice_contract.real_tenant import run
from superoffice_contract.real_tenant.run import Pace, RealTenantCheck
from superoffice_contract.report import Report, Result
from superoffice_contract.target import tenants
from superoffice_contract.target.http import open_client
from superoffice_contract.target.tenants import TargetTenant
from tests.contract.other_server.bodies import HttpError
from tests.contract.other_server.server import (
    Handler,
    Installation,
    Server,
    ServerBehavior,
)
from tests.contract.suite import targets
from tests.contract.suite.targets import App, begin_with, read_body
from tests.support.local_servers import serve_in_thread

ONSITE, ONLINE, UNGRANTED = tenants.read_tenants(demo_tables(), "the demo tenants")
ACCOUNTS: Final = (507, 508)
TOKEN: Final = "8A:Cust12345.demo-token"
SECRETS: Final = (
    *("tje0", "Tje0", "dGplMDpUamUw", "7T:demo-ticket", "demo-session", "demo-xsrf"),
    *("demo-app-token", "8A:Cust12345.demo-token", "8A:Cust54321.demo-token"),
)
"""Secrets of the demo tenants, which must not be in a report."""


def make_mock(readings: Readings | None = None) -> App:
    """Return a mock of the demo tenants, whose clocks jump."""
    app: App = targets.make_mock(readings=readings or Readings())

    async def jump() -> None:
        async with open_client(app, 5) as client:
            for tenant in (ONSITE, ONLINE, UNGRANTED):
                assert await client.try_control("POST", "clock/jump", tenant=tenant.id)

    asyncio.run(jump())
    return app


@dataclass(slots=True)
class FakeClock:
    """A clock that moves when `sleep` is called, and when a test moves it."""

    now: float = 0.0

    async def sleep(self, seconds: float) -> None:
        """Let *seconds* pass at once, but a little less than asked for at first."""
        self.now += seconds if seconds < 0.1 else seconds - 0.05

    def pace(self, seconds: float = 2.0) -> Pace:
        """Return a pace that uses this clock."""
        return Pace(seconds, lambda: self.now, self.sleep)


@dataclass(slots=True)
class RecordedRequest:
    """A request as it arrived, and when it arrived and was answered."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes
    arrived_at: float
    answered_at: float = 0.0

    def header(self, name: str) -> str:
        """Return the values of header *name*, joined by commas."""
        return ", ".join(value for header, value in self.headers if header == name)


@dataclass(slots=True)
class RecordingApp:
    """An application that records the requests to *app*; each response takes *seconds*."""

    app: App
    clock: FakeClock = field(default_factory=FakeClock)
    seconds: float = 0.25
    requests: list[RecordedRequest] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Record one request, and pass it on."""
        body = await read_body(receive)
        headers = [(name.decode().lower(), value.decode()) for name, value in scope["headers"]]
        path = scope["raw_path"].decode()
        request = RecordedRequest(scope["method"], path, headers, body, self.clock.now)
        self.requests.append(request)
        await self.app(scope, begin_with(body, receive), send)
        self.clock.now += self.seconds
        request.answered_at = self.clock.now


class TenantHandler(Handler):
    """A connection to an Online tenant of another make, which keeps all that is documented.

    It differs from our guesses: it names itself, sends HSTS and other cache headers, describes no
    call, refuses a wrong token with 403, and has the other envelope.
    """

    def send_response_only(self, code: int, message: str | None = None) -> None:
        """Begin the answer with the headers of its web server."""
        super().send_response_only(code, message)
        self.send_header("Server", "Microsoft-IIS/10.0")
        self.send_header("Strict-Transport-Security", "max-age=31536000")

    def send_header(self, keyword: str, value: str) -> None:
        """Add a header, but the cache headers of this tenant."""
        if keyword not in ("Pragma", "Expires"):
            super().send_header(keyword, "no-store" if keyword == "Cache-Control" else value)

    def build_answer(self, body: bytes) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """Answer one request to the tenant."""
        tenant, slash, path = self.path.removeprefix("/").partition("/")
        if tenant != ONLINE.id or self.command in ("GET", "HEAD"):
            raise HttpError(404, "nothing here")
        self.path = slash + path
        return super().build_answer(body)

    def sign_in(self) -> None:
        """Raise HttpError unless the request has the token."""
        value = self.headers.get("Authorization", "")
        if value.lower().partition(" ")[2] != TOKEN.lower():
            challenge = ("WWW-Authenticate", "Bearer")
            raise HttpError(403, "no") if value else HttpError(401, "who?", challenge)


@contextmanager
def run_tenant(**behavior: Any) -> Iterator[str]:
    """Serve such a tenant until the block ends, and yield its URL."""
    installation = Installation(ServerBehavior(envelopes=("netserver",), **behavior))
    handler = type("OneTenant", (TenantHandler,), {"installation": installation})
    with serve_in_thread(Server(("127.0.0.1", 0), handler)) as url:
        yield f"{url}/{ONLINE.id}"


def check_tenant(server: object, tenant: TargetTenant = ONSITE, **fields: Any) -> Report:
    """Check a tenant without pauses, and return the report."""
    pace = fields.pop("pace", Pace(0.0))
    return run.run_check(RealTenantCheck(server, tenant, pace=pace, **fields))


def result_of(report: Report, claim: str) -> Result:
    """Return the result of *claim*."""
    (result,) = [result for result in report.results if result.check == claim]
    return result


def claims_with_status(report: Report, status: str) -> set[str]:
    """Return the claims whose result has *status*."""
    return {result.check for result in report.results if result.status == status}
