"""Headers as a proxy passes them on: all but those of a connection, with the upstream's Host."""

from collections.abc import Iterable
from typing import Final

RawHeaders = list[tuple[bytes, bytes]]

OF_A_CONNECTION: Final = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization"),
        *(b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    }
)
WITHOUT_BODY: Final = (204, 304)


def request(headers: Iterable[tuple[bytes, bytes]], authority: str) -> RawHeaders:
    """Return the headers of a request to *authority*; a body of unknown length stays one."""
    given = [*headers]
    ours = [(b"host", authority.encode("ascii"))]
    replaced = {b"host"}
    if any(name == b"transfer-encoding" for name, _ in given):
        ours.append((b"transfer-encoding", b"chunked"))
        replaced.add(b"content-length")
    return [*ours, *(header for header in _passed_on(given) if header[0] not in replaced)]


def response(headers: Iterable[tuple[bytes, bytes]], status: int) -> RawHeaders:
    """Return the headers of an answer; one that has no body says nothing of its length."""
    passed_on = _passed_on([(name.lower(), value) for name, value in headers])
    if status in WITHOUT_BODY:
        return [header for header in passed_on if header[0] != b"content-length"]
    return passed_on


def length(headers: RawHeaders, method: str, status: int) -> int | None:
    """Return how many bytes of body come with an answer; None if only its end tells."""
    if method == "HEAD" or status in WITHOUT_BODY:
        return 0
    said = next((value for name, value in headers if name == b"content-length"), None)
    return None if said is None else int(said)


def as_text(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    """Return *headers* as a recording has them."""
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


def _passed_on(headers: RawHeaders) -> RawHeaders:
    """Return *headers* without those of the connection, which its `Connection` adds to."""
    named = {
        one.strip().lower()
        for name, value in headers
        if name == b"connection"
        for one in value.split(b",")
    }
    hidden = OF_A_CONNECTION | named - {b"host", b"content-length"}
    return [(name, value) for name, value in headers if name not in hidden]
