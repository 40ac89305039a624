"""A call on the vendor's API, and the reading of its body."""

from typing import Final

import msgspec
from starlette.types import Message, Receive, Scope

from superoffice_contract.openapi.operations import NO_BODY, Operation
from superoffice_mock.core.journal import MAX_VIOLATIONS, Exchange
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.routing import RouteMatch
from superoffice_mock.wire.headers import Headers

LEFT_OUT: Final = "the body is not in the journal, as it can't be read and may hold a password"


class ApiRequest(msgspec.Struct, frozen=True):
    """A call: where it leads, its ASGI scope and messages, and its exchange in the journal."""

    route: RouteMatch
    scope: Scope
    receive: Receive
    headers: Headers
    exchange: Exchange

    def note_disconnect(self) -> None:
        """Note in the journal that the client disconnected now."""
        self.exchange.hung_up_after = self.route.tenant.now() - self.exchange.at

    def keep_body(self, raw: bytes) -> None:
        """Keep the body *raw* in the journal, redacted if the operation has passwords."""
        operation = self.route.operation
        if operation is not None and operation.secret_names and raw.strip() not in NO_BODY:
            self.redact_body(raw, operation)
        else:
            self.exchange.body = raw

    def redact_body(self, raw: bytes, operation: Operation) -> None:
        """Keep of the body *raw* what is described, without passwords."""
        from superoffice_mock.redaction import secret_members

        exchange = self.exchange
        exchange.body = secret_members.redact(raw, self.headers.content_type, operation)
        if not exchange.body and LEFT_OUT not in exchange.violations:
            exchange.violations = (LEFT_OUT, *exchange.violations)[:MAX_VIOLATIONS]


async def read_body(request: ApiRequest, max_body: int) -> bytes:
    """Return the whole body. Raise Rejected (413) as soon as it is clear that it is too long."""
    if request.headers.content_length > max_body:
        raise _body_too_long(max_body)
    message = await request.receive()
    if message["type"] == "http.disconnect":
        raise _note_disconnect(request)
    if not message.get("more_body", False):
        return check_body_length(message.get("body", b""), max_body)
    parts = [message["body"]]
    length = len(parts[0])
    while message.get("more_body", False):
        message = await _receive_part(request)
        parts.append(message["body"])
        length += len(message["body"])
        if length > max_body:
            raise _body_too_long(max_body)
    return b"".join(parts)


async def read_truncated_body(request: ApiRequest, max_body: int) -> bytes:
    """Return the body, cut one byte after *max_body*. Raise Rejected if the client disconnects."""
    body, more_body = b"", True
    while more_body:
        message = await _receive_part(request)
        body = (body + message.get("body", b""))[: max_body + 1]
        more_body = message.get("more_body", False)
    return body


async def _receive_part(request: ApiRequest) -> Message:
    message = await request.receive()
    if message["type"] == "http.disconnect":
        raise _note_disconnect(request)
    return message


def _note_disconnect(request: ApiRequest) -> Rejected:
    request.note_disconnect()
    return Rejected(400, "", "the client disconnected before the body was complete")


def check_body_length(body: bytes, max_body: int) -> bytes:
    """Return *body*. Raise Rejected (413) if it is too long."""
    if len(body) > max_body:
        raise _body_too_long(max_body)
    return body


def _body_too_long(max_body: int) -> Rejected:
    return Rejected(413, "", f"the body is too long; send at most {max_body} bytes")
