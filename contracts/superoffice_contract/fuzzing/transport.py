"""Sends what Schemathesis generates with our client: within its limits, and by its proxy if any.

The sessions of Schemathesis obey HTTP_PROXY, ALL_PROXY and `.netrc`, and read answers to the end.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import responses
from io import BytesIO
from typing import Any, Final, cast
from unittest import mock
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from schemathesis import Case
from schemathesis import Response as Answer
from schemathesis.engine.run import probes
from schemathesis.engine.run.unit import _case as engine_case
from schemathesis.transport.requests import REQUESTS_TRANSPORT
from urllib3 import HTTPHeaderDict, HTTPResponse

from superoffice_contract.control.connection import Proxy
from superoffice_contract.errors import TargetError
from superoffice_contract.fuzzing.selection import Selection, as_generated
from superoffice_contract.openapi.operations import Operation
from superoffice_contract.target.http import (
    MAX_TRIES,
    Client,
    InvalidAddressError,
    OnResponse,
    Request,
    Response,
    open_client,
)
from superoffice_contract.target.tenants import Header

_SET_BY_CLIENT: Final = ("accept-encoding", "content-length")


class OurTransport(HTTPAdapter):
    """Sends requests with *client* and *headers*, on its loop, as far as *selection* wants them.

    *failure* is the request to which an answer did not come, and why. The engine stops then, and
    when the time is over: then it *is_cut*.
    """

    def __init__(
        self,
        client: Client,
        loop: asyncio.AbstractEventLoop,
        operation: Operation,
        selection: Selection,
        headers: Iterable[Header],
    ) -> None:
        super().__init__()
        self.client = client
        self._operation = operation
        self._loop = loop
        self._selection = selection
        self._headers = dict(headers)
        self._send_case = REQUESTS_TRANSPORT.send
        self.failure: tuple[Request, TargetError] | None = None
        self.is_cut = False

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
        options["headers"] = {**(options.get("headers") or {}), **self._headers}
        answer = self._send_case(case, session=session, **options)
        self._selection.note(as_generated(case, self._operation), answer.status_code)
        return answer

    def is_left_out(self, case: Case[Any], _: object) -> bool:
        """Return whether *case* is not sent. Raise KeyboardInterrupt if the time is over."""
        if self._selection.is_over:
            self.is_cut = True
            raise KeyboardInterrupt
        return not self._selection.wants(as_generated(case, self._operation))

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        """Return the answer to *request*. Raise KeyboardInterrupt if there is none."""
        converted = convert_request(request)
        try:
            response = self._loop.run_until_complete(self.client.send(converted))
        except InvalidAddressError as error:
            raise requests.ConnectionError(f"{error}", request=request) from None
        except TargetError as error:
            self.failure = converted, error
            raise KeyboardInterrupt from None
        return self.build_response(request, _as_urllib3(response, request))


@contextmanager
def our_transport(
    target: object,
    operation: Operation,
    selection: Selection,
    headers: Iterable[Header],
    timeout_seconds: float,
    proxy: Proxy | None,
    on_response: OnResponse,
) -> Iterator[OurTransport]:
    """Let the engine send what *selection* wants to *target*, with our client.

    *target* is a URL or an ASGI application. Every request has *headers*.
    """
    parts = urlsplit(target if isinstance(target, str) else "")
    origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else target
    loop = asyncio.new_event_loop()
    opening = open_client(
        origin, timeout_seconds, tries=MAX_TRIES, on_response=on_response, proxy=proxy
    )
    transport = OurTransport(
        loop.run_until_complete(opening.__aenter__()), loop, operation, selection, headers
    )
    try:
        with (
            mock.patch.object(REQUESTS_TRANSPORT, "send", transport.send_case),
            # The engine asks this before it sends a case, whatever phase made it.
            mock.patch.object(engine_case, "_is_skipped_by_supervisor", transport.is_left_out),
            without_probes(),
        ):
            yield transport
    finally:
        loop.run_until_complete(opening.__aexit__(None, None, None))
        loop.close()


@contextmanager
def without_probes() -> Iterator[None]:
    """Disable the engine's probes, which have a session of their own."""
    with mock.patch.object(probes, "PROBES", ()):
        yield


def convert_request(request: requests.PreparedRequest) -> Request:
    """Return *request* in the form that our client takes."""
    headers = tuple(
        (_as_text(name), _as_text(value))
        for name, value in request.headers.items()
        if name.lower() not in _SET_BY_CLIENT
    )
    body = request.body or b""
    content = body.encode() if isinstance(body, str) else cast(bytes, body)
    return Request(request.method or "", request.path_url, headers, content)


def convert_response(response: Answer) -> Response:
    """Return *response* in the form that our checks take."""
    headers = tuple((name, value) for name, values in response.headers.items() for value in values)
    return Response(response.status_code, headers, response.content, response.elapsed)


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
