"""The throttle as the page states it, once more and on its own: who starts, and until when.

This model shares nothing with any server; it is what a server is held against.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

SECOND: Final = 1_000_000
TASKS: Final = 10  # claim task-cap


@dataclass(slots=True)
class Arrival:
    """One call: its accounts, when it came, and what has become of it."""

    accounts: Sequence[int]
    at: int
    outcome: str = "pending"
    answered_at: int | None = None
    gone: bool = False


@dataclass(slots=True)
class Throttle:
    """One tenant's throttle; *durations* are microseconds by account, *readings* those it follows.

    Time is microseconds from 0, and stands still unless `advance` moves it.
    """

    durations: Mapping[int, int]
    readings: Mapping[str, str]
    now: int = 0
    lease_end: int = 0
    held: bool = False
    owner: Arrival | None = None
    arrivals: list[Arrival] = field(default_factory=list)

    def arrive(self, accounts: Sequence[int]) -> Arrival:
        """Let a call come in now."""
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
        for arrival in self._asking():
            self._decide(arrival)

    def hang_up(self, arrival: Arrival) -> None:
        """Let the caller of a call that waits go away."""
        arrival.gone = True
        if self.readings["disconnect"] == "still-counts":
            return
        if arrival.outcome == "pending":
            self._finish(arrival, "turned_away")
        elif arrival is self.owner and arrival.answered_at is None:
            self.release()
            return
        for one in self._asking():
            self._decide(one)

    def advance(self, by: int) -> None:
        """Let *by* microseconds pass, moment by moment."""
        end = self.now + by
        while (moment := min(self._moments(end), default=None)) is not None:
            self.now = moment
            self._settle()
        self.now = end

    @property
    def busy(self) -> bool:
        """Whether the lease is held now."""
        return self.held or self.now < self.lease_end

    # ---- inside ------------------------------------------------------------------------------

    def _moments(self, end: int) -> Iterator[int]:
        """Yield the moments after now, up to *end*, at which something may change."""
        for arrival in self.arrivals:
            if arrival.answered_at is None:
                yield from (one for one in (arrival.at + SECOND,) if self.now < one <= end)
        if self.now < self.lease_end <= end:
            yield self.lease_end

    def _settle(self) -> None:
        if not self.busy:
            self._answer_owner()
        for arrival in self._asking():
            self._decide(arrival)
        for arrival in self.arrivals:
            late = self.now >= arrival.at + SECOND
            if arrival.outcome == "turned_away" and arrival.answered_at is None and late:
                arrival.answered_at = self.now

    def _asking(self) -> list[Arrival]:
        return [one for one in self.arrivals if one.outcome == "pending"]

    def _decide(self, arrival: Arrival) -> None:
        if not self.busy:
            self._let_in(arrival)
        elif self.readings["busy"] == "wait-then-drop":
            arrival.outcome = "turned_away"
        elif self.now >= arrival.at + SECOND:
            self._finish(arrival, "turned_away")

    def _let_in(self, arrival: Arrival) -> None:
        if not arrival.accounts and self.readings["empty"] == "no-run":
            self._finish(arrival, "served")
            return
        arrival.outcome = "started"
        self.lease_end = self.now + self.length(arrival.accounts)
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

    def synced(self, accounts: Sequence[int]) -> Sequence[int]:
        """Return the accounts of a call that its run takes."""
        return accounts[:TASKS] if self.readings["tasks"] == "ten-in-all" else accounts

    def length(self, accounts: Sequence[int]) -> int:
        """Return how long a run takes: accounts in order, each to the task that is free first."""
        free = [0] * TASKS
        for account in self.synced(accounts):
            heapq.heapreplace(free, free[0] + self.durations[account])
        return max(free)
