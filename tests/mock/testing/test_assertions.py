"""Assertions on handmade traffic: when they fail, and with which message."""

from datetime import timedelta
from typing import Any

import pytest

from superoffice_contract.control.answers import AccountState, Exchange, RecordedOutcome
from superoffice_contract.verdict.timeline import timeline
from superoffice_contract.verdict.traffic import Traffic
from superoffice_mock.errors import ExpectationFailed
from superoffice_mock.testing import assertions
from tests.contract.verdict.traffic_builder import EPOCH, make_call, make_run

TURNED_AWAY = Traffic(
    [make_call(1, "started", 507), make_call(2, "turned_away", 508, elapsed=1.0)],
    [make_run(1, 507)],
)
IN_FLIGHT = Traffic([make_call(1, "pending", 507, status=None, elapsed=None, reason=None)])


def failure(check: Any, *arguments: Any) -> str:
    """Return the message with which *check* fails."""
    with pytest.raises(ExpectationFailed) as raised:
        check(*arguments)
    assert isinstance(raised.value, AssertionError)
    return str(raised.value)


def test_the_message_about_a_missing_account_names_the_nearest_call() -> None:
    message = failure(assertions.check_started, TURNED_AWAY, [508, 507])
    assert message.splitlines()[:2] == [
        "no run covers account 508",
        "nearest for 508: #2 asked for it, 204 after 1.0 s, turned away: because",
    ]


def test_the_message_about_an_account_in_no_call_names_the_accounts_in_calls() -> None:
    message = failure(assertions.check_started, TURNED_AWAY, [509])
    assert "no call named account 509; they named accounts 508, 507" in message
    assert "no call named account 509\n" in failure(assertions.check_started, Traffic([]), [509])


def test_the_order_of_runs_does_not_matter_and_without_accounts_any_run_is_enough() -> None:
    traffic = Traffic([], [make_run(1, 508), make_run(2, 507)])
    assertions.check_started(traffic, [507, 508, 507])
    assertions.check_started(TURNED_AWAY, [])
    message = failure(assertions.check_started, Traffic([]), [])
    assert message.startswith("no run was started")
    assert "Does the app call its URL?" in message


def test_the_number_of_turned_away_calls_must_be_exact() -> None:
    assertions.check_turned_away(TURNED_AWAY, 1)
    message = failure(assertions.check_turned_away, TURNED_AWAY, 2)
    assert "1 call was turned away, expected 2" in message
    assert "0 calls were turned away" in failure(assertions.check_turned_away, Traffic([]), 1)


def replayed_call(id_: int, outcome: str, *accounts: int, **more: Any) -> Exchange:
    """Return a call that was answered from a recording, with *outcome* when it was recorded."""
    return make_call(id_, "replayed", *accounts, recorded=RecordedOutcome(outcome, "high"), **more)


def test_a_replayed_call_counts_as_it_was_recorded() -> None:
    calls = [replayed_call(1, "started", 507), replayed_call(2, "turned_away", 508)]
    assertions.check_turned_away(Traffic(calls), 1)
    assertions.check_started(Traffic(calls), [507])
    assertions.check_started(Traffic(calls), [])
    assert "no run covers account 508" in failure(assertions.check_started, Traffic(calls), [508])
    assert "account 508 is lost" in failure(assertions.check_no_lost_accounts, Traffic(calls))
    assertions.check_no_lost_accounts(Traffic([*calls, replayed_call(3, "started", 508)]))
    early = Traffic([replayed_call(1, "started", 508), replayed_call(2, "turned_away", 508)])
    assert "#2 asked last for" in failure(assertions.check_no_lost_accounts, early)


def test_certain_failures_come_before_facts_that_a_recording_does_not_say() -> None:
    calls = [replayed_call(1, "unknown", 507), replayed_call(2, "turned_away", 508)]
    message = failure(assertions.check_started, Traffic(calls), [507, 508])
    assert message.startswith("no run covers account 508\n")
    message = failure(assertions.check_no_lost_accounts, Traffic(calls))
    assert message.startswith("account 508 is lost")
    message = failure(assertions.check_turned_away, Traffic(calls), 0)
    assert "1 call was turned away, expected 0" in message


