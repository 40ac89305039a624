"""A recording that answers: which recorded exchange a request is, and when it may be answered."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, Literal

import msgspec

from superoffice_mock.recordings.model import Entry
from superoffice_mock.replay import arrival_order, matching, request_key
from superoffice_mock.replay.matching import STRICT, Difference
from superoffice_mock.replay.pseudonym_bindings import Attempt, Bindings
from superoffice_mock.replay.request_key import RequestKey

API: Final = "api"
"""The first segment of every documented path."""
MOST_TOLD: Final = 20
REMEMBERED: Final = 1024
"""So many different requests are remembered with what they can be."""
Timing = Literal["recorded", "none"]
_WEIGHTS: Final = {"method": 6, "path": 6, "query": 2, "credentials": 2, "media-type": 1, "body": 1}
"""How far a difference leads away: another path is worse than another account."""
_WHOLE: Final = 2
"""How much farther something leads that is different as a whole."""


class Recorded(msgspec.Struct, frozen=True):
    """An exchange that can be replayed; *place* says where it stands, for people.

    *ordered*: it takes part in the order of arrival.
    """

    place: str
    sent: RequestKey
    entry: Entry
    ordered: bool = True


class Rules(msgspec.Struct, frozen=True):
    """How requests are matched: *fields* of `matching.FIELDS`; *timing* None is the recorded order
    where calls overlapped; *repeat*: answers that are used up are given again.
    """

    fields: tuple[str, ...] = STRICT
    timing: Timing | None = None
    repeat: bool = False


class Miss(msgspec.Struct, frozen=True):
    """Nothing recorded answers: why, and in what the nearest recorded request differs."""

    why: str
    differences: tuple[Difference, ...] = ()


class Player:
    """Plays the exchanges of one tenant, once: what was answered and what pseudonyms mean."""

    def __init__(
        self, recorded: Sequence[Recorded], rules: Rules, bindings: Bindings | None = None
    ) -> None:
        self._recorded = recorded
        self._rules = rules
        self._bindings = bindings or Bindings()
        self._used = bytearray(len(recorded))
        self._first_left = 0
        self._seen: set[RequestKey] = set()
        self._sure: dict[RequestKey, tuple[int, ...]] = {}
        ordered = [index for index, one in enumerate(recorded) if one.ordered]
        found = arrival_order.order([recorded[index].entry for index in ordered])
        self._places = dict(zip(ordered, found.places, strict=True))
        self._before = dict(zip(ordered, found.before, strict=True))
        self._by_place = {place: index for index, place in self._places.items()}
        self._arrived: set[int] = set()
        self._complete = 0
        self.timed = found.overlaps if rules.timing is None else rules.timing == "recorded"

    def take(self, sent: RequestKey) -> int | Miss:
        """Return which recorded exchange *sent* is, the first that is left, and use it up."""
        known = self._known(sent)
        found = self._next(sent, known)
        if found is None and self._rules.repeat:
            found = self._again(self._all(sent)[0] if known is None else known)
        if found is None:
            return self._missed(sent)
        self._use(found)
        return found

    def pass_by(self, sent: RequestKey) -> None:
        """Use up the exchange that *sent* is, if a fault had answered that."""
        found = self._next(sent, self._known(sent))
        if found is not None and self._recorded[found].entry.label.outcome == "faulted":
            self._use(found)

    @property
    def left(self) -> tuple[Recorded, ...]:
        """What has not been played yet."""
        return tuple(one for one, used in zip(self._recorded, self._used, strict=True) if not used)

    def recorded(self, index: int) -> Recorded:
        """Return the exchange that `take` told."""
        return self._recorded[index]

    def missing(self, index: int) -> tuple[str, ...]:
        """Return the places of what had arrived before this was answered, and has not yet."""
        if not self.timed:
            return ()
        awaited = range(self._complete, self._before.get(index, 0))
        return tuple(
            self._recorded[self._by_place[place]].place
            for place in awaited
            if place not in self._arrived
        )

    def _next(self, sent: RequestKey, known: tuple[int, ...] | None) -> int | None:
        return self._find(sent) if known is None else self._first(known)

    def _use(self, index: int) -> None:
        self._used[index] = True
        self._arrive(index)

    def _find(self, sent: RequestKey) -> int | None:
        """Look for the first that is left; whoever plays in order has it at once."""
        while self._first_left < len(self._used) and self._used[self._first_left]:
            self._first_left += 1
        for index in range(self._first_left, len(self._recorded)):
            if not self._used[index] and self._matches(index, sent):
                return index
        return None

    def _first(self, indices: Iterable[int]) -> int | None:
        return next((index for index in indices if not self._used[index]), None)

    def _again(self, indices: tuple[int, ...]) -> int | None:
        """Start over with these, which may be none."""
        for index in indices:
            self._used[index] = False
        self._first_left = min([self._first_left, *indices[:1]])
        return self._first(indices)

    def _known(self, sent: RequestKey) -> tuple[int, ...] | None:
        """Return all that *sent* can ever be, where that is sure; looked up at its second time.

        Nothing that differs now will agree later, as what is bound stays so.
        """
        known = self._sure.get(sent)
        if known is not None or sent not in self._seen:
            if len(self._seen) >= REMEMBERED:
                self._seen.clear()
                self._sure.clear()
            self._seen.add(sent)
            return known
        found, bound = self._all(sent)
        if not bound:
            return None
        self._sure[sent] = found
        return found

    def _all(self, sent: RequestKey) -> tuple[tuple[int, ...], bool]:
        """Return all that *sent* can be, and whether that binds nothing that is not bound."""
        found, bound = [], True
        for index in range(len(self._recorded)):
            attempt = self._bindings.attempt()
            if next(self._told(index, sent, attempt), None) is None:
                found.append(index)
                bound = bound and not attempt.new
        return tuple(found), bound

    def _matches(self, index: int, sent: RequestKey) -> bool:
        """Tell whether *sent* is this one; if so, what pseudonyms stand for is bound."""
        attempt = self._bindings.attempt()
        agrees = next(self._told(index, sent, attempt), None) is None
        if agrees:
            attempt.keep()
        return agrees

    def _told(self, index: int, sent: RequestKey, attempt: Attempt) -> Iterator[Difference]:
        fields = self._rules.fields
        return matching.differences(self._recorded[index].sent, sent, fields, attempt)

    def _arrive(self, index: int) -> None:
        place = self._places.get(index)
        if place is None or not self.timed:
            return
        self._arrived.add(place)
        while self._complete in self._arrived:
            self._complete += 1

    # ---- misses ------------------------------------------------------------------------------

    def _missed(self, sent: RequestKey) -> Miss:
        if not self._recorded:
            return Miss("nothing is recorded for this tenant")
        told = [self._differs(index, sent) for index in range(len(self._recorded))]
        used = sum(not one for one in told)
        if used:
            why = f"all {used} recorded answers to this request have been given"
            return Miss(f"{why}; --repeat gives them again, a reset starts over")
        near = min(range(len(told)), key=lambda index: (_distance(told[index]), index))
        where = self._recorded[near].place
        fields = ", ".join(dict.fromkeys(one.field for one in told[near]))
        return Miss(
            f"no recorded request is this one; the nearest, {where}, differs in {fields}",
            told[near],
        )

    def _differs(self, index: int, sent: RequestKey) -> tuple[Difference, ...]:
        return tuple(islice(self._told(index, sent, self._bindings.attempt()), MOST_TOLD))


def _distance(differences: tuple[Difference, ...]) -> int:
    return sum(_WEIGHTS[one.field] + _WHOLE * (not one.where) for one in differences)


def recorded(entries: Sequence[tuple[str, Entry]]) -> Iterator[Recorded]:
    """Yield what can be replayed of *entries*, each with its place. Raise ValueError, with it."""
    for place, entry in entries:
        try:
            sent = request_key.recorded(entry.request)
        except ValueError as error:
            msg = f"{place}.request.url: {error}"
            raise ValueError(msg) from None
        called = request_key.operation_of("/" + "/".join(sent.path)) is not None
        asks = sent.method == "OPTIONS" and entry.request.all("access-control-request-method")
        yield Recorded(place, sent, entry, called and not asks)


def moved(recorded: Recorded, tenant: str) -> Recorded:
    """Return an exchange as *tenant* would have had it: its path begins with the tenant's id."""
    path = recorded.sent.path
    if API not in path:
        return recorded
    sent = msgspec.structs.replace(recorded.sent, path=(tenant, *path[path.index(API) :]))
    return msgspec.structs.replace(recorded, sent=sent)
