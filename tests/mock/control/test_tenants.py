"""The control surface: tenants that tests make, use and remove."""

import asyncio
import json
import re
from typing import Any

import pytest

from superoffice_mock.config.settings import Settings
from superoffice_mock.core.readings import Readings
from tests.support.in_process import PATH, Answered, Local, settled

SECOND = 1_000_000_000
EMPTY = b'{"SyncUserAccounts":[]}'
CREDENTIALS = {
    *("user", "password", "ticket", "app", "app_token", "access_token", "session", "xsrf"),
    "headers",
}


@pytest.fixture
def local() -> Local:
    return Local()


def as_json(sent: object) -> bytes:
    return json.dumps(sent).encode()


async def made(local: Local, **sent: Any) -> Any:
    """Make a tenant and return what is told of it."""
    answered = await local.call("POST", "/_mock/tenants", as_json(sent), {})
    assert answered.status == 201, answered.body
    return answered.json()


async def sync(local: Local, tenant: Any, body: bytes | None = None, **headers: str) -> Answered:
    """Call *tenant* with its own sign-in, or with *headers*."""
    sent = {"content-type": "application/json", **(headers or tenant["credentials"]["headers"])}
    body = body or b'{"SyncUserAccounts":[{"AccountId":507}]}'
    return await local.call("POST", f"/{tenant['id']}{PATH}", body, sent)


async def refused(local: Local, sent: object, status: int = 400) -> str:
    """Ask for a tenant that can't be; return what the problem says."""
    answered = await local.call("POST", "/_mock/tenants", as_json(sent), {})
    assert answered.status == status, answered.body
    assert answered.headers["content-type"] == "application/problem+json"
    return str(answered.json()["detail"])


async def listed(local: Local) -> list[str]:
    return [one["id"] for one in (await local.control("GET", "tenants"))["tenants"]]


# ---- making ----------------------------------------------------------------------------------


async def test_a_tenant_is_made_onsite_on_a_clock_that_jumps_unless_told_otherwise(
    local: Local,
) -> None:
    answered = await local.call("POST", "/_mock/tenants", b"", {})
    told = answered.json()
    assert answered.status == 201
    assert answered.headers["location"] == f"/_mock/tenants/{told['id']}"
    assert re.fullmatch(r"t-[0-9a-f]{12}", told["id"])
    assert told["url"] == f"http://127.0.0.1:8204/{told['id']}"
    assert (told["installation"], told["granted"], told["clock"]) == ("onsite", True, "jump")
    assert set(told["credentials"]) == CREDENTIALS
    clock = await local.control("GET", f"clock?tenant={told['id']}")
    assert (clock["clock"], clock["now"]) == ("jump", "2027-01-15T08:00:00.000000Z")


@pytest.mark.parametrize("body", [b"", b"{}"])
async def test_its_credentials_are_one_of_each_kind_and_ready_headers(
    body: bytes, local: Local
) -> None:
    onsite = (await local.call("POST", "/_mock/tenants", body, {})).json()["credentials"]
    assert {name for name, value in onsite.items() if value is None} == {
        *("app", "app_token", "access_token"),
    }
    online = (await made(local, installation="online"))["credentials"]
    assert {name for name, value in online.items() if value is None} == {"user", "password"}
    assert online["headers"] == {"Authorization": f"Bearer {online['access_token']}"}
    assert onsite["headers"]["Authorization"].startswith("Basic ")


async def test_every_credential_of_a_made_tenant_lets_in_there_and_nowhere_else(
    local: Local,
) -> None:
    tenants = [await made(local, installation=one) for one in ("onsite", "online") * 2]
    for tenant in tenants:
        own = tenant["credentials"]
        session = {"cookie": f"ASP.NET_SessionId={own['session']}", "x-xsrf-token": own["xsrf"]}
        ticket = {"authorization": f"SOTicket {own['ticket']}"}
        if own["app_token"] is not None:
            ticket["so-apptoken"] = own["app_token"]
        for headers in (own["headers"], session, ticket):
            statuses = [(await sync(local, one, EMPTY, **headers)).status for one in tenants]
            assert statuses == [204 if one is tenant else 401 for one in tenants]


@pytest.mark.claim("grant")
async def test_an_app_that_is_not_granted_is_turned_down(local: Local) -> None:
    tenant = await made(local, installation="online", granted=False)
    assert tenant["granted"] is False
    assert (await sync(local, tenant)).status == 401
    (exchange,) = local.exchanges(tenant["id"])
    assert "was not granted the EMail agent" in (exchange.reason or "")


