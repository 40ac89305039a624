"""The way to the upstream: requests out and answers back as they are, a part at a time.

Nothing is added: no User-Agent, no decoding, no cookies, no redirects followed, no proxies from
the environment. It imports httpx2, so it is imported only to record.
"""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from types import TracebackType
from typing import Final, Literal, Self

import httpx2
import msgspec

from superoffice_mock.errors import SetupError
from superoffice_mock.proxy.upstream_address import Upstream

RawHeaders = Sequence[tuple[bytes, bytes]]
Failure = Literal["refused", "unreachable", "TLS failed", "timed out", "reset", "cut off"]

CONNECTING: Final = 10.0
"""Seconds that a connection may take."""
KEPT_OPEN: Final = 2.0
"""Seconds that an idle connection is kept: less than servers do, so that none is closed in use."""
HIGHEST_STATUS: Final = 599
_UNMET: Final = ("refused", "unreachable")


class UpstreamError(Exception):
    """The upstream gave no whole answer; *failure* says what happened."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure)


class UpstreamRequest(msgspec.Struct, frozen=True):
    """A request on its way: *target* as it stands in the request line."""

    method: str
    target: bytes
    headers: RawHeaders


class UpstreamResponse:
    """An answer whose body is still to come."""

    def __init__(self, response: httpx2.Response) -> None:
        self.status = response.status_code
        self.headers: RawHeaders = response.headers.raw
        self._response = response

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """Yield the body as it comes, encoded as it is. Raise LinkError if it breaks off."""
        try:
            async for part in self._response.aiter_raw():
                yield part
        except httpx2.TransportError as error:
            raise UpstreamError(_failure(error)) from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self._response.aclose()


class UpstreamClient:
    """Calls one upstream, at the addresses that were checked when it was looked up."""

    def __init__(self, upstream: Upstream, trust: ssl.SSLContext | None, seconds: float) -> None:
        limits = httpx2.Limits(max_connections=None, keepalive_expiry=KEPT_OPEN)
        self._transport = httpx2.AsyncHTTPTransport(
            trust or ssl.create_default_context(), trust_env=False, limits=limits
        )
        self.upstream = upstream
        self._urls = [
            httpx2.URL(scheme=upstream.scheme, host=address, port=upstream.port)
            for address in upstream.addresses
        ]
        self._patience = {"connect": CONNECTING, "read": seconds, "write": seconds, "pool": None}

    async def send(self, sent: UpstreamRequest, body: AsyncIterator[bytes]) -> UpstreamResponse:
        """Send a request and return its answer. Raise LinkError if none begins.

        An address that nobody answers at makes room for the next, with *body* still unread.
        """
        for url in tuple(self._urls):
            try:
                answer = await self._sent(url, sent, body)
            except UpstreamError as error:
                if error.failure not in _UNMET:
                    raise
                last = error
            else:
                self._urls.sort(key=lambda one: one != url)  # the next call begins with this one
                return answer
        raise last

    async def _sent(
        self, url: httpx2.URL, sent: UpstreamRequest, body: AsyncIterator[bytes]
    ) -> UpstreamResponse:
        extensions = {
            "target": sent.target,
            "sni_hostname": self.upstream.host,
            "timeout": self._patience,
        }
        request = httpx2.Request(
            sent.method, url, headers=[*sent.headers], stream=_Body(body), extensions=extensions
        )
        try:
            response = await self._transport.handle_async_request(request)
        except httpx2.TransportError as error:
            raise UpstreamError(_failure(error)) from None
        if response.status_code > HIGHEST_STATUS:
            await response.aclose()
            raise UpstreamError("cut off")
        return UpstreamResponse(response)

    async def aclose(self) -> None:
        """Close the connections that idle."""
        await self._transport.aclose()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, parts: AsyncIterator[bytes]) -> None:
        self._parts = parts

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._parts


def trusting(authorities: str | None) -> ssl.SSLContext:
    """Return the usual trust, and beside it that of the PEM file *authorities*.

    Raise SetupError if it is none.
    """
    context = ssl.create_default_context()
    if authorities is None:
        return context
    try:
        context.load_verify_locations(authorities)
    except ssl.SSLError:
        msg = f"--ca {authorities}: is no PEM file of certificates"
        raise SetupError(msg) from None
    except OSError as error:
        msg = f"--ca {authorities}: cannot be read: {error.strerror}"
        raise SetupError(msg) from None
    return context


# ---- what went wrong -------------------------------------------------------------------------


def _failure(error: httpx2.TransportError) -> Failure:
    if isinstance(error, httpx2.TimeoutException):
        return "unreachable" if isinstance(error, httpx2.ConnectTimeout) else "timed out"
    causes = [*_causes(error)]
    if isinstance(error, httpx2.ConnectError):
        if any(isinstance(one, ssl.SSLError) for one in causes):
            return "TLS failed"
        refused = any(isinstance(one, ConnectionRefusedError) for one in causes)
        return "refused" if refused else "unreachable"
    reset = any(isinstance(one, ConnectionResetError | BrokenPipeError) for one in causes)
    return "reset" if reset else "cut off"


def _causes(error: BaseException) -> list[BaseException]:
    """Return what led to *error*, and what led to that."""
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found:
        found.append(one)
        one = one.__cause__ or one.__context__
    return found
