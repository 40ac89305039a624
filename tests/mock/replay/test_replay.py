"""Replay in this process: what was recorded is answered, in order; a miss tells what is near."""

import asyncio

import pytest
from msgspec.structs import replace

from superoffice_mock.config.settings import Settings
from superoffice_mock.core.journal import Exchange
from superoffice_mock.core.lease import Replayed
from superoffice_mock.core.sync_run import ExchangeId, Instant, TenantId, seconds
from superoffice_mock.recordings.model import Entry, Headers, Label
from superoffice_mock.redaction.redactor import Redactor
from superoffice_mock.replay.player import Rules
from superoffice_mock.webapi import playback
from tests.mock.replay.servers import RULES, Replaying, during, passing
from tests.support.in_process import settled
from tests.support.recordings import BASIC, BODY, JSON, URL, entry, recording

OTHER = b'{"SyncUserAccounts": [{"AccountId": 508}]}'
TYPED: Headers = (("content-type", "application/json"), ("x-made-by", "them"))
REFUSED = entry(status=400, answered=TYPED, answer=b'{"Message": "no"}')
SERVED = entry(status=204)


async def test_status_headers_and_body_are_those_of_the_recording() -> None:
    mock = Replaying(REFUSED)
    answered = await mock.again(REFUSED)
    assert (answered.status, answered.body) == (400, b'{"Message": "no"}')
    assert answered.headers == {**dict(TYPED), "content-length": "17"}
    (exchange,) = mock.exchanges()
    assert (exchange.outcome, exchange.reason) == ("replayed", "some.har: log.entries[0]")
    assert exchange.body == BODY


async def test_the_journal_tells_what_became_of_the_call_when_it_was_recorded() -> None:
    mock = Replaying(replace(SERVED, label=Label("turned_away", "medium")), SERVED)
    for _ in range(3):
        await mock.again(SERVED)
    told = (await mock.control("GET", "requests"))["requests"]
    assert [one["recorded"] for one in told] == [
        {"outcome": "turned_away", "confidence": "medium"},
        {"outcome": "unknown", "confidence": None},
        None,
    ]
    assert [one["outcome"] for one in told] == ["replayed", "replayed", "rejected"]
    assert told[0]["reason"] == "some.har: log.entries[0], recorded as turned away (medium)"


async def test_what_belonged_to_the_old_connection_is_not_sent_again() -> None:
    old = (("content-length", "9"), ("transfer-encoding", "chunked"), ("date", "then"))
    coded = (("content-encoding", "gzip"), ("access-control-allow-origin", "https://a.example"))
    one = entry(answered=(*old, *coded))
    assert (await Replaying(one).again(one)).headers == {}


async def test_identical_requests_get_the_recorded_answers_in_their_order_and_then_a_miss() -> None:
    mock = Replaying(REFUSED, SERVED)
    statuses = [(await mock.again(SERVED)).status for _ in range(3)]
    assert statuses == [400, 204, 404]
    reason = mock.exchanges()[-1].reason or ""
    assert reason.startswith("all 2 recorded answers to this request have been given")


async def test_repeat_gives_them_again_in_their_order() -> None:
    mock = Replaying(REFUSED, SERVED, rules=Rules(repeat=True))
    statuses = [(await mock.again(SERVED)).status for _ in range(5)]
    assert statuses == [400, 204, 400, 204, 400]
    assert (await mock.call(body=OTHER)).status == 404


async def test_a_reset_starts_over() -> None:
    mock = Replaying(REFUSED)
    await mock.again(REFUSED)
    await mock.control("POST", "reset")
    assert (await mock.again(REFUSED)).status == 400


async def test_a_miss_is_the_vendors_404_and_the_journal_shows_what_is_near() -> None:
    mock = Replaying(entry(url=f"{URL}Other", body=OTHER), SERVED)
    answered = await mock.call(body=OTHER)
    assert answered.status == 404
    assert answered.json()["Message"].startswith("No HTTP resource was found")
    (exchange,) = mock.exchanges()
    assert exchange.outcome == "rejected"
    assert exchange.reason == (
        "no recorded request is this one; the nearest, some.har: log.entries[1], differs in body"
    )
    assert exchange.violations == ("body /SyncUserAccounts/0/AccountId: recorded 507, got 508",)


