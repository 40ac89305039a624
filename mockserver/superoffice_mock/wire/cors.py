"""CORS: which browser pages may read answers or call at all, and the headers that permit it."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from superoffice_contract.local_server import is_loopback
from superoffice_mock.wire.headers import Headers, RawHeader

LOOPBACK: Final = "loopback"
"""The entry that allows every page on this machine, on any port."""
ANY: Final = "*"
MAX_URL: Final = 300
"""The length of the longest origin, and of the longest Host: names have up to 253 characters."""


_ORIGIN: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]*:)?//(\[[0-9a-f:.]+\]|[\w.~-]+)(?::[0-9]*)?/?", re.IGNORECASE | re.ASCII
)


class AllowedOrigins(msgspec.Struct, frozen=True):
    """The origins that may read answers; an entry is an origin, `loopback` or `*`."""

    entries: frozenset[str]

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "AllowedOrigins":
        """Return *entries* as allowed origins; case and a trailing slash do not matter."""
        return cls(frozenset(entry.lower().rstrip("/") for entry in entries))

    def may_read(self, origin: str) -> bool:
        """Return whether a page at *origin* may read answers."""
        if ANY in self.entries or origin.lower() in self.entries:
            return True
        return LOOPBACK in self.entries and is_loopback(_hostname(origin))


def response_headers(headers: Headers, origins: AllowedOrigins) -> tuple[RawHeader, ...]:
    """Return the CORS headers of an answer; none for an unlisted origin (claim cors-unlisted)."""
    origin = headers.origin
    if origin is None or not origins.may_read(origin):
        return ()
    return (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    )


def preflight_headers(headers: Headers, methods: tuple[str, ...]) -> tuple[RawHeader, ...]:
    """Return the headers that answer a preflight: all *methods* and the headers it asks for."""
    requested = headers.get(b"access-control-request-headers")
    allow_methods = ((b"access-control-allow-methods", ", ".join(methods).encode()),)
    if not requested:
        return allow_methods
    return (*allow_methods, (b"access-control-allow-headers", requested.encode("latin-1")))


def is_preflight(method: str, headers: Headers) -> bool:
    """Return whether the request is a CORS preflight."""
    if method != "OPTIONS" or headers.origin is None:
        return False
    return headers.get(b"access-control-request-method") is not None


def is_foreign_page(headers: Headers, origins: AllowedOrigins) -> bool:
    """Return whether a page that is not of *origins* sent the request, as far as browsers tell."""
    if own_origins := headers.get_all(b"origin"):
        return not all(map(origins.may_read, own_origins))
    return is_cross_site(headers)


def is_cross_site(headers: Headers) -> bool:
    """Return whether a browser says that a page of another site sent the request."""
    return "cross-site" in map(str.lower, headers.get_all(b"sec-fetch-site"))


def names_this_machine(host: str) -> bool:
    """Return whether the Host header *host* always names this machine, unlike a rebound name."""
    return is_loopback(_hostname(f"//{host}"))


def _hostname(url: str) -> str | None:
    """Return the host of an origin, or of a Host after `//`; None if *url* is neither."""
    match = _ORIGIN.fullmatch(url) if len(url) <= MAX_URL else None
    return match and match[1].strip("[]")
