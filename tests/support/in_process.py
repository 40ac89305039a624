"""The application in this process, on a clock that the test owns."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Message, Scope

from superoffice_mock.app import Mock, assemble
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.journal import Exchange
from superoffice_mock.core.sync_run import TenantId
from superoffice_mock.tenants.tenant import Tenant

PATH = "/api/v1/Agents/EMail/SyncEmailAccounts"
BASIC = "Basic dGplMDpUamUw"
EPOCH = 1_800_000_000_000_000_000


@dataclass(slots=True)
class Answered:
    """What the caller saw."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cookies: dict[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class Local:
    """A mock without sockets: real time stands still unless the test moves `real`."""

    def __init__(self, settings: Settings | None = None, tables: list[Any] | None = None) -> None:
        settings = settings or Settings()
        facts = tenant_file.of(settings, tables, "the test")
        self.real = EPOCH
        self.logged: list[Exchange] = []
        self.mock: Mock = assemble(settings, facts, self.logged.append, lambda: self.real)

    def tenant(self, id_: str = "onsite") -> Tenant:
        """One tenant of the mock."""
        tenant = self.mock.tenants.get(id_)
        assert tenant is not None
        return tenant

    def exchanges(self, id_: str = "onsite") -> list[Exchange]:
        """The journal of a tenant, oldest first."""
        return list(self.mock.journal.exchanges(TenantId(id_)))

    async def call(
        self,
        method: str = "POST",
        path: str = PATH,
        body: bytes = b'{"SyncUserAccounts":[{"AccountId":507}]}',
        headers: Mapping[str, str] | list[tuple[str, str]] | None = None,
        *,
        body_after: asyncio.Event | None = None,
        hang_up: asyncio.Event | None = None,
    ) -> Answered:
        """Send one request, as the page's sample if no *headers* are given.

        The body comes once *body_after* is set; *hang_up* leaves.
        """
        if headers is None:
            headers = {"authorization": BASIC, "content-type": "application/json"}
        pairs = list(headers.items()) if isinstance(headers, Mapping) else headers
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]
        names = {name for name, _ in raw}
        if b"host" not in names:
            raw.append((b"host", b"127.0.0.1:8204"))
        target, _, query = path.partition("?")
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": target,
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": raw,
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8204),
        }
        answered = Answered()
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            if messages:
                if body_after is not None:
                    await body_after.wait()
                return messages.pop(0)
            await (hang_up or asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered.status = message["status"]
                for name, value in message["headers"]:
                    answered.headers[name.decode()] = value.decode()
                    if name == b"set-cookie":
                        cookie, _, told = value.decode().partition("=")
                        answered.cookies[cookie] = told
            else:
                answered.body += message["body"]

        await self.mock.app(scope, receive, send)
        return answered

    async def control(self, method: str, path: str, sent: object = None) -> Any:
        """Call /_mock/ and return the JSON it answers."""
        body = b"" if sent is None else json.dumps(sent).encode()
        answered = await self.call(method, f"/_mock/{path}", body, {})
        return answered.json()


async def settled(local: Local, waiting: int, tenant: str = "onsite") -> None:
    """Let the event loop run until *waiting* calls wait at *tenant*."""
    for _ in range(10_000):
        if local.tenant(tenant).waiting >= waiting:
            return
        await asyncio.sleep(0)
    message = f"only {local.tenant(tenant).waiting} of {waiting} calls wait"
    raise AssertionError(message)