@pytest.mark.parametrize("clock", ["real", "freeze", "jump"])
async def test_a_tenant_has_the_clock_that_was_asked_for_and_again_after_a_reset(
    clock: str, local: Local
) -> None:
    tenant = await made(local, clock=clock)
    other = "real" if clock == "freeze" else "freeze"
    await local.control("POST", f"clock/{other}?tenant={tenant['id']}")
    assert (await local.control("GET", f"tenants/{tenant['id']}"))["clock"] == other
    await local.control("POST", f"reset?tenant={tenant['id']}")
    assert (await local.control("GET", f"tenants/{tenant['id']}"))["clock"] == clock


async def test_a_tenant_has_the_accounts_readings_and_lifetimes_that_were_asked_for() -> None:
    local = Local(Settings(seconds_per_account=9, readings=Readings(empty="runs"), expires_after=7))
    usual = await made(local)
    assert set(usual["expires_after"].values()) == {7.0}
    tenant = await made(
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
    assert facts.durations.each == SECOND // 2
    assert facts.readings == Readings(empty="runs", no_content_type="as-sampled")
    assert local.tenant(usual["id"]).facts.durations.each == 9 * SECOND


async def test_credentials_that_are_given_are_used_and_those_that_are_not_are_made(
    local: Local,
) -> None:
    given = await made(
        local,
        users=[{"name": "kari", "password": "Kari"}],
        tickets=["7T:mine"],
        sessions=[{"id": "s", "xsrf": "x", "user": "kari"}],
    )
    own = given["credentials"]
    assert (own["user"], own["ticket"], own["session"]) == ("kari", "7T:mine", "s")
    online = (
        await made(
            local,
            installation="online",
            apps=[{"name": "a", "token": "b", "email_agent": False}],
        )
    )["credentials"]
    assert (online["app"], online["app_token"]) == ("a", "b")
    assert online["access_token"].startswith("8A:Cust")


@pytest.mark.parametrize(
    ("sent", "scheme"),
    [
        ({"users": []}, "SOTicket"),
        ({"users": [], "tickets": []}, None),
        ({"installation": "online", "tokens": []}, "SOTicket"),
        ({"installation": "online", "tokens": [], "tickets": []}, None),
        ({"installation": "online", "apps": []}, None),
    ],
)
async def test_headers_are_the_first_way_in_that_there_is(
    sent: dict[str, Any], scheme: str | None, local: Local
) -> None:
    tenant = await made(local, **sent)
    headers = tenant["credentials"]["headers"]
    assert headers.get("Authorization", "").partition(" ")[0] == (scheme or "")
    assert ("Cookie" in headers) is (scheme is None)
    assert (await sync(local, tenant)).status == 204


async def test_a_tenant_without_any_way_in_has_no_headers(local: Local) -> None:
    tenant = await made(local, users=[], tickets=[], sessions=[])
    assert tenant["credentials"]["headers"] == {}
    assert {tenant["credentials"][one] for one in CREDENTIALS - {"headers"}} == {None}


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"granted": False}, '"installation": "online"'),
        (
            {"installation": "online", "granted": False, "apps": [{"name": "a", "token": "b"}]},
            '"email_agent"',
        ),
        ({"installation": "online", "users": [{"name": "a", "password": ""}]}, "users: Basic"),
        ({"apps": [{"name": "a", "token": "b"}], "tokens": [{"value": "c", "app": "a"}]}, "Bearer"),
        (
            {"installation": "online", "tokens": [{"value": "c", "app": "ghost"}]},
            "unknown app 'ghost'",
        ),
        ({"readings": {"run": "sometimes"}}, "detached, blocking"),
        ({"readings": {"rum": "blocking"}}, "unknown reading 'rum'"),
        ({"installation": "cloud"}, "installation"),
        ({"clock": "stopped"}, "clock"),
        ({"seconds_per_account": -1}, "seconds_per_account"),
        ({"accounts": [{"id": 2**31, "seconds": 1}]}, "accounts[0].id"),
        ({"accounts": [{"id": 1}]}, "seconds"),
        ({"expires_after": 0}, "expires_after"),
        ({"expires_after": {"tickets": -1}}, "expires_after.tickets"),
        ({"expires_after": {"ticket": 1}}, "ticket"),
        ({"tickets": [""]}, "tickets[0]"),
        ({"id": "mine"}, "id"),
        ([], '{"installation": "online"'),
    ],
)
async def test_a_tenant_that_cannot_be_is_told_why_and_none_is_made(
    sent: Any, told: str, local: Local
) -> None:
    assert told in await refused(local, sent)
    assert len(await listed(local)) == 3


