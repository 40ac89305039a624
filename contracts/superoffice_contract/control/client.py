"""A client of the control surface: what it sends and reads, and connections that are reused."""

import http.client
import math
import re
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from superoffice_contract.control.connection import (
    PROXY_PROBLEM,
    PROXY_REFUSES,
    AnswerLimitError,
    Proxy,
    make_route,
)
from superoffice_contract.errors import ControlFailed, TargetError
from superoffice_contract.messages import describe_os_error, printable

__tracebackhide__ = True
"""A failing test shows its own line, and none of this module."""
CONTROL: Final = "/_mock/"
TIMEOUT: Final = 70.0
"""Seconds to wait for the next bytes of an answer; `requests/wait` may take 60."""
MAX_DETAIL: Final = 2_000
"""How much is shown of what an answer says is wrong."""
_HEADER_TEXT: Final = re.compile(r"[\x20-\x7e\xa0-\xff]*")

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
        except (msgspec.DecodeError, RecursionError) as error:
            detail = printable(f"unexpected answer: {error}")[:MAX_DETAIL]
            raise self.error(str(self), detail, status) from None


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
    """Return the headers of all calls; *token* is the control token of the server.

    Raise TargetError, which does not repeat it, if it can't be sent.
    """
    if token is not None and not _HEADER_TEXT.fullmatch(token):
        msg = "the control token has characters that no header can have, such as a line break"
        raise TargetError(msg)
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def problem_detail(content: bytes) -> str:
    """Return what an error says is wrong; nothing if *content* is not an error of a mock."""
    try:
        return printable(msgspec.json.decode(content, type=Problem).detail)[:MAX_DETAIL]
    except (msgspec.DecodeError, RecursionError):
        return ""


def describe_failure(error: Exception, source: str = "") -> str:
    """Return what *error*, which `exchange` raised, says of the answer; *source* is from whom."""
    if isinstance(error, AnswerLimitError):
        return f"the answer{source} {error}; the rest was not read"
    problem = printable(describe_os_error(error))[:MAX_DETAIL]
    return f"no answer{source}: {problem}; is it running?"


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
    server, and uses no other proxy than *proxy*.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        certificate: str | None = None,
        timeout: float = TIMEOUT,
        error: type[ControlFailed] = ControlFailed,
        proxy: Proxy | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._route = make_route(self.url, timeout, certificate, proxy)
        self._headers = {**self._route.headers, **control_headers(token)}
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
        return self._send_on(self._route.connect(), call)

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()

    def _answer(self, call: ControlCall) -> tuple[int, bytes]:
        try:
            return self.exchange(call)
        except (OSError, http.client.HTTPException) as error:
            raise call.error(str(call), describe_failure(error, f" from {self.url}")) from None

    def _send_on(
        self, connection: http.client.HTTPConnection, call: ControlCall
    ) -> tuple[int, bytes]:
        target = f"{self._route.base}{call.target}"
        try:
            connection.request(call.method, target, call.body or None, self._headers)
            with connection.getresponse() as response:
                # In parts: for one that is announced, http.client takes all the memory at once.
                content = b"".join(iter(partial(response.read1, 65536), b""))
                if response.status == PROXY_REFUSES:
                    raise http.client.HTTPException(PROXY_PROBLEM)
                if response.length:
                    raise http.client.IncompleteRead(b"", response.length)
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return response.status, content
