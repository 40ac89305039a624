"""Replay in this process: recorded answers come in order; a miss reports the nearest exchange."""

from msgspec.structs import replace

from superoffice_mock.core.journal import Exchange
from superoffice_mock.core.sync_run import ExchangeId, Instant, TenantId
from superoffice_mock.core.verdicts import Replayed
from superoffice_mock.recordings.model import Label
from superoffice_mock.redaction.redactor import Redactor
from tests.mock.replay.servers import ACCEPTED, OTHER, REJECTED, RESPONSE_HEADERS, ReplayMock
from tests.support.recordings import BASIC, BODY, JSON, URL, entry, recording


async def test_status_headers_and_body_come_from_the_recording() -> None:
    mock = ReplayMock(REJECTED)
    response = await mock.send(REJECTED)
    assert (response.status, response.body) == (400, b'{"Message": "no"}')
    assert response.headers == {**dict(RESPONSE_HEADERS), "content-length": "17"}
    (exchange,) = mock.exchanges()
    assert (exchange.outcome, exchange.reason) == ("replayed", "some.har: log.entries[0]")
    assert exchange.body == BODY


async def test_the_journal_has_the_recorded_outcome() -> None:
    mock = ReplayMock(replace(ACCEPTED, label=Label("turned_away", "medium")), ACCEPTED)
    for _ in range(3):
        await mock.send(ACCEPTED)
    requests = (await mock.control("GET", "requests"))["requests"]
    assert [request["recorded"] for request in requests] == [
        {"outcome": "turned_away", "confidence": "medium"},
        {"outcome": "unknown", "confidence": None},
        None,
    ]
    assert [request["outcome"] for request in requests] == ["replayed", "replayed", "rejected"]
    assert requests[0]["reason"] == "some.har: log.entries[0], recorded as turned away (medium)"


async def test_headers_of_the_old_connection_are_not_sent_again() -> None:
    headers = (
        *(("content-length", "9"), ("transfer-encoding", "chunked"), ("date", "then")),
        *(("content-encoding", "gzip"), ("access-control-allow-origin", "https://a.example")),
    )
    original = entry(response_headers=headers)
    assert (await ReplayMock(original).send(original)).headers == {}


async def test_identical_requests_get_the_recorded_answers_in_order_and_then_a_miss() -> None:
    mock = ReplayMock(REJECTED, ACCEPTED)
    statuses = [(await mock.send(ACCEPTED)).status for _ in range(3)]
    assert statuses == [400, 204, 404]
    reason = mock.exchanges()[-1].reason or ""
    assert reason.startswith("all 2 recorded answers to this request have been given")
    mock = ReplayMock(ACCEPTED)
    assert [(await mock.send(ACCEPTED)).status for _ in range(2)] == [204, 404]
    reason = mock.exchanges()[-1].reason or ""
    assert reason.startswith("the only recorded answer to this request has been given; --repeat")


async def test_a_path_with_a_slash_too_many_gets_its_own_recorded_answer() -> None:
    slashes = [
        URL.replace("/api", path) for path in ("//api", "//Cust12345/api", "/Cust12345//api")
    ]
    mock = ReplayMock(*(entry(url=url, status=404) for url in slashes), ACCEPTED)
    for url in slashes:
        assert (await mock.send(entry(url=url))).status == 404, url
    assert (await mock.send(ACCEPTED)).status == 204


async def test_a_reset_starts_over() -> None:
    mock = ReplayMock(REJECTED)
    await mock.send(REJECTED)
    await mock.control("POST", "reset")
    assert (await mock.send(REJECTED)).status == 400


async def test_a_miss_is_the_404_of_the_vendor_and_the_journal_has_the_nearest_difference() -> None:
    mock = ReplayMock(entry(url=f"{URL}Other", body=OTHER), ACCEPTED)
    response = await mock.call(body=OTHER)
    assert response.status == 404
    assert response.json()["Message"].startswith("No HTTP resource was found")
    (exchange,) = mock.exchanges()
    assert exchange.outcome == "rejected"
    assert exchange.reason == (
        "no recorded request matches; the nearest, some.har: log.entries[1], differs in body"
    )
    assert exchange.violations == ("body /SyncUserAccounts/0/AccountId: recorded 507, got 508",)


async def test_the_journal_names_a_tenant_without_a_recording() -> None:
    mock = ReplayMock(ACCEPTED)
    path = "/Cust12345/api/v1/Agents/EMail/SyncEmailAccounts"
    assert (await mock.call(path=path)).status == 404
    (exchange,) = mock.exchanges("Cust12345")
    assert exchange.reason == "nothing is recorded for this tenant"


async def test_a_miss_does_not_show_secrets() -> None:
    redacted = Redactor().redact_recording(recording(ACCEPTED)).entries[0]
    mock = ReplayMock(redacted, replace(redacted, request=ACCEPTED.request))
    await mock.call()
    secret = "dGplMDpOb3RIaXM="
    headers = {"authorization": f"Basic {secret}", "content-type": "application/json"}
    assert (await mock.call(headers=headers)).status == 404
    exchange = repr(mock.exchanges()[-1])
    assert "credentials" in exchange
    assert secret not in exchange
    assert "NotHis" not in exchange


async def test_a_request_that_is_not_recorded_can_be_simulated() -> None:
    mock = ReplayMock(REJECTED, simulate=True)
    assert (await mock.send(REJECTED)).status == 400
    assert (await mock.call(body=OTHER)).status == 204
    assert mock.outcomes() == ["replayed", "started"]
    assert (await mock.call(body=b"{")).status == 400


async def test_a_recorded_body_may_be_longer_than_max_body() -> None:
    long = entry(body=b"x" * (2 << 20), status=413)
    assert (await ReplayMock(long).send(long)).status == 413


async def test_a_missing_request_body_matches_any_and_a_missing_response_body_is_empty() -> None:
    mock = ReplayMock(entry(body=None, status=200, response_body=None))
    assert (await mock.call(body=OTHER)).status == 200
    (exchange,) = mock.exchanges()
    assert (exchange.reason or "").endswith("without its body, which is not on record")


async def test_cors_headers_come_from_the_mock_and_not_from_the_recording() -> None:
    mock = ReplayMock(
        entry(response_headers=(("access-control-allow-origin", "http://127.0.0.1:1"),))
    )
    headers = {**dict((*BASIC, *JSON)), "origin": "http://127.0.0.1:2"}
    response = await mock.call(headers=headers)
    assert response.headers["access-control-allow-origin"] == "http://127.0.0.1:2"


def test_an_exchange_without_a_status_can_be_replayed() -> None:
    exchange = Exchange(ExchangeId(1), TenantId("onsite"), "POST", "/", Instant(0), 0)
    exchange.verdict, exchange.elapsed = Replayed(Instant(0)), 0
    assert exchange.outcome == "replayed"
