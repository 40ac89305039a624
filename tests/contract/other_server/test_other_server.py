"""The contract check against a server of another make, over sockets, in real time."""

import pytest

from superoffice_contract.report import Report, as_text
from superoffice_contract.suite.fuzzing import GENERATED
from superoffice_contract.suite.run import CHECKS, run
from tests.contract.other_server.bodies import FORM, JSON, XML
from tests.contract.other_server.server import ServerBehavior, run_other_server
from tests.contract.suite.targets import OTHER_TENANT, make_plan, read_tenant

ALL = frozenset({*JSON, *XML, FORM})


def check_server(behavior: ServerBehavior, *only: str) -> Report:
    with run_other_server(behavior) as url:
        return run(make_plan(url, *only, tenants=(read_tenant(**OTHER_TENANT),)))


def checks_with_status(report: Report, status: str) -> list[str]:
    return [result.check for result in report.results if result.status == status]


@pytest.mark.slow
def test_an_independent_server_that_keeps_the_contract_passes() -> None:
    slow_checks = (GENERATED, "lease-on-the-wire", "transfer")
    report = check_server(
        ServerBehavior(), *(check for check in CHECKS if check not in slow_checks)
    )
    assert report.exit_code == 0, as_text(report)
    passed_checks = checks_with_status(report, "passed")
    assert {"credentials-let-in", "media-types", "throttle-on-the-wire"} <= set(passed_checks)


@pytest.mark.slow
def test_it_passes_all_checks_and_those_that_need_control_are_skipped() -> None:
    report = check_server(ServerBehavior())
    assert report.exit_code == 0, as_text(report)
    assert "enough-was-seen" in checks_with_status(report, "passed")
    assert {"simultaneous", "parity", "throttle"} <= set(checks_with_status(report, "skipped"))


@pytest.mark.parametrize(
    ("behavior", "check", "claim", "problem"),
    [
        (
            ServerBehavior(busy_seconds=0),
            "throttle-on-the-wire",
            "busy-second",
            "a call during a run took 0.",
        ),
        pytest.param(
            ServerBehavior(busy_seconds=2.5),
            "throttle-on-the-wire",
            "busy-second",
            "a call during a run took 2.5",
            marks=pytest.mark.slow,
        ),
        (
            ServerBehavior(accepted=200, busy_seconds=0),
            "media-types",
            "no-content",
            "expected 204, got 200",
        ),
        (
            ServerBehavior(media_types=ALL - {"text/json"}, busy_seconds=0),
            "media-types",
            "media-types",
            "expected 204, got 415",
        ),
        (
            ServerBehavior(challenges=False, busy_seconds=0),
            "credentials-refused",
            "www-authenticate",
            "no WWW-Authenticate",
        ),
        (
            ServerBehavior(
                accepted_headers=(("Content-Type", "application/json"),), busy_seconds=0
            ),
            "media-types",
            "no-content-type",
            "the 204 has the Content-Type application/json",
        ),
        (
            ServerBehavior(accepted_headers=(("Retry-After", "1"),), busy_seconds=0),
            "media-types",
            "no-hints",
            "the 204 has the header retry-after",
        ),
    ],
    ids=["no second", "2.5 s", "200", "no text/json", "no challenge", "content type", "hint"],
)
def test_a_server_that_breaks_the_contract_fails_the_right_check_for_the_right_reason(
    behavior: ServerBehavior, check: str, claim: str, problem: str
) -> None:
    with run_other_server(behavior) as url:
        tenants, readings = (read_tenant(**OTHER_TENANT),), {"no-content-type": "absent"}
        report = run(make_plan(url, check, tenants=tenants, readings=readings))
    assert checks_with_status(report, "failed") == [check]
    reasons = [finding for finding in report.findings if problem in finding.what]
    assert reasons, as_text(report)
    assert all({claim} <= set(finding.claims) for finding in reasons)


@pytest.mark.slow
def test_a_server_that_is_always_busy_fails() -> None:
    report = check_server(
        ServerBehavior(run_seconds=1_000, busy_seconds=1), "throttle-on-the-wire", "ids"
    )
    assert checks_with_status(report, "failed") == ["throttle-on-the-wire"]
    (finding,) = report.findings
    assert "is it always busy?" in finding.what
