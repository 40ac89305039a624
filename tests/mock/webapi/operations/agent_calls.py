"""Calls of the EMail agent, with what its clients send."""

import json
from typing import Any, Final

from superoffice_mock.config.settings import Settings
from tests.support.in_process import BASIC, ClientResponse, InProcessMock

AGENT: Final = "/api/v1/Agents/EMail/"
TICKET: Final = "SOTicket 7T:app"
"""The credential of a client without a user."""
ACCOUNTS: Final = (
    {"id": 507, "address": "Ann@example.com", "associate": "tje0", "associate-id": 7},
    {"id": 508, "address": "bob@example.com", "associate": "bob", "associate-id": 8},
)


def account_mock(
    *accounts: dict[str, Any], settings: Settings | None = None, **table: Any
) -> InProcessMock:
    """Return a mock with an onsite installation that has *accounts*, by default `ACCOUNTS`."""
    users = [{"name": "tje0", "password": "Tje0"}, {"name": "idle", "password": ""}]
    onsite = {"id": "onsite", "installation": "onsite", "users": users, "tickets": ["7T:app"]}
    return InProcessMock(settings, [{**onsite, "accounts": list(accounts or ACCOUNTS), **table}])


async def post(
    local: InProcessMock, call: str, content: object = None, **headers: str
) -> ClientResponse:
    """Post *content* as JSON to *call*, which may have a query; bytes are sent as they are."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    names = {"authorization": BASIC, "content-type": "application/json"}
    names |= {name.replace("_", "-"): value for name, value in headers.items()}
    return await local.call("POST", AGENT + call, body, names)


async def ask(local: InProcessMock, call: str, content: object = None, **headers: str) -> Any:
    """Return the JSON that *call* is answered with."""
    response = await post(local, call, content, **headers)
    assert response.status == 200, response.body
    return response.json()


async def sync(local: InProcessMock, *ids: int) -> None:
    """Start a sync of accounts."""
    accounts = {"syncUserAccounts": [{"accountId": id_} for id_ in ids]}
    assert (await post(local, "SyncEmailAccounts", accounts)).status == 204


async def due_ids(local: InProcessMock) -> list[int]:
    """Return the ids of the accounts that are due."""
    return [account["AccountId"] for account in await ask(local, "GetReadySyncEmailAccounts")]


async def advance(local: InProcessMock, seconds: float) -> None:
    """Advance the clock of the tenant."""
    await local.control("POST", "clock/advance", {"seconds": seconds})
