"""The control surface as a whole: paths, methods, tenants, readings and the journal."""

import json

from superoffice_contract.openapi.readings import READINGS, Readings
from superoffice_mock import __version__
from superoffice_mock.config.settings import Settings
from superoffice_mock.control.router import LIMITS
from superoffice_mock.core.sync_run import SECOND
from tests.mock.control.problems import expect_problem
from tests.support.in_process import ClientResponse, InProcessMock


async def call(local: InProcessMock, method: str, path: str) -> ClientResponse:
    return await local.call(method, f"/_mock/{path}", b"", {})


async def ids(local: InProcessMock) -> list[int]:
    """The ids of all requests in the journal."""
    requests = (await local.control("GET", "requests"))["requests"]
    return [request["id"] for request in requests]


async def test_health_has_version_and_uptime_and_head_its_status(local: InProcessMock) -> None:
    local.real_time += 90 * SECOND
    response = await call(local, "GET", "health")
    assert response.headers["content-type"] == "application/json"
    limits = {name: getattr(Settings(), name) for name in LIMITS}
    assert response.json() == {
        "status": "ok",
        "version": __version__,
        "uptime_seconds": 90.0,
        "limits": limits,
    }
    assert (await call(local, "HEAD", "health")).status == 200


async def test_the_readings_are_listed_with_their_values_and_the_one_in_use() -> None:
    local = InProcessMock(Settings(readings=Readings(run="blocking")))
    items = (await local.control("GET", "readings"))["readings"]
    readings = {item["name"]: item for item in items}
    assert list(readings) == list(READINGS)
    assert readings["run"]["value"] == "blocking"
    assert readings["run"]["values"] == ["detached", "blocking"]
    assert readings["busy"]["value"] == "wait-then-drop"
    assert all(item["why"] for item in items)


async def test_an_unknown_path_gets_a_404(local: InProcessMock) -> None:
    for path in ("nothing", "lease/steal", "requests/1/2"):
        detail = await expect_problem(local, "GET", path, 404)
        assert "no such control call; the calls are: GET /_mock/health, " in detail, path
    assert local.exchanges() == []  # control calls are not in the journal


async def send_requests(local: InProcessMock) -> None:
    """Fill the journal: 1 started, 2 rejected, 3 turned away, 4 served, 5 rejected."""
    await local.control("POST", "clock/jump")
    await local.call()
    await local.call(body=b"{")
    await local.call()
    await local.call("GET")
    await local.call("PUT")


async def test_requests_can_be_filtered_and_total_counts_the_matches(local: InProcessMock) -> None:
    await send_requests(local)
    for query, expected, total in (
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
        ("since=0&limit=2", [1, 2], 5),  # whoever reads on with since skips nothing
        ("limit=2&since=2", [3, 4], 3),
        ("since=4&limit=2", [5], 1),
        ("since=4&limit=0", [], 1),
        ("outcome=rejected&since=0&limit=1", [2], 2),
        ("outcome=rejected&since=2&limit=1", [5], 1),
        ("tenant=Cust12345", [], 0),
    ):
        content = await local.control("GET", f"requests?{query}")
        listed_ids = [request["id"] for request in content["requests"]]
        assert (listed_ids, content["total"], content["forgotten"]) == (expected, total, 0), query


async def test_an_invalid_filter_gets_a_400_with_or_without_requests(local: InProcessMock) -> None:
    for request_count in (0, 1):
        for query, expected in (
            ("outcome=lost", "started, turned_away, served, rejected"),
            ("outcome=", "started, turned_away"),
            ("since=-1", "expected a whole number"),
            ("since=x", "expected a whole number"),
            ("limit=1.5", "expected a whole number"),
            ("limit=", "expected a whole number"),
            ("limit=%D9%A3", "expected a whole number"),
            (f"limit={'9' * 19}", "expected a whole number"),
        ):
            assert expected in await expect_problem(local, "GET", f"requests?{query}", 400), query
        if request_count == 0:
            await local.call()


async def test_a_single_request_has_headers_and_body_too(local: InProcessMock) -> None:
    await local.call()
    request = await local.control("GET", "requests/1")
    (item,) = (await local.control("GET", "requests"))["requests"]
    assert {name: value for name, value in request.items() if name in item} == item
    assert set(request) - set(item) == {"headers", "body", "crash"}
    assert request["body"] == '{"SyncUserAccounts":[{"AccountId":507}]}'
    assert {"name": "authorization", "value": "Basic [redacted]"} in request["headers"]


async def test_a_list_has_a_hundred_accounts_and_their_number_and_one_request_all() -> None:
    local = InProcessMock(Settings(seconds_per_account=0))
    for number, count in enumerate((0, 1, 99, 100, 101, 10_000), 1):
        accounts = [{"AccountId": account} for account in range(count)]
        await local.call(body=json.dumps({"SyncUserAccounts": accounts}).encode())
        waited = await local.control("POST", "requests/wait", {"since": number - 1})
        for item in (await local.last_request(), *waited["requests"]):
            shown_ids = [account["AccountId"] for account in item["accounts"]]
            assert (shown_ids, item["account_count"]) == ([*range(min(count, 100))], count)
        whole = await local.control("GET", f"requests/{number}")
        assert [account["AccountId"] for account in whole["accounts"]] == [*range(count)]
        assert list(whole)[:-3] == list(item), "a single request has the same members first"
        assert whole["account_count"] == count


async def test_a_request_that_is_not_in_the_journal_gets_a_404(local: InProcessMock) -> None:
    await local.call()
    for id_ in ("2", "0", "-1", "one", "%00", "9" * 21, "9" * 5000):
        detail = await expect_problem(local, "GET", f"requests/{id_}", 404)
        assert "is unknown or was dropped from the journal" in detail, id_[:30]


async def test_the_journal_can_be_emptied_and_ids_are_not_reused(local: InProcessMock) -> None:
    await send_requests(local)
    assert await local.control("DELETE", "requests") == {"requests": [], "total": 0, "forgotten": 0}
    await local.call("GET")
    assert await ids(local) == [6]
    assert (await local.control("GET", "lease"))["held"] is True


async def test_the_journal_is_bounded_and_counts_the_requests_it_dropped() -> None:
    local = InProcessMock(Settings(journal_exchanges=2))
    await send_requests(local)
    assert await ids(local) == [4, 5]
    assert (await local.control("GET", "requests"))["forgotten"] == 3
