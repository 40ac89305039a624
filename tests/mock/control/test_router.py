"""The control surface, verb by verb: what it does, and what it says to those who ask wrongly."""

import pytest

from superoffice_mock import __version__
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.readings import READINGS, Readings
from tests.support.in_process import Answered, Local

SECOND = 1_000_000_000


@pytest.fixture
def local() -> Local:
    return Local()


async def asked(local: Local, method: str, path: str, body: bytes = b"") -> Answered:
    return await local.call(method, f"/_mock/{path}", body, {})


async def problem(local: Local, method: str, path: str, status: int, body: bytes = b"") -> str:
    """Ask wrongly; return what the problem says."""
    answered = await asked(local, method, path, body)
    assert answered.status == status, answered.body
    assert answered.headers["content-type"] == "application/problem+json"
    told = answered.json()
    assert told["status"] == status
    assert told["title"]
    return str(told["detail"])


# ---- health, readings, what is nowhere -------------------------------------------------------


async def test_health_says_ok_which_version_and_for_how_long(local: Local) -> None:
    local.real += 90 * SECOND
    answered = await asked(local, "GET", "health")
    assert answered.headers["content-type"] == "application/json"
    assert answered.json() == {"status": "ok", "version": __version__, "uptime_seconds": 90.0}


async def test_head_asks_like_get(local: Local) -> None:
    assert (await asked(local, "HEAD", "health")).status == 200


async def test_the_readings_are_told_with_their_values_and_the_one_followed() -> None:
    local = Local(Settings(readings=Readings(run="blocking")))
    told = {one["name"]: one for one in (await local.control("GET", "readings"))["readings"]}
    assert list(told) == list(READINGS)
    assert told["run"]["value"] == "blocking"
    assert told["run"]["values"] == ["detached", "blocking"]
    assert told["busy"]["value"] == "wait-then-drop"
    assert all(one["why"] for one in told.values())


@pytest.mark.parametrize("path", ["", "nothing", "lease/steal", "requests/1/2"])
async def test_a_path_that_is_no_control_call_is_a_404(path: str, local: Local) -> None:
    assert "no such control call" in await problem(local, "GET", path, 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "health", {"GET", "HEAD"}),
        ("GET", "reset", {"POST"}),
        ("GET", "lease/hold", {"POST"}),
        ("DELETE", "lease", {"GET", "HEAD"}),
        ("PUT", "requests", {"GET", "HEAD", "DELETE"}),
        ("OPTIONS", "clock/freeze", {"POST"}),
    ],
)
async def test_another_method_is_a_405_that_names_the_right_ones(
    method: str, path: str, allowed: set[str], local: Local
) -> None:
    detail = await problem(local, method, path, 405)
    assert all(f"{one} /_mock/{path}" in detail for one in allowed - {"HEAD"})
    answered = await asked(local, method, path)
    assert set(answered.headers["allow"].split(", ")) == allowed


async def test_control_calls_are_not_journalled(local: Local) -> None:
    for path in ("health", "requests", "nothing"):
        await asked(local, "GET", path)
    assert local.exchanges() == []


# ---- the tenant and the query ----------------------------------------------------------------


async def test_every_path_takes_a_tenant_whatever_its_case(local: Local) -> None:
    await local.control("POST", "lease/hold?tenant=CUST12345")
    assert (await local.control("GET", "lease?tenant=Cust12345"))["held"] is True
    assert (await local.control("GET", "lease"))["held"] is False


@pytest.mark.parametrize("tenant", ["Cust99999", "", "on%20site", "%00"])
async def test_an_unknown_tenant_is_a_404_that_names_the_known_ones(
    tenant: str, local: Local
) -> None:
    detail = await problem(local, "POST", f"lease/hold?tenant={tenant}", 404)
    assert "onsite, Cust12345, Cust54321" in detail
    assert detail.isprintable()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", "requests?outcom=started"), ("POST", "reset?al=true"), ("GET", "lease?x")),
        *(("POST", "lease/hold?limit=1"), ("POST", "clock/freeze?tennant=onsite")),
    ],
)
async def test_an_unknown_query_name_is_an_error_that_names_the_known_ones(
    method: str, path: str, local: Local
) -> None:
    assert "known are: tenant" in await problem(local, method, path, 400)
    assert local.tenant().state.lease is None
    assert (await local.control("GET", "clock"))["clock"] == "real"


