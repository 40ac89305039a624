"""Recorded answers as bytes to send, without the headers of the old connection, or as breaks."""

from typing import Final

from superoffice_mock.recordings.har_writer import PHRASES
from superoffice_mock.recordings.model import BODILESS, FRAMING, RecordedResponse
from superoffice_mock.wire.headers import RawHeader

GENERATED: Final = FRAMING | {"date"}
"""Headers that every server generates itself."""
_STALL_ENDINGS: Final = ("timed out", "aborted", "stalled", "TIMED_OUT", "TIMEOUT", "ABORTED")


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


def breakage_kind(response: RecordedResponse) -> str:
    """Return the kind of breakage for a connection that broke before the answer began."""
    failure = response.failure or ""
    if failure == "reset" or failure.endswith("_RESET"):
        return "reset-by-peer"
    return "stall" if failure.endswith(_STALL_ENDINGS) else "empty-response"
