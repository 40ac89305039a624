"""Compares two answers as a client sees them: status, main headers, body and approximate time."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from superoffice_contract.messages import is_blanked, shorten
from superoffice_mock.recordings.model import Entry, RecordedResponse
from superoffice_mock.replay.json_values import Conversion
from superoffice_mock.replay.matching import Difference, json_differences
from superoffice_mock.replay.player import RecordedExchange
from superoffice_mock.replay.pseudonym_bindings import Attempt

CLASSES: Final = ((0.7, "immediate"), (1.9, "about a second"))
"""Time classes and their upper limits in seconds; claim busy-second is in the second class."""
_MOMENT: Final = re.compile(
    rb'("(?:LastFetch|ValidUntil)"\s*:\s*"|<(?:LastFetch|ValidUntil)>)(?!0001-)([0-9T:.Z+-]+)'
)
"""A moment in an answer that is another one each time; the year 1 is none (claim last-fetch)."""
_DIGITS: Final = re.compile(rb"[0-9]+")
_BLANKS: Final = str.maketrans("", "", " \t")


def slowness(entry: Entry) -> float:
    """Return the seconds until the answer of *entry*; 0 if it was immediate or is unknown."""
    took = _seconds_to_answer(entry) or 0.0
    return 0.0 if took < CLASSES[0][0] else took


def _seconds_to_answer(entry: Entry) -> float | None:
    """Return the seconds until the answer of *entry* began."""
    took = entry.elapsed if entry.service_time is None else entry.service_time
    return None if took is None else max(took - entry.receive_time, 0.0)


def differences(
    recorded: RecordedExchange, actual: Entry, attempt: Attempt
) -> Iterator[Difference]:
    """Yield the differences of the answer in *actual* from the *recorded* one."""
    old, new = recorded.entry.response, actual.response
    statuses = _describe_status(old), _describe_status(new)
    if statuses[0] != statuses[1]:
        yield Difference("status", "", *statuses)
        return
    yield from _header_differences(old, new, attempt)
    if old.body is not None and new.body is not None:
        conversion = Conversion(hides_numbers=recorded.key.hides_numbers)
        yield from _body_differences(old.body, new.body, conversion, attempt)
    else:
        lengths = _length_of(old), _length_of(new)
        if None not in lengths and lengths[0] != lengths[1]:
            yield Difference("body", "", f"{lengths[0]} bytes", f"{lengths[1]}")
    classes = _time_class(recorded.entry), _time_class(actual)
    if None not in classes and classes[0] != classes[1]:
        yield Difference("time", "", f"{classes[0]}", f"{classes[1]}")


def _time_class(entry: Entry) -> str | None:
    """Return the time class of *entry*; None if its time is unknown."""
    took = _seconds_to_answer(entry)
    if took is None:
        return None
    return next((name for limit, name in CLASSES if took < limit), "longer")


def _length_of(response: RecordedResponse) -> int | None:
    return response.length if response.body is None else len(response.body)


def _describe_status(response: RecordedResponse) -> str:
    """Return the status, or "no answer"; how a connection broke differs from client to client."""
    if not response.status:
        return "no answer"
    return f"{response.status}{'' if response.failure is None else ', cut off'}"


def _header_differences(
    recorded: RecordedResponse, actual: RecordedResponse, attempt: Attempt
) -> Iterator[Difference]:
    for name, normalize in HEADERS.items():
        values = [normalize(", ".join(response.get_all(name))) for response in (recorded, actual)]
        if not any(map(is_blanked, values)) and not attempt.matches(*values):
            yield Difference("header", name, *(shorten(value) or "none" for value in values))


def _sort_items(value: str) -> str:
    return ",".join(sorted(value.lower().translate(_BLANKS).split(",")))


def _mask_date(value: str) -> str:
    """Return *value*, or "a date" for any date."""
    return "a date" if " gmt" in value.lower() else value


HEADERS: Final[Mapping[str, Callable[[str], str]]] = {
    "allow": _sort_items,
    "cache-control": _sort_items,
    "content-type": _sort_items,
    "expires": _mask_date,
    "location": str,
    "pragma": str,
    "retry-after": _mask_date,
    "www-authenticate": str,
}
"""The headers that a client may act on and that are the same for every call.

What is compared of each is its value in this form.
"""


def _body_differences(
    recorded: bytes, actual: bytes, conversion: Conversion, attempt: Attempt
) -> Iterator[Difference]:
    recorded, actual = map(_mask_moments, (recorded, actual))
    if recorded == actual:
        return
    try:
        documents = conversion.read(recorded), conversion.read(actual)
    except ValueError:
        documents = None
    if documents is not None:
        yield from json_differences("body", *documents, attempt)
    elif not attempt.matches(*map(conversion.read_text, (recorded, actual))):
        yield Difference("body", "", f"{len(recorded)} bytes", f"{len(actual)} other bytes")


def _mask_moments(body: bytes) -> bytes:
    """Return *body* with only the shape of each moment, in which a `Z` stays and digits do not."""
    return _MOMENT.sub(lambda moment: moment[1] + _DIGITS.sub(b"0", moment[2]), body)
