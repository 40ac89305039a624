"""Control calls for tenants that tests make, use and remove."""

import asyncio
import gc
import json
import re
from typing import Any

from superoffice_contract.openapi.readings import Readings
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.sync_run import SECOND
from superoffice_mock.tenants.tenant import Tenant
from tests.mock.control.problems import expect_problem
from tests.support.in_process import PATH, ClientResponse, InProcessMock, run_until_waiting

EMPTY = b'{"SyncUserAccounts":[]}'
ONE_ACCOUNT = b'{"SyncUserAccounts":[{"AccountId":507}]}'
SIGN_IN = {"client_id", "access_token", "refresh_token", "system_user_token"}
CREDENTIALS = {
    *("user", "password", "ticket", "app", "app_token", "session", "xsrf", "headers"),
    *SIGN_IN,
}


async def make(local: InProcessMock, **members: Any) -> Any:
    """Make a tenant and return it."""
    response = await local.call("POST", "/_mock/tenants", json.dumps(members).encode(), {})
    assert response.status == 201, response.body
    return response.json()


async def sync(
    local: InProcessMock, tenant: Any, body: bytes = ONE_ACCOUNT, **headers: str
) -> ClientResponse:
    """Call *tenant* with its own credentials, or with *headers*."""
    headers = {"content-type": "application/json", **(headers or tenant["credentials"]["headers"])}
    return await local.call("POST", f"/{tenant['id']}{PATH}", body, headers)


async def ids(local: InProcessMock) -> list[str]:
    """The ids of the listed tenants."""
    return [tenant["id"] for tenant in (await local.control("GET", "tenants"))["tenants"]]


async def test_a_made_tenant_is_onsite_and_its_clock_jumps_by_default(local: InProcessMock) -> None:
    response = await local.call("POST", "/_mock/tenants", b"", {})
    tenant = response.json()
    assert response.status == 201
    assert response.headers["location"] == f"/_mock/tenants/{tenant['id']}"
    assert re.fullmatch(r"t-[0-9a-f]{12}", tenant["id"])
    assert tenant["url"] == f"http://127.0.0.1:8204/{tenant['id']}"
    assert (tenant["installation"], tenant["granted"], tenant["clock"]) == ("onsite", True, "jump")
    assert set(tenant["credentials"]) == CREDENTIALS
    clock = await local.control("GET", f"clock?tenant={tenant['id']}")
    assert (clock["clock"], clock["now"]) == ("jump", "2027-01-15T08:00:00.000000Z")


async def test_a_made_tenant_has_credentials_of_each_kind_and_headers(local: InProcessMock) -> None:
    onsite = (await make(local))["credentials"]
    missing = {name for name, value in onsite.items() if value is None}
    assert missing == {"app", "app_token", *SIGN_IN}
    online = (await make(local, installation="online"))["credentials"]
    missing = {name for name, value in online.items() if value is None}
    assert missing == {"user", "password", "system_user_token"}
    assert online["headers"] == {"Authorization": f"Bearer {online['access_token']}"}
    assert onsite["headers"]["Authorization"].startswith("Basic ")


async def test_made_credentials_are_valid_at_their_tenant_only(local: InProcessMock) -> None:
    installations = ("onsite", "online") * 2
    tenants = [await make(local, installation=installation) for installation in installations]
    for tenant in tenants:
        own = tenant["credentials"]
        session = {"cookie": f"ASP.NET_SessionId={own['session']}", "x-xsrf-token": own["xsrf"]}
        ticket = {"authorization": f"SOTicket {own['ticket']}"}
        if own["app_token"] is not None:
            ticket["so-apptoken"] = own["app_token"]
        for headers in (own["headers"], session, ticket):
            statuses = [(await sync(local, other, EMPTY, **headers)).status for other in tenants]
            assert statuses == [204 if other is tenant else 401 for other in tenants]


