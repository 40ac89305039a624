"""Calls of the EMail agent about accounts, as a check sends them and reads their answers."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from superoffice_contract.bodies.values import Plain
from superoffice_contract.checks.payloads import JSON
from superoffice_contract.errors import NotObservableError
from superoffice_contract.openapi import operations
from superoffice_contract.operations.sync_state import (
    GET_ACCOUNT,
    READY,
    Fetch,
    due_accounts,
    find_fetch,
    read_answer,
)
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client, Request, Response
from superoffice_contract.target.temporary_tenants import LONGEST_LIFETIME, temporary_tenant
from superoffice_contract.target.tenants import Header

NULL: Final = b"null"
"""The body of the vendor's client for a call that takes none."""
MAX_AT_ONCE: Final = 4
"""Requests in flight at once: a simple server may queue only five connections."""
_UNAVAILABLE: Final[Mapping[int, str]] = {
    **dict.fromkeys((401, 403), ": these credentials may not make that call"),
    **dict.fromkeys((404, 501), ": the server does not have that call"),
}


MAX_ACCOUNTS: Final = 12
"""How many accounts a check looks at: more than a run has tasks."""
_TENANT: Final[Mapping[str, Any]] = {
    "expires_after": LONGEST_LIFETIME,
    "accounts": [{"id": id_, "seconds": 1.5} for id_ in range(1, MAX_ACCOUNTS + 1)],
}


class EMailAgent(msgspec.Struct, frozen=True):
    """The EMail agent at the tenant of *context*."""

    client: Client
    context: CheckContext

    def request(
        self, name: str, query: Mapping[str, object], body: bytes, *headers: Header
    ) -> Request:
        """Return the call of the operation *name*."""
        path = f"{self.context.tenant.base}{operations.load().by_name[name].path}"
        target = f"{path}?{urlencode(query)}" if query else path
        signed_in = self.context.post(body, JSON, *headers)
        return msgspec.structs.replace(signed_in, path=target)

    async def call(
        self,
        name: str,
        query: Mapping[str, object] | None = None,
        body: bytes = NULL,
        *headers: Header,
    ) -> Response:
        """Call the operation *name*."""
        return await self.client.send(self.request(name, query or {}, body, *headers))

    async def ask(self, name: str, query: Mapping[str, object] | None = None) -> Plain:
        """Return the answer of the operation *name*. Raise NotObservableError without one."""
        response = await self.call(name, query)
        if response.status == 400:
            response = await self.call(name, query, b"")
        if response.status != 200:
            why = _UNAVAILABLE.get(response.status, ", so nothing is seen")
            raise NotObservableError(f"{name} is answered {response.status}{why}")
        return read(name, response)

    async def find_due(self) -> list[int]:
        """Return the accounts that are due. Raise NotObservableError if the server tells none."""
        due = due_accounts(await self.ask(READY)) or ()
        if not due:
            raise NotObservableError(f"{READY} lists no account, so there is none to look at")
        return list(dict.fromkeys(due))[:MAX_ACCOUNTS]

    async def find_fetches(self, accounts: Iterable[int]) -> dict[int, Fetch]:
        """Return the last fetch of each of *accounts* that exists, and says it."""
        semaphore = asyncio.Semaphore(MAX_AT_ONCE)

        async def find(account: int) -> Fetch | None:
            async with semaphore:
                return find_fetch(await self.ask(GET_ACCOUNT, {"eMailAccountId": account}))

        found = await asyncio.gather(*map(find, accounts))
        return {fetch.account: fetch for fetch in found if fetch is not None}


@asynccontextmanager
async def open_agent(client: Client, context: CheckContext) -> AsyncIterator[EMailAgent]:
    """Yield the agent at the tenant of *context*, or at a temporary one of a mock.

    Raise NotObservableError if the server does not have its calls.
    """
    agent = EMailAgent(client, context)
    await agent.ask(READY)
    if not context.has_control:
        yield agent
        return
    async with temporary_tenant(client, context, _TENANT) as temporary:
        yield EMailAgent(client, temporary)


def read(name: str, response: Response) -> Plain:
    """Return the value of *response*, which answers a call of the operation *name*."""
    operation = operations.load().by_name[name]
    return read_answer(operation, response.header("content-type") or "", response.body)
