"""Compares two answers as a client sees them: status, main headers, body and approximate time."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from superoffice_mock.recordings.model import Entry, RecordedResponse
from superoffice_mock.replay.matching import Difference, json_differences
from superoffice_mock.replay.pseudonym_bindings import Attempt
from superoffice_mock.wire.values import shorten

HEADERS: Final = (
    *("allow", "cache-control", "content-type", "expires", "location", "pragma"),
    *("retry-after", "www-authenticate"),
)
"""Headers that a client may act on and that are the same for every call."""
IMMEDIATE: Final = "immediate"
CLASSES: Final = ((0.7, IMMEDIATE), (1.9, "about a second"))
"""Time classes and their upper limits in seconds; claim busy-second is in the second class."""
LONGER: Final = "longer"
_BLANKS: Final = str.maketrans("", "", " \t")


def time_class(entry: Entry) -> str | None:
    """Return the time class of *entry*; None if its time is unknown."""
    took = _seconds_to_answer(entry)
    if took is None:
        return None
    return next((name for limit, name in CLASSES if took < limit), LONGER)


def slowness(entry: Entry) -> float:
    """Return the seconds until the answer of *entry*; 0 if it was immediate or is unknown."""
    return 0.0 if time_class(entry) in (None, IMMEDIATE) else _seconds_to_answer(entry) or 0.0


def _seconds_to_answer(entry: Entry) -> float | None:
    """Return the seconds until the answer of *entry* began."""
    took = entry.elapsed if entry.service_time is None else entry.service_time
    return None if took is None else max(took - entry.receive_time, 0.0)


def differences(expected: Entry, actual: Entry, attempt: Attempt) -> Iterator[Difference]:
    """Yield the differences between the answers of two entries."""
    before, after = expected.response, actual.response
    if _describe_status(before) != _describe_status(after):
        yield Difference("status", "", _describe_status(before), _describe_status(after))
        return
    yield from _header_differences(before, after, attempt)
    yield from _body_differences(before, after, attempt)
    classes = time_class(expected), time_class(actual)
    if None not in classes and classes[0] != classes[1]:
        yield Difference("time", "", f"{classes[0]}", f"{classes[1]}")


def _describe_status(response: RecordedResponse) -> str:
    """Return the status, or "no answer"; how a connection broke differs from client to client."""
    if not response.status:
        return "no answer"
    return f"{response.status}{'' if response.failure is None else ', cut off'}"


def _header_differences(
    expected: RecordedResponse, actual: RecordedResponse, attempt: Attempt
) -> Iterator[Difference]:
    for name in HEADERS:
        before, after = (_normalized_value(response, name) for response in (expected, actual))
        if not attempt.matches(before, after):
            yield Difference("header", name, shorten(before) or "none", shorten(after) or "none")


def _normalized_value(response: RecordedResponse, name: str) -> str:
    normalize = _NORMALIZERS.get(name, str)
    return normalize(", ".join(response.all(name)))


def _sort_items(value: str) -> str:
    return ",".join(sorted(value.lower().translate(_BLANKS).split(",")))


def _normalize_type(value: str) -> str:
    return value.lower().translate(_BLANKS)


def _mask_date(value: str) -> str:
    """Return *value*, or "a date" for any date."""
    return "a date" if " gmt" in value.lower() else value


_NORMALIZERS: Final[Mapping[str, Callable[[str], str]]] = {
    "allow": _sort_items,
    "cache-control": _sort_items,
    "content-type": _normalize_type,
    "expires": _mask_date,
    "retry-after": _mask_date,
}


def _body_differences(
    expected: RecordedResponse, actual: RecordedResponse, attempt: Attempt
) -> Iterator[Difference]:
    before, after = expected.body, actual.body
    if before is None or after is None or before == after:
        return
    try:
        documents = msgspec.json.decode(before), msgspec.json.decode(after)
    except msgspec.DecodeError:
        documents = None
    if documents is not None:
        yield from json_differences("body", "", *documents, attempt)
    elif not attempt.matches(before.decode("latin-1"), after.decode("latin-1")):
        yield Difference("body", "", f"{len(before)} bytes", f"{len(after)} other bytes")
