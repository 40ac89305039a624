"""The routes of the control surface, from the tables of its endpoints."""

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
from superoffice_mock.control.errors import NotFoundHandler, ProblemError, problem, render_problem
from superoffice_mock.control.request import (
    ControlContext,
    ControlMethod,
    ControlPaths,
    read_request,
)
from superoffice_mock.core.journal import Exchange
from superoffice_mock.core.sync_run import ExchangeId
from superoffice_mock.wire.values import shorten

Handler = Callable[[Request, Exception], Awaitable[Response]]

PATHS: Final[ControlPaths] = {
    **health.PATHS,
    **tenants.PATHS,
    **accounts.PATHS,
    **requests.WAIT_PATHS,
    **requests.PATHS,
    **lease.PATHS,
    **clock.PATHS,
    **credentials.PATHS,
    **recordings.PATHS,
    **demo.PATHS,
    "/openapi.json": {"GET": openapi.document_method(lambda: PATHS)},
    **faults.PATHS,
}
"""All control calls."""


def mount_control(context: ControlContext, token: str | None) -> tuple[Mount, Handler]:
    """Return the control surface at /_mock and its 404 handler; *token* guards the surface."""
    guard = Guard(token)
    routes = [
        Route(path, Endpoint(context, guard, path, methods)) for path, methods in PATHS.items()
    ]
    not_found = NotFoundHandler(tuple(calls()))
    return Mount("/_mock", Router(routes, redirect_slashes=False)), not_found.answer


def calls() -> Iterator[str]:
    """Yield all control calls, such as `GET /_mock/lease`."""
    for path, methods in PATHS.items():
        for name in sorted(methods):
            yield f"{name} /_mock{path}"


class Endpoint:
    """A path of the control surface with all its methods, as an ASGI application."""

    def __init__(
        self, context: ControlContext, guard: Guard, path: str, methods: Mapping[str, ControlMethod]
    ) -> None:
        self._context = context
        self._guard = guard
        self._path = path
        self._methods = {**methods, "HEAD": methods["GET"]} if "GET" in methods else methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        request = Request(scope, receive, send)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            self._guard.check(request)
            method = self._find_method(request.method)
            answer = await method.handler(await read_request(self._context, request, method))
        except ProblemError as error:
            return render_problem(error)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:  # noqa: BLE001 - the client gets a problem, the log a traceback
            return render_problem(self._log_crash(request))
        if isinstance(answer, Response):
            return answer
        content = msgspec.json.encode(answer) + b"\n"
        return Response(content, method.status, media_type="application/json")

    def _find_method(self, name: str) -> ControlMethod:
        method = self._methods.get(name)
        if method is None:
            calls_here = ", ".join(f"{name} /_mock{self._path}" for name in sorted(self._methods))
            detail = f"{shorten(name)} is not allowed here; send {calls_here}"
            raise ProblemError(405, detail, {"Allow": ", ".join(self._methods)})
        return method

    def _log_crash(self, request: Request) -> ProblemError:
        """Log the exception that is being handled; return the error for the client."""
        tenant, now = self._context.tenants.default, self._context.steady()
        self._context.log(
            Exchange(
                ExchangeId(0),
                tenant.facts.id,
                request.method,
                request.scope["path"],
                tenant.now(),
                now,
                status=500,
                explicit_reason="the control surface crashed",
                crash=traceback.format_exc(),
            )
        )
        return problem(500, "the mock crashed; its log has the traceback, please report it")
