"""The check of a real tenant: its requests, its pace, and its report on each claim."""

import json
from itertools import pairwise
from typing import Any, Final
from xml.etree import ElementTree as ET

import httpx2
import pytest

from superoffice_contract.errors import TargetError
from superoffice_contract.openapi import claims
from superoffice_contract.openapi.readings import Readings
from superoffice_contract.real_tenant import run
from superoffice_contract.real_tenant.request_plan import SECOND_CALL, RequestPlan
from superoffice_contract.real_tenant.run import RealTenantCheck
from superoffice_contract.report import as_json, as_junit, as_text
from superoffice_contract.target.http import MAX_BODY
from superoffice_contract.target.tenants import TargetTenant
from tests.contract.real_tenant.tenant_server import (
    ACCOUNTS,
    ONLINE,
    ONSITE,
    UNGRANTED,
    FakeClock,
    RecordingApp,
    check_tenant,
    claims_with_status,
    make_mock,
    result_of,
)
from tests.contract.suite.targets import refuse_all, respond_with

STATUSES = ("agrees", "differs", "cannot be observed")
READINGS = Readings().as_dict()
NO_DIGITS = bytes(byte if chr(byte).isdigit() else 32 for byte in range(256))


def plan_for(
    tenant: TargetTenant, accounts: tuple[int, ...] = ACCOUNTS, max_requests: int = 1_000
) -> RequestPlan:
    return RealTenantCheck(None, tenant, accounts, READINGS, max_requests).plan


# ---- requests --------------------------------------------------------------------------------


@pytest.mark.parametrize("tenant", [ONSITE, ONLINE, UNGRANTED], ids=lambda tenant: tenant.id)
def test_without_accounts_no_valid_secret_and_no_account_is_sent(
    tenant: TargetTenant,
) -> None:
    app = RecordingApp(make_mock())
    report = check_tenant(app, tenant)
    assert report.exit_code == 0, as_text(report)
    assert 25 < len(app.requests) <= 60
    secrets = {*tenant.tickets, "dGplMDpUamUw", "demo-session", "demo-xsrf", "demo-app-token"}
    secrets |= {token.value for token in tenant.tokens}
    for request in app.requests:
        headers = str(request.headers)
        assert [secret for secret in secrets if secret in headers] == []
        assert b"507" not in request.body
        assert request.path.lower().startswith(f"{tenant.base}/api/v1/".lower())
    assert {request.method for request in app.requests} >= {"GET", "HEAD", "OPTIONS", "POST", "PUT"}


@pytest.mark.parametrize("tenant", [ONSITE, ONLINE], ids=lambda tenant: tenant.id)
def test_with_accounts_every_body_names_these_and_no_others(
    tenant: TargetTenant,
) -> None:
    app = RecordingApp(make_mock())
    report = check_tenant(app, tenant, accounts=(71, 72), max_requests=1_000)
    assert report.exit_code == 0, as_text(report)
    assert len(app.requests) > 100
    bodies = b" ".join(request.body for request in app.requests)
    assert b"71" in bodies
    assert b"72" in bodies
    for request in app.requests:
        text = request.body.replace(b"\x00", b"").replace(b"%5B0%5D", b"").replace(b"[0]", b"")
        text = text.replace(b"http://www.w3.org/2001/XMLSchema-instance", b"").replace(b"%5", b"%")
        digits = {part for part in text.translate(NO_DIGITS).split() if part not in (b"71", b"72")}
        assert digits <= {b"0"}, request.body
        assert b"874" not in request.body
        assert b"tje0" not in request.body.lower()
        assert b"{}]" not in request.body


def test_a_real_name_is_never_sent_with_a_wrong_secret() -> None:
    app = RecordingApp(make_mock())
    check_tenant(app, ONSITE, accounts=ACCOUNTS, max_requests=1_000)
    authorizations = {request.header("authorization") for request in app.requests}
    assert "Basic dGplMDpUamUw" in authorizations
    assert [value for value in authorizations if "dGplMDpUamUweA" in value] == []
    for request in app.requests:
        if "demo-session" in request.header("cookie"):
            assert request.header("x-xsrf-token") in ("", "demo-xsrf")
        if request.header("x-xsrf-token") == "demo-xsrf":
            assert "SessionId=demo-sessionx" not in request.header("cookie")