async def test_a_wrong_secret_is_not_repeated(local: Local) -> None:
    assert "very-secret" not in await refused(local, {"tickets": ["7T:very-secret", 5]})


async def test_the_url_is_as_the_call_was_addressed() -> None:
    local = Local(Settings(control_token="t"))
    headers = {"authorization": "Bearer t", "host": "mock.example:99"}
    told = (await local.call("POST", "/_mock/tenants", b"{}", headers)).json()
    assert told["url"] == f"http://mock.example:99/{told['id']}"


# ---- looking ---------------------------------------------------------------------------------


async def test_tenants_are_listed_without_credentials_configured_ones_first(local: Local) -> None:
    tenant = await made(local)
    told = (await local.control("GET", "tenants"))["tenants"]
    assert [(one["id"], one["made"], one["granted"]) for one in told] == [
        ("onsite", False, True),
        ("Cust12345", False, True),
        ("Cust54321", False, False),
        (tenant["id"], True, True),
    ]
    assert [one for one in told if "credentials" in one] == []


async def test_one_tenant_is_told_with_its_credentials_if_it_was_made(local: Local) -> None:
    tenant = await made(local)
    assert await local.control("GET", f"tenants/{tenant['id'].upper()}") == tenant
    configured = await local.control("GET", "tenants/cust12345")
    assert (configured["id"], configured["credentials"]) == ("Cust12345", None)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("id_", ["t-000000000000", "Cust99999", "%00", "é"])
async def test_a_tenant_that_nobody_knows_is_a_404(method: str, id_: str, local: Local) -> None:
    problem = await local.control(method, f"tenants/{id_}")
    assert problem["status"] == 404
    assert "the tenants are: onsite, Cust12345, Cust54321" in problem["detail"]
    assert problem["detail"].isprintable()


# ---- removing --------------------------------------------------------------------------------


async def test_a_removed_tenant_answers_who_waits_and_is_a_404_on_both_surfaces(
    local: Local,
) -> None:
    tenant = await made(local, clock="freeze")
    assert (await sync(local, tenant)).status == 204
    call = asyncio.create_task(sync(local, tenant))
    await settled(local, 1, tenant["id"])
    answered = await local.call("DELETE", f"/_mock/tenants/{tenant['id']}", b"", {})
    assert (answered.status, answered.body) == (204, b"")
    assert call.done()
    assert (await call).status == 204
    assert await listed(local) == ["onsite", "Cust12345", "Cust54321"]
    assert (await local.control("GET", f"requests?tenant={tenant['id']}"))["status"] == 404
    assert (await sync(local, tenant)).status == 404


@pytest.mark.parametrize("installation", ["onsite", "online"])
async def test_a_removed_tenant_is_never_another(installation: str, local: Local) -> None:
    tenant = await made(local, installation=installation)
    await local.control("POST", "reset?all=true")
    answered = await sync(local, tenant)
    assert answered.status == 404
    assert f"'{tenant['id']}' is not known here" in answered.json()["MessageDetail"]
    (exchange,) = local.exchanges()
    assert exchange.astray


async def test_a_folder_that_only_resembles_a_made_id_is_onsite(local: Local) -> None:
    for folder in ("t-1", "t-crm", "t-0123456789ab0", "crm"):
        assert (await local.call(path=f"/{folder}{PATH}", body=EMPTY)).status == 204
    for folder in ("t-0123456789ab", "T-0123456789AB", "cust1"):
        assert (await local.call(path=f"/{folder}{PATH}", body=EMPTY)).status == 404


async def test_a_configured_tenant_cannot_be_removed_and_is_told_to_be_reset(local: Local) -> None:
    for id_ in ("onsite", "CUST12345"):
        problem = await local.control("DELETE", f"tenants/{id_}")
        assert problem["status"] == 409
        assert "POST /_mock/reset?tenant=" in problem["detail"]
    assert len(await listed(local)) == 3


