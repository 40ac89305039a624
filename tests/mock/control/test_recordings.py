"""`/_mock/recordings`: the mock records its own traffic, without secrets."""

import asyncio

import pytest
from msgspec import structs

from superoffice_mock.core.sync_run import ExchangeId, TenantId
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import Entry, RecordedRequest, RecordedResponse
from superoffice_mock.redaction.allow_list import AllowList
from superoffice_mock.webapi import capture
from superoffice_mock.webapi.operations import registry
from tests.mock.control.problems import expect_problem
from tests.support.in_process import PATH, InProcessMock, run_until_waiting

ONLINE = {"authorization": "Bearer 8A:Cust12345.demo-token", "content-type": "application/json"}


async def start_recording(tenant: str = "onsite") -> InProcessMock:
    """Return a mock that records and whose clock jumps."""
    local = InProcessMock()
    await local.control("POST", f"clock/jump?tenant={tenant}")
    content = await local.control("POST", f"recordings/start?tenant={tenant}")
    assert content == {"recording": tenant}
    return local


async def stop_recording(local: InProcessMock, tenant: str = "onsite") -> tuple[Entry, ...]:
    response = await local.call("POST", f"/_mock/recordings/stop?tenant={tenant}", b"", {})
    assert response.status == 200
    return har_file.read(response.body).entries


async def test_exchanges_are_recorded_in_the_order_of_arrival() -> None:
    local = await start_recording()
    await asyncio.gather(*(local.call() for _ in range(3)))
    await local.call(body=b"{")
    await local.call("GET", f"{PATH}?$select=a")
    entries = await stop_recording(local)
    assert [(entry.label.outcome, entry.response.status) for entry in entries] == [
        ("started", 204),
        ("turned_away", 204),
        ("turned_away", 204),
        ("rejected", 400),
        ("served", 200),
    ]
    assert {entry.label.confidence for entry in entries} == {"certain"}
    assert [entry.label.arrival for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.elapsed for entry in entries] == [0.0, 1.0, 1.0, 0.0, 0.0]
    assert entries[3].request.body == b"{"
    assert b"Message" in (entries[3].response.body or b"")


async def test_calls_afterwards_and_of_other_tenants_are_not_recorded() -> None:
    local = await start_recording("Cust12345")
    await local.call()
    await local.call(path=f"/Cust12345{PATH}", headers=ONLINE)
    await local.call(path=f"/Cust99999{PATH}")
    entries = await stop_recording(local, "Cust12345")
    await local.call(path=f"/Cust12345{PATH}", headers=ONLINE)
    assert [entry.label.tenant for entry in entries] == ["Cust12345"]
    assert entries[0].label.arrival == 1
    assert entries[0].request.url.endswith(f".invalid/Cust12345{PATH}")
    await local.control("POST", "recordings/start?tenant=Cust12345")
    assert await stop_recording(local, "Cust12345") == ()


async def test_a_body_that_was_not_read_is_recorded_as_unknown_and_not_as_empty() -> None:
    local = await start_recording()
    await local.call(headers={"content-length": "40"})
    await local.call(body=b"", headers={"content-length": "0"})
    unread, empty = await stop_recording(local)
    assert (unread.request.body, empty.request.body) == (None, b"")


async def test_the_answer_of_a_fault_is_recorded() -> None:
    local = InProcessMock()
    await local.control("PUT", "faults", {"faults": [{"status": 503, "retry_after": 2}]})
    await local.control("POST", "recordings/start")
    await local.call()
    (entry,) = await stop_recording(local)
    assert (entry.label.outcome, entry.response.status) == ("faulted", 503)
    assert entry.response.get_all("retry-after") == ("2",)


async def test_a_recording_has_when_a_caller_left_as_the_journal_does() -> None:
    """The status is that of no answer, whatever the call became and however long it waited."""
    for outcome, left_after in (("turned_away", 0.25), ("turned_away", 0.75), ("rejected", 0.0)):
        local = InProcessMock()
        await local.control("POST", "clock/freeze")
        await local.control("POST", "recordings/start")
        await local.control("POST", "lease/hold")
        gone = asyncio.Event()
        if outcome == "rejected":
            await local.call(messages=[{"type": "http.disconnect"}])
        else:
            call = asyncio.create_task(local.call(disconnect=gone))
            await run_until_waiting(local, 1)
            await local.control("POST", "clock/advance", {"seconds": left_after})
            gone.set()
            while not local.exchanges()[0].hung_up:  # noqa: ASYNC110 - loop turns, no time
                await asyncio.sleep(0)
            await local.control("POST", "clock/advance", {"seconds": 5.0})
            await call
        (entry,) = await stop_recording(local)
        assert (entry.response.status, entry.response.failure) == (0, "aborted")
        assert (entry.label.outcome, entry.elapsed) == (outcome, left_after)
        (request,) = (await local.control("GET", "requests"))["requests"]
        assert (request["hung_up"], request["hung_up_after"]) == (True, left_after)


