"""The nouns: identities, moments, what a caller asks for, and what a sync run is."""

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
"""Nanoseconds since the Unix epoch on a tenant's clock: whole numbers, so that time adds up."""
Duration = NewType("Duration", int)
"""Nanoseconds."""

SECOND: Final = 1_000_000_000
MAX_TASKS: Final = 10  # claim task-cap


def seconds(amount: float) -> Duration:
    """Return *amount* seconds as a duration, to the nanosecond."""
    return Duration(round(amount * SECOND))


class Installation(StrEnum):
    """Where SuperOffice is installed: decides which credentials are accepted."""

    ONSITE = "onsite"
    ONLINE = "online"


class Durations(msgspec.Struct, frozen=True):
    """How long the accounts of a tenant take: *each*, or their *own* time."""

    each: Duration
    own: Mapping[AccountId, Duration]

    def of(self, account: AccountId) -> Duration:
        """Return how long *account* takes."""
        return self.own.get(account, self.each)


class SyncStep(msgspec.Struct, frozen=True):
    """One account, synced by one task."""

    account: AccountId
    started_at: Instant
    ends_at: Instant


class SyncTask(msgspec.Struct, frozen=True):
    """One of at most ten workers of a run; it takes its accounts one after the other."""

    steps: tuple[SyncStep, ...]


class SyncRun(msgspec.Struct, frozen=True, gc=False):
    """One admitted call until its slowest task ends."""

    id: RunId
    exchange: ExchangeId
    accounts: Sequence[AccountId]
    durations: Durations
    started_at: Instant
    ends_at: Instant
    released_at: Instant | None = None

    @property
    def tasks(self) -> tuple[SyncTask, ...]:
        """The accounts in order, each dealt to the task that is free first (claim tasks-dealt)."""
        return deal(self.accounts, self.durations, self.started_at)


class Hold(msgspec.Struct, frozen=True, gc=False):
    """A lease that somebody holds by hand: a holder without an end."""

    since: Instant


Holder = SyncRun | Hold


def deal(
    accounts: Sequence[AccountId], durations: Durations, started_at: Instant
) -> tuple[SyncTask, ...]:
    """Deal *accounts* in order onto at most ten tasks, each to the one that is free first.

    None is empty: a task that takes no time is free first again.
    """
    width = min(MAX_TASKS, len(accounts))
    free = [(started_at, task) for task in range(width)]
    steps: list[list[SyncStep]] = [[] for _ in range(width)]
    for account in accounts:
        begins, task = free[0]
        ends = Instant(begins + durations.of(account))
        steps[task].append(SyncStep(account, begins, ends))
        heapreplace(free, (ends, task))
    return tuple(SyncTask(tuple(own)) for own in steps if own)


def makespan(accounts: Sequence[AccountId], durations: Durations) -> Duration:
    """Return how long the slowest task of `deal` takes, without dealing."""
    if not durations.own:
        rounds = -(-len(accounts) // MAX_TASKS)
        return Duration(rounds * durations.each)
    free = [0] * MAX_TASKS
    for account in accounts:
        heapreplace(free, free[0] + durations.of(account))
    return Duration(max(free))
