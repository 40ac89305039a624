"""The application in this process, on a clock that the test owns."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Message, Scope

from superoffice_mock.app import Mock, assemble
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.journal import Exchange
from superoffice_mock.core.sync_run import TenantId
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.webapi.entry import Registry

PATH = "/api/v1/Agents/EMail/SyncEmailAccounts"
BASIC = "Basic dGplMDpUamUw"
EPOCH = 1_800_000_000_000_000_000


@dataclass(slots=True)
class ClientResponse:
    """The response that the client received."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cookies: dict[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """The decoded body."""
        return json.loads(self.body)


def make_scope(method: str, path: str, headers: list[tuple[bytes, bytes]]) -> Scope:
    """Return the ASGI scope of a request; *path* may have a query."""
    target, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": target,
        "raw_path": target.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8204),
    }


class InProcessMock:
    """A mock without sockets. Real time stands still unless the test moves `real_time`."""

    def __init__(
        self,
        settings: Settings | None = None,
        tables: list[Any] | None = None,
        operations: Registry | None = None,
    ) -> None:
        settings = settings or Settings()
        facts = tenant_file.load_tenants(settings, tables, "the test")
        self.real_time = EPOCH
        self.log: list[Exchange] = []
        self.mock: Mock = assemble(
            settings, facts, self.log.append, lambda: self.real_time, operations=operations
        )

    def tenant(self, tenant_id: str = "onsite") -> Tenant:
        """One tenant of the mock."""
        tenant = self.mock.tenants.get(tenant_id)
        assert tenant is not None
        return tenant

    def exchanges(self, tenant_id: str = "onsite") -> list[Exchange]:
        """The journal of a tenant, oldest first."""
        return list(self.mock.journal.exchanges(TenantId(tenant_id)))

    async def call(
        self,
        method: str = "POST",
        path: str = PATH,
        body: bytes = b'{"SyncUserAccounts":[{"AccountId":507}]}',
        headers: Mapping[str, str] | list[tuple[str, str]] | None = None,
        *,
        body_ready: asyncio.Event | None = None,
        disconnect: asyncio.Event | None = None,
        messages: Iterable[Message] | None = None,
    ) -> ClientResponse:
        """Send one request; the default headers are those of the page's sample.

        The body arrives once *body_ready* is set, and the client disconnects once *disconnect* is.
        *messages* are the ASGI messages with the body, if it does not arrive in one.
        """
        if headers is None:
            headers = {"authorization": BASIC, "content-type": "application/json"}
        pairs = list(headers.items()) if isinstance(headers, Mapping) else headers
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]
        names = {name for name, _ in raw}
        if b"host" not in names:
            raw.append((b"host", b"127.0.0.1:8204"))
        scope = make_scope(method, path, raw)
        response = ClientResponse()
        whole_body: Message = {"type": "http.request", "body": body, "more_body": False}
        pending = [whole_body] if messages is None else [*messages]

        async def receive() -> Message:
            if pending:
                if body_ready is not None:
                    await body_ready.wait()
                return pending.pop(0)
            await (disconnect or asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                response.status = message["status"]
                for name, value in message["headers"]:
                    response.headers[name.decode()] = value.decode()
                    if name == b"set-cookie":
                        cookie, _, cookie_value = value.decode().partition("=")
                        response.cookies[cookie] = cookie_value
            else:
                response.body += message["body"]

        await self.mock.app(scope, receive, send)
        return response

    async def control(self, method: str, path: str, content: object = None) -> Any:
        """Call /_mock/ and return the JSON of the response."""
        body = b"" if content is None else json.dumps(content).encode()
        response = await self.call(method, f"/_mock/{path}", body, {})
        return response.json()

    async def last_request(self, tenant_id: str = "onsite") -> Any:
        """The newest entry of `GET /_mock/requests`."""
        page = await self.control("GET", f"requests?limit=1&tenant={tenant_id}")
        return page["requests"][0]

    def outcomes(self, tenant_id: str = "onsite") -> list[str]:
        """The outcomes in the journal of a tenant, oldest first."""
        return [exchange.outcome for exchange in self.exchanges(tenant_id)]


async def run_until_waiting(local: InProcessMock, waiting: int, tenant: str = "onsite") -> None:
    """Let the event loop run until *waiting* calls wait at *tenant*."""
    for _ in range(10_000):
        if local.tenant(tenant).waiting >= waiting:
            return
        await asyncio.sleep(0)
    message = f"only {local.tenant(tenant).waiting} of {waiting} calls wait"
    raise AssertionError(message)
