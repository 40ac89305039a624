"""Tenants: state changes in one step, and the clock decides when those who wait are answered."""

import asyncio

import pytest

from superoffice_mock.config.settings import Settings
from superoffice_mock.core.readings import Readings
from superoffice_mock.core.sync_run import Installation
from superoffice_mock.tenants.registry import names_a_tenant
from tests.support.in_process import PATH, Answered, Local, settled

SECOND = 1_000_000_000
WITHDRAWS = Readings(busy="try-for-1s", disconnect="withdraws")


@pytest.fixture
def local() -> Local:
    return Local()


async def waiting(local: Local, count: int = 1) -> list[asyncio.Task[Answered]]:
    """Hold the lease by hand on a frozen clock; return *count* calls that wait."""
    await local.control("POST", "clock/freeze")
    await local.control("POST", "lease/hold")
    calls = []
    for number in range(1, count + 1):
        calls.append(asyncio.create_task(local.call()))
        await settled(local, number)
    return calls


def outcomes(local: Local) -> list[str]:
    return [one.outcome for one in local.exchanges()]


# ---- the table -------------------------------------------------------------------------------


def test_tenants_are_found_whatever_the_case_and_listed_as_configured(local: Local) -> None:
    assert local.mock.tenants.get("cUST12345") is local.tenant("Cust12345")
    assert local.mock.tenants.get("nobody") is None
    assert local.mock.tenants.ids == ["onsite", "Cust12345", "Cust54321"]


@pytest.mark.claim("lease-tenant")
async def test_tenants_share_no_lease_no_clock_and_no_journal(local: Local) -> None:
    await local.control("POST", "clock/freeze")
    await local.call()
    bearer = {"authorization": "Bearer 8A:Cust12345.demo-token", "content-type": "text/json"}
    await local.call(path=f"/Cust12345{PATH}", headers=bearer)
    assert [one.outcome for one in local.exchanges("Cust12345")] == ["started"]
    assert (await local.control("GET", "clock?tenant=cust12345"))["clock"] == "real"
    assert outcomes(local) == ["started"]


@pytest.mark.parametrize("installation", Installation)
def test_ids_that_are_made_are_unique_whatever_their_case_and_name_a_tenant(
    installation: Installation, local: Local
) -> None:
    made = [local.mock.tenants.new_id(installation) for _ in range(1_000)]
    assert len({id_.lower() for id_ in made}) == len(made)
    assert [id_ for id_ in made if not names_a_tenant(id_) or not names_a_tenant(id_.upper())] == []


@pytest.mark.parametrize(
    "segment", ["", "crm", "t-1", "t-", "Cust", "Custom", "t-0123456789ag", "xt-0123456789ab"]
)
def test_a_folder_of_any_name_is_no_tenants_id(segment: str) -> None:
    assert not names_a_tenant(segment)


async def test_a_made_tenant_is_answered_by_the_stop_of_the_server_too(local: Local) -> None:
    made = await local.control("POST", "tenants", {"clock": "freeze"})
    await local.control("POST", f"lease/hold?tenant={made['id']}")
    headers = {**made["credentials"]["headers"], "content-type": "application/json"}
    call = asyncio.create_task(local.call(path=f"/{made['id']}{PATH}", headers=headers))
    await settled(local, 1, made["id"])
    local.mock.tenants.close("the mock was shut down")
    assert (await call).status == 204
    assert local.exchanges(made["id"])[0].reason == "the mock was shut down"


async def test_a_tenant_that_is_made_while_the_server_stops_keeps_nobody_waiting(
    local: Local,
) -> None:
    local.mock.tenants.close("the mock was shut down")
    made = await local.control("POST", "tenants", {"clock": "freeze"})
    await local.control("POST", f"lease/hold?tenant={made['id']}")
    headers = {**made["credentials"]["headers"], "content-type": "application/json"}
    call = local.call(path=f"/{made['id']}{PATH}", headers=headers)
    assert (await asyncio.wait_for(call, 5)).status == 204
    assert local.exchanges(made["id"])[0].reason == "the mock was shut down"


# ---- limits ----------------------------------------------------------------------------------


