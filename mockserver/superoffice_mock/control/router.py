"""The routes of the control surface, from the tables of its parts."""

import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Final

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router
from starlette.types import Receive, Scope, Send

from superoffice_mock.control import openapi
from superoffice_mock.control.auth import Guard
from superoffice_mock.control.endpoints import (
    accounts,
    clock,
    credentials,
    demo,
    faults,
    health,
    lease,
    recordings,
    requests,
    tenants,
)
from superoffice_mock.control.errors import ProblemError, Problems, problem, rendered
from superoffice_mock.control.request import ControlContext, ControlMethod, ControlPaths, asked
from superoffice_mock.core.journal import Exchange
from superoffice_mock.core.sync_run import ExchangeId
from superoffice_mock.wire.values import shorten

Handler = Callable[[Request, Exception], Awaitable[Response]]

VERBS: Final[ControlPaths] = {
    **health.VERBS,
    **tenants.VERBS,
    **accounts.VERBS,
    **requests.WAIT_VERBS,
    **requests.VERBS,
    **lease.VERBS,
    **clock.VERBS,
    **credentials.VERBS,
    **recordings.VERBS,
    **demo.VERBS,
    "/openapi.json": {"GET": openapi.verb(lambda: VERBS)},
    **faults.VERBS,
}
"""Every control call there is."""


def mounted(world: ControlContext, token: str | None) -> tuple[Mount, Handler]:
    """Return the control surface at /_mock, and what answers its errors; *token* guards it."""
    guard = Guard(token)
    routes = [Route(path, Endpoint(world, guard, path, verbs)) for path, verbs in VERBS.items()]
    problems = Problems(tuple(calls()))
    return Mount("/_mock", Router(routes, redirect_slashes=False)), problems.answer


def calls() -> Iterator[str]:
    """Yield what there is, as `GET /_mock/lease`."""
    for path, verbs in VERBS.items():
        for method in sorted(verbs):
            yield f"{method} /_mock{path}"


class Endpoint:
    """A path of the control surface, with all its verbs, as an ASGI application."""

    def __init__(
        self, world: ControlContext, guard: Guard, path: str, verbs: Mapping[str, ControlMethod]
    ) -> None:
        self._world = world
        self._guard = guard
        self._path = path
        self._verbs = {**verbs, "HEAD": verbs["GET"]} if "GET" in verbs else verbs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        request = Request(scope, receive, send)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            self._guard.check(request)
            verb = self._verb(request.method)
            found = await verb.handler(await asked(self._world, request, verb))
        except ProblemError as error:
            return rendered(error)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:  # noqa: BLE001 - whatever it is, the caller gets a problem, the log a traceback
            return rendered(self._crashed(request))
        if isinstance(found, Response):
            return found
        content = msgspec.json.encode(found) + b"\n"
        return Response(content, verb.status, media_type="application/json")

    def _verb(self, method: str) -> ControlMethod:
        verb = self._verbs.get(method)
        if verb is None:
            here = ", ".join(f"{one} /_mock{self._path}" for one in sorted(self._verbs))
            allowed = {"Allow": ", ".join(self._verbs)}
            raise ProblemError(405, f"{shorten(method)} is not meant here; send {here}", allowed)
        return verb

    def _crashed(self, request: Request) -> ProblemError:
        """Log the crash that is being handled; return what the caller is told of it."""
        tenant, now = self._world.tenants.default, self._world.steady()
        self._world.log(
            Exchange(
                ExchangeId(0),
                tenant.facts.id,
                request.method,
                request.scope["path"],
                tenant.now(),
                now,
                status=500,
                told="the control surface crashed",
                crash=traceback.format_exc(),
            )
        )
        return problem(500, "the mock crashed; its log has the traceback, please report it")
