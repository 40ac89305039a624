"""What an armed fault does to a call, and what the journal tells of it."""

import asyncio
from typing import Any

import pytest

from superoffice_mock.config.settings import Settings
from superoffice_mock.core.faults import NO_FAULTS, Breakage, Fault
from superoffice_mock.core.readings import Readings
from superoffice_mock.core.sync_run import SECOND
from tests.support.in_process import BASIC, EPOCH, PATH, Answered, Local, settled

ONLINE = f"/Cust12345{PATH}"
BEARER = {"authorization": "Bearer 8A:Cust12345.demo-token", "content-type": "application/json"}
BAD = {"authorization": "Basic eDp5", "content-type": "application/json"}


@pytest.fixture
def local() -> Local:
    return Local()


async def arm(local: Local, *faults: dict[str, Any], tenant: str = "onsite") -> None:
    told = await local.control("PUT", f"faults?tenant={tenant}", {"faults": list(faults)})
    assert len(told["faults"]) == len(faults), told


async def last(local: Local, tenant: str = "onsite") -> Any:
    """The newest line of `GET requests`."""
    return (await local.control("GET", f"requests?limit=1&tenant={tenant}"))["requests"][0]


# ---- answers ---------------------------------------------------------------------------------


async def test_a_status_is_answered_in_the_vendors_envelope(local: Local) -> None:
    await arm(local, {"status": 503, "retry_after": 2})
    answered = await local.call()
    assert answered.status == 503
    assert answered.json() == {"Message": "The service is unavailable."}
    assert answered.headers["retry-after"] == "2"
    assert answered.headers["cache-control"] == "no-cache"
    assert (await local.call()).status == 204


@pytest.mark.parametrize(
    ("errors", "envelope"),
    [
        ("webapi", {"Message": "Try later."}),
        (
            "netserver",
            {
                "Error": True,
                "ErrorType": "ArgumentException",
                "Message": "Try later.",
                "ErrorSource": "SuperOffice.Services.Implementation",
            },
        ),
    ],
)
async def test_a_message_stands_in_the_envelope_that_the_tenant_has(
    errors: str, envelope: Any
) -> None:
    local = Local(Settings(readings=Readings().with_value("errors", errors)))
    await arm(local, {"status": 429, "message": "Try later."})
    answered = await local.call()
    assert (answered.status, answered.json()) == (429, envelope)


async def test_a_fault_is_answered_as_xml_to_who_prefers_that(local: Local) -> None:
    await arm(local, {"status": 500})
    answered = await local.call(headers={"authorization": BASIC, "accept": "application/xml"})
    assert answered.headers["content-type"].startswith("application/xml")
    assert b"<Error><Message>An error has occurred.</Message></Error>" in answered.body


@pytest.mark.parametrize("status", [*range(400, 432), 451, 499, *range(500, 512), 520, 599])
async def test_any_error_status_has_a_message_and_no_trace_of_the_fault(
    status: int, local: Local
) -> None:
    await arm(local, {"status": status})
    answered = await local.call()
    assert answered.status == status
    assert answered.json()["Message"]
    assert b"fault" not in answered.body
    assert (await last(local))["reason"] == f"fault 1 answered {status}"


async def test_an_expired_credential_is_answered_as_a_wrong_one(local: Local) -> None:
    for path, good in ((PATH, None), (ONLINE, BEARER)):
        wrong = await local.call(path=path, headers=BAD)
        tenant = "Cust12345" if path == ONLINE else "onsite"
        await arm(local, {"expired_credential": True}, {"status": 401}, tenant=tenant)
        for _ in range(2):
            assert await local.call(path=path, headers=good) == wrong
        assert (await local.call(path=path, headers=good)).status == 204
    reasons = [one.reason for one in local.exchanges()]
    assert reasons[1:3] == ["fault 1: the credential has expired", "fault 2 answered 401"]


