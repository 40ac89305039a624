"""Control calls for the lease, the runs and the clock."""

import asyncio
import itertools
from datetime import datetime
from typing import Any

import pytest

from superoffice_contract.openapi.readings import Readings
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.clock import LAST_INSTANT
from superoffice_mock.core.sync_run import SECOND
from tests.mock.control.problems import expect_problem
from tests.support.in_process import EPOCH, InProcessMock, run_until_waiting

TWO = b'{"SyncUserAccounts":[{"AccountId":1},{"AccountId":2}]}'
TWELVE = b'{"SyncUserAccounts":[%s]}' % b",".join(b'{"AccountId":%d}' % n for n in range(12))


def seconds_between(start: str, moment: str) -> float:
    return (datetime.fromisoformat(moment) - datetime.fromisoformat(start)).total_seconds()


async def test_a_lease_held_by_a_run_shows_the_run_and_its_seconds(local: InProcessMock) -> None:
    assert await local.control("GET", "lease") == {"held": False, "holder": None, "waiting": 0}
    await local.control("POST", "clock/freeze")
    await local.call(body=TWO)
    await local.control("POST", "clock/advance", {"seconds": 1.5})
    call = asyncio.create_task(local.call())
    await run_until_waiting(local, 1)
    assert await local.control("GET", "lease") == {
        "held": True,
        "holder": {
            "by": "run",
            "run": 1,
            "request": 1,
            "accounts": 2,
            "since": "2027-01-15T08:00:00.000000Z",
            "ends_at": "2027-01-15T08:00:05.000000Z",
            "seconds_left": 3.5,
        },
        "waiting": 1,
    }
    await local.control("POST", "clock/advance", {"seconds": 1})
    await call


async def test_a_lease_that_is_held_cannot_be_held_again(local: InProcessMock) -> None:
    await local.control("POST", "clock/freeze")
    await local.call()
    detail = await expect_problem(local, "POST", "lease/hold", 409)
    assert "run 1 holds the lease for 5.0 s more; release it first" in detail
    await local.control("POST", "lease/release")
    lease = await local.control("POST", "lease/hold")
    assert lease["holder"] == {"by": "hand", "since": "2027-01-15T08:00:00.000000Z"}
    assert "held by hand" in await expect_problem(local, "POST", "lease/hold", 409)
    assert len((await local.control("GET", "runs"))["runs"]) == 1  # the hold is none


async def test_a_release_returns_the_holder_that_it_ended_or_null(local: InProcessMock) -> None:
    assert (await local.control("POST", "lease/release"))["released"] is None
    await local.call()
    lease = await local.control("POST", "lease/release")
    assert lease["held"] is False
    assert lease["released"]["run"] == 1
    assert lease["released"]["seconds_left"] == 0


@pytest.mark.claim("tasks-dealt")
async def test_runs_show_their_tasks_and_states_that_follow_the_clock(local: InProcessMock) -> None:
    assert await local.control("GET", "runs") == {"runs": []}
    await local.control("POST", "clock/freeze")
    await local.call(body=TWELVE)
    (run,) = (await local.control("GET", "runs"))["runs"]
    assert (run["run"], run["request"], run["state"]) == (1, 1, "running")
    assert run["accounts"] == list(range(12))
    assert seconds_between(run["started_at"], run["ends_at"]) == 10
    steps = [[step["AccountId"] for step in task] for task in run["tasks"]]
    assert steps == [[0, 10], [1, 11], *([n] for n in range(2, 10))]

    async def after(seconds: float) -> tuple[str, list[str]]:
        await local.control("POST", "clock/advance", {"seconds": seconds})
        (run,) = (await local.control("GET", "runs"))["runs"]
        return run["state"], [step["state"] for step in run["tasks"][0]]

    assert await after(0) == ("running", ["syncing", "waiting"])
    assert await after(4.999) == ("running", ["syncing", "waiting"])
    assert await after(0.001) == ("running", ["synced", "syncing"])
    assert await after(4.999) == ("running", ["synced", "syncing"])
    assert await after(0.001) == ("ended", ["synced", "synced"])


async def test_a_released_run_shows_the_accounts_that_were_cut_short(local: InProcessMock) -> None:
    await local.control("POST", "clock/freeze")
    await local.call(body=TWELVE)
    await local.control("POST", "clock/advance", {"seconds": 6})
    await local.control("POST", "lease/release")
    await local.control("POST", "clock/advance", {"seconds": 60})
    (run,) = (await local.control("GET", "runs"))["runs"]
    assert run["state"] == "released"
    assert seconds_between(run["started_at"], run["ends_at"]) == 6
    assert [step["state"] for step in run["tasks"][0]] == ["synced", "cut short"]
    assert [step["state"] for step in run["tasks"][9]] == ["synced"]


