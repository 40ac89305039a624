"""Accounts are dealt onto at most ten tasks, and a run ends with the slowest of them."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.sync_run import (
    MAX_TASKS,
    SECOND,
    AccountId,
    Duration,
    Durations,
    ExchangeId,
    Instant,
    RunId,
    SyncRun,
    SyncTask,
    deal,
    makespan,
    seconds,
)
from tests.mock.core.builders import at, durations, ids

account_ids = st.integers(-3, 12)
listed = st.lists(account_ids, max_size=60)
lengths = st.integers(0, 50)
own_times = st.dictionaries(account_ids, lengths, max_size=8)


def taking(each: int, own: Mapping[int, int]) -> Durations:
    return Durations(Duration(each), {AccountId(id_): Duration(t) for id_, t in own.items()})


def ends(tasks: Sequence[SyncTask]) -> list[int]:
    return [task.steps[-1].ends_at for task in tasks]


@pytest.mark.parametrize(
    ("amount", "nanoseconds"), [(5, 5_000_000_000), (0.02, 20_000_000), (0, 0), (1e-9, 1)]
)
def test_seconds_become_whole_nanoseconds(amount: float, nanoseconds: int) -> None:
    assert seconds(amount) == nanoseconds


@pytest.mark.claim("account-time")
def test_an_account_takes_its_own_time_or_that_of_all() -> None:
    known = durations(5, {507: 2})
    assert known.of(AccountId(507)) == 2 * SECOND
    assert known.of(AccountId(508)) == 5 * SECOND


@pytest.mark.claim("task-cap", "tasks-dealt")
def test_the_eleventh_account_goes_to_the_task_that_is_free_first() -> None:
    tasks = deal(ids(*range(1, 12)), durations(5, {3: 1}), at(0))
    assert len(tasks) == MAX_TASKS
    assert [step.account for step in tasks[2].steps] == [3, 11]
    assert [(step.started_at, step.ends_at) for step in tasks[2].steps] == [
        (at(0), at(1)),
        (at(1), at(6)),
    ]


def test_of_tasks_that_are_free_together_the_first_takes_the_next_account() -> None:
    tasks = deal(ids(*range(1, 13)), durations(), at(0))
    assert [len(task.steps) for task in tasks] == [2, 2, 1, 1, 1, 1, 1, 1, 1, 1]


def test_no_task_is_empty_even_if_an_account_takes_no_time() -> None:
    tasks = deal(ids(1, 2), durations(5, {1: 0}), at(0))
    assert [[step.account for step in task.steps] for task in tasks] == [[1, 2]]


def test_no_account_makes_no_task_and_takes_no_time() -> None:
    assert deal([], durations(), at(0)) == ()
    assert makespan([], durations()) == 0
    assert makespan([], durations(5, {1: 1})) == 0


@pytest.mark.claim("duplicates", "sample-duplicate")
def test_an_account_listed_twice_is_synced_twice_at_the_same_time() -> None:
    tasks = deal(ids(507, 507), durations(), at(0))
    assert [[step.account for step in task.steps] for task in tasks] == [[507], [507]]


@pytest.mark.claim("task-cap", "tasks-dealt", "duplicates")
@given(listed, lengths, own_times, st.integers(0, 10**6))
def test_a_deal_uses_at_most_ten_tasks_and_syncs_all_in_order(
    accounts: list[int], each: int, own: dict[int, int], start: int
) -> None:
    tasks = deal(ids(*accounts), taking(each, own), Instant(start))
    assert len(tasks) <= min(10, len(accounts))
    if each and all(own.values()):
        assert len(tasks) == min(10, len(accounts))
    assert Counter(step.account for task in tasks for step in task.steps) == Counter(accounts)
    for task in tasks:
        assert task.steps[0].started_at == start
        for step, following in zip(task.steps, task.steps[1:], strict=False):
            assert following.started_at == step.ends_at
        assert all(
            step.ends_at - step.started_at == own.get(step.account, each) for step in task.steps
        )


@given(listed, lengths, own_times)
def test_accounts_begin_in_the_order_of_the_list(
    accounts: list[int], each: int, own: dict[int, int]
) -> None:
    tasks = deal(ids(*accounts), taking(each, own), Instant(0))
    begun: dict[int, list[int]] = {}
    for task in tasks:
        for step in task.steps:
            begun.setdefault(step.account, []).append(step.started_at)
    waiting = {account: sorted(moments) for account, moments in begun.items()}
    moments = [waiting[account].pop(0) for account in accounts]
    assert moments == sorted(moments)


@pytest.mark.claim("lease-end")
@given(listed, lengths, own_times, st.integers(0, 10**6))
def test_the_makespan_is_the_end_of_the_slowest_task(
    accounts: list[int], each: int, own: dict[int, int], start: int
) -> None:
    known = taking(each, own)
    tasks = deal(ids(*accounts), known, Instant(start))
    assert makespan(ids(*accounts), known) == max(ends(tasks), default=start) - start


def test_a_run_knows_its_tasks() -> None:
    run = SyncRun(RunId(1), ExchangeId(1), ids(1, 2), durations(), at(0), at(5))
    assert run.tasks == deal(ids(1, 2), durations(), at(0))
    assert run.released_at is None