async def test_a_tenant_without_a_recording_says_so() -> None:
    mock = Replaying(SERVED)
    path = "/Cust12345/api/v1/Agents/EMail/SyncEmailAccounts"
    assert (await mock.call(path=path)).status == 404
    (exchange,) = mock.exchanges("Cust12345")
    assert exchange.reason == "nothing is recorded for this tenant"


async def test_a_miss_tells_no_secret() -> None:
    clean = Redactor().recording(recording(SERVED)).entries[0]
    mock = Replaying(clean, replace(clean, request=SERVED.request))
    await mock.call()
    secret = "dGplMDpOb3RIaXM="
    headers = {"authorization": f"Basic {secret}", "content-type": "application/json"}
    assert (await mock.call(headers=headers)).status == 404
    told = repr(mock.exchanges()[-1])
    assert "credentials" in told
    assert secret not in told
    assert "NotHis" not in told


async def test_a_pseudonym_stands_for_one_value_and_no_two_for_the_same() -> None:
    one, two = entry(), entry(headers=(("authorization", "SOTicket 7T:other"), *JSON))
    clean = Redactor().recording(recording(one, one, two, two)).entries
    mock = Replaying(*clean)

    async def called(authorization: str) -> int:
        headers = {"authorization": authorization, "content-type": "application/json"}
        return (await mock.call(headers=headers)).status

    assert await called("SOTicket anything at all") == 204
    assert await called("SOTicket something else") == 404
    assert await called("SOTicket anything at all") == 204
    assert await called("Basic YTpi") == 204
    assert await called("Basic YTpj") == 404
    assert await called("Basic YTpi") == 204


async def test_what_is_not_recorded_may_be_simulated() -> None:
    mock = Replaying(REFUSED, simulate=True)
    assert (await mock.again(REFUSED)).status == 400
    assert (await mock.call(body=OTHER)).status == 204
    assert [one.outcome for one in mock.exchanges()] == ["replayed", "started"]
    assert (await mock.call(body=b"{")).status == 400


async def test_names_loosen_what_is_compared() -> None:
    mock = Replaying(SERVED, rules=Rules(("path", "body")))
    assert (await mock.call("PUT", headers={"content-type": "application/json"})).status == 204


async def test_a_body_is_the_same_in_another_media_type_and_spelling() -> None:
    mock = Replaying(SERVED, SERVED, rules=Rules())
    form = "application/x-www-form-urlencoded"
    headers = {"authorization": BASIC[0][1], "content-type": form}
    body = b"syncuseraccounts[0].accountid=507"
    assert (await mock.call(body=body, headers=headers)).status == 204
    strict = Replaying(SERVED, rules=Rules(("body", "media-type")))
    assert (await strict.call(body=body, headers=headers)).status == 404
    (exchange,) = strict.exchanges()
    assert exchange.violations == (f"media-type: recorded application/json, got {form}",)


async def test_a_recorded_call_too_long_for_the_simulation_is_still_found() -> None:
    long = entry(body=b"x" * (2 << 20), status=413)
    assert (await Replaying(long).again(long)).status == 413


async def test_a_body_that_is_not_on_record_is_any_body_and_an_answers_is_left_out() -> None:
    mock = Replaying(entry(body=None, status=200, answer=None))
    assert (await mock.call(body=OTHER)).status == 200
    (exchange,) = mock.exchanges()
    assert (exchange.reason or "").endswith("without its body, which is not on record")


async def test_a_request_that_may_be_any_of_two_gets_them_in_their_order() -> None:
    clean = Redactor().recording(recording(REFUSED)).entries[0]
    other = Redactor().recording(recording(SERVED)).entries[0]
    mock = Replaying(REFUSED, clean, SERVED, other)
    statuses = [(await mock.again(SERVED)).status for _ in range(5)]
    assert statuses == [400, 400, 204, 404, 404]


async def test_a_page_is_told_by_the_mock_whether_it_may_read() -> None:
    mock = Replaying(entry(answered=(("access-control-allow-origin", "http://127.0.0.1:1"),)))
    headers = {**dict((*BASIC, *JSON)), "origin": "http://127.0.0.1:2"}
    answered = await mock.call(headers=headers)
    assert answered.headers["access-control-allow-origin"] == "http://127.0.0.1:2"