def test_a_later_call_without_a_recorded_outcome_may_have_covered_a_lost_account() -> None:
    calls = [replayed_call(1, "turned_away", 508), replayed_call(2, "unknown", 508, status=None)]
    message = failure(assertions.check_no_lost_accounts, Traffic(calls))
    assert message.startswith("whether account 508 is lost is not known\nthe recording does not")


def test_a_replayed_call_that_can_not_have_started_a_run_leaves_nothing_open() -> None:
    refused = replayed_call(1, "unknown", status=401)
    read = make_call(2, "replayed", recorded=RecordedOutcome("unknown"), operation=None, status=200)
    assertions.check_turned_away(Traffic([refused, read]), 0)
    assertions.check_no_lost_accounts(Traffic([refused, read]))


def test_the_message_names_the_call_that_came_just_too_late_to_be_turned_away() -> None:
    requests = [make_call(1, "started", 7), make_call(3, "started", 7), make_call(9, "started", 7)]
    traffic = Traffic(requests, [make_run(1, 7), make_run(3, 7)])
    message = failure(assertions.check_turned_away, traffic, 1)
    assert "nearest: #3 came 1.5 s after run 1 had ended" in message
    alone = failure(assertions.check_turned_away, Traffic(requests[:1], [make_run(1, 7)]), 1)
    assert "nearest: none; no call came during or after the run of another call" in alone
    assert "nearest" not in failure(assertions.check_turned_away, TURNED_AWAY, 0)


def test_an_account_is_lost_until_a_later_run_covers_it() -> None:
    message = failure(assertions.check_no_lost_accounts, TURNED_AWAY)
    assert "account 508 is lost: answered 204, and no run covers it" in message
    again = [*TURNED_AWAY.requests, make_call(3, "started", 508)]
    assertions.check_no_lost_accounts(Traffic(again, [*TURNED_AWAY.runs, make_run(3, 508)]))
    refused = make_call(1, "faulted", 507, status=503)  # the app can see that
    assertions.check_no_lost_accounts(Traffic([refused]))


def test_the_message_about_lost_accounts_has_the_last_fetch_that_the_app_could_see() -> None:
    calls = [make_call(1, "started", 7), make_call(2, "turned_away", *range(507, 513))]
    fetches = {508: None, 509: None, 510: -60, 511: 1.5, 512: 2.5}
    accounts = [
        AccountState(id_, last_fetch=None if at is None else EPOCH + timedelta(seconds=at))
        for id_, at in fetches.items()
    ]
    unknown = AccountState(507, exists=False)
    traffic = Traffic(calls, [make_run(1, 7)], [unknown, *accounts])
    assert failure(assertions.check_no_lost_accounts, traffic).splitlines()[:6] == [
        "accounts 507-512 are lost: answered 204, and no run covers them",
        "accounts 508, 509: their LastFetch stayed at 0001-01-01T00:00:00 (never)",
        "account 510: its LastFetch stayed at 2025-12-31T23:59:00.000Z",
        "account 511: its LastFetch stayed at 2026-01-01T00:00:01.500Z",
        "account 512: its LastFetch is 2026-01-01T00:00:02.500Z, of a run older than #2",
        "#2 asked last for accounts 507-512: because",
    ]
    replayed = Traffic([replayed_call(1, "turned_away", 508)], accounts=accounts)
    assert "LastFetch" not in failure(assertions.check_no_lost_accounts, replayed)
    many = [AccountState(id_, last_fetch=EPOCH - timedelta(days=id_)) for id_ in range(1, 21)]
    long = Traffic([make_call(1, "turned_away", *range(1, 21))], accounts=many)
    lines = failure(assertions.check_no_lost_accounts, long).splitlines()
    assert lines[12].startswith("account 12: its LastFetch stayed at ")
    assert lines[13] == "and 8 more"


def test_an_account_that_the_state_knows_is_covered_although_its_run_is_forgotten() -> None:
    for account in (AccountState(507, synced_by=3), AccountState(507, syncing_by=3)):
        traffic = Traffic([], accounts=[account, AccountState(508, last_fetch=EPOCH)], forgotten=9)
        assertions.check_started(traffic, [507])
        assertions.check_started(traffic, [])
        message = failure(assertions.check_started, traffic, [507, 508])
        assert message.startswith("no run covers account 508\n"), account


