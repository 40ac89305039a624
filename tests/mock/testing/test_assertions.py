"""What assertions take for lost, missing or odd, and how they say it; on traffic made by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.errors import ExpectationFailed
from superoffice_mock.testing import assertions
from superoffice_mock.testing.lost_accounts import Traffic, lost
from superoffice_mock.testing.models import Account, Exchange, RecordedOutcome, Run

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def asked(id_: int, outcome: str, *accounts: int, **more: Any) -> Exchange:
    """A call that was answered 204, unless *more* says otherwise."""
    given = {"status": 204, "elapsed": 0.0, "reason": "because", "operation": "SyncEmailAccounts"}
    return Exchange(
        id=id_,
        at=EPOCH + timedelta(seconds=id_),
        method="POST",
        path="/",
        outcome=outcome,
        accounts=tuple(Account(one) for one in accounts),
        **{**given, **more},
    )


def run(request: int, *accounts: int) -> Run:
    """A run of half a second that the call of this number started."""
    starts = EPOCH + timedelta(seconds=request)
    return Run(request, request, "ended", accounts, starts, starts + timedelta(seconds=0.5), ())


TURNED_AWAY = Traffic(
    [asked(1, "started", 507), asked(2, "turned_away", 508, elapsed=1.0)], [run(1, 507)]
)
FLYING = Traffic([asked(1, "pending", 507, status=None, elapsed=None, reason=None)])


def failure(expected: Any, *arguments: Any) -> str:
    with pytest.raises(ExpectationFailed) as failed:
        expected(*arguments)
    assert isinstance(failed.value, AssertionError)
    return str(failed.value)


def test_a_missing_account_is_told_with_the_call_that_came_nearest() -> None:
    told = failure(assertions.started, TURNED_AWAY, [508, 507])
    assert told.splitlines()[:2] == [
        "no run covers account 508",
        "nearest for 508: #2 asked for it, 204 after 1.0 s, turned away: because",
    ]


def test_an_account_that_nobody_asked_for_is_told_with_those_that_were() -> None:
    told = failure(assertions.started, TURNED_AWAY, [509])
    assert "nearest for 509: no call asked for it, but accounts 508, 507" in told
    assert "no call asked for any account" in failure(assertions.started, Traffic([]), [509])


def test_the_order_of_runs_does_not_matter() -> None:
    both = Traffic([], [run(1, 508), run(2, 507)])
    assertions.started(both, [507, 508, 507])


def test_without_accounts_any_run_will_do() -> None:
    assertions.started(TURNED_AWAY, [])
    assert failure(assertions.started, Traffic([]), []).startswith("no run was started")


def test_a_silent_tenant_makes_one_ask_where_the_app_calls() -> None:
    assert "Does the app call its URL?" in failure(assertions.started, Traffic([]), [])


def test_calls_that_were_turned_away_are_counted() -> None:
    assertions.turned_away(TURNED_AWAY, 1)
    assert "1 call was turned away, expected 2" in failure(assertions.turned_away, TURNED_AWAY, 2)
    assert "0 calls were turned away" in failure(assertions.turned_away, Traffic([]), 1)


def replayed(id_: int, was: str, *accounts: int, **more: Any) -> Exchange:
    """A call that was answered from a recording, in which it had come to *was*."""
    return asked(id_, "replayed", *accounts, recorded=RecordedOutcome(was, "high"), **more)


def test_a_replayed_call_is_what_it_was_when_it_was_recorded() -> None:
    calls = [replayed(1, "started", 507), replayed(2, "turned_away", 508)]
    assertions.turned_away(Traffic(calls), 1)
    assertions.started(Traffic(calls), [507])
    assertions.started(Traffic(calls), [])
    assert "no run covers account 508" in failure(assertions.started, Traffic(calls), [508])
    assert [one.account for one in lost(Traffic(calls))] == [508]
    assertions.no_lost_accounts(Traffic([*calls, replayed(3, "started", 508)]))
    early = Traffic([replayed(1, "started", 508), replayed(2, "turned_away", 508)])
    assert [one.exchange.id for one in lost(early)] == [2]


def test_what_is_sure_is_told_beside_what_a_recording_can_not_tell() -> None:
    calls = [replayed(1, "unknown", 507), replayed(2, "turned_away", 508)]
    told = failure(assertions.started, Traffic(calls), [507, 508])
    assert told.startswith("no run covers account 508\n")
    told = failure(assertions.no_lost_accounts, Traffic(calls))
    assert told.startswith("account 508 is lost")
    assert "1 call was turned away, expected 0" in failure(
        assertions.turned_away, Traffic(calls), 0
    )


def test_a_later_call_of_which_nothing_is_known_may_have_covered_a_lost_account() -> None:
    calls = [replayed(1, "turned_away", 508), replayed(2, "unknown", 508, status=None)]
    told = failure(assertions.no_lost_accounts, Traffic(calls))
    assert told.startswith("whether account 508 is lost is not known\nthis recording can't tell")


def test_what_can_have_started_nothing_leaves_nothing_open() -> None:
    refused = replayed(1, "unknown", status=401)
    read = asked(2, "replayed", recorded=RecordedOutcome("unknown"), operation=None, status=200)
    assertions.turned_away(Traffic([refused, read]), 0)
    assertions.no_lost_accounts(Traffic([refused, read]))


def test_a_call_that_came_just_too_late_to_be_turned_away_is_told() -> None:
    requests = [asked(1, "started", 7), asked(3, "started", 7), asked(9, "started", 7)]
    told = failure(assertions.turned_away, Traffic(requests, [run(1, 7), run(3, 7)]), 1)
    assert "nearest: #3 came 1.5 s after run 1 had ended" in told
    alone = failure(assertions.turned_away, Traffic(requests[:1], [run(1, 7)]), 1)
    assert "nearest: no call came while another run had the lease, nor after one" in alone
    assert "nearest" not in failure(assertions.turned_away, TURNED_AWAY, 0)


def test_an_account_is_lost_until_a_later_run_covers_it() -> None:
    told = failure(assertions.no_lost_accounts, TURNED_AWAY)
    assert "account 508 is lost: answered 204, and no run covers it" in told
    again = [*TURNED_AWAY.requests, asked(3, "started", 508)]
    assertions.no_lost_accounts(Traffic(again, [*TURNED_AWAY.runs, run(3, 508)]))


def test_a_run_before_the_call_that_was_turned_away_does_not_count_for_it() -> None:
    traffic = Traffic([asked(1, "started", 7), asked(2, "turned_away", 7)], [run(1, 7)])
    assert [one.exchange.id for one in lost(traffic)] == [2]


def test_an_account_beyond_the_ten_of_a_run_is_lost_too() -> None:
    traffic = Traffic([asked(1, "started", *range(12))], [run(1, *range(10))])
    assert [one.account for one in lost(traffic)] == [10, 11]


def test_a_call_that_was_refused_loses_nothing_because_the_app_knows() -> None:
    assertions.no_lost_accounts(Traffic([asked(1, "faulted", 507, status=503)]))


@given(st.lists(st.tuples(st.booleans(), st.sets(st.integers(1, 4))), max_size=6))
def test_lost_is_what_no_run_of_that_or_a_later_call_covers(
    calls: list[tuple[bool, set[int]]],
) -> None:
    requests = [
        asked(id_, "started" if let_in else "turned_away", *accounts)
        for id_, (let_in, accounts) in enumerate(calls, 1)
    ]
    runs = [run(id_, *accounts) for id_, (let_in, accounts) in enumerate(calls, 1) if let_in]
    by_definition = {
        account
        for id_, (_, accounts) in enumerate(calls, 1)
        for account in accounts
        if not any(one.request >= id_ and account in one.accounts for one in runs)
    }
    assert {one.account for one in lost(Traffic(requests, runs))} == by_definition


def test_a_call_in_flight_keeps_everything_open_and_is_told() -> None:
    for expected in (
        lambda: assertions.no_lost_accounts(FLYING),
        lambda: assertions.no_violations(FLYING),
        lambda: assertions.turned_away(FLYING, 0),
        lambda: assertions.started(FLYING, [507]),
    ):
        told = failure(expected)
        assert "still in flight: #1; let it be answered" in told
        assert "#1  +0.0 s  POST SyncEmailAccounts 507  pending" in told


def test_a_run_that_is_there_is_there_whoever_is_in_flight() -> None:
    assertions.started(Traffic(FLYING.requests, [run(1, 507)]), [507])


def test_oddities_and_rejected_calls_are_violations_but_no_failed_sign_in() -> None:
    odd = asked(1, "started", 507, violations=("/Foo: unknown member, ignored",))
    wrong = asked(2, "rejected", status=400, reason="/SyncUserAccounts: expected a list")
    unknown = asked(3, "rejected", status=401)
    told = failure(assertions.no_violations, Traffic([odd, wrong, unknown]))
    assert "2 found" in told
    assert "#1: /Foo: unknown member" in told
    assert "#2: 400: /SyncUserAccounts" in told
    assert "#3: " not in told
    assertions.no_violations(Traffic([unknown]))


def test_a_timeline_aligns_and_keeps_the_newest() -> None:
    many = Traffic([asked(id_, "started", 507) for id_ in range(1, 41)], forgotten=2)
    lines = assertions.timeline(many).splitlines()
    assert lines[1] == "(12 older ones are not shown)"
    assert len(lines) == 32
    assert lines[-1].startswith(
        "#40  +39.0 s  POST SyncEmailAccounts 507  204 after 0.0 s, started"
    )


def test_a_timeline_tells_who_hung_up_and_shortens_long_lists() -> None:
    gone = Traffic([asked(1, "turned_away", *range(0, 60, 3), hung_up=True)])
    told = assertions.timeline(gone)
    assert "30, 33, and 8 more" in told
    assert "204 after 0.0 s, the caller hung up, turned away" in told
    stray = assertions.timeline(Traffic([asked(1, "rejected", operation=None, status=404)]))
    assert "POST /  404" in stray


@pytest.mark.parametrize(
    ("accounts", "told"),
    [
        ((507,), "507"),
        ((507, 508), "507, 508"),
        ((507, 508, 509), "507-509"),
        ((507, 507, 508, 509, 3), "507, 507-509, 3"),
        ((9, 8, 7), "9, 8, 7"),
    ],
)
def test_neighbours_are_told_together_in_the_order_of_the_call(
    accounts: tuple[int, ...], told: str
) -> None:
    timeline = assertions.timeline(Traffic([asked(1, "started", *accounts)]))
    assert f"SyncEmailAccounts {told}  204" in timeline


def test_what_can_not_be_expected_is_told() -> None:
    with pytest.raises(TypeError, match=r"accounts=1: expected ids"):
        assertions.started(TURNED_AWAY, 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="times=-1: expected 0 or more"):
        assertions.turned_away(TURNED_AWAY, -1)


def test_what_the_journal_has_forgotten_is_told() -> None:
    assert "not known: 7 requests were forgotten; raise journal-exchanges" in failure(
        assertions.turned_away, Traffic([], forgotten=7), 1
    )
