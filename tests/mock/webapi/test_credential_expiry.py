"""Lifetimes of credentials: on the tenant's clock, told in the journal, ended by hand."""

from typing import Any

import pytest

from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.readings import Readings
from tests.support.in_process import BASIC, PATH, Local

ONLINE = f"/Cust12345{PATH}"
JSON = {"content-type": "application/json"}
TICKET = {"authorization": "SOTicket 7T:demo-ticket", "so-apptoken": "demo-app-token", **JSON}
TOKEN = {"authorization": "Bearer 8A:Cust12345.demo-token", **JSON}
SESSION = {"cookie": "ASP.NET_SessionId=demo-session", "x-xsrf-token": "demo-xsrf", **JSON}
WAYS = {"ticket": TICKET, "access_token": TOKEN, "session": SESSION}


async def frozen(local: Local) -> None:
    await local.control("POST", "clock/freeze?tenant=Cust12345")


async def later(local: Local, seconds: float) -> None:
    await local.control("POST", "clock/advance?tenant=Cust12345", {"seconds": seconds})


async def status(local: Local, headers: dict[str, str], path: str = ONLINE) -> int:
    """Sync nothing, so that no call is in the way of another; return what is answered."""
    return (await local.call("POST", path, b'{"SyncUserAccounts":[]}', headers)).status


def last_reason(local: Local) -> str | None:
    return local.exchanges("Cust12345")[-1].reason


async def test_nothing_expires_unless_it_is_set() -> None:
    local = Local()
    await frozen(local)
    await later(local, 900_000_000)
    assert [await status(local, way) for way in WAYS.values()] == [204, 204, 204]


@pytest.mark.claim("credentials-expire")
@pytest.mark.parametrize("way", WAYS)
async def test_an_expired_one_is_a_401_whose_reason_says_since_when(way: str) -> None:
    local = Local(Settings(expires_after=10))
    await frozen(local)
    await later(local, 9.999)
    assert await status(local, {**WAYS[way], "content-type": "text/plain"}) == 415
    local = Local(Settings(expires_after=10))
    await frozen(local)
    await later(local, 12.5)
    answered = await local.call("POST", ONLINE, headers=WAYS[way])
    assert answered.status == 401
    assert answered.json() == {"Message": "Authorization has been denied for this request."}
    kind = way.replace("_", " ")
    assert f"the {kind} expired 2.5 s ago" in (last_reason(local) or "")
    assert local.tenant("Cust12345").state.lease is None


@pytest.mark.claim("credentials-expire")
async def test_a_password_does_not_expire() -> None:
    local = Local(Settings(expires_after=1))
    await local.control("POST", "clock/freeze")
    await local.control("POST", "clock/advance", {"seconds": 1_000})
    assert (await local.call(headers={"authorization": BASIC, **JSON})).status == 204


@pytest.mark.claim("ticket-sliding")
async def test_every_use_that_is_let_in_renews_a_ticket_and_no_other_does() -> None:
    local = Local(Settings(expires_after=10))
    await frozen(local)
    for _ in range(3):
        await later(local, 9)
        assert await status(local, TICKET) == 204
    await later(local, 9)
    assert await status(local, {**TICKET, "so-apptoken": "another"}) == 401
    await later(local, 1)
    assert await status(local, TICKET) == 401
    assert await status(local, TICKET) == 401


@pytest.mark.claim("token-fixed")
async def test_an_access_token_ends_when_it_does_however_often_it_is_used() -> None:
    local = Local(Settings(expires_after=10))
    await frozen(local)
    assert await status(local, TOKEN) == 204
    await later(local, 9)
    assert await status(local, TOKEN) == 204
    await later(local, 1)
    assert await status(local, TOKEN) == 401


