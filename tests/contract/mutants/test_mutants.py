"""Each seeded defect is found by the right check and for the right reason."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from superoffice_contract.openapi import claims
from superoffice_contract.report import Report
from superoffice_contract.suite import run
from superoffice_contract.target import tenants
from superoffice_contract.throttle.state_machine import DEFAULTS
from superoffice_mock import access_log
from superoffice_mock.app import assemble
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.readings import READINGS, Readings
from tests.contract.mutants.fuzz_only import FUZZ_DEFECTS
from tests.contract.mutants.other_servers import SERVER_DEFECTS, STATED_READINGS, DefectiveServer
from tests.contract.mutants.patching import Defect, clear_caches
from tests.contract.mutants.registry import DEFECTS
from tests.contract.other_server.server import run_other_server
from tests.contract.suite.targets import OTHER_TENANT

WRITTEN_CHECKS = tuple(name for name in run.CHECKS if name != "generated-requests")
CHECKS_WITH_DEFECTS = sorted({defect.check for defect in DEFECTS})


@pytest.fixture(autouse=True)
def cleared_caches() -> Iterator[None]:
    """Clear the caches before each test, and after its defect is undone."""
    clear_caches()
    yield
    clear_caches()


def tables() -> list[Any]:
    """The demo tenants, with more credentials that are valid only onsite or only Online."""
    onsite, online, *more_tables = tenant_file.demo_tables()
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
    settings = Settings(jump_settle=0.001, readings=readings)
    facts = tenant_file.parse_tenants(tables(), "the test", settings.seconds_per_account, readings)
    plan = run.Plan(
        server=assemble(settings, facts, access_log.log_nothing).app,
        tenants=tenants.read_tenants(tables(), "the test"),
        readings={} if any_value else readings.as_dict(),
        only=only,
    )
    return run.run(plan)


def assert_found(defect: Defect | DefectiveServer, report: Report) -> None:
    """Assert that a finding of the check names the claim and the reason of *defect*."""
    texts = []
    for result in report.results:
        if result.check != defect.check and not result.check.startswith(f"{defect.check}, "):
            continue
        for finding in result.findings:
            text = f"{finding.where}: {finding.what}"
            texts.append(text)
            claims_in_text = re.findall(r"\(claim ([a-z0-9-]+)\)", finding.what)
            if defect.claim in {*finding.claims, *claims_in_text} and defect.reason in text:
                return
    pytest.fail(f"{defect.check} found: {texts[:5]}")


@pytest.mark.slow
@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_seeded_defect_is_found_for_the_right_reason(
    defect: Defect, monkeypatch: pytest.MonkeyPatch
) -> None:
    defect.mutate(monkeypatch)
    assert_found(defect, check_mock(defect.check))


@pytest.mark.slow
@pytest.mark.parametrize("defect", SERVER_DEFECTS, ids=lambda defect: defect.name)
def test_a_defect_of_another_server_is_found_over_sockets_in_real_time(
    defect: DefectiveServer,
) -> None:
    with run_other_server(defect.behavior) as url:
        plan = run.Plan(
            server=url,
            tenants=tenants.read_tenants([OTHER_TENANT], "the test"),
            readings=STATED_READINGS,
            only=(defect.check,),
            timeout_seconds=3,
        )
        report = run.run(plan)
    assert_found(defect, report)


@pytest.mark.slow
@pytest.mark.parametrize("defect", FUZZ_DEFECTS, ids=lambda defect: defect.name)
def test_a_defect_that_only_generated_requests_find_passes_the_written_checks(
    defect: Defect, monkeypatch: pytest.MonkeyPatch
) -> None:
    defect.mutate(monkeypatch)
    checks = (name for name in WRITTEN_CHECKS if name != "throttle")
    assert list(check_mock(*checks).findings) == []


@pytest.mark.parametrize("check", CHECKS_WITH_DEFECTS)
def test_the_unchanged_mock_passes_each_check(check: str) -> None:
    report = check_mock(check)
    assert [result.status for result in report.results] == ["passed"]
    assert list(report.findings) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reading", "value"),
    [(reading.name, value) for reading in READINGS.values() for value in reading.values[1:]],
)
@pytest.mark.parametrize("any_value", [False, True], ids=["stated", "any"])
def test_the_unchanged_mock_passes_under_every_value_of_every_reading(
    reading: str, value: str, *, any_value: bool
) -> None:
    only = [name for name in WRITTEN_CHECKS if name != "throttle" or reading in DEFAULTS]
    report = check_mock(*only, readings=Readings().with_value(reading, value), any_value=any_value)
    assert list(report.findings) == []
    passed_count = sum(1 for result in report.results if result.status == "passed")
    assert passed_count > len(CHECKS_WITH_DEFECTS) // 2
    if any_value:
        fact = dict(report.facts)[f"reading {reading}"]
        is_unknown = reading == "disconnect" and fact.startswith("cannot be observed")
        assert fact == value or is_unknown


def test_there_are_at_least_sixty_defects_with_unique_names() -> None:
    assert len(DEFECTS) >= 60
    all_defects: list[Defect | DefectiveServer] = [*DEFECTS, *SERVER_DEFECTS]
    counts = Counter(defect.name for defect in all_defects)
    assert [name for name, count in counts.items() if count > 1] == []
    assert {defect.claim for defect in all_defects} <= set(claims.load())
    assert {defect.check for defect in all_defects} <= set(run.CHECKS)
