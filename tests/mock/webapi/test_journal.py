"""The journal tells the truth about every call, whatever its caller was told."""

import asyncio
from typing import Any

import pytest

from superoffice_mock.config.settings import Settings
from superoffice_mock.core.readings import Readings
from tests.support.in_process import BASIC, PATH, Local, settled

JSON = "application/json; charset=utf-8"
TWO = b"""{"SyncUserAccounts": [
    {"AccountId": 507, "AssociateName": "Walker LLC", "AssociateId": 874},
    {"AccountId": 508}]}"""


@pytest.fixture
def local() -> Local:
    return Local()


async def last(local: Local, tenant: str = "onsite") -> Any:
    """The newest line of `GET requests`."""
    return (await local.control("GET", f"requests?limit=1&tenant={tenant}"))["requests"][0]


def broken(**settings: Any) -> Local:
    """A mock that breaks on every call with a body: its limit is no number."""
    return Local(Settings(max_accounts="many", **settings))  # type: ignore[arg-type]


# ---- one exchange for each outcome -----------------------------------------------------------


@pytest.mark.claim("starts-sync")
async def test_a_started_call_tells_who_asked_for_what_and_which_run_it_became(
    local: Local,
) -> None:
    headers = {"authorization": BASIC, "content-type": JSON}
    await local.call(path=f"/crm{PATH}/?$select=name,%20category/id", body=TWO, headers=headers)
    assert await last(local) == {
        "id": 1,
        "at": "2027-01-15T08:00:00.000000Z",
        "tenant": "onsite",
        "operation": "SyncEmailAccounts",
        "method": "POST",
        "path": f"/crm{PATH}/",
        "media_type": "application/json",
        "principal": {"scheme": "Basic", "user": "tje0", "app": None},
        "accounts": [
            {"AccountId": 507, "AssociateName": "Walker LLC", "AssociateId": 874},
            {"AccountId": 508, "AssociateName": None, "AssociateId": 0},
        ],
        "select": ["name", "category/id"],
        "outcome": "started",
        "fault": None,
        "run": 1,
        "holder": None,
        "recorded": None,
        "status": 204,
        "elapsed": 0.0,
        "elapsed_real": 0.0,
        "hung_up": False,
        "reason": "run 1 syncs 2 accounts in 5.0 s",
        "violations": [],
    }


async def test_a_turned_away_call_tells_who_held_the_lease_and_how_long_it_waited(
    local: Local,
) -> None:
    await local.control("POST", "clock/freeze")
    await local.call()
    call = asyncio.create_task(local.call())
    await settled(local, 1)
    pending = await last(local)
    assert pending["outcome"] == "pending"
    assert (pending["status"], pending["elapsed"], pending["elapsed_real"]) == (None, None, None)
    local.real += 3_000_000
    await local.control("POST", "clock/advance", {"seconds": 1.25})
    await call
    told = await last(local)
    assert (told["outcome"], told["status"]) == ("turned_away", 204)
    assert (told["run"], told["holder"]) == (None, {"by": "run", "run": 1})
    assert (told["elapsed"], told["elapsed_real"]) == (1.0, 0.003)
    assert [one["AccountId"] for one in told["accounts"]] == [507]


async def test_a_hold_by_hand_is_a_holder_without_a_run(local: Local) -> None:
    await local.control("POST", "clock/jump")
    await local.control("POST", "lease/hold")
    await local.call()
    told = await last(local)
    assert told["holder"] == {"by": "hand"}
    assert told["reason"] == "the lease is held by hand until it is released"


@pytest.mark.claim("empty-no-run")
async def test_an_empty_list_is_served_and_says_that_nothing_ran(local: Local) -> None:
    await local.call(body=b"{}")
    told = await last(local)
    assert (told["outcome"], told["status"], told["run"]) == ("served", 204, None)
    assert told["accounts"] == []
    assert "empty" in told["reason"]


async def test_a_description_is_served_without_accounts_principal_or_reason(local: Local) -> None:
    await local.call("GET", headers={}, body=b"")
    told = await last(local)
    assert (told["outcome"], told["status"], told["method"]) == ("served", 200, "GET")
    assert (told["accounts"], told["principal"], told["reason"]) == (None, None, None)
    assert (told["select"], told["media_type"]) == (None, None)


async def test_a_rejected_call_keeps_the_detail_that_its_caller_was_not_told(local: Local) -> None:
    answered = await local.call(headers={"authorization": "SOTicket 7T:wrong"})
    assert "ticket" not in answered.body.decode()
    told = await last(local)
    assert (told["outcome"], told["status"]) == ("rejected", 401)
    assert told["reason"] == "Authorization: SOTicket: unknown ticket"
    assert (told["principal"], told["accounts"], told["run"]) == (None, None, None)


async def test_a_call_that_was_let_in_and_then_rejected_keeps_who_it_was(local: Local) -> None:
    await local.call(body=b'{"SyncUserAccounts":[{"AccountId":507},{"AccountId":"507"}]}')
    told = await last(local)
    assert (told["outcome"], told["status"]) == ("rejected", 400)
    assert told["principal"]["user"] == "tje0"
    assert told["reason"] == "/SyncUserAccounts/1/AccountId: expected an integer, got a string"
    assert told["accounts"] is None


async def test_a_call_to_nowhere_is_in_the_journal_of_the_tenant_it_named(local: Local) -> None:
    await local.call(path="/Cust12345/api/v1/Nowhere")
    told = await last(local, "Cust12345")
    assert (told["operation"], told["status"]) == (None, 404)
    assert told["reason"].startswith("path: this mock has nothing at '/Cust12345/api/v1/Nowhere'")


