"""What the check of a real tenant concludes about the throttle from the times of two calls."""

import pytest

from superoffice_contract.real_tenant.run import Pace
from superoffice_contract.report import Report
from superoffice_contract.report_formats import as_text
from superoffice_contract.target.http import Response
from superoffice_contract.throttle.timing import (
    TIMING_CLAIMS,
    TOO_LATE,
    compare_calls,
    why_inconclusive,
)
from tests.contract.other_server.server import ServerBehavior, run_other_server
from tests.contract.real_tenant.tenant_server import (
    ACCOUNTS,
    check_tenant,
    claims_with_status,
    result_of,
)
from tests.contract.suite.targets import OTHER_TENANT

BASELINE = tuple(Response(401, (("x-id", str(number)),), b"", 0.2) for number in range(3))


def make_response(seconds: float, status: int = 204, body: bytes = b"", **headers: str) -> Response:
    return Response(status, tuple(headers.items()), body, seconds)


def compare(
    first: Response, second: Response, run_remaining: float | None = None
) -> dict[str, str | None]:
    return dict(compare_calls((first, second), BASELINE, run_remaining))


def test_a_second_call_with_the_same_answer_after_a_second_agrees() -> None:
    assert compare(make_response(0.2), make_response(1.2)) == dict.fromkeys(TIMING_CLAIMS)


def test_a_second_call_that_does_not_take_a_second_differs() -> None:
    for seconds in (0.75, 2.5, 9.0):
        assert compare(make_response(0.2), make_response(seconds)) == {
            "busy-second": f"a call during a run took {seconds:.2f} s, expected 1 s",
            **dict.fromkeys(("run-detached", "same-answer", "silent-drop")),
        }


def test_a_second_call_that_is_answered_at_once_is_inconclusive_unless_runs_are_long() -> None:
    calls = (make_response(0.2), make_response(0.3))
    assert compare(*calls) == {}
    assert why_inconclusive(calls, BASELINE, None) == TOO_LATE
    assert compare(*calls, run_remaining=-1.0) == {}
    difference = compare(*calls, run_remaining=3.0)["busy-second"]
    assert "took 0.30 s, expected 1 s" in (difference or "")


def test_a_first_call_that_waits_for_its_run_differs() -> None:
    assert compare(make_response(7.0), make_response(7.0)) == {
        "run-detached": "the call took 7.00 s: it seems to wait for its run"
    }


def test_a_first_call_that_was_turned_away_is_inconclusive() -> None:
    calls = (make_response(1.1), make_response(1.1))
    assert compare(*calls) == {}
    assert "another client's run" in (why_inconclusive(calls, BASELINE, None) or "")


def test_calls_that_were_not_accepted_are_inconclusive() -> None:
    answer, refused = make_response(0.2), make_response(0.2, 401)
    for calls in ((), (answer,), (refused, answer), (answer, refused)):
        assert dict(compare_calls(calls, BASELINE, None)) == {}, calls


def test_a_second_call_with_another_answer_differs() -> None:
    for second, difference in (
        (make_response(1.2, body=b"x"), "their bodies differ"),
        (make_response(1.2, hint="1"), "their headers differ"),
    ):
        differences = compare(make_response(0.2), second)
        assert difference in (differences["same-answer"] or "")
        assert "silent-drop" not in differences
        assert differences["busy-second"] is None


def test_headers_that_vary_between_all_responses_and_the_date_are_ignored() -> None:
    first, second = (Response(204, (("x-id", value), ("date", value)), b"", 1.0) for value in "ab")
    first = Response(204, first.headers, b"", 0.2)
    assert compare(first, second)["same-answer"] is None


# ---- an independent server -------------------------------------------------------------------


def check_with_three_requests(behavior: ServerBehavior, **changes: object) -> Report:
    """Check an independent server with three requests: a GET, a call, and the same call again."""
    with run_other_server(behavior) as url:
        tenant = OTHER_TENANT
        fields = {"accounts": ACCOUNTS, "max_requests": 3, "pace": Pace(0.05)}
        return check_tenant(url, tenant, **{**fields, **changes})


@pytest.mark.slow
def test_an_independent_server_turns_the_second_call_away() -> None:
    report = check_with_three_requests(ServerBehavior(run_seconds=5))
    assert set(TIMING_CLAIMS) <= claims_with_status(report, "agrees"), as_text(report)
    assert dict(report.facts)["reading run"] == "detached"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behavior", "claim", "problem"),
    [
        (ServerBehavior(run_seconds=9, busy_seconds=0.3), "busy-second", "s, expected 1 s"),
        (ServerBehavior(run_seconds=9, accepted=202), "no-content", "expected 204, got 202"),
    ],
    ids=["0.3 s", "202"],
)
def test_a_server_that_breaks_the_contract_differs_in_the_right_claim(
    behavior: ServerBehavior, claim: str, problem: str
) -> None:
    report = check_with_three_requests(behavior, run_seconds=9.0)
    assert report.exit_code == 1
    findings = result_of(report, claim).findings
    assert any(problem in finding.what for finding in findings), as_text(report)


def test_a_server_without_a_throttle_differs_if_the_length_of_a_run_is_given() -> None:
    behavior = ServerBehavior(busy_seconds=0)
    without_length = check_with_three_requests(behavior, run_seconds=None)
    with_length = check_with_three_requests(behavior, run_seconds=5.0)
    assert (result_of(without_length, "busy-second").reason or "").endswith(TOO_LATE)
    assert result_of(with_length, "busy-second").status == "differs"
