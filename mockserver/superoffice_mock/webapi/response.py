"""Answers as values, and their sending through ASGI."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec
from starlette.types import Scope, Send

from superoffice_contract.bodies.writers import write_xml
from superoffice_contract.openapi.operations import Operation
from superoffice_contract.openapi.readings import Readings
from superoffice_mock.core.credentials import SCHEMES
from superoffice_mock.core.sync_run import Installation
from superoffice_mock.core.verdicts import NOTHING
from superoffice_mock.errors import Rejected
from superoffice_mock.wire import error_body
from superoffice_mock.wire.headers import Headers, RawHeader, choose_media_type

NO_CACHE_HEADERS: Final[tuple[RawHeader, ...]] = (  # claim cache-headers
    (b"cache-control", b"no-cache"),
    (b"pragma", b"no-cache"),
    (b"expires", b"-1"),
)


class Response(msgspec.Struct, frozen=True):
    """A complete answer; `headers` are without those of the connection."""

    status: int
    headers: tuple[RawHeader, ...] = NO_CACHE_HEADERS
    body: bytes = b""

    def with_headers(self, more: tuple[RawHeader, ...]) -> "Response":
        """Return the answer with *more* headers after its own."""
        return Response(self.status, self.headers + more, self.body) if more else self

    def replace_headers(self, new: tuple[tuple[str, str], ...]) -> "Response":
        """Return the answer with the headers *new*, which replace its own of the same names."""
        raw = tuple((name.lower().encode(), value.encode("latin-1")) for name, value in new)
        kept = tuple(header for header in self.headers if header[0] not in dict(raw))
        return Response(self.status, kept + raw, self.body)

    async def send(self, scope: Scope, send: Send) -> None:
        """Send the answer, without its body if the request is a HEAD."""
        body = b"" if scope["method"] == "HEAD" else self.body
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": body})


class BrokenResponse(msgspec.Struct, frozen=True):
    """A broken connection instead of an answer; *status* if the client still receives one."""

    break_connection: Callable[[], None]
    status: int | None = None

    def with_headers(self, _: tuple[RawHeader, ...]) -> "BrokenResponse":
        """Return the same object, as there are no headers."""
        return self

    async def send(self, _: Scope, __: Send) -> None:
        """Break the connection."""
        self.break_connection()


def render_description(description: Mapping[str, Any]) -> Response:
    """Return the description of an operation as JSON (claim get-describes)."""
    return _build_response(200, "application/json", msgspec.json.encode(description))


def render_value(
    value: Any,  # noqa: ANN401 - JSON
    operation: Operation,
    headers: Headers,
    _: Readings,
) -> Response:
    """Return *value* in the described media type of `Accept`; NOTHING is a 204."""
    success = operation.success
    if value is NOTHING or success is None:
        return Response(204)
    answer, shape = success
    media_type = choose_media_type(headers.get(b"accept") or "", answer.media_types)
    if media_type in error_body.XML_TYPES:
        body = error_body.XML_DECLARATION + write_xml(value, shape, operation.name)
    else:
        body = msgspec.json.encode(value)
    status = int(answer.status) if answer.status.isdecimal() else 200  # such as 2XX
    return _build_response(status, media_type, body)


def render_error(error: Rejected, headers: Headers, readings: Readings) -> Response:
    """Return *error* in the vendor's envelope, as JSON or XML by Accept."""
    media_type = choose_media_type(headers.get(b"accept") or "", error_body.ERROR_TYPES)
    content = error_body.envelope(error, readings.errors)
    return _build_response(error.status, media_type, error_body.render(content, media_type))


def challenge_header(installation: Installation) -> RawHeader:
    """Return the WWW-Authenticate header of *installation* (claim www-authenticate)."""
    schemes = (f'{scheme} realm="SuperOffice"' for scheme in SCHEMES[installation])
    return (b"www-authenticate", ", ".join(schemes).encode())


def allow_header(methods: Iterable[str]) -> RawHeader:
    """Return the Allow header with *methods*."""
    return (b"allow", ", ".join(methods).encode())


def _build_response(status: int, media_type: str, body: bytes) -> Response:
    content_headers = (
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"content-length", str(len(body)).encode()),
    )
    return Response(status, NO_CACHE_HEADERS + content_headers, body)
