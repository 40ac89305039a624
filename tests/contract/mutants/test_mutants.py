"""Each seeded defect is found by the right check and for the right reason."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from superoffice_contract.checks.every_answer import EVERY_ANSWER
from superoffice_contract.local_server import demo_tables
from superoffice_contract.openapi import claims
from superoffice_contract.openapi.readings import READINGS, Readings
from superoffice_contract.report import Report
from superoffice_contract.suite import run
from superoffice_contract.suite.fuzzing import GENERATED
from superoffice_contract.target import tenants
from superoffice_contract.throttle.state_machine import DEFAULTS
from tests.contract.mutants.fuzz_only import FUZZ_DEFECTS
from tests.contract.mutants.other_servers import SERVER_DEFECTS, STATED_READINGS
from tests.contract.mutants.patching import clear_caches
from tests.contract.mutants.registry import DEFECTS, ROWS
from tests.contract.suite.targets import check_other_server, make_mock, wait_for_all

WRITTEN_CHECKS = tuple(name for name in run.CHECKS if name != "generated-requests")
CHECK_AND_CLAIM = {name: (check, claim) for name, check, claim in ROWS}
CHECKS_OF_ANY_ANSWER = (
    *("media-types", "credentials-refused", "ids", "broken-bodies", "limits", "negotiation"),
    *("methods", "errors", "origins"),
)
"""Checks that send requests of every kind, so that `every-answer` sees each defect."""
NOT_SHOWN_HERE = ("disconnect", "ready", "current-account")
"""Readings that the answers of a mock in this process need not show."""
PARTS = 3
"""Parts of the defects of other servers, so that the cores share their long waits."""
CHECKS_WITH_DEFECTS = sorted({CHECK_AND_CLAIM[name][0] for name in DEFECTS})


@pytest.fixture(autouse=True)
def cleared_caches() -> Iterator[None]:
    """Clear the caches before each test, and after its defect is undone."""
    clear_caches()
    yield
    clear_caches()


def tables() -> list[Any]:
    """The demo tenants, with more credentials that are valid only onsite or only Online."""
    onsite, online, *more_tables = demo_tables()
    onsite = onsite | {
        "users": [*onsite["users"], {"name": "empty", "password": ""}],
        "apps": online["apps"],
        "tokens": online["tokens"],
    }
    app_without_grant = {"name": "closed", "token": "closed-token", "email-agent": False}
    online = online | {
        "users": onsite["users"],
        "apps": [*online["apps"], app_without_grant],
        "tokens": [*online["tokens"], {"value": "8A:closed", "app": "closed"}],
    }
    return [onsite, online, *more_tables]


def check_mock(*only: str, readings: Readings | None = None, any_value: bool = False) -> Report:
    """Check the mock as it is patched now, on a clock that jumps."""
    readings = readings or Readings()
    plan = run.Plan(
        server=make_mock(tables(), readings=readings),
        tenants=tenants.read_tenants(tables(), "the test"),
        readings={} if any_value else readings.as_dict(),
        any_reading=any_value,
        only=only,
    )
    return run.run(plan)


def checks_to_run(name: str) -> tuple[str, ...]:
    """Return the checks that find the defect *name*."""
    if name in FUZZ_DEFECTS:
        return (GENERATED,)
    check, _ = CHECK_AND_CLAIM[name]
    return CHECKS_OF_ANY_ANSWER if check == EVERY_ANSWER else (check,)


def assert_found(name: str, reason: str, report: Report) -> None:
    """Assert that a finding of the check of defect *name* has its claim and the *reason*."""
    check, claim = CHECK_AND_CLAIM[name]
    texts = []
    for result in report.results:
        if result.check.partition(", ")[0] != check:
            continue
        for finding in result.findings:
            text = f"{finding.where}: {finding.what}"
            texts.append(text)
            claims_in_text = re.findall(r"\(claim ([a-z0-9-]+)\)", finding.what)
            if claim in {*finding.claims, *claims_in_text} and reason in text:
                return
    pytest.fail(f"{name}: {check} found: {texts[:5]}")


@pytest.mark.slow
@pytest.mark.parametrize("name", DEFECTS)
def test_a_seeded_defect_is_found_for_the_right_reason(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason, mutate = DEFECTS[name]
    mutate(monkeypatch)
    assert_found(name, reason, check_mock(*checks_to_run(name)))


def check_defect_of_another_server(name: str) -> Report:
    """Check a server with this defect over sockets, in real time."""
    return check_other_server(
        SERVER_DEFECTS[name][1],
        CHECK_AND_CLAIM[name][0],
        readings=STATED_READINGS,
        timeout_seconds=3,
        is_strict=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_each_defect_of_another_server_is_found_over_sockets_in_real_time(part: int) -> None:
    names = [*SERVER_DEFECTS][part::PARTS]
    reports = wait_for_all(partial(check_defect_of_another_server, name) for name in names)
    for name, report in zip(names, reports, strict=True):
        assert_found(name, SERVER_DEFECTS[name][0], report)


@pytest.mark.slow
@pytest.mark.parametrize("name", FUZZ_DEFECTS)
def test_a_defect_that_only_generated_requests_find_passes_the_written_checks(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    FUZZ_DEFECTS[name][1](monkeypatch)
    checks = (name for name in WRITTEN_CHECKS if name != "throttle")
    assert list(check_mock(*checks).findings) == []


@pytest.mark.parametrize("check", CHECKS_WITH_DEFECTS)
def test_the_unchanged_mock_passes_each_check(check: str) -> None:
    report = check_mock(check)
    assert {result.status for result in report.results} == {"passed"}
    assert list(report.findings) == []


@pytest.mark.parametrize(
    ("reading", "value"),
    [(reading.name, value) for reading in READINGS.values() for value in reading.values[1:]],
)
@pytest.mark.parametrize(
    "any_value",
    [
        pytest.param(False, marks=pytest.mark.slow, id="stated"),
        pytest.param(True, marks=pytest.mark.nightly, id="any"),
    ],
)
def test_the_unchanged_mock_passes_under_every_value_of_every_reading(
    reading: str, value: str, *, any_value: bool
) -> None:
    """The checks that detect readings do so in tests/contract/suite/test_readings.py, if slow."""
    only = [name for name in WRITTEN_CHECKS if name != "throttle" or reading in DEFAULTS]
    report = check_mock(*only, readings=Readings().with_value(reading, value), any_value=any_value)
    assert list(report.findings) == []
    passed_count = sum(1 for result in report.results if result.status == "passed")
    assert passed_count > len(CHECKS_WITH_DEFECTS) // 2
    if any_value:
        fact = dict(report.facts)[f"reading {reading}"]
        is_unknown = reading in NOT_SHOWN_HERE and fact.startswith("cannot be observed")
        assert fact == value or is_unknown


def test_the_table_lists_every_defect_and_known_checks_and_claims() -> None:
    assert [name for name, _, _ in ROWS] == [*DEFECTS, *SERVER_DEFECTS]
    assert len(DEFECTS) >= 60
    assert {check for _, check, _ in ROWS} <= set(run.CHECKS)
    assert {claim for _, _, claim in ROWS} <= set(claims.load())