# ---- requests --------------------------------------------------------------------------------


async def some_requests(local: Local) -> None:
    """A journal of 1 started, 2 rejected, 3 turned away, 4 served, 5 rejected."""
    await local.control("POST", "clock/jump")
    await local.call()
    await local.call(body=b"{")
    await local.call()
    await local.call("GET")
    await local.call("PUT")


@pytest.mark.parametrize(
    ("query", "ids", "total"),
    [
        ("", [1, 2, 3, 4, 5], 5),
        ("outcome=rejected", [2, 5], 2),
        ("outcome=turned_away", [3], 1),
        ("outcome=crashed", [], 0),
        ("since=0", [1, 2, 3, 4, 5], 5),
        ("since=3", [4, 5], 2),
        ("since=5", [], 0),
        ("since=999999999999999999", [], 0),
        ("limit=2", [4, 5], 5),
        ("limit=0", [], 5),
        ("limit=100", [1, 2, 3, 4, 5], 5),
        ("outcome=rejected&since=2&limit=1", [5], 1),
        ("tenant=Cust12345", [], 0),
    ],
)
async def test_requests_can_be_filtered_and_total_counts_what_matched(
    query: str, ids: list[int], total: int, local: Local
) -> None:
    await some_requests(local)
    told = await local.control("GET", f"requests?{query}")
    assert [one["id"] for one in told["requests"]] == ids
    assert told["total"] == total
    assert told["forgotten"] == 0


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("outcome=lost", "started, turned_away, served, rejected"),
        ("outcome=", "started, turned_away"),
        ("since=-1", "expected a whole number"),
        ("since=x", "expected a whole number"),
        ("limit=1.5", "expected a whole number"),
        ("limit=", "expected a whole number"),
        ("limit=%D9%A3", "expected a whole number"),
        (f"limit={'9' * 19}", "expected a whole number"),
    ],
)
async def test_a_filter_that_cannot_be_is_an_error_whether_or_not_there_are_requests(
    query: str, told: str, local: Local
) -> None:
    assert told in await problem(local, "GET", f"requests?{query}", 400)
    await local.call()
    assert told in await problem(local, "GET", f"requests?{query}", 400)


async def test_one_request_is_told_whole(local: Local) -> None:
    await local.call()
    whole = await local.control("GET", "requests/1")
    (line,) = (await local.control("GET", "requests"))["requests"]
    assert {name: value for name, value in whole.items() if name in line} == line
    assert set(whole) - set(line) == {"headers", "body", "crash"}
    assert whole["body"] == '{"SyncUserAccounts":[{"AccountId":507}]}'
    assert {"name": "authorization", "value": "Basic [redacted]"} in whole["headers"]


@pytest.mark.parametrize("id_", ["2", "0", "-1", "one", "%00", "9" * 21, "9" * 5000])
async def test_a_request_that_is_unknown_or_forgotten_is_a_404(id_: str, local: Local) -> None:
    await local.call()
    assert "unknown or forgotten" in await problem(local, "GET", f"requests/{id_}", 404)


async def test_requests_can_be_forgotten_and_their_ids_are_not_used_again(local: Local) -> None:
    await some_requests(local)
    told = await local.control("DELETE", "requests")
    assert told == {"requests": [], "total": 0, "forgotten": 0}
    await local.call("GET")
    assert [one["id"] for one in (await local.control("GET", "requests"))["requests"]] == [6]
    assert (await local.control("GET", "lease"))["held"] is True


async def test_the_journal_says_how_many_exchanges_had_to_go() -> None:
    local = Local(Settings(journal_exchanges=2))
    await some_requests(local)
    told = await local.control("GET", "requests")
    assert [one["id"] for one in told["requests"]] == [4, 5]
    assert told["forgotten"] == 3
