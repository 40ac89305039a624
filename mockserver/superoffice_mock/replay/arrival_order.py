"""The order of arrival of recorded requests, and how many had arrived before each answer."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final

import msgspec

from superoffice_mock.recordings.model import Entry

TOLERANCE: Final = 0.002
"""Possible error of recorded times in seconds: browsers round them to a millisecond."""
WHOLE_SECOND_TOLERANCE: Final = 1.0
"""The same for a recording with times in whole seconds."""


class ArrivalOrder(msgspec.Struct, frozen=True):
    """The order of arrival of entries.

    *places*: the place of each entry in that order, from 0. *before*: how many requests, including
    its own, had arrived when its answer left.
    """

    places: tuple[int, ...]
    before: tuple[int, ...]

    @property
    def overlaps(self) -> bool:
        """Whether any request arrived before an earlier one was answered."""
        return any(
            before > place + 1 for place, before in zip(self.places, self.before, strict=True)
        )


def order_of(entries: Sequence[Entry]) -> ArrivalOrder:
    """Return the order in which *entries* arrived, as far as the recording shows."""
    indices = sorted(range(len(entries)), key=_sort_key(entries))
    places = [0] * len(entries)
    for place, index in enumerate(indices):
        places[index] = place
    times = [arrival_time(entries[index]) for index in indices]
    known_times = [at for at in times if at is not None]
    if len(known_times) < len(times):
        return ArrivalOrder(tuple(places), tuple(place + 1 for place in places))
    starts = list(accumulate(known_times, max))
    is_whole_seconds = all(entry.at == int(entry.at or 0) for entry in entries)
    tolerance = WHOLE_SECOND_TOLERANCE if is_whole_seconds else TOLERANCE
    before = (
        _arrivals_before_answer(entry, place, starts, tolerance)
        for entry, place in zip(entries, places, strict=True)
    )
    return ArrivalOrder(tuple(places), tuple(before))


def _arrivals_before_answer(entry: Entry, place: int, starts: list[float], tolerance: float) -> int:
    answered_at = (entry.at or 0.0) + (entry.elapsed or 0.0)
    return max(place + 1, bisect_left(starts, answered_at - tolerance))


def _sort_key(entries: Sequence[Entry]) -> Callable[[int], float]:
    """Return a key for indices: arrival numbers, else arrival times, else the order of the file."""
    for values in ([entry.label.arrival for entry in entries], list(map(arrival_time, entries))):
        if None not in values:
            return lambda index, values=values: values[index] or 0.0  # type: ignore[misc]
    return float


def arrival_time(entry: Entry) -> float | None:
    """Return when the server received the request, which is after any time in a client's queue."""
    if entry.at is None or entry.elapsed is None or entry.service_time is None:
        return entry.at
    return entry.at + max(entry.elapsed - entry.service_time, 0.0)
