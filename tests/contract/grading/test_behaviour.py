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
    errors = ("net::ERR_ABORTED", "net::ERR_TIMED_OUT", "canceled")
    for request, took in (
        *((disconnect(0.5, error), "0.50") for error in errors),
        (playwright, "0.19"),
    ):
        what = only_finding(grade_entries(tmp_path, request), "gave-up").what
        begin = f"the client disconnected within a second, after {took} s; "
        assert what.startswith(begin), request["response"]


def test_a_disconnect_after_a_second_is_fine_and_others_are_not_judged(tmp_path: Path) -> None:
    for error, took, status in (
        ("net::ERR_ABORTED", 1.0, "passed"),
        ("net::ERR_ABORTED", None, "skipped"),
        ("net::ERR_CONNECTION_REFUSED", 0.1, "skipped"),
        ("net::ERR_CONNECTION_ABORTED", 0.1, "skipped"),
        ("Load request cancelled", 0.0, "skipped"),  # Safari does not keep the time
        ("Client disconnected.", 0.1, "skipped"),  # the time of mitmproxy has no waiting in it
        ("", 0.1, "skipped"),
        (None, 0.0, "skipped"),
    ):
        for no_status in (0, -1, None):
            request = disconnect(took, error)
            request["response"]["status"] = no_status
            report = grade_entries(tmp_path, request)
            assert (failures_of(report), result_of(report, "gave-up").status) == ({}, status), error


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
        ([entry(took=0.5), entry(at=0.4995)], []),  # within the tolerance
    ):
        found = failures_of(grade_entries(tmp_path, *traffic)).get("overlap", [])
        assert [what.partition(";")[0] for what in found] == [f"overlaps {id_}" for id_ in overlaps]


def test_a_call_ends_when_its_response_begins(tmp_path: Path) -> None:
    """The times are from Chromium: a page continues before the browser has received the 204.

    `receive` does not count if it is the whole time.
    """
    for wait, receive, overlaps in ((1.806, 3.37, False), (5.176, 0, True), (0, 5.176, True)):
        timings = {"send": 0, "wait": wait, "receive": receive}
        first = entry(took=0.005176) | {"timings": timings}
        failures = failures_of(grade_entries(tmp_path, first, entry(508, at=0.002)))
        assert ("overlap" in failures) is overlaps, receive


def test_a_page_that_awaits_each_call_has_no_overlap(tmp_path: Path) -> None:
    """Chromium counts an empty 204 as being received while the page sends the next call."""
    calls = [
        entry(index, at=at, took=wait + receive)
        | {"timings": {"send": 0, "wait": wait * 1000, "receive": receive * 1000}}
        for index, (at, wait, receive) in enumerate(
            ((0, 0.006, 0.041), (0.008, 0.004, 0.039), (2.014, 0.93, 0.04), (3, 0.005, 60))
        )
    ]
    assert failures_of(grade_entries(tmp_path, *calls)) == {}


def test_calls_of_different_tenants_do_not_overlap(tmp_path: Path) -> None:
    online = entry(at=0.01, url=ONLINE, headers=TOKEN)
    report = grade_entries(tmp_path, entry(took=0.9), online)
    assert failures_of(report) == {}
    assert result_of(report, "overlap").status == "skipped"


def test_what_rests_on_times_that_tell_no_order_is_not_judged(tmp_path: Path) -> None:
    for starts, reason in (
        (("", "2026-11-20T08:00:00.51Z"), "a start time is missing"),
        (("2026-11-20T08:00:00.55Z",) * 3, "all start times are the same"),
        (("2026-11-20T08:00:00Z", "2026-11-20T09:00:00+01:00"), "all start times are the same"),
        (("2026-11-20T08:00:01Z", "2026-11-20T08:00:01Z", "2026-11-20T08:00:02.000Z"), "seconds"),
        (("2026-11-20T08:01", "2026-11-20T08:01", "2026-11-20T08:00"), "minutes"),
    ):
        for quick_first in (True, False):
            calls = [
                entry(account, took=SLOW if (index > 0) == quick_first else 0.2)
                | {"startedDateTime": start}
                for index, (account, start) in enumerate(zip((1, 1, 2), starts, strict=False))
            ]
            report = grade_entries(tmp_path, *calls)
            assert {"tight-retry", "overlap"} & failures_of(report).keys() == set(), reason
            results = [result_of(report, check) for check in ("tight-retry", "overlap")]
            assert [result.status for result in results] == ["skipped"] * 2
            assert all((result.reason or "").endswith(reason) for result in results), results
            quick_calls = [call for call in calls if call["time"] < 1000]
            losses = result_of(grade_entries(tmp_path, *quick_calls * 2), "lost-accounts")
            assert losses.status == "skipped", reason


def test_without_an_order_any_other_call_may_cover_an_account(tmp_path: Path) -> None:
    """What a single call shows by its duration is still reported."""
    whole_second = {"startedDateTime": "2026-11-20T08:00:00Z"}
    slow, quick = entry(7, took=SLOW) | whole_second, entry(7, took=0.1) | whole_second
    for calls in ((slow, quick), (quick, slow)):
        assert failures_of(grade_entries(tmp_path, *calls)) == {}
    failures = failures_of(grade_entries(tmp_path, slow, entry(8, took=0.1) | whole_second))
    assert ["7 possibly lost (medium" in what for what in failures["lost-accounts"]] == [True]


def test_a_duration_that_is_not_on_record_shows_no_loss(tmp_path: Path) -> None:
    untimed = entry(7)
    del untimed["time"]
    result = result_of(grade_entries(tmp_path, untimed), "lost-accounts")
    reason = "nothing shows whether a call was turned away"
    assert (result.status, result.reason) == ("skipped", reason)


def test_an_account_that_is_listed_twice_in_one_call_is_found(tmp_path: Path) -> None:
    report = grade_entries(tmp_path, entry(5, 7, 7, 5), entry(5, at=9))
    what = only_finding(report, "duplicate-account").what
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


def test_a_loss_names_the_last_call_unless_a_later_one_covers_the_account(tmp_path: Path) -> None:
    quick, slow = entry(7, at=0.2, took=0.1), entry(7, at=60, took=SLOW)
    aborted = entry(7, at=90, took=30, status=0)
    report = grade_entries(tmp_path, entry(1, took=0.5), quick, slow, aborted)
    (finding,) = result_of(report, "lost-accounts").findings
    assert finding.where.startswith("entries[2]")
    assert "account 7 possibly lost (medium confidence" in finding.what
    retry = entry(7, 8, at=60)
    assert failures_of(grade_entries(tmp_path, entry(7, took=SLOW), retry)) == {}


def test_a_long_list_of_lost_accounts_is_cut(tmp_path: Path) -> None:
    report = grade_entries(tmp_path, entry(*range(1, 31), took=SLOW))
    what = only_finding(report, "lost-accounts").what
    assert what.startswith("accounts 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 20 more possibly lost")
