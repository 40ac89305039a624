"""`--reading any`: a server may follow any value, but only one; the report says which."""

from dataclasses import replace
from functools import partial
from typing import Final

import pytest

from superoffice_contract.openapi.readings import READINGS as MOCK_READINGS
from superoffice_contract.openapi.readings import Readings
from superoffice_contract.readings import CLAIMS_BY_READING, ObservedReading, ObservedReadings
from superoffice_contract.report import Report
from superoffice_contract.suite.fuzzing import THROTTLE
from superoffice_contract.suite.run import run
from tests.contract.other_server.server import ServerBehavior
from tests.contract.suite.targets import check_other_server, make_mock, make_plan, wait_for_all
from tests.support.server_process import run_server

NOT_OBSERVABLE = "cannot be observed: "


def reported_readings(report: Report) -> dict[str, str]:
    """Return the readings in *report*, by name."""
    prefix = "reading "
    return {name[len(prefix) :]: value for name, value in report.facts if name.startswith(prefix)}


def observed_readings(report: Report) -> dict[str, str]:
    """Return the readings in *report* that could be observed, by name."""
    values = reported_readings(report)
    return {name: value for name, value in values.items() if not value.startswith(NOT_OBSERVABLE)}


def test_the_contract_knows_every_reading_of_the_mock() -> None:
    assert set(CLAIMS_BY_READING) == set(MOCK_READINGS)


NOT_DETECTED: Final = ("disconnect", "ready", "current-account")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reading", "value"),
    [
        ("run", Readings().run),
        *(
            (reading.name, value)
            for reading in MOCK_READINGS.values()
            for value in reading.values[1:]
            if reading.name not in NOT_DETECTED
        ),
    ],
)
def test_each_value_of_each_reading_is_detected_from_what_the_mock_does(
    reading: str, value: str
) -> None:
    app = make_mock(readings=Readings().with_value(reading, value))
    report = run(make_plan(app, "errors", "credentials-refused", THROTTLE, any_reading=True))
    assert report.exit_code == 0
    expected = Readings().as_dict() | {reading: value}
    detected = {name: value for name, value in expected.items() if name not in NOT_DETECTED}
    assert observed_readings(report) == detected
    for name in NOT_DETECTED:
        assert reported_readings(report)[name].startswith(NOT_OBSERVABLE), name


@pytest.mark.slow
@pytest.mark.parametrize("value", ["still-counts", "withdraws"])
@pytest.mark.parametrize("other_reading", [("run", "blocking"), ("busy", "try-for-1s")])
def test_the_effect_of_a_disconnect_is_detected_over_sockets(
    value: str, other_reading: tuple[str, str]
) -> None:
    flags = (
        *("--reading", f"disconnect={value}"),
        *("--reading", "=".join(other_reading), "--log", "off"),
    )
    with run_server(*flags) as running:
        report = run(make_plan(running.url, THROTTLE, any_reading=True))
    assert report.exit_code == 0
    readings = reported_readings(report)
    assert (readings["disconnect"], readings[other_reading[0]]) == (value, other_reading[1])


@pytest.mark.slow
def test_an_expected_reading_is_checked_and_not_reported() -> None:
    app = make_mock(readings=Readings().with_value("run", "blocking"))
    (result,) = run(make_plan(app, THROTTLE, readings={"run": "detached"})).results
    assert (result.status, result.findings[0].claims) == ("failed", ("run-detached",))
    report = run(make_plan(app, THROTTLE, readings={"run": "blocking"}))
    assert report.exit_code == 0
    assert "run" not in reported_readings(report)


def test_readings_that_no_check_observes_are_not_reported() -> None:
    report = run(make_plan(make_mock(), "simultaneous"))
    assert observed_readings(report) == {"no-content-type": "absent"}, "the plain call shows it"


