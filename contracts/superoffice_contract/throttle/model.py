"""A model of the throttle as the page states it: which calls start a run, and when runs end.

It shares no code with any server; servers are compared with it.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

SECOND: Final = 1_000_000
MAX_TASKS: Final = 10  # claim task-cap


@dataclass(slots=True)
class Arrival:
    """One call: its accounts, when it arrived, and its outcome so far."""

    accounts: Sequence[int]
    at: int
    outcome: str = "pending"
    answered_at: int | None = None
    hung_up: bool = False


@dataclass(slots=True)
class Throttle:
    """The throttle of one tenant. *durations* are microseconds by account.

    Time is in microseconds from 0, and moves only when `advance` is called.
    """

    durations: Mapping[int, int]
    readings: Mapping[str, str]
    now: int = 0
    lease_end: int = 0
    held: bool = False
    owner: Arrival | None = None
    arrivals: list[Arrival] = field(default_factory=list)

    def arrive(self, accounts: Sequence[int]) -> Arrival:
        """Let a call arrive now."""
        arrival = Arrival(accounts, self.now)
        self.arrivals.append(arrival)
        self._decide(arrival)
        return arrival

    def hold(self) -> None:
        """Take the free lease by hand."""
        self.held = True

    def release(self) -> None:
        """End the hold, or the run that has the lease."""
        self.held = False
        self.lease_end = min(self.lease_end, self.now)
        self._answer_owner()
        for arrival in self._pending():
            self._decide(arrival)

    def hang_up(self, arrival: Arrival) -> None:
        """Let the client of a waiting call disconnect."""
        arrival.hung_up = True
        if self.readings["disconnect"] == "still-counts":
            return
        if arrival.outcome == "pending":
            self._finish(arrival, "turned_away")
        elif arrival is self.owner and arrival.answered_at is None:
            self.release()
            return
        for waiting in self._pending():
            self._decide(waiting)

    def advance(self, by: int) -> None:
        """Let *by* microseconds pass, one event after the other."""
        end = self.now + by
        while (moment := min(self._moments(end), default=None)) is not None:
            self.now = moment
            self._settle()
        self.now = end

    @property
    def is_busy(self) -> bool:
        """Whether the lease is held now."""
        return self.held or self.now < self.lease_end

    def _moments(self, end: int) -> Iterator[int]:
        """Yield the moments after now, up to *end*, at which something may change."""
        for arrival in self.arrivals:
            if arrival.answered_at is None and self.now < arrival.at + SECOND <= end:
                yield arrival.at + SECOND
        if self.now < self.lease_end <= end:
            yield self.lease_end

    def _settle(self) -> None:
        if not self.is_busy:
            self._answer_owner()
        for arrival in self._pending():
            self._decide(arrival)
        for arrival in self.arrivals:
            is_due = self.now >= arrival.at + SECOND
            if arrival.outcome == "turned_away" and arrival.answered_at is None and is_due:
                arrival.answered_at = self.now

    def _pending(self) -> list[Arrival]:
        return [arrival for arrival in self.arrivals if arrival.outcome == "pending"]

    def _decide(self, arrival: Arrival) -> None:
        if not self.is_busy:
            self._start(arrival)
        elif self.readings["busy"] == "wait-then-drop":
            arrival.outcome = "turned_away"
        elif self.now >= arrival.at + SECOND:
            self._finish(arrival, "turned_away")

    def _start(self, arrival: Arrival) -> None:
        if not arrival.accounts and self.readings["empty"] == "no-run":
            self._finish(arrival, "served")
            return
        arrival.outcome = "started"
        self.lease_end = self.now + self.run_length(arrival.accounts)
        self.owner = arrival
        if self.readings["run"] == "detached" or self.lease_end == self.now:
            arrival.answered_at = self.now

    def _answer_owner(self) -> None:
        if self.owner is not None and self.owner.answered_at is None:
            self.owner.answered_at = self.now
        self.owner = None

    def _finish(self, arrival: Arrival, outcome: str) -> None:
        arrival.outcome = outcome
        arrival.answered_at = self.now

    def accounts_to_sync(self, accounts: Sequence[int]) -> Sequence[int]:
        """Return the accounts of a call that its run syncs."""
        return accounts[:MAX_TASKS] if self.readings["tasks"] == "ten-in-all" else accounts

    def run_length(self, accounts: Sequence[int]) -> int:
        """Return how long a run takes: each account goes to the task that is free first."""
        task_ends = [0] * MAX_TASKS
        for account in self.accounts_to_sync(accounts):
            heapq.heapreplace(task_ends, task_ends[0] + self.durations[account])
        return max(task_ends)
