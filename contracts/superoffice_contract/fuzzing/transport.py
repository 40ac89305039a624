"""Sends what Schemathesis generates with our client: within its limits, and by its proxy if any.

The sessions of Schemathesis obey HTTP_PROXY, ALL_PROXY and `.netrc`, and read answers to the end.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import responses
from io import BytesIO
from typing import Any, cast
from unittest import mock
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from schemathesis import Case
from schemathesis import Response as Answer
from schemathesis.engine.run import probes
from schemathesis.transport.requests import REQUESTS_TRANSPORT
from urllib3 import HTTPHeaderDict, HTTPResponse

from superoffice_contract.control.connection import Proxy
from superoffice_contract.errors import TargetError
from superoffice_contract.target.http import (
    MAX_TRIES,
    Client,
    NoAnswerError,
    Request,
    Response,
    open_client,
)


class OurTransport(HTTPAdapter):
    """Sends requests with *client*, on its event loop.

    *failure* says why an answer did not come. The engine stops then.
    """

    def __init__(self, client: Client, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._client = client
        self._loop = loop
        self._send_case = REQUESTS_TRANSPORT.send
        self.failure: NoAnswerError | None = None

    def send_case(
        self,
        case: Case[Any],
        *,
        session: requests.Session | None = None,
        **options: Any,  # noqa: ANN401 - of Schemathesis
    ) -> Answer:
        """Send *case* by this way, whatever *session* would do."""
        session = session or requests.Session()
        session.trust_env = False
        for scheme in ("http://", "https://"):
            session.mount(scheme, self)
        return self._send_case(case, session=session, **options)

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        """Return the answer to *request*. Raise KeyboardInterrupt if there is none in time."""
        try:
            response = self._loop.run_until_complete(self._client.send(_convert(request)))
        except NoAnswerError as error:
            self.failure = error
            raise KeyboardInterrupt from None
        except TargetError as error:
            raise requests.ConnectionError(f"{error}", request=request) from None
        return self.build_response(request, _as_urllib3(response, request))


@contextmanager
def our_transport(
    target: object, timeout_seconds: float, proxy: Proxy | None
) -> Iterator[OurTransport]:
    """Let the engine send to *target*, a URL or an ASGI application, with our client."""
    parts = urlsplit(target if isinstance(target, str) else "")
    origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else target
    loop = asyncio.new_event_loop()
    opening = open_client(origin, timeout_seconds, tries=MAX_TRIES, proxy=proxy)
    transport = OurTransport(loop.run_until_complete(opening.__aenter__()), loop)
    try:
        with mock.patch.object(REQUESTS_TRANSPORT, "send", transport.send_case), without_probes():
            yield transport
    finally:
        loop.run_until_complete(opening.__aexit__(None, None, None))
        loop.close()


@contextmanager
def without_probes() -> Iterator[None]:
    """Disable the engine's probes, which have a session of their own."""
    with mock.patch.object(probes, "PROBES", ()):
        yield


def _convert(request: requests.PreparedRequest) -> Request:
    headers = tuple(
        (_as_text(name), _as_text(value))
        for name, value in request.headers.items()
        if name.lower() != "accept-encoding"  # our client decodes little
    )
    body = request.body or b""
    content = body.encode() if isinstance(body, str) else cast(bytes, body)
    return Request(request.method or "", request.path_url, headers, content)


def _as_text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _as_urllib3(response: Response, request: requests.PreparedRequest) -> HTTPResponse:
    headers = HTTPHeaderDict()
    for name, value in response.headers:
        if name.lower() != "content-encoding":  # the body is decoded already
            headers.add(name, value)
    return HTTPResponse(
        BytesIO(response.body),
        headers,
        response.status,
        version=11,
        reason=responses.get(response.status, ""),
        preload_content=False,
        enforce_content_length=False,
        request_method=request.method,
    )
