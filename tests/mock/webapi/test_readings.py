"""Every value of every reading, through the whole application."""

import asyncio
from typing import Any

import pytest

from superoffice_mock.config.settings import Settings
from superoffice_mock.core.readings import READINGS, Readings
from tests.support.in_process import BASIC, PATH, ClientResponse, InProcessMock, run_until_waiting

JSON = {"authorization": BASIC, "content-type": "application/json"}
TWELVE = b'{"SyncUserAccounts":[%s]}' % b",".join(b'{"AccountId":%d}' % n for n in range(12))
SECOND = 1_000_000_000


async def build_frozen_mock(**readings: Any) -> InProcessMock:
    """A mock with *readings* and a frozen clock."""
    local = InProcessMock(Settings(readings=Readings(**readings)))
    await local.control("POST", "clock/freeze")
    return local


async def assert_answered_after(
    local: InProcessMock, call: "asyncio.Task[ClientResponse]", seconds: float
) -> None:
    """Assert that the answer to *call* comes after *seconds* on the clock, and not before."""
    await run_until_waiting(local, 1)
    await local.control("POST", "clock/advance", {"seconds": seconds - 0.001})
    assert not call.done()
    await local.control("POST", "clock/advance", {"seconds": 0.001})
    await asyncio.wait_for(call, 5)


@pytest.mark.claim("run-detached")
async def test_run_detached_answers_at_once_and_the_run_goes_on() -> None:
    local = await build_frozen_mock(run="detached")
    assert (await local.call()).status == 204
    assert (await local.control("GET", "lease"))["held"] is True


async def test_run_blocking_answers_when_the_run_ends() -> None:
    local = await build_frozen_mock(run="blocking")
    await assert_answered_after(local, asyncio.create_task(local.call()), 5)
    assert (await local.control("GET", "lease"))["held"] is False


@pytest.mark.claim("busy-drop")
async def test_busy_wait_then_drop_ignores_a_lease_that_becomes_free_within_the_second() -> None:
    local = await build_frozen_mock(busy="wait-then-drop")
    await local.control("POST", "lease/hold")
    call = asyncio.create_task(local.call())
    await run_until_waiting(local, 1)
    await local.control("POST", "lease/release")
    await assert_answered_after(local, call, 1)
    assert local.exchanges()[0].outcome == "turned_away"


async def test_busy_try_for_1s_takes_a_lease_that_becomes_free_within_the_second() -> None:
    local = await build_frozen_mock(busy="try-for-1s")
    await local.control("POST", "lease/hold")
    call = asyncio.create_task(local.call())
    await run_until_waiting(local, 1)
    await local.control("POST", "lease/release")
    assert (await asyncio.wait_for(call, 5)).status == 204
    assert local.exchanges()[0].outcome == "started"


@pytest.mark.claim("tasks-dealt", "task-cap")
@pytest.mark.parametrize(("tasks", "count"), [("ten-at-a-time", 12), ("ten-in-all", 10)])
async def test_tasks_decides_whether_accounts_beyond_ten_are_synced(tasks: Any, count: int) -> None:
    local = await build_frozen_mock(tasks=tasks)
    await local.call(body=TWELVE)
    (run,) = (await local.control("GET", "runs"))["runs"]
    assert sorted(step["AccountId"] for task in run["tasks"] for step in task) == [*range(count)]
    assert len(run["tasks"]) == 10
    assert len((await local.last_request())["accounts"]) == 12


@pytest.mark.claim("restricted-status", "online-restricted", "grant")
@pytest.mark.parametrize("value", ["401", "403"])
async def test_restricted_is_the_status_for_an_app_without_the_agent(value: Any) -> None:
    local = await build_frozen_mock(restricted=value)
    headers = JSON | {"authorization": "Bearer 8A:Cust54321.demo-token"}
    response = await local.call(path=f"/Cust54321{PATH}", headers=headers)
    assert response.status == int(value)
    assert ("www-authenticate" in response.headers) == (value == "401")
    entry = await local.last_request("Cust54321")
    assert "not granted" in entry["reason"]
    assert entry["principal"]["app"] == "demo-app"


@pytest.mark.claim("error-webapi", "error-netserver")
@pytest.mark.parametrize(
    ("errors", "members"),
    [
        ("webapi", {"Message", "MessageDetail"}),
        ("netserver", {"Error", "ErrorType", "Message", "ErrorSource"}),
    ],
)
async def test_errors_is_the_envelope(errors: Any, members: set[str]) -> None:
    local = await build_frozen_mock(errors=errors)
    assert set((await local.call(body=b"{")).json()) == members


@pytest.mark.claim("no-content-type", "sample-response")
@pytest.mark.parametrize(
    ("value", "content_type"), [("absent", None), ("as-sampled", "application/json; charset=utf-8")]
)
async def test_no_content_type_is_the_content_type_of_the_204(
    value: Any, content_type: str | None
) -> None:
    local = await build_frozen_mock(no_content_type=value)
    response = await local.call()
    assert (response.status, response.body) == (204, b"")
    assert response.headers.get("content-type") == content_type
    assert "content-length" not in response.headers


@pytest.mark.claim("disconnect-counts")
@pytest.mark.parametrize(("value", "is_held"), [("still-counts", True), ("withdraws", False)])
async def test_disconnect_decides_whether_a_run_ends_when_its_client_disconnects(
    value: Any, is_held: object
) -> None:
    local = await build_frozen_mock(run="blocking", disconnect=value)
    client_gone = asyncio.Event()
    call = asyncio.create_task(local.call(disconnect=client_gone))
    await run_until_waiting(local, 1)
    client_gone.set()
    for _ in range(1000):
        await asyncio.sleep(0)
        if local.exchanges()[0].hung_up:
            break
    assert (await local.control("GET", "lease"))["held"] is is_held
    await local.control("POST", "reset")
    await call


@pytest.mark.claim("empty-no-run", "empty-list")
@pytest.mark.parametrize("body", [b"{}", b'{"SyncUserAccounts":null}', b'{"SyncUserAccounts":[]}'])
@pytest.mark.parametrize(("value", "outcome"), [("no-run", "served"), ("runs", "started")])
async def test_empty_decides_whether_an_empty_list_is_a_run(
    value: Any, outcome: str, body: bytes
) -> None:
    local = await build_frozen_mock(empty=value)
    assert (await local.call(body=body)).status == 204
    assert local.exchanges()[0].outcome == outcome
    assert (await local.control("GET", "lease"))["held"] is False


@pytest.mark.claim("empty-busy")
@pytest.mark.parametrize("value", ["no-run", "runs"])
async def test_an_empty_list_is_turned_away_while_a_run_is_active(
    value: Any,
) -> None:
    local = await build_frozen_mock(empty=value)
    await local.call()
    await assert_answered_after(local, asyncio.create_task(local.call(body=b"{}")), 1)
    assert local.exchanges()[1].outcome == "turned_away"


def test_there_is_a_test_above_for_every_reading() -> None:
    subjects = {name.removeprefix("test_").split("_")[0] for name in globals()}
    assert {name.split("-")[0] for name in READINGS} <= subjects
