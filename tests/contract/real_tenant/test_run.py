"""A visit to a real tenant: what is sent, how far apart, and what the report says of each claim."""

import json
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import httpx2
import pytest

from superoffice_contract import report
from superoffice_contract.errors import TargetError
from superoffice_contract.openapi import claims
from superoffice_contract.real_tenant import run
from superoffice_contract.real_tenant.request_plan import SECOND, planned
from superoffice_contract.real_tenant.run import RealTenantCheck
from superoffice_contract.report import Report
from superoffice_contract.target.tenants import TargetTenant
from superoffice_mock.core.readings import Readings
from tests.contract.real_tenant.tenant_server import (
    ACCOUNTS,
    ONLINE,
    ONSITE,
    UNGRANTED,
    Scribe,
    Time,
    mock,
    of,
    of_status,
    visited,
)
from tests.contract.suite.targets import App, refusing

STATUSES = ("agrees", "differs", "cannot be observed")
READINGS = Readings().as_dict()


def total(found: Report) -> list[str]:
    return sorted(one.check for one in found.results)


# ---- what is sent ----------------------------------------------------------------------------


@pytest.mark.parametrize("tenant", [ONSITE, ONLINE, UNGRANTED], ids=lambda one: one.id)
def test_without_leave_to_start_syncs_nothing_valid_is_sent_and_no_account_is_named(
    tenant: TargetTenant,
) -> None:
    scribe = Scribe(mock())
    found = visited(scribe, tenant)
    assert found.exit_code == 0, report.as_text(found)
    assert 25 < len(scribe.requests) <= 60
    valid = {*tenant.tickets, "dGplMDpUamUw", "demo-session", "demo-xsrf", "demo-app-token"}
    valid |= {one.value for one in tenant.tokens}
    for one in scribe.requests:
        assert not [value for _, value in one.headers if any(part in value for part in valid)]
        assert b"507" not in one.body
        assert one.path.lower().startswith(f"{tenant.base}/api/v1/".lower())
    assert {one.method for one in scribe.requests} >= {"GET", "HEAD", "OPTIONS", "POST", "PUT"}


@pytest.mark.parametrize("tenant", [ONSITE, ONLINE], ids=lambda one: one.id)
def test_with_leave_every_body_names_the_given_accounts_and_no_others(
    tenant: TargetTenant,
) -> None:
    scribe = Scribe(mock())
    found = visited(scribe, tenant, accounts=(71, 72), max_requests=1_000)
    assert found.exit_code == 0, report.as_text(found)
    assert len(scribe.requests) > 100
    named = {number for one in scribe.requests for number in (b"71", b"72") if number in one.body}
    assert named == {b"71", b"72"}
    for one in scribe.requests:
        text = one.body.replace(b"\x00", b"").replace(b"%5B0%5D", b"").replace(b"[0]", b"")
        text = text.replace(b"http://www.w3.org/2001/XMLSchema-instance", b"").replace(b"%5", b"%")
        digits = {part for part in text.translate(NO_DIGITS).split() if part not in (b"71", b"72")}
        assert digits <= {b"0"}, one.body
        assert b"874" not in one.body
        assert b"tje0" not in one.body.lower()
        assert b"{}]" not in one.body


NO_DIGITS = bytes(one if chr(one).isdigit() else 32 for one in range(256))


def test_a_real_name_never_goes_with_a_wrong_secret() -> None:
    scribe = Scribe(mock())
    visited(scribe, ONSITE, accounts=ACCOUNTS, max_requests=1_000)
    assert {one.header("authorization") for one in scribe.requests} >= {"Basic dGplMDpUamUw"}
    assert not [one for one in scribe.requests if "dGplMDpUamUweA" in one.header("authorization")]
    for one in scribe.requests:
        if "demo-session" in one.header("cookie"):
            assert one.header("x-xsrf-token") in ("", "demo-xsrf")
        if one.header("x-xsrf-token") == "demo-xsrf":
            assert "SessionId=demo-sessionx" not in one.header("cookie")


