"""An HTTP client for the server under test, and its errors.

It reads no more of an answer than it needs, and takes nothing from the environment.
"""

import asyncio
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, NoReturn

import httpx2
import msgspec

from superoffice_contract.control.answers import Nothing
from superoffice_contract.control.client import CONTROL, Answer, control_headers, make_call
from superoffice_contract.control.connection import (
    MAX_BYTES,
    PROXY_PROBLEM,
    PROXY_REFUSES,
    Proxy,
    tls_context,
)
from superoffice_contract.errors import ControlFailed, NotObservableError, TargetError
from superoffice_contract.messages import causes_of, describe_os_error
from superoffice_contract.target.tenants import Header

IN_PROCESS: Final = "http://127.0.0.1:8204"
"""The base URL of an application in this process; its control API requires a loopback name."""
RUNNING_HINT: Final = "is a server running there?"
BUSY_HINT: Final = f"{RUNNING_HINT} Can it take several connections at once?"


MAX_BODY: Final = 2**20
"""How long the body of an answer may be; that of `/_mock/` may have `MAX_BYTES`."""
MAX_TRIES: Final = 2
"""How often a request is sent in total where it may be if its connection breaks."""
_ENCODINGS: Final = ("gzip", "x-gzip", "deflate")


class ConnectionBrokenError(TargetError):
    """The connection was refused, or broke before the response began."""


class InvalidAddressError(TargetError):
    """The URL of a request can't be sent, such as one that is too long."""


class NoAnswerError(TargetError):
    """There is no answer, or no whole one, within the limits of time and length."""


class LongAnswerError(NoAnswerError):
    """An answer is longer than it may be; the rest was not read."""


class Request(msgspec.Struct, frozen=True):
    """A request; *path* includes the query, as it is sent."""

    method: str
    path: str
    headers: tuple[Header, ...] = ()
    body: bytes = b""


