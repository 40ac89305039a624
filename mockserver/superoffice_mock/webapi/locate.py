"""Finds the tenant of a call that names it in its headers or body, such as in a token."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace
from starlette.types import Message, Receive, Scope

from superoffice_contract.bodies.decode import decode
from superoffice_contract.errors import InvalidBody
from superoffice_contract.openapi.operations import Body
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.entry import TenantFinder
from superoffice_mock.webapi.routing import RouteMatch, Routes
from superoffice_mock.wire.headers import read_headers


class TenantLocator(msgspec.Struct, frozen=True):
    """Moves calls to the tenants that they name; reads bodies of up to *max_body* bytes."""

    routes: Routes
    max_body: int

    async def locate(
        self, find: TenantFinder, route: RouteMatch, scope: Scope, receive: Receive
    ) -> tuple[RouteMatch, Receive]:
        """Return the route at the tenant that *find* finds, and what delivers the body again."""
        try:
            messages = await self._receive_body(receive)
        except Rejected as error:
            return replace(route, error=error), receive
        raw = b"".join(message.get("body", b"") for message in messages)
        headers = read_headers(scope["headers"])
        bodies = {} if route.entry is None else route.entry.operation.bodies
        is_whole = messages[-1]["type"] == "http.request" and len(raw) <= self.max_body
        content = _decode(bodies, headers.content_type, raw) if raw and is_whole else None
        try:
            route = self.routes.move(route, find(headers, content))
        except Exception as error:  # noqa: BLE001 - raised again where the call is journalled
            route = replace(route, error=error)
        return route, deliver_again(messages, receive)

    async def _receive_body(self, receive: Receive) -> list[Message]:
        """Receive the whole body, or as much as shows that it is too long."""
        messages, size, more_body = list[Message](), 0, True
        while more_body and size <= self.max_body:
            messages.append(await receive())
            size += len(messages[-1].get("body", b""))
            more_body = messages[-1].get("more_body", False)
        return messages


def _decode(bodies: Mapping[str, Body], content_type: str | None, raw: bytes) -> Any:  # noqa: ANN401
    """Return the decoded body; None if it is invalid, which the call's own steps report."""
    try:
        return decode(bodies, content_type, raw).content
    except InvalidBody:
        return None


def deliver_again(messages: list[Message], receive: Receive) -> Receive:
    """Return a *receive* that delivers *messages* first."""
    pending = messages[::-1]

    async def receive_again() -> Message:
        return pending.pop() if pending else await receive()

    return receive_again
