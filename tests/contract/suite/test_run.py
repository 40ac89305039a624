"""The contract check as a library: its reports, and that it fails if it could test nothing."""

import gc
import socket
import warnings
from typing import Any

import pytest
from msgspec.structs import replace

from superoffice_contract.openapi import claims
from superoffice_contract.report import Report, Result
from superoffice_contract.report_formats import as_text
from superoffice_contract.suite import run as suite_run
from superoffice_contract.suite.executor import PLAIN_CALL
from superoffice_contract.suite.fuzzing import GENERATED, THROTTLE, sign_ins
from superoffice_contract.suite.run import CHECKS, checks_by_claim, run
from tests.contract.other_server.server import ServerBehavior, run_other_server
from tests.contract.suite.targets import (
    ONLINE_TENANT,
    OTHER_TENANT,
    change_bodies,
    clock_modes,
    make_mock,
    make_plan,
    read_tenant,
    refuse_all,
    replace_route,
    respond_with,
)
from tests.e2e.upstreams import raw_upstream
from tests.support.endless_answers import ENDLESS, Taken


def results_by_check(report: Report) -> dict[str, Result]:
    return {result.check: result for result in report.results}


# ---- too few responses -----------------------------------------------------------------------


def test_a_server_that_refuses_everything_fails() -> None:
    results = results_by_check(run(make_plan(refuse_all)))
    assert results["credentials-refused"].status == "passed"
    assert results[PLAIN_CALL].status == "failed"
    for check in ("transfer", GENERATED, THROTTLE):
        reasons = (suite_run.NOTHING_ACCEPTED, suite_run.NEEDS_CONTROL, suite_run.NEEDS_SOCKETS)
        assert check not in results or results[check].reason in reasons, check
    assert results[GENERATED].reason == suite_run.NOTHING_ACCEPTED


def test_a_server_that_is_wrong_in_everything_is_told_so_in_few_findings() -> None:
    for app in (
        respond_with(200, {"content-type": "application/json"}, b"{}"),
        respond_with(500),
        respond_with(404, {"content-length": "0"}),
    ):
        report = run(make_plan(app))
        assert report.exit_code == 1
        assert report.seconds is not None
        assert report.seconds < 5
        assert int(dict(report.facts)["requests"]) < 250


def test_generated_checks_of_a_mock_that_accepts_nothing_are_skipped() -> None:
    app = replace_route(make_mock(), "POST", "SyncEmailAccounts", refuse_all)
    results = results_by_check(run(make_plan(app)))
    notes = [results[check].reason for check in (GENERATED, THROTTLE)]
    assert notes == [suite_run.NOTHING_ACCEPTED] * 2


def test_incomplete_responses_of_the_control_api_are_an_error_of_the_check() -> None:
    content = b'{"readings":[{}],"requests":[]}'
    incomplete = respond_with(200, {"content-type": "application/json"}, content)
    app = make_mock()
    for path, check in (("/_mock/lease", "get-starts-nothing"), ("/_mock/runs", THROTTLE)):
        (result,) = run(make_plan(replace_route(app, "GET", path, incomplete), check)).results
        assert (result.check, result.status) == (check, "error")
        assert "a response of /_mock/ lacks what this check needs" in result.findings[0].what


@pytest.mark.parametrize("check", ["ids", "parity", "lifetimes", THROTTLE])
def test_the_calls_of_a_check_are_counted_when_it_runs_alone(check: str) -> None:
    facts = dict(run(make_plan(make_mock(), check)).facts)
    assert int(facts["requests"]) >= int(facts["answered 204"]) > 0


def test_calls_that_are_written_to_a_socket_are_counted() -> None:
    with run_other_server(ServerBehavior(busy_seconds=0)) as url:
        facts = dict(run(make_plan(url, "transfer", tenants=(OTHER_TENANT,))).facts)
    assert (facts["requests"], facts["answered 204"]) == ("4", "4"), "with the plain calls"


def test_a_tenant_whose_only_credential_must_be_refused_is_checked() -> None:
    ungranted = read_tenant(
        id="Cust54321",
        installation="online",
        apps=[{"name": "demo-app", "token": "demo-app-token", "email-agent": False}],
        tokens=[{"value": "8A:Cust54321.demo-token", "app": "demo-app"}],
    )
    onsite = make_plan(None).tenants[:1]
    (result,) = run(
        make_plan(make_mock(), "credentials-refused", tenants=(*onsite, ungranted))
    ).results
    assert ("grant" in result.claims, result.status) == (True, "passed")
    readings = {"restricted": "403"}
    report = run(
        make_plan(
            make_mock(), "credentials-refused", tenants=(*onsite, ungranted), readings=readings
        )
    )
    (finding,) = report.findings
    assert finding.what == "expected 403, got 401"


# ---- checks and claims -----------------------------------------------------------------------


def test_checks_have_distinct_names_and_known_claims() -> None:
    by_claim = checks_by_claim()
    assert set(by_claim) <= set(claims.load())
    assert {name for names in by_claim.values() for name in names} <= set(CHECKS)
    assert len(set(CHECKS)) == len(CHECKS)


def test_claims_have_the_expected_checks() -> None:
    by_claim = checks_by_claim()
    for claim, check in (
        ("media-types", "media-types"),
        ("grant", "credentials-refused"),
        ("bearer-online", "credentials-let-in"),
        ("basic-onsite", "credentials-let-in"),
        ("simultaneous", "simultaneous"),
        ("task-cap", "throttle"),
        ("busy-second", "throttle-on-the-wire"),
        ("ticket-sliding", "lifetimes"),
    ):
        assert check in by_claim[claim], claim


