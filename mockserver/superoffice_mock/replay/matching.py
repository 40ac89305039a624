"""Compares a request with a recorded one, field by field, and returns the differences."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain, islice
from typing import Final

import msgspec

from superoffice_contract.messages import shorten
from superoffice_mock.core.credentials import (
    AccessToken,
    BasicCredentials,
    PresentedCredentials,
    SessionCredentials,
    Ticket,
    UnusableCredentials,
)
from superoffice_mock.replay.json_values import NumberText
from superoffice_mock.replay.pseudonym_bindings import Attempt, has_pseudonym
from superoffice_mock.replay.request_key import FreeBody, OpaqueBody, RequestKey, TypedBody

_MISSING: Final = object()
Steps = tuple[str | int, ...]
"""Names of members and indices of items, from the root of a JSON value."""
_CREDENTIALS_KINDS: Final = {
    BasicCredentials: "Basic",
    Ticket: "SOTicket",
    AccessToken: "Bearer",
    SessionCredentials: "a session",
}
_WEIGHTS: Final = {"method": 6, "path": 6, "query": 2, "credentials": 2, "media-type": 1, "body": 1}
"""Distance that a difference in a field adds: another path is worse than another account."""
_WHOLE_FIELD_WEIGHT: Final = 2
"""Distance that is added if a field differs as a whole."""


class Difference(msgspec.Struct, frozen=True):
    """One difference between a recorded and an actual message; it shows no secrets and names."""

    field: str
    where: str
    recorded_value: str
    actual_value: str

    @property
    def text(self) -> str:
        """The difference in words."""
        return ": ".join(self.place_and_values)

    @property
    def place_and_values(self) -> tuple[str, str]:
        """Where the difference is, and the two values."""
        place = f"{self.field} {self.where}".strip()
        return place, f"recorded {self.recorded_value}, got {self.actual_value}"


def weight_of(field: str, where: str = "") -> int:
    """Return how far apart a difference *where* in a field puts two requests."""
    return _WEIGHTS[field] + _WHOLE_FIELD_WEIGHT * (not where)


def differences(
    recorded: RequestKey, actual: RequestKey, fields: Iterable[str], attempt: Attempt
) -> Iterator[Difference]:
    """Yield the differences of the request *actual* from *recorded*.

    *attempt* collects what the pseudonyms in *recorded* stand for.
    """
    for field in fields:
        yield from FIELDS[field](recorded, actual, attempt)


def _method(recorded: RequestKey, actual: RequestKey, _: Attempt) -> Iterator[Difference]:
    if recorded.method != actual.method:
        yield Difference("method", "", recorded.method, shorten(actual.method))


def _path(recorded: RequestKey, actual: RequestKey, attempt: Attempt) -> Iterator[Difference]:
    if recorded.path == actual.path and not any(map(has_pseudonym, recorded.path)):
        return
    is_same = len(recorded.path) == len(actual.path) and all(
        attempt.matches(*segments) for segments in zip(recorded.path, actual.path, strict=True)
    )
    if not is_same:
        yield Difference("path", "", shorten(recorded.full_path), shorten(actual.full_path))


def _query(recorded: RequestKey, actual: RequestKey, attempt: Attempt) -> Iterator[Difference]:
    if recorded.query == actual.query and not any(
        map(has_pseudonym, chain(recorded.query, *recorded.query.values()))
    ):
        return
    if any(json_differences("query", recorded.query, actual.query, attempt)):
        yield Difference(
            "query", "", _describe_query(recorded.query), _describe_query(actual.query)
        )


def _describe_query(names: Iterable[str]) -> str:
    shown = ", ".join(shorten(f"?{name}") for name in islice(names, 3))
    return f"other values of {shown}" if shown else "none"


def _media_type(recorded: RequestKey, actual: RequestKey, _: Attempt) -> Iterator[Difference]:
    if recorded.media_type != actual.media_type:
        yield Difference("media-type", "", *_media_types(recorded, actual))


def _media_types(*keys: RequestKey) -> Iterator[str]:
    return (shorten(key.media_type) or "none" for key in keys)


def _credentials(
    recorded: RequestKey, actual: RequestKey, attempt: Attempt
) -> Iterator[Difference]:
    if recorded.any_credentials or actual.any_credentials:
        return
    recorded_kind, actual_kind = map(credentials_kind, (recorded.credentials, actual.credentials))
    if recorded_kind != actual_kind:
        yield Difference("credentials", "", recorded_kind, actual_kind)
    elif not isinstance(recorded.credentials, UnusableCredentials):
        for name in recorded.credentials.__struct_fields__:
            old, new = (getattr(key.credentials, name) for key in (recorded, actual))
            if old is None or new is None:
                if old != new:
                    counts = ("none" if value is None else "one" for value in (old, new))
                    yield Difference("credentials", name, *counts)
            elif not attempt.matches(old, new, "credentials"):
                description = _describe_text(old, "one value")
                yield Difference("credentials", name, description, "another value")


def credentials_kind(credentials: PresentedCredentials) -> str:
    """Return the kind of *credentials* in words; why there are none if they are unusable."""
    if isinstance(credentials, UnusableCredentials):
        return f"none ({credentials.where}: {credentials.reason})"
    return _CREDENTIALS_KINDS[type(credentials)]


def _describe_text(text: str, otherwise: str) -> str:
    return f'"{shorten(text)}" (with pseudonyms)' if has_pseudonym(text) else otherwise


def _body(recorded: RequestKey, actual: RequestKey, attempt: Attempt) -> Iterator[Difference]:
    if recorded.body is not None and actual.body is not None:
        yield from _body_differences(recorded.body, actual.body, attempt)
    elif None not in (recorded.length, actual.length):
        if recorded.length != actual.length:
            yield Difference("body", "length", f"{recorded.length} bytes", f"{actual.length}")
        is_known = all(key.media_type or key.body is not None for key in (recorded, actual))
        if is_known and recorded.media_type != actual.media_type:
            yield Difference("body", "type", *_media_types(recorded, actual))


def _body_differences(
    recorded: TypedBody | OpaqueBody, actual: TypedBody | OpaqueBody, attempt: Attempt
) -> Iterator[Difference]:
    if type(recorded) is not type(actual):
        yield Difference("body", "", _describe_body(recorded), _describe_body(actual))
    elif isinstance(recorded, TypedBody) and isinstance(actual, TypedBody):
        if recorded.has_pseudonyms or recorded.content != actual.content:
            yield from json_differences("body", recorded.content, actual.content, attempt)
    elif isinstance(recorded, OpaqueBody) and isinstance(actual, OpaqueBody):
        is_same_type = recorded.coding == actual.coding and attempt.matches(
            recorded.media_type, actual.media_type
        )
        if not is_same_type and recorded.text and actual.text:
            yield Difference("body", "", _describe_type(recorded), _describe_type(actual))
        elif not attempt.matches(recorded.text, actual.text):
            lengths = f"{len(recorded.text)} bytes", f"{len(actual.text)} other bytes"
            yield Difference("body", "", *lengths)


def _describe_type(body: OpaqueBody) -> str:
    return shorten(f"{body.media_type} {body.coding}").strip() or "no type"


def _describe_body(body: TypedBody | OpaqueBody) -> str:
    if isinstance(body, TypedBody):
        return "JSON" if isinstance(body, FreeBody) else "a readable body"
    return "an unreadable body" if body.text else "none"


def json_differences(
    field: str, recorded: object, actual: object, attempt: Attempt, steps: Steps = ()
) -> Iterator[Difference]:
    """Yield the differences between two JSON values; *steps* lead to them.

    Decoded objects are compared member by member, however the bodies spell their names.
    """
    match recorded, actual:
        case msgspec.Struct(), msgspec.Struct():
            for member, name in _described_members(type(recorded), type(actual)).items():
                value, other = (getattr(each, member, _MISSING) for each in (recorded, actual))
                if not (type(value) is type(other) is int and value == other):
                    yield from json_differences(field, value, other, attempt, (*steps, name))
        case dict(), dict():
            pairs = attempt.pair_names(recorded, actual)
            for name, value in recorded.items():
                other = actual[pairs[name]] if name in pairs else _MISSING
                yield from json_differences(field, value, other, attempt, (*steps, name))
            paired_names = {*pairs.values()}
            for name, other in actual.items():
                if name not in paired_names:
                    yield from json_differences(field, _MISSING, other, attempt, (*steps, name))
        case list(), list():
            for index, values in enumerate(zip(recorded, actual, strict=False)):
                yield from json_differences(field, *values, attempt, (*steps, index))
            if len(recorded) != len(actual):
                lengths = f"{len(recorded)} items", f"{len(actual)}"
                yield Difference(field, _pointer(steps), *lengths)
        case str(), str():
            is_same_type = isinstance(recorded, NumberText) is isinstance(actual, NumberText)
            if not is_same_type or not attempt.matches(recorded, actual):
                description = _describe_text(recorded, _describe_value(recorded))
                other = "another text" if type(actual) is str else _describe_value(actual)
                yield Difference(field, _pointer(steps), description, other)
        case _:
            if type(recorded) is not type(actual) or recorded != actual:
                values = (_describe_value(recorded), _describe_value(actual))
                yield Difference(field, _pointer(steps), *values)


@lru_cache
def _described_members(*types: type[msgspec.Struct]) -> Mapping[str, str]:
    """Return the members of *types*, and the names of the first that has them."""
    return {
        member: name
        for kind in reversed(types)
        for member, name in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    }


def _pointer(steps: Steps) -> str:
    """Return *steps* as a JSON Pointer."""
    return "".join(f"/{shorten(str(step)).replace('~', '~0').replace('/', '~1')}" for step in steps)


def _describe_value(value: object) -> str:
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case int() | float() | NumberText():
            return shorten(str(value))
        case str():
            return "a text"
        case list():
            return "an array"
        case dict() | msgspec.Struct():
            return "an object"
        case _:
            return "nothing"


Compare = Callable[[RequestKey, RequestKey, Attempt], Iterator[Difference]]
FIELDS: Final[Mapping[str, Compare]] = {
    "method": _method,
    "path": _path,
    "query": _query,
    "body": _body,
    "credentials": _credentials,
    "media-type": _media_type,
}
"""The fields that can be compared; `--match` selects some."""
DEFAULT_FIELDS: Final = ("method", "path", "query", "body", "credentials")
