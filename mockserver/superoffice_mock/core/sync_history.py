"""What the accounts of a tenant were last synced by: a pure function of its runs and the time.

The history knows what the runs have done up to some moment, and the runs that may do more. It does
not depend on the journal, which forgets.
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Final

import msgspec
from msgspec.structs import replace

from superoffice_mock.core.accounts import NEVER_SYNCED, MailAccount, SyncStatus
from superoffice_mock.core.sync_run import AccountId, Instant, RunId, SyncEnd, SyncRun

MAX_STATUSES: Final = 20_000
"""The most accounts that do not exist whose status is kept.

The half of them that was synced longest ago then makes room; accounts that exist keep theirs.
"""
MAX_UNCOUNTED: Final = 2_000
"""The most syncs that wait to be counted when a run starts, so that its start costs little."""
COST_OF_RUN: Final = 32
"""To keep a run costs as much as to keep so many syncs."""

Accounts = Mapping[AccountId, MailAccount]


class PendingRun(msgspec.Struct, frozen=True, gc=False):
    """A run, and when its syncs end that are not counted yet."""

    run: SyncRun
    later_ends: Sequence[SyncEnd]

    def ends_after(self, now: Instant) -> Iterator[SyncEnd]:
        """Yield when its syncs end that have not ended by *now*, in order."""
        if now < self.run.ends_at:
            yield from (end for end in self.later_ends if now < end[0])


class SyncHistory(msgspec.Struct, frozen=True, gc=False):
    """The *statuses* of accounts as far as they are counted, and the *pending* runs.

    *room* is what is left of `MAX_UNCOUNTED`. *fetch_count* counts the moments of success.
    *forgotten* counts the statuses that were dropped.
    """

    statuses: Mapping[AccountId, SyncStatus] = {}
    pending: tuple[PendingRun, ...] = ()
    room: int = MAX_UNCOUNTED
    fetch_count: int = 0
    forgotten: int = 0

    def add(self, run: SyncRun, ends: Sequence[SyncEnd]) -> "SyncHistory":
        """Return the history with *run*, which starts now and whose syncs end at *ends*."""
        room = self.room - len(run.accounts) - COST_OF_RUN
        pending = self.pending + (PendingRun(run, ends),)  # noqa: RUF005 - twice as fast
        return SyncHistory(self.statuses, pending, room, self.fetch_count, self.forgotten)

    def end_early(self, run: SyncRun) -> "SyncHistory":
        """Return the history in which *run* was ended by hand; its later syncs do not happen."""
        pending = tuple(
            PendingRun(run, item.later_ends) if item.run.id == run.id else item
            for item in self.pending
        )
        return replace(self, pending=pending)

    def count(self, now: Instant, accounts: Accounts) -> "SyncHistory":
        """Return the same history with all that has ended by *now* counted in its statuses.

        *accounts* are those that exist; they say which syncs fail.
        """
        ended: list[SyncEnd] = []
        pending = []
        for item in self.pending:
            run, ends = item.run, item.later_ends
            if run.released_at is None and run.ends_at <= now:
                ended += ends
                continue
            ended_now = [end for end in ends if end[0] <= min(now, run.ends_at)]
            ended += ended_now
            if now < run.ends_at:
                pending.append(PendingRun(run, ends[len(ended_now) :]) if ended_now else item)
        if not ended and tuple(pending) == self.pending and self.room == MAX_UNCOUNTED:
            return self
        ended.sort(key=itemgetter(0))
        statuses, fetch_count, forgotten = dict(self.statuses), self.fetch_count, self.forgotten
        for ends_at, run_id, ids in ended:
            fetch_count += 1
            success = SyncStatus(ends_at, ends_at, run_id, fetch_count=fetch_count)
            for id_ in ids:
                account = accounts.get(id_)
                if account is None or account.failures is None:
                    statuses[id_] = success
                else:
                    before = statuses.get(id_, NEVER_SYNCED)
                    statuses[id_] = before.after_sync(account.failures, success)
            if len(statuses) > MAX_STATUSES + len(accounts):
                forgotten += _forget(statuses, accounts)
        return SyncHistory(statuses, tuple(pending), fetch_count=fetch_count, forgotten=forgotten)

    def next_end(self, now: Instant) -> Instant | None:
        """Return when the next task under way ends a sync after *now*; None if none does."""
        next_ends = (next(item.ends_after(now), None) for item in self.pending)
        return min((end[0] for end in next_ends if end is not None), default=None)

    def active_runs(self, now: Instant) -> Iterator[SyncRun]:
        """Yield the runs that have started and not ended by *now*."""
        for item in self.pending:
            if now < item.run.ends_at:
                yield item.run

    def syncing(self, now: Instant) -> Mapping[AccountId, RunId]:
        """Return the accounts that runs under way have yet to sync, with these runs."""
        return {
            id_: item.run.id
            for item in self.pending
            for _, _, ids in item.ends_after(now)
            for id_ in ids
        }


def _forget(statuses: dict[AccountId, SyncStatus], accounts: Accounts) -> int:
    """Drop statuses of accounts that do not exist, and return how many: the oldest half."""
    unknown = [id_ for id_ in statuses if id_ not in accounts]
    unknown.sort(key=lambda id_: statuses[id_].synced_at or 0)
    oldest = unknown[: len(unknown) // 2]
    for id_ in oldest:
        del statuses[id_]
    return len(oldest)
