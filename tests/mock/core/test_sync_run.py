"""Accounts are dealt to at most ten tasks, and a run ends with the slowest task."""

from collections import Counter
from collections.abc import Mapping
from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.sync_run import (
    AccountId,
    Duration,
    Durations,
    Instant,
    RunId,
    deal,
    seconds,
    sync_ends,
)
from tests.mock.core.builders import ids

account_ids = st.integers(-3, 12)
account_lists = st.lists(account_ids, max_size=60)
lengths = st.integers(0, 50)
lengths_by_account = st.dictionaries(account_ids, lengths, max_size=8)
starts = st.integers(0, 10**6)


def in_nanoseconds(default: int, by_account: Mapping[int, int]) -> Durations:
    own = {AccountId(id_): Duration(length) for id_, length in by_account.items()}
    return Durations(Duration(default), own)


def test_seconds_become_whole_nanoseconds() -> None:
    for amount, nanoseconds in ((5, 5_000_000_000), (0.02, 20_000_000), (0, 0), (1e-9, 1)):
        assert seconds(amount) == nanoseconds


@pytest.mark.claim("task-cap", "tasks-dealt", "duplicates", "account-time")
@given(account_lists, lengths, lengths_by_account, starts)
def test_at_most_ten_tasks_sync_all_accounts_without_gaps(
    accounts: list[int], default: int, by_account: dict[int, int], start: int
) -> None:
    tasks = deal(ids(*accounts), in_nanoseconds(default, by_account), Instant(start))
    assert len(tasks) <= min(10, len(accounts))
    if default and all(by_account.values()):
        assert len(tasks) == min(10, len(accounts))
    assert Counter(step.account for task in tasks for step in task) == Counter(accounts)
    for task in tasks:
        assert task[0].started_at == start
        for step, next_step in pairwise(task):
            assert next_step.started_at == step.ends_at
        for step in task:
            assert step.ends_at - step.started_at == by_account.get(step.account, default)
    first_end = min((task[-1].ends_at for task in tasks), default=start)
    assert all(task[-1].started_at <= first_end for task in tasks), "each went where it was free"


@given(account_lists, lengths, lengths_by_account)
def test_accounts_start_in_order(
    accounts: list[int], default: int, by_account: dict[int, int]
) -> None:
    tasks = deal(ids(*accounts), in_nanoseconds(default, by_account), Instant(0))
    starts_by_account: dict[int, list[int]] = {}
    for task in tasks:
        for step in task:
            starts_by_account.setdefault(step.account, []).append(step.started_at)
    for own_starts in starts_by_account.values():
        own_starts.sort(reverse=True)
    moments = [starts_by_account[account].pop() for account in accounts]
    assert moments == sorted(moments)


@pytest.mark.claim("lease-end")
@given(account_lists, lengths, lengths_by_account, starts)
def test_syncs_end_as_the_tasks_deal_them(
    accounts: list[int], default: int, by_account: dict[int, int], start: int
) -> None:
    account_durations = in_nanoseconds(default, by_account)
    tasks = deal(ids(*accounts), account_durations, Instant(start))
    by_moment: dict[int, Counter[int]] = {}
    for step in chain(*tasks):
        by_moment.setdefault(step.ends_at, Counter())[step.account] += 1
    ends = sync_ends(RunId(7), ids(*accounts), account_durations, Instant(start))
    assert [moment for moment, _, _ in ends] == sorted(moment for moment, _, _ in ends)
    found: dict[int, Counter[int]] = {}
    for moment, run, synced in ends:
        assert run == 7
        found.setdefault(moment, Counter()).update(synced)
    assert found == by_moment
