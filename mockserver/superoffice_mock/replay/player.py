"""Plays a recording: finds the exchange that a request matches, and when it may be answered."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from math import inf
from typing import Final, Literal, NamedTuple
from weakref import WeakKeyDictionary

import msgspec

from superoffice_contract.openapi.paths import Paths
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings.model import Entry
from superoffice_mock.replay import arrival_order, matching, request_index
from superoffice_mock.replay.matching import DEFAULT_FIELDS, Difference
from superoffice_mock.replay.pseudonym_bindings import Attempt, Bindings
from superoffice_mock.replay.request_index import RequestIndex, Search
from superoffice_mock.replay.request_key import RequestKey, RequestKeys

Timing = Literal["recorded", "none"]

MAX_DIFFERENCES: Final = 20
MAX_MISSING: Final = 20
"""How many requests that have not arrived are listed."""


class RecordedExchange(msgspec.Struct, frozen=True):
    """An exchange that can be replayed; *place* is its file and its path in the file.

    Exchanges that are *in_order* take part in the order of arrival.
    """

    place: str
    key: RequestKey
    entry: Entry
    in_order: bool = True


class Rules(msgspec.Struct, frozen=True):
    """How requests are matched.

    *fields*: names in `matching.FIELDS`. *timing*: None keeps the recorded order if calls
    overlapped. *repeat*: answers that have been given are given again.
    """

    fields: tuple[str, ...] = DEFAULT_FIELDS
    timing: Timing | None = None
    repeat: bool = False


class Miss(msgspec.Struct, frozen=True):
    """No recorded exchange matches: why, and the differences from the nearest one."""

    why: str
    differences: tuple[Difference, ...] = ()


class Script:
    """The *exchanges* of one tenant, and what is known of their order. It never changes."""

    def __init__(self, exchanges: Sequence[RecordedExchange], rules: Rules) -> None:
        self.exchanges = exchanges
        self.rules = rules
        self.index = RequestIndex([exchange.key for exchange in exchanges], rules.fields)
        indices = [index for index, exchange in enumerate(exchanges) if exchange.in_order]
        order = arrival_order.order_of([exchanges[index].entry for index in indices])
        self.places = dict(zip(indices, order.places, strict=True))
        self.arrivals_before = dict(zip(indices, order.before, strict=True))
        self.by_place = {place: index for index, place in self.places.items()}
        self.keeps_order = order.overlaps if rules.timing is None else rules.timing == "recorded"


class _Matches(NamedTuple):
    """The rows that a request matches, as long as no more pseudonyms are bound.

    If they *are_bound*, all pseudonyms in them stand for values already.
    """

    rows: int
    binding_count: int
    are_bound: bool


class Player:
    """Plays a *script* once. It holds which exchanges were used, and the pseudonyms."""

    def __init__(self, script: Script, bindings: Bindings | None = None) -> None:
        self.script = script
        self._bindings = bindings or Bindings()
        self._search = Search(script.index, self._bindings)
        self._unused = script.index.all_rows
        self._matches: WeakKeyDictionary[RequestKey, _Matches] = WeakKeyDictionary()
        self._arrived_places: set[int] = set()
        self._next_place = 0

    def take(self, request: RequestKey) -> int | Miss:
        """Return the index of the first unused exchange that *request* matches, and use it up."""
        index = self._find_unused(request, self._unused)
        if index is None and self.script.rules.repeat:
            rows = self._find_all(request)
            self._unused |= rows
            index = self._find_unused(request, rows)
        if index is None:
            return self._explain_miss(request)
        self._use(index)
        return index

    def skip_faulted(self, request: RequestKey) -> None:
        """Use up the exchange that *request* matches, if a fault answered it when recorded."""
        index = self._find_unused(request, self._unused)
        if index is not None and self.script.exchanges[index].entry.label.outcome == "faulted":
            self._use(index)

    @property
    def remaining(self) -> tuple[RecordedExchange, ...]:
        """The exchanges that have not been played yet."""
        unused = reversed(f"{self._unused:b}")
        return tuple(
            exchange
            for exchange, bit in zip(self.script.exchanges, unused, strict=False)
            if bit == "1"
        )

    def is_due(self, index: int) -> bool:
        """Return whether all requests have arrived that came before this answer."""
        return next(self._missing_places(index), None) is None

    def missing(self, index: int) -> tuple[str, ...]:
        """Return the places of requests that came before this answer and have not arrived yet."""
        places = islice(self._missing_places(index), MAX_MISSING)
        return tuple(self.script.exchanges[self.script.by_place[place]].place for place in places)

    def _missing_places(self, index: int) -> Iterator[int]:
        if self.script.keeps_order:
            for place in range(self._next_place, self.script.arrivals_before.get(index, 0)):
                if place not in self._arrived_places:
                    yield place

    # ---- matches -----------------------------------------------------------------------------

    def _find_unused(self, request: RequestKey, rows: int) -> int | None:
        """Return the first of *rows* that *request* matches, and keep its bindings.

        A request in the recorded order needs no search.
        """
        known = self._matches.get(request)
        if known is not None and known.binding_count == len(self._bindings.values):
            rows &= known.rows
            if known.are_bound or not rows:
                return request_index.first_row(rows) if rows else None
        for candidates in (rows & -rows, rows):
            for index, attempt, _ in self._find_matches(request, candidates):
                attempt.commit()
                return index
        return None

    def _find_all(self, request: RequestKey) -> int:
        """Return all rows that *request* matches."""
        count = len(self._bindings.values)
        known = self._matches.get(request)
        if known is None or known.binding_count != count:
            groups = [*self._find_matches(request, self.script.index.all_rows)]
            are_bound = not any(attempt.has_new for _, attempt, _ in groups)
            known = _Matches(sum(rows for _, _, rows in groups), count, are_bound)
            self._matches[request] = known
        return known.rows

    def _find_matches(self, request: RequestKey, rows: int) -> Iterator[tuple[int, Attempt, int]]:
        """Yield those of *rows* that *request* matches, in groups.

        A group is its first row, the bindings by which that matches, and all its rows.
        """
        for group in self._search.find_alike(request, rows):
            index = request_index.first_row(group)
            attempt = Attempt(self._bindings)
            if next(self._differences(index, request, attempt), None) is None:
                yield index, attempt, group

    def _differences(
        self, index: int, request: RequestKey, attempt: Attempt
    ) -> Iterator[Difference]:
        exchange = self.script.exchanges[index]
        return matching.differences(exchange.key, request, self.script.rules.fields, attempt)

    def _use(self, index: int) -> None:
        self._unused &= ~(1 << index)
        place = self.script.places.get(index)
        if place is None or not self.script.keeps_order:
            return
        self._arrived_places.add(place)
        while self._next_place in self._arrived_places:
            self._next_place += 1

    # ---- misses ------------------------------------------------------------------------------

    def _explain_miss(self, request: RequestKey) -> Miss:
        if not self.script.exchanges:
            return Miss("nothing is recorded for this tenant")
        matches = self._find_all(request).bit_count()
        if matches:
            why = "the only recorded answer to this request has been given"
            if matches > 1:
                why = f"all {matches} recorded answers to this request have been given"
            return Miss(f"{why}; --repeat gives them again, a reset starts over")
        nearest, differences = self._find_nearest(request)
        place = self.script.exchanges[nearest].place
        fields = ", ".join(dict.fromkeys(difference.field for difference in differences))
        return Miss(
            f"no recorded request matches; the nearest, {place}, differs in {fields}", differences
        )

    def _find_nearest(self, request: RequestKey) -> tuple[int, tuple[Difference, ...]]:
        """Return the first of the nearest exchanges, and how *request* differs from it."""
        nearest: tuple[float, int] = (inf, 0)
        differences: tuple[Difference, ...] = ()
        for least_distance, index in self._search.sort_by_distance(request, MAX_DIFFERENCES):
            if nearest < (least_distance, index):
                break
            attempt = Attempt(self._bindings)
            found = tuple(islice(self._differences(index, request, attempt), MAX_DIFFERENCES))
            distance = sum(matching.weight_of(item.field, item.where) for item in found)
            if (distance, index) < nearest:
                nearest, differences = (distance, index), found
        return nearest[1], differences


def exchanges_of(
    entries: Iterable[tuple[str, Entry]], keys: RequestKeys
) -> Iterator[RecordedExchange]:
    """Yield *entries*, pairs of place and entry, as exchanges that can be replayed.

    Raise SetupError with the place of a URL that is invalid.
    """
    for place, entry in entries:
        try:
            key = keys.key_of_recorded(entry.request)
        except ValueError as error:
            msg = f"{place}.request.url: {error}"
            raise SetupError(msg) from None
        is_call = keys.description.paths.find("/" + "/".join(key.path)) is not None
        is_preflight = key.method == "OPTIONS" and entry.request.get_all(
            "access-control-request-method"
        )
        yield RecordedExchange(place, key, entry, is_call and not is_preflight)


def move_to_tenant(exchange: RecordedExchange, tenant: str, paths: Paths) -> RecordedExchange:
    """Return *exchange* as if *tenant* had had it: its path begins with the tenant's id.

    *paths* are the described ones; the path of another request stays.
    """
    path = exchange.key.path
    match = paths.find_end("/" + "/".join(path))
    if match is None:
        return exchange
    count = len(match.template.strip("/").split("/"))
    key = msgspec.structs.replace(exchange.key, path=(tenant, *path[-count:]))
    return msgspec.structs.replace(exchange, key=key)
