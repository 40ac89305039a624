"""Every value of every reading, through the whole application."""

import asyncio
from typing import Any

import pytest

from superoffice_contract.openapi.readings import READINGS, Readings
from superoffice_mock.config.settings import Settings
from tests.support.in_process import BASIC, PATH, ClientResponse, InProcessMock, run_until_waiting

JSON = {"authorization": BASIC, "content-type": "application/json"}
TWELVE = b'{"SyncUserAccounts":[%s]}' % b",".join(b'{"AccountId":%d}' % n for n in range(12))


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
async def test_run_decides_whether_the_answer_comes_at_once_or_when_the_run_ends() -> None:
    local = await build_frozen_mock(run="detached")
    assert (await local.call()).status == 204
    assert (await local.control("GET", "lease"))["held"] is True
    local = await build_frozen_mock(run="blocking")
    await assert_answered_after(local, asyncio.create_task(local.call()), 5)
    assert (await local.control("GET", "lease"))["held"] is False


@pytest.mark.claim("busy-drop")
async def test_busy_decides_whether_a_lease_that_becomes_free_within_the_second_is_taken() -> None:
    for busy, outcome in (("wait-then-drop", "turned_away"), ("try-for-1s", "started")):
        local = await build_frozen_mock(busy=busy)
        await local.control("POST", "lease/hold")
        call = asyncio.create_task(local.call())
        await run_until_waiting(local, 1)
        await local.control("POST", "lease/release")
        if busy == "wait-then-drop":
            await assert_answered_after(local, call, 1)
        assert (await asyncio.wait_for(call, 5)).status == 204
        assert local.exchanges()[0].outcome == outcome


@pytest.mark.claim("tasks-dealt", "task-cap")
async def test_tasks_decides_whether_accounts_beyond_ten_are_synced() -> None:
    for tasks, count in (("ten-at-a-time", 12), ("ten-in-all", 10)):
        local = await build_frozen_mock(tasks=tasks)
        await local.call(body=TWELVE)
        (run,) = (await local.control("GET", "runs"))["runs"]
        synced = sorted(step["AccountId"] for task in run["tasks"] for step in task)
        assert synced == [*range(count)], tasks
        assert len(run["tasks"]) == 10
        entry = await local.last_request()
        assert len(entry["accounts"]) == 12
        seconds = "10.0" if count == 12 else "5.0"
        of_all = "" if count == 12 else " of 12"
        assert entry["reason"] == f"run 1 syncs {count}{of_all} accounts in {seconds} s"


@pytest.mark.claim("restricted-status", "online-restricted", "grant")
async def test_restricted_is_the_status_for_an_app_without_the_agent() -> None:
    headers = JSON | {"authorization": "Bearer 8A:Cust54321.demo-token"}
    for value in ("401", "403"):
        local = await build_frozen_mock(restricted=value)
        response = await local.call(path=f"/Cust54321{PATH}", headers=headers)
        assert response.status == int(value)
        assert ("www-authenticate" in response.headers) == (value == "401")
        entry = await local.last_request("Cust54321")
        assert "not granted" in entry["reason"]
        assert entry["principal"]["app"] == "demo-app"


@pytest.mark.claim("error-webapi", "error-netserver")
async def test_errors_is_the_envelope() -> None:
    for errors, members in (
        ("webapi", {"Message", "MessageDetail"}),
        ("netserver", {"Error", "ErrorType", "Message", "ErrorSource"}),
    ):
        local = await build_frozen_mock(errors=errors)
        assert set((await local.call(body=b"{")).json()) == members


@pytest.mark.claim("no-content-type", "sample-response")
async def test_no_content_type_is_the_content_type_of_the_204() -> None:
    for value, content_type in (
        ("absent", None),
        ("as-sampled", "application/json; charset=utf-8"),
    ):
        response = await (await build_frozen_mock(no_content_type=value)).call()
        assert (response.status, response.body) == (204, b"")
        assert response.headers.get("content-type") == content_type
        assert "content-length" not in response.headers


@pytest.mark.claim("disconnect-counts")
async def test_disconnect_decides_whether_a_run_ends_when_its_client_disconnects() -> None:
    for value, is_held in (("still-counts", True), ("withdraws", False)):
        local = await build_frozen_mock(run="blocking", disconnect=value)
        client_gone = asyncio.Event()
        call = asyncio.create_task(local.call(disconnect=client_gone))
        await run_until_waiting(local, 1)
        client_gone.set()
        while not local.exchanges()[0].hung_up:  # noqa: ASYNC110 - loop turns, no time
            await asyncio.sleep(0)
        assert (await local.control("GET", "lease"))["held"] is is_held, value
        await local.control("POST", "reset")
        await call


@pytest.mark.claim("empty-no-run", "empty-list", "empty-busy")
async def test_empty_decides_whether_an_empty_list_is_a_run_if_no_run_is_active() -> None:
    for value, outcome in (("no-run", "served"), ("runs", "started")):
        for body in (b"{}", b'{"SyncUserAccounts":null}', b'{"SyncUserAccounts":[]}'):
            local = await build_frozen_mock(empty=value)
            assert (await local.call(body=body)).status == 204
            assert local.exchanges()[0].outcome == outcome, (value, body)
            assert (await local.control("GET", "lease"))["held"] is False
            await local.call()
            await assert_answered_after(local, asyncio.create_task(local.call(body=body)), 1)
            assert local.exchanges()[2].outcome == "turned_away"


def test_there_is_a_test_above_for_every_reading_of_the_throttled_call() -> None:
    subjects = {name.removeprefix("test_").split("_")[0] for name in globals()}
    of_accounts = {"ready", "current-account"}  # see operations/
    assert {name.split("-")[0] for name in READINGS.keys() - of_accounts} <= subjects
