"""Tenants: their isolation, their clocks, and when their waiting calls are answered."""

import asyncio
from typing import Any

import pytest

from superoffice_contract.openapi.readings import Readings
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.sync_run import SECOND, Installation
from superoffice_mock.tenants.registry import is_tenant_id
from tests.support.in_process import PATH, ClientResponse, InProcessMock, run_until_waiting

TRY_FOR_1S = Readings(busy="try-for-1s")
SHUT_DOWN = "the mock was shut down"


async def hold_lease(local: InProcessMock, clock: str = "freeze") -> None:
    await local.control("POST", f"clock/{clock}")
    await local.control("POST", "lease/hold")


async def start_waiting_call(
    local: InProcessMock, disconnect: asyncio.Event | None = None
) -> asyncio.Task[ClientResponse]:
    """Start a call and return its task when the call waits."""
    call = asyncio.create_task(local.call(disconnect=disconnect))
    await run_until_waiting(local, local.tenant().waiting + 1)
    return call


# ---- the table -------------------------------------------------------------------------------


def test_ids_ignore_case_and_have_the_order_of_the_configuration(local: InProcessMock) -> None:
    assert local.mock.tenants.get("cUST12345") is local.tenant("Cust12345")
    assert local.mock.tenants.get("nobody") is None
    assert [tenant.facts.id for tenant in local.mock.tenants] == [
        "onsite",
        "Cust12345",
        "Cust54321",
    ]


@pytest.mark.claim("lease-tenant")
async def test_tenants_share_no_lease_no_clock_and_no_journal(local: InProcessMock) -> None:
    await local.control("POST", "clock/freeze")
    await local.call()
    bearer = {"authorization": "Bearer 8A:Cust12345.demo-token", "content-type": "text/json"}
    await local.call(path=f"/Cust12345{PATH}", headers=bearer)
    assert local.outcomes("Cust12345") == ["started"]
    assert (await local.control("GET", "clock?tenant=cust12345"))["clock"] == "real"
    assert local.outcomes() == ["started"]


def test_new_ids_are_unique_and_have_the_form_of_a_tenant_id(local: InProcessMock) -> None:
    for installation in Installation:
        ids = [local.mock.tenants.new_id(installation) for _ in range(1_000)]
        assert len({id_.lower() for id_ in ids}) == len(ids)
        assert all(is_tenant_id(id_) and is_tenant_id(id_.upper()) for id_ in ids), installation


def test_other_first_segments_are_not_tenant_ids() -> None:
    for segment in (
        *("", "crm", "t-1", "t-", "Cust", "Custom", "t-0123456789ag", "xt-0123456789ab"),
    ):
        assert not is_tenant_id(segment), segment


async def create_held_tenant(local: InProcessMock) -> Any:
    tenant = await local.control("POST", "tenants", {"clock": "freeze"})
    await local.control("POST", f"lease/hold?tenant={tenant['id']}")
    return tenant


def call_tenant(local: InProcessMock, tenant: Any) -> "asyncio.Task[ClientResponse]":
    headers = {**tenant["credentials"]["headers"], "content-type": "application/json"}
    return asyncio.create_task(local.call(path=f"/{tenant['id']}{PATH}", headers=headers))


async def test_a_stop_answers_the_calls_of_temporary_tenants(local: InProcessMock) -> None:
    """Also of one that is created afterwards."""
    early = await create_held_tenant(local)
    waiting = call_tenant(local, early)
    await run_until_waiting(local, 1, early["id"])
    local.mock.tenants.close(SHUT_DOWN)
    late = await create_held_tenant(local)
    for tenant, call in ((early, waiting), (late, call_tenant(local, late))):
        assert (await asyncio.wait_for(call, 5)).status == 204
        assert local.exchanges(tenant["id"])[0].reason == SHUT_DOWN


@pytest.mark.claim("waiting-limit")
async def test_a_call_beyond_the_waiting_limit_gets_a_503_and_the_others_are_answered() -> None:
    local = InProcessMock(Settings(max_waiting=2))
    await hold_lease(local)
    calls = [await start_waiting_call(local) for _ in range(2)]
    rejection = await local.call()
    assert rejection.status == 503
    assert rejection.json()["Message"] == "The service is unavailable."
    assert "2 calls wait" in rejection.json()["MessageDetail"]
    await local.control("POST", "clock/advance", {"seconds": 1})
    assert [(await call).status for call in calls] == [204, 204]
    assert local.outcomes() == ["turned_away", "turned_away", "rejected"]


