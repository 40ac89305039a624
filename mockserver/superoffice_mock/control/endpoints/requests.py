"""Control calls that list the requests of the journal and wait for new ones."""

import asyncio
from typing import Annotated, ClassVar, Final

import msgspec

from superoffice_mock.control import views
from superoffice_mock.control.errors import problem
from superoffice_mock.control.request import (
    ControlMethod,
    ControlPaths,
    ControlRequest,
    RequestBody,
    parse_whole_number,
)
from superoffice_mock.control.views import View
from superoffice_mock.core.journal import OUTCOMES, Exchange, Outcome
from superoffice_mock.core.sync_run import ExchangeId
from superoffice_mock.wire.values import shorten

MAX_WATCHERS: Final = 100
"""How many control calls may wait for requests of one tenant at the same time."""

Count = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=60)]


class WaitCondition(RequestBody):
    """The requests to wait for, and the timeout in real seconds."""

    example: ClassVar[str] = '{"outcome": "started", "count": 2, "timeout": 5}'
    outcome: Outcome | None = None
    count: Count = 1
    timeout: Seconds = 5.0
    since: Annotated[int, msgspec.Meta(ge=0)] = 0
    never: bool = False


class Watch:
    """Watches a tenant until enough requests match.

    The result of *done* is then None; if the wait ends early, it is the reason.
    """

    def __init__(self, condition: WaitCondition) -> None:
        self.matching_ids = set[ExchangeId]()
        self.done: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._condition = condition

    def notify(self, exchange: Exchange) -> None:
        """Count *exchange* if it matches; one that was pending before may no longer match."""
        if self.done.done():
            return
        if not self.matches(exchange):
            self.matching_ids.discard(exchange.id)
            return
        self.matching_ids.add(exchange.id)
        if self.is_complete:
            self.done.set_result(None)

    def cancel(self, reason: str) -> None:
        """End the wait early because of *reason*."""
        if not self.done.done():
            self.done.set_result(reason)

    def matches(self, exchange: Exchange) -> bool:
        """Return whether *exchange* matches the condition in its present state."""
        condition = self._condition
        return exchange.id > condition.since and condition.outcome in (None, exchange.outcome)

    @property
    def is_complete(self) -> bool:
        """Whether enough requests match."""
        return len(self.matching_ids) >= self._condition.count


async def _wait(request: ControlRequest) -> View:
    condition = request.decode_body(WaitCondition)
    journal, tenant = request.context.journal, request.tenant
    if len(journal.watchers(tenant.facts.id)) >= MAX_WATCHERS:
        raise problem(503, f"{MAX_WATCHERS} calls are already waiting; let some of them end first")
    watch = Watch(condition)
    with journal.watch(tenant.facts.id, watch):
        for exchange in journal.exchanges(tenant.facts.id):
            watch.notify(exchange)
        if tenant.close_reason is not None:
            watch.cancel(tenant.close_reason)
        await _wait_until_done(watch, request, condition.timeout)
    return _result_view(watch, request, condition)


async def _wait_until_done(watch: Watch, request: ControlRequest, seconds: float) -> None:
    """Wait until *watch* is done, *seconds* have passed, or the client disconnects."""
    disconnect = asyncio.create_task(request.wait_for_disconnect())
    try:
        await asyncio.wait(
            (watch.done, disconnect), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        disconnect.cancel()
        await asyncio.wait((disconnect,))


def _result_view(watch: Watch, request: ControlRequest, condition: WaitCondition) -> View:
    matches = [
        exchange
        for exchange in request.context.journal.exchanges(request.tenant.facts.id)
        if exchange.id in watch.matching_ids or watch.matches(exchange)
    ]
    stop_reason = watch.done.result() if watch.done.done() else None
    is_met = stop_reason is None and watch.is_complete is not condition.never
    return {
        "met": is_met,
        "reason": None if is_met else stop_reason or _unmet_reason(watch, condition),
        "requests": _exchange_views(request, matches),
        "total": len(matches),
    }


def _unmet_reason(watch: Watch, condition: WaitCondition) -> str:
    expected = f"fewer than {condition.count}" if condition.never else f"{condition.count}"
    outcome = "" if condition.outcome is None else f" with outcome {condition.outcome}"
    noun = "request" if condition.count == 1 else "requests"
    within = f"{condition.timeout:g} s"
    return f"expected {expected} {noun}{outcome} within {within}, got {len(watch.matching_ids)}"


WAIT_PATHS: Final[ControlPaths] = {
    "/requests/wait": {
        "POST": ControlMethod(
            _wait,
            summary="waits until `count` requests match, or checks that this `never` happens",
            body=WaitCondition,
            response="Waited",
            errors=(503,),
        )
    },
}


async def _list_requests(request: ControlRequest) -> View:
    outcome, since = _outcome_filter(request), request.query_number("since", 0)
    journal, tenant = request.context.journal, request.tenant.facts.id
    matches = [
        exchange
        for exchange in journal.exchanges(tenant)
        if exchange.id > since and outcome in (None, exchange.outcome)
    ]
    limit = request.query_number("limit", len(matches))
    newest = matches[len(matches) - min(limit, len(matches)) :]
    return {
        "requests": _exchange_views(request, newest),
        "total": len(matches),
        "forgotten": journal.count_forgotten(tenant),
    }


def _exchange_views(request: ControlRequest, exchanges: list[Exchange]) -> list[View]:
    operations = request.context.operations
    return [views.exchange_view(exchange, operations) for exchange in exchanges]


async def _get_request(request: ControlRequest) -> View:
    id_ = ExchangeId(parse_whole_number(request.id) or 0)
    exchange = request.context.journal.exchange(request.tenant.facts.id, id_)
    if exchange is None:
        detail = f"request {shorten(request.id)} is unknown or was dropped from the journal"
        raise problem(404, f"{detail}; GET /_mock/requests lists the others")
    return views.exchange_detail_view(exchange, request.context.operations)


async def _clear_journal(request: ControlRequest) -> View:
    request.context.journal.clear(request.tenant.facts.id)
    return {"requests": [], "total": 0, "forgotten": 0}


def _outcome_filter(request: ControlRequest) -> str | None:
    outcome = request.query.get("outcome")
    if outcome is not None and outcome not in OUTCOMES:
        raise problem(400, f"?outcome={shorten(outcome)}: expected one of {', '.join(OUTCOMES)}")
    return outcome


PATHS: Final[ControlPaths] = {
    "/requests": {
        "GET": ControlMethod(
            _list_requests,
            ("outcome", "since", "limit"),
            "lists the requests of the journal, oldest first",
            response="Requests",
        ),
        "DELETE": ControlMethod(
            _clear_journal, summary="empties the journal; ids are not reused", response="Requests"
        ),
    },
    "/requests/{id}": {
        "GET": ControlMethod(
            _get_request,
            summary="returns one request with headers and body",
            response="WholeRequest",
        )
    },
}
