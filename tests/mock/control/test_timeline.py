"""`GET /_mock/timeline` as data and as pictures: what a tenant's journal and state know."""

import asyncio
import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.timeline.model import MAX_STEPS
from superoffice_mock.config.settings import Settings
from superoffice_mock.control.tenant_timeline import read_timeline
from superoffice_mock.core.sync_run import SECOND
from superoffice_mock.webapi.operations import registry
from tests.mock.control.problems import expect_problem
from tests.support.in_process import BASIC, EPOCH, PATH, InProcessMock, run_until_waiting

START = EPOCH / SECOND
TICKET = "SOTicket 7T:demo-ticket"


def body(*accounts: int) -> bytes:
    return json.dumps({"SyncUserAccounts": [{"AccountId": id_} for id_ in accounts]}).encode()


async def send(local: InProcessMock, *accounts: int, sign_in: str = BASIC) -> asyncio.Task[Any]:
    """Send a call that may wait on the frozen clock."""
    headers = {"authorization": sign_in, "content-type": "application/json"}
    task = asyncio.create_task(local.call(body=body(*accounts), headers=headers))
    await asyncio.sleep(0)
    while local.exchanges()[-1].verdict is None:  # noqa: ASYNC110 - no time passes
        await asyncio.sleep(0)
    return task


async def timeline(local: InProcessMock, query: str = "") -> Any:
    return await local.control("GET", f"timeline?format=json{query}")


async def play_silent_drop(local: InProcessMock) -> None:
    """Two callers: the second is turned away while the first one's run lasts for 5 s."""
    await local.control("POST", "clock/freeze")
    first = await send(local, 501, 502)
    await local.control("POST", "clock/advance", {"seconds": 1.2})
    second = await send(local, 503, sign_in=TICKET)
    await local.control("POST", "clock/advance", {"seconds": 10})
    await first
    await second
    await local.call(body=b"{")


async def test_a_silent_drop_is_told_with_its_callers_and_when_to_ask_again() -> None:
    local = InProcessMock()
    await play_silent_drop(local)
    seen = await timeline(local)
    assert seen["headline"] == (
        "1 of 3 calls did nothing; account 503 was never synced; 1 was refused"
    )
    started, idle, refused = seen["calls"]
    assert [call["caller"] for call in seen["calls"]] == ["Basic tje0", "SOTicket", "Basic tje0"]
    assert (started["outcome"], started["run"]) == ("started", 1)
    assert (started["at"], started["answered_at"]) == (START, START)
    assert (idle["outcome"], idle["holder"], idle["lost"]) == ("turned_away", "run 1", [503])
    assert (idle["at"], idle["answered_at"]) == pytest.approx((START + 1.2, START + 2.2), abs=1e-5)
    assert idle["retry_at"] == START + 5
    assert (refused["outcome"], refused["status"]) == ("rejected", 400)
    (run,) = seen["runs"]
    assert (run["call"], run["ends_at"]) == ("1", START + 5)
    assert [[step["account"] for step in task] for task in run["tasks"]] == [[501], [502]]
    assert {account["id"]: account.get("is_lost", False) for account in seen["accounts"]} == {
        503: True,
        501: False,
        502: False,
    }
    assert (seen["tenant"], seen["clock"]) == ("onsite", "freeze")


@given(
    delays=st.lists(st.floats(0, 1.2).map(lambda each: round(each, 3)), min_size=1, max_size=4),
    is_released=st.booleans(),
)
async def test_asking_again_works_at_the_moment_that_is_told(
    delays: list[float],
    is_released: bool,  # noqa: FBT001 - Hypothesis's
) -> None:
    local = InProcessMock()
    await local.control("POST", "clock/freeze")
    tasks = [await send(local, 501)]
    for delay in delays:
        await local.control("POST", "clock/advance", {"seconds": delay})
        tasks.append(await send(local, 502))
    if is_released:
        await local.control("POST", "lease/release")
    seen = await timeline(local)
    moments = {call["retry_at"] for call in seen["calls"] if call["outcome"] != "started"}
    (moment,) = moments
    ahead = moment - seen["now"]
    assert ahead <= 0 if is_released else ahead > 0.01
    if not is_released:
        await local.control("POST", "clock/advance", {"seconds": ahead - 0.001})
        assert (await local.control("GET", "lease"))["held"] is True
        await local.control("POST", "clock/advance", {"seconds": 0.002})
    assert (await local.control("GET", "lease"))["held"] is False
    await local.control("POST", "clock/advance", {"seconds": 100})
    await asyncio.gather(*tasks)


