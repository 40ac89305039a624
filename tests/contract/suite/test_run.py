"""The contract check as a library: its reports, and that it fails if it could test nothing."""

import gc
import socket
import warnings
from typing import Any

import pytest
from msgspec.structs import replace

from superoffice_contract.errors import TargetError
from superoffice_contract.fuzzing import custom_checks
from superoffice_contract.fuzzing.engine import CLAIMS_BY_CHECK
from superoffice_contract.openapi import claims
from superoffice_contract.report import Report, Result, as_text
from superoffice_contract.suite import run as suite_run
from superoffice_contract.suite.fuzzing import GENERATED, THROTTLE, sign_ins
from superoffice_contract.suite.plan import Tally
from superoffice_contract.suite.run import CHECKS, checks_by_claim, run
from superoffice_contract.target.http import Request, Response
from tests.contract.other_server.server import ServerBehavior, run_other_server
from tests.contract.suite.targets import (
    ONLINE_TENANT,
    OTHER_TENANT,
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
    assert results["credentials-let-in"].status == "failed"
    assert results[GENERATED].note == suite_run.NOTHING_ACCEPTED
    problems = [finding.what for finding in results["enough-was-seen"].findings]
    assert "0 calls were answered 204, expected at least 20" in problems
    assert "no body of type text/xml was accepted" in problems


def test_generated_checks_of_a_mock_that_accepts_nothing_are_skipped() -> None:
    app = replace_route(make_mock(), "POST", "SyncEmailAccounts", refuse_all)
    results = results_by_check(run(make_plan(app)))
    notes = [results[check].note for check in (GENERATED, THROTTLE)]
    assert notes == [suite_run.NOTHING_ACCEPTED] * 2
    assert results["enough-was-seen"].status == "failed"


def test_incomplete_responses_of_the_control_api_are_an_error_of_the_check() -> None:
    content = b'{"readings":[{}],"requests":[]}'
    incomplete = respond_with(200, {"content-type": "application/json"}, content)
    app = make_mock()
    for path, check in (("/_mock/lease", "get-starts-nothing"), ("/_mock/runs", THROTTLE)):
        (result,) = run(make_plan(replace_route(app, "GET", path, incomplete), check)).results
        assert (result.check, result.status) == (check, "error")
        assert "a response of /_mock/ lacks what this check needs" in result.findings[0].what


def test_a_tally_counts_accepted_calls_by_media_type() -> None:
    tally = Tally()
    content_type = ("Content-Type", "TEXT/JSON; charset=utf-8")
    tally.count(Request("POST", "/", (content_type,)), Response(204, (), b"", 0))
    tally.count(Request("POST", "/", (content_type,)), Response(400, (), b"", 0))
    tally.count(Request("OPTIONS", "/"), Response(204, (), b"", 0))
    assert tally.requests == 3
    assert tally.statuses == {204: 2, 400: 1}
    assert tally.accepted == {"text/json": 1}


@pytest.mark.parametrize("check", ["ids", "parity", "lifetimes", THROTTLE])
def test_the_calls_of_a_check_are_counted_when_it_runs_alone(check: str) -> None:
    facts = dict(run(make_plan(make_mock(), check)).facts)
    assert int(facts["requests"]) >= int(facts["answered 204"]) > 0
    assert 0 < int(facts["calls of application/json"]) <= int(facts["requests"])


def test_calls_that_are_written_to_a_socket_are_counted() -> None:
    with run_other_server(ServerBehavior(busy_seconds=0)) as url:
        facts = dict(run(make_plan(url, "transfer", tenants=(OTHER_TENANT,))).facts)
    assert (facts["requests"], facts["answered 204"], facts["accepted with basic"]) == ("2",) * 3


def test_a_plan_without_credentials_is_an_error() -> None:
    with pytest.raises(TargetError, match="no tenant has a credential"):
        run(make_plan(make_mock(), tenants=(read_tenant(id="onsite", installation="onsite"),)))


def test_an_unknown_check_is_an_error_that_names_the_nearest_one() -> None:
    with pytest.raises(TargetError, match="unknown check 'throttel'; did you mean 'throttle'"):
        run(make_plan(make_mock(), "ids", "throttel"))


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


def test_every_check_of_generated_requests_has_a_claim() -> None:
    assert {check.__name__ for check in custom_checks.all_checks({})} <= set(CLAIMS_BY_CHECK)
    assert {id_ for ids in CLAIMS_BY_CHECK.values() for id_ in ids} <= set(claims.load())


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
    app = make_mock()

    async def record(scope: Any, receive: Any, send: Any) -> None:
        async def receive_and_record() -> Any:
            message = await receive()
            if scope["method"] == "POST" and message["type"] == "http.request":
                requests.append((scope["path"], message["body"]))
            return message

        await app(scope, receive_and_record, send)

    onsite = (replace(OTHER_TENANT, tickets=("7T:demo-ticket",), users=()),)
    assert run(make_plan(record, THROTTLE, tenants=onsite, seed=seed)).exit_code == 0
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
    assert finding.where == "onsite, application/json"
    assert (finding.what, "media-types" in finding.claims) == ("expected 204, got 401", True)
    assert finding.reproduce is not None
    assert finding.reproduce.startswith("curl -i -X POST -H 'Authorization: Basic [redacted]'")
    text = as_text(report)
    assert [secret for secret in ("dGplMDpUamUw", "demo-", "7T:", "8A:") if secret in text] == []


@pytest.mark.slow
def test_failures_of_generated_requests_are_reported_without_secrets() -> None:
    app = replace_route(make_mock(), "OPTIONS", "SyncEmailAccounts", refuse_all)
    report = run(make_plan(app, GENERATED))
    (result,) = report.results
    assert (result.check, result.status) == (f"{GENERATED}, Basic at onsite", "failed")
    assert any("OPTIONS" in (finding.reproduce or "") for finding in result.findings)
    assert "dGplMDpUamUw" not in as_text(report)


@pytest.mark.slow
def test_a_server_that_breaks_on_generated_requests_fails() -> None:
    async def fail(*_: object) -> None:
        message = "broken in the middle"
        raise RuntimeError(message)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # an application that fails leaks streams
        app = replace_route(make_mock(), "HEAD", "SyncEmailAccounts", fail)
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
    assert {result.note for result in report.results} == {suite_run.NEEDS_CONTROL}


def test_real_time_checks_are_skipped_with_the_control_api() -> None:
    (result,) = run(make_plan(make_mock(), "throttle-on-the-wire")).results
    assert (result.status, result.note) == ("skipped", suite_run.NEEDS_NO_CONTROL)


# ---- credentials -----------------------------------------------------------------------------


def test_generated_requests_use_every_kind_of_credential() -> None:
    schemes = [dict(sign_in.schemes) for sign_in in sign_ins(OTHER_TENANT)]
    assert {"basic": {"username": "kari", "password": "Kari"}} in schemes
    assert {"soTicket": {"api_key": "SOTicket 7T:other-ticket"}} in schemes
    pair = {"xsrfToken": {"api_key": "other-xsrf"}, "session": {"api_key": "other-session"}}
    assert pair in schemes
    by_schemes = {tuple(sign_in.schemes): sign_in for sign_in in sign_ins(ONLINE_TENANT)}
    assert by_schemes["soTicket",].app_token == "app-token"
    assert by_schemes["bearer",].schemes == {"bearer": {"bearer": "8A:open"}}
    assert {sign_in.segment for sign_in in by_schemes.values()} == {"Cust1"}


def test_a_status_line_that_does_not_end_is_a_finding() -> None:
    def answer(connection: socket.socket) -> None:
        if upstream.heads[-1].startswith(b"POST"):
            taken(connection)
        connection.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    taken = Taken(*ENDLESS["a status line"])
    with raw_upstream(answer) as upstream:
        (result,) = run(make_plan(upstream.url, "transfer")).results
    assert [finding.what for finding in result.findings] == [
        "a body in chunks: expected 204, got no answer",
        "Expect: 100-continue: expected 100, got no answer",
    ]
    assert taken.count < 32 * 2**20
