"""Waiting for requests: until enough match, for as long as none may, and what ends it early."""

import asyncio
from typing import Any

import pytest

from superoffice_mock.control.endpoints.requests import MAX_WATCHERS
from superoffice_mock.core.sync_run import TenantId
from tests.support.in_process import Local, settled

WAIT = "requests/wait"
ONSITE = TenantId("onsite")


@pytest.fixture
def local() -> Local:
    return Local()


async def watched(local: Local, count: int = 1, tenant: TenantId = ONSITE) -> None:
    """Let the event loop run until *count* control calls wait at *tenant*."""
    for _ in range(10_000):
        if len(local.mock.journal.watchers(tenant)) == count:
            return
        await asyncio.sleep(0)
    message = f"{len(local.mock.journal.watchers(tenant))} of {count} control calls wait"
    raise AssertionError(message)


async def waiting(local: Local, **wanted: object) -> asyncio.Task[Any]:
    """Wait for what is *wanted*, a minute if nothing else ends it."""
    before = len(local.mock.journal.watchers(ONSITE))
    task = asyncio.create_task(local.control("POST", WAIT, {"timeout": 60, **wanted}))
    await watched(local, before + 1)
    return task


def ids(told: Any) -> list[int]:
    return [one["id"] for one in told["requests"]]


async def test_what_has_happened_already_is_told_at_once(local: Local) -> None:
    await local.control("POST", "clock/jump")
    for _ in range(3):
        await local.call()
    told = await local.control("POST", WAIT, {"outcome": "turned_away", "count": 2})
    lines = (await local.control("GET", "requests"))["requests"]
    assert told == {"met": True, "reason": None, "requests": lines[1:], "total": 2}


async def test_an_empty_body_waits_for_any_request(local: Local) -> None:
    await local.call(body=b"{")
    assert ids(await local.control("POST", WAIT)) == [1]


async def test_a_request_that_comes_ends_the_wait_with_its_truth(local: Local) -> None:
    wait = await waiting(local, outcome="started")
    await local.call(body=b"{")
    assert not wait.done()
    await local.call()
    told = await wait
    assert (told["met"], ids(told)) == (True, [2])
    assert told["requests"][0]["run"] == 1


async def test_the_count_is_reached_by_requests_before_and_during_the_wait(local: Local) -> None:
    await local.call()
    wait = await waiting(local, count=3)
    await local.call("GET")
    assert not wait.done()
    await local.call("GET")
    assert ids(await wait) == [1, 2, 3]


async def test_only_requests_after_since_count(local: Local) -> None:
    await local.call()
    wait = await waiting(local, since=1)
    await local.call("GET")
    assert ids(await wait) == [2]


async def test_requests_of_another_tenant_do_not_count(local: Local) -> None:
    wait = await waiting(local)
    bearer = {"authorization": "Bearer 8A:Cust12345.demo-token", "content-type": "text/json"}
    await local.call(path="/Cust12345/api/v1/Agents/EMail/SyncEmailAccounts", headers=bearer)
    assert not wait.done()
    await local.call()
    assert (await wait)["met"] is True


async def test_a_call_that_waits_is_pending_and_later_what_it_became(local: Local) -> None:
    await local.control("POST", "clock/freeze")
    await local.call()
    pending = await waiting(local, outcome="pending")
    away = await waiting(local, outcome="turned_away")
    call = asyncio.create_task(local.call())
    await settled(local, 1)
    told = await pending
    assert (told["met"], ids(told)) == (True, [2])
    assert not away.done()
    await local.control("POST", "clock/advance", {"seconds": 1})
    await call
    assert ids(await away) == [2]


async def test_a_pending_call_that_was_answered_is_not_counted_as_pending(local: Local) -> None:
    wait = await waiting(local, outcome="pending", count=2)
    await local.call()
    await local.call("GET")
    assert not wait.done()
    await local.control("POST", "reset")
    assert (await wait)["total"] == 0


async def test_when_the_time_is_over_it_says_how_many_came(local: Local) -> None:
    await local.call()
    told = await local.control("POST", WAIT, {"outcome": "started", "count": 2, "timeout": 0.01})
    assert (told["met"], ids(told), told["total"]) == (False, [1], 1)
    assert told["reason"] == "1 of 2 requests that are started came within 0.01 s"


