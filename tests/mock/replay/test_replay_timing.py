"""When replayed answers are sent: the order of arrival, recorded times, and faults that delay."""

import asyncio
import itertools
from collections.abc import Coroutine

import pytest
from msgspec.structs import replace

from superoffice_mock.config.settings import Settings
from superoffice_mock.core.sync_run import seconds
from superoffice_mock.recordings.model import Entry, Label
from superoffice_mock.replay.player import Rules
from superoffice_mock.webapi import playback
from tests.mock.replay.servers import (
    ACCEPTED,
    OTHER,
    REJECTED,
    RULES,
    ReplayMock,
    during,
    run_pending_tasks,
)
from tests.support.in_process import ClientResponse, run_until_waiting
from tests.support.recordings import URL, entry

FIRST, SECOND = during(REJECTED, 100.5, 2.0), during(entry(body=OTHER), 101.5, 3.0)
QUICK = during(FIRST, 101.4, 0.2)
"""It overlaps with SECOND."""
TURNED_AWAY = during(ACCEPTED, 103.0, 1.25)


async def jumping_mock(*entries: Entry, rules: Rules = RULES) -> ReplayMock:
    mock = ReplayMock(*entries, rules=rules)
    await mock.control("POST", "clock/jump")
    return mock


async def test_an_answer_waits_for_requests_that_arrived_before_it() -> None:
    mock = await jumping_mock(QUICK, SECOND)
    first = asyncio.create_task(mock.send(QUICK))
    await run_pending_tasks()
    assert not first.done()
    assert (await mock.control("GET", "requests"))["requests"][0]["outcome"] == "pending"
    assert (await mock.send(SECOND)).status == 204
    assert (await first).status == 400


async def test_an_answer_is_a_miss_if_others_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playback, "ARRIVAL_TIMEOUT", 0.0)
    mock = await jumping_mock(FIRST, SECOND)
    assert (await mock.send(FIRST)).status == 404
    (exchange,) = mock.exchanges()
    assert exchange.outcome == "rejected"
    assert exchange.violations == ("did not arrive: some.har: log.entries[1]",)


async def test_no_answer_waits_without_timing_or_if_the_recorded_calls_did_not_overlap() -> None:
    for first, rules in ((FIRST, Rules(timing="none")), (during(FIRST, 100.5, 0.6), RULES)):
        mock = ReplayMock(first, SECOND, rules=rules)
        assert (await mock.send(first)).status == 400
        assert mock.exchanges()[0].elapsed == 0


async def test_a_client_that_awaits_each_answer_gets_them_all_at_once() -> None:
    """As a page does whose browser receives each answer for a while after its head came.

    An overlap elsewhere in the recording, or a tool that stamps all entries alike, changes nothing.
    """
    accounts = [b'{"SyncUserAccounts": [{"AccountId": %d}]}' % number for number in range(3)]
    calls = [entry(body=body) for body in accounts]
    received = [
        replace(during(call, at, took), receive_time=0.041)
        for call, at, took in zip(calls, (0.5, 0.508, 1.514), (0.047, 1.043, 0.045), strict=True)
    ]
    for recorded, others in (
        (received, ()),
        (received, (during(REJECTED, 50.0, 2.0), during(entry(body=OTHER), 51.5, 3.0))),
        ([during(call, 100.55, 0.04) for call in calls], ()),
        ([during(call, 100.0, 0.12) for call in calls], ()),
        ([during(call, at, 0.12) for call, at in zip(calls, (9, 9, 10), strict=True)], ()),
    ):
        mock = await jumping_mock(*recorded, *others)
        for call in reversed(recorded) if not others else recorded:
            assert (await mock.send(call)).status == 204


async def test_a_request_counts_as_arrived_though_its_client_disconnects() -> None:
    mock, disconnect = await jumping_mock(QUICK, SECOND), asyncio.Event()
    first = asyncio.create_task(
        mock.call(headers=list(FIRST.request.headers), disconnect=disconnect)
    )
    await run_pending_tasks()
    disconnect.set()
    await run_pending_tasks()
    assert (await mock.send(SECOND)).status == 204
    await first
    assert [exchange.hung_up for exchange in mock.exchanges()] == [True, False]