def test_each_request_is_sent_two_seconds_after_the_last_response() -> None:
    clock = FakeClock()
    app = RecordingApp(make_mock(), clock)
    check_tenant(app, ONSITE, accounts=ACCOUNTS, pace=clock.pace())
    pauses = [later.arrived_at - earlier.answered_at for earlier, later in pairwise(app.requests)]
    assert len(pauses) == 59
    assert min(pauses) >= 2.0
    assert max(pauses) < 2.1


@pytest.mark.parametrize("max_requests", [1, 2, 3, 5, 20])
@pytest.mark.parametrize("accounts", [(), ACCOUNTS], ids=["without accounts", "with accounts"])
def test_requests_beyond_the_limit_are_not_sent_and_reported(
    max_requests: int, accounts: tuple[int, ...]
) -> None:
    app = RecordingApp(make_mock())
    report = check_tenant(app, ONSITE, accounts=accounts, max_requests=max_requests)
    assert len(app.requests) == max_requests
    assert (app.requests[0].method, report.exit_code) == ("GET", 0)
    total = len(plan_for(ONSITE, accounts).steps)
    assert dict(report.facts)["left out for --max-requests"] == str(total - max_requests)
    notes = {result.check: result.note or "" for result in report.results}
    claims_left_out = [id_ for id_, note in notes.items() if "left out because of --max" in note]
    assert ("path-unknown" in claims_left_out) == (max_requests < 20 or accounts != ())


def test_the_requests_that_are_left_out_first_show_nothing_new() -> None:
    everything, limited = plan_for(ONSITE), plan_for(ONSITE, max_requests=60)
    claims_shown, claims_within_limit = (
        {id_ for step in plan.steps for id_ in step.claims} for plan in (everything, limited)
    )
    assert claims_shown == claims_within_limit
    assert len(everything.steps) == 60 + len(limited.left_out)


def test_every_request_can_show_a_claim() -> None:
    assert all(step.claims for step in plan_for(ONLINE).steps)


def test_equal_requests_are_sent_once() -> None:
    requests = [step.request for step in plan_for(ONSITE).steps]
    first, second = [i for i, request in enumerate(requests) if requests.count(request) > 1]
    assert second == first + 1, "only the second call, during the run of the first"


# ---- the summary before the first request ----------------------------------------------------


def describe_check(url: str, accounts: tuple[int, ...]) -> str:
    return "\n".join(run.describe(RealTenantCheck(url, ONSITE, accounts=accounts)))


def test_the_summary_says_what_will_be_sent_without_any_secret() -> None:
    summary = describe_check("https://crm.example.com", ACCOUNTS)
    assert summary.startswith(
        "real-tenant check of https://crm.example.com\n  requests: 60, one at a time, 2 s "
    )
    assert "takes: at least 118 s\n" in summary
    assert "  credentials: a session, a ticket, a user with password, an XSRF value\n" in summary
    assert "  accounts: 507, 508\n" in summary
    assert "busy-second" not in summary.partition("claims: ")[0]
    assert "media-types" in summary.partition("claims: ")[2]
    assert "http," not in summary


def test_the_summary_warns_about_credentials_over_http() -> None:
    without_accounts = describe_check("http://crm.example.com", ())
    with_accounts = describe_check("http://crm.example.com", (5,))
    assert "over http, which is not encrypted" in with_accounts
    assert "over http" not in without_accounts
    assert "credentials: none, only invented ones" in without_accounts
    assert "accounts: none" in without_accounts


# ---- the report ------------------------------------------------------------------------------


@pytest.mark.parametrize("accounts", [(), ACCOUNTS], ids=["without accounts", "with accounts"])
@pytest.mark.parametrize("tenant", [ONSITE, ONLINE, UNGRANTED], ids=lambda tenant: tenant.id)
def test_the_mock_agrees_with_every_claim_that_can_be_observed(
    tenant: TargetTenant, accounts: tuple[int, ...]
) -> None:
    report = check_tenant(RecordingApp(make_mock()), tenant, accounts=accounts, max_requests=1_000)
    assert sorted(result.check for result in report.results) == sorted(claims.load())
    assert {result.status for result in report.results} <= set(STATUSES)
    assert claims_with_status(report, "differs") == set(), as_text(report)
    assert report.exit_code == 0


