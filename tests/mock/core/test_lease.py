"""The throttle, rule by rule: who starts, who is turned away, and when they hear of it."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.lease import (
    TURNED_AWAY_AFTER,
    Ask,
    Call,
    Delayed,
    Refused,
    Served,
    Started,
    TurnedAway,
    Verdict,
    account_ids,
    admit,
    at_once,
    cut_short,
    describe,
    hold,
    reason,
    release,
    released,
    withdrawn,
)
from superoffice_mock.core.readings import Readings
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import (
    AccountId,
    Duration,
    Durations,
    ExchangeId,
    Hold,
    Instant,
    RunId,
    SyncRun,
)
from tests.mock.core.builders import at, call, durations, fresh, ids, tenant

RUN = SyncRun(RunId(7), ExchangeId(1), ids(507, 508), durations(), at(0), at(5))


LATER = Instant(at(2) + TURNED_AWAY_AFTER)


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        (Started(RUN, at(0)), "run 7 syncs 2 accounts in 5.0 s"),
        (Started(RUN, at(0), left_out=3), "run 7 syncs 2 of 5 accounts in 5.0 s"),
        (TurnedAway(RUN, LATER), "run 7 holds the lease for 3.0 s more"),
        (TurnedAway(Hold(at(0)), LATER), "the lease is held by hand until it is released"),
        (Served(at(0)), "nothing to sync: the list of accounts is empty"),
        (Ask(RUN, LATER), None),
    ],
)
def test_a_verdict_says_why_as_far_as_it_is_known(verdict: Verdict, told: str | None) -> None:
    assert reason(verdict) == told


HOLD = Hold(Instant(0))


NOW = Instant(10)


LONG_RUN = SyncRun(
    RunId(1),
    ExchangeId(1),
    [AccountId(1)],
    Durations(Duration(30), {}),
    started_at=Instant(0),
    ends_at=Instant(30),
)


def never(now: Instant) -> tuple[Call, Verdict]:
    message = f"the call arrived at {now}"
    raise AssertionError(message)


ASKS, DELAYED = Ask(HOLD, Instant(20)), Delayed(Instant(20), never)


FINAL = [
    Started(LONG_RUN, Instant(30)),
    TurnedAway(HOLD, Instant(20)),
    Served(Instant(20)),
    Refused(Instant(20), ValueError()),
]


@pytest.mark.parametrize("revise", [withdrawn, at_once])
def test_who_asks_no_more_is_turned_away_and_who_never_arrived_is_served(
    revise: Callable[[Verdict, Instant], Verdict],
) -> None:
    assert revise(ASKS, NOW) == TurnedAway(HOLD, NOW)
    assert revise(DELAYED, NOW) == Served(NOW)


@pytest.mark.parametrize("verdict", FINAL, ids=lambda one: type(one).__name__)
def test_a_final_verdict_can_not_be_withdrawn_but_is_told_at_once(verdict: Verdict) -> None:
    assert withdrawn(verdict, NOW) is verdict
    told = at_once(verdict, NOW)
    assert (type(told), told.answer_at) == (type(verdict), NOW)


@given(st.integers(0, 100), st.integers(0, 100))
def test_nobody_is_answered_later_at_once_than_they_would_have_been(due: int, now: int) -> None:
    assert at_once(Served(Instant(due)), Instant(now)).answer_at == min(due, now)


def test_who_waits_for_a_run_hears_back_when_it_is_released() -> None:
    blocked = Started(LONG_RUN, LONG_RUN.ends_at)
    assert released(blocked, LONG_RUN, NOW) is blocked
    told = released(blocked, None, NOW)
    assert isinstance(told, Started)
    assert (told.run.ends_at, told.run.released_at, told.answer_at) == (NOW, NOW, NOW)


@pytest.mark.parametrize(
    "verdict",
    [Started(LONG_RUN, Instant(5)), Started(LONG_RUN, NOW), TurnedAway(HOLD, Instant(20))],
    ids=["heard back", "hears back now", "turned away"],
)
def test_a_release_changes_nothing_for_who_does_not_wait_for_the_run(verdict: Verdict) -> None:
    assert released(verdict, None, NOW) is verdict


PLAIN = tenant()


TRYING = tenant(Readings(busy="try-for-1s"))


def running(facts: TenantFacts = PLAIN, *accounts: int) -> tuple[TenantState, SyncRun]:
    """Return the state after a call at the start for *accounts*, and its run."""
    state, verdict = admit(facts, fresh(facts), call(1, 0, accounts or (507,)), at(0))
    assert isinstance(verdict, Started)
    return state, verdict.run


# ---- a free lease ----------------------------------------------------------------------------


@pytest.mark.claim("starts-sync", "run-detached")
def test_the_first_call_starts_a_run_and_hears_so_at_once() -> None:
    state, verdict = admit(PLAIN, fresh(), call(3, 0, (1, 2)), at(0))
    run = SyncRun(fresh().next_run, call(3, 0).exchange, ids(1, 2), durations(), at(0), at(5))
    assert verdict == Started(run, answer_at=at(0))
    assert state.lease == run


@pytest.mark.claim("run-detached")
def test_a_blocking_call_hears_when_its_run_ends() -> None:
    facts = tenant(Readings(run="blocking"))
    _, verdict = admit(facts, fresh(facts), call(1, 0, range(11)), at(0))
    assert verdict.answer_at == at(10)


@pytest.mark.claim("tasks-dealt", "task-cap")
def test_eleven_accounts_take_two_rounds_of_ten_at_a_time() -> None:
    _, run = running(PLAIN, *range(11))
    assert (len(run.accounts), run.ends_at) == (11, at(10))


@pytest.mark.claim("tasks-dealt")
def test_ten_in_all_leaves_the_eleventh_account_out() -> None:
    _, run = running(tenant(Readings(tasks="ten-in-all")), *range(11))
    assert (list(run.accounts), run.ends_at) == (list(range(10)), at(5))


@pytest.mark.claim("account-time")
def test_the_run_ends_with_its_slowest_account() -> None:
    _, run = running(tenant(taking=durations(5, {1: 2, 2: 7.5})), 1, 2, 3)
    assert run.ends_at == at(7.5)


@pytest.mark.claim("lease-end", "single-run")
def test_the_next_run_starts_at_the_very_moment_the_first_ends() -> None:
    state, first = running()
    early, verdict = admit(PLAIN, state, call(2, 4.999), at(4.999))
    assert (early, type(verdict)) == (state, TurnedAway)
    state, verdict = admit(PLAIN, state, call(3, 5), at(5))
    assert isinstance(verdict, Started)
    assert (verdict.run.id, first.id) == (2, 1)


# ---- a held lease ----------------------------------------------------------------------------


@pytest.mark.claim("busy-second", "busy-drop", "silent-drop")
def test_a_call_during_a_run_is_turned_away_after_one_second() -> None:
    state, run = running()
    after, verdict = admit(PLAIN, state, call(2, 4.9), at(4.9))
    assert verdict == TurnedAway(run, answer_at=at(5.9))
    assert after is state


@pytest.mark.claim("busy-drop")
def test_trying_for_a_second_asks_again_when_the_run_ends_within_it() -> None:
    state, run = running()
    after, verdict = admit(TRYING, state, call(2, 4.5), at(4.5))
    assert (after, verdict) == (state, Ask(run, answer_at=at(5)))
    _, verdict = admit(TRYING, state, call(2, 4.5), at(5))
    assert isinstance(verdict, Started)
    assert verdict.run.started_at == at(5)


def test_trying_for_a_second_gives_up_at_its_end() -> None:
    state, run = running()
    _, verdict = admit(TRYING, state, call(2, 1), at(1))
    assert verdict == Ask(run, answer_at=at(2))
    _, verdict = admit(TRYING, state, call(2, 1), at(2))
    assert verdict == TurnedAway(run, answer_at=at(2))


@pytest.mark.claim("empty-no-run")
@pytest.mark.parametrize("facts", [PLAIN, tenant(Readings(run="blocking"))])
def test_an_empty_list_is_served_at_once_and_holds_nothing(facts: TenantFacts) -> None:
    state = fresh(facts)
    assert admit(facts, state, call(1, 0, ()), at(0)) == (state, Served(at(0)))


@pytest.mark.claim("empty-no-run")
def test_an_empty_list_may_be_read_as_a_run_that_ends_at_once() -> None:
    facts = tenant(Readings(empty="runs"))
    state, verdict = admit(facts, fresh(facts), call(1, 0, ()), at(0))
    assert isinstance(verdict, Started)
    assert (verdict.run.ends_at, verdict.run.tasks, state.holder(at(0))) == (at(0), (), None)


@pytest.mark.claim("empty-busy")
@pytest.mark.parametrize("empty", ["no-run", "runs"])
def test_an_empty_list_during_a_run_is_turned_away_like_any_other(empty: str) -> None:
    facts = tenant(Readings().with_value("empty", empty))
    state, run = running(facts)
    _, verdict = admit(facts, state, call(2, 1, ()), at(1))
    assert verdict == TurnedAway(run, answer_at=at(2))


@pytest.mark.claim("lease-tenant")
def test_tenants_do_not_disturb_each_other() -> None:
    running()
    _, verdict = admit(TRYING, fresh(TRYING), call(1, 1), at(1))
    assert isinstance(verdict, Started)


# ---- by hand ---------------------------------------------------------------------------------


def test_a_hold_turns_calls_away_until_it_is_released() -> None:
    state, held = hold(fresh(), at(0))
    assert held == Hold(at(0))
    _, verdict = admit(PLAIN, state, call(1, 100), at(100))
    assert verdict == TurnedAway(held, answer_at=at(101))
    state, released = release(state, at(200))
    assert (released, state.holder(at(200))) == (held, None)


def test_whoever_tries_for_a_second_asks_a_hold_again_at_its_end() -> None:
    state, held = hold(fresh(TRYING), at(0))
    _, verdict = admit(TRYING, state, call(1, 3), at(3))
    assert verdict == Ask(held, answer_at=at(4))


def test_a_released_run_ends_at_that_moment() -> None:
    state, run = running()
    state, released = release(state, at(2))
    assert released == cut_short(run, at(2))
    assert released == msgspec.structs.replace(run, ends_at=at(2), released_at=at(2))
    assert state.holder(at(2)) is None


@pytest.mark.parametrize("now", [5, 6])
def test_releasing_what_nobody_holds_changes_nothing(now: float) -> None:
    state, _ = running()
    freed, released = release(state, at(now))
    assert (released, freed.lease, freed.next_run) == (None, None, 2)


def test_a_lease_that_is_held_cannot_be_held_again() -> None:
    state, _ = running()
    with pytest.raises(ValueError, match=r"run 1 holds the lease for 4\.0 s more; release it"):
        hold(state, at(1))
    held, _ = hold(fresh(), at(0))
    with pytest.raises(ValueError, match=r"held by hand until it is released; release it"):
        hold(held, at(1))


def test_people_are_told_who_holds_the_lease_and_how_long() -> None:
    _, run = running()
    assert describe(run, at(3.75)) == "run 1 holds the lease for 1.2 s more"
    assert describe(Hold(at(0)), at(3)) == "the lease is held by hand until it is released"


def test_packed_ids_are_the_ids() -> None:
    extreme = [507, 0, -1, 2**31 - 1, -(2**31), 507]
    packed = account_ids(extreme)
    assert list(packed) == extreme
    assert list(packed[:2]) == [507, 0]
