"""The check of a real tenant: its requests, its pace, and its report on each claim."""

import json
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final
from xml.etree import ElementTree as ET

import httpx2
import pytest

from superoffice_contract.errors import TargetError
from superoffice_contract.openapi import claims
from superoffice_contract.openapi.readings import READINGS, Readings
from superoffice_contract.real_tenant import run
from superoffice_contract.real_tenant.report import NO_BASIS, ORDER
from superoffice_contract.real_tenant.request_plan import (
    CREDENTIAL_REFUSED,
    OVER_LIMIT,
    SECOND_CALL,
    RequestPlan,
)
from superoffice_contract.real_tenant.run import NOT_DESCRIBED, RealTenantCheck
from superoffice_contract.real_tenant.unobservable_claims import UNOBSERVABLE
from superoffice_contract.report import WRONG_GUESS
from superoffice_contract.report_formats import as_json, as_junit, as_text
from superoffice_contract.target.http import MAX_BODY, BrokenAnswerError
from superoffice_contract.target.tenants import TargetTenant
from tests.contract.real_tenant.tenant_server import (
    ACCOUNTS,
    ONLINE,
    ONSITE,
    SECRETS,
    UNGRANTED,
    FakeClock,
    RecordingApp,
    check_tenant,
    claims_with_status,
    make_mock,
    result_of,
)
from tests.contract.suite.targets import begin_with, read_body, refuse_all, respond_with

NO_CACHE: Final = {"cache-control": "no-cache", "pragma": "no-cache", "expires": "-1"}
NO_DIGITS = bytes(byte if chr(byte).isdigit() else 32 for byte in range(256))


def plan_for(
    tenant: TargetTenant, accounts: tuple[int, ...] = ACCOUNTS, max_requests: int = 1_000
) -> RequestPlan:
    return RealTenantCheck(None, tenant, accounts, {}, max_requests).plan


# ---- requests --------------------------------------------------------------------------------


@pytest.mark.parametrize("tenant", [ONSITE, ONLINE, UNGRANTED], ids=lambda tenant: tenant.id)
def test_without_accounts_no_valid_secret_and_no_account_is_sent(
    tenant: TargetTenant,
) -> None:
    app = RecordingApp(make_mock())
    report = check_tenant(app, tenant)
    assert report.exit_code == 0, as_text(report)
    assert 25 < len(app.requests) <= 60
    for request in app.requests:
        assert [secret for secret in SECRETS if secret in str(request.headers)] == []
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
        text = re.sub(rb'http://[^"]*', b"", text).replace(b"%5", b"%")
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


@pytest.mark.parametrize("accounts", [(), ACCOUNTS], ids=["without accounts", "with accounts"])
def test_requests_beyond_the_limit_are_not_sent_and_reported(accounts: tuple[int, ...]) -> None:
    total = len(plan_for(ONSITE, accounts).steps)
    for max_requests in (1, 2, 3, 5, 20):
        app = RecordingApp(make_mock())
        report = check_tenant(app, ONSITE, accounts=accounts, max_requests=max_requests)
        assert len(app.requests) == max_requests
        assert (app.requests[0].method, report.exit_code) == ("GET", 0)
        assert dict(report.facts)["left out for --max-requests"] == str(total - max_requests)
        is_left_out = OVER_LIMIT in (result_of(report, "path-slash").reason or "")
        assert is_left_out == (max_requests < 20 or accounts != ()), max_requests


def test_the_requests_that_are_left_out_first_show_nothing_new() -> None:
    everything, limited = plan_for(ONSITE), plan_for(ONSITE, max_requests=60)
    claims_shown, claims_within_limit = (
        {id_ for step in plan.steps for id_ in step.claims} for plan in (everything, limited)
    )
    assert claims_shown == claims_within_limit
    assert len(everything.steps) == 60 + len(limited.left_out)
    assert all(step.claims for step in everything.steps)


def test_equal_requests_are_sent_once() -> None:
    requests = [step.request for step in plan_for(ONSITE).steps]
    first, second = [i for i, request in enumerate(requests) if requests.count(request) > 1]
    assert second == first + 1, "only the second call, during the run of the first"


# ---- the summary before the first request ----------------------------------------------------


def describe_check(url: str, accounts: tuple[int, ...]) -> str:
    return "\n".join(run.describe(RealTenantCheck(url, ONSITE, accounts=accounts)))


def test_the_summary_says_what_will_be_sent_without_any_secret() -> None:
    *first, sync_count, claim_count = describe_check(
        "https://crm.example.com", ACCOUNTS
    ).splitlines()
    assert first == [
        "real-tenant check of https://crm.example.com",
        "  requests: 60, one at a time, 2 s apart",
        "  takes: at least 118 s",
        "  credentials: a session, a ticket, a user with password, an XSRF value",
        "  accounts: 507, 508",
    ]
    assert sync_count.startswith("  calls that may start a sync: ")
    assert claim_count.endswith(f" of {len(claims.load())}")