# ---- in the order of arrival -----------------------------------------------------------------

FIRST, SECOND = during(REFUSED, 100.5, 2.0), during(entry(body=OTHER), 101.5, 3.0)


async def jumping(*entries: Entry, rules: Rules = RULES) -> Replaying:
    mock = Replaying(*entries, rules=rules)
    await mock.control("POST", "clock/jump")
    return mock


async def test_an_answer_leaves_after_those_who_had_arrived_before_it() -> None:
    quick = during(FIRST, 101.4, 0.2)
    mock = await jumping(quick, SECOND)
    first = asyncio.create_task(mock.again(quick))
    await passing()
    assert not first.done()
    assert (await mock.control("GET", "requests"))["requests"][0]["outcome"] == "pending"
    assert (await mock.again(SECOND)).status == 204
    assert (await first).status == 400


async def test_whoever_waits_in_vain_gets_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playback, "PATIENCE", 0.0)
    mock = await jumping(FIRST, SECOND)
    assert (await mock.again(FIRST)).status == 404
    (exchange,) = mock.exchanges()
    assert exchange.outcome == "rejected"
    assert exchange.violations == ("did not arrive: some.har: log.entries[1]",)


async def test_nobody_waits_who_is_told_not_to() -> None:
    mock = Replaying(FIRST, SECOND, rules=Rules(timing="none"))
    assert (await mock.again(FIRST)).status == 400
    assert mock.exchanges()[0].elapsed == 0


async def test_nobody_waits_where_nothing_overlapped_and_all_was_quick() -> None:
    quick = during(FIRST, 100.5, 0.6)
    mock = Replaying(quick, SECOND)
    assert (await mock.again(quick)).status == 400


async def test_a_reset_answers_whoever_waits_for_others() -> None:
    quick = during(FIRST, 101.4, 0.2)
    mock = Replaying(quick, SECOND)
    first = asyncio.create_task(mock.again(quick))
    await passing()
    await mock.control("POST", "reset")
    assert (await first).status == 400


async def test_a_caller_who_hangs_up_while_it_waits_has_still_arrived() -> None:
    quick = during(FIRST, 101.4, 0.2)
    mock, gone = await jumping(quick, SECOND), asyncio.Event()
    first = asyncio.create_task(mock.call(headers=list(FIRST.request.headers), hang_up=gone))
    await passing()
    gone.set()
    await passing()
    assert (await mock.again(SECOND)).status == 204
    await first
    assert [one.hung_up for one in mock.exchanges()] == [True, False]


async def test_a_page_that_asks_first_is_waited_for_by_nobody() -> None:
    asks = entry(
        method="OPTIONS",
        headers=(("access-control-request-method", "POST"), ("origin", "http://localhost")),
        body=b"",
    )
    mock = await jumping(FIRST, during(asks, 101.5, 0.1), rules=Rules(timing="recorded"))
    assert (await mock.again(FIRST)).status == 400


# ---- for as long as it took ------------------------------------------------------------------

TURNED_AWAY = during(SERVED, 103.0, 1.25)


@pytest.mark.parametrize("rules", [Rules(), Rules(timing="recorded")])
async def test_an_answer_that_took_a_second_takes_it_again_on_the_tenants_clock(
    rules: Rules,
) -> None:
    mock = Replaying(TURNED_AWAY, rules=rules)
    await mock.control("POST", "clock/freeze")
    called = asyncio.create_task(mock.again(TURNED_AWAY))
    await settled(mock, 1)
    (told,) = (await mock.control("GET", "requests"))["requests"]
    assert (told["outcome"], told["recorded"]) == ("pending", None)
    await mock.control("POST", "clock/advance", {"seconds": 1.2})
    assert not called.done()
    (event,) = (await mock.control("POST", "clock/advance", {"seconds": 1.0}))["events"]
    assert (event["event"], event["outcome"]) == ("answered", "replayed")
    assert (await called).status == 204
    (exchange,) = mock.exchanges()
    assert (exchange.outcome, exchange.elapsed) == ("replayed", seconds(1.25))


