"""An HTTP client for the server under test, and its errors.

It reads no more of an answer than it needs, and takes nothing from the environment.
"""

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import (
    AsyncExitStack,
    aclosing,
    asynccontextmanager,
    nullcontext,
    suppress,
)
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, NoReturn, TypeVar

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
from superoffice_contract.target.http_errors import (
    LOG_HINT,
    RUNNING_HINT,
    BrokenAnswerError,
    ConnectionBrokenError,
    InvalidAddressError,
    LongAnswerError,
    NoAnswerError,
    describe_error,
    error_before_response,
    find_violation,
    show_bytes,
)
from superoffice_contract.target.raw import (
    BrokenMessageError,
    RawConnection,
    RawRoute,
    Request,
    Response,
    encode_request,
)

__all__ = [
    "BrokenAnswerError",
    "Client",
    "ConnectionBrokenError",
    "InvalidAddressError",
    "LongAnswerError",
    "NoAnswerError",
    "Request",
    "Response",
    "error_before_response",
    "open_client",
]

IN_PROCESS: Final = "http://127.0.0.1:8204"
"""The base URL of an application in this process; its control API requires a loopback name."""

MAX_BODY: Final = 2**20
"""How long the body of an answer may be; that of `/_mock/` may have `MAX_BYTES`."""
MAX_TRIES: Final = 2
"""How often a request is sent in total where it may be if its connection breaks."""
WATCH_SECONDS: Final = 0.3
"""How long after an answer on a raw connection that is watched."""
_ENCODINGS: Final = ("gzip", "x-gzip", "deflate")

Watch = asyncio.Task[tuple[bytes, bool]]
"""Returns what came behind a response, and whether the server then closed the connection."""
Sent = TypeVar("Sent")


OnResponse = Callable[[Request, Response], None]


