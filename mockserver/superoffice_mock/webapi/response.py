"""Answers as values, and how they are sent."""

from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any, Final

import msgspec
from starlette.types import Scope, Send

from superoffice_mock.core.credentials import SCHEMES
from superoffice_mock.core.readings import Readings
from superoffice_mock.core.sync_run import Installation
from superoffice_mock.errors import Rejected
from superoffice_mock.server import asgi_extensions
from superoffice_mock.wire import error_body
from superoffice_mock.wire.headers import Headers, preferred

RawHeader = tuple[bytes, bytes]

NOT_CACHED: Final[tuple[RawHeader, ...]] = (  # claim cache-headers
    (b"cache-control", b"no-cache"),
    (b"pragma", b"no-cache"),
    (b"expires", b"-1"),
)


class Response(msgspec.Struct, frozen=True):
    """A whole answer; `headers` without those of the connection."""

    status: int
    headers: tuple[RawHeader, ...] = NOT_CACHED
    body: bytes = b""

    def with_headers(self, more: tuple[RawHeader, ...]) -> "Response":
        """Return the answer with *more* headers behind its own."""
        return Response(self.status, self.headers + more, self.body) if more else self

    def without_headers(self, names: Collection[bytes]) -> "Response":
        """Return the answer without the headers called *names*, in lower case."""
        kept = tuple(header for header in self.headers if header[0] not in names)
        return Response(self.status, kept, self.body)

    async def send(self, scope: Scope, send: Send) -> None:
        """Send it; to HEAD without its body."""
        body = b"" if scope["method"] == "HEAD" else self.body
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": body})


class NoContent(Response, frozen=True):
    """A 204, its headers put into *lines* once for all."""

    status: int = 204
    lines: bytes = b""

    @classmethod
    def of(cls, headers: tuple[RawHeader, ...]) -> "NoContent":
        """Return a 204 with *headers*."""
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        return cls(headers=headers, lines=lines)

    def send(self, scope: Scope, send: Send) -> Coroutine[None, None, None]:
        """Send it, in one piece where the server offers that."""
        connection = asgi_extensions.connection(scope)
        if connection is None or not connection.sends(send):
            return super().send(scope, send)
        return connection.answer(self.status, self.lines)


class BrokenResponse(msgspec.Struct, frozen=True):
    """No answer but a broken connection; *status* if the caller sees one before it breaks."""

    break_off: Callable[[], None]
    status: int | None = None

    def with_headers(self, _: tuple[RawHeader, ...]) -> "BrokenResponse":
        """Return the same: there is nothing to put headers on."""
        return self

    async def send(self, _: Scope, __: Send) -> None:
        """Break the connection."""
        self.break_off()


NO_CONTENT: Final[Mapping[str, NoContent]] = {
    "absent": NoContent.of(NOT_CACHED),
    "as-sampled": NoContent.of(
        (*NOT_CACHED, (b"content-type", b"application/json; charset=utf-8"))
    ),
}
"""The one answer to every call that keeps the contract, by reading `no-content-type`."""


def described(description: Mapping[str, Any]) -> Response:
    """Return the description of a call as JSON (claim get-describes)."""
    return _with_body(200, "application/json", msgspec.json.encode(description))


def rejected(error: Rejected, headers: Headers, readings: Readings) -> Response:
    """Return *error* in the vendor's envelope, as JSON or XML by Accept."""
    media_type = preferred(headers.get(b"accept") or "", error_body.ERROR_TYPES)
    content = error_body.envelope(error, readings.errors)
    return _with_body(error.status, media_type, error_body.render(content, media_type))


def challenge(installation: Installation) -> RawHeader:
    """Return the WWW-Authenticate of *installation* (claim www-authenticate)."""
    schemes = (f'{scheme} realm="SuperOffice"' for scheme in SCHEMES[installation])
    return (b"www-authenticate", ", ".join(schemes).encode())


def _with_body(status: int, media_type: str, body: bytes) -> Response:
    described_as = (
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"content-length", str(len(body)).encode()),
    )
    return Response(status, NOT_CACHED + described_as, body)
