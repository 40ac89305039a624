"""How a client behaves over time, from a HAR: patience, retries, overlap, duplicates, lost work."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.grading import behaviour
from superoffice_contract.grading.calls import Call, Confidence
from tests.contract.grading.builders import ONLINE, PATH, entry, failed, graded, only, result

TOKEN = {"Authorization": "Bearer 8A:x", "Content-Type": "application/json"}
SLOW = 1.01


def left(took: float | None, error: str | None = None) -> dict[str, Any]:
    recorded = entry(took=took or 0, status=0)
    if took is None:
        del recorded["time"]
    recorded["response"]["_error"] = error
    return recorded


@pytest.mark.parametrize("error", [None, "net::ERR_ABORTED", "net::ERR_TIMED_OUT", "canceled"])
def test_a_caller_that_left_within_a_second_is_found(error: str | None, tmp_path: Path) -> None:
    what = only(graded(tmp_path, left(0.5, error)), "gave-up").what
    assert what.startswith("the caller gave up within a second, after 0.50 s; ")


def test_a_caller_that_left_is_found_as_playwright_writes_it(tmp_path: Path) -> None:
    recorded = entry(took=0.19, status=-1) | {"timings": {"send": -1, "wait": -1, "receive": -1}}
    recorded["response"]["_failureText"] = "net::ERR_ABORTED"
    what = only(graded(tmp_path, recorded), "gave-up").what
    assert what.startswith("the caller gave up within a second, after 0.19 s; ")


def test_a_caller_that_left_later_is_not_found(tmp_path: Path) -> None:
    report = graded(tmp_path, left(1.0))
    assert (failed(report), result(report, "gave-up").status) == ({}, "passed")


@pytest.mark.parametrize("lost", [left(0.1, "net::ERR_CONNECTION_REFUSED"), left(None)])
def test_what_may_be_the_networks_doing_is_not_judged(lost: dict[str, Any], tmp_path: Path) -> None:
    assert result(graded(tmp_path, lost), "gave-up").status == "skipped"


def test_a_retry_within_a_second_of_being_turned_away_is_found(tmp_path: Path) -> None:
    report = graded(tmp_path, entry(took=SLOW), entry(at=1.5))
    what = only(report, "tight-retry").what
    assert what.startswith("came 0.49 s after entries[0] was probably turned away; wait until")


def test_the_nearest_of_the_calls_that_were_turned_away_is_named(tmp_path: Path) -> None:
    report = graded(tmp_path, entry(took=SLOW), entry(at=3, took=SLOW), entry(at=4.5))
    assert "after entries[1] was" in only(report, "tight-retry").what


@pytest.mark.parametrize(
    "traffic",
    [
        [entry(took=SLOW), entry(at=2.01)],
        [entry(took=0.94), entry(at=1)],
        [entry(took=SLOW), entry(at=1.5, url=ONLINE, headers=TOKEN), entry(at=9)],
        [
            entry(took=SLOW),
            entry(at=1.5, url=ONLINE.replace("345", "346"), headers=TOKEN),
            entry(at=9),
        ],
        [entry(took=SLOW) | {"timings": {"blocked": 900, "wait": 110}}, entry(at=1.5)],
    ],
    ids=["a second later", "not turned away", "another host", "another tenant", "not the server"],
)
def test_a_call_that_comes_late_enough_or_elsewhere_is_not_found(
    traffic: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert failed(graded(tmp_path, *traffic)) == {}


def test_calls_of_one_tenant_that_overlap_are_found(tmp_path: Path) -> None:
    report = graded(tmp_path, entry(took=5), entry(508, at=1, took=0.1), entry(509, at=4))
    overlaps = failed(report)["overlap"]
    assert [what.partition(";")[0] for what in overlaps] == ["overlaps entries[0]"] * 2


def test_calls_are_put_in_the_order_of_their_times(tmp_path: Path) -> None:
    report = graded(tmp_path, entry(508, at=0.5), entry(507, took=0.8))
    assert "overlaps entries[1]" in failed(report)["overlap"][0]


def test_a_call_that_was_refused_overlaps_nothing(tmp_path: Path) -> None:
    report = graded(
        tmp_path, entry(took=0.9, status=500), entry(at=0.5, status=401), entry(at=0.95)
    )
    assert "overlap" not in failed(report)


@pytest.mark.parametrize("receive", [3.37, 0])
def test_a_call_after_the_answer_had_begun_overlaps_only_what_is_still_waited_for(
    receive: float, tmp_path: Path
) -> None:
    """Chromium's own figures: a page goes on before the browser is done with the 204."""
    wait = 5.176 - receive
    first = entry(took=0.005176) | {"timings": {"send": 0, "wait": wait, "receive": receive}}
    found = failed(graded(tmp_path, first, entry(508, at=0.002)))
    assert ("overlap" in found) == (receive == 0)