async def test_no_answer_waits_for_a_cors_preflight() -> None:
    preflight = entry(
        method="OPTIONS",
        headers=(("access-control-request-method", "POST"), ("origin", "http://localhost")),
        body=b"",
    )
    mock = await jumping_mock(FIRST, during(preflight, 101.5, 0.1), rules=Rules(timing="recorded"))
    assert (await mock.send(FIRST)).status == 400


async def test_an_answer_takes_as_long_as_recorded_on_the_clock_of_the_tenant() -> None:
    for rules in (RULES, Rules(timing="recorded")):
        mock = ReplayMock(TURNED_AWAY, rules=rules)
        await mock.control("POST", "clock/freeze")
        call = asyncio.create_task(mock.send(TURNED_AWAY))
        await run_until_waiting(mock, 1)
        (request,) = (await mock.control("GET", "requests"))["requests"]
        assert (request["outcome"], request["recorded"]) == ("pending", None)
        await mock.control("POST", "clock/advance", {"seconds": 1.2})
        assert not call.done()
        (event,) = (await mock.control("POST", "clock/advance", {"seconds": 1.0}))["events"]
        assert (event["event"], event["outcome"]) == ("answered", "replayed")
        assert (await call).status == 204
        (exchange,) = mock.exchanges()
        assert (exchange.outcome, exchange.elapsed) == ("replayed", seconds(1.25)), rules


async def test_the_recorded_time_excludes_the_queue_and_the_transfer() -> None:
    for quick in (
        replace(ACCEPTED, elapsed=3.0, service_time=0.1),
        replace(ACCEPTED, elapsed=3.0, service_time=3.0, receive_time=2.5),
        replace(ACCEPTED, elapsed=None, service_time=None),
    ):
        assert (await ReplayMock(quick).send(quick)).status == 204


async def test_a_recorded_stall_is_not_delayed() -> None:
    stall = during(entry(status=0, failure="timed out"), 100.5, 30.0)
    # Without a server there is no connection to stall, so the answer is a 503, without a delay.
    assert (await ReplayMock(stall).send(stall)).status == 503


async def test_a_connection_breaks_after_the_recorded_time() -> None:
    cut = during(entry(status=0, failure="reset"), 100.5, 2.0)
    mock = await jumping_mock(cut)
    assert (await mock.send(cut)).status == 503
    (exchange,) = mock.exchanges()
    assert (exchange.outcome, exchange.elapsed) == ("rejected", seconds(2.0))


async def test_a_reset_or_a_stop_ends_the_delay_and_the_wait_for_other_requests() -> None:
    reason = "some.har: log.entries[0]; the mock is shut down"
    for took, is_reset in itertools.product((0.2, 2.0), (True, False)):
        first = during(FIRST, 101.6 - took, took)
        mock = ReplayMock(first, SECOND)
        call = asyncio.create_task(mock.send(first))
        await run_pending_tasks()
        if is_reset:
            await mock.control("POST", "reset")
        else:
            mock.mock.close("the mock is shut down")
        assert (await call).status == 400
        ended = [(exchange.elapsed, exchange.reason) for exchange in mock.exchanges()]
        assert ended == ([] if is_reset else [(0, reason)]), took


async def test_a_client_that_disconnects_during_the_delay_is_noted() -> None:
    mock, disconnect = await jumping_mock(TURNED_AWAY), asyncio.Event()
    disconnect.set()
    await mock.call(headers=list(TURNED_AWAY.request.headers), disconnect=disconnect)
    (exchange,) = mock.exchanges()
    assert (exchange.hung_up, exchange.outcome) == (True, "replayed")


async def test_too_many_delayed_calls_get_a_503() -> None:
    mock = ReplayMock(*[TURNED_AWAY] * 2, settings=Settings(max_waiting=1))
    first = asyncio.create_task(mock.send(TURNED_AWAY))
    await run_until_waiting(mock, 1)
    assert (await mock.send(TURNED_AWAY)).status == 503
    await mock.control("POST", "reset")
    assert (await first).status == 204


async def delayed_mock(*entries: Entry, simulate: bool = False, **fault: object) -> ReplayMock:
    mock = ReplayMock(*entries, simulate=simulate)
    await mock.control("POST", "clock/freeze")
    answer = await mock.control("POST", "faults", fault)
    assert answer["faults"], answer
    return mock


async def finish(mock: ReplayMock, call: Coroutine[None, None, ClientResponse]) -> int:
    """Advance the clock far enough for *call*, and return its status."""
    task = asyncio.create_task(call)
    await run_until_waiting(mock, 1)
    await mock.control("POST", "clock/advance", {"seconds": 10.0})
    return (await task).status


