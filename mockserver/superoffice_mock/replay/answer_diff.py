"""Are two answers the same to a caller? Status, headers that matter, body, and about how long."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from superoffice_mock.recordings.model import Entry, RecordedResponse
from superoffice_mock.replay.matching import Difference, plain
from superoffice_mock.replay.pseudonym_bindings import Attempt
from superoffice_mock.wire.values import shorten

HEADERS: Final = (
    *("allow", "cache-control", "content-type", "expires", "location", "pragma"),
    *("retry-after", "www-authenticate"),
)
"""Headers that a caller may act on, and that are the same for every call."""
IMMEDIATE: Final = "immediate"
CLASSES: Final = ((0.7, IMMEDIATE), (1.9, "about a second"))
"""Seconds below which an answer is of a class of time; claim busy-second lies in the second."""
LONGER: Final = "longer"
_BLANKS: Final = str.maketrans("", "", " \t")


def time_class(entry: Entry) -> str | None:
    """Return about how long *entry* took; None if it is not on record."""
    took = _took(entry)
    if took is None:
        return None
    return next((name for limit, name in CLASSES if took < limit), LONGER)


def slowness(entry: Entry) -> float:
    """Return how many seconds *entry* took; 0 if it was immediate, or that is not on record."""
    return 0.0 if time_class(entry) in (None, IMMEDIATE) else _took(entry) or 0.0


def _took(entry: Entry) -> float | None:
    """Return the seconds until the answer of *entry* began."""
    took = entry.elapsed if entry.waited is None else entry.waited
    return None if took is None else max(took - entry.received, 0.0)


def differences(ours: Entry, theirs: Entry, attempt: Attempt) -> Iterator[Difference]:
    """Yield in what the answer of *theirs* is another than the recorded one of *ours*."""
    was, now = ours.response, theirs.response
    if _status(was) != _status(now):
        yield Difference("status", "", _status(was), _status(now))
        return
    yield from _headers(was, now, attempt)
    yield from _body(was, now, attempt)
    took, takes = time_class(ours), time_class(theirs)
    if None not in (took, takes) and took != takes:
        yield Difference("time", "", f"{took}", f"{takes}")


def _status(response: RecordedResponse) -> str:
    """Return the status, or that there was none; how a connection broke depends on who looks."""
    if not response.status:
        return "no answer"
    return f"{response.status}{'' if response.failed is None else ', cut off'}"


def _headers(
    ours: RecordedResponse, theirs: RecordedResponse, attempt: Attempt
) -> Iterator[Difference]:
    for name in HEADERS:
        was, now = (_value(one, name) for one in (ours, theirs))
        if not attempt.agrees(was, now):
            yield Difference("header", name, shorten(was) or "none", shorten(now) or "none")


def _value(response: RecordedResponse, name: str) -> str:
    normal = _NORMAL.get(name, str)
    return normal(", ".join(response.all(name)))


def _items(value: str) -> str:
    return ",".join(sorted(value.lower().translate(_BLANKS).split(",")))


def _type(value: str) -> str:
    return value.lower().translate(_BLANKS)


def _moment(value: str) -> str:
    """Return *value*, but of a date only that it is one."""
    return "a date" if " gmt" in value.lower() else value


_NORMAL: Final[Mapping[str, Callable[[str], str]]] = {
    "allow": _items,
    "cache-control": _items,
    "content-type": _type,
    "expires": _moment,
    "retry-after": _moment,
}


def _body(
    ours: RecordedResponse, theirs: RecordedResponse, attempt: Attempt
) -> Iterator[Difference]:
    was, now = ours.body, theirs.body
    if was is None or now is None or was == now:
        return
    try:
        pair = msgspec.json.decode(was), msgspec.json.decode(now)
    except msgspec.DecodeError:
        pair = None
    if pair is not None:
        yield from plain("body", "", *pair, attempt)
    elif not attempt.agrees(was.decode("latin-1"), now.decode("latin-1")):
        yield Difference("body", "", f"{len(was)} bytes", f"others, {len(now)} bytes")
