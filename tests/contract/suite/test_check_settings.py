"""Mocks with other settings: none is reported as a defect, and some make checks impossible."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from superoffice_contract.checks.credentials import LIFETIME_CHECKS
from superoffice_contract.checks.registry import WIRE_CHECKS
from superoffice_contract.checks.side_effects import CONTROL_CHECKS
from superoffice_contract.report import Report
from superoffice_contract.report_formats import as_text
from superoffice_contract.suite.fuzzing import THROTTLE
from superoffice_contract.suite.run import run
from superoffice_contract.target.http import open_client
from tests.contract.suite.targets import make_mock, make_plan

CHECKS_WITH_CONTROL = (*(check.name for check in (*CONTROL_CHECKS, *LIFETIME_CHECKS)), THROTTLE)


def skip_notes(report: Report) -> dict[str, str]:
    """Assert that there are no findings, and return why checks were skipped, by check."""
    assert report.exit_code == 0, as_text(report)
    return {
        result.check: result.reason or "" for result in report.results if result.status == "skipped"
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"seconds_per_account": 0.0},
        {"seconds_per_account": 0.001, "expires_after": 2.0},
    ],
    ids=["no time", "a millisecond, expiring"],
)
def test_short_runs_and_expiring_credentials_make_no_check_impossible(
    settings: dict[str, Any],
) -> None:
    assert skip_notes(run(make_plan(make_mock(**settings), *CHECKS_WITH_CONTROL))) == {}


def test_expired_credentials_are_not_a_defect() -> None:
    app = make_mock(expires_after=0.001)
    before = list_tenants(app)
    every = (*(check.name for check in WIRE_CHECKS), "lifetimes")
    assert skip_notes(run(make_plan(app, *every))) == {}
    assert list_tenants(app) == before


def test_lifetimes_are_checked_of_the_credentials_that_a_tenant_has() -> None:
    onsite, online, _ = make_plan(None).tenants
    for tenant in (
        replace(onsite, tickets=(), sessions=()),
        replace(online, tickets=(), sessions=(), users=onsite.users),
    ):
        (result,) = run(make_plan(make_mock(), "lifetimes", tenants=(tenant,))).results
        assert result.status == "passed", result


def list_tenants(app: Any) -> Any:
    """Return the tenants that the mock has."""

    async def read_tenants() -> Any:
        async with open_client(app, 5) as client:
            return await client.control("GET", "tenants", dict)

    return asyncio.run(read_tenants())


def test_temporary_tenants_are_removed() -> None:
    app = make_mock(seconds_per_account=0.0)
    before = list_tenants(app)
    run(make_plan(app, "same-answer", THROTTLE))
    assert list_tenants(app) == before


def test_a_setting_that_is_too_low_makes_only_the_checks_impossible_that_need_more() -> None:
    more_tenants = "start the server with more --max-tenants"
    longer_journal = "start the server with --journal-exchanges 1000"
    more_waiting = "at most 5 calls may wait at a tenant, a schedule may have 14; start the server"
    every = (*(check.name for check in WIRE_CHECKS), *CHECKS_WITH_CONTROL)
    full: dict[str, Any] = {"seconds_per_account": 0.0, "max_tenants": 1}
    for settings, checks, reason, skipped in (
        (full, ("simultaneous", "parity"), more_tenants, {"simultaneous", "parity"}),
        (
            {"journal_exchanges": 10},
            CHECKS_WITH_CONTROL,
            longer_journal,
            {"simultaneous", THROTTLE},
        ),
        ({"max_waiting": 5}, every, f"{more_waiting} with --max-waiting 10000", {THROTTLE}),
    ):
        notes = skip_notes(run(make_plan(make_mock(**settings), *checks)))
        assert set(notes) == skipped, settings
        for note in notes.values():
            assert reason in note, settings
