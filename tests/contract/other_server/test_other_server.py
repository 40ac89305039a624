"""The contract check against a server of another make, over sockets, in real time."""

from functools import partial
from typing import Any

import pytest

from superoffice_contract.checks.every_answer import EVERY_ANSWER
from superoffice_contract.report import Report
from superoffice_contract.report_formats import as_text
from superoffice_contract.suite.executor import PLAIN_CALL
from tests.contract.other_server.bodies import FORM, JSON, XML
from tests.contract.other_server.server import ServerBehavior
from tests.contract.suite.targets import check_other_server, wait_for_all

ALL = frozenset({*JSON, *XML, FORM})


def checks_with_status(report: Report, status: str) -> list[str]:
    return [result.check for result in report.results if result.status == status]


@pytest.mark.slow
def test_a_server_that_keeps_the_contract_passes_all_checks_and_one_that_is_always_busy_fails() -> (
    None
):
    busy = ServerBehavior(run_seconds=1_000, busy_seconds=1)
    report, busy_report = wait_for_all(
        (
            partial(check_other_server, ServerBehavior()),
            partial(check_other_server, busy, "throttle-on-the-wire", "ids"),
        )
    )
    assert report.exit_code == 0, as_text(report)
    passed_checks = {"credentials-let-in", "media-types", "throttle-on-the-wire", EVERY_ANSWER}
    assert passed_checks <= set(checks_with_status(report, "passed"))
    assert {"simultaneous", "parity", "throttle"} <= set(checks_with_status(report, "skipped"))
    assert checks_with_status(busy_report, "failed") == ["throttle-on-the-wire"]
    (finding,) = busy_report.findings
    assert "is it always busy?" in finding.what


def test_a_server_that_breaks_the_contract_fails_the_right_check_for_the_right_reason() -> None:
    with_type = (("Content-Type", "application/json"),)
    cases: tuple[tuple[dict[str, Any], str, str, str], ...] = (
        ({"accepted": 200, "turned_away": 200}, PLAIN_CALL, "no-content", "expected 204, got 200"),
        ({"media_types": ALL - {"text/json"}}, "media-types", "media-types", "204, got 415"),
        ({"accepted_headers": with_type}, EVERY_ANSWER, "no-content-type", "204 has the Content"),
        ({"challenges": False}, EVERY_ANSWER, "www-authenticate", "no WWW-Authenticate"),
        ({}, "throttle-on-the-wire", "busy-second", "is not answered after 1 s"),
    )
    for behavior, check, claim, problem in cases:
        only = ("media-types", "credentials-refused") if behavior else (check,)
        server, readings = ServerBehavior(busy_seconds=0, **behavior), {"no-content-type": "absent"}
        report = check_other_server(server, *only, readings=readings)
        assert checks_with_status(report, "failed") == [check], behavior
        reasons = [finding for finding in report.findings if problem in finding.what]
        assert reasons, as_text(report)
        assert {finding.claims for finding in reasons} == {(claim,)}, behavior


def test_a_difference_from_a_guess_is_a_note() -> None:
    report = check_other_server(
        ServerBehavior(accepted_headers=(("Retry-After", "1"),)), "media-types"
    )
    assert report.exit_code == 0
    notes = [note for result in report.results for note in result.notes]
    assert [(note.what, note.claims) for note in notes] == [
        ("the answer has the header retry-after", ("no-hints",))
    ]
