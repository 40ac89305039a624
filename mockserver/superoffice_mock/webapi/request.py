"""One call on its way through the steps, and its body, read once."""

import msgspec
from starlette.types import Message, Receive, Scope

from superoffice_mock.core.journal import Exchange
from superoffice_mock.errors import Rejected
from superoffice_mock.server.asgi_extensions import refusal
from superoffice_mock.webapi.routing import RouteMatch
from superoffice_mock.wire.headers import Headers


class ApiRequest(msgspec.Struct, frozen=True):
    """One call on its way through the steps."""

    place: RouteMatch
    scope: Scope
    receive: Receive
    headers: Headers
    exchange: Exchange


def check(incoming: ApiRequest) -> None:
    """Raise Rejected for a request that HTTP, or the server below, refuses."""
    scope = incoming.scope
    refused = refusal(scope)
    if refused is not None:
        raise refused
    version = scope["http_version"]
    objection = incoming.headers.objection
    if objection is not None and version == "1.1":
        raise objection
    if version not in ("1.1", "1.0"):
        raise Rejected(505, "", f"HTTP/{version} is not spoken here; send HTTP/1.1")


async def read(incoming: ApiRequest, max_body: int) -> bytes:
    """Return the whole body. Raise Rejected (413) as soon as it is known to be too long."""
    if incoming.headers.content_length > max_body:
        raise _too_long(max_body)
    message = await incoming.receive()
    if message["type"] == "http.disconnect":
        raise _left(incoming)
    if not message.get("more_body", False):
        body = message.get("body", b"")
        if not body:
            check(incoming)
        return whole(body, max_body)
    parts = [message["body"]]
    length = len(parts[0])
    while message.get("more_body", False):
        message = await _part(incoming)
        parts.append(message["body"])
        length += len(message["body"])
        if length > max_body:
            raise _too_long(max_body)
    if not parts[-1]:
        check(incoming)
    return b"".join(parts)


async def take_in(incoming: ApiRequest, max_body: int) -> bytes:
    """Return the body, read to its end; of one that is too long, enough for `whole` to see that.

    Raise Rejected (400) if the caller hangs up meanwhile.
    """
    kept, more = b"", True
    while more:
        message = await _part(incoming)
        kept = (kept + message.get("body", b""))[: max_body + 1]
        more = message.get("more_body", False)
    return kept


async def _part(incoming: ApiRequest) -> Message:
    message = await incoming.receive()
    if message["type"] == "http.disconnect":
        raise _left(incoming)
    return message


def _left(incoming: ApiRequest) -> Rejected:
    incoming.exchange.hung_up = True
    return Rejected(400, "", "the caller hung up before the body was complete")


def whole(body: bytes, max_body: int) -> bytes:
    """Return *body*. Raise Rejected (413) if it is too long."""
    if len(body) > max_body:
        raise _too_long(max_body)
    return body


def _too_long(max_body: int) -> Rejected:
    return Rejected(413, "", f"the body is too long; send at most {max_body} bytes")
