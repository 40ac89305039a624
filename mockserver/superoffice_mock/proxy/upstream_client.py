"""The HTTP client of the proxy: streams requests and responses unchanged.

It adds no User-Agent, decodes nothing, keeps no cookies, follows no redirects and uses no proxies
from the environment. It imports httpx2, so it is imported only by `record`.
"""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any, Final, Literal

import httpx2

from superoffice_contract.messages import causes_of
from superoffice_mock.proxy.upstream_address import Upstream
from superoffice_mock.wire.headers import RawHeader

Failure = Literal["refused", "unreachable", "TLS failed", "timed out", "reset", "cut off"]

CONNECT_TIMEOUT: Final = 10.0
KEEPALIVE: Final = 2.0
"""Seconds to keep an idle connection: fewer than servers do, so that none closes while in use."""
HIGHEST_STATUS: Final = 599
_NOT_CONNECTED: Final = ("refused", "unreachable")


class UpstreamError(Exception):
    """The upstream gave no complete response; *failure* says what happened."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure)


class UpstreamResponse:
    """A response whose body has not been read yet."""

    def __init__(self, response: httpx2.Response) -> None:
        self.status = response.status_code
        self.headers: Sequence[RawHeader] = response.headers.raw
        self.aclose = response.aclose
        self._response = response

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """Yield the body as it comes, still encoded. Raise UpstreamError if it breaks off."""
        try:
            async for part in self._response.aiter_raw():
                yield part
        except httpx2.TransportError as error:
            raise UpstreamError(_failure(error)) from None


class UpstreamClient:
    """Calls one upstream at the addresses that were checked."""

    def __init__(self, upstream: Upstream, tls: ssl.SSLContext, timeout: float) -> None:
        limits = httpx2.Limits(max_connections=None, keepalive_expiry=KEEPALIVE)
        self._transport = httpx2.AsyncHTTPTransport(tls, trust_env=False, limits=limits)
        self.upstream = upstream
        self._urls = [
            httpx2.URL(scheme=upstream.scheme, host=address, port=upstream.port)
            for address in upstream.addresses
        ]
        timeouts = {"connect": CONNECT_TIMEOUT, "read": timeout, "write": timeout, "pool": None}
        self._extensions = {"sni_hostname": upstream.host, "timeout": timeouts}

    async def send(
        self, method: str, target: bytes, headers: list[RawHeader], body: AsyncIterator[bytes]
    ) -> UpstreamResponse:
        """Send a request and return the response. Raise UpstreamError if none begins.

        *target* is that of the request line, unchanged. If an address can't be connected to, the
        next one is tried; *body* is still unread then.
        """
        extensions: dict[str, Any] = self._extensions | {"target": target}
        for url in tuple(self._urls):
            request = httpx2.Request(
                method, url, headers=headers, stream=_Body(body), extensions=extensions
            )
            try:
                response = await self._send(request)
            except UpstreamError as error:
                if error.failure not in _NOT_CONNECTED:
                    raise
                last = error
            else:
                self._urls.sort(key=lambda other: other != url)  # the next call starts with this
                return response
        raise last

    async def _send(self, request: httpx2.Request) -> UpstreamResponse:
        try:
            response = await self._transport.handle_async_request(request)
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


def _failure(error: httpx2.TransportError) -> Failure:
    if isinstance(error, httpx2.TimeoutException):
        return "unreachable" if isinstance(error, httpx2.ConnectTimeout) else "timed out"
    causes = causes_of(error)
    if isinstance(error, httpx2.ConnectError):
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            return "TLS failed"
        is_refused = any(isinstance(cause, ConnectionRefusedError) for cause in causes)
        return "refused" if is_refused else "unreachable"
    is_reset = any(isinstance(cause, ConnectionResetError | BrokenPipeError) for cause in causes)
    return "reset" if is_reset else "cut off"
