"""A mock is not at fault for its settings: the check passes, or skips and names the setting."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from superoffice_contract.openapi.readings import READINGS, Readings
from superoffice_contract.report import Report
from superoffice_contract.report_formats import as_text
from superoffice_contract.suite.run import run
from tests.contract.suite.targets import make_mock, make_plan


def readings_with(values: dict[str, str]) -> Readings:
    """Return the default readings with *values* in place of some."""
    readings = Readings()
    for name, value in values.items():
        readings = readings.with_value(name, value)
    return readings


SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "max_accounts": st.sampled_from((1, 2, 10, 100, 10_000)),
        "max_body": st.sampled_from((1, 80, 500, 30_000, 2**17, 2**20)),
        "max_headers": st.sampled_from((100, 400, 2_000, 2**14)),
        "journal_exchanges": st.sampled_from((1, 2, 20, 1_000)),
        "max_waiting": st.sampled_from((1, 2, 20, 10_000)),
        "max_tenants": st.sampled_from((1, 3, 1_000)),
        "expires_after": st.sampled_from((0.001, 0.5, 30.0)),
        "seconds_per_account": st.sampled_from((0.0, 0.001, 1.0, 60.0)),
        "readings": st.fixed_dictionaries(
            {}, optional={r.name: st.sampled_from(r.values) for r in READINGS.values()}
        ).map(readings_with),
    },
)
NAMED = (
    "--max-",
    "--journal-",
    "--expires-after",
    "needs a server at a URL",
    "for servers without",
)


def check(options: dict[str, Any]) -> Report:
    """Check a mock with these settings, and assert that it passes, or says which is in the way."""
    report = run(make_plan(make_mock(**options)))
    assert report.exit_code == 0, (options, as_text(report))
    for result in report.results:
        if result.status == "skipped":
            assert any(name in (result.reason or "") for name in NAMED), (options, result)
    return report


@pytest.mark.nightly
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(options=SETTINGS)
def test_a_mock_with_any_settings_passes(options: dict[str, Any]) -> None:
    check(options)


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("options", "setting"),
    [
        ({"max_accounts": 1}, "--max-accounts"),
        ({"max_accounts": 100}, None),
        ({"max_body": 10}, "--max-body"),
        ({"max_headers": 300}, "--max-headers"),
        ({"journal_exchanges": 1}, "--journal-exchanges"),
        ({"max_waiting": 1}, "--max-waiting"),
        ({"max_tenants": 1, "expires_after": 0.01}, "--expires-after"),
        ({"readings": readings_with({"run": "blocking", "restricted": "403"})}, None),
    ],
    ids=str,
)
def test_a_setting_that_is_too_low_is_named(options: dict[str, Any], setting: str | None) -> None:
    report = check(options)
    reasons = [result.reason or "" for result in report.results if result.status == "skipped"]
    assert setting is None or any(setting in reason for reason in reasons), reasons
