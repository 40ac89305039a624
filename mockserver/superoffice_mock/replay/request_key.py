"""Requests in canonical form: only the parts that decide the answer."""

from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from superoffice_contract.openapi import operations as openapi_operations
from superoffice_contract.openapi.operations import Operation
from superoffice_mock.core.credentials import PresentedCredentials
from superoffice_mock.errors import Rejected
from superoffice_mock.recordings.model import RecordedRequest
from superoffice_mock.wire.decode import decode
from superoffice_mock.wire.headers import Headers

NO_LIMIT: Final = 1_000_000_000
MAX_CACHED_BODY: Final = 64 * 1024
"""Requests with longer bodies are not cached."""


class TypedBody(msgspec.Struct, frozen=True):
    """A body that fits the contract, in whatever media type."""

    request: Any
    has_pseudonyms: bool


class OpaqueBody(msgspec.Struct, frozen=True):
    """A body that does not fit the contract: its bytes, which only its type and coding explain."""

    media_type: str = ""
    coding: str = ""
    text: str = ""


Body = TypedBody | OpaqueBody | None
"""None is a body that the recording does not hold."""


class RequestKey(msgspec.Struct, frozen=True, eq=False):
    """The parts of a request that decide its answer; `matching.differences` compares two."""

    method: str
    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    body: Body
    media_type: str
    credentials: PresentedCredentials


def key_of_recorded(request: RecordedRequest) -> RequestKey:
    """Return the key of a recorded request. Raise ValueError if its URL is invalid."""
    parts = urlsplit(request.url)
    raw = tuple((_bytes(name), _bytes(value)) for name, value in request.headers)
    return make_key(request.method, unquote(parts.path), parts.query, Headers(raw), request.body)


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def key_of(method: str, path: str, query: str, headers: Headers, body: bytes) -> RequestKey:
    """Do the same as `make_key`, with a cache, as clients repeat their requests."""
    make = _make_key_cached if len(body) <= MAX_CACHED_BODY else make_key
    return make(method, path, query, headers, body)


def make_key(
    method: str, path: str, query: str, headers: Headers, body: bytes | None
) -> RequestKey:
    """Return the key of a request; *path* is unquoted, *query* is as sent."""
    pairs = ((name.lower(), value) for name, value in parse_qsl(query, keep_blank_values=True))
    media_type = (headers.content_type or "").partition(";")[0].strip().lower()
    return RequestKey(
        method,
        tuple(path.lower().strip("/").split("/")),
        tuple(sorted(pairs)),
        None if body is None else _body(headers, body, operation_of(path)),
        media_type,
        headers.credentials,
    )


_make_key_cached = lru_cache(maxsize=256)(make_key)


def operation_of(path: str) -> Operation | None:
    """Return the operation at *path*, with or without a tenant segment before it."""
    operations = openapi_operations.load().operations
    lower = path.lower().rstrip("/")
    _, slash, rest = lower.strip("/").partition("/")
    return operations.get(lower) or operations.get(slash + rest)


def _body(headers: Headers, raw: bytes, operation: Operation | None) -> TypedBody | OpaqueBody:
    if not raw:
        return OpaqueBody()
    media_type, coding = headers.content_type, headers.content_encoding or ""
    if operation is not None and not coding:
        try:
            content = decode(operation, media_type, raw, NO_LIMIT).content
            return TypedBody(content, b"pseudo-" in raw)
        except Rejected:
            pass
    normalized_type = (media_type or "").lower().replace(" ", "")
    return OpaqueBody(normalized_type, coding.lower(), raw.decode("latin-1"))
