"""The routes of the control surface, from the tables of its parts."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from superoffice_mock.asgi.control import about, clock, credentials, lease, requests, tenants
from superoffice_mock.asgi.control.calls import Verb, Verbs, World, asked
from superoffice_mock.asgi.control.guard import Guard

VERBS: Final[Verbs] = {
    **about.VERBS,
    **tenants.VERBS,
    **requests.VERBS,
    **lease.VERBS,
    **clock.VERBS,
    **credentials.VERBS,
}
"""Every control call there is."""


def routes(world: World, guard: Guard) -> list[Route]:
    """Return the routes, to be mounted at /_mock; one for each path."""
    return [
        Route(path, _endpoint(world, guard, verbs), methods=list(verbs), name=path)
        for path, verbs in VERBS.items()
    ]


def calls() -> Iterator[str]:
    """Yield what there is, as `GET /_mock/lease`."""
    for path, verbs in VERBS.items():
        for method in sorted(verbs):
            yield f"{method} /_mock{path}"


def _endpoint(
    world: World, guard: Guard, verbs: Mapping[str, Verb]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        guard.check(request)
        verb = verbs["GET" if request.method == "HEAD" else request.method]
        found = await verb.handler(await asked(world, request, verb))
        if isinstance(found, Response):
            return found
        return Response(msgspec.json.encode(found) + b"\n", media_type="application/json")

    return endpoint
