"""Every value of every reading, through the whole application."""

import asyncio
from typing import Any

import pytest

from superoffice_mock.config.settings import Settings
from superoffice_mock.core.readings import READINGS, Readings
from tests.support.in_process import BASIC, PATH, Answered, Local, settled

JSON = {"authorization": BASIC, "content-type": "application/json"}
TWELVE = b'{"SyncUserAccounts":[%s]}' % b",".join(b'{"AccountId":%d}' % n for n in range(12))
SECOND = 1_000_000_000


async def frozen(**readings: Any) -> Local:
    """A mock that follows *readings*, its clock frozen."""
    local = Local(Settings(readings=Readings(**readings)))
    await local.control("POST", "clock/freeze")
    return local


async def answered_after(local: Local, call: "asyncio.Task[Answered]", seconds: float) -> bool:
    """Tell whether *call* is answered at the moment that is *seconds* away, and not before."""
    await settled(local, 1)
    await local.control("POST", "clock/advance", {"seconds": seconds - 0.001})
    early = call.done()
    await local.control("POST", "clock/advance", {"seconds": 0.001})
    await asyncio.wait_for(call, 5)
    return not early


@pytest.mark.claim("run-detached")
async def test_run_detached_answers_at_once_and_the_run_goes_on() -> None:
    local = await frozen(run="detached")
    assert (await local.call()).status == 204
    assert (await local.control("GET", "lease"))["held"] is True


async def test_run_blocking_answers_when_the_run_ends() -> None:
    local = await frozen(run="blocking")
    assert await answered_after(local, asyncio.create_task(local.call()), 5)
    assert (await local.control("GET", "lease"))["held"] is False


@pytest.mark.claim("busy-drop")
async def test_busy_wait_then_drop_leaves_a_lease_that_frees_within_the_second() -> None:
    local = await frozen(busy="wait-then-drop")
    await local.control("POST", "lease/hold")
    call = asyncio.create_task(local.call())
    await settled(local, 1)
    await local.control("POST", "lease/release")
    assert await answered_after(local, call, 1)
    assert local.exchanges()[0].outcome == "turned_away"


async def test_busy_try_for_1s_takes_it() -> None:
    local = await frozen(busy="try-for-1s")
    await local.control("POST", "lease/hold")
    call = asyncio.create_task(local.call())
    await settled(local, 1)
    await local.control("POST", "lease/release")
    assert (await asyncio.wait_for(call, 5)).status == 204
    assert local.exchanges()[0].outcome == "started"


@pytest.mark.claim("tasks-dealt", "task-cap")
@pytest.mark.parametrize(("tasks", "synced"), [("ten-at-a-time", 12), ("ten-in-all", 10)])
async def test_tasks_says_whether_accounts_beyond_ten_are_synced(tasks: Any, synced: int) -> None:
    local = await frozen(tasks=tasks)
    await local.call(body=TWELVE)
    (run,) = (await local.control("GET", "runs"))["runs"]
    assert sorted(step["AccountId"] for task in run["tasks"] for step in task) == [*range(synced)]
    assert len(run["tasks"]) == 10
    assert len((await local.control("GET", "requests"))["requests"][0]["accounts"]) == 12


@pytest.mark.claim("restricted-status", "online-restricted", "grant")
@pytest.mark.parametrize("restricted", ["401", "403"])
async def test_restricted_is_the_status_for_an_app_without_the_agent(restricted: Any) -> None:
    local = await frozen(restricted=restricted)
    headers = JSON | {"authorization": "Bearer 8A:Cust54321.demo-token"}
    answered = await local.call(path=f"/Cust54321{PATH}", headers=headers)
    assert answered.status == int(restricted)
    assert ("www-authenticate" in answered.headers) == (restricted == "401")
    told = (await local.control("GET", "requests?tenant=Cust54321"))["requests"][0]
    assert "not granted" in told["reason"]
    assert told["principal"]["app"] == "demo-app"


@pytest.mark.claim("error-webapi", "error-netserver")
@pytest.mark.parametrize(
    ("errors", "members"),
    [
        ("webapi", {"Message", "MessageDetail"}),
        ("netserver", {"Error", "ErrorType", "Message", "ErrorSource"}),
    ],
)
async def test_errors_is_the_envelope(errors: Any, members: set[str]) -> None:
    local = await frozen(errors=errors)
    assert set((await local.call(body=b"{")).json()) == members


@pytest.mark.claim("no-content-type", "sample-response")
@pytest.mark.parametrize(
    ("value", "shown"), [("absent", None), ("as-sampled", "application/json; charset=utf-8")]
)
async def test_no_content_type_is_that_of_the_204(value: Any, shown: str | None) -> None:
    local = await frozen(no_content_type=value)
    answered = await local.call()
    assert (answered.status, answered.body) == (204, b"")
    assert answered.headers.get("content-type") == shown
    assert "content-length" not in answered.headers


@pytest.mark.claim("disconnect-counts")
@pytest.mark.parametrize(("value", "held"), [("still-counts", True), ("withdraws", False)])
async def test_disconnect_says_what_becomes_of_a_run_whose_caller_left(
    value: Any, held: object
) -> None:
    local = await frozen(run="blocking", disconnect=value)
    gone = asyncio.Event()
    call = asyncio.create_task(local.call(hang_up=gone))
    await settled(local, 1)
    gone.set()
    for _ in range(1000):
        await asyncio.sleep(0)
        if local.exchanges()[0].hung_up:
            break
    assert (await local.control("GET", "lease"))["held"] is held
    await local.control("POST", "reset")
    await call


@pytest.mark.claim("empty-no-run", "empty-list")
@pytest.mark.parametrize("body", [b"{}", b'{"SyncUserAccounts":null}', b'{"SyncUserAccounts":[]}'])
@pytest.mark.parametrize(("value", "outcome"), [("no-run", "served"), ("runs", "started")])
async def test_empty_says_whether_an_empty_list_is_a_run(
    value: Any, outcome: str, body: bytes
) -> None:
    local = await frozen(empty=value)
    assert (await local.call(body=body)).status == 204
    assert local.exchanges()[0].outcome == outcome
    assert (await local.control("GET", "lease"))["held"] is False


@pytest.mark.claim("empty-busy")
@pytest.mark.parametrize("value", ["no-run", "runs"])
async def test_an_empty_list_is_turned_away_like_any_other_while_a_run_is_active(
    value: Any,
) -> None:
    local = await frozen(empty=value)
    await local.call()
    assert await answered_after(local, asyncio.create_task(local.call(body=b"{}")), 1)
    assert local.exchanges()[1].outcome == "turned_away"


def test_there_is_a_test_above_for_every_reading() -> None:
    tested = {name.removeprefix("test_").split("_")[0] for name in globals()}
    assert {name.split("-")[0] for name in READINGS} <= tested