def test_requests_come_one_at_a_time_and_two_seconds_after_the_last_answer() -> None:
    time = Time()
    scribe = Scribe(mock(), time)
    visited(scribe, ONSITE, accounts=ACCOUNTS, pace=time.pace())
    pauses = [later.came - earlier.answered for earlier, later in pairwise(scribe.requests)]
    assert len(pauses) == 59
    assert min(pauses) >= 2.0
    assert max(pauses) < 2.1


@pytest.mark.parametrize("most", [1, 2, 3, 5, 20])
@pytest.mark.parametrize("accounts", [(), ACCOUNTS], ids=["open", "signed in"])
def test_no_more_is_sent_than_was_allowed_and_what_went_is_told(
    most: int, accounts: tuple[int, ...]
) -> None:
    scribe = Scribe(mock())
    found = visited(scribe, ONSITE, accounts=accounts, max_requests=most)
    assert len(scribe.requests) == most
    assert (scribe.requests[0].method, found.exit_code) == ("GET", 0)
    every = len(planned(ONSITE, accounts, READINGS, 1_000).stops)
    assert dict(found.facts)["left out for --max-requests"] == str(every - most)
    went = {one.check for one in found.results if "went, for --max" in (one.note or "")}
    assert ("path-unknown" in went) == (most < 20 or accounts != ())


def test_what_is_left_out_first_shows_nothing_new() -> None:
    every = planned(ONSITE, ACCOUNTS, READINGS, 1_000)
    some = planned(ONSITE, ACCOUNTS, READINGS, 60)
    shown = [{id_ for stop in one.stops for id_ in stop.claims} for one in (every, some)]
    assert shown[0] == shown[1]
    assert len(every.stops) == 60 + len(some.left_out)


def test_nothing_is_sent_whose_answer_would_show_nothing() -> None:
    assert all(stop.claims for stop in planned(ONLINE, ACCOUNTS, READINGS, 1_000).stops)


def test_equal_requests_are_sent_once() -> None:
    asks = [stop.ask for stop in planned(ONSITE, ACCOUNTS, READINGS, 1_000).stops]
    first, second = [at for at, ask in enumerate(asks) if asks.count(ask) > 1]
    assert second == first + 1, "only the call that comes while the first one's run goes on"


# ---- what is said before ---------------------------------------------------------------------


def test_before_the_first_request_it_is_told_what_will_be_sent_and_no_value_of_a_secret() -> None:
    told = "\n".join(
        run.announced(RealTenantCheck("https://crm.example.com", ONSITE, accounts=ACCOUNTS))
    )
    assert told.startswith("visit to https://crm.example.com\n  requests: 60, one at a time, 2 s ")
    assert "takes: at least 118 s\n" in told
    assert "  credentials: a session, a ticket, a user with password, an XSRF value\n" in told
    assert "  accounts: 507, 508\n" in told
    assert "busy-second" not in told.partition("claims: ")[0]
    assert "media-types" in told.partition("claims: ")[2]
    assert "http," not in told


def test_credentials_that_go_unencrypted_are_said_so() -> None:
    open_ = "\n".join(run.announced(RealTenantCheck("http://crm.example.com", ONSITE)))
    told = "\n".join(
        run.announced(RealTenantCheck("http://crm.example.com", ONSITE, accounts=(5,)))
    )
    assert "over http, which anybody on the way can read" in told
    assert "over http" not in open_
    assert "credentials: none; invented ones are refused" in open_
    assert "accounts: none" in open_


# ---- what is said after ----------------------------------------------------------------------


@pytest.mark.parametrize("accounts", [(), ACCOUNTS], ids=["open", "signed in"])
@pytest.mark.parametrize("tenant", [ONSITE, ONLINE, UNGRANTED], ids=lambda one: one.id)
def test_the_mock_agrees_with_everything_that_can_be_observed(
    tenant: TargetTenant, accounts: tuple[int, ...]
) -> None:
    found = visited(Scribe(mock()), tenant, accounts=accounts, max_requests=1_000)
    assert total(found) == sorted(claims.load())
    assert {one.status for one in found.results} <= set(STATUSES)
    assert of_status(found, "differs") == set(), report.as_text(found)
    assert found.exit_code == 0