def test_each_claim_that_cannot_be_observed_has_a_reason() -> None:
    report = check_tenant(make_mock(), ONSITE)
    reasons = {
        "media-types": "documented: needs --start-syncs and --accounts",
        "grant": "inferred: needs a credential that was not given",
        "bearer-online": "inferred: is about tenants that are online",
        "response-title": "documented: a fact about the page, not about a server",
        "task-cap": "documented: needs /_mock/",
        "path-tenant": "inferred: needs the address of another tenant",
        "path-unknown-tenant": "inferred: would call another address than the one given",
        "error-netserver": "inferred: no error had that envelope",
    }
    for id_, reason in reasons.items():
        assert result_of(report, id_).status == "cannot be observed"
        assert (result_of(report, id_).note or "").startswith(reason)
    report_with_accounts = check_tenant(make_mock(), ONSITE, accounts=(5,))
    note = result_of(report_with_accounts, "id-absent").note
    assert note == "inferred: would name an account that is not in --accounts"


def test_claims_that_only_the_control_api_can_show_never_agree() -> None:
    report = check_tenant(make_mock(), ONSITE, accounts=ACCOUNTS, max_requests=1_000)
    claim_ids = claims_with_status(report, "agrees")
    assert {
        "starts-sync",
        "lease-end",
        "same-effect",
        "task-cap",
        "simultaneous",
    } & claim_ids == set()
    assert len(claim_ids) > 70


def test_the_status_of_an_app_without_the_agent_is_observed() -> None:
    report = check_tenant(make_mock(), UNGRANTED, accounts=ACCOUNTS)
    claim_ids = claims_with_status(report, "agrees")
    assert {"grant", "restricted-status", "online-restricted"} <= claim_ids
    assert dict(report.facts)["reading restricted"] == "401"


def make_server(reading: str, value: str) -> RecordingApp:
    return RecordingApp(make_mock(Readings().with_value(reading, value)))


@pytest.mark.parametrize(
    ("tenant", "reading", "value", "claim"),
    [
        (UNGRANTED, "restricted", "403", "restricted-status"),
        (ONSITE, "errors", "netserver", "error-webapi"),
        (ONSITE, "no-content-type", "as-sampled", "no-content-type"),
    ],
    ids=["restricted", "errors", "no-content-type"],
)
def test_another_value_of_a_reading_differs_in_one_claim_and_is_reported(
    tenant: TargetTenant, reading: str, value: str, claim: str
) -> None:
    server = make_server(reading, value)
    report = check_tenant(server, tenant, accounts=ACCOUNTS)
    assert claims_with_status(report, "differs") == {claim}, as_text(report)
    assert report.exit_code == 1
    assert dict(report.facts)[f"reading {reading}"] == value
    assert f"; {reading} is {value} there" in (result_of(report, claim).note or "")
    for readings in ({}, {**READINGS, reading: value}):
        assert check_tenant(server, tenant, accounts=ACCOUNTS, readings=readings).exit_code == 0


@pytest.mark.parametrize("tenant", [ONSITE, ONLINE], ids=lambda tenant: tenant.id)
def test_a_refused_credential_is_not_sent_again(tenant: TargetTenant) -> None:
    app = RecordingApp(refuse_all)
    report = check_tenant(app, tenant, accounts=ACCOUNTS)
    secrets = ("demo", "dGplMDpUamUw")
    headers = [str(request.headers) for request in app.requests]
    with_secret = [text for text in headers if any(secret in text for secret in secrets)]
    assert len(with_secret) == 3, "a user or a token, a ticket and a session, each of them once"
    assert report.exit_code == 1
    assert "the credential that it needs was not accepted" in (
        result_of(report, "charset").note or ""
    )
    assert "GET did not describe the call" in (result_of(report, "path-case").note or "")