async def test_a_hold_by_hand_and_a_long_run_are_bounded_and_told() -> None:
    local = InProcessMock()
    await local.control("POST", "clock/jump")
    await local.call(body=body(*range(1, MAX_STEPS + 101)))
    await local.control("POST", "clock/advance", {"until": "idle"})
    await local.control("POST", "lease/hold")
    await local.call()
    seen = await timeline(local)
    (run,) = seen["runs"]
    assert sum(map(len, run["tasks"])) + run["omitted"] == MAX_STEPS + 100
    (hold,) = seen["holds"]
    assert hold["since"] > START
    assert seen["calls"][1]["holder"] == "hand"
    assert "once the hold by hand was released" in seen["advice"][0]
    assert len(seen["calls"][0]["accounts"]) == 100
    assert seen["calls"][0]["account_count"] == MAX_STEPS + 100


async def test_a_limit_leaves_out_calls_but_no_headline_and_no_newest_runs() -> None:
    local = InProcessMock(Settings(seconds_per_account=0, journal_exchanges=20))
    for _ in range(25):
        await local.call()
    whole, none = await timeline(local), await timeline(local, "&limit=0")
    assert (len(whole["calls"]), whole["forgotten"], len(whole["runs"])) == (20, 5, 20)
    assert "calls" not in none
    assert (none["omitted"], len(none["runs"])) == (20, 10)
    assert none["headline"] == whole["headline"] == "all 20 calls did what they asked for"
    assert [call["id"] for call in (await timeline(local, "&limit=2"))["calls"]] == ["24", "25"]


async def test_a_picture_is_an_image_or_a_page_with_the_requests_and_without_secrets() -> None:
    local = InProcessMock()
    await play_silent_drop(local)
    image = await local.call("GET", "/_mock/timeline?format=svg", b"", {})
    assert image.headers["content-type"] == "image/svg+xml"
    assert "unsafe" not in image.headers["content-security-policy"]
    root = ET.fromstring(image.body)
    assert "account 503 was never synced" in "".join(root.itertext())
    page = await local.call("GET", "/_mock/timeline?format=html", b"", {})
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert b"Basic [redacted]" in page.body
    assert BASIC.encode() not in page.body
    assert b"demo-ticket" not in page.body
    text = await local.call("GET", "/_mock/timeline", b"", {})
    assert text.body.startswith(b"What reached the mock:")


@pytest.mark.parametrize("query", ["format=png", "format=", "limit=x&format=json"])
async def test_an_unknown_format_gets_a_problem(query: str, local: InProcessMock) -> None:
    assert "expected" in await expect_problem(local, "GET", f"timeline?{query}", 400)


async def test_other_calls_go_on_while_a_long_journal_is_read() -> None:
    local = InProcessMock(Settings(seconds_per_account=0))
    for _ in range(50):
        await local.call()
    moments = iter(range(0, 10**12, 10**6))  # each look at the clock takes a millisecond
    pauses = 0

    async def count_pauses() -> None:
        nonlocal pauses
        while True:
            pauses += 1
            await asyncio.sleep(0)

    counter = asyncio.create_task(count_pauses())
    await asyncio.sleep(0)
    before = pauses
    await read_timeline(local.tenant(), registry.load(), lambda: next(moments))
    counter.cancel()
    assert pauses - before >= 5


async def test_a_call_that_waits_and_a_client_that_left_are_shown_so() -> None:
    local = InProcessMock()
    await local.control("POST", "clock/freeze")
    await local.call()
    gone = asyncio.Event()
    waiting = asyncio.create_task(local.call(path=PATH, disconnect=gone))
    await run_until_waiting(local, 1)
    (_, pending) = (await timeline(local))["calls"]
    assert pending["outcome"] == "pending"
    assert "answered_at" not in pending
    await local.control("POST", "clock/advance", {"seconds": 0.5})
    gone.set()
    await local.control("POST", "clock/advance", {"seconds": 5})
    await waiting
    (_, left) = (await timeline(local))["calls"]
    assert left["hung_up"] is True
