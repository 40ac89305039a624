"""Behaviour over time in a HAR: disconnects, retries, overlaps, duplicates and lost accounts."""

from pathlib import Path

from tests.contract.grading.builders import (
    ONLINE,
    Entry,
    entry,
    failures_of,
    grade_entries,
    only_finding,
    result_of,
)

TOKEN = {"Authorization": "Bearer 8A:x", "Content-Type": "application/json"}
SLOW = 1.01
ONLINE_346 = ONLINE.replace("345", "346")


def disconnect(took: float | None, error: str | None = None) -> Entry:
    request = entry(took=took or 0, status=0)
    if took is None:
        del request["time"]
    request["response"]["_error"] = error
    return request


def test_a_disconnect_within_a_second_is_found(tmp_path: Path) -> None:
    playwright = entry(took=0.19, status=-1) | {"timings": {"send": -1, "wait": -1, "receive": -1}}
    playwright["response"]["_failureText"] = "net::ERR_ABORTED"
    errors = (None, "net::ERR_ABORTED", "net::ERR_TIMED_OUT", "canceled")
    for request, took in (
        *((disconnect(0.5, error), "0.50") for error in errors),
        (playwright, "0.19"),
    ):
        what = only_finding(grade_entries(tmp_path, request), "gave-up").what
        begin = f"the client disconnected within a second, after {took} s; "
        assert what.startswith(begin), request["response"]


def test_a_disconnect_after_a_second_is_fine_and_another_error_is_not_judged(
    tmp_path: Path,
) -> None:
    for request, status in (
        (disconnect(1.0), "passed"),
        (disconnect(0.1, "net::ERR_CONNECTION_REFUSED"), "skipped"),
        (disconnect(None), "skipped"),
    ):
        report = grade_entries(tmp_path, request)
        assert (failures_of(report), result_of(report, "gave-up").status) == ({}, status)


def test_a_retry_within_a_second_names_the_latest_turned_away_call(tmp_path: Path) -> None:
    report = grade_entries(tmp_path, entry(took=SLOW), entry(at=1.5))
    what = only_finding(report, "tight-retry").what
    assert what.startswith("came 0.49 s after entries[0] was probably turned away; wait until ")
    report = grade_entries(tmp_path, entry(took=SLOW), entry(at=3, took=SLOW), entry(at=4.5))
    assert "after entries[1] was" in only_finding(report, "tight-retry").what


NOT_RETRIES = {
    "a second later": [entry(took=SLOW), entry(at=2.01)],
    "not turned away": [entry(took=0.94), entry(at=1)],
    "another host": [entry(took=SLOW), entry(at=1.5, url=ONLINE, headers=TOKEN), entry(at=9)],
    "another tenant": [entry(took=SLOW), entry(at=1.5, url=ONLINE_346, headers=TOKEN), entry(at=9)],
    "not the server": [
        entry(took=SLOW) | {"timings": {"blocked": 900, "wait": 110}},
        entry(at=1.5),
    ],
}


def test_a_call_that_is_late_enough_or_for_another_tenant_is_not_a_retry(tmp_path: Path) -> None:
    for name, traffic in NOT_RETRIES.items():
        assert failures_of(grade_entries(tmp_path, *traffic)) == {}, name


def test_overlapping_calls_of_one_tenant_are_found_in_order_of_time(tmp_path: Path) -> None:
    for traffic, overlaps in (
        ([entry(took=5), entry(508, at=1, took=0.1), entry(509, at=4)], ["entries[0]"] * 2),
        ([entry(508, at=0.5), entry(507, took=0.8)], ["entries[1]"]),
        ([entry(took=0.9, status=500), entry(at=0.5, status=401), entry(at=0.95)], []),
    ):
        found = failures_of(grade_entries(tmp_path, *traffic)).get("overlap", [])
        assert [what.partition(";")[0] for what in found] == [f"overlaps {id_}" for id_ in overlaps]


def test_a_call_ends_when_its_response_begins(tmp_path: Path) -> None:
    """The times are from Chromium: a page continues before the browser has received the 204."""
    for receive in (3.37, 0):
        timings = {"send": 0, "wait": 5.176 - receive, "receive": receive}
        first = entry(took=0.005176) | {"timings": timings}
        failures = failures_of(grade_entries(tmp_path, first, entry(508, at=0.002)))
        assert ("overlap" in failures) == (receive == 0)


def test_receive_does_not_count_if_it_is_the_whole_time(tmp_path: Path) -> None:
    first = entry(took=0.5) | {"timings": {"send": 0, "wait": 0, "receive": 500}}
    assert "overlap" in failures_of(grade_entries(tmp_path, first, entry(508, at=0.2)))


def test_calls_of_different_tenants_do_not_overlap(tmp_path: Path) -> None:
    online = entry(at=0.01, url=ONLINE, headers=TOKEN)
    report = grade_entries(tmp_path, entry(took=0.9), online)
    assert failures_of(report) == {}
    assert result_of(report, "overlap").status == "skipped"


def test_retries_and_overlaps_are_not_judged_without_times(tmp_path: Path) -> None:
    report = grade_entries(tmp_path, entry() | {"startedDateTime": ""}, entry(took=SLOW, at=0.01))
    checks = ("tight-retry", "overlap")
    assert [result_of(report, check).status for check in checks] == ["passed", "skipped"]


def test_an_account_that_is_listed_twice_in_one_call_is_found(tmp_path: Path) -> None:
    what = only_finding(
        grade_entries(tmp_path, entry(5, 7, 7, 5), entry(5, at=9)), "duplicate-account"
    ).what
    assert what.startswith("lists accounts 5, 7 more than once")


def test_the_confidence_of_a_loss_depends_on_latency_and_overlap(tmp_path: Path) -> None:
    for confidence, first, second in (
        ("high", entry(1, took=2.0), entry(2, at=1, took=SLOW)),
        ("medium", entry(1), entry(2, at=9, took=SLOW)),
        ("low", entry(1, took=0.5), entry(2, at=0.2, took=0.1)),
    ):
        losses = failures_of(grade_entries(tmp_path, first, second))["lost-accounts"]
        message = f"2 possibly lost ({confidence} confidence"
        assert any(message in what for what in losses), confidence


def test_an_account_is_not_lost_if_a_later_call_covers_it(tmp_path: Path) -> None:
    retry = entry(7, 8, at=60)
    assert failures_of(grade_entries(tmp_path, entry(7, took=SLOW), retry)) == {}


def test_a_loss_names_the_last_call_and_has_its_confidence(tmp_path: Path) -> None:
    report = grade_entries(
        tmp_path,
        entry(1, took=0.5),
        entry(7, at=0.2, took=0.1),
        entry(7, at=60, took=SLOW),
        entry(7, at=90, took=30, status=0),
    )
    (finding,) = result_of(report, "lost-accounts").findings
    assert finding.where.startswith("entries[2]")
    assert "account 7 possibly lost (medium confidence" in finding.what


def test_a_long_list_of_lost_accounts_is_cut(tmp_path: Path) -> None:
    what = only_finding(
        grade_entries(tmp_path, entry(*range(1, 31), took=SLOW)), "lost-accounts"
    ).what
    assert what.startswith("accounts 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 20 more possibly lost")


def test_times_within_the_tolerance_are_the_same_moment(tmp_path: Path) -> None:
    assert failures_of(grade_entries(tmp_path, entry(took=0.5), entry(at=0.4995))) == {}