class RawExchange(msgspec.Struct, frozen=True):
    """A response, and what happens next on its connection."""

    response: Response
    watch: Watch


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
        raw_route: RawRoute | None = None,
    ) -> None:
        self._http_client = http_client
        self.base = base
        self._proxy = proxy
        self._place = base if proxy is None else f"{base} through {proxy.url}"
        self.timeout_seconds = timeout_seconds
        self._control_headers = tuple(control_headers(control_token).items())
        self._tries = tries
        self.on_response = on_response
        self.raw_route = raw_route
        """How to connect without HTTP; None in this process, and through a proxy."""
        self.has_answered = False
        """Whether anything was answered; then a later failure is a finding, not a wrong URL."""

    async def send(self, request: Request) -> Response:
        """Send *request*; redirects are not followed."""
        try:
            response = await self._try(lambda: self._send_once(request))
        except ConnectionBrokenError as error:
            raise await self._look_again(request, error) from None
        self.report_response(request, response)
        return response

    async def send_raw(
        self, request: Request, connecting: asyncio.Semaphore | None = None
    ) -> RawExchange:
        """Send *request* on a new connection, which is not part of the time that it takes.

        No more connections than *connecting* allows are opened at once.
        """
        return await self._try(lambda: self._send_raw_once(request, connecting))

    async def _try(self, attempt: Callable[[], Awaitable[Sent]]) -> Sent:
        """Return the outcome of *attempt*; begin again if the connection breaks before it."""
        for _ in range(self._tries - 1):
            try:
                return await attempt()
            except BrokenAnswerError:
                raise
            except ConnectionBrokenError:
                pass
        return await attempt()

    async def _look_again(
        self, request: Request, error: ConnectionBrokenError
    ) -> ConnectionBrokenError:
        """Return *error* with the bytes that come if *request* may be sent again.

        A connection that breaks in the middle of a head looks like one that was never answered.
        """
        if self._tries > 1 or request.method in ("GET", "HEAD", "OPTIONS"):
            with suppress(TargetError):
                try:
                    async with self.raw_connection(request) as connection:
                        await connection.read_answer(request.method)
                except BrokenAnswerError as broken:
                    return broken
        return error

    def report_response(self, request: Request, response: Response) -> None:
        """Tell `on_response` what came, here or on a raw connection."""
        self.has_answered = True
        if not request.path.startswith(CONTROL):
            self.on_response(request, response)

    @asynccontextmanager
    async def raw_connection(
        self, request: Request, connecting: asyncio.Semaphore | None = None
    ) -> AsyncIterator[RawConnection]:
        """Write *request* on a new connection; raise TargetError for what goes wrong there."""
        try:
            if self.raw_route is None:
                msg = "no connection of its own"
                raise ConnectionError(msg)
            async with AsyncExitStack() as stack:
                async with connecting or nullcontext():
                    connection = await stack.enter_async_context(self.raw_route.connect())
                connection.write(encode_request(self.base, request))
                yield connection
        except BrokenMessageError as error:
            raise self._broken_answer(request, str(error), error.received) from None
        except TimeoutError:
            raise self._no_answer(request) from None
        except OSError as error:
            hint = LOG_HINT if self.has_answered else RUNNING_HINT
            msg = f"{self._place}: {describe_os_error(error)}; {hint}"
            raise ConnectionBrokenError(msg) from None

    async def _send_raw_once(
        self, request: Request, connecting: asyncio.Semaphore | None
    ) -> RawExchange:
        async with AsyncExitStack() as stack:
            opening = self.raw_connection(request, connecting)
            connection = await stack.enter_async_context(opening)
            started_at = time.monotonic()
            answer = await connection.read_answer(request.method)
            seconds = time.monotonic() - started_at
            response = msgspec.structs.replace(answer, seconds=seconds)
            self.report_response(request, response)
            return RawExchange(response, asyncio.create_task(_watch(connection, stack.pop_all())))

    def _broken_answer(
        self, request: Request, problem: str, received: bytes = b""
    ) -> BrokenAnswerError:
        self.has_answered = True
        shown = show_bytes(received, request.headers)
        return BrokenAnswerError(self._place, _name(request), problem, shown)

    def _no_answer(self, request: Request, received: int | None = None) -> NoAnswerError:
        """Return the error that *request* is not answered, or not whole: *received* bytes came."""
        whole, came = ("", "") if received is None else ("whole ", f": {received} bytes came")
        problem = f"no {whole}answer within {self.timeout_seconds:g} s to {_name(request)}{came}"
        return NoAnswerError(f"{self._place}: {problem}; is the server stuck?")

    async def _send_once(self, request: Request) -> Response:
        started_at = time.monotonic()
        has_begun = False
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
                has_begun = True
                async with aclosing(http_response):
                    # Not decoded: a few bytes may stand for gigabytes.
                    async for part in http_response.aiter_raw():
                        content += part
                        self._check_length(request, len(content))
        except (httpx2.TimeoutException, TimeoutError):
            raise self._no_answer(request, len(content) if has_begun else None) from None
        except (httpx2.LocalProtocolError, UnicodeEncodeError):
            msg = f"{self._place}: a credential has a character that is not allowed in a header"
            raise TargetError(msg) from None
        except httpx2.InvalidURL as error:
            raise InvalidAddressError(str(error_before_response(self._place, error))) from None
        except httpx2.HTTPError as error:
            if any(getattr(cause, "error_status_hint", 0) == 431 for cause in causes_of(error)):
                self._raise_too_long(request, "the head or the trailer of ", "100 KiB")
            if has_begun:
                problem = f"{describe_error(error)}, the connection broke in the middle of it"
                raise self._broken_answer(request, problem) from None
            if (violation := find_violation(error)) is not None:
                raise self._broken_answer(request, *violation) from None
            raise error_before_response(
                self._place, error, has_answered=self.has_answered
            ) from None
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
                    problem = f"its body is not {encoding}, as its head says"
                    raise self._broken_answer(request, problem)
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
        broken_count = sum(
            1
            for error in errors
            if isinstance(error, ConnectionBrokenError) and not isinstance(error, BrokenAnswerError)
        )
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
    raw_route = None
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20)
    if isinstance(target, str):
        base, tls = target.rstrip("/"), tls_context(authorities)
        raw_route = RawRoute.find(base, tls, timeout_seconds) if proxy is None else None
        transport: httpx2.AsyncBaseTransport = httpx2.AsyncHTTPTransport(
            tls,
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
        yield Client(
            *(http_client, base, timeout_seconds, control_token, tries, on_response),
            *(proxy, raw_route),
        )


async def _watch(connection: RawConnection, stack: AsyncExitStack) -> tuple[bytes, bool]:
    async with stack:
        return await connection.read_rest(WATCH_SECONDS)


def _max_body(request: Request) -> int:
    return MAX_BYTES if request.path.startswith(CONTROL) else MAX_BODY


def _name(request: Request) -> str:
    """Return *request* for a message: without its query, which may have secrets."""
    return f"{request.method} {request.path.partition('?')[0]}"
