"""A client of the control surface, with connections that are reused."""

import http.client
import math
import ssl
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from superoffice_contract.messages import describe_os_error
from superoffice_mock.errors import ControlFailed

Value = TypeVar("Value")

_TIMEOUT: Final = 70
"""Real seconds to wait for an answer; `requests/wait` may take 60."""


class Problem(msgspec.Struct, frozen=True):
    """The body of an error: problem+json (RFC 9457)."""

    detail: str = ""


class ControlClient:
    """Calls /_mock/ of the server at *url*, from any thread.

    *token* is its control token; *certificate* the PEM file of its certificate, for https.
    """

    def __init__(self, url: str, token: str | None = None, certificate: str | None = None) -> None:
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        self._address = (parts.hostname or "", parts.port)
        self._tls = (
            ssl.create_default_context(cafile=certificate) if parts.scheme == "https" else None
        )
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._idle: deque[http.client.HTTPConnection] = deque()

    def get(self, path: str, type_: type[Value], **query: object) -> Value:
        """Return the answer to `GET /_mock/{path}` as *type_*."""
        return self.send("GET", path, None, type_, **query)

    def post(self, path: str, body: object, type_: type[Value], **query: object) -> Value:
        """Return the answer to `POST /_mock/{path}` as *type_*."""
        return self.send("POST", path, body, type_, **query)

    def send(
        self, method: str, path: str, body: object, type_: type[Value], **query: object
    ) -> Value:
        """Return the answer as *type_*. Raise ControlFailed with what the mock says is wrong."""
        return msgspec.json.decode(self.raw(method, path, body, **query) or b"{}", type=type_)

    def raw(self, method: str, path: str, body: object = None, **query: object) -> bytes:
        """Return the bytes of the answer. Raise ControlFailed with what the mock says is wrong."""
        target = f"/_mock/{quote(path)}" + (f"?{urlencode(query)}" if query else "")
        for number in _non_finite_numbers(body):
            raise ControlFailed(f"{method} {target}", f"{number}: expected a finite number")
        encoded_body = None if body is None else msgspec.json.encode(body)
        status, content = self._exchange(method, target, encoded_body)
        if status >= 400:
            detail = _detail(content) or f"it answered {status}"
            raise ControlFailed(f"{method} {target}", detail, status)
        return content

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()

    def _exchange(self, method: str, target: str, body: bytes | None) -> tuple[int, bytes]:
        try:
            while self._idle:
                # The server may have closed an idle connection, another thread may have taken it.
                with suppress(ConnectionError, IndexError):
                    return self._send_on(self._idle.pop(), method, target, body)
            return self._send_on(self._connect(), method, target, body)
        except (OSError, http.client.HTTPException) as error:
            detail = f"no answer from {self.url}: {describe_os_error(error)}; is it running?"
            raise ControlFailed(f"{method} {target}", detail) from None

    def _send_on(
        self, connection: http.client.HTTPConnection, method: str, target: str, body: bytes | None
    ) -> tuple[int, bytes]:
        try:
            connection.request(method, target, body, self._headers)
            response = connection.getresponse()
            content = response.read()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return response.status, content

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._address
        if self._tls is not None:
            return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=_TIMEOUT)


def _non_finite_numbers(body: object, name: str = "the body") -> Iterator[str]:
    """Yield the numbers in *body* that JSON does not have; they would be sent as null."""
    if isinstance(body, float) and not math.isfinite(body):
        yield f"{name} = {body}"
    elif isinstance(body, Mapping):
        for key, value in body.items():
            yield from _non_finite_numbers(value, f"{key}")
    elif isinstance(body, list | tuple):
        for value in body:
            yield from _non_finite_numbers(value, name)


def _detail(content: bytes) -> str:
    try:
        return msgspec.json.decode(content, type=Problem).detail
    except msgspec.DecodeError:
        return ""
