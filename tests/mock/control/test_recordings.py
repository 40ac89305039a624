"""A mock records its own traffic: harmless, in order, and with the truth."""

import asyncio
import json
from typing import Any

import pytest

from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import Entry
from superoffice_mock.webapi import capture
from tests.support.in_process import BASIC, PATH, Local, settled

ONLINE = {"authorization": "Bearer 8A:Cust12345.demo-token", "content-type": "application/json"}


async def recording(tenant: str = "onsite") -> Local:
    """Return a mock that records, on a clock that jumps."""
    local = Local()
    await local.control("POST", f"clock/jump?tenant={tenant}")
    told = await local.control("POST", f"recordings/start?tenant={tenant}")
    assert told == {"recording": tenant}
    return local


async def stopped(local: Local, tenant: str = "onsite") -> tuple[Entry, ...]:
    answered = await local.call("POST", f"/_mock/recordings/stop?tenant={tenant}", b"", {})
    assert answered.status == 200
    return har_file.read(answered.body).entries


async def test_what_happened_is_recorded_as_it_was_in_the_order_of_arrival() -> None:
    local = await recording()
    await asyncio.gather(*(local.call() for _ in range(3)))
    await local.call(body=b"{")
    await local.call("GET", f"{PATH}?$select=a")
    entries = await stopped(local)
    assert [(one.label.outcome, one.response.status) for one in entries] == [
        ("started", 204),
        ("turned_away", 204),
        ("turned_away", 204),
        ("rejected", 400),
        ("served", 200),
    ]
    assert {one.label.confidence for one in entries} == {"certain"}
    assert [one.label.arrival for one in entries] == [1, 2, 3, 4, 5]
    assert [one.elapsed for one in entries] == [0.0, 1.0, 1.0, 0.0, 0.0]
    assert entries[3].request.body == b"{"
    assert b"Message" in (entries[3].response.body or b"")


async def test_nothing_of_a_recording_is_a_secret_or_a_name() -> None:
    local = await recording()
    body = b'{"SyncUserAccounts":[{"AccountId":507,"AssociateName":"Ann"}]}'
    for _ in range(2):
        await local.call(body=body)
    answered = await local.call("POST", "/_mock/recordings/stop", b"", {})
    assert BASIC.encode() not in answered.body
    assert b"Ann" not in answered.body
    told: dict[str, Any] = json.loads(answered.body)["log"]["_mock"]
    assert told["redacted"]["credential"] == 4
    first, second = har_file.read(answered.body).entries
    assert first.request.all("authorization") == second.request.all("authorization")


async def test_calls_afterwards_and_of_other_tenants_are_not_recorded() -> None:
    local = await recording("Cust12345")
    await local.call()
    await local.call(path=f"/Cust12345{PATH}", headers=ONLINE)
    await local.call(path=f"/Cust99999{PATH}")
    entries = await stopped(local, "Cust12345")
    await local.call(path=f"/Cust12345{PATH}", headers=ONLINE)
    assert [one.label.tenant for one in entries] == ["Cust12345"]
    assert entries[0].label.arrival == 1
    assert entries[0].request.url.endswith(f".invalid/Cust12345{PATH}")
    await local.control("POST", "recordings/start?tenant=Cust12345")
    assert await stopped(local, "Cust12345") == ()


async def test_a_body_that_was_not_looked_at_is_not_taken_for_an_empty_one() -> None:
    local = await recording()
    await local.call(headers={"content-length": "40"})
    await local.call(body=b"", headers={"content-length": "0"})
    refused, empty = await stopped(local)
    assert (refused.request.body, empty.request.body) == (None, b"")


async def test_a_connection_that_a_fault_breaks_is_recorded_as_broken() -> None:
    local = Local()
    await local.control("PUT", "faults", {"faults": [{"status": 503, "retry_after": 2}]})
    await local.control("POST", "recordings/start")
    await local.call()
    (entry,) = await stopped(local)
    assert (entry.label.outcome, entry.response.status) == ("faulted", 503)
    assert entry.response.all("retry-after") == ("2",)


@pytest.mark.parametrize(("call", "said"), [("start", "is under way"), ("stop", "is not recorded")])
async def test_what_makes_no_sense_is_a_409_that_says_what_to_send(call: str, said: str) -> None:
    local = Local()
    if call == "start":
        await local.control("POST", "recordings/start")
    told = await local.control("POST", f"recordings/{call}")
    assert (told["status"], said in told["detail"]) == (409, True)
    assert "POST /_mock/recordings/" in told["detail"]


async def test_a_reset_ends_a_recording() -> None:
    local = await recording()
    await local.call()
    await local.control("POST", "reset")
    assert (await local.control("POST", "recordings/stop"))["status"] == 409
    await local.control("POST", "recordings/start")
    await local.call()
    assert len(await stopped(local)) == 1


async def test_a_tenant_that_is_removed_takes_its_recording_along() -> None:
    local = Local()
    for _ in range(capture.MOST + 1):
        made = await local.control("POST", "tenants", {})
        told = await local.control("POST", f"recordings/start?tenant={made['id']}")
        assert told == {"recording": made["id"]}
        await local.call("DELETE", f"/_mock/tenants/{made['id']}", b"", {})


async def test_there_are_not_endlessly_many_recordings() -> None:
    local = Local()
    for _ in range(capture.MOST):
        made = await local.control("POST", "tenants", {})
        await local.control("POST", f"recordings/start?tenant={made['id']}")
    told = await local.control("POST", "recordings/start")
    assert (told["status"], "20 recordings are under way" in told["detail"]) == (409, True)


async def test_a_recording_does_not_grow_endlessly() -> None:
    local = await recording()
    body = b'{"SyncUserAccounts":[{"AccountId":507}]}' + b" " * (1024 * 1024 - 100)
    for _ in range(9):
        await local.call(body=body)
    answered = await local.call("POST", "/_mock/recordings/stop", b"", {})
    assert answered.headers["superoffice-mock-left-out"] == "2"
    assert len(har_file.read(answered.body).entries) == 7


async def test_a_call_that_waits_when_a_recording_ends_is_not_in_it() -> None:
    local = await recording()
    await local.control("POST", "clock/freeze")
    await local.call()
    waits = asyncio.create_task(local.call())
    await settled(local, 1)
    assert len(await stopped(local)) == 1
    await local.control("POST", "clock/advance", {"seconds": 1})
    await waits