async def test_headers_are_added_and_replace_those_of_the_same_name(local: Local) -> None:
    headers = {"WWW-Authenticate": "Custom", "X-Proxy": "one", "cache-control": "max-age=1"}
    await arm(local, {"status": 401, "headers": headers})
    answered = await local.call()
    assert answered.headers["www-authenticate"] == "Custom"
    assert answered.headers["cache-control"] == "max-age=1"
    assert answered.headers["x-proxy"] == "one"
    assert answered.headers["pragma"] == "no-cache"


async def test_a_page_may_read_a_fault(local: Local) -> None:
    await arm(local, {"status": 503})
    origin = {"authorization": BASIC, "origin": "http://localhost:3000"}
    answered = await local.call(headers=origin)
    assert answered.headers["access-control-allow-origin"] == "http://localhost:3000"


async def test_a_call_that_comes_without_a_connection_can_not_be_broken(local: Local) -> None:
    broken = NO_FAULTS.with_fault(Fault(Breakage("stall")))
    local.tenant().transact(lambda state: (state.with_faults(broken), None))
    assert (await local.call()).status == 503
    line = await last(local)
    assert line["outcome"] == "faulted"
    assert "use a server" in line["reason"]


# ---- which calls -----------------------------------------------------------------------------


async def test_a_fault_comes_before_credentials_and_body_are_looked_at(local: Local) -> None:
    await arm(local, {"status": 503, "times": 2})
    assert (await local.call(headers={})).status == 503
    assert (await local.call(body=b"\xff", headers={"content-type": "x/y"})).status == 503
    assert (await local.call(body=b"\xff")).status == 400


async def test_only_the_call_itself_is_struck(local: Local) -> None:
    await arm(local, {"status": 503})
    preflight = {"origin": "http://localhost:1", "access-control-request-method": "POST"}
    assert (await local.call("OPTIONS", headers=preflight)).status == 204
    assert (await local.call("GET")).status == 200
    assert (await local.call("PUT")).status == 405
    assert (await local.call(path="/nowhere")).status == 404
    assert (await local.call()).status == 503


async def test_a_faulted_call_starts_nothing_and_takes_no_lease(local: Local) -> None:
    await arm(local, {"status": 500})
    await local.call()
    assert not (await local.control("GET", "lease"))["held"]
    assert (await local.control("GET", "runs")) == {"runs": []}


# ---- the journal -----------------------------------------------------------------------------


async def test_the_journal_says_that_a_fault_answered_and_what_was_asked(local: Local) -> None:
    await arm(local, {"status": 503})
    await local.call()
    assert await last(local) == {
        "id": 1,
        "at": "2027-01-15T08:00:00.000000Z",
        "tenant": "onsite",
        "operation": "SyncEmailAccounts",
        "method": "POST",
        "path": PATH,
        "media_type": "application/json",
        "principal": None,
        "accounts": [{"AccountId": 507, "AssociateName": None, "AssociateId": 0}],
        "select": None,
        "outcome": "faulted",
        "recorded": None,
        "fault": 1,
        "run": None,
        "holder": None,
        "status": 503,
        "elapsed": 0.0,
        "elapsed_real": 0.0,
        "hung_up": False,
        "reason": "fault 1 answered 503",
        "violations": [],
    }
    found = await local.control("GET", "requests?outcome=faulted")
    assert found["total"] == 1


@pytest.mark.parametrize("body", [b"", b"\xff", b"{", b'{"SyncUserAccounts":[{"AccountId":"x"}]}'])
async def test_a_body_that_is_none_leaves_the_accounts_open(body: bytes, local: Local) -> None:
    await arm(local, {"status": 503})
    await local.call(body=body)
    line = await last(local)
    assert line["outcome"] == "faulted"
    assert not line["accounts"]
    whole = await local.control("GET", "requests/1")
    assert whole["body"] == body.decode("utf-8", "replace")


async def test_a_body_beyond_the_limit_is_not_kept() -> None:
    local = Local(Settings(max_body=100))
    await arm(local, {"status": 503})
    assert (await local.call(body=b" " * 101)).status == 503
    assert (await local.control("GET", "requests/1"))["body"] == ""


