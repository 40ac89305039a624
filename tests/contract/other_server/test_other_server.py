"""The contract check against a server of another make, over sockets, in real time."""

import pytest

from superoffice_contract import report
from superoffice_contract.report import Report
from superoffice_contract.suite.fuzzing import GENERATED
from superoffice_contract.suite.run import CHECKS, run
from tests.contract.other_server.bodies import FORM, JSON, XML
from tests.contract.other_server.server import Make, serving
from tests.contract.suite.targets import OTHER, plan, tenant

ALL = frozenset({*JSON, *XML, FORM})


def checked(make: Make, *only: str) -> Report:
    with serving(make) as url:
        return run(plan(url, *only, tenants=(tenant(**OTHER),)))


def failed(found: Report) -> list[str]:
    return [one.check for one in found.results if one.status == "failed"]


@pytest.mark.slow
def test_a_server_of_another_make_that_keeps_the_contract_passes() -> None:
    slower = (GENERATED, "lease-on-the-wire", "transfer")
    found = checked(Make(), *(one for one in CHECKS if one not in slower))
    assert found.exit_code == 0, report.as_text(found)
    passed = [one.check for one in found.results if one.status == "passed"]
    assert {"credentials-let-in", "media-types", "throttle-on-the-wire"} <= set(passed)


@pytest.mark.slow
def test_it_passes_with_generated_requests_too_and_they_are_told() -> None:
    found = checked(Make())
    assert found.exit_code == 0, report.as_text(found)
    assert [one.status for one in found.results if one.check == "enough-was-seen"] == ["passed"]
    skipped = [one.check for one in found.results if one.status == "skipped"]
    assert {"simultaneous", "parity", "throttle"} <= set(skipped)


@pytest.mark.parametrize(
    ("make", "check", "claim", "what"),
    [
        (
            Make(busy_seconds=0),
            "throttle-on-the-wire",
            "busy-second",
            "a call during a run took 0.",
        ),
        pytest.param(
            Make(busy_seconds=2.5),
            "throttle-on-the-wire",
            "busy-second",
            "a call during a run took 2.5",
            marks=pytest.mark.slow,
        ),
        (
            Make(accepted=200, busy_seconds=0),
            "media-types",
            "no-content",
            "expected 204, got 200",
        ),
        (
            Make(media_types=ALL - {"text/json"}, busy_seconds=0),
            "media-types",
            "media-types",
            "expected 204, got 415",
        ),
        (
            Make(challenges=False, busy_seconds=0),
            "credentials-refused",
            "www-authenticate",
            "no WWW-Authenticate",
        ),
        (
            Make(accepted_headers=(("Content-Type", "application/json"),), busy_seconds=0),
            "media-types",
            "no-content-type",
            "the 204 has the Content-Type application/json",
        ),
        (
            Make(accepted_headers=(("Retry-After", "1"),), busy_seconds=0),
            "media-types",
            "no-hints",
            "the 204 has the header retry-after",
        ),
    ],
    ids=["no second", "seconds", "200", "no text/json", "no challenge", "typed", "hint"],
)
def test_one_that_breaks_it_fails_by_the_right_check_for_the_right_reason(
    make: Make, check: str, claim: str, what: str
) -> None:
    with serving(make) as url:
        found = run(
            plan(
                url,
                check,
                tenants=(tenant(**OTHER),),
                readings={"no-content-type": "absent"},
            )
        )
    assert failed(found) == [check]
    reasons = [one for one in found.findings if what in one.what]
    assert reasons, report.as_text(found)
    assert all({claim} <= set(one.claims) for one in reasons)


@pytest.mark.slow
def test_a_server_that_is_always_busy_can_not_be_judged_and_fails() -> None:
    found = checked(Make(run_seconds=1_000, busy_seconds=1), "throttle-on-the-wire", "ids")
    assert failed(found) == ["throttle-on-the-wire"]
    (reason,) = found.findings
    assert "is it always busy?" in reason.what
