"""Request headers: read once, and what they say about the caller."""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Final

from superoffice_mock.core.credentials import (
    AUTHORIZATION,
    XSRF_TOKEN,
    AccessToken,
    BasicPair,
    Presented,
    SessionPair,
    Ticket,
    Unusable,
)
from superoffice_mock.core.journal import Head
from superoffice_mock.errors import Rejected


def parse_select(text: str) -> tuple[str, ...]:
    """Return the selected paths, such as `name` and `category/id`, blanks trimmed.

    Empty names fall away. Any text is legal (claim select-never-an-error).
    """
    paths = ("/".join(_trimmed(path, "/")) for path in text.split(","))
    return tuple(path for path in paths if path)


def _trimmed(text: str, separator: str) -> list[str]:
    return [name for part in text.split(separator) if (name := part.strip())]


RawHeaders = Iterable[tuple[bytes, bytes]]


KEPT: Final = frozenset(
    {
        *(b"accept", b"accept-encoding", b"accept-language", b"content-encoding"),
        *(b"content-length", b"content-type", b"expect", b"host", b"origin", b"so-language"),
        *(b"transfer-encoding", b"user-agent"),
    }
)
"""Headers that the journal keeps as they came."""


REDACTED: Final = frozenset({b"authorization", b"cookie", b"so-apptoken", b"x-xsrf-token"})
"""Headers of which the journal keeps that they were there, and the scheme."""


REMEMBERED: Final = 256
"""So many different heads of requests are remembered with what was read in them."""


SESSION_COOKIE: Final = "ASP.NET_SessionId"


class Headers:
    """The headers of one request, by lower-case name; most come once."""

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        self.raw = raw
        self._first = dict(reversed(raw))
        self.origin = self.get(b"origin")
        self.content_type = self.get(b"content-type")
        self.content_encoding = self.get(b"content-encoding")

    @cached_property
    def kept(self) -> Head:
        """What the journal keeps of them."""
        kept = for_journal(self.raw)
        return Head(kept, sum(len(value) for _, value in kept), self.content_type)

    @cached_property
    def presented(self) -> Presented:
        """What the caller presented."""
        return presented(self)

    @cached_property
    def objection(self) -> Rejected | None:
        """What HTTP/1.1 has against this head (RFC 9112, sections 3.2 and 6.1), if anything."""
        hosts = self.count(b"host")
        if hosts != 1:
            return Rejected(400, "Host", f"sent {hosts} times; HTTP/1.1 wants it once")
        coding = self.all(b"transfer-encoding")
        if coding and coding[0].lower() != "chunked":
            return Rejected(501, "Transfer-Encoding", "no other than chunked is known here")
        return None

    @cached_property
    def content_length(self) -> int:
        """How long the body is said to be; 0 where nothing is said."""
        said = self.get(b"content-length")
        return int(said) if said is not None and said.isdecimal() else 0

    def get(self, name: bytes) -> str | None:
        """Return the first value of *name*, Latin-1 as HTTP has it, or None."""
        value = self._first.get(name)
        return None if value is None else value.decode("latin-1").strip()

    def count(self, name: bytes) -> int:
        """Return how often *name* came."""
        if len(self._first) == len(self.raw):
            return int(name in self._first)
        return sum(1 for other, _ in self.raw if other == name)

    def all(self, name: bytes) -> list[str]:
        """Return every value of *name*."""
        return [value.decode("latin-1").strip() for other, value in self.raw if other == name]


_remembered = lru_cache(maxsize=REMEMBERED)(Headers)


