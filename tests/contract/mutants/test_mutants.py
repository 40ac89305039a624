"""The contract check can fail: every seeded defect is caught, by name and for the right reason."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
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
from tests.contract.mutants.fuzz_only import MADE_UP
from tests.contract.mutants.other_servers import MAKES, TOLD, DefectiveMake
from tests.contract.mutants.patching import Defect, forget
from tests.contract.mutants.registry import DEFECTS, as_table
from tests.contract.other_server.server import serving
from tests.contract.suite.targets import OTHER

README = Path(__file__).parents[3] / "contracts" / "README.md"
HANDMADE = tuple(one for one in run.CHECKS if one not in ("generated-requests",))
BY_CHECK = sorted({one.check for one in DEFECTS})


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Start from empty memories, and leave none of a defect behind: torn down after its undoing."""
    forget()
    yield
    forget()


def tables() -> list[Any]:
    """The demo world, and onsite and Online some credentials more that must not cross over."""
    onsite, online, *others = tenant_file.demo()
    onsite = onsite | {
        "users": [*onsite["users"], {"name": "empty", "password": ""}],
        "apps": online["apps"],
        "tokens": online["tokens"],
    }
    closed = {"name": "closed", "token": "closed-token", "email-agent": False}
    online = online | {
        "users": onsite["users"],
        "apps": [*online["apps"], closed],
        "tokens": [*online["tokens"], {"value": "8A:closed", "app": "closed"}],
    }
    return [onsite, online, *others]


def checked(*only: str, readings: Readings | None = None, any_value: bool = False) -> Report:
    """Check the mock as it is now; a clock that jumps makes a second none."""
    readings = readings or Readings()
    settings = Settings(jump_settle=0.001, readings=readings)
    facts = tenant_file.tenants(tables(), "the test", settings.seconds_per_account, readings)
    plan = run.Plan(
        server=assemble(settings, facts, access_log.silent).app,
        tenants=tenants.tenants(tables(), "the test"),
        readings={} if any_value else readings.as_dict(),
        only=only,
    )
    return run.run(plan)


def told(report: Report, check: str) -> Iterator[tuple[set[str], str]]:
    """Yield what *check* found: the claims that are named, and where and what."""
    for result in report.results:
        ours = result.check == check or result.check.startswith(f"{check}, ")
        for finding in result.findings if ours else ():
            named = re.findall(r"\(claim ([a-z0-9-]+)\)", finding.what)
            yield {*finding.claims, *named}, f"{finding.where}: {finding.what}"


@pytest.mark.slow
@pytest.mark.parametrize("defect", DEFECTS, ids=lambda one: one.name)
def test_a_seeded_defect_is_caught_for_the_right_reason(
    defect: Defect, monkeypatch: pytest.MonkeyPatch
) -> None:
    defect.vary(monkeypatch)
    found = list(told(checked(defect.check), defect.check))
    right = [text for named, text in found if defect.claim in named and defect.reason in text]
    assert right, f"{defect.check} found: {found[:5]}"


@pytest.mark.slow
@pytest.mark.parametrize("defect", MAKES, ids=lambda one: one.name)
def test_a_defect_of_another_make_is_caught_over_sockets_by_the_clock_on_the_wall(
    defect: DefectiveMake,
) -> None:
    with serving(defect.make) as url:
        own = tenants.tenants([OTHER], "the test")
        plan = run.Plan(
            server=url, tenants=own, readings=TOLD, only=(defect.check,), timeout_seconds=3
        )
        report = run.run(plan)
    found = list(told(report, defect.check))
    right = [text for named, text in found if defect.claim in named and defect.reason in text]
    assert right, f"{defect.check} found: {found[:5]}"


@pytest.mark.slow
@pytest.mark.parametrize("defect", MADE_UP, ids=lambda one: one.name)
def test_what_only_made_up_requests_come_upon_passes_the_others(
    defect: Defect, monkeypatch: pytest.MonkeyPatch
) -> None:
    defect.vary(monkeypatch)
    assert list(checked(*(one for one in HANDMADE if one != "throttle")).findings) == []


@pytest.mark.parametrize("check", BY_CHECK)
def test_a_check_that_catches_defects_lets_the_unchanged_mock_pass(check: str) -> None:
    report = checked(check)
    assert [one.status for one in report.results] == ["passed"]
    assert list(report.findings) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reading", "value"),
    [(one.name, value) for one in READINGS.values() for value in one.values[1:]],
)
@pytest.mark.parametrize("any_value", [False, True], ids=["told", "any"])
def test_the_unchanged_mock_passes_under_every_value_of_every_reading(
    reading: str, value: str, *, any_value: bool
) -> None:
    only = [one for one in HANDMADE if one != "throttle" or reading in DEFAULTS]
    report = checked(*only, readings=Readings().with_value(reading, value), any_value=any_value)
    assert list(report.findings) == []
    assert sum(1 for one in report.results if one.status == "passed") > len(BY_CHECK) // 2
    if any_value:
        told = dict(report.facts)[f"reading {reading}"]
        assert told == value or (reading == "disconnect" and told.startswith("cannot be told"))


def test_there_are_sixty_defects_or_more_each_of_its_own_name_and_of_a_claim() -> None:
    assert len(DEFECTS) >= 60
    every: list[Defect | DefectiveMake] = [*DEFECTS, *MAKES]
    counts = Counter(one.name for one in every)
    assert [name for name, count in counts.items() if count > 1] == []
    assert {one.claim for one in every} <= set(claims.load())
    assert {one.check for one in every} <= set(run.CHECKS)


def test_the_contract_readme_lists_every_seeded_defect() -> None:
    section = README.read_text(encoding="utf-8").split("## It can fail\n")[1].split("\n## ")[0]
    assert [one for one in section.splitlines() if one.startswith("|")] == as_table()
