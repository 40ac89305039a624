"""A request in canonical form: as far as it matters for what is answered."""

from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from superoffice_contract.openapi import operations as openapi_operations
from superoffice_contract.openapi.operations import Operation
from superoffice_mock.core.credentials import Presented
from superoffice_mock.errors import Rejected
from superoffice_mock.recordings.model import RecordedRequest
from superoffice_mock.wire.decode import decode
from superoffice_mock.wire.headers import Headers

ANY_COUNT: Final = 1_000_000_000
LONG: Final = 64 * 1024
"""A longer body is not remembered."""


class TypedBody(msgspec.Struct, frozen=True):
    """A body that keeps the contract, whatever its media type; *named*: it has pseudonyms."""

    request: Any
    named: bool


class OpaqueBody(msgspec.Struct, frozen=True):
    """A body that does not, as it came: its bytes mean nothing without type and encoding."""

    media_type: str = ""
    coding: str = ""
    text: str = ""


Body = TypedBody | OpaqueBody | None
"""None is a body that is not on record."""


class RequestKey(msgspec.Struct, frozen=True, eq=False):
    """A request as far as it matters for what is answered; `matching.differences` compares two."""

    method: str
    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    body: Body
    media_type: str
    credentials: Presented


def recorded(request: RecordedRequest) -> RequestKey:
    """Return a recorded request in canonical form. Raise ValueError if its URL is none."""
    parts = urlsplit(request.url)
    raw = tuple((_bytes(name), _bytes(value)) for name, value in request.headers)
    return sent(request.method, unquote(parts.path), parts.query, Headers(raw), request.body)


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def seen(method: str, path: str, query: str, headers: Headers, body: bytes) -> RequestKey:
    """Return `sent`; clients repeat their requests, so the last ones are remembered."""
    remembered = _remembered if len(body) <= LONG else sent
    return remembered(method, path, query, headers, body)


def sent(method: str, path: str, query: str, headers: Headers, body: bytes | None) -> RequestKey:
    """Return a request in canonical form: *path* is unquoted, *query* is not."""
    pairs = ((name.lower(), value) for name, value in parse_qsl(query, keep_blank_values=True))
    media_type = (headers.content_type or "").partition(";")[0].strip().lower()
    return RequestKey(
        method,
        tuple(path.lower().strip("/").split("/")),
        tuple(sorted(pairs)),
        None if body is None else _body(headers, body, operation_of(path)),
        media_type,
        headers.presented,
    )


_remembered = lru_cache(maxsize=256)(sent)


def operation_of(path: str) -> Operation | None:
    """Return the operation at *path*, with or without one segment before it."""
    operations = openapi_operations.load().operations
    folded = path.lower().rstrip("/")
    _, slash, rest = folded.strip("/").partition("/")
    return operations.get(folded) or operations.get(slash + rest)


def _body(headers: Headers, raw: bytes, operation: Operation | None) -> TypedBody | OpaqueBody:
    if not raw:
        return OpaqueBody()
    text = raw.decode("latin-1")
    coding = headers.content_encoding or ""
    kind = headers.content_type
    if operation is not None and not coding:
        try:
            return TypedBody(decode(operation, kind, raw, ANY_COUNT).request, b"pseudo-" in raw)
        except Rejected:
            pass
    return OpaqueBody((kind or "").lower().replace(" ", ""), coding.lower(), text)
