"""CORS: which browser pages may read answers, and the headers that permit it."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import msgspec

from superoffice_contract.local_server import is_loopback
from superoffice_mock.wire.headers import Headers, RawHeader

LOOPBACK: Final = "loopback"
"""The entry that allows every page on this machine, on any port."""
ANY: Final = "*"


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
        try:
            return LOOPBACK in self.entries and is_loopback(urlsplit(origin).hostname)
        except ValueError:  # from urlsplit: not a URL
            return False


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