@pytest.mark.claim("waiting-limit")
async def test_when_too_many_wait_the_next_is_a_503_and_the_others_are_still_answered() -> None:
    local = Local(Settings(max_waiting=2))
    calls = await waiting(local, 2)
    refused = await local.call()
    assert refused.status == 503
    assert refused.json()["Message"] == "The service is unavailable."
    assert "2 calls wait" in refused.json()["MessageDetail"]
    await local.control("POST", "clock/advance", {"seconds": 1})
    assert [(await call).status for call in calls] == [204, 204]
    assert outcomes(local) == ["turned_away", "turned_away", "rejected"]


# ---- clocks ----------------------------------------------------------------------------------


async def test_changing_the_clock_keeps_what_it_shows_and_who_waits(local: Local) -> None:
    (call,) = await waiting(local)
    await local.control("POST", "clock/advance", {"seconds": 0.4})
    local.real += 3_600 * SECOND
    before = (await local.control("GET", "clock"))["now"]
    shown = [await local.control("POST", f"clock/{name}") for name in ("real", "freeze", "real")]
    assert [one["now"] for one in shown] == [before] * 3
    assert [one["waiting"] for one in shown] == [1] * 3
    assert not call.done()
    local.real += 600_000_000
    await local.control("POST", "clock/real")
    assert (await call).status == 204
    assert local.exchanges()[0].elapsed == SECOND


async def test_a_jump_that_was_due_does_not_happen_once_the_clock_is_real() -> None:
    local = Local(Settings(jump_settle=0.05))
    await local.control("POST", "clock/jump")
    await local.control("POST", "lease/hold")
    call = asyncio.create_task(local.call())
    await settled(local, 1)
    await local.control("POST", "clock/real")
    await asyncio.wait({call}, timeout=0.15)
    assert not call.done()
    await local.control("POST", "reset")
    await call


async def test_a_frozen_clock_answers_nobody_whatever_the_real_one_does(local: Local) -> None:
    (call,) = await waiting(local)
    local.real += 3_600 * SECOND
    await local.control("POST", "clock/freeze")
    assert (await local.control("GET", "lease"))["waiting"] == 1
    assert not call.done()
    await local.control("POST", "reset")
    await call


async def test_a_jumping_clock_stands_while_a_call_is_in_flight_that_does_not_wait() -> None:
    local = Local(Settings(jump_settle=0))
    await local.control("POST", "clock/jump")
    await local.control("POST", "lease/hold")
    tenant = local.tenant()
    tenant.arrived()  # a call whose body is on its way
    call = asyncio.create_task(local.call())
    await settled(local, 1)
    for _ in range(100):
        await asyncio.sleep(0)
    assert not call.done()
    tenant.left()
    assert (await call).status == 204
    assert local.exchanges()[0].elapsed == SECOND


async def test_an_arrival_puts_a_jump_off_until_it_waits_too() -> None:
    local = Local(Settings(jump_settle=60))
    await local.control("POST", "clock/jump")
    await local.control("POST", "lease/hold")
    first = asyncio.create_task(local.call())
    await settled(local, 1)
    second = asyncio.create_task(local.call())
    await settled(local, 2)
    moved = await local.control("POST", "clock/advance", {"seconds": 1})
    assert [event["request"] for event in moved["events"]] == [1, 2]
    await asyncio.gather(first, second)


async def test_advancing_stops_at_every_moment_and_tells_what_happened_in_order() -> None:
    local = Local(Settings(seconds_per_account=0.75, readings=Readings(busy="try-for-1s")))
    await local.control("POST", "clock/freeze")
    await local.call(body=b'{"SyncUserAccounts":[{"AccountId":1},{"AccountId":2}]}')
    calls = [asyncio.create_task(local.call()) for _ in range(2)]
    await settled(local, 2)
    moved = await local.control("POST", "clock/advance", {"seconds": 3})
    await asyncio.gather(*calls)
    start = moved["events"][0]["at"][:17]
    assert [event.pop("at").removeprefix(start) for event in moved["events"]] == (
        ["00.750000Z"] * 5 + ["01.000000Z"] + ["01.500000Z"] * 2
    )
    assert moved["events"] == [
        {"event": "task-ended", "run": 1, "task": 1},
        {"event": "task-ended", "run": 1, "task": 2},
        {"event": "run-ended", "run": 1},
        {"event": "run-started", "run": 2, "request": 2},
        {"event": "answered", "request": 2, "outcome": "started"},
        {"event": "answered", "request": 3, "outcome": "turned_away"},
        {"event": "task-ended", "run": 2, "task": 1},
        {"event": "run-ended", "run": 2},
    ]


