"""What the history of syncs keeps, what it forgets, and how much it holds back to be counted."""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from superoffice_mock.core.accounts import (
    NEVER_SYNCED,
    AccountStatus,
    Failures,
    MailAccount,
    SyncStatus,
)
from superoffice_mock.core.clock import RealClock
from superoffice_mock.core.lease import MAX_SYNCS_ALONE, decide, decide_alone, release, withdraw
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_history import COST_OF_RUN, MAX_STATUSES, MAX_UNCOUNTED
from superoffice_mock.core.sync_run import AccountId, seconds
from superoffice_mock.core.verdicts import Decide, Served, Started
from superoffice_mock.errors import Rejected
from tests.mock.core.builders import at, call, durations, initial_state, tenant

INSTANT = tenant(None, durations(0))
"""A tenant whose syncs take no time."""


def with_accounts(facts: TenantFacts, *accounts: MailAccount) -> TenantFacts:
    return replace(facts, accounts={account.id: account for account in accounts})


def account(id_: int, failures: Failures | None = None) -> MailAccount:
    return MailAccount(AccountId(id_), failures=failures)


def start(
    facts: TenantFacts, state: TenantState, now: float, *accounts: int, decision: Decide = decide
) -> TenantState:
    """Return the state after a call that starts a run *now*."""
    state, verdict = decision(facts, state, call(1, now, accounts), at(now))
    assert isinstance(verdict, Started)
    return state


def statuses(state: TenantState, now: float) -> Mapping[AccountId, SyncStatus]:
    return state.with_counted_history(at(now)).history.statuses


# ---- one sync after the other ----------------------------------------------------------------


@pytest.mark.claim("account-time", "tasks-dealt")
def test_during_a_run_some_accounts_have_advanced_and_some_have_not() -> None:
    facts = tenant(None, durations(5, {2: 1}))
    state = start(facts, initial_state(facts), 0, *range(1, 13))
    for now, advanced in (
        (0.9, []),
        (1, [2]),
        (5, [*range(1, 11)]),
        (6, [*range(1, 12)]),
        (10, [*range(1, 13)]),
    ):
        assert sorted(statuses(state, now)) == advanced, now
    assert statuses(state, 99)[AccountId(11)].last_fetch == at(6)


def test_a_release_advances_the_accounts_that_the_run_had_finished() -> None:
    facts = tenant(None, durations(5, {2: 1, 3: 2}))
    state = start(facts, initial_state(facts), 0, 1, 2, 3)
    state, _ = release(state.with_counted_history(at(1)), at(2))
    assert sorted(statuses(state, 99)) == [2, 3]
    assert state.history.next_end(at(2)) is None
    assert not state.history.syncing(at(2))


def test_accounts_that_fail_keep_their_last_fetch_until_a_sync_succeeds() -> None:
    """One number a sync: what the account's status is after it."""
    for failures, expected in (
        (None, "44444"),
        (Failures(), "22222"),
        (Failures(failed_after=2), "23333"),
        (Failures(times=2), "22444"),
        (Failures(times=3, failed_after=3), "22344"),
    ):
        facts = with_accounts(INSTANT, replace(account(1, failures), last_fetch=at(-9)))
        state = facts.initial_state(RealClock(), at(0))
        assert state.history.statuses[AccountId(1)].account_status(failures) == AccountStatus.OK
        for number, digit in enumerate(expected, 1):
            state = start(facts, state, number, 1).with_counted_history(at(number))
            status = state.history.statuses[AccountId(1)]
            case = (failures, number)
            assert str(int(status.account_status(failures))) == digit, case
            assert (status.synced_at, status.synced_by) == (at(number), number), case
            if digit == "4":
                assert (status.last_fetch, status.error_count) == (at(number), 0), case
                assert status.error_reason == "", case
            else:
                assert failures is not None
                assert (status.last_fetch, status.error_count) == (at(-9), number), case
                assert status.error_reason == failures.reason, case
    assert NEVER_SYNCED.account_status(Failures()) == AccountStatus.UNKNOWN


def test_the_next_sync_fails_until_so_many_have_failed() -> None:
    for failures, failed, fails in (
        (None, 9, False),
        (Failures(), 9, True),
        (Failures(times=2), 1, True),
        (Failures(times=2), 2, False),
    ):
        assert SyncStatus(failure_count=failed).fails_next(failures) is fails, failures


def test_every_success_of_an_account_has_a_higher_number_than_the_one_before() -> None:
    """Also two that end at the same moment."""
    state, counts = initial_state(INSTANT), []
    for _ in range(3):
        state = start(INSTANT, state, 0, 1).with_counted_history(at(0))
        counts.append(state.history.statuses[AccountId(1)].fetch_count)
    assert counts == sorted(set(counts))


def test_an_account_was_last_fetched_at_a_moment_or_some_time_before_the_start() -> None:
    for own, last_fetch in (
        (account(1), None),
        (replace(account(1), last_fetch=at(-7)), at(-7)),
        (replace(account(1), last_fetch_ago=seconds(9)), at(-9)),
    ):
        history = with_accounts(INSTANT, own).initial_state(RealClock(), at(0)).history
        assert history.statuses.get(AccountId(1), NEVER_SYNCED).last_fetch == last_fetch


