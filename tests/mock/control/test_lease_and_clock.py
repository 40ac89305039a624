"""The control surface: the lease by hand, the runs, and the clock."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from superoffice_mock.config.settings import Settings
from superoffice_mock.core.readings import Readings
from tests.support.in_process import Local, settled

TWO = b'{"SyncUserAccounts":[{"AccountId":1},{"AccountId":2}]}'
TWELVE = b'{"SyncUserAccounts":[%s]}' % b",".join(b'{"AccountId":%d}' % n for n in range(12))


@pytest.fixture
def local() -> Local:
    return Local()


async def problem(local: Local, path: str, status: int, body: bytes = b"") -> str:
    """POST wrongly; return what the problem says."""
    answered = await local.call("POST", f"/_mock/{path}", body, {})
    assert answered.status == status, answered.body
    assert answered.headers["content-type"] == "application/problem+json"
    return str(answered.json()["detail"])


def since(start: str, moment: str) -> float:
    return (datetime.fromisoformat(moment) - datetime.fromisoformat(start)).total_seconds()


# ---- the lease -------------------------------------------------------------------------------


async def test_a_free_lease_has_no_holder(local: Local) -> None:
    told = await local.control("GET", "lease")
    assert told == {"held": False, "holder": None, "waiting": 0}


async def test_a_lease_held_by_a_run_names_it_and_the_seconds_left(local: Local) -> None:
    await local.control("POST", "clock/freeze")
    await local.call(body=TWO)
    await local.control("POST", "clock/advance", {"seconds": 1.5})
    call = asyncio.create_task(local.call())
    await settled(local, 1)
    told = await local.control("GET", "lease")
    assert told == {
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


async def test_a_lease_that_is_held_cannot_be_taken_and_stays_with_its_holder(
    local: Local,
) -> None:
    await local.control("POST", "clock/freeze")
    await local.call()
    assert "run 1 holds the lease for 5.0 s more; release it first" in await problem(
        local, "lease/hold", 409
    )
    assert (await local.control("GET", "lease"))["holder"]["by"] == "run"
    await local.control("POST", "lease/release")
    held = await local.control("POST", "lease/hold")
    assert held["holder"] == {"by": "hand", "since": "2027-01-15T08:00:00.000000Z"}
    assert "held by hand" in await problem(local, "lease/hold", 409)


async def test_a_release_tells_what_it_ended_and_of_nothing_says_nothing(local: Local) -> None:
    assert (await local.control("POST", "lease/release"))["released"] is None
    await local.call()
    released = await local.control("POST", "lease/release")
    assert released["held"] is False
    assert released["released"]["run"] == 1
    assert released["released"]["seconds_left"] == 0


# ---- runs ------------------------------------------------------------------------------------


async def test_the_runs_show_their_tasks_and_what_each_account_is_at(local: Local) -> None:
    assert await local.control("GET", "runs") == {"runs": []}
    await local.control("POST", "clock/freeze")
    await local.call(body=TWELVE)
    (run,) = (await local.control("GET", "runs"))["runs"]
    assert (run["run"], run["request"], run["state"]) == (1, 1, "running")
    assert run["accounts"] == list(range(12))
    assert since(run["started_at"], run["ends_at"]) == 10
    steps = [[step["AccountId"] for step in task] for task in run["tasks"]]
    assert steps == [[0, 10], [1, 11], *([n] for n in range(2, 10))]
    assert [step["state"] for step in run["tasks"][0]] == ["syncing", "waiting"]


@pytest.mark.claim("tasks-dealt")
async def test_the_states_of_a_run_and_its_accounts_follow_the_clock(local: Local) -> None:
    await local.control("POST", "clock/freeze")
    await local.call(body=TWELVE)

    async def after(seconds: float) -> tuple[str, list[str]]:
        await local.control("POST", "clock/advance", {"seconds": seconds})
        (run,) = (await local.control("GET", "runs"))["runs"]
        return run["state"], [step["state"] for step in run["tasks"][0]]

    assert await after(4.999) == ("running", ["syncing", "waiting"])
    assert await after(0.001) == ("running", ["synced", "syncing"])
    assert await after(4.999) == ("running", ["synced", "syncing"])
    assert await after(0.001) == ("ended", ["synced", "synced"])


async def test_a_run_that_was_released_shows_what_was_cut_short(local: Local) -> None:
    await local.control("POST", "clock/freeze")
    await local.call(body=TWELVE)
    await local.control("POST", "clock/advance", {"seconds": 6})
    await local.control("POST", "lease/release")
    await local.control("POST", "clock/advance", {"seconds": 60})
    (run,) = (await local.control("GET", "runs"))["runs"]
    assert run["state"] == "released"
    assert since(run["started_at"], run["ends_at"]) == 6
    assert [step["state"] for step in run["tasks"][0]] == ["synced", "cut short"]
    assert [step["state"] for step in run["tasks"][9]] == ["synced"]


async def test_a_run_whose_request_was_forgotten_is_shown_while_it_is_active(local: Local) -> None:
    await local.control("POST", "clock/freeze")
    await local.call()
    await local.control("DELETE", "requests")
    assert [run["run"] for run in (await local.control("GET", "runs"))["runs"]] == [1]
    await local.control("POST", "clock/advance", {"until": "idle"})
    assert (await local.control("GET", "runs"))["runs"] == []


async def test_a_run_whose_request_was_forgotten_can_be_released(local: Local) -> None:
    await local.call()
    await local.control("DELETE", "requests")
    assert (await local.control("POST", "lease/release"))["released"]["run"] == 1
    assert (await local.control("GET", "lease"))["held"] is False


async def test_a_hold_by_hand_is_no_run(local: Local) -> None:
    await local.control("POST", "lease/hold")
    assert (await local.control("GET", "runs"))["runs"] == []


# ---- the clock -------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "stands"), [("real", False), ("freeze", True), ("jump", True)])
async def test_each_clock_tells_its_name_its_time_and_whether_it_stands_still(
    name: str, stands: object, local: Local
) -> None:
    told = await local.control("POST", f"clock/{name}")
    assert told == {
        "clock": name,
        "now": "2027-01-15T08:00:00.000000Z",
        "stands_still": stands,
        "in_flight": 0,
        "waiting": 0,
    }
    assert await local.control("GET", "clock") == told
    local.real += 2_500_000_000
    later = (await local.control("GET", "clock"))["now"]
    assert since(told["now"], later) == (0 if stands else 2.5)


@pytest.mark.parametrize(
    ("sent", "moved"),
    [
        ({"seconds": 0}, 0.0),
        ({"seconds": 2.5}, 2.5),
        ({"seconds": 1e-6}, 1e-6),
        ({"seconds": 86_400}, 86_400.0),
        ({"seconds": 1, "until": None}, 1.0),
        ({"until": "idle"}, 0.0),
        ({"until": "idle", "seconds": None}, 0.0),
    ],
)
@pytest.mark.parametrize("clock", ["freeze", "jump"])
async def test_a_clock_that_stands_can_be_advanced(
    clock: str, sent: Any, moved: float, local: Local
) -> None:
    before = (await local.control("POST", f"clock/{clock}"))["now"]
    told = await local.control("POST", "clock/advance", sent)
    assert told["events"] == []
    assert since(before, told["now"]) == moved


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "seconds"),
        (b"{}", "either"),
        (b'{"seconds": 1, "until": "idle"}', "either"),
        (b'{"seconds": null}', "either"),
        (b'{"seconds": -1}', ">= 0"),
        (b'{"seconds": 1e10}', "<= "),
        (b'{"seconds": "1"}', "float"),
        (b'{"seconds": true}', "float"),
        (b'{"seconds": NaN}', "malformed"),
        (b'{"until": "tomorrow"}', "tomorrow"),
        (b'{"second": 1}', "unknown member `second`; did you mean `seconds`?"),
        (b"[1]", "object"),
        (b'{"seconds": 1', "truncated"),
        (b"\xff\xfe", "malformed"),
        (b"[" * 60_000, "object"),
    ],
)
async def test_an_advance_that_cannot_be_says_what_to_send_and_moves_nothing(
    body: bytes, told: str, local: Local
) -> None:
    before = await local.control("POST", "clock/freeze")
    detail = await problem(local, "clock/advance", 400, body)
    assert told in detail
    assert '{"seconds": 2.5} or {"until": "idle"}' in detail
    assert await local.control("GET", "clock") == before


async def test_a_clock_in_real_time_cannot_be_advanced(local: Local) -> None:
    detail = await problem(local, "clock/advance", 409, b'{"seconds": 1}')
    assert "POST /_mock/clock/freeze first" in detail


async def test_a_clock_can_be_advanced_beyond_the_last_year_that_a_calendar_shows() -> None:
    local = Local()
    await local.control("POST", "clock/freeze")
    for _ in range(260):
        told = await local.control("POST", "clock/advance", {"seconds": 1e9})
    assert told["now"] == "9999-12-31T23:59:59.999999Z"
    await local.call()
    assert (await local.control("GET", "lease"))["holder"]["seconds_left"] == 5


async def test_an_advance_answers_only_after_the_calls_it_woke_are_journalled() -> None:
    local = Local(Settings(readings=Readings(run="blocking")))
    await local.control("POST", "clock/freeze")
    call = asyncio.create_task(local.call())
    await settled(local, 1)
    called_at = asyncio.get_running_loop().time()
    told = await local.control("POST", "clock/advance", {"until": "idle"})
    assert asyncio.get_running_loop().time() - called_at < 0.5
    assert local.exchanges()[0].outcome == "started"
    assert [event["event"] for event in told["events"]] == ["task-ended", "run-ended", "answered"]
    await call
