"""The throttle through the whole application, on clocks that the test controls."""

import asyncio
from collections import Counter

import pytest

from superoffice_contract.openapi.readings import Readings
from superoffice_mock.config.settings import Settings
from tests.support.in_process import InProcessMock, run_until_waiting


@pytest.mark.claim("single-run", "silent-drop", "busy-second", "same-answer")
async def test_a_call_during_a_run_waits_one_second_and_gets_the_same_answer(
    local: InProcessMock,
) -> None:
    await local.control("POST", "clock/freeze")
    first = await local.call()
    second_call = asyncio.create_task(local.call())
    await run_until_waiting(local, 1)
    advance = await local.control("POST", "clock/advance", {"seconds": 0.999})
    assert advance["events"] == []
    assert not second_call.done()
    advance = await local.control("POST", "clock/advance", {"seconds": 0.001})
    second = await second_call
    assert (first.status, first.headers, first.body) == (second.status, second.headers, second.body)
    assert [(e["event"], e["request"], e["outcome"]) for e in advance["events"]] == [
        ("answered", 2, "turned_away")
    ]
    assert local.outcomes() == ["started", "turned_away"]
    assert local.exchanges()[1].elapsed == 1_000_000_000


@pytest.mark.claim("simultaneous")
async def test_one_of_fifty_simultaneous_calls_on_a_jumping_clock_starts() -> None:
    local = InProcessMock(Settings(jump_settle=0.001))
    await local.control("POST", "clock/jump")
    answers = await asyncio.gather(*(local.call() for _ in range(50)))
    assert {answer.status for answer in answers} == {204}
    assert Counter(local.outcomes()) == {"started": 1, "turned_away": 49}
    assert len((await local.control("GET", "runs"))["runs"]) == 1


async def test_with_try_for_1s_the_oldest_waiting_call_takes_a_lease_that_becomes_free() -> None:
    local = InProcessMock(Settings(seconds_per_account=0.5, readings=Readings(busy="try-for-1s")))
    await local.control("POST", "clock/freeze")
    await local.call()
    waiting = [asyncio.create_task(local.call()) for _ in range(3)]
    await run_until_waiting(local, 3)
    advance = await local.control("POST", "clock/advance", {"seconds": 1})
    await asyncio.gather(*waiting)
    assert local.outcomes() == ["started", "started", "started", "turned_away"]
    starts = [event for event in advance["events"] if event["event"] == "run-started"]
    assert [event["request"] for event in starts] == [2, 3]


async def test_a_blocking_call_answers_when_its_run_ends_or_is_released() -> None:
    local = InProcessMock(Settings(readings=Readings(run="blocking")))
    await local.control("POST", "clock/freeze")
    call = asyncio.create_task(local.call())
    await run_until_waiting(local, 1)
    release = await local.control("POST", "lease/release")
    assert (await call).status == 204
    assert release["released"]["run"] == 1
    assert (await local.control("GET", "runs"))["runs"][0]["state"] == "released"
