"""The throttle, rule by rule: which calls start a run, and when each call is answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_contract.openapi.readings import Readings
from superoffice_mock.core.lease import decide, end_early, end_with_run, hold, release, withdraw
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import ExchangeId, Hold, Instant, RunId, SyncRun
from superoffice_mock.core.verdicts import (
    TURNED_AWAY_AFTER,
    Call,
    Delayed,
    RejectedAfterDelay,
    Served,
    Started,
    TurnedAway,
    Undecided,
    Verdict,
    answer_now,
    settle,
)
from tests.mock.core.builders import at, call, durations, ids, initial_state, tenant

DEFAULT = tenant()
TRY_FOR_1S = tenant(Readings(busy="try-for-1s"))
BLOCKING = tenant(Readings(run="blocking"))

HOLD = Hold(at(0))
RUN = SyncRun(RunId(7), ExchangeId(1), ids(507, 508), durations(), at(0), at(5))


def start_run(facts: TenantFacts = DEFAULT, *accounts: int) -> tuple[TenantState, SyncRun]:
    """Return the state after a call at the start for *accounts*, and its run."""
    state, verdict = decide(facts, initial_state(facts), call(1, 0, accounts or (507,)), at(0))
    assert isinstance(verdict, Started)
    return state, verdict.run


@pytest.mark.claim("starts-sync", "run-detached")
def test_the_first_call_starts_a_run_and_is_answered_at_once() -> None:
    state, verdict = decide(DEFAULT, initial_state(), call(3, 0, (1, 2)), at(0))
    run = SyncRun(RunId(1), call(3, 0).exchange, ids(1, 2), durations(), at(0), at(5))
    assert verdict == Started(run, answer_at=at(0))
    assert state.lease_holder == run


# ---- hold and release ------------------------------------------------------------------------


def test_a_hold_turns_calls_away_until_it_is_released() -> None:
    state, new_hold = hold(initial_state(), at(0))
    assert new_hold == Hold(at(0))
    _, verdict = decide(DEFAULT, state, call(1, 100), at(100))
    assert verdict == TurnedAway(new_hold, answer_at=at(101))
    state, released_hold = release(state, at(200))
    assert (released_hold, state.holder(at(200))) == (new_hold, None)


def test_with_try_for_1s_a_call_during_a_hold_is_decided_after_a_second() -> None:
    state, new_hold = hold(initial_state(TRY_FOR_1S), at(0))
    _, verdict = decide(TRY_FOR_1S, state, call(1, 3), at(3))
    assert verdict == Undecided(TurnedAway(new_hold, at(4)), answer_at=at(4))


def test_a_released_run_ends_at_that_moment() -> None:
    state, run = start_run()
    state, released_run = release(state, at(2))
    assert released_run == end_early(run, at(2))
    assert released_run == replace(run, ends_at=at(2), released_at=at(2))
    assert state.holder(at(2)) is None


def test_releasing_a_free_lease_changes_nothing() -> None:
    state, _ = start_run()
    for now in (5, 6):
        after, holder = release(state, at(now))
        assert (holder, after.lease_holder, after.next_run) == (None, None, 2)


def test_a_verdict_has_a_reason_once_it_is_final() -> None:
    answer_at = Instant(at(2) + TURNED_AWAY_AFTER)
    for verdict, reason in (
        (Started(RUN, at(0)), "run 7 syncs 2 accounts in 5.0 s"),
        (Started(RUN, at(0), skipped_accounts=3), "run 7 syncs 2 of 5 accounts in 5.0 s"),
        (
            Started(end_early(RUN, at(2)), at(0)),
            "run 7 of 2 accounts was ended by hand after 2.0 s",
        ),
        (TurnedAway(RUN, answer_at), "run 7 holds the lease for 3.0 s more"),
        (TurnedAway(HOLD, answer_at), "the lease is held by hand until it is released"),
        (Served(at(0)), None),
        (Undecided(TurnedAway(RUN, answer_at), answer_at), None),
    ):
        assert verdict.reason == reason


# ---- changes of a verdict --------------------------------------------------------------------


def fail_on_arrival(now: Instant) -> tuple[Call, Verdict]:
    message = f"the call arrived at {now}"
    raise AssertionError(message)


def test_a_call_that_is_not_decided_again_is_turned_away_or_served_if_it_had_not_arrived() -> None:
    for change in (settle, answer_now):
        undecided = Undecided(TurnedAway(HOLD, at(3)), at(2))
        assert change(undecided, at(1)) == TurnedAway(HOLD, at(1))
        assert change(Delayed(at(2), fail_on_arrival), at(1)) == Served(at(1))


def test_a_final_verdict_is_settled_but_can_be_answered_now() -> None:
    for verdict in (
        Started(RUN, RUN.ends_at),
        TurnedAway(HOLD, at(2)),
        Served(at(2)),
        RejectedAfterDelay(at(2), ValueError()),
    ):
        assert settle(verdict, at(1)) is verdict
        answered = answer_now(verdict, at(1))
        assert (type(answered), answered.answer_at) == (type(verdict), at(1))


@given(st.integers(0, 100), st.integers(0, 100))
def test_answering_now_never_makes_an_answer_later(due: int, now: int) -> None:
    assert answer_now(Served(Instant(due)), Instant(now)).answer_at == min(due, now)


def test_a_call_that_waits_for_its_run_is_answered_when_the_run_is_released() -> None:
    waiting = Started(RUN, RUN.ends_at)
    assert end_with_run(waiting, RUN, at(1)) is waiting
    answered = end_with_run(waiting, None, at(1))
    assert isinstance(answered, Started)
    assert answered.answer_at == answered.run.ends_at == answered.run.released_at == at(1)


def test_a_release_does_not_change_the_verdict_on_other_calls() -> None:
    for verdict in (Started(RUN, at(0.5)), Started(RUN, at(1)), TurnedAway(HOLD, at(2))):
        assert end_with_run(verdict, None, at(1)) is verdict


def test_a_disconnect_withdraws_a_call_only_if_the_reading_says_so() -> None:
    facts = tenant(Readings(run="blocking", disconnect="withdraws"))
    state, run = start_run(facts)
    waiting = Started(run, run.ends_at)
    assert withdraw(BLOCKING, state, call(1, 0), waiting, at(1)) is None
    withdrawn = withdraw(facts, state, call(1, 0), waiting, at(1))
    assert withdrawn is not None
    after, verdict = withdrawn
    assert (after.lease_holder, verdict) == (None, Started(end_early(run, at(1)), at(1)))
    turned_away = TurnedAway(run, at(2))
    assert withdraw(facts, state, call(1, 0), turned_away, at(1)) == (state, turned_away)
    undecided = Undecided(turned_away, at(2))
    assert withdraw(facts, state, call(1, 0), undecided, at(1)) == (state, TurnedAway(run, at(1)))
