"""Finds recorded requests that are like a request, without a comparison with each of them.

A set of recorded requests is a number with a bit for each of them, its rows, so that one operation
of Python handles all. What the index says of two requests is a bound: pseudonyms that stand for no
value yet may make them differ in more than it says, but never in less.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final, NamedTuple

import msgspec

from superoffice_mock.core.credentials import UnusableCredentials
from superoffice_mock.replay import matching, pseudonym_bindings
from superoffice_mock.replay.pseudonym_bindings import (
    Bindings,
    Key,
    Template,
    has_pseudonym,
    key_of,
)
from superoffice_mock.replay.request_key import RequestKey, TypedBody

Rows = int | list[int]
"""A set of recorded requests; a short one is a list, which takes less memory."""
PlaceName = tuple[Any, ...]
"""The field, and the steps to a value in it."""
RowsOf = defaultdict[Any, list[int]]
Part = tuple[int, Sequence[tuple[PlaceName, Any]]]
"""What a difference adds to the distance, and the values that are one if any of them differs.

What adds 0 is not looked up: the names in it are pseudonyms, so it may match any other.
"""

MAX_PARTS: Final = 100
"""The limit for the parts of a request: those behind them in a body are not in the index."""
_FEW: Final = 4
"""So few rows are compared at once; to look up every value of a request could take longer."""
_SHORT: Final = 512
"""A set of fewer than one in so many requests is short."""
_MEMBER_WEIGHT: Final = matching.weight_of("body", "member")
_LENGTH: Final = -1
"""The step to the length of a list."""
_NAMES: Final = -2
"""The step to the names of an object."""
_MISSING_BODY: Final = (("body", "missing", "length"), ("body", "missing", "type"))
"""The places of what is known of a body that is not on record."""


class _Place(NamedTuple):
    """The recorded values at one place: the rows of each, and of all.

    *templates* has the rows of texts with pseudonyms.
    """

    values: dict[Any, Rows]
    templates: dict[Template, Rows]
    rows: int


class RequestIndex:
    """The requests in *keys*, by the values in their *fields*. It never changes.

    *texts_of_words* has the places and texts of each pseudonym, by its group.
    """

    def __init__(self, keys: Sequence[RequestKey], fields: Iterable[str]) -> None:
        self.fields = tuple(fields)
        self.all_rows = (1 << len(keys)) - 1
        self.texts_of_words: defaultdict[Key, set[tuple[PlaceName, str]]]
        self.texts_of_words = defaultdict(set)
        values: defaultdict[PlaceName, RowsOf] = defaultdict(lambda: defaultdict(list))
        templates: defaultdict[PlaceName, RowsOf] = defaultdict(lambda: defaultdict(list))
        rows_by_kind: RowsOf = defaultdict(list)
        self._kinds: list[int] = []
        for row, key in enumerate(keys):
            texts = []
            all_parts = parts(key, self.fields)
            unknown_names = [pairs for weight, pairs in all_parts if not weight]
            for weight, pairs in all_parts:
                if not weight or (pairs[0][0] in _MISSING_BODY and key.body is not None):
                    continue
                for name, value in pairs:
                    values[name][value].append(row)
                    if isinstance(value, str) and has_pseudonym(value):
                        texts.append((name, value))
            for name, text in texts:
                template, words = pseudonym_bindings.split(text)
                templates[name][template].append(row)
                for word in words:
                    self.texts_of_words[key_of(group_of(name), word)].add((name, text))
            has_words = isinstance(key.body, TypedBody) and key.body.has_pseudonyms
            if texts or unknown_names or has_words:
                # In these, 1, 1.0 and true differ.
                types = ((name, type(value)) for _, pairs in all_parts for name, value in pairs)
                self._kinds.append(hash((repr(unknown_names), *texts, *types)))
            else:
                self._kinds.append(0)
            rows_by_kind[self._kinds[row]].append(row)
        self._rows_by_kind = self._pack(rows_by_kind)
        self.places = {
            name: _Place(
                self._pack(rows), self._pack(templates[name]), to_bits([*chain(*rows.values())])
            )
            for name, rows in values.items()
        }

    def rows_like(self, row: int) -> int:
        """Return the rows that match the same requests as *row*, if their values do not differ.

        That is, those with the same pseudonyms in the same places.
        """
        return to_bits(self._rows_by_kind[self._kinds[row]])

    def _pack(self, rows_by_value: RowsOf) -> dict[Any, Rows]:
        """Make numbers of the long lists in *rows_by_value*."""
        longest = self.all_rows.bit_length() // _SHORT
        return {
            value: rows if len(rows) <= longest else to_bits(rows)
            for value, rows in rows_by_value.items()
        }


class Search:
    """Searches *index*; its pseudonyms stand for what *bindings* say."""

    def __init__(self, index: RequestIndex, bindings: Bindings) -> None:
        self._index = index
        self._bindings = bindings
        self._seen_bindings = 0
        self._bound_texts: defaultdict[tuple[PlaceName, str], list[str]] = defaultdict(list)
        self._unbound_rows: dict[tuple[PlaceName, Template], int] = {}

    def find_alike(self, request: RequestKey, rows: int) -> Iterator[int]:
        """Yield those of *rows* that *request* may match, in groups; the first row comes first.

        It matches all or none of a group.
        """
        has_like_rows = False
        if rows.bit_count() > _FEW:
            fields = sorted(self._index.fields, key="body".__eq__)  # a body may have many values
            request_parts = parts(request, fields)
            has_like_rows = not self._bindings.two_sided and len(request_parts) < MAX_PARTS
            has_like_rows &= request.body is not None  # else the length decides
            for _, different in self._differences(request_parts):
                rows &= ~different
                if rows.bit_count() <= _FEW:
                    has_like_rows = False
                    break
        while rows:
            like = self._index.rows_like(first_row(rows)) if has_like_rows else rows & -rows
            yield rows & like
            rows &= ~like

    def sort_by_distance(self, request: RequestKey, limit: int) -> Iterator[tuple[int, int]]:
        """Yield the least possible distance of each row from *request*, and the row, nearest first.

        Rows of the same distance are in their order. Only *limit* differences of a row count.
        """
        sums: list[int] = []
        counts: list[int] = []
        all_rows = pending = self._index.all_rows
        fields = self._index.fields
        first = fields.index("body") if "body" in fields else len(fields)
        for weight, different in self._differences(parts(request, fields[:first])):
            _add_number(sums, different, weight)
            _add_number(counts, different, 1)
        # A body may have more differences than are found, which then count before later ones.
        for weight, different in self._differences(parts(request, fields[first:])):
            for _ in range(weight):
                counted = different & pending
                _add_number(sums, counted, 1)
                _add_number(counts, counted, 1)
                pending &= ~_rows_with_number(counts, limit, counted)
            if not pending:
                break
        yield from _sort_rows(all_rows, sums)

    def _differences(self, request_parts: Iterable[Part]) -> Iterator[tuple[int, int]]:
        """Yield the weight of each part, and the rows that differ in it."""
        self._note_bindings()
        for weight, values in request_parts:
            place = self._index.places.get(values[0][0]) if weight else None
            if place is not None:
                equal = place.rows
                for name, value in values:
                    equal &= self._find_equal(name, value)
                if equal != place.rows:
                    yield weight, place.rows & ~equal

    def _find_equal(self, name: PlaceName, value: Any) -> int:  # noqa: ANN401 - a value of JSON
        """Return the rows whose value at a place may be *value*."""
        place = self._index.places.get(name)
        if place is None:
            return 0
        rows = to_bits(place.values.get(value, 0))
        if not isinstance(value, str):
            return rows
        if self._bindings.two_sided and has_pseudonym(value):
            return place.rows
        if place.templates:
            for text in self._bound_texts.get((name, value), ()):
                rows |= to_bits(place.values[text])
            own = pseudonym_bindings.first_pseudonym(value)  # which only matches itself
            for template in place.templates:
                if pseudonym_bindings.may_fit(template, value) and (
                    own is None or pseudonym_bindings.may_split_pseudonyms(template)
                ):
                    rows |= self._find_unbound(name, template)
            own_key = key_of(group_of(name), own or "")
            for place_name, text in self._index.texts_of_words.get(own_key, ()):
                if place_name == name:
                    rows |= to_bits(place.values[text])
        return rows

    def _find_unbound(self, name: PlaceName, template: Template) -> int:
        """Return the rows with a text of *template* with a pseudonym that stands for no value."""
        unbound = self._unbound_rows.get((name, template))
        if unbound is None:
            return to_bits(self._index.places[name].templates[template])
        return unbound

    def _note_bindings(self) -> None:
        """Note which texts have pseudonyms that all stand for values now."""
        values = self._bindings.values
        for key in islice(reversed(values), len(values) - self._seen_bindings):
            for name, text in self._index.texts_of_words.get(key, ()):
                bound_text = self._bindings.resolve(text, group_of(name))
                if bound_text is not None:
                    self._bound_texts[name, bound_text].append(text)
                    template, _ = pseudonym_bindings.split(text)
                    bound_rows = to_bits(self._index.places[name].values[text])
                    unbound = self._find_unbound(name, template)
                    self._unbound_rows[name, template] = unbound & ~bound_rows
        self._seen_bindings = len(values)


# ---- the parts of a request ------------------------------------------------------------------


def parts(key: RequestKey, fields: Iterable[str]) -> list[Part]:
    """Return the parts of *key* in *fields*, without those of a body behind `MAX_PARTS`.

    What `matching` compares is equal if all are.
    """
    found: list[Part] = []
    for field in fields:
        _ADD_PARTS[field](found, key)
    return found


def group_of(name: PlaceName) -> str:
    """Return the group of the bindings of pseudonyms at a place."""
    return "credentials" if name[0] == "credentials" else ""


def _add_single(found: list[Part], field: str, value: object) -> None:
    found.append((matching.weight_of(field), [((field,), value)]))


def _add_path(found: list[Part], key: RequestKey) -> None:
    values = [(("path", index), text) for index, text in enumerate(key.path)]
    found.append((matching.weight_of("path"), [(("path",), len(key.path)), *values]))


def _add_query(found: list[Part], key: RequestKey) -> None:
    query = key.query
    if any(map(has_pseudonym, query)):
        found.append((0, [(("query",), dict(query))]))
        return
    values: list[tuple[PlaceName, Any]] = [(("query",), tuple(sorted(query)))]
    for name, texts in query.items():
        values.append((("query", name), len(texts)))
        values += [(("query", name, index), text) for index, text in enumerate(texts)]
    found.append((matching.weight_of("query"), values))


def _add_credentials(found: list[Part], key: RequestKey) -> None:
    credentials = key.credentials
    if key.any_credentials:
        return
    _add_single(found, "credentials", matching.credentials_kind(credentials))
    if not isinstance(credentials, UnusableCredentials):
        for name in credentials.__struct_fields__:
            value = ("credentials", type(credentials), name), getattr(credentials, name)
            found.append((matching.weight_of("credentials", name), [value]))


def _add_body(found: list[Part], key: RequestKey) -> None:
    body, weight = key.body, matching.weight_of("body")
    if key.length is not None:
        for place, value in zip(_MISSING_BODY, (key.length, key.media_type), strict=True):
            if value != "" or body is not None:
                found.append((_MEMBER_WEIGHT, [(place, value)]))
    if body is None:
        return
    _add_single(found, "body", type(body))
    if isinstance(body, TypedBody):
        _add_json(found, body.content, ("body", type(body)), weight)
    else:
        names = ("text", "media_type", "coding")
        found.append((weight, [(("body", name), getattr(body, name)) for name in names]))


def _add_json(found: list[Part], value: Any, name: PlaceName, weight: int) -> None:  # noqa: ANN401
    """Add the parts of a JSON value, those of an array or object before those of its values."""
    children: Iterable[tuple[Any, Any]]
    if isinstance(value, msgspec.Struct):
        found.append((weight, [(name, (dict,))]))
        members = value.__struct_fields__
        children = zip(members, msgspec.structs.astuple(value), strict=True)
    elif isinstance(value, dict):
        found.append((weight, [(name, (dict,))]))
        children = value.items()
        if any(map(has_pseudonym, value)):
            found.append((0, [(name, value)]))
            children = [pair for pair in children if not has_pseudonym(pair[0])]
        else:
            found.append((_MEMBER_WEIGHT, [((*name, _NAMES), tuple(sorted(value)))]))
    elif isinstance(value, list):
        found.append((weight, [(name, (list,))]))
        found.append((weight, [((*name, _LENGTH), len(value))]))
        children = enumerate(value)
    else:
        found.append((weight, [(name, value)]))
        return
    for step, child in children:
        if isinstance(child, (msgspec.Struct, dict, list)):
            _add_json(found, child, (*name, step), _MEMBER_WEIGHT)
        else:
            found.append((_MEMBER_WEIGHT, [((*name, step), child)]))
        if len(found) >= MAX_PARTS:
            break


_ADD_PARTS: Final[Mapping[str, Callable[[list[Part], RequestKey], None]]] = {
    "method": lambda found, key: _add_single(found, "method", key.method),
    "path": _add_path,
    "query": _add_query,
    "body": _add_body,
    "credentials": _add_credentials,
    "media-type": lambda found, key: _add_single(found, "media-type", key.media_type),
}


# ---- sets of rows ----------------------------------------------------------------------------


def to_bits(rows: Rows) -> int:
    """Return *rows* as a number."""
    if isinstance(rows, int):
        return rows
    octets = bytearray((max(rows) >> 3) + 1)
    for row in rows:
        octets[row >> 3] |= 1 << (row & 7)
    return int.from_bytes(octets, "little")


def first_row(rows: int) -> int:
    """Return the lowest of *rows*, of which there must be one."""
    return (rows & -rows).bit_length() - 1


def _add_number(numbers: list[int], rows: int, number: int) -> None:
    """Add *number* to the numbers of *rows*; the bits of all numbers are in *numbers*."""
    for place in range(number.bit_length()):
        carry = rows if number >> place & 1 else 0
        level = place
        while carry:
            numbers += [0] * (level + 1 - len(numbers))
            numbers[level], carry = numbers[level] ^ carry, numbers[level] & carry
            level += 1


def _rows_with_number(numbers: list[int], number: int, rows: int) -> int:
    """Return those of *rows* whose number is *number*."""
    if number.bit_length() > len(numbers):
        return 0
    for level, bits in enumerate(numbers):
        rows &= bits if number >> level & 1 else ~bits
    return rows


def _sort_rows(rows: int, numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the number of each of *rows*, and the row, in that order."""
    if numbers and rows:
        *lower, highest = numbers
        yield from _sort_rows(rows & ~highest, lower)
        high = 1 << len(lower)
        yield from ((high + number, row) for number, row in _sort_rows(rows & highest, lower))
    else:
        while rows:
            row = first_row(rows)
            yield 0, row
            rows ^= 1 << row
