"""Headers that a proxy forwards: all except those of the connection, with the upstream's Host."""

from collections.abc import Iterable
from typing import Final

from superoffice_mock.recordings.model import BODILESS
from superoffice_mock.wire.headers import RawHeader

HOP_BY_HOP: Final = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization"),
        *(b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    }
)


def request_headers(headers: Iterable[RawHeader], authority: str) -> list[RawHeader]:
    """Return the headers of a request to *authority*; a chunked body stays chunked."""
    received = [*headers]
    own = [(b"host", authority.encode("ascii"))]
    replaced_names = {b"host"}
    if any(name == b"transfer-encoding" for name, _ in received):
        own.append((b"transfer-encoding", b"chunked"))
        replaced_names.add(b"content-length")
    return [*own, *(pair for pair in _end_to_end(received) if pair[0] not in replaced_names)]


def response_headers(headers: Iterable[RawHeader], status: int) -> list[RawHeader]:
    """Return the headers of a response; without Content-Length if *status* has no body."""
    forwarded = _end_to_end([(name.lower(), value) for name, value in headers])
    if status in BODILESS:
        return [pair for pair in forwarded if pair[0] != b"content-length"]
    return forwarded


def body_length(headers: list[RawHeader], method: str, status: int) -> int | None:
    """Return the length of a response's body; None if only the end of the connection shows it."""
    if method == "HEAD" or status in BODILESS:
        return 0
    length = next((value for name, value in headers if name == b"content-length"), None)
    return None if length is None else int(length)


def _end_to_end(headers: list[RawHeader]) -> list[RawHeader]:
    """Return *headers* without those of the connection, including those that `Connection` names."""
    listed_names = {
        item.strip().lower()
        for name, value in headers
        if name == b"connection"
        for item in value.split(b",")
    }
    dropped_names = HOP_BY_HOP | listed_names - {b"host", b"content-length"}
    return [(name, value) for name, value in headers if name not in dropped_names]