async def test_a_recording_can_be_started_and_stopped_once(local: InProcessMock) -> None:
    detail = await expect_problem(local, "POST", "recordings/stop", 409)
    assert "is not recorded" in detail
    assert "POST /_mock/recordings/start" in detail
    await local.control("POST", "recordings/start")
    detail = await expect_problem(local, "POST", "recordings/start", 409)
    assert "is under way" in detail
    assert "POST /_mock/recordings/stop" in detail


async def test_a_reset_ends_a_recording() -> None:
    local = await start_recording()
    await local.call()
    await local.control("POST", "reset")
    assert (await local.control("POST", "recordings/stop"))["status"] == 409
    await local.control("POST", "recordings/start")
    await local.call()
    assert len(await stop_recording(local)) == 1


async def test_the_number_of_recordings_is_limited_and_those_of_removed_tenants_end() -> None:
    local = InProcessMock()
    for _ in range(capture.MAX_CAPTURES):
        tenant = (await local.control("POST", "tenants", {}))["id"]
        content = await local.control("POST", f"recordings/start?tenant={tenant}")
        assert content == {"recording": tenant}
    detail = await expect_problem(local, "POST", "recordings/start", 409)
    assert "20 recordings are under way" in detail
    await local.call("DELETE", f"/_mock/tenants/{tenant}", b"", {})
    assert await local.control("POST", "recordings/start") == {"recording": "onsite"}


async def test_the_size_of_a_recording_is_limited() -> None:
    local = await start_recording()
    body = b'{"SyncUserAccounts":[{"AccountId":507}]}' + b" " * (1024 * 1024 - 100)
    for _ in range(9):
        await local.call(body=body)
    response = await local.call("POST", "/_mock/recordings/stop", b"", {})
    assert response.headers["superoffice-mock-left-out"] == "2"
    assert len(har_file.read(response.body).entries) == 7


@pytest.mark.slow
async def test_the_size_of_a_recording_is_limited_as_har_too() -> None:
    """These bodies are invalid, and their pseudonyms make them several times as long."""
    local = await start_recording()
    for _ in range(3):
        assert (await local.call(body=b'{"a 1":' * 110_000)).status == 400
    response = await local.call("POST", "/_mock/recordings/stop", b"", {})
    left_out = int(response.headers["superoffice-mock-left-out"])
    assert 0 < left_out == 3 - len(har_file.read(response.body).entries)
    assert len(response.body) < 2 * capture.MAX_BYTES


async def test_calls_are_answered_while_a_recording_is_redacted() -> None:
    local = await start_recording()
    names = ",".join(f'"secret number {number}"' for number in range(4_000))
    body = b'{"SyncUserAccounts":[{"AccountId":507}],"Names":[%s]}' % names.encode()
    for _ in range(3):
        await local.call(body=body)
    stopping, answered = asyncio.create_task(stop_recording(local)), 0
    await asyncio.sleep(0)
    while not stopping.done():
        assert (await local.call("GET")).status == 200
        answered += 1
        await asyncio.sleep(0)
    assert answered > 10
    assert [entry.label.arrival for entry in await stopping] == [1, 2, 3]


async def test_an_exchange_that_cannot_be_redacted_is_left_out_and_the_journal_says_why() -> None:
    local = InProcessMock()
    await local.call()
    journal, tenant = local.mock.journal, TenantId("onsite")
    captures = capture.Captures(journal, registry.load().description)
    captures.start(tenant)
    good = Entry(request=RecordedRequest("GET", "http://x/"), response=RecordedResponse(200))
    captures.running[tenant].add(ExchangeId(1), structs.replace(good, at=1e20))
    captures.running[tenant].add(ExchangeId(2), good)  # the journal has forgotten it
    recording = captures.stop(tenant)
    assert len(har_file.read(await captures.encode(tenant, recording)).entries) == 1
    assert recording.omitted == 1
    assert "har_writer.py" in (local.exchanges()[0].failure or "")
    rest = recording.encode(AllowList(registry.load().description))
    assert har_file.read(rest).entries == (), "nobody waits for it any more"


async def test_a_call_that_still_waits_when_a_recording_ends_is_not_in_it() -> None:
    local = await start_recording()
    await local.control("POST", "clock/freeze")
    await local.call()
    call = asyncio.create_task(local.call())
    await run_until_waiting(local, 1)
    assert len(await stop_recording(local)) == 1
    await local.control("POST", "clock/advance", {"seconds": 1})
    await call