def test_an_error_without_the_place_differs_in_one_claim() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] != "POST" or (b"authorization" not in dict(scope["headers"])):
            await mock(scope, receive, send)
            return
        message = await receive()
        messages = [message]

        async def receive_again() -> Any:
            return messages.pop() if messages else await receive()

        if b':"x"' not in message["body"] and b",null]" not in message["body"]:
            await mock(scope, receive_again, send)
            return
        await respond_with(400, headers, b'{"Message":"no"}')(scope, receive_again, send)

    headers = {"cache-control": "no-cache", "pragma": "no-cache", "expires": "-1"}
    headers["content-type"] = "application/json"
    mock = make_mock()
    report = check_tenant(app, ONSITE, accounts=ACCOUNTS)
    assert claims_with_status(report, "differs") == {"error-place"}, as_text(report)
    (finding, *_) = result_of(report, "error-place").findings
    assert finding.what == "the answer does not name '/SyncUserAccounts/1'"
    assert result_of(report, "items-all").status == "agrees"


# ---- formats ---------------------------------------------------------------------------------


def test_text_json_and_junit_have_all_three_statuses() -> None:
    report = check_tenant(make_server("errors", "netserver"), ONSITE)
    content = json.loads(as_json(report))
    assert {result["status"] for result in content["results"]} == set(STATUSES)
    assert content["exit_code"] == 1
    text = as_text(report)
    assert "\n  DIFFERS            error-webapi  (inferred, " in text
    assert "\n  agrees             get-open  (inferred, one request)\n" in text
    agrees, differs, others = (len(claims_with_status(report, status)) for status in STATUSES)
    assert (agrees > 1, differs) == (True, 1)
    assert text.endswith(f"\n{agrees} agree, 1 differs, {others} cannot be observed\n")
    suite = ET.fromstring(as_junit(report).encode())[0]
    kinds = [next((part.tag for part in case), None) for case in suite]
    assert kinds.count("failure") == int(suite.attrib["failures"]) == 1
    assert kinds.count("skipped") == int(suite.attrib["skipped"]) > 90
    assert len(kinds) == len(claims.load())


def test_a_claim_has_at_most_three_findings() -> None:
    report = check_tenant(refuse_all, ONSITE)
    result = result_of(report, "cache-headers")
    assert (result.note or "").startswith("inferred, ")
    assert len(result.findings) == 3


# ---- checks that end early -------------------------------------------------------------------


ENDLESS: Final = 200


def make_server_that_stops(status: int, after: int) -> RecordingApp:
    """Return a mock that after that many requests answers *status*, or breaks if it is 0."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if len(server.requests) <= after:
            await mock(scope, receive, send)
            return
        if not status:
            raise httpx2.ReadError("quotes 7T:demo-ticket")
        body = b"x" * (MAX_BODY + 1) if status == ENDLESS else b""
        await respond_with(status, body=body)(scope, receive, send)

    mock = make_mock()
    server = RecordingApp(app)
    return server


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        *((429, "was answered 429"), (503, "was answered 503"), (0, "got no answer")),
        (ENDLESS, "got too long an answer"),
    ],
)
@pytest.mark.parametrize("after", [4, 40])
def test_a_server_that_asks_for_fewer_requests_ends_the_check(
    status: int, reason: str, after: int
) -> None:
    server = make_server_that_stops(status, after)
    report = check_tenant(server, ONSITE, accounts=ACCOUNTS)
    assert len(server.requests) == after + 1
    assert report.results[0].status == "error"
    assert reason in (report.results[0].note or "")
    assert "the check ended when" in (result_of(report, "negotiation-ignored").note or "")
    assert result_of(report, "get-describes").status == "agrees"
    assert report.exit_code == 1
    assert "7T:" not in as_json(report)


def test_a_429_to_the_second_call_ends_the_check_and_differs() -> None:
    names = [step.name for step in plan_for(ONSITE, max_requests=60).steps]
    server = make_server_that_stops(429, names.index(SECOND_CALL))
    report = check_tenant(server, ONSITE, accounts=ACCOUNTS)
    assert len(server.requests) == names.index(SECOND_CALL) + 1
    assert {"silent-drop", "same-answer"} <= claims_with_status(report, "differs")


@pytest.mark.parametrize(
    ("status", "message"),
    [(302, "redirects to /login"), (421, "is at another host"), (503, "answers 503")],
)
def test_a_first_response_that_shows_a_wrong_url_is_an_error(status: int, message: str) -> None:
    server = RecordingApp(respond_with(status, {"location": "/login"}))
    with pytest.raises(TargetError, match=message):
        check_tenant(server, ONSITE)
    assert len(server.requests) == 1
