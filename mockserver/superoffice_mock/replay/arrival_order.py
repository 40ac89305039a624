"""The order in which recorded requests arrived, and which of them overlapped."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from math import inf
from typing import Final

import msgspec

from superoffice_contract import har
from superoffice_mock.recordings.model import Entry

TOLERANCE: Final = 0.005
"""Seconds by which requests overlap at least: browsers round each phase to a millisecond.

An overlap that there was not makes a client wait in vain; to miss so short a one costs nothing.
"""


class Span(msgspec.Struct, frozen=True):
    """When a request arrived and when its answer began, in seconds; None if the file can't tell.

    *number* counts the arrivals, if the recording has counted them.
    """

    arrived: float | None = None
    answered: float | None = None
    number: int = 0


def spans_of(entries: Sequence[Entry]) -> list[Span]:
    """Return the spans of *entries*, which are all of one file.

    A body may arrive long after its answer began, when the client had gone on already.
    """
    numbers = [entry.label.arrival or 0 for entry in entries]
    if not har.times_are_exact([entry.at for entry in entries]):
        return [Span(number=number) for number in numbers]
    arrivals = [arrival_time(entry) or 0.0 for entry in entries]
    if all(numbers):  # a clock that was set back does not change what they say
        by_number = sorted(range(len(entries)), key=numbers.__getitem__)
        for earlier, later in pairwise(by_number):
            arrivals[later] = max(arrivals[earlier], arrivals[later])
    return [
        Span(arrived, (entry.at or 0.0) + (entry.elapsed or 0.0) - entry.receive_time, number)
        for entry, arrived, number in zip(entries, arrivals, numbers, strict=True)
    ]


def arrival_time(entry: Entry) -> float | None:
    """Return when the server received the request, which is after any time in a client's queue."""
    if entry.at is None or entry.elapsed is None or entry.service_time is None:
        return entry.at
    return entry.at + max(entry.elapsed - entry.service_time, 0.0)


class ArrivalOrder:
    """The order of arrival of requests with these *spans*.

    A request without a time comes after those before it, in the order of the file. *by_arrival*
    has the index of the request at each place. *before*, by place, is how many requests had
    arrived when the answer began, the request itself among them.
    """

    def __init__(self, spans: Sequence[Span]) -> None:
        latest, keys = -inf, []
        for span in spans:
            keys.append((latest if span.arrived is None else span.arrived, span.number))
            latest = max(latest, keys[-1][0])
        self.by_arrival = sorted(range(len(spans)), key=keys.__getitem__)
        ordered = [spans[index] for index in self.by_arrival]
        self._arrivals = [inf if span.arrived is None else span.arrived for span in ordered]
        self._ends = [
            -inf if span.answered is None else span.answered - TOLERANCE for span in ordered
        ]
        self._latest_ends = list(accumulate(self._ends, max))
        starts = [keys[index][0] for index in self.by_arrival]
        self.before = [
            max(place + 1, bisect_left(starts, end)) for place, end in enumerate(self._ends)
        ]

    def overlapping(self, place: int, first: int = 0) -> Iterator[int]:
        """Yield the places from *first* of other requests that overlapped with that at *place*.

        Two overlap if the later one arrived before the earlier one was answered.
        """
        earliest = bisect_right(self._latest_ends, self._arrivals[place])
        for other in range(max(first, min(earliest, place)), self.before[place]):
            is_in_time = self._arrivals[max(other, place)] < self._ends[min(other, place)]
            if is_in_time and other != place:
                yield other
