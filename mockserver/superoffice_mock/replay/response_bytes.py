"""Recorded answers as bytes that may be sent again: nothing of the old connection, all valid."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from superoffice_mock.recordings.model import Entry, RecordedResponse
from superoffice_mock.redaction.headers import FRAMING

RawHeader = tuple[bytes, bytes]

BODILESS: Final = (204, 304)
OWN: Final = FRAMING | {"date"}
"""Headers that whoever sends an answer makes anew."""
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t -~\x80-\xff]*")


def wrong(entry: Entry) -> str | None:
    """Return what of the recorded answer can't be sent, and where it is; None if all can."""
    response = entry.response
    if response.status and not 200 <= response.status <= 599:
        return f"response.status: {response.status} is no answer's; expected 200 to 599, or 0"
    for name, value in response.headers:
        if name not in OWN and not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            return "response.headers: a header has characters that can't be sent; remove it"
    return None


def headers(response: RecordedResponse) -> tuple[RawHeader, ...]:
    """Return the headers of *response*, with the length that its body has now."""
    return tuple(_headers(response))


def _headers(response: RecordedResponse) -> Iterator[RawHeader]:
    for name, value in response.headers:
        if name not in OWN:
            yield name.encode("latin-1"), value.strip().encode("latin-1")
    if response.status not in BODILESS and response.body is not None:
        yield b"content-length", str(len(body(response))).encode()


def body(response: RecordedResponse) -> bytes:
    """Return the body of *response*, where its status may have one."""
    return b"" if response.status in BODILESS else response.body or b""


def torn(status: int, raw: tuple[RawHeader, ...], body: bytes) -> bytes:
    """Return an answer as bytes that ends before its end."""
    known = {one.value: one.phrase for one in HTTPStatus}
    kept = (header for header in raw if header[0] != b"content-length")
    lines = (
        b"%b: %b\r\n" % header for header in (*kept, (b"content-length", b"%d" % (len(body) + 1)))
    )
    first = f"HTTP/1.1 {status} {known.get(status, '')}\r\n".encode()
    return first + b"".join(lines) + b"\r\n" + body
