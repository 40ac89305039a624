"""Who had arrived before whom: how many requests each recorded answer came after."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final

import msgspec

from superoffice_mock.recordings.model import Entry

BLURRED: Final = 0.002
"""Seconds by which times of one recording may be off: browsers round them, to a millisecond."""
WHOLE: Final = 1.0
"""The same, where a tool writes whole seconds."""


class Order(msgspec.Struct, frozen=True):
    """*places*: of each entry, its place in the order of arrival, from 0. *before*: how many
    requests had arrived when its answer left, itself among them.
    """

    places: tuple[int, ...]
    before: tuple[int, ...]

    @property
    def overlaps(self) -> bool:
        """Whether anything arrived while something else was not answered yet."""
        return any(
            before > place + 1 for place, before in zip(self.places, self.before, strict=True)
        )


def order(entries: Sequence[Entry]) -> Order:
    """Return the order in which *entries* arrived, as well as it is on record."""
    arrived = sorted(range(len(entries)), key=_key(entries))
    places = [0] * len(entries)
    for place, index in enumerate(arrived):
        places[index] = place
    moments = [arrival(entries[index]) for index in arrived]
    known = [one for one in moments if one is not None]
    if len(known) < len(moments):
        return Order(tuple(places), tuple(place + 1 for place in places))
    starts = list(accumulate(known, max))
    blurred = WHOLE if all(one.at == int(one.at or 0) for one in entries) else BLURRED
    pairs = zip(entries, places, strict=True)
    before = (_before(entry, place, starts, blurred) for entry, place in pairs)
    return Order(tuple(places), tuple(before))


def _before(entry: Entry, place: int, starts: list[float], blurred: float) -> int:
    answered = (entry.at or 0.0) + (entry.elapsed or 0.0)
    return max(place + 1, bisect_left(starts, answered - blurred))


def _key(entries: Sequence[Entry]) -> Callable[[int], float]:
    """Return what to sort by: numbers of arrival, moments of arrival, or the order of the file."""
    for known in ([one.label.arrival for one in entries], list(map(arrival, entries))):
        if None not in known:
            return lambda index, known=known: known[index] or 0.0  # type: ignore[misc]
    return float


def arrival(entry: Entry) -> float | None:
    """Return when the server had the request: later than it was made, if it stood in a queue."""
    if entry.at is None or entry.elapsed is None or entry.waited is None:
        return entry.at
    return entry.at + max(entry.elapsed - entry.waited, 0.0)