async def test_advancing_until_idle_leaves_a_hold_by_hand_in_place(local: Local) -> None:
    (call,) = await waiting(local)
    moved = await local.control("POST", "clock/advance", {"until": "idle"})
    assert (await call).status == 204
    assert [event["event"] for event in moved["events"]] == ["answered"]
    assert (await local.control("GET", "lease"))["holder"]["by"] == "hand"


@pytest.mark.slow
async def test_a_call_that_never_waits_keeps_an_advance_for_a_second_at_most(local: Local) -> None:
    await local.control("POST", "clock/freeze")
    local.tenant().arrived()
    moved = await asyncio.wait_for(local.control("POST", "clock/advance", {"seconds": 5}), 5)
    assert moved["events"] == []


# ---- the lease by hand -----------------------------------------------------------------------


async def test_a_release_asks_those_who_may_still_get_the_lease_oldest_first() -> None:
    local = Local(Settings(readings=Readings(busy="try-for-1s")))
    calls = await waiting(local, 2)
    released = await local.control("POST", "lease/release")
    assert released["released"]["by"] == "hand"
    assert released["holder"]["request"] == 1
    assert (await calls[0]).status == 204
    assert outcomes(local) == ["started", "pending"]
    await local.control("POST", "clock/advance", {"seconds": 1})
    await calls[1]
    assert outcomes(local) == ["started", "turned_away"]


@pytest.mark.claim("busy-drop")
async def test_a_release_does_not_help_those_who_were_turned_away(local: Local) -> None:
    (call,) = await waiting(local)
    await local.control("POST", "lease/release")
    assert not call.done()
    await local.control("POST", "clock/advance", {"seconds": 1})
    await call
    assert outcomes(local) == ["turned_away"]
    assert local.tenant().state.lease is None


# ---- callers who hang up ---------------------------------------------------------------------


async def test_the_next_one_gets_the_lease_that_a_caller_withdrew_from() -> None:
    local = Local(Settings(readings=WITHDRAWS))
    await local.control("POST", "clock/freeze")
    await local.control("POST", "lease/hold")
    gone = asyncio.Event()
    first = asyncio.create_task(local.call(hang_up=gone))
    await settled(local, 1)
    second = asyncio.create_task(local.call())
    await settled(local, 2)
    gone.set()
    await first
    await local.control("POST", "lease/release")
    await second
    assert outcomes(local) == ["turned_away", "started"]
    assert local.exchanges()[0].reason == "the caller hung up and withdrew"
    assert local.exchanges()[0].elapsed == 0


async def test_a_caller_who_was_turned_away_has_nothing_to_withdraw() -> None:
    local = Local(Settings(readings=Readings(disconnect="withdraws")))
    await local.control("POST", "clock/freeze")
    await local.control("POST", "lease/hold")
    gone = asyncio.Event()
    call = asyncio.create_task(local.call(hang_up=gone))
    await settled(local, 1)
    gone.set()
    for _ in range(1000):
        await asyncio.sleep(0)
        if local.exchanges()[0].hung_up:
            break
    assert not call.done()
    await local.control("POST", "clock/advance", {"seconds": 1})
    await call
    assert outcomes(local) == ["turned_away"]
    assert (local.exchanges()[0].hung_up, local.exchanges()[0].elapsed) == (True, SECOND)


@pytest.mark.claim("disconnect-counts")
async def test_a_caller_who_hung_up_still_gets_the_lease_if_it_counts() -> None:
    local = Local(Settings(readings=Readings(busy="try-for-1s")))
    await local.control("POST", "clock/freeze")
    await local.control("POST", "lease/hold")
    gone = asyncio.Event()
    call = asyncio.create_task(local.call(hang_up=gone))
    await settled(local, 1)
    gone.set()
    await local.control("POST", "lease/release")
    await call
    assert outcomes(local) == ["started"]
    assert local.exchanges()[0].hung_up


