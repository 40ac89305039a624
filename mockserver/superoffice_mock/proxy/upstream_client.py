"""The HTTP client of the proxy: streams requests and responses unchanged.

It adds no User-Agent, decodes nothing, keeps no cookies, follows no redirects and uses no proxies
from the environment. It imports httpx2, so it is imported only by `record`.
"""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from types import TracebackType
from typing import Final, Literal, Self

import httpx2
import msgspec

from superoffice_contract.messages import describe_os_error
from superoffice_mock.errors import SetupError
from superoffice_mock.proxy.upstream_address import Upstream
from superoffice_mock.wire.headers import RawHeader

Failure = Literal["refused", "unreachable", "TLS failed", "timed out", "reset", "cut off"]

CONNECT_TIMEOUT: Final = 10.0
"""Seconds to connect."""
KEEPALIVE: Final = 2.0
"""Seconds to keep an idle connection: fewer than servers do, so that none closes while in use."""
HIGHEST_STATUS: Final = 599
_NOT_CONNECTED: Final = ("refused", "unreachable")


class UpstreamError(Exception):
    """The upstream gave no complete response; *failure* says what happened."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure)


class UpstreamRequest(msgspec.Struct, frozen=True):
    """A request to forward; *target* is that of the request line, unchanged."""

    method: str
    target: bytes
    headers: Sequence[RawHeader]


class UpstreamResponse:
    """A response whose body has not been read yet."""

    def __init__(self, response: httpx2.Response) -> None:
        self.status = response.status_code
        self.headers: Sequence[RawHeader] = response.headers.raw
        self._response = response

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """Yield the body as it comes, still encoded. Raise UpstreamError if it breaks off."""
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
    """Calls one upstream at the addresses that were checked."""

    def __init__(self, upstream: Upstream, tls: ssl.SSLContext | None, timeout: float) -> None:
        limits = httpx2.Limits(max_connections=None, keepalive_expiry=KEEPALIVE)
        self._transport = httpx2.AsyncHTTPTransport(
            tls or ssl.create_default_context(), trust_env=False, limits=limits
        )
        self.upstream = upstream
        self._urls = [
            httpx2.URL(scheme=upstream.scheme, host=address, port=upstream.port)
            for address in upstream.addresses
        ]
        self._timeouts = {
            "connect": CONNECT_TIMEOUT,
            "read": timeout,
            "write": timeout,
            "pool": None,
        }

    async def send(self, request: UpstreamRequest, body: AsyncIterator[bytes]) -> UpstreamResponse:
        """Send *request* and return the response. Raise UpstreamError if none begins.

        If an address can't be connected to, the next one is tried; *body* is still unread then.
        """
        for url in tuple(self._urls):
            try:
                response = await self._send_to(url, request, body)
            except UpstreamError as error:
                if error.failure not in _NOT_CONNECTED:
                    raise
                last = error
            else:
                self._urls.sort(key=lambda other: other != url)  # the next call starts with this
                return response
        raise last

    async def _send_to(
        self, url: httpx2.URL, request: UpstreamRequest, body: AsyncIterator[bytes]
    ) -> UpstreamResponse:
        extensions = {
            "target": request.target,
            "sni_hostname": self.upstream.host,
            "timeout": self._timeouts,
        }
        message = httpx2.Request(
            request.method,
            url,
            headers=[*request.headers],
            stream=_Body(body),
            extensions=extensions,
        )
        try:
            response = await self._transport.handle_async_request(message)
        except httpx2.TransportError as error:
            raise UpstreamError(_failure(error)) from None
        if response.status_code > HIGHEST_STATUS:
            await response.aclose()
            raise UpstreamError("cut off")
        return UpstreamResponse(response)

    async def aclose(self) -> None:
        """Close the idle connections."""
        await self._transport.aclose()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, parts: AsyncIterator[bytes]) -> None:
        self._parts = parts

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._parts


def tls_context(authorities: str | None) -> ssl.SSLContext:
    """Return the default TLS context, plus the certificates in the PEM file *authorities*.

    Raise SetupError if that file can't be used.
    """
    context = ssl.create_default_context()
    if authorities is None:
        return context
    try:
        context.load_verify_locations(authorities)
    except ssl.SSLError:
        msg = f"--ca {authorities}: is not a PEM file of certificates"
        raise SetupError(msg) from None
    except OSError as error:
        msg = f"--ca {authorities}: {describe_os_error(error)}"
        raise SetupError(msg) from None
    return context


# ---- failures --------------------------------------------------------------------------------


def _failure(error: httpx2.TransportError) -> Failure:
    if isinstance(error, httpx2.TimeoutException):
        return "unreachable" if isinstance(error, httpx2.ConnectTimeout) else "timed out"
    causes = _causes(error)
    if isinstance(error, httpx2.ConnectError):
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            return "TLS failed"
        is_refused = any(isinstance(cause, ConnectionRefusedError) for cause in causes)
        return "refused" if is_refused else "unreachable"
    is_reset = any(isinstance(cause, ConnectionResetError | BrokenPipeError) for cause in causes)
    return "reset" if is_reset else "cut off"


def _causes(error: BaseException) -> list[BaseException]:
    """Return *error* and the chain of its causes."""
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    return causes