# ---- clocks ----------------------------------------------------------------------------------


async def test_another_kind_of_clock_keeps_its_time_and_calls(local: InProcessMock) -> None:
    await hold_lease(local)
    call = await start_waiting_call(local)
    await local.control("POST", "clock/advance", {"seconds": 0.4})
    local.real_time += 3_600 * SECOND
    now = (await local.control("GET", "clock"))["now"]
    for name in ("real", "freeze", "real"):
        clock = await local.control("POST", f"clock/{name}")
        assert (clock["now"], clock["waiting"]) == (now, 1)
    assert not call.done()
    local.real_time += 600_000_000
    await local.control("POST", "clock/real")
    assert (await call).status == 204
    assert local.exchanges()[0].elapsed == SECOND


async def test_a_clock_that_becomes_real_cancels_a_jump() -> None:
    local = InProcessMock(Settings(jump_settle=0.05))
    await hold_lease(local, "jump")
    call = await start_waiting_call(local)
    await local.control("POST", "clock/real")
    await asyncio.wait({call}, timeout=0.15)
    assert not call.done()
    await local.control("POST", "reset")
    await call


async def test_a_jumping_clock_stands_still_until_all_calls_in_flight_wait() -> None:
    local = InProcessMock(Settings(jump_settle=0))
    await hold_lease(local, "jump")
    tenant = local.tenant()
    tenant.begin_call()  # a call whose body has not arrived
    call = await start_waiting_call(local)
    for _ in range(100):
        await asyncio.sleep(0)
    assert not call.done()
    tenant.end_call()
    assert (await call).status == 204
    assert local.exchanges()[0].elapsed == SECOND


async def test_a_new_call_postpones_a_jump_until_it_waits() -> None:
    local = InProcessMock(Settings(jump_settle=60))
    await hold_lease(local, "jump")
    calls = [await start_waiting_call(local) for _ in range(2)]
    clock = await local.control("POST", "clock/advance", {"seconds": 1})
    assert [event["request"] for event in clock["events"]] == [1, 2]
    await asyncio.gather(*calls)


async def test_advancing_stops_at_every_due_answer_and_returns_the_events_in_order() -> None:
    local = InProcessMock(Settings(seconds_per_account=0.75, readings=TRY_FOR_1S))
    await local.control("POST", "clock/freeze")
    await local.call(body=b'{"SyncUserAccounts":[{"AccountId":1},{"AccountId":2}]}')
    calls = [await start_waiting_call(local) for _ in range(2)]
    clock = await local.control("POST", "clock/advance", {"seconds": 3})
    await asyncio.gather(*calls)
    minute = clock["events"][0]["at"][:17]
    assert [event.pop("at").removeprefix(minute) for event in clock["events"]] == (
        ["00.750000Z"] * 5 + ["01.000000Z"] + ["01.500000Z"] * 2
    )
    assert clock["events"] == [
        {"event": "task-ended", "run": 1, "task": 1},
        {"event": "task-ended", "run": 1, "task": 2},
        {"event": "run-ended", "run": 1},
        {"event": "run-started", "run": 2, "request": 2},
        {"event": "answered", "request": 2, "outcome": "started"},
        {"event": "answered", "request": 3, "outcome": "turned_away"},
        {"event": "task-ended", "run": 2, "task": 1},
        {"event": "run-ended", "run": 2},
    ]


async def test_advancing_until_idle_does_not_end_a_hold(local: InProcessMock) -> None:
    await hold_lease(local)
    call = await start_waiting_call(local)
    clock = await local.control("POST", "clock/advance", {"until": "idle"})
    assert (await call).status == 204
    assert [event["event"] for event in clock["events"]] == ["answered"]
    assert (await local.control("GET", "lease"))["holder"]["by"] == "hand"


@pytest.mark.slow
async def test_advancing_waits_a_second_for_a_call_that_never_waits(local: InProcessMock) -> None:
    await local.control("POST", "clock/freeze")
    local.tenant().begin_call()
    clock = await asyncio.wait_for(local.control("POST", "clock/advance", {"seconds": 5}), 5)
    assert clock["events"] == []


