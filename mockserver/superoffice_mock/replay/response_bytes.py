"""Recorded answers as bytes to send: without the headers of the old connection, and checked."""

import re
from typing import Final

from superoffice_mock.recordings.har_writer import PHRASES
from superoffice_mock.recordings.model import BODILESS, Entry, RecordedResponse
from superoffice_mock.redaction.headers import FRAMING
from superoffice_mock.wire.headers import RawHeader

GENERATED: Final = FRAMING | {"date"}
"""Headers that every server generates itself."""
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t -~\x80-\xff]*")


def find_problem(entry: Entry) -> str | None:
    """Return which part of the recorded answer can't be sent, and why; None if all can."""
    response = entry.response
    if response.status and not 200 <= response.status <= 599:
        return (
            f"response.status: {response.status} is not the status of an answer;"
            " expected 200 to 599, or 0"
        )
    for name, value in response.headers:
        if name not in GENERATED and not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            return "response.headers: a header has characters that can't be sent; remove it"
    return None


def headers(response: RecordedResponse) -> tuple[RawHeader, ...]:
    """Return the headers of *response*, with the length of its recorded body."""
    raw = [
        (name.encode("latin-1"), value.strip().encode("latin-1"))
        for name, value in response.headers
        if name not in GENERATED
    ]
    if response.status not in BODILESS and response.body is not None:
        raw.append((b"content-length", b"%d" % len(response.body)))
    return tuple(raw)


def body(response: RecordedResponse) -> bytes:
    """Return the body of *response*; empty if its status does not allow one."""
    return b"" if response.status in BODILESS else response.body or b""


def incomplete_answer(status: int, raw: tuple[RawHeader, ...], body: bytes) -> bytes:
    """Return an answer as bytes, with a Content-Length that is greater than the body."""
    pairs = (
        *(pair for pair in raw if pair[0] != b"content-length"),
        (b"content-length", b"%d" % (len(body) + 1)),
    )
    first = f"HTTP/1.1 {status} {PHRASES.get(status, '')}\r\n".encode()
    return first + b"".join(b"%b: %b\r\n" % pair for pair in pairs) + b"\r\n" + body
