"""Requests in canonical form: only the parts that decide the answer."""

from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from superoffice_contract.bodies.decode import decode
from superoffice_contract.errors import InvalidBody
from superoffice_contract.openapi.operations import NO_BODY, Description, Operation
from superoffice_contract.openapi.paths import drop_extra_slashes
from superoffice_mock.core.credentials import PresentedCredentials
from superoffice_mock.recordings.model import RecordedRequest
from superoffice_mock.wire.headers import Headers, is_short

MAX_CACHED_BODY: Final = 80 * 1024
"""Requests with longer bodies, paths and queries together are not cached."""


class TypedBody(msgspec.Struct, frozen=True):
    """A body that fits the contract, in whatever media type and case of its names."""

    content: Any
    has_pseudonyms: bool


class OpaqueBody(msgspec.Struct, frozen=True):
    """A body that does not fit the contract: its bytes, which only its type and coding explain."""

    media_type: str = ""
    coding: str = ""
    text: str = ""


Body = TypedBody | OpaqueBody | None
"""None is a body that the recording does not hold."""


class RequestKey(msgspec.Struct, frozen=True, eq=False, weakref=True):
    """The parts of a request that decide its answer; `matching.differences` compares two."""

    method: str
    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    body: Body
    media_type: str
    credentials: PresentedCredentials


class RequestKeys:
    """Makes the keys of requests: the operations of *description* tell how to read a body."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self._find_or_make_key = lru_cache(maxsize=256)(self._make_key)

    def key_of_recorded(self, request: RecordedRequest) -> RequestKey:
        """Return the key of a recorded request. Raise ValueError if its URL is invalid."""
        parts = urlsplit(request.url)
        raw = tuple((_bytes(name), _bytes(value)) for name, value in request.headers)
        path = unquote(parts.path)
        return self._make_key(request.method, path, parts.query, Headers(raw), request.body)

    def key_of(
        self, method: str, path: str, query: str, headers: Headers, body: bytes
    ) -> RequestKey:
        """Return the key of a request, from a cache, as clients repeat their requests.

        *path* is unquoted, *query* is as sent.
        """
        size = len(body) + len(path) + len(query)
        is_small = size <= MAX_CACHED_BODY and is_short(headers.raw)
        make = self._find_or_make_key if is_small else self._make_key
        return make(method, path, query, headers, body)

    def _make_key(
        self, method: str, path: str, query: str, headers: Headers, body: bytes | None
    ) -> RequestKey:
        pairs = ((name.lower(), value) for name, value in parse_qsl(query, keep_blank_values=True))
        find, clean_path = self.description.find, drop_extra_slashes(path)
        # --match may leave the method out
        operation = find(method, clean_path) or find("POST", clean_path)
        return RequestKey(
            method,
            tuple(path.lower().removeprefix("/").removesuffix("/").split("/")),
            tuple(sorted(pairs)),
            None if body is None else _body(headers, body, operation),
            _media_type(headers),
            headers.credentials,
        )


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _media_type(headers: Headers) -> str:
    return (headers.content_type or "").partition(";")[0].strip().lower()


def _body(headers: Headers, raw: bytes, operation: Operation | None) -> TypedBody | OpaqueBody:
    is_optional = operation is not None and not operation.body_required
    if not raw or (is_optional and raw.strip() in NO_BODY):
        return OpaqueBody()
    content_type, coding = headers.content_type, headers.content_encoding or ""
    if operation is not None and not coding:
        try:
            content = decode(operation.bodies, content_type, raw).content
            return TypedBody(content, b"pseudo-" in raw)
        except InvalidBody:
            pass
    normalized_type = (content_type or "").lower().replace(" ", "")
    return OpaqueBody(normalized_type, coding.lower(), raw.decode("latin-1"))
