"""The head of a request as bytes: where it ends, and what HTTP/1.1 forbids in it."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from superoffice_mock.errors import Rejected

BLANK_LINE: Final = b"\r\n\r\n"
FRAMING_HEADERS: Final = frozenset((b"content-length", b"expect", b"host", b"transfer-encoding"))
"""The headers that the server itself reads."""
MAX_HOST: Final = 300
"""The length of the longest Host; names have up to 253 characters."""
_HOST: Final = re.compile(rb"\s*(?:\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::[0-9]*)?\s*")
_UPGRADE: Final = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)

RawHeader = tuple[bytes, bytes]


class BlankLineFinder:
    """Finds blank lines in a stream that arrives in pieces, also across the pieces."""

    def __init__(self) -> None:
        self._last_bytes = b""

    def find(self, data: bytes, start: int) -> int:
        """Return the position after the next blank line; the length of *data* if there is none."""
        before = self._last_bytes
        if before:
            position = (before + data[start : start + 3]).find(BLANK_LINE)
            if position >= 0:
                self._last_bytes = b""
                return start + position + len(BLANK_LINE) - len(before)
        position = data.find(BLANK_LINE, start)
        if position < 0:
            self._last_bytes = (before + data[max(start, len(data) - 3) :])[-3:]
            return len(data)
        self._last_bytes = b""
        return position + len(BLANK_LINE)


def check_bytes(head: bytes | bytearray, limit: int) -> None:
    """Raise Rejected if *head*, whole or not, is over *limit* bytes or not HTTP/1 (RFC 9112)."""
    end = head.find(b"\n")
    has_version = head[end - 9 : end - 4] == b"HTTP/"
    if has_version and len(head) <= limit:
        return
    if len(head) > limit:
        if not 0 <= end <= limit:
            raise Rejected(414, "", f"the first line is too long; send at most {limit} bytes")
        reason = f"the head of the request is too long; send at most {limit} bytes"
        raise Rejected(431, "", reason)
    if end >= 0:
        if head.count(b" ", 0, end) < 2:
            raise version_error("0.9")
        reason = "its first line does not end with HTTP/1.1"
        raise Rejected(400, "", f"this is not an HTTP/1.1 request: {reason}")


@lru_cache(maxsize=64)
def _is_host(value: bytes) -> bool:
    return _HOST.fullmatch(value) is not None


def version_error(version: str) -> Rejected:
    """Return the error for a request of another *version* of HTTP."""
    return Rejected(505, "", f"HTTP/{version} is not supported; send HTTP/1.1")


def read_framing(version: str, headers: Sequence[RawHeader]) -> tuple[int | None, bool]:
    """Return the length of the body, None if it comes in chunks, and whether a 100 is expected.

    *headers* are those of `FRAMING_HEADERS`. Raise Rejected if they have no certain meaning (RFC
    9112, sections 2.3, 3.2 and 6.1).
    """
    hosts: list[bytes] = []
    codings: list[bytes] = []
    length, expects_continue = 0, False
    for name, value in headers:
        if name == b"host":
            hosts.append(value)
        elif name == b"content-length":
            length = int(value)
        elif name == b"transfer-encoding":
            codings.append(value.strip().lower())
        else:
            expects_continue = version == "1.1" and value.lower() == b"100-continue"
    if version not in ("1.1", "1.0"):
        raise version_error(version)
    if len(hosts) != 1 and (hosts or version == "1.1"):
        raise Rejected(400, "Host", f"sent {len(hosts)} times; HTTP/1.1 wants it once")
    if hosts and (len(hosts[0]) > MAX_HOST or not _is_host(hosts[0])):
        raise Rejected(400, "Host", "expected a name or an address, and a port if it is not 80")
    if not codings:
        return length, expects_continue
    if codings != [b"chunked"]:
        raise Rejected(501, "Transfer-Encoding", "no other than chunked is known here")
    if version == "1.0":
        raise Rejected(400, "Transfer-Encoding", "HTTP/1.0 has none; send a Content-Length")
    return None, expects_continue


def without_upgrade(head: bytes | bytearray) -> bytes:
    """Return *head* without its `Upgrade` headers."""
    return _UPGRADE.sub(b"", head)