class Response(msgspec.Struct, frozen=True):
    """A response; *seconds* is its duration in real time."""

    status: int
    headers: tuple[Header, ...]
    body: bytes
    seconds: float

    def header(self, name: str) -> str | None:
        """Return the first value of header *name*, or None."""
        lower_name = name.lower()
        return next((value for header, value in self.headers if header.lower() == lower_name), None)

    @property
    def comparable(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Everything that may not differ between two outcomes: all but the Date."""
        headers = [(name, value) for name, value in self.headers if name.lower() != "date"]
        return self.status, headers, self.body

    @property
    def header_names(self) -> frozenset[str]:
        """The names of the headers, in lower case."""
        return frozenset(name.lower() for name, _ in self.headers)


OnResponse = Callable[[Request, Response], None]


class Client:
    """Sends requests to one target: a URL, or an ASGI application in this process.

    Its methods raise TargetError if there is no HTTP response in time. *tries*: how often a
    request is sent at most if its connection breaks before the response begins. *on_response* is
    called for each response, except those of `/_mock/`.
    """

    def __init__(
        self,
        http_client: httpx2.AsyncClient,
        base: str,
        timeout_seconds: float,
        control_token: str | None = None,
        tries: int = 1,
        on_response: OnResponse = lambda *_: None,
        proxy: Proxy | None = None,
    ) -> None:
        self._http_client = http_client
        self.base = base
        self._proxy = proxy
        self._place = base if proxy is None else f"{base} through {proxy.url}"
        self.timeout_seconds = timeout_seconds
        self._control_headers = tuple(control_headers(control_token).items())
        self._tries = tries
        self.on_response = on_response

    async def send(self, request: Request) -> Response:
        """Send *request*; redirects are not followed."""
        for tries_left in reversed(range(self._tries)):
            try:
                response = await self._send_once(request)
            except ConnectionBrokenError:
                if not tries_left:
                    raise
            else:
                if not request.path.startswith(CONTROL):
                    self.on_response(request, response)
                return response
        raise AssertionError("a request is tried at least once")

    async def _send_once(self, request: Request) -> Response:
        started_at = time.monotonic()
        describe_error = error_before_response
        content = bytearray()
        try:
            http_request = self._http_client.build_request(
                request.method,
                f"{self.base}/{request.path.removeprefix('/')}",  # never part of the host
                headers=[
                    (name.encode("latin-1"), value.encode("latin-1"))
                    for name, value in request.headers
                ],
                content=request.body,
            )
            async with asyncio.timeout(self.timeout_seconds):
                http_response = await self._http_client.send(http_request, stream=True)
                describe_error = error_during_response
                async with aclosing(http_response):
                    # Not decoded: a few bytes may stand for gigabytes.
                    async for part in http_response.aiter_raw():
                        content += part
                        self._check_length(request, len(content))
        except (httpx2.TimeoutException, TimeoutError):
            is_partial = describe_error is error_during_response
            problem = f"no {'whole ' * is_partial}answer within {self.timeout_seconds:g} s"
            came = f": {len(content)} bytes came" * is_partial
            msg = f"{self._place}: {problem} to {_name(request)}{came}; is the server stuck?"
            raise NoAnswerError(msg) from None
        except (httpx2.LocalProtocolError, UnicodeEncodeError):
            msg = f"{self._place}: a credential has a character that is not allowed in a header"
            raise TargetError(msg) from None
        except httpx2.InvalidURL as error:
            raise InvalidAddressError(str(describe_error(self._place, error))) from None
        except httpx2.HTTPError as error:
            if any(getattr(cause, "error_status_hint", 0) == 431 for cause in causes_of(error)):
                self._raise_too_long(request, "the head or the trailer of ", "100 KiB")
            raise describe_error(self._place, error) from None
        if http_response.status_code == PROXY_REFUSES and self._proxy is not None:
            raise TargetError(f"{self._place}: {PROXY_PROBLEM}")
        seconds = time.monotonic() - started_at
        http_response.headers.encoding = "latin-1"  # not guessed, as a recording has it
        headers = tuple((name, value) for name, value in http_response.headers.multi_items())
        encodings = http_response.headers.get_list("content-encoding", split_commas=True)
        body = self._decode(request, bytes(content), encodings)
        return Response(http_response.status_code, headers, body, seconds)

    def _decode(self, request: Request, body: bytes, encodings: list[str]) -> bytes:
        """Return *body* without its *encodings*, for servers that send some without being asked."""
        for encoding in reversed(encodings):
            if encoding.lower() in _ENCODINGS:
                decoder = zlib.decompressobj(zlib.MAX_WBITS | 32)  # of gzip or of deflate
                with suppress(zlib.error):
                    body = decoder.decompress(body, _max_body(request) + 1)
                    self._check_length(request, len(body))
                if not decoder.eof:
                    problem = f"the answer to {_name(request)} is not {encoding}, as its head says"
                    raise TargetError(f"{self._place}: {problem}")
        return body

    def _check_length(self, request: Request, length: int) -> None:
        if length > _max_body(request):
            self._raise_too_long(request, "", f"{_max_body(request) // 2**20} MiB")

    def _raise_too_long(self, request: Request, part: str, limit: str) -> NoReturn:
        problem = f"{part}the answer to {_name(request)} is longer than {limit}"
        raise LongAnswerError(f"{self._place}: {problem}; the rest was not read") from None

    async def send_together(self, requests: list[Request]) -> list[Response]:
        """Send all *requests* at once.

        Raise NotObservableError if the server can't take that many connections.
        """
        results = await asyncio.gather(*map(self.send, requests), return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        broken_count = sum(1 for error in errors if isinstance(error, ConnectionBrokenError))
        if 0 < broken_count == len(errors) and len(requests) > 1:
            msg = f"of {len(requests)} calls at once {broken_count} got no connection that lasted"
            raise NotObservableError(f"{msg}; start the server with a longer backlog")
        for error in errors:
            raise error
        return [result for result in results if isinstance(result, Response)]

    async def control(
        self, method: str, path: str, type_: type[Answer], content: object = None, **query: object
    ) -> Answer:
        """Call `/_mock/` with JSON *content*, and return its answer as *type_*.

        Raise ControlFailed if it gives another answer, or if there is no `/_mock/`.
        """
        call = make_call(method, path, content, query)
        request = Request(method, call.target, self._control_headers, call.body)
        response = await self.send(request)
        return call.read(response.status, response.body, type_)

    async def try_control(
        self, method: str, path: str, content: object = None, **query: object
    ) -> bool:
        """Call `/_mock/` with JSON *content*, and return whether it succeeds."""
        try:
            await self.control(method, path, Nothing, content, **query)
        except ControlFailed:
            return False
        return True


@asynccontextmanager
async def open_client(
    target: object,
    timeout_seconds: float,
    control_token: str | None = None,
    authorities: str | None = None,
    tries: int = 1,
    on_response: OnResponse = lambda *_: None,
    proxy: Proxy | None = None,
) -> AsyncIterator[Client]:
    """Open a client of *target*, which is a base URL or an ASGI application.

    *control_token* is sent to `/_mock/` only. *authorities* is a PEM file of certificates to
    trust in addition to the usual ones; raise TargetError if it is not.
    """
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20)
    if isinstance(target, str):
        base = target.rstrip("/")
        transport: httpx2.AsyncBaseTransport = httpx2.AsyncHTTPTransport(
            tls_context(authorities),
            trust_env=False,
            limits=limits,
            proxy=None if proxy is None else httpx2.Proxy(proxy.url, auth=proxy.user),
        )
    else:
        base = IN_PROCESS
        transport = httpx2.ASGITransport(app=target)  # type: ignore[arg-type]
    async with httpx2.AsyncClient(
        transport=transport,
        trust_env=False,
        timeout=timeout_seconds,
        headers={"accept-encoding": "identity"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # none is kept
    ) as http_client:
        for name in ("accept", "user-agent", "connection"):
            http_client.headers.pop(name, None)
        yield Client(http_client, base, timeout_seconds, control_token, tries, on_response, proxy)


def _max_body(request: Request) -> int:
    return MAX_BYTES if request.path.startswith(CONTROL) else MAX_BODY


def _name(request: Request) -> str:
    """Return *request* for a message: without its query, which may have secrets."""
    return f"{request.method} {request.path.partition('?')[0]}"


def error_before_response(base: str, error: Exception) -> TargetError:
    """Return the TargetError for *error*, which came before a response from *base* began."""
    for cause in causes_of(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            msg = f"{base}: its certificate is not trusted: {cause.verify_message}"
            return TargetError(f"{msg}; name its authority with --real --ca FILE")
    if isinstance(error, httpx2.ConnectError):
        return ConnectionBrokenError(f"{base}: {_connect_failure(error)}; {RUNNING_HINT}")
    if isinstance(error, httpx2.ProxyError):
        return TargetError(f"{base}: {PROXY_PROBLEM}")
    text = _describe_error(error)
    if isinstance(error, httpx2.NetworkError | httpx2.RemoteProtocolError):
        msg = f"{base}: {text}, the connection broke before an answer came"
        return ConnectionBrokenError(f"{msg}; {BUSY_HINT}")
    return TargetError(f"{base}: {text}; {RUNNING_HINT}")


def error_during_response(base: str, error: Exception) -> TargetError:
    """Return the TargetError for *error*, which came in the middle of a response from *base*."""
    msg = f"{base}: {_describe_error(error)}, the connection broke in the middle of an answer"
    return TargetError(f"{msg}; look at the server's log")


def _describe_error(error: Exception) -> str:
    """Return the type of *error*, and its message up to what it quotes of the answer."""
    message = str(error).partition(":")[0].strip(" .")
    return ": ".join(filter(None, (type(error).__name__, message)))


def _connect_failure(error: BaseException) -> str:
    """Return why no connection was made: the first cause of *error*."""
    first = causes_of(error)[-1]
    if isinstance(first, ssl.SSLError):
        return f"TLS failed: {(first.reason or 'unknown').replace('_', ' ').lower()}"
    return describe_os_error(first)
