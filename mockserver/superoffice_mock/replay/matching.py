"""Is a request a recorded one? A comparison returns the differences, field by field."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import msgspec

from superoffice_mock.core.credentials import Presented, Unusable
from superoffice_mock.replay.pseudonym_bindings import Attempt, names
from superoffice_mock.replay.request_key import OpaqueBody, RequestKey, TypedBody
from superoffice_mock.wire.values import shorten


class Difference(msgspec.Struct, frozen=True):
    """One thing in which a request is not the recorded one; secrets and names are not shown."""

    field: str
    where: str
    recorded: str
    sent: str

    @property
    def told(self) -> str:
        """The difference in words."""
        place = f"{self.field} {self.where}" if self.where else self.field
        return f"{place}: recorded {self.recorded}, got {self.sent}"


def differences(
    ours: RequestKey, theirs: RequestKey, fields: Iterable[str], attempt: Attempt
) -> Iterator[Difference]:
    """Yield in what *theirs* is not the recorded *ours*; *attempt* learns what pseudonyms mean."""
    for field in fields:
        yield from FIELDS[field](ours, theirs, attempt)


def _method(ours: RequestKey, theirs: RequestKey, _: Attempt) -> Iterator[Difference]:
    if ours.method != theirs.method:
        yield Difference("method", "", ours.method, shorten(theirs.method))


def _path(ours: RequestKey, theirs: RequestKey, attempt: Attempt) -> Iterator[Difference]:
    if ours.path == theirs.path and not any(map(names, ours.path)):
        return
    same = len(ours.path) == len(theirs.path) and all(
        attempt.agrees(*both) for both in zip(ours.path, theirs.path, strict=True)
    )
    if not same:
        yield Difference("path", "", _joined(ours.path), _joined(theirs.path))


def _joined(path: tuple[str, ...]) -> str:
    return shorten("/" + "/".join(path))


def _query(ours: RequestKey, theirs: RequestKey, attempt: Attempt) -> Iterator[Difference]:
    if not ours.query and not theirs.query:
        return
    same = len(ours.query) == len(theirs.query) and all(
        attempt.agrees(name, other) and attempt.agrees(value, given)
        for (name, value), (other, given) in zip(ours.query, theirs.query, strict=True)
    )
    if not same:
        yield Difference("query", "", _named(ours.query), _named(theirs.query))


def _named(query: tuple[tuple[str, str], ...]) -> str:
    listed = ", ".join(shorten(f"?{name}") for name, _ in query[:3])
    return f"other values of {listed}" if listed else "none"


def _media_type(ours: RequestKey, theirs: RequestKey, _: Attempt) -> Iterator[Difference]:
    if ours.media_type != theirs.media_type:
        was, now = (shorten(one.media_type) or "none" for one in (ours, theirs))
        yield Difference("media-type", "", was, now)


def _credentials(ours: RequestKey, theirs: RequestKey, attempt: Attempt) -> Iterator[Difference]:
    was, now = ours.credentials, theirs.credentials
    if type(was) is not type(now):
        yield Difference("credentials", "", _kind(was), _kind(now))
        return
    if isinstance(was, Unusable):
        if was != now:
            yield Difference("credentials", "", _kind(was), _kind(now))
        return
    for name in was.__struct_fields__:
        known, given = getattr(was, name), getattr(now, name)
        if (known is None) != (given is None):
            one, other = ("none" if value is None else "one" for value in (known, given))
            yield Difference("credentials", name, one, other)
        elif known is not None and not attempt.agrees(known, given, "credentials"):
            yield Difference("credentials", name, _value(known), "another value")


def _kind(presented: Presented) -> str:
    if isinstance(presented, Unusable):
        return f"none ({presented.where}: {presented.why})"
    return _KINDS[type(presented).__name__]


def _value(known: str) -> str:
    return f"what {known} stands for" if names(known) else "one value"


_KINDS: Final = {
    "BasicPair": "Basic",
    "Ticket": "SOTicket",
    "AccessToken": "Bearer",
    "SessionPair": "a session",
}


def _bodies(ours: RequestKey, theirs: RequestKey, attempt: Attempt) -> Iterator[Difference]:
    was, now = ours.body, theirs.body
    if was is None or now is None:
        return
    if isinstance(was, TypedBody) and isinstance(now, TypedBody):
        if was.named or was.request != now.request:
            yield from plain("body", "", _builtins(was), _builtins(now), attempt)
    elif isinstance(was, TypedBody) or isinstance(now, TypedBody):
        yield Difference("body", "", _described(was), _described(now))
    elif (was.media_type, was.coding) != (now.media_type, now.coding) and was.text and now.text:
        kinds = (
            shorten(one.media_type + " " + one.coding).strip() or "no type" for one in (was, now)
        )
        yield Difference("body", "", *kinds)
    elif not attempt.agrees(was.text, now.text):
        yield Difference("body", "", f"{len(was.text)} bytes", f"others, {len(now.text)} bytes")


def _builtins(body: TypedBody) -> object:
    return msgspec.to_builtins(body.request)


def _described(body: TypedBody | OpaqueBody) -> str:
    if isinstance(body, TypedBody):
        return "one that can be read"
    return "one that can't be read" if body.text else "none"


def plain(
    field: str, where: str, ours: object, theirs: object, attempt: Attempt
) -> Iterator[Difference]:
    """Yield in what the JSON value *theirs* is not *ours*; *where* is a JSON Pointer."""
    match ours, theirs:
        case dict(), dict():
            for name in {**ours, **theirs}:
                pair = (ours.get(name, _NOTHING), theirs.get(name, _NOTHING))
                yield from plain(field, f"{where}/{_step(name)}", *pair, attempt)
        case list(), list():
            for index, (one, other) in enumerate(zip(ours, theirs, strict=False)):
                yield from plain(field, f"{where}/{index}", one, other, attempt)
            if len(ours) != len(theirs):
                yield Difference(field, where, f"{len(ours)} items", f"{len(theirs)}")
        case str(), str():
            if not attempt.agrees(ours, theirs):
                known = _value(ours) if names(ours) else "a text"
                yield Difference(field, where, known, "another text")
        case _:
            if type(ours) is not type(theirs) or ours != theirs:
                yield Difference(field, where, _shown(ours), _shown(theirs))


_NOTHING: Final = object()


def _step(name: str) -> str:
    return shorten(name).replace("~", "~0").replace("/", "~1")


def _shown(value: object) -> str:
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
    "body": _bodies,
    "credentials": _credentials,
    "media-type": _media_type,
}
"""What may be compared; `--match` names some."""
STRICT: Final = ("method", "path", "query", "body", "credentials")