async def test_a_made_tenant_has_its_clock_also_after_a_reset(local: InProcessMock) -> None:
    for clock, other_clock in (("real", "freeze"), ("freeze", "real"), ("jump", "freeze")):
        tenant = await make(local, clock=clock)
        await local.control("POST", f"clock/{other_clock}?tenant={tenant['id']}")
        assert (await local.control("GET", f"tenants/{tenant['id']}"))["clock"] == other_clock
        await local.control("POST", f"reset?tenant={tenant['id']}")
        assert (await local.control("GET", f"tenants/{tenant['id']}"))["clock"] == clock


async def test_a_made_tenant_has_the_requested_accounts_readings_and_lifetimes() -> None:
    local = InProcessMock(
        Settings(seconds_per_account=9, readings=Readings(empty="runs"), expires_after=7)
    )
    default_tenant = await make(local)
    assert set(default_tenant["expires_after"].values()) == {7.0}
    tenant = await make(
        local,
        seconds_per_account=0.5,
        accounts=[{"id": 507, "seconds": 2}],
        readings={"no-content-type": "as-sampled"},
        expires_after={"tickets": 21_600},
        clock="freeze",
    )
    assert tenant["expires_after"] == {"tickets": 21_600.0, "tokens": 7.0, "sessions": 7.0}
    assert "content-type" in (await sync(local, tenant)).headers
    lease = await local.control("GET", f"lease?tenant={tenant['id']}")
    assert lease["holder"]["seconds_left"] == 2.0
    facts = local.tenant(tenant["id"]).facts
    assert facts.durations.default == SECOND // 2
    assert facts.readings == Readings(empty="runs", no_content_type="as-sampled")
    assert local.tenant(default_tenant["id"]).facts.durations.default == 9 * SECOND


async def test_a_made_tenant_has_the_requested_state_host_and_due_time(
    local: InProcessMock,
) -> None:
    for host in ("sod2.superoffice.com", "127.0.0.1:8204", "[::1]:8204", "LOCALHOST"):
        tenant = await make(
            local,
            host=host,
            state="suspended",
            due_after=60,
            accounts=[{"id": 1, "last_fetch": "2027-01-15T08:59:00+01:00"}, {"id": 2}],
        )
        facts = local.tenant(tenant["id"]).facts
        assert (facts.host, facts.due_after) == (host, 60 * SECOND)
        state = await local.control("GET", f"state?tenant={tenant['id']}")
        assert state["name"] == "Suspended"
        answer = await local.control("GET", f"accounts?tenant={tenant['id']}")
        assert [account["due"] for account in answer["accounts"]] == [True, True]
    made = local.tenant((await make(local))["id"]).facts
    assert (made.host, made.due_after, made.accounts) == (None, 300 * SECOND, {})


async def test_given_credentials_are_used_and_others_generated(local: InProcessMock) -> None:
    users = [{"name": "kari", "password": "Kari"}]
    sessions = [{"id": "s", "xsrf": "x", "user": "kari"}]
    tenant = await make(local, users=users, tickets=["7T:mine"], sessions=sessions)
    own = tenant["credentials"]
    assert (own["user"], own["ticket"], own["session"]) == ("kari", "7T:mine", "s")
    apps = [{"name": "a", "token": "b", "email_agent": False}]
    online = (await make(local, installation="online", apps=apps))["credentials"]
    assert (online["app"], online["app_token"]) == ("a", "b")
    assert online["access_token"].startswith("8A:Cust")


async def test_the_sign_in_headers_have_the_first_credentials(local: InProcessMock) -> None:
    tenants: list[tuple[dict[str, Any], str]] = [
        ({"users": []}, "SOTicket"),
        ({"users": [], "tickets": []}, ""),
        ({"installation": "online", "tokens": []}, "SOTicket"),
        ({"installation": "online", "tokens": [], "tickets": []}, ""),
        ({"installation": "online", "apps": []}, ""),
    ]
    for members, scheme in tenants:
        tenant = await make(local, **members)
        headers = tenant["credentials"]["headers"]
        assert headers.get("Authorization", "").partition(" ")[0] == scheme, members
        assert ("Cookie" in headers) is (scheme == ""), members
        assert (await sync(local, tenant)).status == 204, members
    tenant = await make(local, users=[], tickets=[], sessions=[])
    assert tenant["credentials"] == {**dict.fromkeys(CREDENTIALS), "headers": {}}