async def test_a_clock_that_jumps_does_not_wait_for_the_second() -> None:
    mock = await jumping(TURNED_AWAY)
    before = mock.tenant().now()
    await mock.again(TURNED_AWAY)
    assert mock.tenant().now() == before + seconds(1.25)


async def test_the_time_to_the_answer_counts_not_a_queue_before_nor_the_transfer_after_it() -> None:
    queued = replace(SERVED, elapsed=3.0, waited=0.1)
    assert (await Replaying(queued).again(queued)).status == 204
    long = replace(SERVED, elapsed=3.0, waited=3.0, received=2.5)
    assert (await Replaying(long).again(long)).status == 204
    unknown = replace(SERVED, elapsed=None, waited=None)
    assert (await Replaying(unknown).again(unknown)).status == 204


async def test_where_no_answer_ever_came_the_silence_is_not_put_off() -> None:
    silent = during(entry(status=0, failed="timed out"), 100.5, 30.0)
    # In this process there is no connection to keep silent on; the 503 says so, and at once.
    assert (await Replaying(silent).again(silent)).status == 503


async def test_a_connection_breaks_when_it_broke() -> None:
    cut = during(entry(status=0, failed="reset"), 100.5, 2.0)
    mock = await jumping(cut)
    assert (await mock.again(cut)).status == 503
    (exchange,) = mock.exchanges()
    assert (exchange.outcome, exchange.elapsed) == ("rejected", seconds(2.0))


async def test_a_reset_answers_at_once_whoever_is_held() -> None:
    mock = Replaying(TURNED_AWAY)
    called = asyncio.create_task(mock.again(TURNED_AWAY))
    await settled(mock, 1)
    await mock.control("POST", "reset")
    assert (await called).status == 204
    assert not mock.exchanges()


@pytest.mark.parametrize("took", [0.2, 2.0])
async def test_the_end_of_the_mock_answers_at_once_and_the_journal_says_so(took: float) -> None:
    first = during(FIRST, 101.6 - took, took)
    mock = Replaying(first, SECOND)
    called = asyncio.create_task(mock.again(first))
    await passing()
    mock.mock.close("the mock is shut down")
    assert (await called).status == 400
    (exchange,) = mock.exchanges()
    assert (exchange.elapsed, exchange.reason) == (
        0,
        "some.har: log.entries[0]; the mock is shut down",
    )


async def test_a_caller_who_hangs_up_while_it_is_held_is_noted() -> None:
    mock, gone = await jumping(TURNED_AWAY), asyncio.Event()
    gone.set()
    await mock.call(headers=list(TURNED_AWAY.request.headers), hang_up=gone)
    (exchange,) = mock.exchanges()
    assert (exchange.hung_up, exchange.outcome) == (True, "replayed")


async def test_too_many_to_hold_are_told_so() -> None:
    mock = Replaying(*[TURNED_AWAY] * 2, settings=Settings(max_waiting=1))
    first = asyncio.create_task(mock.again(TURNED_AWAY))
    await settled(mock, 1)
    assert (await mock.again(TURNED_AWAY)).status == 503
    await mock.control("POST", "reset")
    assert (await first).status == 204


# ---- faults ----------------------------------------------------------------------------------


async def armed(*entries: Entry, simulate: bool = False, **fault: object) -> Replaying:
    mock = Replaying(*entries, simulate=simulate)
    await mock.control("POST", "clock/freeze")
    told = await mock.control("POST", "faults", fault)
    assert told["faults"], told
    return mock


async def test_a_fault_strikes_before_a_recorded_answer_and_uses_none_up() -> None:
    mock = await armed(SERVED, status=503)
    assert [(await mock.again(SERVED)).status for _ in range(3)] == [503, 204, 404]
    assert [one.outcome for one in mock.exchanges()] == ["faulted", "replayed", "rejected"]
    assert (await mock.control("GET", "faults"))["faults"][0]["armed"] is False


async def test_a_fault_uses_up_what_a_fault_had_answered_when_it_was_recorded() -> None:
    faulted = entry(status=503, label=Label("faulted", "certain"))
    mock = await armed(faulted, SERVED, faulted, status=503)
    assert [(await mock.again(SERVED)).status for _ in range(4)] == [503, 204, 503, 404]


