"""What an armed fault does to a call, and what the journal records."""

import asyncio
from typing import Any

from msgspec.structs import replace

from superoffice_contract.openapi.readings import Readings
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.faults import NO_FAULTS, Breakage, Fault
from superoffice_mock.core.sync_run import SECOND
from tests.support.in_process import (
    BASIC,
    EPOCH,
    PATH,
    ClientResponse,
    InProcessMock,
    run_until_waiting,
)

ONLINE = f"/Cust12345{PATH}"
BEARER = {"authorization": "Bearer 8A:Cust12345.demo-token", "content-type": "application/json"}
BAD = {"authorization": "Basic eDp5", "content-type": "application/json"}
NETSERVER_ENVELOPE = {
    "Error": True,
    "ErrorType": "ArgumentException",
    "ErrorSource": "SuperOffice.Services.Implementation",
}


async def arm(local: InProcessMock, *faults: dict[str, Any], tenant: str = "onsite") -> None:
    table = await local.control("PUT", f"faults?tenant={tenant}", {"faults": list(faults)})
    assert len(table["faults"]) == len(faults), table


async def start_delayed_call(
    local: InProcessMock, by: float = 1, **arguments: Any
) -> asyncio.Task[ClientResponse]:
    """Start a call that waits for the end of its delay on a frozen clock."""
    await local.control("POST", "clock/freeze")
    await arm(local, {"delay": by})
    task = asyncio.create_task(local.call(**arguments))
    await run_until_waiting(local, 1)
    return task


# ---- answers ---------------------------------------------------------------------------------


async def test_a_fault_answers_as_the_vendor_and_starts_no_run(local: InProcessMock) -> None:
    await arm(local, {"status": 503, "retry_after": 2})
    origin = {"authorization": BASIC, "origin": "http://localhost:3000"}
    response = await local.call(headers=origin)
    assert (response.status, response.headers["retry-after"]) == (503, "2")
    assert response.json() == {"Message": "The service is unavailable."}
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert not (await local.control("GET", "lease"))["held"]
    assert (await local.control("GET", "runs")) == {"runs": []}
    assert (await local.call()).status == 204


async def test_a_fault_answers_in_the_envelope_of_the_reading_and_as_xml_if_preferred() -> None:
    message = {"Message": "Try later."}
    for errors, envelope in (("webapi", message), ("netserver", NETSERVER_ENVELOPE | message)):
        local = InProcessMock(Settings(readings=Readings().with_value("errors", errors)))
        await arm(local, {"status": 429, "message": "Try later."}, {"status": 500})
        response = await local.call()
        assert (response.status, response.json()) == (429, envelope)
        response = await local.call(headers={"authorization": BASIC, "accept": "application/xml"})
        assert response.headers["content-type"].startswith("application/xml")
        assert b"<Message>An error has occurred.</Message>" in response.body, errors


async def test_any_error_status_has_a_message_and_no_trace_of_the_fault() -> None:
    for status in (*range(400, 432), 451, 499, *range(500, 512), 520, 599):
        local = InProcessMock()
        await arm(local, {"status": status})
        response = await local.call()
        assert response.status == status
        assert response.json()["Message"], status
        assert b"fault" not in response.body, status
        assert (await local.last_request())["reason"] == f"fault 1 answered {status}"


async def test_an_expired_credential_is_answered_like_a_wrong_one(local: InProcessMock) -> None:
    for path, headers in ((PATH, None), (ONLINE, BEARER)):
        denied = await local.call(path=path, headers=BAD)
        tenant = "Cust12345" if path == ONLINE else "onsite"
        await arm(local, {"expired_credential": True}, {"status": 401}, tenant=tenant)
        for _ in range(2):
            assert await local.call(path=path, headers=headers) == denied
        assert (await local.call(path=path, headers=headers)).status == 204
    reasons = [exchange.reason for exchange in local.exchanges()]
    assert reasons[1:3] == ["fault 1: the credential has expired", "fault 2 answered 401"]


async def test_headers_of_a_fault_replace_headers_of_the_same_name(local: InProcessMock) -> None:
    headers = {"WWW-Authenticate": "Custom", "X-Proxy": "one", "cache-control": "max-age=1"}
    await arm(local, {"status": 401, "headers": headers})
    response = await local.call()
    assert response.headers["www-authenticate"] == "Custom"
    assert response.headers["cache-control"] == "max-age=1"
    assert response.headers["x-proxy"] == "one"
    assert response.headers["pragma"] == "no-cache"


