"""Calls of the control surface over HTTP, with connections that are kept."""

import http.client
import math
import ssl
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from superoffice_mock.errors import ControlFailed

Value = TypeVar("Value")

_PATIENCE: Final = 70
"""Real seconds for an answer; `requests/wait` may take 60."""


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with a call; problem+json (RFC 9457)."""

    detail: str = ""


class ControlClient:
    """Calls /_mock/ of the server at *url*, from any thread.

    *token* is its control token; *trusted* the PEM file with its certificate, for https.
    """

    def __init__(self, url: str, token: str | None = None, trusted: str | None = None) -> None:
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        self._address = (parts.hostname or "", parts.port)
        self._tls = _context(trusted) if parts.scheme == "https" else None
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._idle: deque[http.client.HTTPConnection] = deque()

    def get(self, path: str, kind: type[Value], **query: object) -> Value:
        """Return what `GET /_mock/{path}` answers, as *kind*."""
        return self.send("GET", path, None, kind, **query)

    def post(self, path: str, body: object, kind: type[Value], **query: object) -> Value:
        """Return what `POST /_mock/{path}` answers, as *kind*."""
        return self.send("POST", path, body, kind, **query)

    def send(
        self, method: str, path: str, body: object, kind: type[Value], **query: object
    ) -> Value:
        """Return the answer as *kind*. Raise ControlFailed with what the mock says is wrong."""
        return msgspec.json.decode(self.raw(method, path, body, **query) or b"{}", type=kind)

    def raw(self, method: str, path: str, body: object = None, **query: object) -> bytes:
        """Return the answer as it is. Raise ControlFailed with what the mock says is wrong."""
        target = f"/_mock/{quote(path)}" + (f"?{urlencode(query)}" if query else "")
        for name in _no_numbers(body):
            raise ControlFailed(f"{method} {target}", f"{name}: expected a finite number")
        raw = None if body is None else msgspec.json.encode(body)
        status, content = self._exchange(method, target, raw)
        if status >= 400:
            told = _detail(content) or f"it answered {status}"
            raise ControlFailed(f"{method} {target}", told, status)
        return content

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()

    def _exchange(self, method: str, target: str, body: bytes | None) -> tuple[int, bytes]:
        try:
            while self._idle:
                # The server has closed it, as it was idle for long; or another thread was quicker.
                with suppress(ConnectionError, IndexError):
                    return self._on(self._idle.pop(), method, target, body)
            return self._on(self._connection(), method, target, body)
        except (OSError, http.client.HTTPException) as error:
            told = f"no answer from {self.url}: {error or type(error).__name__}; is it running?"
            raise ControlFailed(f"{method} {target}", told) from None

    def _on(
        self, connection: http.client.HTTPConnection, method: str, target: str, body: bytes | None
    ) -> tuple[int, bytes]:
        try:
            connection.request(method, target, body, self._headers)
            answer = connection.getresponse()
            content = answer.read()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return answer.status, content

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._address
        if self._tls is not None:
            return http.client.HTTPSConnection(host, port, timeout=_PATIENCE, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=_PATIENCE)


def _no_numbers(body: object, name: str = "the body") -> Iterator[str]:
    """Yield the names of numbers in *body* that JSON has not; they would be sent as null."""
    if isinstance(body, float) and not math.isfinite(body):
        yield f"{name} = {body}"
    elif isinstance(body, Mapping):
        for key, value in body.items():
            yield from _no_numbers(value, f"{key}")
    elif isinstance(body, list | tuple):
        for value in body:
            yield from _no_numbers(value, name)


def _detail(content: bytes) -> str:
    try:
        return msgspec.json.decode(content, type=Problem).detail
    except msgspec.DecodeError:
        return ""


def _context(trusted: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=trusted)
