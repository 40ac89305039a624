"""Compares a request with a recorded one, field by field, and returns the differences."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import msgspec

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
from superoffice_mock.wire.values import shorten

_MISSING: Final = object()
_CREDENTIALS_KINDS: Final = {
    BasicCredentials: "Basic",
    Ticket: "SOTicket",
    AccessToken: "Bearer",
    SessionCredentials: "a session",
}


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


def differences(
    expected: RequestKey, actual: RequestKey, fields: Iterable[str], attempt: Attempt
) -> Iterator[Difference]:
    """Yield the differences of *actual* from the recorded *expected*.

    *attempt* collects what the pseudonyms in *expected* stand for.
    """
    for field in fields:
        yield from FIELDS[field](expected, actual, attempt)


def _method(expected: RequestKey, actual: RequestKey, _: Attempt) -> Iterator[Difference]:
    if expected.method != actual.method:
        yield Difference("method", "", expected.method, shorten(actual.method))


def _path(expected: RequestKey, actual: RequestKey, attempt: Attempt) -> Iterator[Difference]:
    if expected.path == actual.path and not any(map(has_pseudonym, expected.path)):
        return
    is_same = len(expected.path) == len(actual.path) and all(
        attempt.matches(*segments) for segments in zip(expected.path, actual.path, strict=True)
    )
    if not is_same:
        yield Difference("path", "", _format_path(expected.path), _format_path(actual.path))


def _format_path(path: tuple[str, ...]) -> str:
    return shorten("/" + "/".join(path))


def _query(expected: RequestKey, actual: RequestKey, attempt: Attempt) -> Iterator[Difference]:
    if not expected.query and not actual.query:
        return
    is_same = len(expected.query) == len(actual.query) and all(
        attempt.matches(name, actual_name) and attempt.matches(value, actual_value)
        for (name, value), (actual_name, actual_value) in zip(
            expected.query, actual.query, strict=True
        )
    )
    if not is_same:
        yield Difference(
            "query", "", _describe_query(expected.query), _describe_query(actual.query)
        )


def _describe_query(query: tuple[tuple[str, str], ...]) -> str:
    names = ", ".join(shorten(f"?{name}") for name, _ in query[:3])
    return f"other values of {names}" if names else "none"


def _media_type(expected: RequestKey, actual: RequestKey, _: Attempt) -> Iterator[Difference]:
    if expected.media_type != actual.media_type:
        before, after = (shorten(key.media_type) or "none" for key in (expected, actual))
        yield Difference("media-type", "", before, after)


def _credentials(
    expected: RequestKey, actual: RequestKey, attempt: Attempt
) -> Iterator[Difference]:
    before, after = expected.credentials, actual.credentials
    if type(before) is not type(after):
        yield Difference("credentials", "", _credentials_kind(before), _credentials_kind(after))
        return
    if isinstance(before, UnusableCredentials):
        if before != after:
            yield Difference("credentials", "", _credentials_kind(before), _credentials_kind(after))
        return
    for name in before.__struct_fields__:
        value, actual_value = getattr(before, name), getattr(after, name)
        if (value is None) != (actual_value is None):
            counts = ("none" if part is None else "one" for part in (value, actual_value))
            yield Difference("credentials", name, *counts)
        elif value is not None and not attempt.matches(value, actual_value, "credentials"):
            description = _describe_text(value, "one value")
            yield Difference("credentials", name, description, "another value")


def _credentials_kind(credentials: PresentedCredentials) -> str:
    if isinstance(credentials, UnusableCredentials):
        return f"none ({credentials.where}: {credentials.reason})"
    return _CREDENTIALS_KINDS[type(credentials)]


def _describe_text(text: str, otherwise: str) -> str:
    return f"what {text} stands for" if has_pseudonym(text) else otherwise


def _body(expected: RequestKey, actual: RequestKey, attempt: Attempt) -> Iterator[Difference]:
    before, after = expected.body, actual.body
    if before is None or after is None:
        return
    if isinstance(before, TypedBody) and isinstance(after, TypedBody):
        if before.has_pseudonyms or before.request != after.request:
            yield from json_differences("body", "", _builtins(before), _builtins(after), attempt)
    elif isinstance(before, TypedBody) or isinstance(after, TypedBody):
        yield Difference("body", "", _describe_body(before), _describe_body(after))
    elif _type_of(before) != _type_of(after) and before.text and after.text:
        types = (shorten(" ".join(_type_of(body))).strip() or "no type" for body in (before, after))
        yield Difference("body", "", *types)
    elif not attempt.matches(before.text, after.text):
        yield Difference("body", "", f"{len(before.text)} bytes", f"{len(after.text)} other bytes")


def _builtins(body: TypedBody) -> object:
    return msgspec.to_builtins(body.request)


def _type_of(body: OpaqueBody) -> tuple[str, str]:
    return body.media_type, body.coding


def _describe_body(body: TypedBody | OpaqueBody) -> str:
    if isinstance(body, TypedBody):
        return "a readable body"
    return "an unreadable body" if body.text else "none"


def json_differences(
    field: str, where: str, expected: object, actual: object, attempt: Attempt
) -> Iterator[Difference]:
    """Yield the differences between two JSON values; *where* is a JSON Pointer."""
    match expected, actual:
        case dict(), dict():
            for name in {**expected, **actual}:
                values = (expected.get(name, _MISSING), actual.get(name, _MISSING))
                place = f"{where}/{_pointer_step(name)}"
                yield from json_differences(field, place, *values, attempt)
        case list(), list():
            for index, values in enumerate(zip(expected, actual, strict=False)):
                yield from json_differences(field, f"{where}/{index}", *values, attempt)
            if len(expected) != len(actual):
                yield Difference(field, where, f"{len(expected)} items", f"{len(actual)}")
        case str(), str():
            if not attempt.matches(expected, actual):
                description = _describe_text(expected, "a text")
                yield Difference(field, where, description, "another text")
        case _:
            if type(expected) is not type(actual) or expected != actual:
                yield Difference(field, where, _describe_value(expected), _describe_value(actual))


def _pointer_step(name: str) -> str:
    return shorten(name).replace("~", "~0").replace("/", "~1")


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
        case dict():
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
