"""The routes of the control surface, from the tables of its endpoints."""

import traceback
from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route, Router
from starlette.types import Receive, Scope, Send

from superoffice_contract.messages import shorten
from superoffice_contract.openapi.operations import SAFE_METHODS
from superoffice_mock.control import openapi
from superoffice_mock.control.endpoints import (
    accounts,
    clock,
    credentials,
    dashboard,
    demo,
    events,
    faults,
    lease,
    recordings,
    requests,
    tenants,
    verdict,
)
from superoffice_mock.control.errors import ProblemError, render_problem
from superoffice_mock.control.pieces import View
from superoffice_mock.control.request import (
    ControlContext,
    ControlMethod,
    ControlRequest,
    check_access,
    check_token,
    read_request,
)
from superoffice_mock.core.clock import to_seconds
from superoffice_mock.core.journal import Exchange
from superoffice_mock.core.sync_run import ExchangeId
from superoffice_mock.errors import Rejected
from superoffice_mock.version import __version__

LIMITS: Final = (*("max_body", "max_accounts", "max_headers", "max_waiting", "journal_exchanges"),)
"""The settings that GET /health states, so that a check does not take them for defects."""


async def _get_health(request: ControlRequest) -> View:
    uptime = to_seconds(request.context.steady() - request.context.started_at)
    settings = request.context.settings
    limits = {name: getattr(settings, name) for name in LIMITS}
    return {"status": "ok", "version": __version__, "uptime_seconds": uptime, "limits": limits}


async def _get_description(request: ControlRequest) -> View:
    needs_token = request.context.settings.control_token is not None
    return openapi.build_document(CALLS, needs_token=needs_token)


CALLS: Final[dict[str, ControlMethod]] = {
    "GET /health": ControlMethod(
        _get_health,
        "returns version, uptime and limits; needs no token",
        "Health",
        needs_token=False,
    ),
    **tenants.CALLS,
    **accounts.CALLS,
    **requests.CALLS,
    **verdict.CALLS,
    **events.CALLS,
    **lease.CALLS,
    **clock.CALLS,
    **credentials.CALLS,
    **recordings.CALLS,
    **demo.CALLS,
    "GET /openapi.json": ControlMethod(
        _get_description, "returns this description of the control surface", "Document"
    ),
    **faults.CALLS,
}
"""All control calls, by method and path under /_mock."""


def mount_control(context: ControlContext) -> Mount:
    """Return the control surface at /_mock."""
    paths: dict[str, dict[str, ControlMethod]] = {}
    for call, method in (CALLS | dashboard.PAGES).items():
        name, path = call.split()
        paths.setdefault(path, {})[name] = method
    routes = [Route(path, Endpoint(context, path, methods)) for path, methods in paths.items()]
    known_calls = ", ".join(call.replace(" ", " /_mock") for call in CALLS)

    async def answer_not_found(scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"no such control call; the calls are: {known_calls}"
        await render_problem(ProblemError(404, detail))(scope, receive, send)

    return Mount("/_mock", Router(routes, redirect_slashes=False, default=answer_not_found))


def _list_calls(path: str, methods: Mapping[str, ControlMethod]) -> str:
    return ", ".join(f"{name} /_mock{path}" for name in sorted(methods))


class Endpoint:
    """A path of the control surface with all its methods, as an ASGI application."""

    def __init__(
        self, context: ControlContext, path: str, methods: Mapping[str, ControlMethod]
    ) -> None:
        self._context = context
        self._path = path
        self._methods = {**methods, "HEAD": methods["GET"]} if "GET" in methods else methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        request = Request(scope, receive, send)
        response = await self._answer(request)
        try:
            await response(scope, receive, send)
        except Exception:
            self._log_crash(request)
            raise

    async def _answer(self, request: Request) -> Response:
        try:
            check_access(request, self._context.sessions)
            known = self._methods.get(request.method)
            if known is None or known.needs_token:
                check_token(request, self._context.sessions, self._context.steady())
            method = self._find_method(request.method)
            control_request = await read_request(self._context, request, method)
            answer = await method.handler(control_request)
            if request.method not in SAFE_METHODS:
                call = f"{request.method} {self._path}"
                self._context.streams.tell(call, control_request.tenant)
        except ProblemError as error:
            return render_problem(error)
        except Rejected as error:  # the body stays incomplete, or is no HTTP
            return render_problem(ProblemError(error.status, error.reason))
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:  # noqa: BLE001 - the client gets a problem, the log a traceback
            return render_problem(self._log_crash(request))
        if isinstance(answer, Response):
            is_endless = isinstance(answer, StreamingResponse) and request.method == "HEAD"
            return Response(headers=answer.headers) if is_endless else answer
        content = msgspec.json.encode(answer) + b"\n"
        return Response(content, method.status, media_type="application/json")

    def _find_method(self, name: str) -> ControlMethod:
        method = self._methods.get(name)
        if method is None:
            calls_here = _list_calls(self._path, self._methods)
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
        return ProblemError(500, "the mock crashed; its log has the traceback, please report it")