async def test_never_is_met_when_the_time_is_over_and_not_enough_came(local: Local) -> None:
    await local.call()
    wanted = {"outcome": "turned_away", "never": True, "timeout": 0.01}
    told = await local.control("POST", WAIT, wanted)
    assert told == {"met": True, "reason": None, "requests": [], "total": 0}


async def test_never_ends_unmet_as_soon_as_it_happens(local: Local) -> None:
    wait = await waiting(local, outcome="rejected", never=True)
    await local.call()
    assert not wait.done()
    await local.call(body=b"{")
    told = await wait
    assert (told["met"], ids(told)) == (False, [2])
    assert told["reason"] == "1 of 1 requests that are rejected came within 60 s"


@pytest.mark.parametrize("never", [False, True])
async def test_a_reset_ends_the_wait_unmet(never: object, local: Local) -> None:
    await local.call()
    wait = await waiting(local, count=2, never=never)
    await local.control("POST", "reset")
    told = await wait
    assert (told["met"], told["reason"]) == (False, "the mock was reset")


async def test_a_reset_of_another_tenant_does_not(local: Local) -> None:
    wait = await waiting(local)
    await local.control("POST", "reset?tenant=Cust12345")
    assert not wait.done()
    await local.call()
    assert (await wait)["met"] is True


async def test_the_removal_of_the_tenant_ends_the_wait_unmet(local: Local) -> None:
    made = await local.control("POST", "tenants", {})
    wanted = {"timeout": 60, "never": True}
    task = asyncio.create_task(local.control("POST", f"{WAIT}?tenant={made['id']}", wanted))
    await watched(local, 1, TenantId(made["id"]))
    await local.call("DELETE", f"/_mock/tenants/{made['id']}", b"", {})
    told = await task
    assert (told["met"], told["total"]) == (False, 0)
    assert "removed" in told["reason"]


async def test_a_shutdown_ends_the_wait_and_lets_nobody_wait_any_more(local: Local) -> None:
    wait = await waiting(local)
    local.mock.tenants.close("the mock was shut down")
    for told in (await wait, await local.control("POST", WAIT, {"timeout": 60, "never": True})):
        assert (told["met"], told["reason"]) == (False, "the mock was shut down")


async def test_a_caller_that_hangs_up_is_waited_for_no_longer(local: Local) -> None:
    gone = asyncio.Event()
    wait = asyncio.create_task(
        local.call("POST", f"/_mock/{WAIT}", b'{"timeout":60}', {}, hang_up=gone)
    )
    await watched(local)
    gone.set()
    await wait
    assert local.mock.journal.watchers(ONSITE) == ()


async def test_only_so_many_may_wait_at_one_tenant(local: Local) -> None:
    waits = [await waiting(local) for _ in range(MAX_WATCHERS)]
    answered = await local.call("POST", f"/_mock/{WAIT}", b"", {})
    assert answered.status == 503
    assert "let some of them end first" in answered.json()["detail"]
    await local.call()
    assert [(await wait)["met"] for wait in waits] == [True] * MAX_WATCHERS
    assert (await local.control("POST", WAIT, {}))["met"] is True


@pytest.mark.parametrize(
    ("body", "told"),
    [
        *((b'{"outcome":"lost"}', "lost"), (b'{"count":0}', ">= 1"), (b'{"count":1.5}', "int")),
        *((b'{"timeout":61}', "<= 60"), (b'{"timeout":-1}', ">= 0"), (b'{"since":-1}', ">= 0")),
        *((b'{"never":"yes"}', "bool"), (b'{"outcom":"started"}', "did you mean `outcome`?")),
        *((b"[]", "object"), (b"null", "object"), (b"{", "truncated")),
    ],
)
async def test_what_cannot_be_waited_for_is_a_problem(body: bytes, told: str, local: Local) -> None:
    answered = await local.call("POST", f"/_mock/{WAIT}", body, {})
    assert answered.status == 400
    assert told in answered.json()["detail"]
    assert '"outcome": "started"' in answered.json()["detail"]