def test_assertions_fail_while_a_call_is_in_flight_unless_a_run_covers_it() -> None:
    for check in (
        lambda: assertions.check_no_lost_accounts(IN_FLIGHT),
        lambda: assertions.check_no_violations(IN_FLIGHT),
        lambda: assertions.check_turned_away(IN_FLIGHT, 0),
        lambda: assertions.check_started(IN_FLIGHT, [507]),
    ):
        message = failure(check)
        assert "still in flight: #1; let it be answered" in message
        assert "#1  +0.0 s  POST SyncEmailAccounts 507  pending" in message
    assertions.check_started(Traffic(IN_FLIGHT.requests, [make_run(1, 507)]), [507])


def test_odd_and_rejected_calls_are_violations_but_failed_sign_ins_are_not() -> None:
    odd = make_call(1, "started", 507, violations=("/Foo: unknown member, ignored",))
    wrong = make_call(2, "rejected", status=400, reason="/SyncUserAccounts: expected a list")
    unknown = make_call(3, "rejected", status=401)
    message = failure(assertions.check_no_violations, Traffic([odd, wrong, unknown]))
    assert "2 found" in message
    assert "#1: /Foo: unknown member" in message
    assert "#2: 400: /SyncUserAccounts" in message
    assert "#3: " not in message
    assertions.check_no_violations(Traffic([unknown]))


def test_a_timeline_is_aligned_and_shows_the_newest_calls() -> None:
    many = Traffic([make_call(id_, "started", 507) for id_ in range(1, 41)], forgotten=2)
    lines = timeline(many).splitlines()
    assert lines[1] == "(12 older ones are not shown)"
    assert len(lines) == 32
    assert "#40  +39.0 s  POST SyncEmailAccounts 507  204 after 0.0 s, started" in lines[-1]


def test_a_line_of_a_timeline_is_one_line_that_does_not_control_the_terminal() -> None:
    for odd in (
        "\n#9 POST forged",
        "\r",
        "\x1b[2J",
        "\x9b2J",
        "\x7f",
        "\u202e",
        "\ud800",
        "x" * 70_000,
    ):
        for more in ({"path": f"/{odd}"}, {"method": f"GET{odd}"}):
            call = make_call(1, "rejected", **{"operation": None, "status": 404, **more})
            _, line = timeline(Traffic([call])).splitlines()
            assert line.isprintable(), (odd, more)
            assert len(line) < 300, (odd, more)


def test_a_timeline_shows_disconnects_and_shortens_long_lists() -> None:
    traffic = Traffic([make_call(1, "turned_away", *range(0, 60, 3), hung_up=True)])
    text = timeline(traffic)
    assert "30, 33, and 8 more" in text
    assert "204 after 0.0 s, the client disconnected, turned away" in text
    text = timeline(Traffic([make_call(1, "rejected", operation=None, status=404)]))
    assert "POST /  404" in text


def test_consecutive_accounts_are_shown_as_spans_in_the_order_of_the_call() -> None:
    cases: list[tuple[tuple[int, ...], str]] = [
        ((507,), "507"),
        ((507, 508), "507, 508"),
        ((507, 508, 509), "507-509"),
        ((507, 507, 508, 509, 3), "507, 507-509, 3"),
        ((9, 8, 7), "9, 8, 7"),
    ]
    for accounts, spans in cases:
        text = timeline(Traffic([make_call(1, "started", *accounts)]))
        assert f"SyncEmailAccounts {spans}  204" in text, accounts


def test_invalid_arguments_are_errors() -> None:
    with pytest.raises(TypeError, match=r"accounts=1: expected ids"):
        assertions.check_started(TURNED_AWAY, 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="times=-1: expected 0 or more"):
        assertions.check_turned_away(TURNED_AWAY, -1)


def test_assertions_that_count_fail_if_the_journal_has_forgotten_requests() -> None:
    message = failure(assertions.check_turned_away, Traffic([], forgotten=7), 1)
    assert "not known: 7 requests were forgotten; raise journal-exchanges" in message
