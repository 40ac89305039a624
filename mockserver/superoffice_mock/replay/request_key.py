"""Requests in canonical form: only the parts that decide the answer."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from superoffice_contract.bodies.decode import decode
from superoffice_contract.errors import InvalidBody
from superoffice_contract.messages import SECRET_HEADERS, is_blanked
from superoffice_contract.openapi.operations import NO_BODY, Description, Operation
from superoffice_contract.openapi.paths import drop_extra_slashes
from superoffice_mock.core.credentials import PresentedCredentials, UnusableCredentials
from superoffice_mock.recordings.model import RecordedRequest
from superoffice_mock.replay import json_values
from superoffice_mock.wire.headers import Headers, is_short

MAX_CACHED_BODY: Final = 80 * 1024
"""Requests with longer bodies, paths and queries together are not cached."""


class TypedBody(msgspec.Struct, frozen=True):
    """A body that fits the contract, in whatever media type and case of its names."""

    content: Any
    has_pseudonyms: bool


class FreeBody(TypedBody, frozen=True):
    """A body in JSON of an operation that is not described."""


class OpaqueBody(msgspec.Struct, frozen=True):
    """Any other body: its bytes, which only its type and coding explain."""

    media_type: str = ""
    coding: str = ""
    text: str = ""


Body = TypedBody | OpaqueBody | None
"""None is a body that the recording does not hold."""


class RequestKey(msgspec.Struct, frozen=True, eq=False):
    """The parts of a request that decide its answer; `matching.differences` compares two.

    *query* has the values of each parameter. *length* is the number of bytes of the body, None if
    it is unknown. *any_credentials*: those sent are not on record. *hides_numbers*: the numbers
    that are not described are 0, in the answer as well.
    """

    method: str
    path: tuple[str, ...]
    query: Mapping[str, Sequence[str]]
    body: Body
    media_type: str
    credentials: PresentedCredentials
    length: int | None = None
    any_credentials: bool = False
    hides_numbers: bool = False

    @property
    def full_path(self) -> str:
        """The path as text."""
        return "/" + "/".join(self.path)


class RequestKeys:
    """Makes the keys of requests: the operations of *description* tell how to read a body.

    With *hides_numbers*, the numbers that are not described are 0, as redaction left them.
    """

    def __init__(self, description: Description, *, hides_numbers: bool = False) -> None:
        self.description = description
        self.hides_numbers = hides_numbers
        self._find_or_make_key = lru_cache(maxsize=256)(self._make_key)

    def key_of_recorded(self, request: RecordedRequest, status: int = 0) -> RequestKey:
        """Return the key of a recorded request, which was answered with *status*.

        Raise ValueError if its URL is invalid.
        """
        parts = urlsplit(request.url)
        raw = [(_bytes(name), _bytes(value)) for name, value in request.headers]
        if request.declared_type:
            raw.append((b"content-type", _bytes(request.declared_type)))
        headers, path = Headers(tuple(raw)), unquote(parts.path)
        key = self._make_key(request.method, path, parts.query, headers, request.body)
        return msgspec.structs.replace(
            key,
            length=request.length if request.body is None else key.length,
            any_credentials=_is_any_accepted(headers, status),
        )

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
        values: defaultdict[str, list[str]] = defaultdict(list)
        if query:
            plain_query = json_values.convert_text(query)
            for name, value in parse_qsl(plain_query, keep_blank_values=True):
                values[name.lower()].append(value)
        find, clean_path = self.description.find, drop_extra_slashes(path)
        # --match may leave the method out
        operation = find(method, clean_path) or find("POST", clean_path)
        lower_path = json_values.convert_text(path.lower())
        return RequestKey(
            method,
            tuple(lower_path.removeprefix("/").removesuffix("/").split("/")),
            values,
            None if body is None else self._read_body(headers, body, operation),
            _media_type(headers),
            headers.credentials,
            length=None if body is None else len(body),
            hides_numbers=self.hides_numbers,
        )

    def _read_body(self, headers: Headers, raw: bytes, operation: Operation | None) -> Body:
        is_optional = operation is not None and not operation.body_required
        if not raw or (is_optional and raw.strip() in NO_BODY):
            return OpaqueBody()
        content_type, coding = headers.content_type, headers.content_encoding or ""
        conversion = json_values.Conversion(hides_numbers=self.hides_numbers)
        if not coding:
            with suppress(InvalidBody, ValueError):
                kind = FreeBody if operation is None else TypedBody
                if operation is None:
                    content = conversion.read(raw)
                else:
                    content = decode(operation.bodies, content_type, raw).content
                    if json_values.may_have_free_parts(content, raw):
                        content = conversion.convert_free_parts(content)
                return kind(content, conversion.has_ids or b"pseudo-" in raw)
        normalized_type = (content_type or "").lower().replace(" ", "")
        return OpaqueBody(normalized_type, coding.lower(), conversion.read_text(raw))


def _is_any_accepted(headers: Headers, status: int) -> bool:
    """Return whether the credentials are not on record: blanked out, or missing where they passed.

    A cookie that is blanked out does not matter beside other credentials.
    """
    values = msgspec.structs.astuple(headers.credentials)
    if isinstance(headers.credentials, UnusableCredentials):
        if 200 <= status <= 299:
            return True
        values = tuple(headers.get(name.encode()) for name in SECRET_HEADERS)
    return any(map(is_blanked, filter(None, values)))


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _media_type(headers: Headers) -> str:
    return (headers.content_type or "").partition(";")[0].strip().lower()