async def test_a_principal_of_an_app_names_the_app_and_one_of_a_session_its_user(
    local: Local,
) -> None:
    bearer = {"authorization": "bearer 8A:Cust12345.demo-token", "content-type": JSON}
    await local.call(path=f"/Cust12345{PATH}", headers=bearer)
    told = await last(local, "Cust12345")
    assert told["principal"] == {"scheme": "Bearer", "user": None, "app": "demo-app"}
    session = {"cookie": "ASP.NET_SessionId=demo-session", "x-xsrf-token": "demo-xsrf"}
    await local.call(headers=session | {"content-type": JSON})
    told = await last(local)
    assert told["principal"] == {"scheme": "session", "user": "tje0", "app": None}


# ---- a crash of the mock itself --------------------------------------------------------------


@pytest.mark.claim("error-no-trace", "error-webapi")
async def test_a_crash_is_a_500_without_a_trace_and_the_journal_has_the_traceback() -> None:
    local = broken()
    answered = await local.call()
    assert answered.status == 500
    assert answered.json() == {"Message": "An error has occurred."}
    whole = await local.control("GET", "requests/1")
    assert (whole["outcome"], whole["status"]) == ("crashed", 500)
    assert whole["crash"].startswith("Traceback (most recent call last)")
    assert "TypeError" in whole["crash"]
    assert "crash" in whole["reason"]
    assert (await local.control("GET", "requests?outcome=crashed"))["total"] == 1


@pytest.mark.claim("error-netserver", "error-format")
async def test_a_crash_comes_in_either_envelope_and_format() -> None:
    local = broken(readings=Readings(errors="netserver"))
    headers = {"authorization": BASIC, "content-type": JSON, "accept": "text/xml"}
    answered = await local.call(headers=headers)
    assert answered.status == 500
    assert b"<Message>An error has occurred.</Message>" in answered.body
    assert b"<ErrorType>" in answered.body
    assert b"Traceback" not in answered.body


async def test_a_crash_has_the_cors_headers_that_let_a_page_read_it() -> None:
    headers = {"authorization": BASIC, "content-type": JSON, "origin": "http://localhost:3000"}
    answered = await broken().call(headers=headers)
    assert answered.status == 500
    assert answered.headers["access-control-allow-origin"] == "http://localhost:3000"


async def test_after_a_crash_nobody_holds_the_lease_and_nobody_is_counted_in_flight() -> None:
    local = broken()
    await local.call()
    assert (await local.control("GET", "lease"))["held"] is False
    assert local.tenant().in_flight == 0


async def test_the_journal_is_bounded_by_bytes_over_all_tenants_and_the_oldest_goes() -> None:
    local = Local(Settings(journal_bytes=10_000))
    await local.call("GET", f"/Cust12345{PATH}")
    for _ in range(3):
        await local.call(body=b"{}" + b" " * 2_500)
    told = await local.control("GET", "requests")
    assert (len(told["requests"]), told["forgotten"]) == (2, 1)
    assert [one["id"] for one in told["requests"]] == [2, 3]
    other = await local.control("GET", "requests?tenant=Cust12345")
    assert (other["requests"], other["forgotten"]) == ([], 1)


# ---- violations and $select ------------------------------------------------------------------


@pytest.mark.claim("unknown-members", "query-names")
async def test_what_is_odd_but_allowed_is_noted_query_first(local: Local) -> None:
    answered = await local.call(
        path=f"{PATH}?$SELECT=name&limit=5&debug",
        body=b'{"SyncUserAccounts":[{"AccountId":1,"Colour":"red"}],"Force":true}',
    )
    assert answered.status == 204
    told = await last(local)
    assert told["violations"][:2] == [
        "?limit: unknown query parameter, ignored",
        "?debug: unknown query parameter, ignored",
    ]
    assert sorted(told["violations"][2:]) == [
        "/Force: unknown member, ignored",
        "/SyncUserAccounts/0/Colour: unknown member, ignored",
    ]
    assert told["select"] == ["name"]
    assert told["outcome"] == "started"


@pytest.mark.parametrize("members", [0, 15, 25])
async def test_at_most_twenty_violations_are_kept(members: int, local: Local) -> None:
    query = "&".join(f"q{n}=1" for n in range(15))
    odd = ",".join(f'"m{n}":1' for n in range(members))
    body = '{"SyncUserAccounts":[{"AccountId":1}]%s}' % (odd and f",{odd}")
    await local.call(path=f"{PATH}?{query}", body=body.encode())
    assert len((await last(local))["violations"]) == min(15 + members, 20)


@pytest.mark.claim("select-param", "select-blanks", "select-never-an-error")
@pytest.mark.parametrize(
    ("query", "select"),
    [
        ("", None),
        ("$select=", []),
        ("$select", []),
        ("%24select=name", ["name"]),
        ("$Select=a,b,,c", ["a", "b", "c"]),
        ("$select=%20a%20,%20b%20/%20c%20", ["a", "b/c"]),
        ("$select=a&$SELECT=b", ["b"]),
        ("$select=%00%ff,;--", ["\x00\ufffd", ";--"]),
    ],
)
async def test_select_is_recorded_and_never_an_error(
    query: str, select: list[str] | None, local: Local
) -> None:
    assert (await local.call(path=f"{PATH}?{query}")).status == 204
    assert (await last(local))["select"] == select