# ---- the same seed ---------------------------------------------------------------------------


def play_schedules(seed: int) -> list[tuple[str, bytes]]:
    """Return the path and body of each call that the throttle check sends with *seed*."""
    requests: list[tuple[str, bytes]] = []

    def record(scope: Any, body: bytes) -> bytes:
        if scope["method"] == "POST":
            requests.append((scope["path"], body))
        return body

    onsite = (replace(OTHER_TENANT, tickets=("7T:demo-ticket",), users=()),)
    app = change_bodies(make_mock(), record)
    assert run(make_plan(app, THROTTLE, tenants=onsite, seed=seed)).exit_code == 0
    return requests


@pytest.mark.slow
def test_the_same_seed_runs_the_same_schedules_and_another_seed_others() -> None:
    first, second, other_seed = play_schedules(3), play_schedules(3), play_schedules(4)
    assert first == second
    assert first != other_seed
    assert len(first) > 50


# ---- failures --------------------------------------------------------------------------------


def test_a_failure_names_the_tenant_the_claims_and_a_command_without_secrets() -> None:
    report = run(make_plan(refuse_all, "media-types"))
    finding = next(report.findings)
    assert finding.where == "onsite, the documented call, Basic"
    assert (finding.what, finding.claims) == ("expected 204, got 401", ("basic-onsite",))
    assert finding.reproduce is not None
    assert finding.reproduce.startswith("curl -i -X POST -H 'Authorization: Basic [redacted]'")
    text = as_text(report)
    assert [secret for secret in ("dGplMDpUamUw", "demo-", "7T:", "8A:") if secret in text] == []


@pytest.mark.slow
def test_failures_of_generated_requests_are_reported_without_secrets() -> None:
    app = replace_route(make_mock(), "TRACE", "SyncEmailAccounts", respond_with(200))
    report = run(make_plan(app, GENERATED))
    (result,) = report.results
    assert (result.check, result.status) == (f"{GENERATED}, Basic at onsite", "failed")
    assert any("TRACE" in (finding.reproduce or "") for finding in result.findings)
    assert "dGplMDpUamUw" not in as_text(report)


@pytest.mark.slow
def test_a_server_that_breaks_on_generated_requests_fails() -> None:
    async def fail(*_: object) -> None:
        message = "broken in the middle"
        raise RuntimeError(message)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # an application that fails leaks streams
        app = replace_route(make_mock(), "TRACE", "SyncEmailAccounts", fail)
        report = run(make_plan(app, GENERATED))
        gc.collect()
    assert report.exit_code == 1
    assert any("broken in the middle" in finding.what for finding in report.findings)


def test_a_throttle_that_differs_is_reported_with_the_schedule() -> None:
    app = make_mock()
    onsite = (replace(OTHER_TENANT, tickets=("7T:demo-ticket",), users=()),)
    readings = {"tasks": "ten-in-all"}
    plan = make_plan(app, THROTTLE, profile="full", tenants=onsite, readings=readings)
    (result,) = run(plan).results
    assert (result.check, result.status) == (THROTTLE, "failed")
    (finding,) = result.findings
    assert finding.claims
    assert "arrive" in (finding.reproduce or "")
    assert set(clock_modes(app)) == {"real"}


def test_checks_that_need_the_control_api_are_skipped_without_it() -> None:
    with run_other_server(ServerBehavior()) as url:
        report = run(make_plan(url, "parity", THROTTLE, tenants=(OTHER_TENANT,)))
    assert [(result.check, result.status) for result in report.results] == [
        ("parity", "skipped"),
        (THROTTLE, "skipped"),
    ]
    assert {result.reason for result in report.results} == {suite_run.NEEDS_CONTROL}


def test_real_time_checks_are_skipped_with_the_control_api() -> None:
    (result,) = run(make_plan(make_mock(), "throttle-on-the-wire")).results
    assert (result.status, result.reason) == ("skipped", suite_run.NEEDS_NO_CONTROL)


# ---- credentials -----------------------------------------------------------------------------


def test_generated_requests_use_every_kind_of_credential() -> None:
    onsite, online = (
        {", ".join(dict(sign_in.headers).values()): sign_in.segment for sign_in in sign_ins(tenant)}
        for tenant in (OTHER_TENANT, ONLINE_TENANT)
    )
    assert {"Basic a2FyaTpLYXJp", "SOTicket 7T:other-ticket"} <= onsite.keys()
    assert any("other-xsrf" in values and "other-session" in values for values in onsite)
    assert {"Bearer 8A:open", "SOTicket 7T:ticket, app-token"} <= online.keys()
    assert set(online.values()) == {"Cust1"}


def test_a_status_line_that_does_not_end_is_a_finding() -> None:
    def answer(connection: socket.socket) -> None:
        calls = sum(head.startswith(b"POST") for head in upstream.heads)
        if calls > 1:  # behind the plain call
            taken(connection)
        status = b"204 No Content" if calls else b"404 No\r\nContent-Length: 0"
        connection.sendall(b"HTTP/1.1 %b\r\nConnection: close\r\n\r\n" % status)

    taken = Taken(*ENDLESS["a status line"])
    with raw_upstream(answer) as upstream:
        report = run(make_plan(upstream.url, "transfer"))
    findings = results_by_check(report)["transfer"].findings
    assert {finding.what for finding in findings} == {
        "the answer is no valid HTTP message: its head is too long"
    }
    assert taken.count < 32 * 2**20
