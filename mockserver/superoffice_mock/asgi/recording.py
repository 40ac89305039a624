"""The way in and out: notes the arrival, turns errors into answers, journals the exchange."""

import asyncio
import traceback
from collections.abc import Callable
from typing import Final

from starlette.types import Receive, Scope, Send

from superoffice_mock.asgi import rendering
from superoffice_mock.asgi.operations import Incoming, Operations, headers_of
from superoffice_mock.asgi.rendering import Answer
from superoffice_mock.asgi.routes import Place, Routes
from superoffice_mock.core.journal import Exchange, Journal
from superoffice_mock.errors import Rejected
from superoffice_mock.wire import cors
from superoffice_mock.wire.cors import Origins
from superoffice_mock.wire.encode import CRASHED
from superoffice_mock.wire.headers import Headers, for_journal

Log = Callable[[Exchange], None]

CUT_OFF: Final = "the mock was shut down before the call was complete"


class Surface:
    """The vendor's surface as a plain ASGI application."""

    def __init__(
        self,
        routes: Routes,
        operations: Operations,
        journal: Journal,
        origins: Origins,
        steady: Callable[[], int],
        log: Log,
    ) -> None:
        self._routes = routes
        self._operations = operations
        self._journal = journal
        self._origins = origins
        self._steady = steady
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and journal it."""
        headers = Headers(scope["headers"])
        place = self._routes.find(scope["path"])
        tenant = place.tenant
        exchange = self._journal.arrived(
            tenant.facts.id, scope["method"], scope["path"], tenant.now(), self._steady()
        )
        exchange.operation = None if place.operation is None else place.operation.name
        exchange.astray = place.astray
        exchange.headers = for_journal(headers.raw)
        exchange.content_type = headers.get(b"content-type")
        tenant.arrived()
        try:
            answer = await self._answer(Incoming(place, scope, receive, headers, exchange))
            self._answered(exchange, answer, place)
            await rendering.send_answer(answer, scope["method"], send)
        finally:
            self._journal.finished(exchange)
            tenant.left()
            self._log(exchange)

    async def _answer(self, incoming: Incoming) -> Answer:
        """Return the answer to *incoming*, whatever happens to it, with its CORS headers."""
        headers, place = incoming.headers, incoming.place
        allowed = cors.headers_for(headers, self._origins)
        method = incoming.scope["method"]
        if place.operation is not None and cors.is_preflight(method, headers):
            methods = place.operation.methods
            return Answer(204).with_headers(
                allowed and allowed + cors.preflight_headers(headers, methods)
            )
        try:
            answer = await self._operations.answer(incoming)
        except Rejected as error:
            incoming.exchange.reason = error.reason
            answer = self._rejected(error, incoming)
        except asyncio.CancelledError:  # the server stops and has waited long enough for the body
            incoming.exchange.reason = CUT_OFF
            answer = self._rejected(Rejected(503, "", CUT_OFF), incoming)
        except Exception:  # noqa: BLE001 - whatever it is, the caller gets a 500, the journal a traceback
            incoming.exchange.crash = traceback.format_exc()
            incoming.exchange.reason = "the mock crashed; its traceback is in `crash`"
            answer = self._rejected(Rejected(500, "", "crashed", told=CRASHED), incoming)
        return answer.with_headers(allowed)

    def _rejected(self, error: Rejected, incoming: Incoming) -> Answer:
        readings = incoming.place.tenant.facts.readings
        answer = rendering.rejected(error, incoming.headers, readings)
        return answer.with_headers(headers_of(error, incoming.place))

    def _answered(self, exchange: Exchange, answer: Answer, place: Place) -> None:
        """Note the answer: on the tenant's clock at the moment it was due, and in real time."""
        verdict = exchange.verdict
        at = place.tenant.now() if verdict is None else verdict.answer_at
        exchange.status = answer.status
        exchange.elapsed = at - exchange.at
        exchange.elapsed_real = self._steady() - exchange.real_at
