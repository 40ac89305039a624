"""What a visit sees of the throttle: two calls, their times, and nothing else."""

import pytest

from superoffice_contract import report
from superoffice_contract.real_tenant.run import Pace
from superoffice_contract.target.http import Response
from superoffice_contract.throttle.timing import TIMED, TOO_LATE, timed, unclear
from tests.contract.other_server.server import Make, serving
from tests.contract.real_tenant.tenant_server import ACCOUNTS, of, of_status, visited
from tests.contract.suite.targets import OTHER, tenant

USUAL = tuple(Response(401, (("x-id", str(one)),), b"", 0.2) for one in range(3))


def seen(seconds: float, status: int = 204, body: bytes = b"", **headers: str) -> Response:
    return Response(status, tuple(headers.items()), body, seconds)


def told(first: Response, second: Response, begun: float | None = None) -> dict[str, str | None]:
    return dict(timed((first, second), USUAL, begun))


def test_a_second_call_that_takes_a_second_and_tells_nothing_agrees() -> None:
    assert told(seen(0.2), seen(1.2)) == dict.fromkeys(TIMED)


@pytest.mark.parametrize("seconds", [0.75, 2.5, 9.0])
def test_a_second_call_that_takes_another_time_differs(seconds: float) -> None:
    found = told(seen(0.2), seen(seconds))
    assert found["busy-second"] == f"a call during a run took {seconds:.2f} s, expected 1 s"
    assert found["run-detached"] is None


def test_a_second_call_that_is_answered_at_once_shows_nothing_unless_runs_are_long() -> None:
    assert told(seen(0.2), seen(0.3)) == {}
    assert unclear((seen(0.2), seen(0.3)), USUAL, None) == TOO_LATE
    assert told(seen(0.2), seen(0.3), begun=-1.0) == {}
    assert "took 0.30 s, expected 1 s" in (
        told(seen(0.2), seen(0.3), begun=3.0)["single-run"] or ""
    )


def test_a_first_call_that_waits_for_its_run_is_said_to() -> None:
    assert told(seen(7.0), seen(7.0)) == {
        "run-detached": "the call took 7.00 s: it seems to wait for its run"
    }


def test_a_first_call_that_was_turned_away_itself_shows_nothing() -> None:
    assert told(seen(1.1), seen(1.1)) == {}
    assert "somebody else's run" in (unclear((seen(1.1), seen(1.1)), USUAL, None) or "")


@pytest.mark.parametrize("calls", [(), (seen(0.2),), (seen(0.2, 401), seen(1.2))])
def test_calls_that_were_not_let_in_show_nothing(calls: tuple[Response, ...]) -> None:
    assert dict(timed(calls, USUAL, None)) == {}


@pytest.mark.parametrize(
    ("second", "what"),
    [
        (seen(1.2, body=b"x"), "their bodies differ"),
        (seen(1.2, hint="1"), "their headers differ"),
    ],
    ids=["body", "header"],
)
def test_an_answer_that_tells_differs(second: Response, what: str) -> None:
    found = told(seen(0.2), second)
    assert what in (found["same-answer"] or "")
    assert found["silent-drop"] == found["same-answer"]
    assert found["busy-second"] is None


def test_a_second_call_that_is_answered_otherwise_differs_whatever_its_time() -> None:
    what = "the first call was answered 204, the same again 429"
    assert told(seen(0.2), seen(0.2, 429)) == {"same-answer": what, "silent-drop": what}


def test_headers_that_differ_from_answer_to_answer_and_the_date_tell_nothing() -> None:
    first, second = (Response(204, (("x-id", one), ("date", one)), b"", 1.0) for one in "ab")
    first = Response(204, first.headers, b"", 0.2)
    assert told(first, second)["same-answer"] is None


# ---- a server of another make ----------------------------------------------------------------


def calls(make: Make, **more: object) -> report.Report:
    """Visit a server of another make with three requests: a look, a call, and the same again."""
    with serving(make) as url:
        kari = tenant(**OTHER)
        few = {"accounts": ACCOUNTS, "max_requests": 3, "pace": Pace(0.05)}
        return visited(url, kari, **{**few, **more})


@pytest.mark.slow
def test_a_server_of_another_make_is_seen_to_turn_the_second_call_away() -> None:
    found = calls(Make(run_seconds=5))
    assert set(TIMED) <= of_status(found, "agrees"), report.as_text(found)
    assert dict(found.facts)["reading run"] == "detached"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "claim", "what"),
    [
        (Make(run_seconds=9, busy_seconds=0.3), "busy-second", "s, expected 1 s"),
        (Make(run_seconds=9, accepted=202), "no-content", "expected 204, got 202"),
    ],
    ids=["0.3 s", "202"],
)
def test_a_server_that_breaks_it_differs_in_the_right_claim(
    make: Make, claim: str, what: str
) -> None:
    found = calls(make, run_seconds=9.0)
    assert found.exit_code == 1
    assert any(what in one.what for one in of(found, claim).findings), report.as_text(found)


def test_a_server_without_a_throttle_differs_where_it_is_known_how_long_runs_take() -> None:
    silent, known = (calls(Make(busy_seconds=0), run_seconds=one) for one in (None, 5.0))
    assert (of(silent, "busy-second").note or "").endswith(TOO_LATE)
    assert of(known, "single-run").status == "differs"