def test_each_claim_that_was_not_observed_has_its_reason() -> None:
    found = visited(mock(), ONSITE)
    reasons = {
        "media-types": "documented: needs --start-syncs and --accounts",
        "grant": "inferred: needs a credential that was not given",
        "bearer-online": "inferred: is about tenants that are online",
        "response-title": "documented: a fact about the page, not about a server",
        "task-cap": "documented: needs the truth",
        "path-tenant": "inferred: needs another tenant's address",
        "path-unknown-tenant": "inferred: would call another address than the one given",
        "error-netserver": "inferred: no error came in that envelope",
    }
    for id_, reason in reasons.items():
        assert of(found, id_).status == "cannot be observed"
        assert (of(found, id_).note or "").startswith(reason)
    accounts = visited(mock(), ONSITE, accounts=(5,))
    note = of(accounts, "id-absent").note
    assert note == "inferred: would name an account that is not in --accounts"


def test_claims_that_only_the_truth_can_show_are_never_said_to_agree() -> None:
    found = visited(mock(), ONSITE, accounts=ACCOUNTS, max_requests=1_000)
    agreed = of_status(found, "agrees")
    assert {"starts-sync", "lease-end", "same-effect", "task-cap", "simultaneous"} & agreed == set()
    assert len(agreed) > 70


def test_the_status_of_an_app_without_the_agent_is_observed() -> None:
    found = visited(mock(), UNGRANTED, accounts=ACCOUNTS)
    assert {"grant", "restricted-status", "online-restricted"} <= of_status(found, "agrees")
    assert dict(found.facts)["reading restricted"] == "401"


def other(**readings: str) -> Scribe:
    changed = Readings()
    for name, value in readings.items():
        changed = changed.with_value(name.replace("_", "-"), value)
    return Scribe(mock(changed))


@pytest.mark.parametrize(
    ("tenant", "reading", "value", "claim"),
    [
        (UNGRANTED, "restricted", "403", "restricted-status"),
        (ONSITE, "errors", "netserver", "error-webapi"),
        (ONSITE, "no_content_type", "as-sampled", "no-content-type"),
    ],
    ids=["restricted", "errors", "no-content-type"],
)
def test_another_value_of_a_reading_differs_alone_and_is_told(
    tenant: TargetTenant, reading: str, value: str, claim: str
) -> None:
    server = other(**{reading: value})
    name = reading.replace("_", "-")
    found = visited(server, tenant, accounts=ACCOUNTS)
    assert of_status(found, "differs") == {claim}, report.as_text(found)
    assert found.exit_code == 1
    assert dict(found.facts)[f"reading {name}"] == value
    assert f"; {name} is {value} there" in (of(found, claim).note or "")
    for readings in ({}, {**READINGS, name: value}):
        assert visited(server, tenant, accounts=ACCOUNTS, readings=readings).exit_code == 0


@pytest.mark.parametrize("tenant", [ONSITE, ONLINE], ids=lambda one: one.id)
def test_a_credential_that_was_refused_is_not_tried_again(tenant: TargetTenant) -> None:
    scribe = Scribe(refusing)
    found = visited(scribe, tenant, accounts=ACCOUNTS)
    secrets = ("demo", "dGplMDpUamUw")
    signed = [one for one in scribe.requests if any(part in str(one.headers) for part in secrets)]
    assert len(signed) == 3, "a user or a token, a ticket and a session, each of them once"
    assert found.exit_code == 1
    assert "the credential that it needs was not let in" in (of(found, "charset").note or "")
    assert "GET did not describe the call" in (of(found, "path-case").note or "")