async def test_an_invalid_tenant_gets_a_400_and_is_not_made(local: InProcessMock) -> None:
    app = {"name": "a", "token": "b"}
    tenants: list[tuple[Any, str]] = [
        ({"granted": False}, '"installation": "online"'),
        ({"installation": "online", "granted": False, "apps": [app]}, '"email_agent"'),
        ({"installation": "online", "users": [{"name": "a", "password": ""}]}, "users: Basic"),
        ({"apps": [app], "tokens": [{"value": "c", "app": "a"}]}, "Bearer"),
        (
            {"installation": "online", "tokens": [{"value": "c", "app": "ghost"}]},
            "token 1 names an app that is not one of its apps",
        ),
        ({"readings": {"run": "sometimes"}}, "the values of run are detached and blocking"),
        ({"readings": {"rum": "blocking"}}, "unknown reading 'rum'"),
        ({"installation": "cloud"}, "installation: expected one of online, onsite"),
        ({"clock": "frozen"}, "clock: expected one of freeze, jump, real"),
        ({"seconds_per_account": -1}, "seconds_per_account"),
        ({"accounts": [{"id": 2**31, "seconds": 1}]}, "accounts[0].id"),
        ({"accounts": [{"seconds": 1}]}, "accounts[0]: 'id' is missing"),
        ({"accounts": [{"id": 1, "failz": "x"}]}, "accounts[0]: unknown member 'failz'; did you"),
        ({"accounts": [{"id": 1}, {"id": 1}]}, "account 2 has the id of an earlier one, 1"),
        ({"accounts": [{"id": 1, "failed_after": 2}]}, "failed_after needs failures; add fails"),
        ({"accounts": [{"id": 1, "fails_times": 0}]}, "accounts[0].fails_times: expected at least"),
        ({"accounts": [{"id": 1, "associate_id": 2**31}]}, "accounts[0].associate_id: expected at"),
        ({"accounts": [{"id": 1, "last_fetch": -1}]}, "accounts[0].last_fetch: expected at least"),
        (
            {"accounts": [{"id": 1, "last_fetch": "now"}]},
            "last_fetch: expected a date and time such as 2026-01-31T12:00:00Z or seconds before",
        ),
        ({"accounts": [{"id": 0}]}, "accounts[0].id: expected at least 1"),
        ({"accounts": [{"id": 1, "last_fetch": "1969-12-31T00:00:00"}]}, "is before 1970; leave"),
        (
            {"accounts": [{"id": 1, "last_fetch": "2027-01-15T08:00:01Z"}]},
            "account 1 was last fetched in the future; it is 2027-01-15T08:00:00.000000Z now",
        ),
        (
            {"accounts": [{"id": 1, "last_fetch": "9999-12-31T23:59:59-05:00"}]},
            "account 1 was last fetched in the future",
        ),
        ({"state": "suspend"}, "unknown state 'suspend'; did you mean 'suspended'?"),
        ({"due_after": -1}, "due_after: expected at least 0"),
        ({"host": "no host"}, "host: is no host name; expected one such as sod2.superoffice.com"),
        ({"host": "sod2.superoffice.com\n"}, "host: is no host name"),
        ({"host": ""}, "host: expected text that is not empty"),
        ({"expires_after": 0}, "expires_after"),
        ({"expires_after": {"tickets": -1}}, "expires_after.tickets"),
        ({"expires_after": {"ticket": 1}}, "did you mean 'tickets'?"),
        ({"expires_after": {"x": 1}}, "the members are: "),
        ({"tickets": [""]}, "tickets[0]"),
        ({"id": "mine"}, "unknown member; the members are: accounts, "),
        ([], '{"installation": "online"'),
    ]
    for body, expected in tenants:
        detail = await expect_problem(local, "POST", "tenants", 400, json.dumps(body).encode())
        assert expected in detail, body
        assert len(await ids(local)) == 3, body