def test_a_tool_that_counts_the_whole_call_as_received_is_believed(tmp_path: Path) -> None:
    first = entry(took=0.5) | {"timings": {"send": 0, "wait": 0, "receive": 500}}
    assert "overlap" in failed(graded(tmp_path, first, entry(508, at=0.2)))


def test_calls_of_different_tenants_do_not_overlap(tmp_path: Path) -> None:
    other = entry(at=0.01, url=ONLINE, headers=TOKEN)
    report = graded(tmp_path, entry(took=0.9), other)
    assert failed(report) == {}
    assert result(report, "overlap").status == "skipped"


def test_without_times_nothing_is_said_of_retries_and_overlap(tmp_path: Path) -> None:
    report = graded(tmp_path, entry() | {"startedDateTime": ""}, entry(took=SLOW, at=0.01))
    checks = ("tight-retry", "overlap")
    assert [result(report, one).status for one in checks] == ["passed", "skipped"]


def test_an_account_that_is_listed_twice_in_one_call_is_found(tmp_path: Path) -> None:
    what = only(graded(tmp_path, entry(5, 7, 7, 5), entry(5, at=9)), "duplicate-account").what
    assert what.startswith("lists account 5, 7 more than once")


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (entry(1, took=2.0), entry(2, at=1, took=SLOW), "2 possibly lost (high confidence"),
        (entry(1), entry(2, at=9, took=SLOW), "2 possibly lost (medium confidence"),
        (entry(1, took=0.5), entry(2, at=0.2, took=0.1), "2 possibly lost (low confidence"),
    ],
)
def test_how_sure_a_loss_is_depends_on_latency_and_overlap(
    first: dict[str, Any], second: dict[str, Any], said: str, tmp_path: Path
) -> None:
    lost = failed(graded(tmp_path, first, second))["lost-accounts"]
    assert any(said in what for what in lost)


def test_an_account_is_not_lost_if_a_later_call_covers_it(tmp_path: Path) -> None:
    again = entry(7, 8, at=60)
    assert failed(graded(tmp_path, entry(7, took=SLOW), again)) == {}


def test_a_loss_is_told_at_the_last_call_that_asked_as_weakly_as_the_weakest(
    tmp_path: Path,
) -> None:
    report = graded(
        tmp_path,
        entry(1, took=0.5),
        entry(7, at=0.2, took=0.1),
        entry(7, at=60, took=SLOW),
        entry(7, at=90, took=30, status=0),
    )
    (finding,) = result(report, "lost-accounts").findings
    assert finding.where.startswith("entries[2]")
    assert "account 7 possibly lost (low confidence" in finding.what


def test_a_long_list_of_lost_accounts_is_cut(tmp_path: Path) -> None:
    what = only(graded(tmp_path, entry(*range(1, 31), took=SLOW)), "lost-accounts").what
    assert what.startswith("account 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 20 more possibly lost")


def test_times_a_blink_apart_are_one_moment(tmp_path: Path) -> None:
    assert failed(graded(tmp_path, entry(took=0.5), entry(at=0.4995))) == {}


# ---- the rule of lost accounts against a plain model -----------------------------------------

ACCOUNTS = st.lists(st.integers(1, 4), max_size=3).map(tuple)


@st.composite
def histories(draw: st.DrawFn) -> list[Call]:
    rows = st.tuples(
        st.sampled_from(["onsite", "Cust1"]), ACCOUNTS, ACCOUNTS, st.sampled_from([204, 401, None])
    )
    sure = st.sampled_from([None, *Confidence])
    return [
        Call(
            id=str(index),
            time="",
            tenant=tenant,
            method="POST",
            path=PATH,
            at=float(index),
            elapsed=0.1,
            status=status,
            gave_up=False,
            accounts=accounts,
            synced=synced,
            turned_away=draw(sure),
        )
        for index, (tenant, accounts, synced, status) in enumerate(draw(st.lists(rows, max_size=7)))
    ]


def expected(history: Sequence[Call]) -> dict[tuple[str, int], tuple[str, Confidence]]:
    """design.md, word for word: in a call answered 204, covered by no run of it or a later one."""
    lost: dict[tuple[str, int], tuple[str, Confidence]] = {}
    for index, call in enumerate(history):
        later = [one for one in history[index:] if one.tenant == call.tenant]
        for account in call.accounts if call.status == 204 else ():
            if not any(account in one.synced for one in later):
                sure = call.turned_away or Confidence.CERTAIN
                _, before = lost.get((call.tenant, account), ("", sure))
                lost[call.tenant, account] = call.id, min(before, sure)
    return lost


@given(histories())
def test_lost_accounts_are_those_that_the_definition_names(history: list[Call]) -> None:
    found = {
        (one.asked.tenant, account): (one.asked.id, one.confidence)
        for one in behaviour.lost_accounts(history)
        for account in one.accounts
    }
    assert found == expected(history)
