"""The basic types: ids, moments and durations, and sync runs with their tasks."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from heapq import heapreplace
from typing import Final, NewType

import msgspec

TenantId = NewType("TenantId", str)
AccountId = NewType("AccountId", int)
RunId = NewType("RunId", int)
ExchangeId = NewType("ExchangeId", int)

Instant = NewType("Instant", int)
"""Nanoseconds since the Unix epoch on a tenant's clock; whole numbers, so that sums are exact."""
Duration = NewType("Duration", int)

SECOND: Final = 1_000_000_000
MAX_TASKS: Final = 10  # claim task-cap


def seconds(amount: float) -> Duration:
    """Convert *amount* from seconds to a duration, to the nanosecond."""
    return Duration(round(amount * SECOND))


class Installation(StrEnum):
    """Where SuperOffice is installed, which decides what credentials it accepts."""

    ONSITE = "onsite"
    ONLINE = "online"


class Durations(msgspec.Struct, frozen=True):
    """How long the sync of an account takes: its time in *by_account*, else *default*."""

    default: Duration
    by_account: Mapping[AccountId, Duration]

    def of(self, account: AccountId) -> Duration:
        """Return how long the sync of *account* takes."""
        return self.by_account.get(account, self.default)


class SyncStep(msgspec.Struct, frozen=True):
    """The sync of one account by one task."""

    account: AccountId
    started_at: Instant
    ends_at: Instant


SyncEnd = tuple[Instant, RunId, Sequence[AccountId]]
"""A moment at which a run ends syncs, and the accounts of these."""
SyncTask = tuple[SyncStep, ...]
"""One of at most ten workers of a run; it syncs its accounts one after the other."""


class SyncRun(msgspec.Struct, frozen=True, gc=False):
    """The sync that one admitted call starts; it ends with its slowest task.

    Unless it *holds_lease*, other runs may start meanwhile (claim single-sync-no-throttle).
    """

    id: RunId
    exchange: ExchangeId
    accounts: Sequence[AccountId]
    durations: Durations
    started_at: Instant
    ends_at: Instant
    released_at: Instant | None = None
    holds_lease: bool = True

    @property
    def tasks(self) -> tuple[SyncTask, ...]:
        """The tasks of the run; see `deal`."""
        return deal(self.accounts, self.durations, self.started_at)


class Hold(msgspec.Struct, frozen=True, gc=False):
    """A hold of the lease by a control call; it has no end."""

    since: Instant


Holder = SyncRun | Hold


def deal(
    accounts: Sequence[AccountId], durations: Durations, started_at: Instant
) -> tuple[SyncTask, ...]:
    """Deal *accounts* in order to at most ten tasks, each to the task that is free first.

    No task is empty; there are fewer if accounts take no time (claim tasks-dealt).
    """
    width = min(MAX_TASKS, len(accounts))
    free_at = [(started_at, task) for task in range(width)]  # a heap
    steps: list[list[SyncStep]] = [[] for _ in range(width)]
    for account in accounts:
        begins_at, task = free_at[0]
        ends_at = Instant(begins_at + durations.of(account))
        steps[task].append(SyncStep(account, begins_at, ends_at))
        heapreplace(free_at, (ends_at, task))
    return tuple(tuple(task_steps) for task_steps in steps if task_steps)


def sync_ends(
    run: RunId, accounts: Sequence[AccountId], durations: Durations, started_at: Instant
) -> Sequence[SyncEnd]:
    """Return when the syncs of *run* end as `deal` deals them, in order; faster than `deal`."""
    own, default = durations.by_account, durations.default
    if not own or own.keys().isdisjoint(accounts):
        if len(accounts) <= MAX_TASKS:
            return ((Instant(started_at + default), run, accounts),) if accounts else ()
        return [
            (
                Instant(started_at + (number // MAX_TASKS + 1) * default),
                run,
                accounts[number : number + MAX_TASKS],
            )
            for number in range(0, len(accounts), MAX_TASKS)
        ]
    free_at = [started_at] * MAX_TASKS  # a heap
    by_moment: dict[Instant, list[AccountId]] = {}
    for account in accounts:
        ends_at = Instant(free_at[0] + own.get(account, default))
        heapreplace(free_at, ends_at)
        by_moment.setdefault(ends_at, []).append(account)
    return [(ends_at, run, by_moment[ends_at]) for ends_at in sorted(by_moment)]