async def test_after_a_release_the_oldest_undecided_call_gets_the_lease() -> None:
    local = InProcessMock(Settings(readings=TRY_FOR_1S))
    await hold_lease(local)
    calls = [await start_waiting_call(local) for _ in range(2)]
    lease = await local.control("POST", "lease/release")
    assert lease["released"]["by"] == "hand"
    assert lease["holder"]["request"] == 1
    assert (await calls[0]).status == 204
    assert local.outcomes() == ["started", "pending"]
    await local.control("POST", "clock/advance", {"seconds": 1})
    await calls[1]
    assert local.outcomes() == ["started", "turned_away"]


# ---- stop and reset --------------------------------------------------------------------------


async def test_a_stop_answers_all_waiting_calls_at_once_with_the_reason_in_the_journal() -> None:
    local = InProcessMock(Settings(readings=Readings(busy="try-for-1s", run="blocking")))
    await local.control("POST", "clock/freeze")
    calls = [await start_waiting_call(local) for _ in range(2)]
    local.mock.tenants.close(SHUT_DOWN)
    assert [(await call).status for call in calls] == [204, 204]
    assert local.outcomes() == ["started", "turned_away"]
    assert [(exchange.reason, exchange.elapsed) for exchange in local.exchanges()] == (
        [(SHUT_DOWN, 0)] * 2
    )


async def test_a_call_that_arrives_during_a_reset_is_answered(local: InProcessMock) -> None:
    await hold_lease(local)
    tenant = local.tenant()
    first = await start_waiting_call(local)
    tenant.begin_call()  # a call whose body has not arrived, so the reset has to wait
    reset = asyncio.create_task(local.control("POST", "reset"))
    await first
    late = await start_waiting_call(local)
    tenant.end_call()
    await reset
    assert (await asyncio.wait_for(late, 5)).status == 204
    assert local.exchanges() == []
    assert (await local.control("GET", "lease"))["held"] is False


async def call_with_body_after(local: InProcessMock, method: str, path: str) -> ClientResponse:
    """Make a call whose body arrives after a control call; return the response to the first."""
    body_ready = asyncio.Event()
    call = asyncio.create_task(local.call(body_ready=body_ready))
    await asyncio.sleep(0)
    await local.call(method, f"/_mock/{path}", b"", {})
    body_ready.set()
    return await asyncio.wait_for(call, 5)


def test_a_tenant_is_reset_from_one_event_loop_after_the_other(local: InProcessMock) -> None:
    async def reset_during_a_call() -> ClientResponse:
        await hold_lease(local)
        call = await start_waiting_call(local)
        await local.control("POST", "reset")
        return await call

    for _ in range(2):
        assert asyncio.run(reset_during_a_call()).status == 204
        assert local.exchanges() == []


@pytest.mark.slow
async def test_a_call_whose_body_arrives_after_a_reset_starts_no_run(local: InProcessMock) -> None:
    for faults in ([], [{"delay": 1}]):
        await local.control("PUT", "faults", {"faults": faults})
        rejection = await call_with_body_after(local, "POST", "reset")
        assert rejection.status == 503
        assert "reset before the call was complete" in rejection.json()["MessageDetail"]
        assert (await local.control("GET", "lease"))["held"] is False
        assert (await local.control("GET", "runs"))["runs"] == []
        tenant = local.tenant()
        assert (tenant.in_flight, tenant.waiting, local.exchanges()) == (0, 0, [])
    assert (await local.call()).status == 204
    assert local.outcomes() == ["started"]


async def test_a_call_whose_body_comes_after_a_clearing_starts_a_run(local: InProcessMock) -> None:
    assert (await call_with_body_after(local, "DELETE", "requests")).status == 204
    assert (await local.control("GET", "lease"))["holder"]["run"] == 1


@pytest.mark.slow
async def test_a_call_parked_after_a_reset_is_cancelled_at_once(local: InProcessMock) -> None:
    tenant = local.tenant()
    exchange = tenant.journal.record_arrival(
        tenant.facts.id, "POST", PATH, tenant.now(), local.real_time
    )
    tenant.begin_call()
    await tenant.reset()
    parked_call = tenant.park_call(exchange)
    assert (parked_call.result(), tenant.in_flight) == ("the mock was reset", 1)
    tenant.unpark_call(parked_call)
    tenant.end_call()
    assert tenant.in_flight == 0
