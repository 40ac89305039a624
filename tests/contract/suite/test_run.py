"""The contract check as a library: what it tells, and that it can't pass by seeing nothing."""

import gc
import warnings
from typing import Any

import pytest

from superoffice_contract import report
from superoffice_contract.errors import TargetError
from superoffice_contract.fuzzing import custom_checks
from superoffice_contract.openapi import claims
from superoffice_contract.report import Report, Result
from superoffice_contract.suite import run as suite_run
from superoffice_contract.suite.fuzzing import BREAKS, GENERATED, accesses
from superoffice_contract.suite.plan import Tally
from superoffice_contract.suite.run import CHECKS, run, standing_for
from superoffice_contract.suite.throttle import THROTTLE
from superoffice_contract.target.http import Request, Response
from tests.contract.other_server.server import Make, serving
from tests.contract.suite.targets import OTHER, clocks, instead, mock, plan, refusing, tenant

JSON = "application/json"


def results(found: Report) -> dict[str, Result]:
    return {one.check: one for one in found.results}


# ---- seeing nothing --------------------------------------------------------------------------


def test_a_server_that_refuses_everything_has_shown_nothing() -> None:
    found = results(run(plan(refusing)))
    assert found["credentials-refused"].status == "passed"
    assert found["credentials-let-in"].status == "failed"
    assert found[GENERATED].note == suite_run.SHUT
    told = [one.what for one in found["enough-was-seen"].findings]
    assert "only 0 calls were answered 204, of at least 20" in told
    assert "no body of type text/xml was ever accepted" in told


def test_not_even_a_mock_is_driven_when_it_lets_nobody_in() -> None:
    app = instead(mock(), "POST", "SyncEmailAccounts", refusing)
    only_wire = results(run(plan(app)))
    assert [only_wire[one].note for one in (GENERATED, THROTTLE)] == [suite_run.SHUT] * 2
    assert only_wire["enough-was-seen"].status == "failed"


def test_a_control_surface_that_does_not_tell_enough_is_an_error_of_the_check() -> None:
    async def silent(_: Any, receive: Any, send: Any) -> None:
        await receive()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"readings":[{}],"requests":[]}'})

    app = mock()
    for path, check in (("/_mock/lease", "get-starts-nothing"), ("/_mock/runs", THROTTLE)):
        (one,) = run(plan(instead(app, "GET", path, silent), check)).results
        assert (one.check, one.status) == (check, "error")
        assert "does not tell what this check needs" in one.findings[0].what


def test_a_tally_counts_what_was_accepted_by_its_media_type() -> None:
    tally = Tally()
    kind = ("Content-Type", "TEXT/JSON; charset=utf-8")
    tally.note(Request("POST", "/", (kind,)), Response(204, (), b"", 0))
    tally.note(Request("POST", "/", (kind,)), Response(400, (), b"", 0))
    tally.note(Request("OPTIONS", "/"), Response(204, (), b"", 0))
    assert tally.requests == 3
    assert tally.statuses == {204: 2, 400: 1}
    assert tally.media_types == {"text/json": 1}


@pytest.mark.parametrize("check", ["ids", "parity", "lifetimes", THROTTLE])
def test_the_calls_of_every_check_count_when_it_runs_alone(check: str) -> None:
    facts = dict(run(plan(mock(), check)).facts)
    assert int(facts["requests"]) >= int(facts["answered 204"]) > 0
    assert 0 < int(facts["calls of application/json"]) <= int(facts["requests"])


def test_the_calls_that_are_written_to_a_socket_count_too() -> None:
    with serving(Make(busy_seconds=0)) as url:
        facts = dict(run(plan(url, "transfer", tenants=(tenant(**OTHER),))).facts)
    assert (facts["requests"], facts["answered 204"], facts["let in by basic"]) == ("2",) * 3


def test_nobody_to_sign_in_as_is_an_error() -> None:
    with pytest.raises(TargetError, match="no tenant has a credential"):
        run(plan(mock(), tenants=(tenant(id="onsite", installation="onsite"),)))


def test_a_check_that_nobody_knows_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(TargetError, match="no check mood; the checks are credentials-let-in, "):
        run(plan(mock(), "ids", "mood"))


def test_a_tenant_that_lets_nobody_in_is_checked_for_that() -> None:
    closed = tenant(
        id="Cust54321",
        installation="online",
        apps=[{"name": "demo-app", "token": "demo-app-token", "email-agent": False}],
        tokens=[{"value": "8A:Cust54321.demo-token", "app": "demo-app"}],
    )
    own = plan(None).tenants[:1]
    (found,) = run(plan(mock(), "credentials-refused", tenants=(*own, closed))).results
    assert ("grant" in found.claims, found.status) == (True, "passed")
    readings = {"restricted": "403"}
    wrong = run(plan(mock(), "credentials-refused", tenants=(*own, closed), readings=readings))
    (finding,) = wrong.findings
    assert finding.what == "expected 403, got 401"


# ---- what stands for what --------------------------------------------------------------------


def test_checks_stand_for_known_claims_only_and_have_names_that_can_be_chosen() -> None:
    standing = standing_for()
    assert set(standing) <= set(claims.load())
    assert {name for names in standing.values() for name in names} <= set(CHECKS)
    assert len(set(CHECKS)) == len(CHECKS)


def test_whatever_made_up_requests_come_upon_names_a_claim() -> None:
    assert {one.__name__ for one in custom_checks.every()} <= set(BREAKS)
    assert {id_ for ids in BREAKS.values() for id_ in ids} <= set(claims.load())


