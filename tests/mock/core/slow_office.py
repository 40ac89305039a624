"""A slow model of a tenant's syncs: ten workers a run, played tick by tick."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass
class Trouble:
    """How the syncs of an account fail: *times* of them, None: all."""

    reason: str
    times: int | None = None
    failed_after: int | None = None


@dataclass
class Mailbox:
    """What an account has come to; times are ticks."""

    trouble: Trouble | None = None
    fetched_at: int | None = None
    synced_at: int | None = None
    synced_by: int | None = None
    errors: int = 0
    reason: str = ""
    failed_syncs: int = 0

    @property
    def status(self) -> int:
        """The vendor's number."""
        if not self.errors:
            return 0 if self.fetched_at is None else 4
        limit = self.trouble.failed_after if self.trouble else None
        return 3 if limit and self.errors >= limit else 2

    def end_sync(self, tick: int, run: int) -> None:
        self.synced_at, self.synced_by = tick, run
        trouble = self.trouble
        if trouble and (trouble.times is None or self.failed_syncs < trouble.times):
            self.failed_syncs += 1
            self.errors += 1
            self.reason = trouble.reason
        else:
            self.fetched_at, self.errors, self.reason = tick, 0, ""


@dataclass
class Work:
    """A run: the accounts that no worker has taken yet, and what the workers are at."""

    number: int
    queue: list[int]
    workers: list[tuple[int, int] | None] = field(default_factory=lambda: [None] * 10)
    """The account of each, and the ticks that are left."""

    @property
    def accounts(self) -> list[int]:
        """The accounts whose sync has not ended."""
        return [*self.queue, *(job[0] for job in self.workers if job)]


class SlowOffice:
    """Plays runs; *ticks* is how long the sync of an account takes, by default *default*."""

    def __init__(
        self, troubles: Mapping[int, Trouble], ticks: Mapping[int, int], default: int
    ) -> None:
        self.now = 0
        self.mailboxes = {id_: Mailbox(trouble) for id_, trouble in troubles.items()}
        self.works: list[Work] = []
        self.lease: Work | str | None = None
        self._ticks, self._default = ticks, default
        self._last_number = 0

    def start(self, accounts: Sequence[int], *, takes_lease: bool) -> Work:
        self._last_number += 1
        work = Work(self._last_number, list(accounts))
        self.works.append(work)
        if takes_lease:
            self.lease = work
        self._play(work)
        return work

    def stop(self, work: Work) -> None:
        """End *work* now; what has ended has ended."""
        self.works.remove(work)
        if self.lease is work:
            self.lease = None

    def tick(self) -> None:
        self.now += 1
        for work in list(self.works):
            work.workers = [(job[0], job[1] - 1) if job else None for job in work.workers]
            self._play(work)

    def _play(self, work: Work) -> None:
        """End what ends now, and let free workers take accounts that may end at once."""
        while True:
            for place, job in enumerate(work.workers):
                if job and job[1] == 0:
                    self.mailboxes.setdefault(job[0], Mailbox()).end_sync(self.now, work.number)
                    work.workers[place] = None
            if not work.queue or None not in work.workers:
                break
            account = work.queue.pop(0)
            length = self._ticks.get(account, self._default)
            work.workers[work.workers.index(None)] = (account, length)
        if not work.accounts:
            self.stop(work)