async def test_a_removed_tenant_leaves_nothing_in_the_journal(local: Local) -> None:
    tenant = await made(local)
    for _ in range(3):
        await sync(local, tenant, EMPTY)
    assert len(local.exchanges(tenant["id"])) == 3
    await local.call("DELETE", f"/_mock/tenants/{tenant['id']}", b"", {})
    assert local.exchanges(tenant["id"]) == []


async def test_a_reset_of_all_removes_made_tenants_answers_their_waiters_and_says_which(
    local: Local,
) -> None:
    tenant = await made(local, clock="freeze")
    await local.control("POST", f"lease/hold?tenant={tenant['id']}")
    call = asyncio.create_task(sync(local, tenant))
    await settled(local, 1, tenant["id"])
    assert await local.control("POST", "reset?all=true") == {
        "reset": ["onsite", "Cust12345", "Cust54321"],
        "removed": [tenant["id"]],
    }
    assert call.done()
    assert (await call).status == 204
    assert (await local.control("GET", "health"))["status"] == "ok"


async def test_a_reset_keeps_a_made_tenant_its_credentials_and_its_times(local: Local) -> None:
    tenant = await made(local, clock="freeze", accounts=[{"id": 507, "seconds": 2}])
    await sync(local, tenant)
    await local.control("POST", f"reset?tenant={tenant['id']}")
    assert await local.control("GET", f"tenants/{tenant['id']}") == tenant
    assert local.exchanges(tenant["id"]) == []
    assert (await sync(local, tenant)).status == 204
    assert [run["run"] for run in await runs(local, tenant)] == [1]


async def runs(local: Local, tenant: Any) -> list[Any]:
    found: list[Any] = (await local.control("GET", f"runs?tenant={tenant['id']}"))["runs"]
    return found


# ---- bounds ----------------------------------------------------------------------------------


async def test_when_too_many_are_made_the_next_is_a_409_that_says_what_to_do() -> None:
    local = Local(Settings(max_tenants=2))
    first, _ = await made(local), await made(local)
    detail = await refused(local, {}, 409)
    for told in ("2 tenants", "max-tenants", "DELETE /_mock/tenants/{id}", "reset?all=true"):
        assert told in detail
    assert len(await listed(local)) == 5
    await local.call("DELETE", f"/_mock/tenants/{first['id']}", b"", {})
    await made(local)


async def test_a_tenant_that_nobody_calls_for_too_long_makes_room() -> None:
    local = Local(Settings(max_tenants=3, tenant_ttl=60))
    unused, called, asked = [(await made(local))["id"] for _ in range(3)]
    local.real += 59 * SECOND
    await local.call("GET", f"/{called}{PATH}", b"", {})
    await local.control("GET", f"lease?tenant={asked.upper()}")
    assert len(await listed(local)) == 6
    local.real += 1 * SECOND
    newest = (await made(local))["id"]
    assert (await listed(local))[3:] == [called, asked, newest]
    assert (await local.control("GET", f"tenants/{unused}"))["status"] == 404
    local.real += 59 * SECOND
    assert (await listed(local))[3:] == [newest]
    local.real += 1 * SECOND
    assert (await listed(local))[3:] == []


async def test_a_call_that_waits_keeps_its_tenant() -> None:
    local = Local(Settings(tenant_ttl=1))
    tenant = await made(local, clock="freeze")
    await local.control("POST", f"lease/hold?tenant={tenant['id']}")
    call = asyncio.create_task(sync(local, tenant))
    await settled(local, 1, tenant["id"])
    local.real += 3_600 * SECOND
    assert tenant["id"] in await listed(local)
    await local.control("POST", f"reset?tenant={tenant['id']}")
    assert (await call).status == 204
    local.real += 3_600 * SECOND
    assert tenant["id"] not in await listed(local)


async def test_a_configured_tenant_stays_however_long_nobody_calls_it() -> None:
    local = Local(Settings(tenant_ttl=1))
    local.real += 10**9 * SECOND
    assert len(await listed(local)) == 3


# ---- worlds without onsite -------------------------------------------------------------------


async def test_tenants_can_be_made_where_none_is_called_onsite() -> None:
    local = Local(tables=[{"id": "Cust7", "installation": "online"}])
    for installation in ("onsite", "online"):
        tenant = await made(local, installation=installation)
        assert (await sync(local, tenant)).status == 204
    assert (await local.call(path=PATH)).status == 404
    assert (await local.control("POST", "reset"))["reset"] == ["Cust7"]