async def test_a_fault_fires_before_a_recorded_answer_and_uses_none_up() -> None:
    mock = await delayed_mock(ACCEPTED, status=503)
    assert [(await mock.send(ACCEPTED)).status for _ in range(3)] == [503, 204, 404]
    assert mock.outcomes() == ["faulted", "replayed", "rejected"]
    assert (await mock.control("GET", "faults"))["faults"][0]["armed"] is False


async def test_a_fault_uses_up_an_exchange_that_a_fault_answered_when_recorded() -> None:
    faulted = entry(status=503, label=Label("faulted", "certain"))
    mock = await delayed_mock(faulted, ACCEPTED, faulted, status=503)
    assert [(await mock.send(ACCEPTED)).status for _ in range(4)] == [503, 204, 503, 404]


async def test_answers_that_wait_for_an_exchange_go_on_when_a_fault_uses_it_up() -> None:
    first = during(ACCEPTED, 101.4, 0.2)
    faulted = during(entry(body=OTHER, status=503, label=Label("faulted")), 101.5, 0.1)
    mock = ReplayMock(first, faulted)
    waiting = asyncio.create_task(mock.send(first))
    await run_pending_tasks()
    assert not waiting.done()
    await mock.control("POST", "faults", {"status": 503})
    assert (await mock.send(faulted)).status == 503
    assert (await waiting).status == 204


async def test_a_fault_fires_only_for_the_call_itself() -> None:
    read = entry(method="GET", body=b"", status=200)
    other = entry(url=f"{URL}Other", status=404)
    mock = await delayed_mock(read, other, ACCEPTED, status=503)
    statuses = [(await mock.send(original)).status for original in (read, other, ACCEPTED)]
    assert statuses == [200, 404, 503]


async def test_a_delayed_call_takes_the_longer_of_its_recorded_time_and_the_delay() -> None:
    for by in (0.5, 1.5):
        mock = await delayed_mock(TURNED_AWAY, delay=by)
        call = asyncio.create_task(mock.send(TURNED_AWAY))
        await run_until_waiting(mock, 1)
        events = (await mock.control("POST", "clock/advance", {"seconds": 10.0}))["events"]
        assert [event["outcome"] for event in events] == ["replayed"]
        assert (await call).status == 204
        (exchange,) = mock.exchanges()
        assert (exchange.outcome, exchange.elapsed) == ("replayed", seconds(max(by, 1.25)))
        assert exchange.reason == f"fault 1 delayed it by {by} s; some.har: log.entries[0]"


async def test_a_delayed_call_that_is_not_recorded_is_a_miss_after_the_delay() -> None:
    mock = await delayed_mock(ACCEPTED, delay=1.5)
    assert await finish(mock, mock.call(body=OTHER)) == 404
    (exchange,) = mock.exchanges()
    assert (exchange.outcome, exchange.elapsed) == ("rejected", seconds(1.5))
    assert exchange.violations == ("body /SyncUserAccounts/0/AccountId: recorded 507, got 508",)


async def test_a_delayed_call_that_is_not_recorded_can_be_simulated_and_is_delayed_once() -> None:
    mock = await delayed_mock(ACCEPTED, simulate=True, delay=1.5, every=1)
    assert await finish(mock, mock.call(body=OTHER)) == 204
    (exchange,) = mock.exchanges()
    assert (exchange.outcome, exchange.elapsed) == ("started", seconds(1.5))
    assert (await mock.control("GET", "faults"))["faults"][0]["fired"] == 1


async def test_a_call_that_is_delayed_at_the_end_uses_up_no_recorded_answer() -> None:
    mock = await delayed_mock(REJECTED, delay=1.5)
    call = asyncio.create_task(mock.send(REJECTED))
    await run_until_waiting(mock, 1)
    mock.tenant().answer_all("somebody is impatient")
    assert (await call).status == 204
    assert (await mock.send(REJECTED)).status == 400


async def test_a_delayed_call_may_have_a_body_as_long_as_a_recorded_one() -> None:
    long = entry(body=b"x" * (2 << 20), status=413)
    mock = await delayed_mock(long, delay=1.5)
    assert await finish(mock, mock.send(long)) == 413
    assert mock.exchanges()[0].outcome == "replayed"