async def test_the_url_has_the_host_of_the_control_call() -> None:
    local = InProcessMock(Settings(control_token="t"))
    headers = {"authorization": "Bearer t", "host": "mock.example:99"}
    tenant = (await local.call("POST", "/_mock/tenants", b"{}", headers)).json()
    assert tenant["url"] == f"http://mock.example:99/{tenant['id']}"


async def test_tenants_are_listed_without_credentials(local: InProcessMock) -> None:
    tenant = await make(local)
    items = (await local.control("GET", "tenants"))["tenants"]
    assert [(item["id"], item["made"], item["granted"]) for item in items] == [
        ("onsite", False, True),
        ("Cust12345", False, True),
        ("Cust54321", False, False),
        (tenant["id"], True, True),
    ]
    assert [item for item in items if "credentials" in item] == []


async def test_the_list_of_tenants_says_what_is_going_on(local: InProcessMock) -> None:
    await local.control("PUT", "state?tenant=Cust12345", {"state": "suspended"})
    await local.control("POST", "lease/hold?tenant=Cust54321")
    await local.call()
    onsite, suspended, held = (await local.control("GET", "tenants"))["tenants"]
    assert (onsite["state"], onsite["calls"], onsite["in_flight"]) == ("running", 1, 0)
    assert onsite["holder"] == (await local.control("GET", "lease"))["holder"]
    assert (suspended["state"], suspended["holder"]) == ("suspended", None)
    assert (held["holder"]["by"], held["calls"], held["waiting"]) == ("hand", 0, 0)


async def test_a_single_tenant_has_credentials_if_it_was_made(local: InProcessMock) -> None:
    tenant = await make(local)
    assert await local.control("GET", f"tenants/{tenant['id'].upper()}") == tenant
    configured = await local.control("GET", "tenants/cust12345")
    assert (configured["id"], configured["credentials"]) == ("Cust12345", None)


async def test_an_unknown_tenant_gets_a_404_with_the_known_ones(local: InProcessMock) -> None:
    for method in ("GET", "DELETE"):
        for id_ in ("t-000000000000", "Cust99999", "%00", "é"):
            detail = await expect_problem(local, method, f"tenants/{id_}", 404)
            assert "the tenants are: onsite, Cust12345, Cust54321" in detail, (method, id_)


async def test_the_id_of_a_removed_tenant_stays_unknown(local: InProcessMock) -> None:
    for installation in ("onsite", "online"):
        tenant = await make(local, installation=installation)
        await local.control("POST", "reset?all=true")
        response = await sync(local, tenant)
        assert response.status == 404, installation
        assert f"'{tenant['id']}' is not known here" in response.json()["MessageDetail"]
        (exchange,) = local.exchanges()
        assert exchange.tenant_unknown


async def test_nothing_of_a_removed_tenant_is_kept(local: InProcessMock) -> None:
    def kept(id_: str) -> list[Any]:
        gc.collect()
        return [
            item for item in gc.get_objects() if isinstance(item, Tenant) and item.facts.id == id_
        ]

    tenant = await make(local, accounts=[{"id": 507, "fails": "no"}], clock="freeze")
    await sync(local, tenant)
    assert len(kept(tenant["id"])) == 1
    await local.call("DELETE", f"/_mock/tenants/{tenant['id']}", b"", {})
    assert kept(tenant["id"]) == []
    answer = await local.control("GET", f"accounts?tenant={tenant['id']}")
    assert answer["status"] == 404


async def test_a_configured_tenant_can_be_reset_but_not_removed(local: InProcessMock) -> None:
    for path_id, id_ in (("onsite", "onsite"), ("CUST12345", "Cust12345")):
        detail = await expect_problem(local, "DELETE", f"tenants/{path_id}", 409)
        assert f"POST /_mock/reset?tenant={id_} resets it" in detail
    assert len(await ids(local)) == 3