async def test_a_connection_fault_without_a_server_answers_503(local: InProcessMock) -> None:
    faults = NO_FAULTS.with_fault(Fault(Breakage("stall")))
    local.tenant().state = replace(local.tenant().state, faults=faults)
    assert (await local.call()).status == 503
    entry = await local.last_request()
    assert entry["outcome"] == "faulted"
    assert "use a server" in entry["reason"]


# ---- which calls -----------------------------------------------------------------------------


async def test_a_fault_applies_before_credentials_and_body(local: InProcessMock) -> None:
    await arm(local, {"status": 503, "times": 2})
    assert (await local.call(headers={})).status == 503
    assert (await local.call(body=b"\xff", headers={"content-type": "x/y"})).status == 503
    assert (await local.call(body=b"\xff")).status == 400


async def test_a_fault_applies_only_to_post_calls_of_the_operation(local: InProcessMock) -> None:
    await arm(local, {"status": 503})
    preflight = {"origin": "http://localhost:1", "access-control-request-method": "POST"}
    assert (await local.call("OPTIONS", headers=preflight)).status == 204
    assert (await local.call("GET")).status == 200
    assert (await local.call("PUT")).status == 405
    assert (await local.call(path="/nowhere")).status == 404
    assert (await local.call()).status == 503


# ---- the journal -----------------------------------------------------------------------------


async def test_the_journal_has_the_fault_and_the_accounts_of_the_call(local: InProcessMock) -> None:
    await arm(local, {"status": 503})
    await local.call()
    entry = await local.last_request()
    assert (entry["outcome"], entry["status"], entry["fault"]) == ("faulted", 503, 1)
    assert (entry["principal"], entry["run"], entry["holder"]) == (None, None, None)
    assert (entry["reason"], entry["violations"]) == ("fault 1 answered 503", [])
    assert entry["accounts"] == [{"AccountId": 507, "AssociateName": None, "AssociateId": 0}]
    assert (await local.control("GET", "requests?outcome=faulted"))["total"] == 1


async def test_a_faulted_call_with_an_invalid_body_has_no_accounts_and_a_long_one_no_body() -> None:
    bodies = (b"", b"\xff", b"{", b'{"SyncUserAccounts":[{"AccountId":"x"}]}', b" " * 101)
    for body in bodies:
        local = InProcessMock(Settings(max_body=100))
        await arm(local, {"status": 503})
        assert (await local.call(body=body)).status == 503
        detail = await local.control("GET", "requests/1")
        assert detail["outcome"] == "faulted", body
        assert not detail["accounts"], body
        assert detail["body"] == ("" if len(body) > 100 else body.decode("utf-8", "replace"))


async def test_a_fault_reads_a_body_and_needs_no_client_that_stays(local: InProcessMock) -> None:
    headers = {"content-type": "application/json", "expect": "100-continue"}
    await arm(local, {"status": 503, "times": 2})
    assert (await local.call(headers=headers)).status == 503
    assert (await local.last_request())["accounts"] is not None
    client_gone = asyncio.Event()
    client_gone.set()
    await local.call(disconnect=client_gone, body=b"", headers={"authorization": BASIC})
    assert (await local.last_request())["outcome"] == "faulted"


# ---- delays ----------------------------------------------------------------------------------


async def test_a_delayed_call_proceeds_as_usual_after_the_delay(local: InProcessMock) -> None:
    await local.control("POST", "clock/jump")
    await arm(local, {"delay": 2.5})
    assert (await local.call()).status == 204
    entry = await local.last_request()
    assert (entry["outcome"], entry["elapsed"], entry["fault"]) == ("started", 2.5, 1)
    assert entry["reason"] == "fault 1 delayed it by 2.5 s; run 1 syncs 1 account in 5.0 s"
    (run,) = (await local.control("GET", "runs"))["runs"]
    assert run["started_at"] == "2027-01-15T08:00:02.500000Z"


async def test_a_delayed_call_is_turned_away_during_a_run_and_starts_one_after_its_end() -> None:
    for seconds, outcome, elapsed in ((3, "turned_away", 4), (5, "started", 5)):
        local = InProcessMock()
        await local.control("POST", "clock/jump")
        await arm(local, {"delay": seconds})
        delayed_response, second_response = await asyncio.gather(local.call(), local.call())
        assert delayed_response == second_response
        outcomes = [(exchange.outcome, exchange.elapsed) for exchange in local.exchanges()]
        assert outcomes == [(outcome, elapsed * SECOND), ("started", 0)]


