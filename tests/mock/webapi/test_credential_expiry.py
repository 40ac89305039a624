"""Lifetimes of credentials: on the tenant's clock, in the journal, and ended by a control call."""

from typing import Any

import pytest

from superoffice_contract.local_server import demo_tables
from superoffice_contract.openapi.readings import Readings
from superoffice_mock.config.settings import Settings
from tests.support.in_process import PATH, InProcessMock

ONLINE = f"/Cust12345{PATH}"
JSON = {"content-type": "application/json"}
TICKET = {"authorization": "SOTicket 7T:demo-ticket", "so-apptoken": "demo-app-token", **JSON}
TOKEN = {"authorization": "Bearer 8A:Cust12345.demo-token", **JSON}
SESSION = {"cookie": "ASP.NET_SessionId=demo-session", "x-xsrf-token": "demo-xsrf", **JSON}
HEADERS = {"ticket": TICKET, "access_token": TOKEN, "session": SESSION}
"""The headers that present each kind of credential."""
VALUES = {
    "ticket": "7T:demo-ticket",
    "access_token": "8A:Cust12345.demo-token",
    "session": "demo-session",
}


async def freeze(local: InProcessMock) -> None:
    await local.control("POST", "clock/freeze?tenant=Cust12345")


async def advance(local: InProcessMock, seconds: float) -> None:
    await local.control("POST", "clock/advance?tenant=Cust12345", {"seconds": seconds})


async def mock_with_lifetime(age: float = 0) -> InProcessMock:
    """Return a mock whose credentials last 10 seconds, on a frozen clock, *age* seconds old."""
    local = InProcessMock(Settings(expires_after=10))
    await freeze(local)
    await advance(local, age)
    return local


async def get_status(local: InProcessMock, headers: dict[str, str], path: str = ONLINE) -> int:
    """Return the status of a call with an empty list, which takes no lease."""
    return (await local.call("POST", path, b'{"SyncUserAccounts":[]}', headers)).status


async def get_statuses(local: InProcessMock) -> dict[str, int]:
    """Return the status for each kind of credential."""
    return {kind: await get_status(local, headers) for kind, headers in HEADERS.items()}


async def expire(local: InProcessMock, content: dict[str, str]) -> Any:
    return await local.control("POST", "credentials/expire?tenant=Cust12345", content)


def last_reason(local: InProcessMock) -> str | None:
    return local.exchanges("Cust12345")[-1].reason


@pytest.mark.claim("credentials-expire")
async def test_an_expired_credential_gets_a_401_whose_reason_has_the_time_since() -> None:
    for kind, headers in HEADERS.items():
        local = await mock_with_lifetime(9.999)
        assert await get_status(local, {**headers, "content-type": "text/plain"}) == 415, kind
        local = await mock_with_lifetime(12.5)
        response = await local.call("POST", ONLINE, headers=headers)
        assert response.status == 401, kind
        assert response.json() == {"Message": "Authorization has been denied for this request."}
        assert f"the {kind.replace('_', ' ')} expired 2.5 s ago" in (last_reason(local) or "")
        assert local.tenant("Cust12345").state.lease_holder is None


@pytest.mark.claim("ticket-sliding")
async def test_every_successful_use_renews_a_ticket_and_a_failed_use_does_not() -> None:
    local = await mock_with_lifetime()
    for _ in range(3):
        await advance(local, 9)
        assert await get_status(local, TICKET) == 204
    await advance(local, 9)
    assert await get_status(local, {**TICKET, "so-apptoken": "another"}) == 401
    await advance(local, 1)
    assert await get_status(local, TICKET) == 401
    assert await get_status(local, TICKET) == 401


async def test_a_tenant_may_set_the_lifetime_of_each_kind() -> None:
    tables = demo_tables()
    tables[1] |= {"expires-after": {"tickets": 21_600, "tokens": 3_600}}
    local = InProcessMock(Settings(), tables)
    tenant = await local.control("GET", "tenants/Cust12345")
    assert tenant["expires_after"] == {"tickets": 21_600.0, "tokens": 3_600.0, "sessions": None}
    await freeze(local)
    await advance(local, 3_600)
    assert await get_statuses(local) == {"ticket": 204, "access_token": 401, "session": 204}
    await advance(local, 21_600)
    assert await get_statuses(local) == {"ticket": 401, "access_token": 401, "session": 204}


async def test_a_reset_renews_all_credentials() -> None:
    local = InProcessMock(Settings(expires_after=10))
    local.real_time += 11_000_000_000
    assert set((await get_statuses(local)).values()) == {401}
    await local.control("POST", "reset?tenant=Cust12345")
    assert set((await get_statuses(local)).values()) == {204}


# ---- expired by a control call ---------------------------------------------------------------


@pytest.mark.claim("credentials-expire")
async def test_a_control_call_expires_one_or_all_until_a_reset(local: InProcessMock) -> None:
    for kind, value in VALUES.items():
        answer = await expire(local, {kind: value})
        assert sum(answer["expired"].values()) == 1
        assert await get_statuses(local) == {**dict.fromkeys(VALUES, 204), kind: 401}
        await local.control("POST", "reset?tenant=Cust12345")
        assert await get_status(local, HEADERS[kind]) == 204, kind
    assert await expire(local, {}) == {"expired": {"tickets": 1, "tokens": 1, "sessions": 1}}
    assert set((await get_statuses(local)).values()) == {401}
    assert await get_status(local, SESSION, PATH) == 204


async def test_an_invalid_control_call_expires_nothing(local: InProcessMock) -> None:
    cases: tuple[tuple[Any, int, str], ...] = (
        ({"ticket": "7T:secret"}, 404, "Cust12345 has no such ticket"),
        ({"access_token": "8A:secret"}, 404, "no such access token"),
        ({"session": "secret"}, 404, "no such session"),
        ({"ticket": "7T:demo-ticket", "session": "secret"}, 404, "no such session"),
        ({"token": "8A:secret"}, 400, '{"access_token": '),
        ({"ticket": 1}, 400, '{"ticket": "7T:demo-ticket"}'),
        ([], 400, "or {} for all"),
    )
    for content, status, detail in cases:
        problem = await expire(local, content)
        assert problem["status"] == status, content
        assert detail in problem["detail"], content
        assert "secret" not in problem["detail"], content
        assert set((await get_statuses(local)).values()) == {204}, content


async def test_a_session_that_has_ended_may_be_expired_without_effect(local: InProcessMock) -> None:
    await local.control("POST", "sessions/end?tenant=Cust12345", {"session": "demo-session"})
    assert (await expire(local, {"session": "demo-session"}))["expired"]["sessions"] == 1
    assert await get_status(local, SESSION) == 401
    assert "names no open session" in (last_reason(local) or "")


async def test_a_restricted_app_renews_its_ticket() -> None:
    local = InProcessMock(Settings(expires_after=10, readings=Readings(restricted="403")))
    path = f"/Cust54321{PATH}"
    await local.control("POST", "clock/freeze?tenant=Cust54321")
    for _ in range(2):
        await local.control("POST", "clock/advance?tenant=Cust54321", {"seconds": 9})
        assert await get_status(local, TICKET, path) == 403