async def test_a_body_that_is_held_back_is_asked_for_where_there_is_an_answer(local: Local) -> None:
    headers = {"content-type": "application/json", "expect": "100-continue"}
    await arm(local, {"status": 503})
    assert (await local.call(headers=headers)).status == 503
    assert (await last(local))["accounts"] is not None


async def test_other_calls_name_no_fault(local: Local) -> None:
    await arm(local, {"status": 503, "every": 2})
    await local.call()
    assert (await last(local))["fault"] is None


async def test_a_caller_who_leaves_before_its_body_is_complete_is_still_faulted(
    local: Local,
) -> None:
    await arm(local, {"status": 503})
    gone = asyncio.Event()
    gone.set()
    await local.call(hang_up=gone, body=b"", headers={"authorization": BASIC})
    assert (await last(local))["outcome"] == "faulted"


# ---- delays ----------------------------------------------------------------------------------


async def test_a_delayed_call_goes_on_as_usual_at_the_later_moment(local: Local) -> None:
    await local.control("POST", "clock/jump")
    await arm(local, {"delay": 2.5})
    assert (await local.call()).status == 204
    line = await last(local)
    assert (line["outcome"], line["elapsed"], line["fault"]) == ("started", 2.5, 1)
    assert line["reason"] == "fault 1 delayed it by 2.5 s; run 1 syncs 1 account in 5.0 s"
    (run,) = (await local.control("GET", "runs"))["runs"]
    assert run["started_at"] == "2027-01-15T08:00:02.500000Z"


async def test_a_delayed_call_that_finds_the_lease_taken_is_turned_away_a_second_later(
    local: Local,
) -> None:
    await local.control("POST", "clock/jump")
    await arm(local, {"delay": 3})
    late, first = await asyncio.gather(local.call(), local.call())
    assert late == first
    outcomes = [(one.outcome, one.elapsed) for one in local.exchanges()]
    assert outcomes == [("turned_away", 4 * SECOND), ("started", 0)]


async def test_a_delayed_call_comes_to_a_lease_that_is_free_by_then(local: Local) -> None:
    await local.control("POST", "clock/jump")
    await arm(local, {"delay": 5})
    await asyncio.gather(local.call(), local.call())
    assert [one.outcome for one in local.exchanges()] == ["started", "started"]


async def delayed(local: Local, by: float = 1, **how: Any) -> asyncio.Task[Answered]:
    """Let a call wait out a delay on a frozen clock."""
    await local.control("POST", "clock/freeze")
    await arm(local, {"delay": by})
    task = asyncio.create_task(local.call(**how))
    await settled(local, 1)
    return task


async def test_an_advance_stops_where_a_delay_ends_and_tells_what_came_of_it(
    local: Local,
) -> None:
    call = await delayed(local)
    assert (await local.control("GET", "requests"))["requests"][0]["outcome"] == "pending"
    told = await local.control("POST", "clock/advance", {"seconds": 20})
    assert (await call).status == 204
    assert [(one["at"][17:19], one["event"]) for one in told["events"]] == [
        ("01", "run-started"),
        ("01", "answered"),
        ("06", "task-ended"),
        ("06", "run-ended"),
    ]
    assert (await last(local))["elapsed"] == 1.0


async def test_an_advance_to_idle_waits_out_delay_and_run(local: Local) -> None:
    call = await delayed(local, 7)
    told = await local.control("POST", "clock/advance", {"until": "idle"})
    assert (await call).status == 204
    assert told["now"] == "2027-01-15T08:00:12.000000Z"


async def test_what_is_wrong_with_a_delayed_call_is_found_when_it_arrives(local: Local) -> None:
    call = await delayed(local, headers=BAD)
    told = await local.control("POST", "clock/advance", {"seconds": 20})
    assert (await call).status == 401
    assert [(one["event"], one["outcome"]) for one in told["events"]] == [("answered", "rejected")]
    line = await last(local)
    assert (line["outcome"], line["elapsed"], line["fault"]) == ("rejected", 1.0, 1)
    assert line["reason"].startswith("fault 1 delayed it by 1 s; ")


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"body": b"{"}, 400),
        ({"body": b" " * 101}, 413),
        ({"headers": {"authorization": BASIC, "content-encoding": "gzip"}}, 415),
        ({"headers": {"authorization": BASIC, "content-type": "x/y"}}, 415),
    ],
)
async def test_a_delayed_call_is_held_to_the_contract(how: Any, status: int) -> None:
    local = Local(Settings(max_body=100))
    call = await delayed(local, **how)
    await local.control("POST", "clock/advance", {"seconds": 1})
    assert (await call).status == status


