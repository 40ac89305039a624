"""CORS: which browser pages may read answers, and the headers that permit it."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import msgspec

from superoffice_mock.wire.headers import Headers, RawHeader

LOOPBACK: Final = "loopback"
"""The entry that allows every page on this machine, on any port."""
ANY: Final = "*"
_LOOPBACK_HOST: Final = re.compile(r"(.+\.)?localhost|127(\.[0-9]{1,3}){3}", re.IGNORECASE)


class AllowedOrigins(msgspec.Struct, frozen=True):
    """The origins that may read answers; an entry is an origin, `loopback` or `*`."""

    entries: frozenset[str]

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "AllowedOrigins":
        """Return *entries* as allowed origins; case and a trailing slash do not matter."""
        return cls(frozenset(entry.lower().rstrip("/") for entry in entries))

    def may_read(self, origin: str) -> bool:
        """Return whether a page at *origin* may read answers."""
        is_listed = ANY in self.entries or origin.lower() in self.entries
        return is_listed or (LOOPBACK in self.entries and is_loopback(urlsplit(origin).hostname))


def is_loopback(host: str | None) -> bool:
    """Return whether *host* always names this machine."""
    if host is None:
        return False
    return host == "::1" or _LOOPBACK_HOST.fullmatch(host) is not None


def response_headers(headers: Headers, origins: AllowedOrigins) -> tuple[RawHeader, ...]:
    """Return the CORS headers of an answer; none for an unlisted origin (claim cors-unlisted)."""
    origin = headers.origin
    if origin is None or not _may_read(origin, origins):
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


def _may_read(origin: str, origins: AllowedOrigins) -> bool:
    try:
        return origins.may_read(origin)
    except ValueError:  # from urlsplit: not a URL
        return False
