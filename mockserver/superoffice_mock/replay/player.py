"""Plays a recording: finds the exchange that a request matches, and when it may be answered."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, Literal

import msgspec

from superoffice_contract.openapi.paths import Paths
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings.model import Entry
from superoffice_mock.replay import arrival_order, matching
from superoffice_mock.replay.matching import DEFAULT_FIELDS, Difference
from superoffice_mock.replay.pseudonym_bindings import Attempt, Bindings
from superoffice_mock.replay.request_key import RequestKey, RequestKeys

Timing = Literal["recorded", "none"]

MAX_DIFFERENCES: Final = 20
MAX_REMEMBERED: Final = 1024
"""Limit of the different requests whose matches are remembered."""
_WEIGHTS: Final = {"method": 6, "path": 6, "query": 2, "credentials": 2, "media-type": 1, "body": 1}
"""Distance that a difference in a field adds: another path is worse than another account."""
_WHOLE_FIELD_WEIGHT: Final = 2
"""Distance that is added if a field differs as a whole."""


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


class Player:
    """Plays the *exchanges* of one tenant once. It holds which were used, and the pseudonyms."""

    def __init__(
        self, exchanges: Sequence[RecordedExchange], rules: Rules, bindings: Bindings | None = None
    ) -> None:
        self.exchanges = exchanges
        self._rules = rules
        self._bindings = bindings or Bindings()
        self._used = bytearray(len(exchanges))
        self._first_unused_index = 0
        self._past_requests: set[RequestKey] = set()
        self._matches: dict[RequestKey, tuple[int, ...]] = {}
        indices = [index for index, exchange in enumerate(exchanges) if exchange.in_order]
        order = arrival_order.order_of([exchanges[index].entry for index in indices])
        self._places = dict(zip(indices, order.places, strict=True))
        self._arrivals_before = dict(zip(indices, order.before, strict=True))
        self._by_place = {place: index for index, place in self._places.items()}
        self._arrived_places: set[int] = set()
        self._next_place = 0
        self.keeps_order = order.overlaps if rules.timing is None else rules.timing == "recorded"

    def take(self, request: RequestKey) -> int | Miss:
        """Return the index of the first unused exchange that *request* matches, and use it up."""
        matches = self._stable_matches(request)
        index = self._find_next(request, matches)
        if index is None and self._rules.repeat:
            index = self._start_over(self._find_all(request)[0] if matches is None else matches)
        if index is None:
            return self._explain_miss(request)
        self._use(index)
        return index

    def skip_faulted(self, request: RequestKey) -> None:
        """Use up the exchange that *request* matches, if a fault answered it when recorded."""
        index = self._find_next(request, self._stable_matches(request))
        if index is not None and self.exchanges[index].entry.label.outcome == "faulted":
            self._use(index)

    @property
    def remaining(self) -> tuple[RecordedExchange, ...]:
        """The exchanges that have not been played yet."""
        pairs = zip(self.exchanges, self._used, strict=True)
        return tuple(exchange for exchange, is_used in pairs if not is_used)

    def missing(self, index: int) -> tuple[str, ...]:
        """Return the places of requests that came before this answer and have not arrived yet."""
        if not self.keeps_order:
            return ()
        places = range(self._next_place, self._arrivals_before.get(index, 0))
        return tuple(
            self.exchanges[self._by_place[place]].place
            for place in places
            if place not in self._arrived_places
        )

    # ---- matches -----------------------------------------------------------------------------

    def _find_next(self, request: RequestKey, matches: tuple[int, ...] | None) -> int | None:
        return self._find_unused(request) if matches is None else self._first_unused(matches)

    def _find_unused(self, request: RequestKey) -> int | None:
        """Return the first unused match; immediate for requests in the recorded order."""
        while self._first_unused_index < len(self._used) and self._used[self._first_unused_index]:
            self._first_unused_index += 1
        for index in range(self._first_unused_index, len(self.exchanges)):
            if not self._used[index] and (attempt := self._match(index, request)) is not None:
                attempt.commit()
                return index
        return None

    def _first_unused(self, indices: Iterable[int]) -> int | None:
        return next((index for index in indices if not self._used[index]), None)

    def _start_over(self, indices: tuple[int, ...]) -> int | None:
        """Make these exchanges unused again, and return the first."""
        for index in indices:
            self._used[index] = False
        self._first_unused_index = min([self._first_unused_index, *indices[:1]])
        return self._first_unused(indices)

    def _stable_matches(self, request: RequestKey) -> tuple[int, ...] | None:
        """Return all matches of *request* if they can't change any more, else None.

        They are looked up when a request comes for the second time. A request that does not match
        now never will, as bindings stay.
        """
        matches = self._matches.get(request)
        if matches is not None or request not in self._past_requests:
            if len(self._past_requests) >= MAX_REMEMBERED:
                self._past_requests.clear()
                self._matches.clear()
            self._past_requests.add(request)
            return matches
        matches, are_bound = self._find_all(request)
        if not are_bound:
            return None
        self._matches[request] = matches
        return matches

    def _find_all(self, request: RequestKey) -> tuple[tuple[int, ...], bool]:
        """Return all matches of *request*, and whether all their pseudonyms are bound already."""
        matches, are_bound = [], True
        for index in range(len(self.exchanges)):
            attempt = self._match(index, request)
            if attempt is not None:
                matches.append(index)
                are_bound = are_bound and not attempt.has_new
        return tuple(matches), are_bound

    def _match(self, index: int, request: RequestKey) -> Attempt | None:
        """Return the bindings by which *request* matches this exchange; None if it does not."""
        attempt = Attempt(self._bindings)
        return attempt if next(self._differences(index, request, attempt), None) is None else None

    def _differences(
        self, index: int, request: RequestKey, attempt: Attempt
    ) -> Iterator[Difference]:
        fields = self._rules.fields
        return matching.differences(self.exchanges[index].key, request, fields, attempt)

    def _use(self, index: int) -> None:
        self._used[index] = True
        place = self._places.get(index)
        if place is None or not self.keeps_order:
            return
        self._arrived_places.add(place)
        while self._next_place in self._arrived_places:
            self._next_place += 1

    # ---- misses ------------------------------------------------------------------------------

    def _explain_miss(self, request: RequestKey) -> Miss:
        if not self.exchanges:
            return Miss("nothing is recorded for this tenant")
        candidates = [
            self._first_differences(index, request) for index in range(len(self.exchanges))
        ]
        matches = sum(not differences for differences in candidates)
        if matches:
            why = "the only recorded answer to this request has been given"
            if matches > 1:
                why = f"all {matches} recorded answers to this request have been given"
            return Miss(f"{why}; --repeat gives them again, a reset starts over")
        nearest = min(
            range(len(candidates)), key=lambda index: (_distance(candidates[index]), index)
        )
        place = self.exchanges[nearest].place
        fields = ", ".join(dict.fromkeys(difference.field for difference in candidates[nearest]))
        return Miss(
            f"no recorded request matches; the nearest, {place}, differs in {fields}",
            candidates[nearest],
        )

    def _first_differences(self, index: int, request: RequestKey) -> tuple[Difference, ...]:
        attempt = Attempt(self._bindings)
        return tuple(islice(self._differences(index, request, attempt), MAX_DIFFERENCES))


def _distance(differences: tuple[Difference, ...]) -> int:
    return sum(
        _WEIGHTS[difference.field] + _WHOLE_FIELD_WEIGHT * (not difference.where)
        for difference in differences
    )


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