async def test_a_session_that_ends_during_the_delay_lets_nobody_in(local: Local) -> None:
    session = {"cookie": "ASP.NET_SessionId=demo-session", "x-xsrf-token": "demo-xsrf"}
    call = await delayed(local, headers=session)
    await local.control("POST", "sessions/end", {"session": "demo-session"})
    await local.control("POST", "clock/advance", {"seconds": 1})
    assert (await call).status == 401


async def test_a_crash_on_arrival_is_a_500_with_its_traceback() -> None:
    local = Local(Settings(max_accounts="many"))  # type: ignore[arg-type]
    call = await delayed(local)
    await local.control("POST", "clock/advance", {"seconds": 1})
    assert (await call).status == 500
    whole = await local.control("GET", "requests/1")
    assert whole["outcome"] == "crashed"
    assert "_arrive" in whole["crash"]


async def test_real_time_ends_a_delay() -> None:
    local = Local()
    await arm(local, {"delay": 0.05})
    call = asyncio.create_task(local.call())
    await settled(local, 1)
    local.real = EPOCH + SECOND
    assert (await call).status == 204
    assert (await last(local))["outcome"] == "started"


@pytest.mark.parametrize("ending", ["reset", "close"])
async def test_who_is_delayed_at_the_end_gets_the_same_204_and_has_started_nothing(
    ending: str, local: Local
) -> None:
    call = await delayed(local)
    exchange = local.exchanges()[0]
    if ending == "reset":
        await local.control("POST", "reset")
    else:
        local.tenant().close("the mock was shut down")
    assert (await call).status == 204
    assert exchange.outcome == "served"
    assert exchange.reason is not None
    assert exchange.reason.startswith("fault 1 delayed it by 1 s; the mock was ")
    assert not (await local.control("GET", "lease"))["held"]


async def test_a_closed_tenant_delays_nobody(local: Local) -> None:
    await arm(local, {"delay": 100})
    local.tenant().close("the mock was shut down")
    assert (await local.call()).status == 204


@pytest.mark.parametrize(
    ("disconnect", "outcome"), [("still-counts", "started"), ("withdraws", "served")]
)
async def test_a_caller_who_leaves_during_the_delay_counts_or_not(
    disconnect: str, outcome: str
) -> None:
    local = Local(Settings(readings=Readings().with_value("disconnect", disconnect)))
    gone = asyncio.Event()
    call = await delayed(local, hang_up=gone)
    gone.set()
    while not local.exchanges()[0].hung_up:  # noqa: ASYNC110 - loop turns, no time
        await asyncio.sleep(0)
    await local.control("POST", "clock/advance", {"seconds": 1})
    await call
    line = await last(local)
    assert (line["outcome"], line["hung_up"]) == (outcome, True)


async def test_those_who_are_delayed_count_as_waiting() -> None:
    local = Local(Settings(max_waiting=1))
    call = await delayed(local, 1)
    await local.control("PUT", "faults", {"faults": [{"delay": 1}]})
    assert (await local.call()).status == 503
    await local.control("POST", "clock/advance", {"seconds": 1})
    assert (await call).status == 204


async def test_a_delayed_call_may_still_ask_for_a_second() -> None:
    local = Local(Settings(readings=Readings().with_value("busy", "try-for-1s")))
    call = await delayed(local, 1)
    await local.control("POST", "lease/hold")
    await local.control("POST", "clock/advance", {"seconds": 1.5})
    await local.control("POST", "lease/release")
    assert (await call).status == 204
    assert (await last(local))["outcome"] == "started"