async def test_a_tenant_may_have_lifetimes_of_its_own_for_each_kind() -> None:
    tables = tenant_file.demo()
    tables[1] |= {"expires-after": {"tickets": 21_600, "tokens": 3_600}}
    local = Local(Settings(), tables)
    told = await local.control("GET", "tenants/Cust12345")
    assert told["expires_after"] == {"tickets": 21_600.0, "tokens": 3_600.0, "sessions": None}
    await frozen(local)
    await later(local, 3_600)
    assert [await status(local, way) for way in (TICKET, TOKEN, SESSION)] == [204, 401, 204]
    await later(local, 21_600)
    assert [await status(local, way) for way in (TICKET, SESSION)] == [401, 204]


async def test_a_reset_gives_everything_its_whole_life_again() -> None:
    local = Local(Settings(expires_after=10))
    local.real += 11_000_000_000
    assert [await status(local, way) for way in WAYS.values()] == [401, 401, 401]
    await local.control("POST", "reset?tenant=Cust12345")
    assert [await status(local, way) for way in WAYS.values()] == [204, 204, 204]


# ---- by hand ---------------------------------------------------------------------------------

OWN = {
    "ticket": "7T:demo-ticket",
    "access_token": "8A:Cust12345.demo-token",
    "session": "demo-session",
}


async def expire(local: Local, sent: dict[str, str]) -> Any:
    return await local.control("POST", "credentials/expire?tenant=Cust12345", sent)


@pytest.mark.claim("credentials-expire")
@pytest.mark.parametrize("way", OWN)
async def test_one_that_is_expired_by_hand_is_a_401_at_once_until_a_reset(way: str) -> None:
    local = Local()
    told = await expire(local, {way: OWN[way]})
    assert sum(told["expired"].values()) == 1
    assert {other: await status(local, WAYS[other]) for other in OWN} == {
        other: 401 if other == way else 204 for other in OWN
    }
    await local.control("POST", "reset?tenant=Cust12345")
    assert await status(local, WAYS[way]) == 204


async def test_all_are_expired_at_once_and_at_no_other_tenant() -> None:
    local = Local()
    assert await expire(local, {}) == {"expired": {"tickets": 1, "tokens": 1, "sessions": 1}}
    assert [await status(local, way) for way in WAYS.values()] == [401, 401, 401]
    assert await status(local, SESSION, PATH) == 204


@pytest.mark.parametrize(
    ("sent", "code", "told"),
    [
        ({"ticket": "7T:secret"}, 404, "Cust12345 has no such ticket"),
        ({"access_token": "8A:secret"}, 404, "no such access token"),
        ({"session": "secret"}, 404, "no such session"),
        ({"ticket": "7T:demo-ticket", "session": "secret"}, 404, "no such session"),
        ({"token": "8A:secret"}, 400, '{"access_token": '),
        ({"ticket": 1}, 400, '{"ticket": "7T:demo-ticket"}'),
        ([], 400, "or {} for all"),
    ],
)
async def test_what_cannot_expire_is_told_and_nothing_does(sent: Any, code: int, told: str) -> None:
    local = Local()
    problem = await expire(local, sent)
    assert problem["status"] == code
    assert told in problem["detail"]
    assert "secret" not in problem["detail"]
    assert [await status(local, way) for way in WAYS.values()] == [204, 204, 204]


async def test_an_ended_session_cannot_expire_another_time_with_effect() -> None:
    local = Local()
    await local.control("POST", "sessions/end?tenant=Cust12345", {"session": "demo-session"})
    assert (await expire(local, {"session": "demo-session"}))["expired"]["sessions"] == 1
    assert await status(local, SESSION) == 401
    assert "names no open session" in (last_reason(local) or "")


async def test_a_restricted_app_renews_its_ticket_too() -> None:
    local = Local(Settings(expires_after=10, readings=Readings(restricted="403")))
    path = f"/Cust54321{PATH}"
    await local.control("POST", "clock/freeze?tenant=Cust54321")
    for _ in range(2):
        await local.control("POST", "clock/advance?tenant=Cust54321", {"seconds": 9})
        assert await status(local, TICKET, path) == 403