@pytest.mark.parametrize(
    ("claim", "check"),
    [
        ("media-types", "media-types"),
        ("grant", "credentials-refused"),
        ("bearer-online", "credentials-let-in"),
        ("basic-onsite", "credentials-let-in"),
        ("simultaneous", "simultaneous"),
        ("task-cap", "throttle"),
        ("busy-second", "throttle-on-the-wire"),
        ("ticket-sliding", "lifetimes"),
    ],
)
def test_claims_have_the_checks_that_one_expects(claim: str, check: str) -> None:
    assert check in standing_for()[claim]


# ---- the same seed ---------------------------------------------------------------------------


def _played(seed: int) -> list[tuple[str, bytes]]:
    """What the throttle's schedules of *seed* do to the mock, call by call."""
    sent: list[tuple[str, bytes]] = []
    app = mock()

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        async def noted() -> Any:
            message = await receive()
            if scope["method"] == "POST" and message["type"] == "http.request":
                sent.append((scope["path"], message["body"]))
            return message

        await app(scope, noted, send)

    onsite = (tenant(**OTHER | {"tickets": ["7T:demo-ticket"], "users": []}),)
    assert run(plan(noting, THROTTLE, tenants=onsite, seed=seed)).exit_code == 0
    return sent


@pytest.mark.slow
def test_the_same_seed_plays_the_same_schedules_and_another_others() -> None:
    first, again, other = _played(3), _played(3), _played(4)
    assert first == again
    assert first != other
    assert len(first) > 50


# ---- what fails ------------------------------------------------------------------------------


def test_a_failure_names_the_tenant_the_claims_and_a_command_without_secrets() -> None:
    found = run(plan(refusing, "media-types"))
    finding = next(found.findings)
    assert finding.where == "onsite, application/json"
    assert (finding.what, "media-types" in finding.claims) == ("expected 204, got 401", True)
    assert finding.reproduce is not None
    assert finding.reproduce.startswith("curl -i -X POST -H 'Authorization: Basic [redacted]'")
    written = report.as_text(found)
    assert [one for one in ("dGplMDpUamUw", "demo-", "7T:", "8A:") if one in written] == []


@pytest.mark.slow
def test_generated_requests_that_fail_are_told_without_secrets() -> None:
    app = instead(mock(), "OPTIONS", "SyncEmailAccounts", refusing)
    found = run(plan(app, GENERATED))
    (one,) = found.results
    assert (one.check, one.status) == (f"{GENERATED}, Basic at onsite", "failed")
    assert any("OPTIONS" in (each.reproduce or "") for each in one.findings)
    assert "dGplMDpUamUw" not in report.as_text(found)


@pytest.mark.slow
def test_a_server_that_can_not_be_explored_is_no_pass() -> None:
    async def broken(*_: object) -> None:
        message = "broken in the middle"
        raise RuntimeError(message)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # what breaks leaves its streams open
        found = run(plan(instead(mock(), "HEAD", "SyncEmailAccounts", broken), GENERATED))
        gc.collect()
    assert found.exit_code == 1
    assert any("broken in the middle" in one.what for one in found.findings)


def test_a_throttle_that_goes_otherwise_is_told_with_the_schedule() -> None:
    app = mock()
    onsite = (tenant(**OTHER | {"tickets": ["7T:demo-ticket"], "users": []}),)
    told = {"tasks": "ten-in-all"}
    (one,) = run(plan(app, THROTTLE, profile="full", tenants=onsite, readings=told)).results
    assert (one.check, one.status) == (THROTTLE, "failed")
    (finding,) = one.findings
    assert finding.claims
    assert "arrive" in (finding.reproduce or "")
    assert set(clocks(app)) == {"real"}


def test_checks_that_need_the_truth_are_skipped_where_there_is_none() -> None:
    with serving(Make()) as url:
        found = run(plan(url, "parity", THROTTLE, tenants=(tenant(**OTHER),)))
    assert [(one.check, one.status) for one in found.results] == [
        ("parity", "skipped"),
        (THROTTLE, "skipped"),
    ]
    assert {one.note for one in found.results} == {suite_run.NEEDS_TRUTH}


def test_the_check_in_real_time_is_skipped_where_the_truth_is_told() -> None:
    (one,) = run(plan(mock(), "throttle-on-the-wire")).results
    assert (one.status, one.note) == ("skipped", suite_run.NEEDS_WALL)


# ---- ways in ---------------------------------------------------------------------------------


def test_generated_requests_know_every_kind_of_credential() -> None:
    online = tenant(
        id="Cust1",
        installation="online",
        tickets=["ticket"],
        sessions=[{"id": "session", "xsrf": "xsrf"}],
        apps=[{"name": "app", "token": "app-token"}],
        tokens=[{"value": "8A:token", "app": "app"}],
    )
    schemes = [dict(one.schemes) for one in accesses(tenant(**OTHER))]
    assert {"basic": {"username": "kari", "password": "Kari"}} in schemes
    assert {"soTicket": {"api_key": "SOTicket 7T:other-ticket"}} in schemes
    pair = {"xsrfToken": {"api_key": "other-xsrf"}, "session": {"api_key": "other-session"}}
    assert pair in schemes
    ways = {tuple(one.schemes): one for one in accesses(online)}
    assert ways["soTicket",].app_token == "app-token"
    assert ways["bearer",].schemes == {"bearer": {"bearer": "8A:token"}}
    assert {one.segment for one in ways.values()} == {"Cust1"}
