"""`--reading any`: each value will do, but one and the same; the report says which is followed."""

import pytest

from superoffice_contract.readings import READINGS, ReadingSign, ReadingSigns
from superoffice_contract.report import Report
from superoffice_contract.suite.run import run
from superoffice_contract.suite.throttle import THROTTLE
from superoffice_mock.core.readings import READINGS as MOCKED
from superoffice_mock.core.readings import Readings
from tests.contract.other_server.server import Make, serving
from tests.contract.suite.targets import OTHER, mock, plan, tenant
from tests.support.server_process import serving as serving_mock

UNTOLD = "cannot be told: "


def told(found: Report) -> dict[str, str]:
    """The readings in a report, by name."""
    facts = [one for one in found.facts if one[0].startswith("reading ")]
    return {name.removeprefix("reading "): value for name, value in facts}


def other(make: Make, *only: str, **more: object) -> Report:
    with serving(make) as url:
        return run(plan(url, *only, tenants=(tenant(**OTHER),), **more))


def test_the_contract_knows_every_reading_of_the_mock() -> None:
    assert set(READINGS) == set(MOCKED)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reading", "value"),
    [
        (one.name, value)
        for one in MOCKED.values()
        for value in one.values
        if one.name != "disconnect"
    ],
)
def test_each_value_of_each_reading_is_learned_from_what_the_mock_does(
    reading: str, value: str
) -> None:
    app = mock(readings=Readings().with_value(reading, value))
    report = run(plan(app, "readings", THROTTLE))
    assert report.exit_code == 0
    defaults = Readings().as_dict() | {reading: value}
    known = {name: one for name, one in told(report).items() if not one.startswith(UNTOLD)}
    assert known == {name: one for name, one in defaults.items() if name != "disconnect"}
    assert told(report)["disconnect"].startswith(UNTOLD)


@pytest.mark.slow
@pytest.mark.parametrize("value", ["still-counts", "withdraws"])
@pytest.mark.parametrize("more", [("run", "blocking"), ("busy", "try-for-1s")])
def test_what_a_hang_up_does_is_learned_over_sockets(value: str, more: tuple[str, str]) -> None:
    flags = ("--reading", f"disconnect={value}", "--reading", "=".join(more), "--log", "off")
    with serving_mock(*flags) as running:
        report = run(plan(running.url, THROTTLE))
    assert report.exit_code == 0
    assert (told(report)["disconnect"], told(report)[more[0]]) == (value, more[1])


@pytest.mark.slow
def test_a_reading_that_was_told_is_judged_and_not_reported() -> None:
    app = mock(readings=Readings().with_value("run", "blocking"))
    (one,) = run(plan(app, THROTTLE, readings={"run": "detached"})).results
    assert (one.status, one.findings[0].claims) == ("failed", ("run-detached",))
    followed = run(plan(app, THROTTLE, readings={"run": "blocking"}))
    assert followed.exit_code == 0
    assert "run" not in told(followed)


def test_readings_that_nobody_looked_at_are_not_reported() -> None:
    assert told(run(plan(mock(), "simultaneous"))) == {}


@pytest.mark.parametrize(
    ("make", "reading", "values"),
    [
        (
            Make(envelopes=("webapi", "netserver"), busy_seconds=0),
            "errors",
            ("errors=webapi", "errors=netserver"),
        ),
        (
            Make(typed_every=2, busy_seconds=0),
            "no-content-type",
            ("no-content-type=absent", "no-content-type=as-sampled"),
        ),
    ],
    ids=["errors", "no-content-type"],
)
def test_a_server_that_follows_two_values_of_a_reading_differs(
    make: Make, reading: str, values: tuple[str, str]
) -> None:
    found = other(make, "readings")
    (one,) = found.findings
    assert all(value in one.what for value in values)
    assert set(one.claims) == set(READINGS[reading])
    assert told(found)[reading] == "cannot be told: it differs"


@pytest.mark.parametrize("envelope", ["webapi", "netserver"])
def test_a_server_that_follows_one_value_passes_and_is_told(envelope: str) -> None:
    found = other(Make(envelopes=(envelope,), busy_seconds=0), "readings")
    assert found.exit_code == 0
    assert told(found)["errors"] == envelope
    assert told(found)["restricted"].startswith(UNTOLD)


def test_an_envelope_with_more_members_is_not_the_one_that_was_told() -> None:
    make = Make(envelopes=("netserver",), busy_seconds=0)
    (one,) = other(make, "readings", readings={"errors": "webapi"}).findings
    assert one.what.endswith("expected errors=webapi")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "values"),
    [
        (Make(run_seconds=0.6), {"run": "detached", "busy": "wait-then-drop"}),
        (Make(run_seconds=0.6, tries=True), {"run": "detached", "busy": "try-for-1s"}),
        (
            Make(run_seconds=2.3, blocking=True),
            {"run": "blocking", "busy": "wait-then-drop", "disconnect": "still-counts"},
        ),
        (
            Make(run_seconds=2.3, blocking=True, tries=True, withdraws=True),
            {"run": "blocking", "busy": "try-for-1s", "disconnect": "withdraws"},
        ),
    ],
    ids=["detached", "tries", "blocking", "blocking and tries"],
)
def test_the_wire_shows_readings_of_the_throttle(make: Make, values: dict[str, str]) -> None:
    found = other(make, "throttle-on-the-wire", "lease-on-the-wire")
    assert [one.what for one in found.findings] == []
    known = {name: one for name, one in told(found).items() if not one.startswith(UNTOLD)}
    assert known == values
    assert {"tasks", "empty"} <= set(told(found))


@pytest.mark.slow
@pytest.mark.parametrize("blocking", [False, True])
def test_runs_of_a_second_can_be_judged_when_their_length_is_said(*, blocking: bool) -> None:
    make = Make(run_seconds=1.0, blocking=blocking)
    found = other(make, "throttle-on-the-wire", run_seconds=1.0)
    assert found.exit_code == 0
    assert told(found)["run"] == ("blocking" if blocking else "detached")


def test_signs_tell_what_tenants_have_in_common_and_where_they_part() -> None:
    signs = ReadingSigns()
    for at, value, why in (("a", "401", "x"), ("b", "403", "y"), ("c", None, "nobody")):
        signs.note(ReadingSign("restricted", at, value, why))
    assert dict(signs.facts({})) == {"reading restricted": "401 at a, 403 at b"}
    assert dict(signs.facts({"restricted": "401"})) == {}
    assert [one.what for one in signs.wrongs({}, ["restricted"])] == []
    (wrong,) = signs.wrongs({"restricted": "401"}, ["restricted"])
    assert (wrong.where, wrong.what) == ("b", "restricted=403 at y, expected restricted=401")
    assert list(signs.wrongs({"restricted": "401"}, ["errors"])) == []
