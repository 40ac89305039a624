"""GET, HEAD and OPTIONS of an operation, and the answer to a method that it does not have."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NoReturn

from superoffice_contract.openapi.operations import Operation
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi import response
from superoffice_mock.webapi.request import Incoming
from superoffice_mock.webapi.response import Answer
from superoffice_mock.webapi.routing import Place
from superoffice_mock.wire.values import shown


async def describe(operation: Operation, _: Incoming) -> Answer:
    """Return the description of *operation* (claim get-describes)."""
    return response.described(operation.described)


async def list_methods(operation: Operation, _: Incoming) -> Answer:
    """Return the methods of *operation* in `Allow` (claim options)."""
    return Answer(204).with_headers((_allow(operation),))


async def refuse_method(operation: Operation, incoming: Incoming) -> NoReturn:
    """Raise Rejected: 405 with the methods of *operation* (claim method-not-allowed)."""
    allowed = ", ".join(operation.methods)
    reason = f"{shown(incoming.scope['method'])} is not allowed; send one of {allowed}"
    raise Rejected(405, "method", reason)


METHODS: Final[Mapping[str, Callable[[Operation, Incoming], Awaitable[Answer]]]] = {
    "GET": describe,
    "HEAD": describe,
    "OPTIONS": list_methods,
}
"""Method -> what answers it; the operation itself is not called."""


def _allow(operation: Operation) -> tuple[bytes, bytes]:
    return (b"allow", ", ".join(operation.methods).encode())


def headers_of(error: Rejected, place: Place) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that an error of this status must carry."""
    if error.status == 401:
        return (response.challenge(place.tenant.facts.installation),)
    if error.status == 405 and place.operation is not None:
        return (_allow(place.operation),)
    return ()