async def test_a_run_without_its_request_is_listed_while_active(local: InProcessMock) -> None:
    await local.control("POST", "clock/freeze")
    await local.call()
    await local.control("DELETE", "requests")
    assert [run["run"] for run in (await local.control("GET", "runs"))["runs"]] == [1]
    assert (await local.control("POST", "lease/release"))["released"]["run"] == 1
    assert (await local.control("GET", "lease"))["held"] is False
    await local.call()
    await local.control("DELETE", "requests")
    await local.control("POST", "clock/advance", {"until": "idle"})
    assert (await local.control("GET", "runs"))["runs"] == []


async def test_each_clock_shows_its_name_its_time_and_whether_it_stands_still() -> None:
    common = {"now": "2027-01-15T08:00:00.000000Z", "in_flight": 0, "waiting": 0}
    for name, stands in (("real", False), ("freeze", True), ("jump", True)):
        local = InProcessMock()
        clock = await local.control("POST", f"clock/{name}")
        assert clock == common | {"clock": name, "stands_still": stands}
        assert await local.control("GET", "clock") == clock
        local.real_time += 2_500_000_000
        later = (await local.control("GET", "clock"))["now"]
        assert seconds_between(clock["now"], later) == (0 if stands else 2.5), name


async def test_a_clock_that_stands_still_can_be_advanced(local: InProcessMock) -> None:
    steps: list[tuple[Any, float]] = [
        ({"seconds": 0}, 0.0),
        ({"seconds": 2.5}, 2.5),
        ({"seconds": 1e-6}, 1e-6),
        ({"seconds": 86_400}, 86_400.0),
        ({"seconds": 1, "until": None}, 1.0),
        ({"until": "idle"}, 0.0),
        ({"until": "idle", "seconds": None}, 0.0),
    ]
    for clock, (body, expected) in itertools.product(("freeze", "jump"), steps):
        start = (await local.control("POST", f"clock/{clock}"))["now"]
        result = await local.control("POST", "clock/advance", body)
        assert result["events"] == [], body
        assert seconds_between(start, result["now"]) == expected, body


async def test_no_control_call_moves_a_clock_beyond_the_year_9999(local: InProcessMock) -> None:
    local.real_time = LAST_INSTANT - 3 * SECOND
    for kind in ("freeze", "jump"):
        await local.control("POST", f"clock/{kind}")
        await local.call()  # its run takes 5 s
        for advance in (
            b'"seconds": 1e9',
            b'"seconds": 4',
            b'"seconds": 3.000001',
            b'"until": "idle"',
        ):
            detail = await expect_problem(local, "POST", "clock/advance", 400, b"{%b}" % advance)
            assert "beyond the year 9999" in detail, advance
        clock = await local.control("POST", "clock/advance", {"seconds": 3})
        assert clock["now"] == "9999-12-31T23:59:59.999999Z"
        assert (await local.control("GET", "lease"))["holder"]["seconds_left"] == 2
        await local.control("POST", "reset")
    local.real_time = EPOCH
    await local.control("POST", "clock/freeze")
    for _ in range(251):
        await local.control("POST", "clock/advance", {"seconds": 1e9})
    assert (await local.control("GET", "clock"))["now"].startswith("9980-")
    await expect_problem(local, "POST", "clock/advance", 400, b'{"seconds":1e9}')


async def test_calls_go_on_where_a_clock_gets_beyond_the_year_9999(local: InProcessMock) -> None:
    for kind, seconds, calls in (("jump", -0.5, 2), ("real", 0.5, 1), ("freeze", 1e9, 1)):
        local.real_time = LAST_INSTANT + int(seconds * SECOND)
        await local.control("POST", f"clock/{kind}")
        await local.control("POST", "recordings/start")
        for _ in range(calls):
            assert (await local.call()).status == 204, kind
        assert {exchange.failure for exchange in local.exchanges()} == {None}, kind
        assert (await local.control("GET", "clock"))["now"] == "9999-12-31T23:59:59.999999Z"
        entries = (await local.control("POST", "recordings/stop"))["log"]["entries"]
        assert [entry["response"]["status"] for entry in entries] == [204] * calls, kind
        assert entries[-1]["startedDateTime"].startswith("9999-12-31T23:59:59"), kind
        await local.control("POST", "reset")


async def test_an_advance_returns_after_the_calls_it_answered_are_in_the_journal() -> None:
    local = InProcessMock(Settings(readings=Readings(run="blocking")))
    await local.control("POST", "clock/freeze")
    call = asyncio.create_task(local.call())
    await run_until_waiting(local, 1)
    start = asyncio.get_running_loop().time()
    clock = await local.control("POST", "clock/advance", {"until": "idle"})
    assert asyncio.get_running_loop().time() - start < 0.5
    assert local.exchanges()[0].outcome == "started"
    assert [event["event"] for event in clock["events"]] == ["task-ended", "run-ended", "answered"]
    await call
