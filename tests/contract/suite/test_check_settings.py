"""Mocks that keep the contract with settings of their own: none is a defect, some hide things."""

import asyncio
from typing import Any

import pytest

from superoffice_contract import report
from superoffice_contract.checks.credentials import LIFETIME_CHECKS
from superoffice_contract.checks.registry import WIRE_CHECKS
from superoffice_contract.checks.side_effects import TRUTH_CHECKS
from superoffice_contract.report import Report
from superoffice_contract.suite.run import run
from superoffice_contract.suite.throttle import THROTTLE
from superoffice_contract.target.http import calling
from tests.contract.suite.targets import mock, plan

TRUTHFUL = (*(one.name for one in (*TRUTH_CHECKS, *LIFETIME_CHECKS)), THROTTLE)


def skipped(found: Report) -> dict[str, str]:
    """Check that nothing was found, and return why checks were skipped."""
    assert found.exit_code == 0, report.as_text(found)
    return {one.check: one.note or "" for one in found.results if one.status == "skipped"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"seconds_per_account": 0.0},
        {"seconds_per_account": 0.001},
        {"expires_after": 2.0},
    ],
    ids=["no time", "a millisecond", "expiring"],
)
def test_runs_that_take_no_time_and_credentials_that_expire_hide_nothing(
    settings: dict[str, Any],
) -> None:
    assert skipped(run(plan(mock(**settings), *TRUTHFUL))) == {}


def test_credentials_that_have_expired_are_no_defect_of_those_that_would_be_let_in() -> None:
    app = mock(expires_after=0.001)
    before = tenants(app)
    every = (*(one.name for one in WIRE_CHECKS), "lifetimes")
    assert skipped(run(plan(app, *every))) == {}
    assert tenants(app) == before


def tenants(app: Any) -> Any:
    """What the mock tells of its tenants."""

    async def asked() -> Any:
        async with calling(app, 5) as caller:
            return await caller.control("GET", "tenants")

    return asyncio.run(asked())


def test_the_tenants_that_are_made_for_that_are_removed() -> None:
    app = mock(seconds_per_account=0.0)
    before = tenants(app)
    run(plan(app, "same-answer", THROTTLE))
    assert tenants(app) == before


def test_where_no_tenant_can_be_made_either_what_needs_one_is_skipped() -> None:
    full = mock(seconds_per_account=0.0, max_tenants=1)
    notes = skipped(run(plan(full, "simultaneous", "parity")))
    assert set(notes) == {"simultaneous", "parity"}
    assert "start the server with more --max-tenants" in notes["simultaneous"]


def test_a_short_journal_hides_who_started_of_many() -> None:
    notes = skipped(run(plan(mock(journal_exchanges=10), *TRUTHFUL)))
    assert set(notes) == {"simultaneous", THROTTLE}
    for note in notes.values():
        assert "start the server with --journal-exchanges 1000" in note


def test_calls_that_may_not_wait_hide_the_throttle_and_nothing_else() -> None:
    every = (*(one.name for one in WIRE_CHECKS), *TRUTHFUL)
    notes = skipped(run(plan(mock(max_waiting=5), *every)))
    assert set(notes) == {THROTTLE}
    assert "no more than 5 calls may wait" in notes[THROTTLE]
    assert "start the server with --max-waiting 10000" in notes[THROTTLE]
