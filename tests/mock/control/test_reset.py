"""Control calls that end sessions and reset tenants."""

import pytest
from msgspec.structs import replace

from superoffice_contract.local_server import demo_tables
from superoffice_mock.core.clock import RealClock
from superoffice_mock.core.sync_run import SECOND, AccountId, Instant
from tests.mock.control.problems import expect_problem
from tests.support.in_process import PATH, InProcessMock

SESSION = [
    ("cookie", "ASP.NET_SessionId=demo-session"),
    ("x-xsrf-token", "demo-xsrf"),
    ("content-type", "application/json"),
]


@pytest.mark.claim("xsrf-session")
async def test_an_ended_session_gets_a_401_until_a_reset(local: InProcessMock) -> None:
    assert (await local.call(headers=SESSION)).status == 204
    sessions = await local.control("POST", "sessions/end", {"session": "demo-session"})
    assert sessions == {"sessions": 0}
    assert (await local.call(headers=SESSION)).status == 401
    assert (await local.call(path=f"/Cust12345{PATH}", headers=SESSION)).status == 204
    body = b'{"session": "demo-session"}'
    detail = await expect_problem(local, "POST", "sessions/end", 404, body)
    assert "no open session" in detail
    await local.control("POST", "reset")
    assert (await local.call(headers=SESSION)).status == 204


@pytest.fixture
async def used_mock(local: InProcessMock) -> InProcessMock:
    """A mock whose tenants have another clock, a lease and a journal."""
    for tenant in ("onsite", "Cust12345"):
        await local.control("POST", f"clock/freeze?tenant={tenant}")
        await local.control("POST", f"lease/hold?tenant={tenant}")
        await local.call("GET", PATH if tenant == "onsite" else f"/{tenant}{PATH}")
    return local


async def state_of(local: InProcessMock, tenant: str) -> tuple[str, bool, int]:
    """Clock, lease and number of requests of *tenant*."""
    clock = (await local.control("GET", f"clock?tenant={tenant}"))["clock"]
    held = (await local.control("GET", f"lease?tenant={tenant}"))["held"]
    return clock, held, (await local.control("GET", f"requests?tenant={tenant}"))["total"]


async def test_a_reset_is_of_one_tenant(used_mock: InProcessMock) -> None:
    assert await used_mock.control("POST", "reset?tenant=cust12345") == {"reset": ["Cust12345"]}
    assert await state_of(used_mock, "Cust12345") == ("real", False, 0)
    assert await state_of(used_mock, "onsite") == ("freeze", True, 1)


async def test_a_reset_of_all_is_of_every_tenant(used_mock: InProcessMock) -> None:
    assert await used_mock.control("POST", "reset?all=true") == {
        "reset": ["onsite", "Cust12345", "Cust54321"],
        "removed": [],
    }
    for tenant in ("onsite", "Cust12345"):
        assert await state_of(used_mock, tenant) == ("real", False, 0)


async def test_all_must_be_true_or_false(used_mock: InProcessMock) -> None:
    for value in ("yes", "", "TRUE", "1"):
        detail = await expect_problem(used_mock, "POST", f"reset?all={value}", 400)
        assert "true or false" in detail, value
    assert await state_of(used_mock, "onsite") == ("freeze", True, 1)
    assert await used_mock.control("POST", "reset?all=false") == {"reset": ["onsite"]}


async def test_a_reset_restores_accounts_what_they_were_synced_by_and_the_state() -> None:
    accounts = [{"id": 507, "last-fetch": 60}, {"id": 508, "fails-times": 1}]
    local = InProcessMock(tables=[demo_tables()[0] | {"accounts": accounts}])
    await local.control("POST", "clock/freeze")
    first = await local.control("GET", "accounts")
    tenant = local.tenant()
    await local.control("PUT", "state", {"state": "suspended"})
    await local.control("PUT", "state", {"state": "running"})
    await local.call(body=b'{"SyncUserAccounts":[{"AccountId":508},{"AccountId":7}]}')
    await local.control("POST", "clock/advance", {"seconds": 9})
    tenant.state = replace(tenant.state, accounts={}, seen_fetches={AccountId(507): 1})
    assert await local.control("GET", "accounts") != first
    await local.control("POST", "reset")
    assert await local.control("GET", "accounts") == first
    assert tenant.state == tenant.facts.initial_state(RealClock(), Instant(local.real_time))
    local.real_time += 3_600 * SECOND
    await local.control("POST", "reset")  # it was synced a minute before the tenant started over
    (fetched, _) = (await local.control("GET", "accounts"))["accounts"]
    assert fetched["last_fetch"] == "2027-01-15T08:59:00.000000Z"