async def test_an_advance_until_idle_passes_a_delay_and_a_run(local: InProcessMock) -> None:
    call = await start_delayed_call(local)
    assert (await local.control("GET", "requests"))["requests"][0]["outcome"] == "pending"
    advance = await local.control("POST", "clock/advance", {"until": "idle"})
    assert (await call).status == 204
    assert advance["now"] == "2027-01-15T08:00:06.000000Z"
    assert [(event["at"][17:19], event["event"]) for event in advance["events"]] == [
        ("01", "run-started"),
        ("01", "answered"),
        ("06", "task-ended"),
        ("06", "run-ended"),
    ]
    assert (await local.last_request())["elapsed"] == 1.0


async def test_a_delayed_call_that_breaks_the_contract_is_rejected() -> None:
    session = {"cookie": "ASP.NET_SessionId=demo-session", "x-xsrf-token": "demo-xsrf"}
    cases: tuple[tuple[dict[str, Any], int], ...] = (
        ({"body": b"{"}, 400),
        ({"body": b" " * 101}, 413),
        ({"headers": {"authorization": BASIC, "content-encoding": "gzip"}}, 415),
        ({"headers": {"authorization": BASIC, "content-type": "x/y"}}, 415),
        ({"headers": session}, 401),
    )
    for arguments, status in cases:
        local = InProcessMock(Settings(max_body=100))
        call = await start_delayed_call(local, **arguments)
        await local.control("POST", "sessions/end", {"session": "demo-session"})
        await local.control("POST", "clock/advance", {"seconds": 1})
        assert (await call).status == status, arguments


async def test_a_crash_on_arrival_results_in_a_500_with_a_traceback_in_the_journal() -> None:
    local = InProcessMock(Settings(max_accounts="many"))  # type: ignore[arg-type]
    call = await start_delayed_call(local)
    await local.control("POST", "clock/advance", {"seconds": 1})
    assert (await call).status == 500
    detail = await local.control("GET", "requests/1")
    assert detail["outcome"] == "crashed"
    assert "_arrive" in detail["crash"]


async def test_a_delay_ends_in_real_time() -> None:
    local = InProcessMock()
    await arm(local, {"delay": 0.05})
    call = asyncio.create_task(local.call())
    await run_until_waiting(local, 1)
    local.real_time = EPOCH + SECOND
    assert (await call).status == 204
    assert (await local.last_request())["outcome"] == "started"


async def test_a_call_delayed_at_a_reset_or_shutdown_gets_a_204_and_starts_nothing() -> None:
    for ending in ("reset", "shut down"):
        local = InProcessMock()
        call = await start_delayed_call(local)
        exchange = local.exchanges()[0]
        if ending == "reset":
            await local.control("POST", "reset")
        else:
            local.tenant().close("the mock was shut down")
        assert (await call).status == 204
        reason = f"fault 1 delayed it by 1 s; the mock was {ending}"
        assert (exchange.outcome, exchange.reason) == ("served", reason)
        assert not (await local.control("GET", "lease"))["held"]


async def test_a_call_that_is_delayed_at_a_shutdown_gets_a_503_if_its_answer_has_content() -> None:
    local = InProcessMock()
    call = await start_delayed_call(local, method="GET", path="/api/state/onsite")
    local.tenant().close("the mock was shut down")
    answer = await call
    assert answer.status == 503
    assert answer.json()["MessageDetail"] == "the wait ended before the delayed call arrived"
    reason = f"fault 1 delayed it by 1 s; {answer.json()['MessageDetail']}"
    assert (local.outcomes(), local.exchanges()[0].reason) == (["rejected"], reason)


async def test_a_closed_tenant_applies_no_delay(local: InProcessMock) -> None:
    await arm(local, {"delay": 100})
    local.tenant().close("the mock was shut down")
    assert (await local.call()).status == 204


async def test_the_reading_decides_about_a_client_that_disconnects_during_the_delay() -> None:
    for disconnect, outcome in (("still-counts", "started"), ("withdraws", "served")):
        local = InProcessMock(Settings(readings=Readings().with_value("disconnect", disconnect)))
        client_gone = asyncio.Event()
        call = await start_delayed_call(local, disconnect=client_gone)
        client_gone.set()
        while not local.exchanges()[0].hung_up:  # noqa: ASYNC110 - loop turns, no time
            await asyncio.sleep(0)
        await local.control("POST", "clock/advance", {"seconds": 1})
        await call
        entry = await local.last_request()
        assert (entry["outcome"], entry["hung_up"]) == (outcome, True)


async def test_delayed_calls_count_as_waiting() -> None:
    local = InProcessMock(Settings(max_waiting=1))
    call = await start_delayed_call(local, 1)
    await local.control("PUT", "faults", {"faults": [{"delay": 1}]})
    assert (await local.call()).status == 503
    await local.control("POST", "clock/advance", {"seconds": 1})
    assert (await call).status == 204