def test_an_error_without_the_place_differs_in_that_alone() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] != "POST" or (b"authorization" not in dict(scope["headers"])):
            await inner(scope, receive, send)
            return
        message = await receive()
        held = [message]

        async def again() -> Any:
            return held.pop() if held else await receive()

        if b':"x"' not in message["body"] and b",null]" not in message["body"]:
            await inner(scope, again, send)
            return
        kept = [(b"cache-control", b"no-cache"), (b"pragma", b"no-cache"), (b"expires", b"-1")]
        headers = [*kept, (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 400, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"Message":"no"}'})

    inner = mock()
    found = visited(app, ONSITE, accounts=ACCOUNTS)
    assert of_status(found, "differs") == {"error-place"}, report.as_text(found)
    (finding, *_) = of(found, "error-place").findings
    assert finding.what == "the answer does not name '/SyncUserAccounts/1'"
    assert of(found, "items-all").status == "agrees"


# ---- formats ---------------------------------------------------------------------------------


def test_text_json_and_junit_tell_the_three_apart() -> None:
    found = visited(other(errors="netserver"), ONSITE)
    content = json.loads(report.as_json(found))
    assert {one["status"] for one in content["results"]} == set(STATUSES)
    assert content["exit_code"] == 1
    text = report.as_text(found)
    assert "\n  DIFFERS            error-webapi  (inferred, " in text
    assert "\n  agrees             get-open  (inferred, one request)\n" in text
    counts = [len(of_status(found, one)) for one in ("agrees", "differs", "cannot be observed")]
    agrees, differs, rest = counts
    assert text.endswith(f"\n{agrees} agrees, {differs} differs, {rest} cannot be observed\n")
    suite = ET.fromstring(report.as_junit(found).encode())[0]
    kinds = [next((part.tag for part in case), None) for case in suite]
    assert kinds.count("failure") == int(suite.attrib["failures"]) == 1
    assert kinds.count("skipped") == int(suite.attrib["skipped"]) > 90
    assert len(kinds) == len(claims.load())


def test_a_fault_of_every_answer_is_told_three_times_and_counted() -> None:
    found = visited(refusing, ONSITE)
    note = of(found, "cache-headers").note
    assert note is not None
    assert note.startswith("inferred, ")
    assert len(of(found, "cache-headers").findings) == 3


# ---- what ends it ----------------------------------------------------------------------------


def ends(status: int, after: int) -> tuple[Scribe, App]:
    """Return an application that answers *status* from request *after* on, and its scribe."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if len(scribe.requests) <= after:
            await inner(scope, receive, send)
            return
        await receive()
        if not status:
            raise httpx2.ReadError("said 7T:demo-ticket")
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body"})

    inner = mock()
    scribe = Scribe(app)
    return scribe, app


@pytest.mark.parametrize(
    ("status", "what"),
    [(429, "was answered 429"), (503, "was answered 503"), (0, "got no answer")],
)
@pytest.mark.parametrize("after", [4, 40])
def test_a_server_that_wants_to_be_left_alone_is_and_the_report_tells_what_was_seen(
    status: int, what: str, after: int
) -> None:
    scribe, _ = ends(status, after)
    found = visited(scribe, ONSITE, accounts=ACCOUNTS)
    assert len(scribe.requests) == after + 1
    assert found.results[0].status == "error"
    assert what in (found.results[0].note or "")
    assert "the visit ended when" in (of(found, "negotiation-ignored").note or "")
    assert of(found, "get-describes").status == "agrees"
    assert found.exit_code == 1
    assert "7T:" not in report.as_json(found)


def test_a_second_call_that_is_answered_429_ends_it_too_and_differs() -> None:
    names = [stop.name for stop in planned(ONSITE, ACCOUNTS, READINGS, 60).stops]
    scribe, _ = ends(429, names.index(SECOND))
    found = visited(scribe, ONSITE, accounts=ACCOUNTS)
    assert len(scribe.requests) == names.index(SECOND) + 1
    assert {"silent-drop", "same-answer"} <= of_status(found, "differs")


@pytest.mark.parametrize(
    ("status", "what"),
    [(302, "redirects to /login"), (421, "lives at another host"), (503, "answers 503")],
)
def test_a_first_answer_from_elsewhere_ends_it_before_it_begins(status: int, what: str) -> None:
    async def app(_: Any, receive: Any, send: Any) -> None:
        await receive()
        headers = [(b"location", b"/login")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body"})

    scribe = Scribe(app)
    with pytest.raises(TargetError, match=what):
        visited(scribe, ONSITE)
    assert len(scribe.requests) == 1
