"""`POST /_mock/requests/wait`: when it is met, when it is not, and what ends it early."""

import asyncio
from typing import Any

from superoffice_mock.control.endpoints.requests import MAX_WATCHERS
from superoffice_mock.core.sync_run import TenantId
from tests.mock.control.problems import expect_problem
from tests.support.in_process import InProcessMock, run_until_waiting

WAIT = "requests/wait"
ONSITE = TenantId("onsite")


async def wait_for_watchers(
    local: InProcessMock, count: int = 1, tenant: TenantId = ONSITE
) -> None:
    """Let the event loop run until *count* control calls wait at *tenant*."""
    for _ in range(10_000):
        if len(local.mock.journal.watchers(tenant)) == count:
            return
        await asyncio.sleep(0)
    message = f"{len(local.mock.journal.watchers(tenant))} of {count} control calls wait"
    raise AssertionError(message)


async def start_wait(local: InProcessMock, **condition: object) -> asyncio.Task[Any]:
    """Start a wait for *condition*, by default for up to a minute."""
    before = len(local.mock.journal.watchers(ONSITE))
    task = asyncio.create_task(local.control("POST", WAIT, {"timeout": 60, **condition}))
    await wait_for_watchers(local, before + 1)
    return task


def ids_of(result: Any) -> list[int]:
    return [request["id"] for request in result["requests"]]


async def test_earlier_requests_are_returned_at_once(local: InProcessMock) -> None:
    await local.control("POST", "clock/jump")
    for _ in range(3):
        await local.call()
    result = await local.control("POST", WAIT, {"outcome": "turned_away", "count": 2})
    requests = (await local.control("GET", "requests"))["requests"]
    assert result == {"met": True, "reason": None, "requests": requests[1:], "total": 2}
    assert ids_of(await local.control("POST", WAIT)) == [1, 2, 3]  # an empty body: any request


async def test_a_new_request_ends_the_wait_and_has_its_outcome(local: InProcessMock) -> None:
    wait = await start_wait(local, outcome="started")
    await local.call(body=b"{")
    assert not wait.done()
    await local.call()
    result = await wait
    assert (result["met"], ids_of(result)) == (True, [2])
    assert result["requests"][0]["run"] == 1


async def test_requests_before_and_in_the_wait_count_if_after_since(local: InProcessMock) -> None:
    await local.call()
    wait, wait_since = await start_wait(local, count=3), await start_wait(local, since=1)
    await local.call("GET")
    assert ids_of(await wait_since) == [2]
    assert not wait.done()
    await local.call("GET")
    assert ids_of(await wait) == [1, 2, 3]


async def test_requests_and_resets_of_another_tenant_do_not_count(local: InProcessMock) -> None:
    wait = await start_wait(local)
    await local.control("POST", "reset?tenant=Cust12345")
    bearer = {"authorization": "Bearer 8A:Cust12345.demo-token", "content-type": "text/json"}
    await local.call(path="/Cust12345/api/v1/Agents/EMail/SyncEmailAccounts", headers=bearer)
    assert not wait.done()
    await local.call()
    assert (await wait)["met"] is True


async def test_a_waiting_call_is_pending_and_later_has_its_outcome(local: InProcessMock) -> None:
    await local.control("POST", "clock/freeze")
    await local.call()
    pending = await start_wait(local, outcome="pending")
    turned_away = await start_wait(local, outcome="turned_away")
    call = asyncio.create_task(local.call())
    await run_until_waiting(local, 1)
    result = await pending
    assert (result["met"], ids_of(result)) == (True, [2])
    assert not turned_away.done()
    await local.control("POST", "clock/advance", {"seconds": 1})
    await call
    assert ids_of(await turned_away) == [2]


async def test_a_call_that_was_answered_no_longer_counts_as_pending(local: InProcessMock) -> None:
    wait = await start_wait(local, outcome="pending", count=2)
    await local.call()
    await local.call("GET")
    assert not wait.done()
    await local.control("POST", "reset")
    assert (await wait)["total"] == 0


async def test_a_reset_ends_the_wait_unmet(local: InProcessMock) -> None:
    for never in (False, True):
        await local.call()
        wait = await start_wait(local, count=2, never=never)
        await local.control("POST", "reset")
        result = await wait
        assert (result["met"], result["reason"]) == (False, "the mock was reset"), never


async def test_the_removal_of_the_tenant_ends_the_wait_unmet(local: InProcessMock) -> None:
    tenant = (await local.control("POST", "tenants", {}))["id"]
    condition = {"timeout": 60, "never": True}
    task = asyncio.create_task(local.control("POST", f"{WAIT}?tenant={tenant}", condition))
    await wait_for_watchers(local, 1, TenantId(tenant))
    await local.call("DELETE", f"/_mock/tenants/{tenant}", b"", {})
    result = await task
    assert (result["met"], result["total"]) == (False, 0)
    assert "removed" in result["reason"]


async def test_a_shutdown_ends_the_wait_and_allows_no_more_waits(local: InProcessMock) -> None:
    wait = await start_wait(local)
    local.mock.tenants.close("the mock was shut down")
    for result in (await wait, await local.control("POST", WAIT, {"timeout": 60, "never": True})):
        assert (result["met"], result["reason"]) == (False, "the mock was shut down")


async def test_the_disconnect_of_the_client_ends_the_wait(local: InProcessMock) -> None:
    disconnect = asyncio.Event()
    wait = asyncio.create_task(
        local.call("POST", f"/_mock/{WAIT}", b'{"timeout":60}', {}, disconnect=disconnect)
    )
    await wait_for_watchers(local)
    disconnect.set()
    await wait
    assert local.mock.journal.watchers(ONSITE) == ()


async def test_the_number_of_waits_per_tenant_is_limited(local: InProcessMock) -> None:
    waits = [await start_wait(local) for _ in range(MAX_WATCHERS)]
    detail = await expect_problem(local, "POST", WAIT, 503)
    assert "let some of them end first" in detail
    await local.call()
    assert [(await wait)["met"] for wait in waits] == [True] * MAX_WATCHERS
    assert (await local.control("POST", WAIT, {}))["met"] is True