async def test_a_fault_lets_those_go_on_who_waited_for_what_it_uses_up() -> None:
    first = during(SERVED, 101.4, 0.2)
    faulted = during(entry(body=OTHER, status=503, label=Label("faulted")), 101.5, 0.1)
    mock = Replaying(first, faulted)
    waiting = asyncio.create_task(mock.again(first))
    await passing()
    assert not waiting.done()
    await mock.control("POST", "faults", {"status": 503})
    assert (await mock.again(faulted)).status == 503
    assert (await waiting).status == 204


async def test_a_fault_strikes_only_the_call_itself() -> None:
    read = entry(method="GET", body=b"", status=200)
    other = entry(url=f"{URL}Other", status=404)
    mock = await armed(read, other, SERVED, status=503)
    assert [(await mock.again(one)).status for one in (read, other, SERVED)] == [200, 404, 503]


@pytest.mark.parametrize("by", [0.5, 1.5])
async def test_a_delayed_call_takes_as_long_as_when_it_was_recorded_or_as_the_delay(
    by: float,
) -> None:
    mock = await armed(TURNED_AWAY, delay=by)
    called = asyncio.create_task(mock.again(TURNED_AWAY))
    await settled(mock, 1)
    events = (await mock.control("POST", "clock/advance", {"seconds": 10.0}))["events"]
    assert [one["outcome"] for one in events] == ["replayed"]
    assert (await called).status == 204
    (exchange,) = mock.exchanges()
    assert (exchange.outcome, exchange.elapsed) == ("replayed", seconds(max(by, 1.25)))
    assert exchange.reason == f"fault 1 delayed it by {by} s; some.har: log.entries[0]"


async def test_a_delayed_call_that_is_not_recorded_is_a_miss_when_it_arrives() -> None:
    mock = await armed(SERVED, delay=1.5)
    called = asyncio.create_task(mock.call(body=OTHER))
    await settled(mock, 1)
    await mock.control("POST", "clock/advance", {"seconds": 10.0})
    assert (await called).status == 404
    (exchange,) = mock.exchanges()
    assert (exchange.outcome, exchange.elapsed) == ("rejected", seconds(1.5))
    assert exchange.violations == ("body /SyncUserAccounts/0/AccountId: recorded 507, got 508",)


async def test_a_delayed_call_that_is_not_recorded_may_be_simulated_and_is_struck_once() -> None:
    mock = await armed(SERVED, simulate=True, delay=1.5, every=1)
    called = asyncio.create_task(mock.call(body=OTHER))
    await settled(mock, 1)
    await mock.control("POST", "clock/advance", {"seconds": 10.0})
    assert (await called).status == 204
    (exchange,) = mock.exchanges()
    assert (exchange.outcome, exchange.elapsed) == ("started", seconds(1.5))
    assert (await mock.control("GET", "faults"))["faults"][0]["fired"] == 1


async def test_who_is_delayed_at_the_end_uses_no_recorded_answer_up() -> None:
    mock = await armed(REFUSED, delay=1.5)
    called = asyncio.create_task(mock.again(REFUSED))
    await settled(mock, 1)
    mock.tenant().answer_all("somebody is impatient")
    assert (await called).status == 204
    assert (await mock.again(REFUSED)).status == 400


async def test_the_body_that_a_fault_keeps_is_as_long_as_a_recorded_one() -> None:
    long = entry(body=b"x" * (2 << 20), status=413)
    mock = await armed(long, delay=1.5)
    called = asyncio.create_task(mock.again(long))
    await settled(mock, 1)
    await mock.control("POST", "clock/advance", {"seconds": 10.0})
    assert (await called).status == 413
    assert mock.exchanges()[0].outcome == "replayed"


# ---- connections that broke ------------------------------------------------------------------


async def test_a_broken_connection_needs_a_server_to_be_broken_again() -> None:
    broken = entry(status=0, failed="reset", answer=None)
    mock = Replaying(broken)
    assert (await mock.again(broken)).status == 503


def test_a_replayed_exchange_is_replayed_even_if_it_has_no_status() -> None:
    exchange = Exchange(ExchangeId(1), TenantId("onsite"), "POST", "/", Instant(0), 0)
    exchange.verdict, exchange.elapsed = Replayed(Instant(0)), 0
    assert exchange.outcome == "replayed"