def test_the_summary_warns_about_credentials_over_http() -> None:
    without_accounts = describe_check("http://crm.example.com", ())
    with_accounts = describe_check("http://crm.example.com", (5,))
    assert "over http, which is not encrypted" in with_accounts
    assert "over http" not in without_accounts
    assert "credentials: none, only invented ones" in without_accounts
    assert "accounts: none" in without_accounts
    assert "; --start-syncs and --accounts would show more" in without_accounts


# ---- the report ------------------------------------------------------------------------------


@pytest.mark.parametrize("accounts", [(), ACCOUNTS], ids=["without accounts", "with accounts"])
@pytest.mark.parametrize("tenant", [ONSITE, ONLINE, UNGRANTED], ids=lambda tenant: tenant.id)
def test_the_mock_agrees_with_every_claim_that_can_be_observed(
    tenant: TargetTenant, accounts: tuple[int, ...]
) -> None:
    report = check_tenant(RecordingApp(make_mock()), tenant, accounts=accounts, max_requests=1_000)
    assert sorted(result.check for result in report.results) == sorted(claims.load())
    statuses = {result.status for result in report.results}
    assert statuses == {"agrees", "cannot be observed"}, as_text(report)
    shown = claims_with_status(report, "agrees")
    assert shown & UNOBSERVABLE.keys() == set()
    assert len(shown) > (70 if accounts and tenant is not UNGRANTED else 20)


def test_each_claim_that_cannot_be_observed_has_a_reason() -> None:
    report = check_tenant(make_mock(), ONSITE)
    reasons = {
        "media-types": "needs --start-syncs and --accounts",
        "grant": "is about tenants that are online",
        "bearer-online": "is about tenants that are online",
        "response-title": "a fact about the page, not about a server",
        "task-cap": "needs /_mock/",
        "path-tenant": "needs the address of another tenant",
        "path-unknown-tenant": "would call another address than the one given",
        "error-netserver": "no error had that envelope",
    }
    for id_, reason in reasons.items():
        assert result_of(report, id_).status == "cannot be observed"
        assert (result_of(report, id_).reason or "").startswith(reason), id_
    report_with_accounts = check_tenant(make_mock(), ONSITE, accounts=(5,))
    note = result_of(report_with_accounts, "id-absent").reason
    assert note == "would name an account that is not in --accounts"


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
def test_another_reading_is_a_wrong_guess_and_a_failure_only_if_it_was_told(
    tenant: TargetTenant, reading: str, value: str, claim: str
) -> None:
    server = make_server(reading, value)
    default = READINGS[reading].values[0]
    telling: tuple[tuple[dict[str, str], set[str]], ...]
    telling = ({}, set()), ({reading: value}, set()), ({reading: default}, {claim})
    for told_readings, differing in telling:
        report = check_tenant(server, tenant, accounts=ACCOUNTS, readings=told_readings)
        assert claims_with_status(report, WRONG_GUESS) == {claim}, as_text(report)
        assert dict(report.facts)[f"reading {reading}"] == value
        reason = result_of(report, claim).reason or ""
        assert reason.startswith(f"the tenant: {reading} is {value} there")
        assert {id_ for finding in report.findings for id_ in finding.claims} == differing
        assert report.exit_code == bool(differing)
    assert result_of(report, f"reading {reading}").status == "differs"
    assert report.results[0].findings[0].what == f"{reading} is {value} there, told {default}"


@pytest.mark.parametrize("tenant", [ONSITE, ONLINE], ids=lambda tenant: tenant.id)
def test_a_refused_credential_is_not_sent_again_and_says_nothing_of_any_claim(
    tenant: TargetTenant,
) -> None:
    app = RecordingApp(refuse_all)
    report = check_tenant(app, tenant, accounts=ACCOUNTS)
    headers = [str(request.headers) for request in app.requests]
    with_secret = [text for text in headers if any(secret in text for secret in SECRETS)]
    assert len(with_secret) == 3, "a user or a token, a ticket and a session, each of them once"
    errors = [result for result in report.results if result.status == "error"]
    assert [result.check for result in errors] == ["the-credentials"] * 3
    for result in errors:
        text = "was refused with 401; is the credential right, and still valid?"
        assert (result.reason or "").endswith(text)
    assert report.exit_code == 1
    assert claims_with_status(report, "differs") == set()
    for id_ in ("charset", "media-types", "no-content", "account-object"):
        assert result_of(report, id_).status == "cannot be observed"
        assert result_of(report, id_).reason == CREDENTIAL_REFUSED, id_
    assert result_of(report, "path-case").reason == NOT_DESCRIBED


def test_an_error_without_the_place_differs_in_one_claim() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] != "POST" or (b"authorization" not in dict(scope["headers"])):
            await mock(scope, receive, send)
            return
        body = await read_body(receive)
        is_broken = b'"AccountId":"x"' in body or b",null]" in body
        answer = respond_with(400, headers, b'{"Message":"no"}') if is_broken else mock
        await answer(scope, begin_with(body, receive), send)

    headers = {**NO_CACHE, "content-type": "application/json"}
    mock = make_mock()
    report = check_tenant(app, ONSITE, accounts=ACCOUNTS)
    assert claims_with_status(report, WRONG_GUESS) == {"error-place"}, as_text(report)
    (note,) = result_of(report, "error-place").notes
    assert note.what == "the answer does not name '/SyncUserAccounts/1'"
    assert report.exit_code == 0


