"""The way in and out: notes the arrival, turns errors into answers, journals the exchange."""

import asyncio
import traceback
from collections.abc import Callable
from typing import Final

from starlette.types import Receive, Scope, Send

from superoffice_mock.core.journal import Exchange, Journal
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi import fault_injection, response
from superoffice_mock.webapi.capture import Captures
from superoffice_mock.webapi.fault_injection import FaultInjection
from superoffice_mock.webapi.operations.describe import headers_of
from superoffice_mock.webapi.request import ApiRequest, check
from superoffice_mock.webapi.response import BrokenResponse, Response
from superoffice_mock.webapi.routing import RouteMatch, Routes
from superoffice_mock.wire import cors
from superoffice_mock.wire.cors import Origins
from superoffice_mock.wire.error_body import CRASHED
from superoffice_mock.wire.headers import read

Log = Callable[[Exchange], None]

CUT_OFF: Final = "the mock was shut down before the call was complete"


class ApiEndpoint:
    """The vendor's surface as a plain ASGI application."""

    def __init__(
        self,
        routes: Routes,
        answering: FaultInjection,
        journal: Journal,
        origins: Origins,
        steady: Callable[[], int],
        log: Log,
        tapes: Captures,
    ) -> None:
        self._routes = routes
        self._answering = answering
        self._journal = journal
        self._origins = origins
        self._steady = steady
        self._log = log
        self._tapes = tapes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and journal it."""
        headers = read(scope["headers"])
        place = self._routes.find(scope["path"])
        tenant, now = place.tenant, self._steady()
        exchange = self._journal.arrived(
            tenant.facts.id, scope["method"], place.path, tenant.state.clock.now(now), now
        )
        if place.operation is not None:
            exchange.operation = place.operation.name
        exchange.astray = place.astray
        exchange.head = headers.kept
        tenant.arrived()
        try:
            answer = await self._answer(ApiRequest(place, scope, receive, headers, exchange))
            self._answered(exchange, answer, place)
            if self._tapes.running:
                self._tapes.note(exchange, scope, answer)
            await answer.send(scope, send)
        finally:
            self._journal.finished(exchange)
            tenant.left()
            self._log(exchange)

    async def _answer(self, incoming: ApiRequest) -> Response | BrokenResponse:
        """Return the answer to *incoming*, whatever happens to it, with its CORS headers."""
        headers, place = incoming.headers, incoming.place
        allowed = cors.headers_for(headers, self._origins)
        method = incoming.scope["method"]
        try:
            check(incoming)
            if place.operation is not None and cors.is_preflight(method, headers):
                methods = place.operation.methods
                return Response(204).with_headers(
                    allowed and allowed + cors.preflight_headers(headers, methods)
                )
            answer: Response | BrokenResponse = await self._answering.answer(incoming)
        except Rejected as error:
            incoming.exchange.told = error.reason
            answer = self._rejected(error, incoming)
        except asyncio.CancelledError:  # the server stops and has waited long enough for the body
            incoming.exchange.told = CUT_OFF
            answer = self._rejected(Rejected(503, "", CUT_OFF), incoming)
        except Exception:  # noqa: BLE001 - whatever it is, the caller gets a 500, the journal a traceback
            incoming.exchange.crash = traceback.format_exc()
            incoming.exchange.told = "the mock crashed; its traceback is in `crash`"
            answer = self._rejected(Rejected(500, "", "crashed", told=CRASHED), incoming)
        return answer.with_headers(allowed)

    def _rejected(self, error: Rejected, incoming: ApiRequest) -> Response:
        readings = incoming.place.tenant.facts.readings
        answer = response.rejected(error, incoming.headers, readings)
        answer = answer.with_headers(headers_of(error, incoming.place))
        return _replacing(answer, error.headers) if error.headers else answer

    def _answered(
        self, exchange: Exchange, answer: Response | BrokenResponse, place: RouteMatch
    ) -> None:
        """Note the answer: on the tenant's clock at the moment it was due, and in real time."""
        verdict = exchange.verdict
        at = place.tenant.now() if verdict is None else verdict.answer_at
        exchange.status = answer.status
        if exchange.elapsed is None:  # else the moment is past, as for a call that was delayed
            exchange.elapsed = at - exchange.at
        if exchange.fault is not None:
            exchange.told = fault_injection.reason(exchange)
        exchange.elapsed_real = self._steady() - exchange.real_at


def _replacing(answer: Response, headers: tuple[tuple[str, str], ...]) -> Response:
    """Return *answer* with these headers instead of its own of the same names."""
    raw = tuple((name.lower().encode(), value.encode("latin-1")) for name, value in headers)
    return answer.without_headers({name for name, _ in raw}).with_headers(raw)