# ---- the whole -------------------------------------------------------------------------------


async def test_stopping_answers_everyone_at_once_with_the_reason_in_the_journal() -> None:
    local = Local(Settings(readings=Readings(busy="try-for-1s", run="blocking")))
    await local.control("POST", "clock/freeze")
    running = asyncio.create_task(local.call())
    await settled(local, 1)
    asking = asyncio.create_task(local.call())
    await settled(local, 2)
    local.mock.tenants.close("the mock was shut down")
    assert [(await call).status for call in (running, asking)] == [204, 204]
    assert outcomes(local) == ["started", "turned_away"]
    assert {one.reason for one in local.exchanges()} == {"the mock was shut down"}
    assert {one.elapsed for one in local.exchanges()} == {0}


async def test_who_comes_to_wait_after_the_end_began_is_answered_at_once(local: Local) -> None:
    await local.control("POST", "clock/freeze")
    await local.control("POST", "lease/hold")
    local.mock.tenants.close("the mock was shut down")
    assert (await local.call()).status == 204
    assert outcomes(local) == ["turned_away"]
    assert local.exchanges()[0].reason == "the mock was shut down"


async def test_a_call_that_comes_while_a_reset_waits_for_others_is_answered_too(
    local: Local,
) -> None:
    tenant = local.tenant()
    (first,) = await waiting(local)
    tenant.arrived()  # a call whose body is on its way, so the reset has to wait
    reset = asyncio.create_task(local.control("POST", "reset"))
    await first
    late = asyncio.create_task(local.call())
    await settled(local, 1)
    tenant.left()
    await reset
    assert (await asyncio.wait_for(late, 5)).status == 204
    assert local.exchanges() == []
    assert (await local.control("GET", "lease"))["held"] is False


async def late_body(local: Local, reset: str) -> Answered:
    """Reset the mock while the body of a call is on its way; return what the caller got."""
    body = asyncio.Event()
    call = asyncio.create_task(local.call(body_after=body))
    await asyncio.sleep(0)
    await local.control("POST", reset)
    body.set()
    return await call


@pytest.mark.slow
async def test_a_call_whose_body_comes_after_a_reset_starts_no_run(local: Local) -> None:
    refused = await late_body(local, "reset")
    assert refused.status == 503
    assert "reset before the call was complete" in refused.json()["MessageDetail"]
    assert (await local.control("GET", "lease"))["held"] is False
    assert (await local.control("GET", "runs"))["runs"] == []
    assert (local.tenant().in_flight, local.exchanges()) == (0, [])
    assert (await local.call()).status == 204
    assert outcomes(local) == ["started"]


@pytest.mark.slow
async def test_a_call_that_was_to_be_delayed_does_not_wait_on_after_a_reset(local: Local) -> None:
    await local.control("PUT", "faults", {"faults": [{"delay": 1}]})
    refused = await asyncio.wait_for(late_body(local, "reset"), 5)
    assert refused.status == 503
    assert (local.tenant().waiting, local.exchanges()) == (0, [])


async def test_a_call_whose_body_comes_after_its_journal_was_cleared_starts_its_run(
    local: Local,
) -> None:
    body = asyncio.Event()
    call = asyncio.create_task(local.call(body_after=body))
    await asyncio.sleep(0)
    await local.call("DELETE", "/_mock/requests", b"", {})
    body.set()
    assert (await call).status == 204
    assert (await local.control("GET", "lease"))["holder"]["run"] == 1


@pytest.mark.slow
async def test_a_call_that_stands_aside_after_a_reset_is_kept_waiting_no_longer(
    local: Local,
) -> None:
    tenant = local.tenant()
    exchange = tenant.journal.arrived(tenant.facts.id, "POST", PATH, tenant.now(), local.real)
    tenant.arrived()
    await tenant.reset()
    aside = tenant.stand_aside(exchange)
    assert (aside.result(), tenant.in_flight) == ("the mock was reset", 1)
    tenant.come_back(aside)
    tenant.left()
    assert tenant.in_flight == 0
