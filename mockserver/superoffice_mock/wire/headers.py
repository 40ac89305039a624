"""Request headers, the credentials in them, and what the journal keeps of them."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Final

import msgspec

from superoffice_contract.messages import SECRET_HEADERS, SESSION_COOKIE
from superoffice_mock.core.credentials import (
    AUTHORIZATION,
    XSRF_TOKEN,
    AccessToken,
    BasicCredentials,
    PresentedCredentials,
    SessionCredentials,
    Ticket,
    UnusableCredentials,
)

RawHeader = tuple[bytes, bytes]

JOURNAL_HEADERS: Final = frozenset(
    {
        *(b"accept", b"accept-encoding", b"accept-language", b"content-encoding"),
        *(b"content-length", b"content-type", b"expect", b"host", b"origin", b"so-language"),
        *(b"transfer-encoding", b"user-agent"),
    }
)
"""Headers that the journal keeps unchanged."""
REDACTED_HEADERS: Final = frozenset(map(str.encode, SECRET_HEADERS))
"""Headers whose value the journal redacts; it keeps the scheme of an Authorization."""
_ADDRESSES: Final = frozenset((b"host", b"origin"))
CACHE_SIZE: Final = 256
"""How many different sets of request headers stay parsed in memory."""
MAX_CACHED_HEADERS: Final = 50
MAX_CACHED_BYTES: Final = 4096
"""The longest set of request headers that stays parsed: in headers, and in bytes."""


class Headers:
    """The headers of one request, by lower-case name."""

    def __init__(self, raw: Sequence[RawHeader]) -> None:
        self.raw = raw
        self._first = dict(reversed(raw))
        self.origin = self.get(b"origin")
        self.content_type = self.get(b"content-type")
        self.content_encoding = self.get(b"content-encoding")

    @cached_property
    def journal_head(self) -> bytes:
        """The headers as the journal keeps them: packed, as objects take many times the memory."""
        packed = msgspec.msgpack.encode(redact_for_journal(self.raw))
        return bytes(memoryview(packed))  # a copy, as what the encoder returns takes half more

    @cached_property
    def credentials(self) -> PresentedCredentials:
        """The credentials in the headers."""
        return read_credentials(self)

    @cached_property
    def host(self) -> str:
        """The Host; `localhost` if it is missing."""
        return self.get(b"host") or "localhost"

    @cached_property
    def content_length(self) -> int:
        """The Content-Length; 0 if it is missing or not a number."""
        value = self.get(b"content-length")
        return int(value) if value is not None and value.isdecimal() else 0

    def get(self, name: bytes) -> str | None:
        """Return the first value of *name*, decoded as Latin-1, or None."""
        value = self._first.get(name)
        return None if value is None else value.decode("latin-1").strip()

    def count(self, name: bytes) -> int:
        """Return how many headers are called *name*."""
        if len(self._first) == len(self.raw):
            return int(name in self._first)
        return sum(1 for key, _ in self.raw if key == name)

    def get_all(self, name: bytes) -> list[str]:
        """Return every value of *name*."""
        return [value.decode("latin-1").strip() for key, value in self.raw if key == name]


class _LongHeadersError(Exception):
    """Headers are too long for the cache, which keeps nothing of a call that raises."""


@lru_cache(maxsize=CACHE_SIZE)
def _cached_headers(raw: tuple[RawHeader, ...]) -> Headers:
    if not is_short(raw):
        raise _LongHeadersError
    return Headers(raw)


def read_headers(raw: Iterable[RawHeader]) -> Headers:
    """Return the headers in *raw*, from a cache if the same were read lately and are not long."""
    key = tuple(raw)
    try:
        return _cached_headers(key)
    except _LongHeadersError:
        return Headers(key)


def is_short(raw: Sequence[RawHeader]) -> bool:
    """Return whether a cache may keep the headers in *raw*."""
    size = sum(len(name) + len(value) for name, value in raw)
    return len(raw) <= MAX_CACHED_HEADERS and size <= MAX_CACHED_BYTES


def read_journal_head(head: bytes) -> Headers:
    """Return the headers in *head*, see `Headers.journal_head`; secrets are redacted."""
    return Headers(msgspec.msgpack.decode(head, type=tuple[RawHeader, ...]))


def redact_for_journal(raw: Iterable[RawHeader]) -> list[RawHeader]:
    """Return the headers that the journal keeps, with secrets redacted."""
    return [
        (name, _redact_value(name, value) if _may_be_secret(name, value) else value)
        for name, value in raw
        if name in JOURNAL_HEADERS or name in REDACTED_HEADERS
    ]


def _may_be_secret(name: bytes, value: bytes) -> bool:
    """Return whether *value* is a credential, or an address with one in it."""
    return name in REDACTED_HEADERS or (b"@" in value and name in _ADDRESSES)


def _redact_value(name: bytes, value: bytes) -> bytes:
    scheme, blank, _ = value.partition(b" ")
    has_known_scheme = (
        name == b"authorization" and blank and scheme.decode("latin-1").lower() in _SCHEMES
    )
    return scheme + b" [redacted]" if has_known_scheme else b"[redacted]"


def read_credentials(headers: Headers) -> PresentedCredentials:
    """Return the credentials in *headers*; an Authorization header takes precedence.

    Claims: authorization-decides, authorization-twice, scheme-case, xsrf-pair.
    """
    authorizations = headers.count(b"authorization")
    if authorizations > 1:
        return UnusableCredentials(AUTHORIZATION, f"sent {authorizations} times; send it once")
    if authorizations == 1:
        return _read_authorization(headers.get(b"authorization") or "", headers)
    return _read_session(headers)


def _read_authorization(value: str, headers: Headers) -> PresentedCredentials:
    scheme, _, parameters = value.partition(" ")
    parse = _SCHEMES.get(scheme.lower())
    if parse is None:
        problem = "is empty" if not scheme else "has an unknown scheme"
        reason = f"{problem}; send one that WWW-Authenticate names"
        return UnusableCredentials(AUTHORIZATION, reason)
    parameters = parameters.strip()
    if not parameters:
        return UnusableCredentials(AUTHORIZATION, f"{scheme} without a value")
    return parse(parameters, headers)


def _read_basic(value: str, _: Headers) -> PresentedCredentials:
    pair = decode_basic(value)
    if pair is None:
        return UnusableCredentials(AUTHORIZATION, "Basic: the value is not base64 of user:password")
    user, colon, password = pair.partition(":")
    if not colon:
        return UnusableCredentials(AUTHORIZATION, "Basic: no colon between user and password")
    return BasicCredentials(user, password)


def decode_basic(value: str) -> str | None:
    """Return the text in a Basic *value*; None if that is not base64."""
    try:
        raw = base64.b64decode(value, validate=True)
    except ValueError:
        return None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _read_ticket(value: str, headers: Headers) -> PresentedCredentials:
    # HTTP joins repeated headers into a list, which is not a valid token. Onsite ignores it.
    tokens = headers.get_all(b"so-apptoken")
    return Ticket(value, ", ".join(tokens) if tokens else None)


_SCHEMES: Final[Mapping[str, Callable[[str, Headers], PresentedCredentials]]] = {
    "basic": _read_basic,
    "soticket": _read_ticket,
    "bearer": lambda value, _: AccessToken(value),
}


def _read_session(headers: Headers) -> PresentedCredentials:
    cookie = _find_cookie(headers, SESSION_COOKIE)
    tokens = headers.get_all(b"x-xsrf-token")
    if not tokens and cookie is None:
        reason = f"missing, and so are {XSRF_TOKEN} and a session cookie"
        return UnusableCredentials(AUTHORIZATION, reason)
    if cookie is None:
        reason = f"{XSRF_TOKEN} needs the cookie {SESSION_COOKIE} as well"
        return UnusableCredentials("Cookie", reason)
    if len(tokens) != 1 or not tokens[0]:
        reason = "a session cookie needs its one XSRF value in this header"
        return UnusableCredentials(XSRF_TOKEN, reason)
    return SessionCredentials(cookie, tokens[0])


def _find_cookie(headers: Headers, name: str) -> str | None:
    for line in headers.get_all(b"cookie"):
        for pair in line.split(";"):
            cookie_name, equals, value = pair.strip().partition("=")
            if equals and cookie_name == name:
                return value.strip().strip('"')
    return None


def parse_select(text: str) -> tuple[str, ...]:
    """Return the paths in a `$select`, such as `name` and `category/id`, without blanks.

    Empty names are dropped. Any text is legal (claim select-never-an-error).
    """
    paths = (map(str.strip, path.split("/")) for path in text.split(","))
    return tuple(path for names in paths if (path := "/".join(filter(None, names))))


def choose_media_type(accept: str, media_types: tuple[str, ...]) -> str:
    """Return the one of *media_types* that `Accept` prefers, the first if it accepts none.

    The vendor's framework never answers 406 (claim never-406).
    """
    ranges = [_parse_media_range(part) for part in accept.split(",") if part.strip()]
    return max(media_types, key=lambda candidate: _rate(candidate, ranges))


def _parse_media_range(part: str) -> tuple[str, float]:
    pattern, *parameters = (piece.strip().lower() for piece in part.split(";"))
    value = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        return pattern, min(max(0.0, float(value)), 1.0)
    except ValueError:
        return pattern, 0.0


def _rate(candidate: str, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """Return quality and specificity of the most specific range that matches *candidate*."""
    kind, _, subtype = candidate.partition("/")
    patterns = {(first, second) for first in ("*", kind) for second in ("*", "", subtype)}
    matches = [
        (3 - pattern.count("*"), quality)
        for pattern, quality in ranges
        if pattern.partition("/")[::2] in patterns
    ]
    specificity, quality = max(matches, default=(0, 0.0))
    return (quality, specificity) if quality > 0 else (0.0, 0)
