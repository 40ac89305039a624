"""Replays HARs that browsers, Schemathesis and our recorder wrote, and the fixtures."""

import asyncio
from pathlib import Path

import pytest

from superoffice_mock.recordings import har_file
from superoffice_mock.replay.player import Rules
from tests.e2e.replay_servers import load_exchanges, serve
from tests.mock.replay.servers import ReplayMock, run_pending_tasks
from tests.support.local_servers import invoke
from tests.support.make_fixtures import FOLDER

HARS = sorted((Path(__file__).parents[1] / "mock" / "recordings" / "hars").glob("*.har"))
FIXTURES = sorted(FOLDER.glob("*.har"))
SAME_AT_ANY_TIME = [path for path in FIXTURES if path.name != "account-loop.har"]
"""The fixtures whose answers have no moments and no accounts of a tenant."""


async def test_the_requests_of_a_file_get_its_answers() -> None:
    for path in (*HARS, *FIXTURES):
        entries = har_file.load(str(path)).entries
        mock = ReplayMock(*entries, rules=Rules() if path in FIXTURES else Rules(timing="none"))
        await mock.control("POST", "clock/jump")
        for recorded in entries:
            answer = await mock.send(recorded)
            assert answer.status == recorded.response.status, path
            assert answer.body == (recorded.response.body or b""), path


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
@pytest.mark.parametrize("path", [*HARS, *FIXTURES], ids=lambda path: path.name)
def test_a_file_is_replayed_over_sockets_at_the_recorded_times(path: Path) -> None:
    gap = ("--gap", "0") if path in FIXTURES else ()
    with serve(load_exchanges(path)) as url:
        result = invoke("replay", path, "--against", url, "--all", *gap)
    assert result.exit_code == 0, result.output


@pytest.mark.slow
@pytest.mark.parametrize("path", SAME_AT_ANY_TIME, ids=lambda path: path.name)
def test_the_mock_answers_the_requests_of_a_fixture_as_recorded(path: Path) -> None:
    run_seconds = 0.6 if path.name == "turned-away.har" else 0.05
    with serve(None, seconds_per_account=run_seconds) as url:
        result = invoke("replay", path, "--against", url, "--gap", f"{run_seconds + 0.2}", "--all")
    assert result.exit_code == 0, result.output
