"""Replays HARs that browsers, Schemathesis and our recorder wrote."""

import asyncio
import json
from pathlib import Path

import pytest

from superoffice_mock.recordings import har_file
from superoffice_mock.replay.player import Rules
from tests.e2e.replay_servers import load_exchanges, serve
from tests.mock.replay.servers import ReplayMock, run_pending_tasks
from tests.support.local_servers import invoke

HARS = sorted((Path(__file__).parents[1] / "mock" / "recordings" / "hars").glob("*.har"))
BY_FILE = pytest.mark.parametrize("path", HARS, ids=lambda path: path.name)


@BY_FILE
async def test_the_requests_of_a_har_get_its_answers(path: Path) -> None:
    entries = har_file.load(str(path)).entries
    mock = ReplayMock(*entries, rules=Rules(timing="none"))
    for recorded in entries:
        answer = await mock.send(recorded)
        assert answer.status == recorded.response.status
        assert answer.body == (recorded.response.body or b"")


@pytest.mark.parametrize("name", ["chromium.har", "recorder.har"])
async def test_calls_that_overlapped_wait_for_each_other(name: str) -> None:
    (path,) = (path for path in HARS if path.name == name)
    entries = har_file.load(str(path)).entries
    calls = [entry for entry in entries if entry.response.status == 204]
    mock = ReplayMock(*calls)
    await mock.control("POST", "clock/jump")
    tasks = []
    for recorded in calls:
        tasks.append(asyncio.create_task(mock.send(recorded)))
        await run_pending_tasks()
    assert [(await task).status for task in tasks] == [204] * 3


@pytest.mark.slow
@BY_FILE
def test_a_har_is_replayed_over_sockets_at_the_recorded_times(
    path: Path,
) -> None:
    with serve(load_exchanges(path)) as url:
        result = invoke("replay", path, "--against", url, "--format", "json")
    results = json.loads(result.output)["results"]
    assert [finding for result in results for finding in result["findings"]] == []


def test_the_times_of_schemathesis_are_moved_from_the_answer_to_the_request() -> None:
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
