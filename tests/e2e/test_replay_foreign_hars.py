"""HARs of browsers, of Schemathesis and of our recorder: each replays, to the client it was."""

import asyncio
import json
from pathlib import Path

import pytest

from superoffice_mock.recordings import har_file
from superoffice_mock.replay.player import Rules
from tests.e2e.replay_servers import recorded, run, served
from tests.mock.replay.servers import Replaying

HARS = sorted((Path(__file__).parents[1] / "mock" / "recordings" / "hars").glob("*.har"))
BY_FILE = pytest.mark.parametrize("path", HARS, ids=lambda path: path.name)


@BY_FILE
async def test_its_requests_get_its_answers(path: Path) -> None:
    entries = har_file.load(str(path)).entries
    mock = Replaying(*entries, rules=Rules(timing="none"))
    answers = [await mock.again(one) for one in entries]
    assert [one.status for one in answers] == [one.response.status for one in entries]
    assert [one.body for one in answers] == [one.response.body or b"" for one in entries]


@pytest.mark.parametrize("name", ["chromium.har", "recorder.har"])
async def test_calls_that_overlapped_wait_for_each_other(name: str) -> None:
    (path,) = (one for one in HARS if one.name == name)
    calls = [one for one in har_file.load(str(path)).entries if one.response.status == 204]
    mock = Replaying(*calls)
    await mock.control("POST", "clock/jump")
    under_way = []
    for one in calls:
        under_way.append(asyncio.create_task(mock.again(one)))
        for _ in range(50):
            await asyncio.sleep(0)
    assert [(await one).status for one in under_way] == [204] * 3


@pytest.mark.slow
@BY_FILE
def test_over_sockets_too_at_the_times_of_the_recording(path: Path) -> None:
    with served(recorded(path)) as url:
        done = run("replay", path, "--against", url, "--format", "json")
    told = json.loads(done.output)
    assert [one for result in told["results"] for one in result["findings"]] == []


def test_an_exchange_of_schemathesis_began_before_its_answer_came() -> None:
    entries = [
        {
            "startedDateTime": f"2026-01-01T00:00:0{second}.5Z",
            "time": 1000,
            "timings": {"send": 0, "wait": 1000, "receive": 0},
            "request": {"method": "GET", "url": "http://x/"},
            "response": {"status": 200},
        }
        for second in (2, 3)
    ]
    entries.append({"request": {"method": "GET", "url": "http://x/"}})
    log = {"version": "1.2", "creator": {"name": "harfile"}, "entries": entries}
    first, second, third = har_file.read(json.dumps({"log": log}).encode()).entries
    assert first.at is not None
    assert second.at == first.at + 1.0
    assert first.at % 60 == 1.5
    assert third.at is None
