"""Each call is judged against its own operation; the rules over time are for throttled ones."""

from pathlib import Path
from typing import Any, Final

import pytest

from superoffice_contract.errors import TrafficError
from superoffice_contract.grading import grade
from superoffice_contract.grading.calls import find_operation, known_operations, parse_address
from superoffice_contract.report import Report
from tests.contract.grading.builders import PATH, entry, failures_of, har_of
from tests.contract.openapi.other_operations import COUNT, DESCRIPTION

JUDGED: Final = [DESCRIPTION.by_name[name] for name in ("SyncEmailAccounts", "Count", "State")]
COUNT_URL: Final = f"http://crm.example{COUNT}"
STATE_URL: Final = "http://crm.example/api/state/Cust1"


def grade_all(folder: Path, *entries: object) -> Report:
    """Judge the calls of all operations in *entries*."""
    path = folder / "traffic.har"
    path.write_bytes(har_of(*entries))
    return grade.grade_har(str(path), JUDGED)


def count_entry(**fields: Any) -> dict[str, Any]:
    """Return a good call of Count, with changes."""
    return entry(**{"url": f"{COUNT_URL}?limit=1", "text": "{}", "status": 200, **fields})


def state_entry(**fields: Any) -> dict[str, Any]:
    """Return a good call of State, with changes."""
    good = {"url": STATE_URL, "method": "GET", "headers": {}, "text": "", "status": 200}
    return entry(**{**good, **fields})


def test_good_calls_of_every_operation_have_no_findings(tmp_path: Path) -> None:
    report = grade_all(tmp_path, count_entry(), state_entry(), entry())
    assert failures_of(report) == {}
    assert dict(report.facts)["calls"] == "3"


def test_a_call_is_judged_by_the_description_of_its_operation(tmp_path: Path) -> None:
    xml = {"Authorization": "Basic dGplMDpUamUw", "Content-Type": "text/xml"}
    for call, check, what in (
        (count_entry(method="PUT"), "address", "'PUT' is not documented; send POST"),
        (state_entry(method="PUT"), "address", "'PUT' is not documented; send GET"),
        (count_entry(url=f"{COUNT_URL}/x"), "address", f"not documented; send to {COUNT}, with"),
        (count_entry(headers={}), "credentials", "there are no credentials"),
        (count_entry(url=f"{COUNT_URL}?a=b"), "undocumented-members", "'a' in the query is not"),
        (state_entry(url=f"{STATE_URL}?limit=1"), "undocumented-members", "'limit' in the query"),
        (count_entry(text="[]"), "body", "expected an object, got an array"),
        (count_entry(headers=xml), "media-type", "is not one of application/json"),
    ):
        findings = failures_of(grade_all(tmp_path, {**call, "response": {"status": 400}}))
        assert what in findings[check][0], (check, findings)


def test_a_body_that_is_not_required_may_be_missing(tmp_path: Path) -> None:
    call = count_entry(status=400)
    del call["request"]["postData"]
    call["request"]["bodySize"] = 0
    assert "body" not in failures_of(grade_all(tmp_path, call))


def test_calls_that_are_not_throttled_may_overlap_and_be_repeated(tmp_path: Path) -> None:
    calls = [make(at=at / 10, took=1.0) for make in (count_entry, entry) for at in range(3)]
    for call in calls:
        call["response"]["status"] = 204
    places = {
        result.check: [finding.where for finding in result.findings]
        for result in grade_all(tmp_path, *calls).results
    }
    for check in ("overlap", "tight-retry", "lost-accounts"):
        assert all(COUNT not in where for where in places[check])
    assert len(places["overlap"]) == 2


def test_a_request_belongs_to_the_operation_with_its_method_on_its_path() -> None:
    for method, path, name in (
        ("POST", PATH, "SyncEmailAccounts"),
        ("PUT", f"/a/b{PATH.lower()}/x", "SyncEmailAccounts"),
        ("GET", PATH, None),
        ("GET", COUNT, None),
        ("OPTIONS", "/api/state/x", None),
        ("DELETE", "/api/state/x", "State"),
        ("POST", "/other", None),
    ):
        operation = find_operation(method, path, JUDGED)
        assert (operation and operation.name) == name, path
    assert {operation.agent for operation in known_operations()} == {"EMail"}
    assert find_operation("GET", PATH) is None
    for name in ("SyncEmailAccount", "SyncEmailAccounts", "GetEMailAccount"):
        operation = find_operation("POST", f"/x/api/v1/Agents/EMail/{name}")
        assert operation is not None
        assert operation.name == name
    assert find_operation("POST", f"{PATH}Other") is None


def test_one_segment_before_a_path_with_parameters_is_the_tenant() -> None:
    state = DESCRIPTION.by_name["State"]
    address = parse_address("/CUST5/api/state/x/", state)
    assert (address.tenant, address.online, address.violations) == ("Cust5", True, ())
    (violation,) = parse_address("/a/b/api/State/x", state).violations
    assert "send to /api/state/{tenant}, with at most one segment" in violation.what


def test_a_har_without_any_of_the_calls_is_an_error_that_names_them(tmp_path: Path) -> None:
    path = tmp_path / "empty.har"
    path.write_bytes(har_of(entry()))
    with pytest.raises(TrafficError, match="no call of Count or State among its 1 entries"):
        grade.grade_har(str(path), JUDGED[1:])
