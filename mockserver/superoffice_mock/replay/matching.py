"""Compares a request with a recorded one, field by field, and returns the differences."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import msgspec
from msgspec.structs import asdict

from superoffice_contract.messages import shorten
from superoffice_mock.core.credentials import (
    AccessToken,
    BasicCredentials,
    PresentedCredentials,
    SessionCredentials,
    Ticket,
    UnusableCredentials,
)
from superoffice_mock.replay.pseudonym_bindings import Attempt, has_pseudonym
from superoffice_mock.replay.request_key import OpaqueBody, RequestKey, TypedBody

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
        place = f"{self.field} {self.where}" if self.where else self.field
        return f"{place}: recorded {self.recorded_value}, got {self.actual_value}"


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
        yield Difference("path", "", _format_path(recorded.path), _format_path(actual.path))


def _format_path(path: tuple[str, ...]) -> str:
    return shorten("/" + "/".join(path))


def _query(recorded: RequestKey, actual: RequestKey, attempt: Attempt) -> Iterator[Difference]:
    if not recorded.query and not actual.query:
        return
    is_same = len(recorded.query) == len(actual.query) and all(
        attempt.matches(name, actual_name) and attempt.matches(value, actual_value)
        for (name, value), (actual_name, actual_value) in zip(
            recorded.query, actual.query, strict=True
        )
    )
    if not is_same:
        yield Difference(
            "query", "", _describe_query(recorded.query), _describe_query(actual.query)
        )


def _describe_query(query: tuple[tuple[str, str], ...]) -> str:
    names = ", ".join(shorten(f"?{name}") for name, _ in query[:3])
    return f"other values of {names}" if names else "none"


def _media_type(recorded: RequestKey, actual: RequestKey, _: Attempt) -> Iterator[Difference]:
    if recorded.media_type != actual.media_type:
        types = (shorten(key.media_type) or "none" for key in (recorded, actual))
        yield Difference("media-type", "", *types)


def _credentials(
    recorded: RequestKey, actual: RequestKey, attempt: Attempt
) -> Iterator[Difference]:
    recorded_kind, actual_kind = map(credentials_kind, (recorded.credentials, actual.credentials))
    if recorded_kind != actual_kind:
        yield Difference("credentials", "", recorded_kind, actual_kind)
    elif not isinstance(recorded.credentials, UnusableCredentials):
        for name in recorded.credentials.__struct_fields__:
            value, actual_value = (getattr(key.credentials, name) for key in (recorded, actual))
            yield from _credential_differences(name, value, actual_value, attempt)


def _credential_differences(
    name: str, recorded: str | None, actual: str | None, attempt: Attempt
) -> Iterator[Difference]:
    if recorded is None or actual is None:
        if recorded != actual:
            counts = ("none" if value is None else "one" for value in (recorded, actual))
            yield Difference("credentials", name, *counts)
    elif not attempt.matches(recorded, actual, "credentials"):
        description = _describe_text(recorded, "one value")
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


def _body_differences(
    recorded: TypedBody | OpaqueBody, actual: TypedBody | OpaqueBody, attempt: Attempt
) -> Iterator[Difference]:
    if isinstance(recorded, TypedBody) and isinstance(actual, TypedBody):
        if recorded.has_pseudonyms or recorded.content != actual.content:
            yield from json_differences("body", recorded.content, actual.content, attempt)
    elif isinstance(recorded, TypedBody) or isinstance(actual, TypedBody):
        yield Difference("body", "", _describe_body(recorded), _describe_body(actual))
    elif _type_of(recorded) != _type_of(actual) and recorded.text and actual.text:
        yield Difference("body", "", _describe_type(recorded), _describe_type(actual))
    elif not attempt.matches(recorded.text, actual.text):
        lengths = f"{len(recorded.text)} bytes", f"{len(actual.text)} other bytes"
        yield Difference("body", "", *lengths)


def _type_of(body: OpaqueBody) -> tuple[str, str]:
    return body.media_type, body.coding


def _describe_type(body: OpaqueBody) -> str:
    return shorten(" ".join(_type_of(body))).strip() or "no type"


def _describe_body(body: TypedBody | OpaqueBody) -> str:
    if isinstance(body, TypedBody):
        return "a readable body"
    return "an unreadable body" if body.text else "none"


def json_differences(
    field: str, recorded: object, actual: object, attempt: Attempt, steps: Steps = ()
) -> Iterator[Difference]:
    """Yield the differences between two JSON values; *steps* lead to them.

    Decoded objects are compared member by member, however the bodies spell their names.
    """
    if isinstance(recorded, msgspec.Struct) and isinstance(actual, msgspec.Struct):
        names = dict(
            zip(recorded.__struct_fields__, recorded.__struct_encode_fields__, strict=True)
        )
        recorded, actual = (_members(value, names) for value in (recorded, actual))
    match recorded, actual:
        case dict(), dict():
            for name in {**recorded, **actual}:
                values = (recorded.get(name, _MISSING), actual.get(name, _MISSING))
                yield from json_differences(field, *values, attempt, (*steps, name))
        case list(), list():
            for index, values in enumerate(zip(recorded, actual, strict=False)):
                yield from json_differences(field, *values, attempt, (*steps, index))
            if len(recorded) != len(actual):
                lengths = f"{len(recorded)} items", f"{len(actual)}"
                yield Difference(field, _pointer(steps), *lengths)
        case str(), str():
            if not attempt.matches(recorded, actual):
                description = _describe_text(recorded, "a text")
                yield Difference(field, _pointer(steps), description, "another text")
        case _:
            if type(recorded) is not type(actual) or recorded != actual:
                values = (_describe_value(recorded), _describe_value(actual))
                yield Difference(field, _pointer(steps), *values)


def _members(value: msgspec.Struct, names: Mapping[str, str]) -> dict[str, object]:
    return {names.get(field, field): child for field, child in asdict(value).items()}


def _pointer(steps: Steps) -> str:
    """Return *steps* as a JSON Pointer."""
    return "".join(f"/{shorten(str(step)).replace('~', '~0').replace('/', '~1')}" for step in steps)


def _describe_value(value: object) -> str:
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case int() | float():
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
