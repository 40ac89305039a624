"""References for the benchmarks: the least that Starlette does for the same path."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.server_process import PATH


async def _bare(_: Request) -> Response:
    return Response(status_code=204)


async def _body(request: Request) -> Response:
    await request.body()
    return Response(status_code=204)


def bare() -> Starlette:
    """Return an application that answers 204 to any request."""
    return Starlette(routes=[Route(PATH, _bare, methods=["POST"])])


def body() -> Starlette:
    """Return an application that reads the body and answers 204."""
    return Starlette(routes=[Route(PATH, _body, methods=["POST"])])
