"""Which browser pages may read answers, and what they are told."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import msgspec

from superoffice_mock.wire.headers import Headers

RawHeader = tuple[bytes, bytes]

LOOPBACK: Final = "loopback"
"""The name, among listed origins, of every page on this machine, whatever its port."""
ANY: Final = "*"
_LOOPBACK_NAME: Final = re.compile(r"(.+\.)?localhost|127(\.[0-9]{1,3}){3}", re.IGNORECASE)


class Origins(msgspec.Struct, frozen=True):
    """The listed origins: whole ones such as `https://app.example.com`, `loopback` or `*`."""

    listed: frozenset[str]

    @classmethod
    def of(cls, listed: Iterable[str]) -> "Origins":
        """Return the origins in *listed*, whatever their case and trailing slash."""
        return cls(frozenset(one.lower().rstrip("/") for one in listed))

    def allow(self, origin: str) -> bool:
        """Tell whether a page at *origin* may read answers."""
        known = ANY in self.listed or origin.lower() in self.listed
        return known or (LOOPBACK in self.listed and is_loopback(urlsplit(origin).hostname))


def is_loopback(host: str | None) -> bool:
    """Tell whether *host* can only be this machine."""
    if host is None:
        return False
    return host == "::1" or _LOOPBACK_NAME.fullmatch(host) is not None


def headers_for(headers: Headers, origins: Origins) -> tuple[RawHeader, ...]:
    """Return what a listed page needs on every answer; nothing for others (claim cors-unlisted)."""
    origin = headers.origin
    if origin is None or not _allowed(origin, origins):
        return ()
    return (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    )


def preflight_headers(headers: Headers, methods: tuple[str, ...]) -> tuple[RawHeader, ...]:
    """Return what a preflight from a listed page is told: all methods, the headers it asked for."""
    asked = headers.get(b"access-control-request-headers")
    allowed = ((b"access-control-allow-methods", ", ".join(methods).encode()),)
    if not asked:
        return allowed
    return (*allowed, (b"access-control-allow-headers", asked.encode("latin-1")))


def is_preflight(method: str, headers: Headers) -> bool:
    """Tell whether a browser asks before it calls."""
    if method != "OPTIONS" or headers.origin is None:
        return False
    return headers.get(b"access-control-request-method") is not None


def _allowed(origin: str, origins: Origins) -> bool:
    try:
        return origins.allow(origin)
    except ValueError:  # urlsplit, of what is no URL
        return False
