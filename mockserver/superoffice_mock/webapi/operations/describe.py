"""GET, HEAD and OPTIONS of an operation, and the answer to a method that it does not have."""

from typing import NoReturn

from superoffice_contract.openapi.operations import Operation
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi import response
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import Response
from superoffice_mock.webapi.routing import RouteMatch
from superoffice_mock.wire.values import shorten


async def describe(_: object, operation: Operation, __: ApiRequest) -> Response:
    """Return the description of *operation* (claim get-describes)."""
    return response.described(operation.described)


async def list_methods(_: object, operation: Operation, __: ApiRequest) -> Response:
    """Return the methods of *operation* in `Allow` (claim options)."""
    return Response(204).with_headers((_allow(operation),))


async def refuse_method(_: object, operation: Operation, incoming: ApiRequest) -> NoReturn:
    """Raise Rejected: 405 with the methods of *operation* (claim method-not-allowed)."""
    allowed = ", ".join(operation.methods)
    reason = f"{shorten(incoming.scope['method'])} is not allowed; send one of {allowed}"
    raise Rejected(405, "method", reason)


def _allow(operation: Operation) -> tuple[bytes, bytes]:
    return (b"allow", ", ".join(operation.methods).encode())


def headers_of(error: Rejected, place: RouteMatch) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that an error of this status must carry."""
    if error.status == 401:
        return (response.challenge(place.tenant.facts.installation),)
    if error.status == 405 and place.operation is not None:
        return (_allow(place.operation),)
    return ()
