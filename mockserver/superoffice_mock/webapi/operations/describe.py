"""GET, HEAD and OPTIONS of an operation, and the 405 for a method that it does not have."""

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
    return response.render_description(operation.description)


async def list_methods(_: object, operation: Operation, __: ApiRequest) -> Response:
    """Return the methods of *operation* in `Allow` (claim options)."""
    return Response(204).with_headers((_allow(operation),))


async def refuse_method(_: object, operation: Operation, request: ApiRequest) -> NoReturn:
    """Raise Rejected: 405 with the methods of *operation* (claim method-not-allowed)."""
    methods = ", ".join(operation.methods)
    reason = f"{shorten(request.scope['method'])} is not allowed; send one of {methods}"
    raise Rejected(405, "method", reason)


def _allow(operation: Operation) -> tuple[bytes, bytes]:
    return (b"allow", ", ".join(operation.methods).encode())


def error_headers(error: Rejected, route: RouteMatch) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that go with the status of *error*."""
    if error.status == 401:
        return (response.challenge_header(route.tenant.facts.installation),)
    if error.status == 405 and route.operation is not None:
        return (_allow(route.operation),)
    return ()