def read(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return the headers *raw*; clients repeat theirs, so the last ones are remembered."""
    return _remembered(tuple(raw))


def for_journal(raw: RawHeaders) -> tuple[tuple[str, str], ...]:
    """Return what the journal keeps: the headers of the allow list, secrets replaced."""
    return tuple(
        (
            name.decode("latin-1"),
            value.decode("latin-1") if name in KEPT else _redacted(name, value.decode("latin-1")),
        )
        for name, value in raw
        if name in KEPT or name in REDACTED
    )


def _redacted(name: bytes, value: str) -> str:
    scheme, blank, _ = value.partition(" ")
    known = name == b"authorization" and blank and scheme.lower() in _SCHEMES
    return f"{scheme} [redacted]" if known else "[redacted]"


def presented(headers: Headers) -> Presented:
    """Return what the caller presented; an Authorization header decides whenever it is there.

    Claims: authorization-decides, authorization-twice, scheme-case, xsrf-pair.
    """
    authorizations = headers.count(b"authorization")
    if authorizations > 1:
        return Unusable(AUTHORIZATION, f"sent {authorizations} times; send it once")
    if authorizations == 1:
        return _authorization(headers.get(b"authorization") or "", headers)
    return _session(headers)


def _authorization(value: str, headers: Headers) -> Presented:
    scheme, _, rest = value.partition(" ")
    parse = _SCHEMES.get(scheme.lower())
    if parse is None:
        named = "is empty" if not scheme else "has an unknown scheme"
        return Unusable(AUTHORIZATION, f"{named}; send one that WWW-Authenticate names")
    rest = rest.strip()
    if not rest:
        return Unusable(AUTHORIZATION, f"{scheme} without a value")
    return parse(rest, headers)


def _basic(value: str, _: Headers) -> Presented:
    try:
        pair = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return Unusable(AUTHORIZATION, "Basic: the value is not base64 of user:password")
    user, colon, password = _text(pair).partition(":")
    if not colon:
        return Unusable(AUTHORIZATION, "Basic: no colon between user and password")
    return BasicPair(user, password)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _ticket(value: str, headers: Headers) -> Presented:
    # Sent twice it is one list to HTTP, and no app's token; onsite it is not looked at.
    tokens = headers.all(b"so-apptoken")
    return Ticket(value, ", ".join(tokens) if tokens else None)


def _bearer(value: str, _: Headers) -> Presented:
    return AccessToken(value)


_SCHEMES: Final[Mapping[str, Callable[[str, Headers], Presented]]] = {
    "basic": _basic,
    "soticket": _ticket,
    "bearer": _bearer,
}


def _session(headers: Headers) -> Presented:
    cookie = _cookie(headers, SESSION_COOKIE)
    tokens = headers.all(b"x-xsrf-token")
    if not tokens and cookie is None:
        return Unusable(AUTHORIZATION, f"missing, and so are {XSRF_TOKEN} and a session cookie")
    if cookie is None:
        return Unusable("Cookie", f"{XSRF_TOKEN} needs the cookie {SESSION_COOKIE} beside it")
    if len(tokens) != 1 or not tokens[0]:
        return Unusable(XSRF_TOKEN, "a session cookie needs its one XSRF value in this header")
    return SessionPair(cookie, tokens[0])


def _cookie(headers: Headers, name: str) -> str | None:
    for line in headers.all(b"cookie"):
        for pair in line.split(";"):
            found, equals, value = pair.strip().partition("=")
            if equals and found == name:
                return value.strip().strip('"')
    return None


def preferred(accept: str, offered: tuple[str, ...]) -> str:
    """Return the one of *offered* that `Accept` likes best; the first if it likes none.

    The vendor's framework never answers 406 (claim never-406).
    """
    ranges = [_media_range(part) for part in accept.split(",") if part.strip()]
    best, most_liked = offered[0], (0.0, 0)
    for candidate in offered:
        liked = _liking(candidate, ranges)
        if liked > most_liked:
            best, most_liked = candidate, liked
    return best


def _media_range(part: str) -> tuple[str, float]:
    pattern, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            return pattern, _quality(value)
    return pattern, 1.0


def _quality(value: str) -> float:
    try:
        return min(max(0.0, float(value)), 1.0)
    except ValueError:
        return 0.0


def _liking(candidate: str, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """Return the quality that the most specific range gives *candidate*, and how specific it is."""
    covering = [
        (_specificity(pattern), quality)
        for pattern, quality in ranges
        if _covers(pattern, candidate)
    ]
    specificity, quality = max(covering, default=(0, 0.0))
    return (quality, specificity) if quality > 0 else (0.0, 0)


def _specificity(pattern: str) -> int:
    return 3 - pattern.count("*")


def _covers(pattern: str, candidate: str) -> bool:
    kind, _, sub = pattern.partition("/")
    candidate_kind, _, candidate_sub = candidate.partition("/")
    return kind in ("*", candidate_kind) and sub in ("*", "", candidate_sub)
