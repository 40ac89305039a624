"""The ASGI application of the vendor's API: journals each call and turns errors into answers."""

import asyncio
import traceback
from collections.abc import Callable

import msgspec
from msgspec.structs import replace
from starlette.types import Receive, Scope, Send

from superoffice_mock.core.journal import Exchange, Journal
from superoffice_mock.core.verdicts import NOTHING, Served
from superoffice_mock.errors import Rejected
from superoffice_mock.server.asgi_extensions import SHUT_DOWN, rejection_of
from superoffice_mock.webapi import fault_injection, response
from superoffice_mock.webapi.backend import BackendChoice
from superoffice_mock.webapi.capture import Captures
from superoffice_mock.webapi.locate import TenantLocator
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import BrokenResponse, Response
from superoffice_mock.webapi.routing import RouteMatch, Routes
from superoffice_mock.wire import cors
from superoffice_mock.wire.cors import AllowedOrigins
from superoffice_mock.wire.error_body import CRASH_MESSAGE
from superoffice_mock.wire.headers import read_headers

Log = Callable[[Exchange], None]


class ApiEndpoint(msgspec.Struct, frozen=True):
    """The vendor's API as a plain ASGI application; *steady_clock* is real time in nanoseconds."""

    routes: Routes
    choose_backend: BackendChoice
    journal: Journal
    origins: AllowedOrigins
    steady_clock: Callable[[], int]
    log: Log
    captures: Captures
    locator: TenantLocator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and journal it; what only notes the call never changes its answer."""
        headers = read_headers(scope["headers"])
        route = self.routes.find(scope["method"], scope["path"])
        if route.find_tenant is not None:
            find = route.find_tenant
            route, receive = await self.locator.locate(find, route, scope, receive)
        tenant, now = route.tenant, self.steady_clock()
        exchange = self.journal.record_arrival(
            tenant.facts.id, scope["method"], route.path, tenant.state.clock.now(now), now
        )
        operation = route.operation
        if operation is not None:
            exchange.operation = operation.name
        exchange.tenant_unknown = route.unknown_tenant
        exchange.head = headers.journal_head
        tenant.begin_call()
        try:
            answer = await self._answer(ApiRequest(route, scope, receive, headers, exchange))
            try:
                self._complete(exchange, answer, route)
                if self.captures.running:
                    self.captures.record(exchange, scope, answer)
            except Exception as error:  # noqa: BLE001 - as all below
                self.journal.record_lapse(exchange, error)
            await answer.send(scope, send)
        finally:
            try:
                self.journal.record_end(exchange)
            except Exception as error:  # noqa: BLE001
                self.journal.record_lapse(exchange, error)
            tenant.end_call()
            try:
                self.log(exchange)
            except Exception as error:  # noqa: BLE001
                self.journal.record_lapse(exchange, error)

    async def _answer(self, request: ApiRequest) -> Response | BrokenResponse:
        """Return the answer to *request* with its CORS headers; every error becomes an answer."""
        headers, route = request.headers, request.route
        cors_headers = cors.response_headers(headers, self.origins)
        method = request.scope["method"]
        try:
            rejected = rejection_of(request.scope)
            if rejected is not None:
                raise rejected
            if route.operation is not None and cors.is_preflight(method, headers):
                methods = route.operation.allowed_methods
                return Response(204).with_headers(
                    cors_headers and cors_headers + cors.preflight_headers(headers, methods)
                )
            backend = self.choose_backend(route.tenant)
            answer: Response | BrokenResponse | None = None
            if route.entry is not None and route.tenant.state.faults.items:
                answer = await fault_injection.answer_with_fault(route.entry, backend, request)
            if answer is None:
                answer = await backend.answer(request)
        except Rejected as error:
            request.exchange.explicit_reason = error.reason
            answer = self._render_error(error, request)
        except asyncio.CancelledError:  # the server stops, and its grace period is over
            request.exchange.explicit_reason = SHUT_DOWN
            answer = self._render_error(Rejected(503, "", SHUT_DOWN), request)
        except Exception:  # noqa: BLE001 - the client gets a 500, the journal a traceback
            request.exchange.crash = traceback.format_exc()
            request.exchange.explicit_reason = "the mock crashed; its traceback is in `crash`"
            answer = self._render_error(
                Rejected(500, "", "crashed", message=CRASH_MESSAGE), request
            )
        return answer.with_headers(cors_headers)

    def _render_error(self, error: Rejected, request: ApiRequest) -> Response:
        route = request.route
        render = response.render_error if route.entry is None else route.entry.render_error
        answer = render(error, request.headers, route.tenant.facts.readings)
        if error.status == 401:
            challenge = response.challenge_header(route.tenant.facts.installation)
            answer = answer.with_headers((challenge,))
        if error.status == 405 and route.operation is not None:
            allow = response.allow_header(route.operation.allowed_methods)
            answer = answer.with_headers((allow,))
        return answer.replace_headers(error.headers) if error.headers else answer

    def _complete(
        self, exchange: Exchange, answer: Response | BrokenResponse, route: RouteMatch
    ) -> None:
        """Store status and times in *exchange*; on the tenant's clock, the answer is on time."""
        exchange.status, verdict = answer.status, exchange.verdict
        at = route.tenant.now() if verdict is None else verdict.answer_at
        if exchange.elapsed is None:  # set already for a delayed call that was rejected on arrival
            exchange.elapsed = at - exchange.at
        if exchange.fault is not None:
            exchange.explicit_reason = fault_injection.describe_reason(exchange)
        exchange.elapsed_real = self.steady_clock() - exchange.real_at
        if isinstance(verdict, Served) and verdict.value is not NOTHING:
            exchange.verdict = replace(verdict, value=NOTHING)  # the journal counts and shows none
