"""A client of the control surface: what it sends and reads, and connections that are reused."""

import http.client
import math
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from superoffice_contract.errors import ControlFailed
from superoffice_contract.messages import describe_os_error

CONTROL: Final = "/_mock/"
TIMEOUT: Final = 70.0
"""Seconds to wait for the next bytes of an answer; `requests/wait` may take 60."""
MAX_TIMEOUTS: Final = 3
"""How many timeouts a whole answer may take."""
MAX_BYTES: Final = 64 * 1024 * 1024
"""How long an answer may be."""

Answer = TypeVar("Answer")


class Problem(msgspec.Struct, frozen=True):
    """The body of an error: problem+json (RFC 9457)."""

    detail: str = ""


class ControlCall(msgspec.Struct, frozen=True):
    """A call of the control surface: *target* is its path and query, *body* its JSON.

    If it fails it raises *error*.
    """

    method: str
    target: str
    body: bytes
    error: type[ControlFailed] = ControlFailed

    def __str__(self) -> str:
        return f"{self.method} {self.target}"

    def check(self, status: int, content: bytes) -> bytes:
        """Return *content*, the answer. Raise ControlFailed if *status* is that of an error."""
        if not 200 <= status < 300:
            detail = problem_detail(content) or f"it answered {status}"
            raise self.error(str(self), detail, status)
        return content

    def read(self, status: int, content: bytes, type_: type[Answer]) -> Answer:
        """Return the answer as *type_*. Raise ControlFailed if it is an error or something else."""
        try:
            return msgspec.json.decode(self.check(status, content) or b"{}", type=type_)
        except msgspec.DecodeError as error:
            raise self.error(str(self), f"unexpected answer: {error}", status) from None


def make_call(
    method: str,
    path: str,
    body: object,
    query: Mapping[str, object],
    error: type[ControlFailed] = ControlFailed,
) -> ControlCall:
    """Return the call of *path*, below `/_mock/`. Raise *error* if *body* is not JSON."""
    target = f"{CONTROL}{quote(path)}" + (f"?{urlencode(query)}" if query else "")
    for number in _non_finite_numbers(body):
        raise error(f"{method} {target}", f"{number}: expected a finite number")
    content = b"" if body is None else msgspec.json.encode(body)
    return ControlCall(method, target, content, error)


def control_headers(token: str | None) -> dict[str, str]:
    """Return the headers of all calls; *token* is the control token of the server."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def problem_detail(content: bytes) -> str:
    """Return what an error says is wrong; nothing if *content* is not an error of a mock."""
    try:
        return msgspec.json.decode(content, type=Problem).detail
    except msgspec.DecodeError:
        return ""


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


class ControlClient:
    """Calls the control surface of the server at *url*, from any thread.

    *token* is its control token; *certificate* the PEM file of its certificate, for https; *error*
    what it raises if a call fails. It follows no redirect, so that the token is sent to no other
    server, and uses no proxy.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        certificate: str | None = None,
        timeout: float = TIMEOUT,
        error: type[ControlFailed] = ControlFailed,
    ) -> None:
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        self._base_path = parts.path
        address = (parts.hostname or "", parts.port)
        self._connect: Callable[[], http.client.HTTPConnection]
        self._connect = partial(http.client.HTTPConnection, *address, timeout=timeout)
        if parts.scheme == "https":
            tls = ssl.create_default_context(cafile=certificate)
            self._connect = partial(
                http.client.HTTPSConnection, *address, timeout=timeout, context=tls
            )
        self._headers = control_headers(token)
        self._timeout = timeout
        self._error = error
        self._idle: deque[http.client.HTTPConnection] = deque()

    def control(
        self, method: str, path: str, type_: type[Answer], body: object = None, **query: object
    ) -> Answer:
        """Return the answer as *type_*. Raise ControlFailed with what the mock says is wrong."""
        call = make_call(method, path, body, query, self._error)
        return call.read(*self._answer(call), type_)

    def raw(self, method: str, path: str, **query: object) -> bytes:
        """Return the bytes of the answer. Raise ControlFailed with what the mock says is wrong."""
        call = make_call(method, path, None, query, self._error)
        return call.check(*self._answer(call))

    def exchange(self, call: ControlCall) -> tuple[int, bytes]:
        """Return the status and the body of the answer. Raise OSError or HTTPException."""
        while self._idle:
            # The server may have closed an idle connection, another thread may have taken it.
            with suppress(ConnectionError, IndexError):
                return self._send_on(self._idle.pop(), call)
        return self._send_on(self._connect(), call)

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()

    def _answer(self, call: ControlCall) -> tuple[int, bytes]:
        try:
            return self.exchange(call)
        except (OSError, http.client.HTTPException) as error:
            detail = f"no answer from {self.url}: {describe_os_error(error)}; is it running?"
            raise call.error(str(call), detail) from None

    def _send_on(
        self, connection: http.client.HTTPConnection, call: ControlCall
    ) -> tuple[int, bytes]:
        target = f"{self._base_path}{call.target}"
        try:
            connection.request(call.method, target, call.body or None, self._headers)
            response = connection.getresponse()
            content = self._read_all(response)
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return response.status, content

    def _read_all(self, response: http.client.HTTPResponse) -> bytes:
        seconds = self._timeout * MAX_TIMEOUTS
        deadline, content = time.monotonic() + seconds, bytearray()
        with response:
            while part := response.read1(65536):
                content += part
                if len(content) > MAX_BYTES or time.monotonic() > deadline:
                    mib = MAX_BYTES // 1024 // 1024
                    limit = f"more than {mib} MiB, or slower than {seconds:g} s"
                    raise TimeoutError(limit)
            if response.length:
                raise http.client.IncompleteRead(b"", response.length)
        return bytes(content)
