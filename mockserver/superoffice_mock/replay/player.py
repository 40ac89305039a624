"""Plays a recording: finds the exchange that a request matches, and when it may be answered."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from math import inf
from typing import Final, Literal

import msgspec
from msgspec.structs import force_setattr, replace

from superoffice_contract.messages import SECRET_HEADERS
from superoffice_contract.openapi.paths import Paths
from superoffice_mock.recordings.model import Entry
from superoffice_mock.replay import arrival_order, matching, request_index
from superoffice_mock.replay.arrival_order import ArrivalOrder, Span
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

    *span* is when it took place. *is_call*: its path is described, and it is no preflight; only
    such exchanges take part in the order of arrival. *is_signed*: it has or needs credentials.
    """

    place: str
    key: RequestKey
    entry: Entry
    span: Span = Span()
    is_call: bool = True
    is_signed: bool = True


class Rules(msgspec.Struct, frozen=True):
    """How requests are matched.

    *fields*: names in `matching.FIELDS`. *timing*: None keeps the recorded order of calls that
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
        indices = [index for index, exchange in enumerate(exchanges) if exchange.is_call]
        self.order = ArrivalOrder([exchanges[index].span for index in indices])
        self.by_place = [indices[index] for index in self.order.by_arrival]
        self.places = {index: place for place, index in enumerate(self.by_place)}

    def places_before(self, index: int, first: int) -> Iterable[int]:
        """Return the places, from *first*, whose requests arrive before the answer to *index*."""
        place = self.places.get(index)
        if place is None or self.rules.timing == "none":
            return ()
        if self.rules.timing == "recorded":
            return range(first, self.order.before[place])
        return self.order.overlapping(place, first)


class Player:
    """Plays a *script* once. It holds which exchanges were used, and the pseudonyms."""

    def __init__(self, script: Script, bindings: Bindings | None = None) -> None:
        self.script = script
        self._bindings = bindings or Bindings()
        self._search = Search(script.index, self._bindings)
        self._unused = self._never_played = script.index.all_rows
        self._arrived_places: set[int] = set()
        self._next_place = 0

    def take(self, request: RequestKey) -> int | Miss:
        """Return the index of the first unused exchange that *request* matches, and use it up."""
        index = self._find_unused(request)
        if index is None and self.script.rules.repeat:
            self._unused |= self._find_all(request)
            index = self._find_unused(request)
        if index is None:
            return self._explain_miss(request)
        self._use(index)
        return index

    def skip_faulted(self, request: RequestKey) -> None:
        """Use up the exchange that *request* matches, if a fault answered it when recorded."""
        index = self._find_unused(request)
        if index is not None and self.script.exchanges[index].entry.label.outcome == "faulted":
            self._use(index)

    @property
    def remaining(self) -> tuple[RecordedExchange, ...]:
        """The exchanges that have not been played yet."""
        exchanges = enumerate(self.script.exchanges)
        return tuple(each for index, each in exchanges if self._never_played >> index & 1)

    def is_due(self, index: int) -> bool:
        """Return whether all requests have arrived that came before this answer."""
        return next(self._missing_places(index), None) is None

    def missing(self, index: int) -> tuple[str, ...]:
        """Return the places of requests that came before this answer and have not arrived yet."""
        places = islice(self._missing_places(index), MAX_MISSING)
        return tuple(self.script.exchanges[self.script.by_place[place]].place for place in places)

    def _missing_places(self, index: int) -> Iterator[int]:
        places = self.script.places_before(index, self._next_place)
        return (place for place in places if place not in self._arrived_places)

    # ---- matches -----------------------------------------------------------------------------

    def _find_unused(self, request: RequestKey) -> int | None:
        """Return the first unused exchange that *request* matches, and keep its bindings.

        A request in the recorded order needs no search.
        """
        for candidates in (self._unused & -self._unused, self._unused):
            for index, attempt, _ in self._find_matches(request, candidates):
                attempt.commit()
                return index
        return None

    def _find_all(self, request: RequestKey) -> int:
        """Return all rows that *request* matches."""
        matches = self._find_matches(request, self.script.index.all_rows)
        return sum(rows for _, _, rows in matches)

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
        self._never_played &= ~(1 << index)
        place = self.script.places.get(index)
        if place is None:
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


def exchanges_of(entries: Sequence[tuple[str, Entry]], keys: RequestKeys) -> list[RecordedExchange]:
    """Return *entries*, pairs of place and entry of one file, as exchanges that can be replayed.

    If calls that need credentials were accepted without, the file has none at all.
    """
    exchanges, unsigned, is_taken_out = [], [], False
    spans = arrival_order.spans_of([entry for _, entry in entries])
    for (place, entry), span in zip(entries, spans, strict=True):
        request = entry.request
        key = keys.key_of_recorded(request, entry.response.status)
        operation = keys.description.find(key.method, key.full_path)
        has_credentials = any(name in SECRET_HEADERS for name, _ in request.headers)
        needs_credentials = operation is not None and bool(operation.security)
        is_call = keys.description.paths.find(key.full_path) is not None and not (
            key.method == "OPTIONS" and request.get_all("access-control-request-method")
        )
        if is_call and not has_credentials:
            unsigned.append(key)
            is_taken_out |= key.any_credentials and needs_credentials
        is_signed = has_credentials or needs_credentials
        exchanges.append(RecordedExchange(place, key, entry, span, is_call, is_signed))
    for key in unsigned:
        force_setattr(key, "any_credentials", key.any_credentials or is_taken_out)
    return exchanges


def move_to_tenant(exchange: RecordedExchange, tenant: str, paths: Paths) -> RecordedExchange:
    """Return *exchange* as if *tenant* had had it: its path begins with the tenant's id.

    *paths* are the described ones; the path of another request stays.
    """
    match = paths.find_end(exchange.key.full_path)
    if match is None:
        return exchange
    count = len(match.template.strip("/").split("/"))
    key = replace(exchange.key, path=(tenant, *exchange.key.path[-count:]))
    return replace(exchange, key=key)