# ---- runs without the lease ------------------------------------------------------------------


def test_a_sync_without_the_lease_is_not_turned_away_and_turns_nobody_away() -> None:
    facts = tenant()
    state = start(facts, initial_state(facts), 0, 1)
    holder = state.lease_holder
    state = start(facts, state, 1, 2, decision=decide_alone)
    assert state.lease_holder is holder
    assert [run.holds_lease for run in state.history.active_runs(at(1))] == [True, False]
    assert state.history.syncing(at(1)) == {1: 1, 2: 2}
    assert sorted(statuses(start(facts, state, 5, 3), 6)) == [1, 2]
    state, verdict = decide_alone(facts, state, call(9, 7, ()), at(7))
    assert isinstance(verdict, Served)


def test_so_many_syncs_without_the_lease_may_be_under_way_and_no_more() -> None:
    facts = tenant()
    state = initial_state(facts)
    for number in range(MAX_SYNCS_ALONE):
        state = start(facts, state, 0, number, decision=decide_alone)
    with pytest.raises(Rejected) as rejection:
        decide_alone(facts, state, call(1, 4.9), at(4.9))
    assert rejection.value.status == 503
    state = start(facts, state, 5, -1, decision=decide_alone)
    assert len(list(state.history.active_runs(at(5)))) == 1
    assert len(statuses(state, 5)) == MAX_SYNCS_ALONE


def test_a_withdrawn_sync_without_the_lease_ends_and_the_lease_stays() -> None:
    readings = replace(tenant().readings, run="blocking", disconnect="withdraws")
    facts = tenant(readings)
    state = start(facts, initial_state(facts), 0, 1)
    holder = state.lease_holder
    state, verdict = decide_alone(facts, state, call(2, 1, (2,)), at(1))
    withdrawn = withdraw(facts, state, call(2, 1, (2,)), verdict, at(2))
    assert withdrawn is not None
    state, verdict = withdrawn
    assert isinstance(verdict, Started)
    assert (verdict.answer_at, verdict.run.released_at, state.lease_holder) == (
        at(2),
        at(2),
        holder,
    )
    assert list(statuses(state, 99)) == [1]


# ---- bounds ----------------------------------------------------------------------------------


def test_few_syncs_wait_to_be_counted_however_many_runs_there_were() -> None:
    state = initial_state(INSTANT)
    for number in range(500):
        state = start(INSTANT, state, number, *range(1 + number % 20))
        history = state.history
        waiting = sum(len(item.run.accounts) + COST_OF_RUN for item in history.pending)
        assert waiting < MAX_UNCOUNTED + COST_OF_RUN + 20
    assert len(statuses(state, 500)) == 20


def test_runs_under_way_are_not_counted_again_at_every_start() -> None:
    facts = tenant(None, durations(5))
    state, histories = initial_state(facts), set()
    for number in range(600):
        state = start(facts, state, 0, number, decision=decide_alone)
        if state.history.room > MAX_UNCOUNTED - 2 * COST_OF_RUN:
            histories.add(number)
    assert len(histories) <= 600 * (COST_OF_RUN + 1) / MAX_UNCOUNTED + 1


def test_the_accounts_that_were_synced_longest_ago_are_forgotten_but_none_that_exists() -> None:
    facts = with_accounts(INSTANT, account(-1, Failures()), account(-2))
    state = start(facts, initial_state(facts), 0, -1, -2)
    state = start(facts, state, 1, *range(MAX_STATUSES))
    assert len(statuses(state, 1)) == MAX_STATUSES + 2
    assert state.with_counted_history(at(1)).history.forgotten == 0
    state = start(facts, state, 2, 7)
    state = start(facts, state, 3, *range(-30, -2)).with_counted_history(at(3))
    kept, forgotten = state.history.statuses, state.history.forgotten
    assert len(kept) + forgotten == MAX_STATUSES + 30
    assert forgotten > 0
    assert {-1, -2, 7, *range(-30, -2)} <= kept.keys()


def test_what_is_forgotten_does_not_depend_on_when_the_history_is_counted() -> None:
    facts = with_accounts(INSTANT, account(5))
    late = early = initial_state(facts)
    for number, accounts in enumerate((range(MAX_STATUSES - 5), range(-40, 9), range(30, -60, -3))):
        late = start(facts, late, number, *accounts)
        early = start(facts, early, number, *accounts).with_counted_history(at(number))
    late = late.with_counted_history(at(9))
    assert early.history.forgotten > 0
    assert (late.history.statuses, late.history.forgotten) == (
        early.history.statuses,
        early.history.forgotten,
    )


def test_a_read_changes_nothing_that_is_not_new() -> None:
    facts = tenant()
    state = start(facts, initial_state(facts), 0, 1)
    read = state.with_counted_history(at(4))
    assert read.with_counted_history(at(4.9)) is read
    assert initial_state(facts).with_counted_history(at(9)) == initial_state(facts)