def test_an_answer_refutes_only_the_claim_that_it_breaks() -> None:
    mock = make_mock()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        is_xml = headers.get(b"content-type") in (b"application/xml", b"text/xml")
        body = b'{"Message":"no"}'
        answer = respond_with(415, {**NO_CACHE, "content-type": "application/json"}, body)
        await (answer if is_xml and b"authorization" in headers else mock)(scope, receive, send)

    report = check_tenant(app, ONSITE, accounts=ACCOUNTS, max_requests=1_000)
    refuted = {id_ for result in report.results for id_ in result.claims if result.notes}
    assert (claims_with_status(report, "differs"), refuted) == ({"media-types"}, set())
    for id_ in ("xml-nil", "xml-dtd"):
        assert (result_of(report, id_).reason or "").endswith(NO_BASIS)


def test_a_request_is_sent_with_those_that_it_needs() -> None:
    for tenant in (ONSITE, ONLINE):
        for max_requests in (5, 20, 40, 60):
            steps = plan_for(tenant, max_requests=max_requests).steps
            assert len(steps) <= max_requests
            sent = {(case.check, case.expected.name) for step in steps for case in step.cases}
            for step in steps:
                for case in step.cases:
                    needs = case.expected.needs
                    assert needs is None or (case.check, needs) in sent, case.expected.name


def test_an_answer_that_is_no_http_message_refutes_that_it_is_one() -> None:
    def fail() -> None:
        raise BrokenAnswerError("here", "POST /", "quotes 7T:demo-ticket", "HTTP/9 what")

    server = make_server_that_stops(0, 4, fail)
    report = check_tenant(server, ONSITE)
    assert claims_with_status(report, "differs") == {"http-message"}
    (finding,) = report.findings
    assert finding.what == "what came is no HTTP answer: HTTP/9 what"
    assert report.results[0].check == "the-whole-check"


# ---- formats ---------------------------------------------------------------------------------


def test_json_and_junit_have_all_four_statuses_in_order() -> None:
    report = check_tenant(RecordingApp(respond_with(500)), ONSITE)
    content = json.loads(as_json(report))
    statuses = [result["status"] for result in content["results"]]
    assert list(dict.fromkeys(statuses)) == [*ORDER]
    assert content["exit_code"] == 1
    suite = ET.fromstring(as_junit(report).encode())[0]
    kinds = [next((part.tag for part in case), None) for case in suite]
    assert kinds.count("failure") == int(suite.attrib["failures"]) == statuses.count("differs")
    passed, skipped = kinds.count(None), kinds.count("skipped")
    assert passed == statuses.count("agrees")
    assert skipped == sum(map(statuses.count, (WRONG_GUESS, "cannot be observed")))
    messages = [part.attrib["message"] for part in suite.iter("skipped")]
    assert any(text.startswith("the tenant: ") and "; we guessed: " in text for text in messages)


def test_the_same_difference_is_one_finding_with_a_count() -> None:
    report = check_tenant(refuse_all, ONSITE)
    result = result_of(report, "cache-headers")
    (note,) = result.notes
    assert note.count > 10
    assert f"({note.where}, {note.count} times)" in (result.reason or "")


# ---- checks that end early -------------------------------------------------------------------


ENDLESS: Final = 200


def break_connection() -> None:
    raise httpx2.ReadError("quotes 7T:demo-ticket")


def make_server_that_stops(
    status: int, after: int, fail: Callable[[], None] = break_connection
) -> RecordingApp:
    """Return a mock that after that many requests answers *status*, or breaks if it is 0."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if len(server.requests) <= after:
            await mock(scope, receive, send)
            return
        if not status:
            fail()
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
    assert reason in (report.results[0].reason or "")
    assert "the check ended when" in (result_of(report, "negotiation-ignored").reason or "")
    assert result_of(report, "get-describes").status == "agrees"
    assert report.exit_code == 1
    assert "7T:" not in as_json(report)


def test_a_429_to_the_second_call_ends_the_check_and_differs() -> None:
    names = [step.name for step in plan_for(ONSITE, max_requests=60).steps]
    server = make_server_that_stops(429, names.index(SECOND_CALL))
    report = check_tenant(server, ONSITE, accounts=ACCOUNTS)
    assert len(server.requests) == names.index(SECOND_CALL) + 1
    assert claims_with_status(report, "differs") == {"silent-drop"}
    assert result_of(report, "same-answer").status == "cannot be observed"


def test_the_first_responses_that_show_a_wrong_url_are_an_error() -> None:
    for status, message, count in (
        (302, "redirects to /login", 1),
        (421, "is at another host", 1),
        (503, "answers 503", 1),
        (404, "has no such call; give what is before /api/v1", 2),
    ):
        server = RecordingApp(respond_with(status, {"location": "/login"}))
        with pytest.raises(TargetError, match=message):
            check_tenant(server, ONSITE)
        assert len(server.requests) == count, status
