"""The verdict on handmade traffic: each kind of problem, and what fails a tenant."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.control.answers import ArmedFault, ExchangeDetails, RecordedOutcome
from superoffice_contract.verdict.problems import (
    CRASHED,
    DEFAULT_KINDS,
    FINDERS,
    KINDS,
    MAX_DETAILS,
    Evidence,
    check_kinds,
    judge,
)
from superoffice_contract.verdict.timeline import forgotten_note
from superoffice_contract.verdict.traffic import Traffic
from tests.contract.verdict.traffic_builder import EPOCH, make_call, make_run

STARTED = make_call(1, "started", 507)
RUN = make_run(1, 507)
LOST = make_call(2, "turned_away", 508, 509, elapsed=1.0)
ARMED = ArmedFault(3, fired=0, armed=True, status=503)
CRASH = ExchangeDetails(1, EPOCH, "POST", "/", CRASHED, status=500, crash="Traceback: \x1b[31mhere")


def with_calls(*calls: Any, **more: Any) -> Evidence:
    return Evidence("onsite", Traffic(calls, [RUN]), **more)


def rejected(status: int, id_: int = 1) -> Any:
    return make_call(id_, "rejected", status=status, reason="a word")


def test_each_problem_is_told_in_a_sentence() -> None:
    for evidence, kind, message in (
        (
            with_calls(STARTED, LOST),
            "lost",
            "accounts 508, 509 are lost: answered 204, and no run covers them",
        ),
        (
            with_calls(STARTED, LOST, expect_lost=[508]),
            "lost",
            "account 509 is lost: answered 204, and no run covers it",
        ),
        (
            with_calls(STARTED, expect_lost=[511, 507]),
            "lost",
            "accounts 507, 511 are not lost, but expect_lost names them",
        ),
        (
            with_calls(STARTED, LOST, expect_lost=[508, 509, 510]),
            "lost",
            "account 510 is not lost, but expect_lost names it",
        ),
        (
            Evidence("onsite", Traffic([STARTED], [RUN], forgotten=1)),
            "lost",
            f"whether accounts are lost is {forgotten_note(Traffic([], forgotten=1))}",
        ),
        *(
            (
                with_calls(rejected(status)),
                "rejected",
                f"1 call was rejected for the body or the media type: #1: {status}: a word",
            )
            for status in (400, 413, 415)
        ),
        (
            with_calls(rejected(400), rejected(415, 2)),
            "rejected",
            "2 calls were rejected for the body or the media type: #1: 400: a word",
        ),
        *(
            (
                with_calls(rejected(status)),
                "unserved",
                f"1 call was answered with an error: #1: {status}: a word",
            )
            for status in (404, 405, 501, 503)
        ),
        (
            with_calls(make_call(1, "started", 507, violations=("a/b: unknown member",))),
            "odd",
            "odd, though allowed: #1: a/b: unknown member",
        ),
        (
            with_calls(STARTED, faults=[ARMED]),
            "unfired",
            "armed faults that never fired: 3 (status 503); so the test did not test them",
        ),
        (
            with_calls(STARTED, recorded=6, unplayed=["a.har: entry 3", "a.har: entry 5"]),
            "unplayed",
            "2 of 6 recorded calls were never asked for: a.har: entry 3",
        ),
        (
            with_calls(),
            "never-called",
            "no request reached the mock; does the app call its URL?",
        ),
        (with_calls(CRASH), CRASHED, "the mock crashed in #1"),
    ):
        problems = judge(evidence, [kind]).problems
        assert [(each.kind, each.message) for each in problems] == [(kind, message)], kind


def test_what_is_no_problem_is_not_told() -> None:
    for evidence in (
        with_calls(STARTED),
        with_calls(STARTED, LOST, expect_lost=[508, 509]),
        with_calls(rejected(401), rejected(403, 2)),
        with_calls(make_call(1, "pending", 507, status=None)),
        with_calls(make_call(1, "replayed", 507, recorded=RecordedOutcome("unknown"))),
        with_calls(STARTED, faults=[ArmedFault(1, fired=1, armed=False, status=503)]),
        with_calls(STARTED, faults=[ArmedFault(1, fired=0, armed=True, status=503, every=2)]),
        with_calls(STARTED, recorded=6),
    ):
        verdict = judge(evidence, KINDS)
        assert (verdict.passed, verdict.problems) == (True, ()), evidence


def test_what_fails_is_what_the_tenant_says_or_else_the_judge() -> None:
    for strict, default, passed in (
        (None, DEFAULT_KINDS, False),
        (None, ["odd"], True),
        (["odd"], DEFAULT_KINDS, True),
        (["lost"], ["odd"], False),
        ([], DEFAULT_KINDS, True),
    ):
        verdict = judge(with_calls(STARTED, LOST, strict=strict), default)
        assert verdict.passed is passed, (strict, default)
        assert [problem.fails for problem in verdict.problems] == [not passed]


def test_a_crash_fails_always_and_its_traceback_does_not_control_the_terminal() -> None:
    verdict = judge(with_calls(CRASH, strict=[]))
    assert not verdict.passed
    assert "Traceback: �[31mhere" in verdict.text


def test_the_text_has_the_sentences_of_what_fails_and_the_timeline() -> None:
    evidence = with_calls(STARTED, LOST, rejected(415, 3), faults=[ARMED])
    assert judge(evidence, ["lost", "rejected"]).text.splitlines() == [
        "accounts 508, 509 are lost: answered 204, and no run covers them",
        "#2 asked last for accounts 508, 509: because",
        "1 call was rejected for the body or the media type: #3: 415: a word",
        "",
        "What reached the mock:",
        "#1  +0.0 s  POST SyncEmailAccounts 507       204 after 0.0 s, started: because",
        "#2  +1.0 s  POST SyncEmailAccounts 508, 509  204 after 1.0 s, turned away: because",
        "#3  +2.0 s  POST SyncEmailAccounts           415 after 0.0 s, rejected: a word",
    ]
    assert judge(evidence, []).text.splitlines() == [
        "3 requests: 1 started, 1 turned away, 1 rejected",
        "allowed: accounts 508, 509 are lost: answered 204, and no run covers them",
        "allowed: 1 call was rejected for the body or the media type: #3: 415: a word",
        "allowed: armed faults that never fired: 3 (status 503); so the test did not test them",
    ]
    half = judge(with_calls(STARTED, LOST, expect_lost=[508, 510])).text.splitlines()
    assert half[0] == "account 509 is lost: answered 204, and no run covers it"
    assert half[1] == "account 510 is not lost, but expect_lost names it"
    assert judge(with_calls(), []).text == "no request"


@given(st.integers(0, 3 * MAX_DETAILS))
def test_no_problem_has_more_lines_than_a_screen_shows(count: int) -> None:
    calls = [
        make_call(id_, "rejected", status=400, violations=("odd",)) for id_ in range(1, count + 1)
    ]
    names = [f"entry {number}" for number in range(count)]
    verdict = judge(with_calls(*calls, recorded=count, unplayed=names), KINDS)
    for problem in verdict.problems:
        assert len(problem.details) <= MAX_DETAILS + 1, problem.kind
        if count > MAX_DETAILS + 1 and problem.kind in ("rejected", "odd", "unplayed"):
            assert problem.details[-1] == f"and {count - 1 - MAX_DETAILS} more"


def test_every_kind_that_can_be_chosen_is_found_and_explained() -> None:
    assert {*KINDS, CRASHED} == set(FINDERS)
    assert set(DEFAULT_KINDS) <= set(KINDS)
    assert check_kinds(KINDS) == set(KINDS)


def test_an_unknown_kind_is_an_error_with_the_nearest_or_all() -> None:
    for kind, expected in (
        ("losts", "unknown kind of problem 'losts'; did you mean 'lost'?"),
        ("x", "unknown kind of problem; the kinds are: lost, rejected, unfired, unplayed, "),
    ):
        with pytest.raises(ValueError, match="unknown kind") as raised:
            check_kinds(["lost", kind])
        assert str(raised.value).startswith(expected)