async def test_a_reset_of_all_removes_made_tenants(local: InProcessMock) -> None:
    tenant = await make(local, clock="freeze")
    await local.control("POST", f"lease/hold?tenant={tenant['id']}")
    call = asyncio.create_task(sync(local, tenant))
    await run_until_waiting(local, 1, tenant["id"])
    assert await local.control("POST", "reset?all=true") == {
        "reset": ["onsite", "Cust12345", "Cust54321"],
        "removed": [tenant["id"]],
    }
    assert call.done()
    assert (await call).status == 204
    assert (await local.control("GET", "health"))["status"] == "ok"


async def test_a_reset_of_a_made_tenant_keeps_all_that_it_was_given(local: InProcessMock) -> None:
    tenant = await make(local, clock="freeze", accounts=[{"id": 507, "seconds": 2}])
    await sync(local, tenant)
    await local.control("POST", f"reset?tenant={tenant['id']}")
    assert await local.control("GET", f"tenants/{tenant['id']}") == tenant
    assert local.exchanges(tenant["id"]) == []
    assert (await sync(local, tenant)).status == 204
    runs = (await local.control("GET", f"runs?tenant={tenant['id']}"))["runs"]
    assert [run["run"] for run in runs] == [1]


async def test_a_tenant_beyond_the_limit_gets_a_409_that_says_what_to_do() -> None:
    local = InProcessMock(Settings(max_tenants=2))
    first, _ = await make(local), await make(local)
    detail = await expect_problem(local, "POST", "tenants", 409, b"{}")
    for text in ("2 tenants", "max-tenants", "DELETE /_mock/tenants/{id}", "reset?all=true"):
        assert text in detail
    assert len(await ids(local)) == 5
    await local.call("DELETE", f"/_mock/tenants/{first['id']}", b"", {})
    await make(local)


async def test_a_temporary_tenant_that_is_unused_for_too_long_is_removed() -> None:
    local = InProcessMock(Settings(max_tenants=3, tenant_ttl=60))
    unused, called_tenant, queried_tenant = [(await make(local))["id"] for _ in range(3)]
    local.real_time += 59 * SECOND
    await local.call("GET", f"/{called_tenant}{PATH}", b"", {})
    await local.control("GET", f"lease?tenant={queried_tenant.upper()}")
    assert len(await ids(local)) == 6
    local.real_time += 1 * SECOND
    newest = (await make(local))["id"]
    assert (await ids(local))[3:] == [called_tenant, queried_tenant, newest]
    assert (await local.control("GET", f"tenants/{unused}"))["status"] == 404
    local.real_time += 59 * SECOND
    assert (await ids(local))[3:] == [newest]
    local.real_time += 1 * SECOND
    assert (await ids(local))[3:] == []
    local.real_time += 10**9 * SECOND
    assert await ids(local) == ["onsite", "Cust12345", "Cust54321"]


async def test_a_call_that_waits_keeps_its_tenant() -> None:
    local = InProcessMock(Settings(tenant_ttl=1))
    tenant = await make(local, clock="freeze")
    await local.control("POST", f"lease/hold?tenant={tenant['id']}")
    call = asyncio.create_task(sync(local, tenant))
    await run_until_waiting(local, 1, tenant["id"])
    local.real_time += 3_600 * SECOND
    assert tenant["id"] in await ids(local)
    await local.control("POST", f"reset?tenant={tenant['id']}")
    assert (await call).status == 204
    local.real_time += 3_600 * SECOND
    assert tenant["id"] not in await ids(local)


async def test_tenants_can_be_made_in_a_mock_without_onsite() -> None:
    local = InProcessMock(tables=[{"id": "Cust7", "installation": "online"}])
    for installation in ("onsite", "online"):
        tenant = await make(local, installation=installation)
        assert (await sync(local, tenant)).status == 204
    assert (await local.call(path=PATH)).status == 404
    assert (await local.control("POST", "reset"))["reset"] == ["Cust7"]