@pytest.mark.claim("one-reading")
@pytest.mark.parametrize(
    ("behavior", "reading", "values"),
    [
        (
            ServerBehavior(envelopes=("webapi", "netserver"), busy_seconds=0),
            "errors",
            ("webapi", "netserver"),
        ),
        (
            ServerBehavior(content_type_every=2, busy_seconds=0),
            "no-content-type",
            ("absent", "as-sampled"),
        ),
    ],
    ids=["errors", "no-content-type"],
)
def test_a_server_that_follows_two_values_of_a_reading_gets_a_note(
    behavior: ServerBehavior, reading: str, values: tuple[str, str]
) -> None:
    report = check_other_server(behavior, "member-names", "broken-bodies")
    assert report.exit_code == 0
    (note,) = (note for note in report.notes if note.claims == ("one-reading",))
    assert reading in note.what
    assert all(value in note.what for value in values)
    assert reported_readings(report)[reading] == "cannot be observed: it differs"


@pytest.mark.parametrize("envelope", ["webapi", "netserver"])
def test_a_server_that_follows_one_value_passes_and_the_value_is_reported(envelope: str) -> None:
    behavior = ServerBehavior(envelopes=(envelope,), busy_seconds=0)
    report = check_other_server(behavior, "broken-bodies", "credentials-refused")
    assert report.exit_code == 0
    assert "one-reading" not in {id_ for note in report.notes for id_ in note.claims}
    assert reported_readings(report)["errors"] == envelope
    assert reported_readings(report)["restricted"].startswith(NOT_OBSERVABLE)


def test_an_envelope_with_more_members_than_the_expected_one_fails() -> None:
    behavior = ServerBehavior(envelopes=("netserver",), busy_seconds=0)
    report = check_other_server(behavior, "broken-bodies", readings={"errors": "webapi"})
    (finding,) = report.findings
    assert finding.claims == ("error-webapi",)


@pytest.mark.slow
def test_the_wire_shows_readings_of_the_throttle() -> None:
    detached, blocking = (
        ServerBehavior(run_seconds=0.6),
        ServerBehavior(run_seconds=2.3, blocking=True),
    )
    cases = (
        (detached, {"run": "detached", "busy": "wait-then-drop"}),
        (
            replace(detached, waits_for_lease=True),
            {"run": "detached", "busy": "try-for-1s"},
        ),
        (
            blocking,
            {"run": "blocking", "busy": "wait-then-drop", "disconnect": "still-counts"},
        ),
        (
            replace(blocking, waits_for_lease=True, disconnect_ends_run=True),
            {"run": "blocking", "busy": "try-for-1s", "disconnect": "withdraws"},
        ),
    )
    checks = ("throttle-on-the-wire", "lease-on-the-wire")
    reports = wait_for_all(
        partial(check_other_server, behavior, check) for behavior, _ in cases for check in checks
    )
    for (behavior, values), *both in zip(cases, reports[::2], reports[1::2], strict=True):
        assert [finding.what for report in both for finding in report.findings] == [], behavior
        throttle, lease = map(observed_readings, both)
        assert values.items() <= (throttle | lease).items(), behavior
        throttle, lease = map(reported_readings, both)
        assert {"tasks", "empty"} <= {*throttle, *lease}, behavior


@pytest.mark.slow
def test_runs_of_a_second_can_be_checked_when_their_length_is_given() -> None:
    reports = wait_for_all(
        partial(
            check_other_server,
            ServerBehavior(run_seconds=1.0, blocking=blocking),
            "throttle-on-the-wire",
            run_seconds=1.0,
        )
        for blocking in (False, True)
    )
    assert [report.exit_code for report in reports] == [0, 0]
    assert [reported_readings(report)["run"] for report in reports] == ["detached", "blocking"]


def test_signs_of_several_tenants_are_compared_with_the_expected_value() -> None:
    observed_readings = ObservedReadings()
    for tenant, value, why in (("a", "401", "x"), ("b", "403", "y"), ("c", None, "not shown")):
        observed_readings.add(ObservedReading("restricted", tenant, value, why))
    assert dict(observed_readings.describe_unstated({})) == {
        "reading restricted": "401 at a, 403 at b"
    }
    assert dict(observed_readings.describe_unstated({"restricted": "401"})) == {}
    assert list(observed_readings.find_changes(())) == []
    observed_readings.add(ObservedReading("restricted", "b", "401", "z"))
    (finding,) = observed_readings.find_changes(())
    assert (finding.where, finding.what) == (
        "b, y and z",
        "the reading restricted is 403 in some answers and 401 in others",
    )
    assert list(observed_readings.find_changes({"restricted"})) == []
