"""The throttle through the whole application, on clocks that the test owns."""

import asyncio

import pytest

from superoffice_mock.config.settings import Settings
from superoffice_mock.core.readings import Readings
from tests.support.in_process import Local, settled


@pytest.fixture
def local() -> Local:
    return Local()


@pytest.mark.claim("single-run", "silent-drop", "busy-second", "same-answer")
async def test_a_call_during_a_run_waits_one_second_and_gets_the_same_answer(local: Local) -> None:
    await local.control("POST", "clock/freeze")
    first = await local.call()
    second_call = asyncio.create_task(local.call())
    await settled(local, 1)
    advanced = await local.control("POST", "clock/advance", {"seconds": 0.999})
    assert advanced["events"] == []
    assert not second_call.done()
    advanced = await local.control("POST", "clock/advance", {"seconds": 0.001})
    second = await second_call
    assert (first.status, first.headers, first.body) == (second.status, second.headers, second.body)
    assert [(e["event"], e["request"], e["outcome"]) for e in advanced["events"]] == [
        ("answered", 2, "turned_away")
    ]
    assert [one.outcome for one in local.exchanges()] == ["started", "turned_away"]
    assert local.exchanges()[1].elapsed == 1_000_000_000


@pytest.mark.claim("simultaneous")
async def test_of_fifty_simultaneous_callers_on_a_jumping_clock_one_starts() -> None:
    local = Local(Settings(jump_settle=0.001))
    await local.control("POST", "clock/jump")
    answers = await asyncio.gather(*(local.call() for _ in range(50)))
    assert {answer.status for answer in answers} == {204}
    outcomes = [one.outcome for one in local.exchanges()]
    assert outcomes.count("started") == 1
    assert outcomes.count("turned_away") == 49
    assert len((await local.control("GET", "runs"))["runs"]) == 1


@pytest.mark.claim("lease-end")
async def test_advancing_until_idle_ends_the_run_and_the_next_call_starts(local: Local) -> None:
    await local.control("POST", "clock/freeze")
    await local.call()
    advanced = await local.control("POST", "clock/advance", {"until": "idle"})
    assert [one["event"] for one in advanced["events"]] == ["task-ended", "run-ended"]
    await local.call()
    assert [one.outcome for one in local.exchanges()] == ["started", "started"]


@pytest.mark.claim("busy-drop")
async def test_a_lease_held_by_hand_turns_the_next_call_away_without_racing(local: Local) -> None:
    await local.control("POST", "clock/jump")
    held = await local.control("POST", "lease/hold")
    assert held["holder"]["by"] == "hand"
    await local.call()
    assert local.exchanges()[0].outcome == "turned_away"
    await local.control("POST", "lease/release")
    await local.call()
    assert local.exchanges()[1].outcome == "started"


async def test_trying_for_a_second_takes_a_lease_that_frees_in_time_oldest_first() -> None:
    local = Local(Settings(seconds_per_account=0.5, readings=Readings(busy="try-for-1s")))
    await local.control("POST", "clock/freeze")
    await local.call()
    waiting = [asyncio.create_task(local.call()) for _ in range(3)]
    await settled(local, 3)
    advanced = await local.control("POST", "clock/advance", {"seconds": 1})
    await asyncio.gather(*waiting)
    assert [one.outcome for one in local.exchanges()] == [
        "started",
        "started",
        "started",
        "turned_away",
    ]
    starts = [event for event in advanced["events"] if event["event"] == "run-started"]
    assert [event["request"] for event in starts] == [2, 3]


async def test_a_blocking_call_answers_when_its_run_ends_or_is_released() -> None:
    local = Local(Settings(readings=Readings(run="blocking")))
    await local.control("POST", "clock/freeze")
    call = asyncio.create_task(local.call())
    await settled(local, 1)
    released = await local.control("POST", "lease/release")
    assert (await call).status == 204
    assert released["released"]["run"] == 1
    assert (await local.control("GET", "runs"))["runs"][0]["state"] == "released"


async def test_a_blocking_caller_who_hangs_up_ends_its_run_if_it_withdraws() -> None:
    local = Local(Settings(readings=Readings(run="blocking", disconnect="withdraws")))
    await local.control("POST", "clock/freeze")
    gone = asyncio.Event()
    call = asyncio.create_task(local.call(hang_up=gone))
    await settled(local, 1)
    gone.set()
    await call
    exchange = local.exchanges()[0]
    assert exchange.hung_up
    assert (await local.control("GET", "lease"))["held"] is False


async def test_reset_answers_everyone_who_waits_and_starts_again_as_configured(
    local: Local,
) -> None:
    await local.control("POST", "clock/freeze")
    await local.control("POST", "lease/hold")
    waiting = asyncio.create_task(local.call())
    await settled(local, 1)
    await local.control("POST", "reset")
    assert (await waiting).status == 204
    assert local.exchanges() == []
    assert (await local.control("GET", "clock"))["clock"] == "real"
    assert (await local.control("GET", "lease"))["held"] is False
