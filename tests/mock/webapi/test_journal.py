"""What the journal records about a call, which the client does not learn."""

import asyncio
import json
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from msgspec import structs
from starlette.types import ASGIApp, Receive, Scope, Send

from superoffice_contract.openapi.readings import Readings
from superoffice_mock import access_log
from superoffice_mock.app import assemble
from superoffice_mock.config.settings import Settings
from superoffice_mock.config.tenant_file import load_tenants
from superoffice_mock.core.sync_run import TenantId
from tests.support.in_process import BASIC, EPOCH, PATH, InProcessMock, run_until_waiting

JSON = "application/json; charset=utf-8"
TWO = b"""{"SyncUserAccounts": [
    {"AccountId": 507, "AssociateName": "Walker LLC", "AssociateId": 874},
    {"AccountId": 508}]}"""


def crashing_mock(**settings: Any) -> InProcessMock:
    """A mock that crashes on every call with a body, as its limit is not a number."""
    return InProcessMock(Settings(max_accounts="many", **settings))  # type: ignore[arg-type]


# ---- one exchange for each outcome -----------------------------------------------------------


@pytest.mark.claim("starts-sync")
async def test_a_started_call_has_principal_accounts_and_run(local: InProcessMock) -> None:
    headers = {"authorization": BASIC, "content-type": JSON}
    await local.call(path=f"/crm{PATH}/?$select=name,%20category/id", body=TWO, headers=headers)
    assert await local.last_request() == {
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
        "account_count": 2,
        "query": {},
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
        "hung_up_after": None,
        "reason": "run 1 syncs 2 accounts in 5.0 s",
        "violations": [],
    }


async def test_a_turned_away_call_has_the_holder_and_its_waiting_time(local: InProcessMock) -> None:
    await local.control("POST", "clock/freeze")
    await local.call()
    call = asyncio.create_task(local.call())
    await run_until_waiting(local, 1)
    pending = await local.last_request()
    assert pending["outcome"] == "pending"
    assert (pending["status"], pending["elapsed"], pending["elapsed_real"]) == (None, None, None)
    local.real_time += 3_000_000
    await local.control("POST", "clock/advance", {"seconds": 1.25})
    await call
    entry = await local.last_request()
    assert (entry["outcome"], entry["status"]) == ("turned_away", 204)
    assert (entry["run"], entry["holder"]) == (None, {"by": "run", "run": 1})
    assert (entry["elapsed"], entry["elapsed_real"]) == (1.0, 0.003)
    assert [account["AccountId"] for account in entry["accounts"]] == [507]


async def test_a_lease_held_by_hand_has_a_holder_without_a_run(local: InProcessMock) -> None:
    await local.control("POST", "clock/jump")
    await local.control("POST", "lease/hold")
    await local.call()
    entry = await local.last_request()
    assert (entry["outcome"], entry["holder"]) == ("turned_away", {"by": "hand"})
    assert entry["reason"] == "the lease is held by hand until it is released"


@pytest.mark.claim("empty-no-run")
async def test_an_empty_list_and_a_get_are_served_without_a_run(local: InProcessMock) -> None:
    await local.call(body=b"{}")
    entry = await local.last_request()
    assert (entry["outcome"], entry["status"], entry["run"]) == ("served", 204, None)
    assert entry["accounts"] == []
    assert "empty" in entry["reason"]
    await local.call("GET", headers={}, body=b"")
    entry = await local.last_request()
    assert (entry["outcome"], entry["status"], entry["method"]) == ("served", 200, "GET")
    assert (entry["accounts"], entry["principal"], entry["reason"]) == (None, None, None)
    assert (entry["select"], entry["media_type"]) == (None, None)


async def test_a_rejected_call_has_its_reason_and_a_known_principal(local: InProcessMock) -> None:
    response = await local.call(headers={"authorization": "SOTicket 7T:wrong"})
    assert "ticket" not in response.body.decode()
    entry = await local.last_request()
    assert (entry["outcome"], entry["status"]) == ("rejected", 401)
    assert entry["reason"] == "Authorization: SOTicket: unknown ticket"
    assert (entry["principal"], entry["accounts"], entry["run"]) == (None, None, None)
    await local.call(body=b'{"SyncUserAccounts":[{"AccountId":507},{"AccountId":"507"}]}')
    entry = await local.last_request()
    assert (entry["outcome"], entry["status"], entry["accounts"]) == ("rejected", 400, None)
    assert entry["principal"]["user"] == "tje0"
    assert entry["reason"] == "/SyncUserAccounts/1/AccountId: expected an integer, got a string"
    await local.call(path="/Cust12345/api/v1/Nowhere")
    entry = await local.last_request("Cust12345")
    assert (entry["operation"], entry["status"]) == (None, 404)
    assert entry["reason"].startswith("path: this mock has nothing at '/Cust12345/api/v1/Nowhere'")


# ---- a crash of the mock itself --------------------------------------------------------------


@pytest.mark.claim("error-no-trace", "error-webapi")
async def test_a_crash_is_a_500_with_cors_headers_and_only_the_journal_has_the_traceback() -> None:
    local = crashing_mock()
    headers = {"authorization": BASIC, "content-type": JSON, "origin": "http://localhost:3000"}
    response = await local.call(headers=headers)
    assert response.status == 500
    assert response.json() == {"Message": "An error has occurred."}
    assert response.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert (await local.control("GET", "lease"))["held"] is False
    assert local.tenant().in_flight == 0
    detail = await local.control("GET", "requests/1")
    assert (detail["outcome"], detail["status"]) == ("crashed", 500)
    assert detail["crash"].startswith("Traceback (most recent call last)")
    assert "TypeError" in detail["crash"]
    assert "crash" in detail["reason"]
    assert (await local.control("GET", "requests?outcome=crashed"))["total"] == 1


@pytest.mark.claim("error-netserver", "error-format")
async def test_a_crash_is_reported_in_the_selected_envelope_and_format() -> None:
    local = crashing_mock(readings=Readings(errors="netserver"))
    headers = {"authorization": BASIC, "content-type": JSON, "accept": "text/xml"}
    response = await local.call(headers=headers)
    assert response.status == 500
    assert b"<Message>An error has occurred.</Message>" in response.body
    assert b"<ErrorType>" in response.body
    assert b"Traceback" not in response.body


def fail(*_: object) -> None:
    raise OSError


class FailingWatcher:
    """Fails whenever it is notified of an exchange."""

    notify, cancel = fail, fail


async def without_raw_path(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Call *app* as a server does that offers no `raw_path`, which ASGI allows."""
    await app({name: scope[name] for name in scope if name != "raw_path"}, receive, send)


async def test_what_only_notes_a_call_can_fail_without_changing_its_answer() -> None:
    settings, tenant = Settings(), TenantId("onsite")
    for failing, error in (("watcher", "OSError"), ("log", "OSError"), ("recording", "KeyError")):
        local = InProcessMock()
        await local.control("POST", "recordings/start")
        if failing == "log":
            local.mock = assemble(settings, load_tenants(settings), fail, lambda: EPOCH)
        if failing == "recording":
            app = partial(without_raw_path, local.mock.app)
            local.mock = structs.replace(local.mock, app=app)
        with ExitStack() as stack:
            if failing == "watcher":
                stack.enter_context(local.mock.journal.watch(tenant, FailingWatcher()))
            assert (await local.call()).status == 204, failing
        exchange = await local.control("GET", "requests/1")
        assert (exchange["status"], exchange["outcome"]) == (204, "started"), failing
        assert error in exchange["crash"], failing
        assert failing == "log" or error in access_log.format_text(local.log[0]), failing


async def test_the_byte_limit_of_the_journal_covers_all_tenants_and_removes_the_oldest() -> None:
    local = InProcessMock(Settings(journal_bytes=10_000))
    await local.call("GET", f"/Cust12345{PATH}")
    for _ in range(3):
        await local.call(body=b"{}" + b" " * 2_500)
    page = await local.control("GET", "requests")
    assert ([entry["id"] for entry in page["requests"]], page["forgotten"]) == ([2, 3], 1)
    other_page = await local.control("GET", "requests?tenant=Cust12345")
    assert (other_page["requests"], other_page["forgotten"]) == ([], 1)


# ---- violations and $select ------------------------------------------------------------------


@pytest.mark.claim("unknown-members", "query-names")
async def test_violations_are_recorded_those_of_the_query_first(local: InProcessMock) -> None:
    response = await local.call(
        path=f"{PATH}?$SELECT=name&limit=5&debug",
        body=b'{"SyncUserAccounts":[{"AccountId":1,"Colour":"red"}],"Force":true}',
    )
    assert response.status == 204
    entry = await local.last_request()
    assert entry["violations"][:2] == [
        "?limit: unknown query parameter, ignored",
        "?debug: unknown query parameter, ignored",
    ]
    assert sorted(entry["violations"][2:]) == [
        "/Force: unknown member, ignored",
        "/SyncUserAccounts/0/Colour: unknown member, ignored",
    ]
    assert entry["select"] == ["name"]
    assert entry["outcome"] == "started"


async def test_at_most_twenty_violations_are_kept() -> None:
    query = "&".join(f"q{n}=1" for n in range(15))
    for count in (0, 15, 25):
        local = InProcessMock()
        content = {"SyncUserAccounts": [{"AccountId": 1}]} | {f"m{n}": 1 for n in range(count)}
        await local.call(path=f"{PATH}?{query}", body=json.dumps(content).encode())
        assert len((await local.last_request())["violations"]) == min(15 + count, 20), count
