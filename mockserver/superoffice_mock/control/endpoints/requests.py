"""Control calls that list the requests of the journal and wait for new ones."""

import asyncio
from collections.abc import Callable
from typing import Annotated, ClassVar, Final

import msgspec
from starlette.responses import Response

from superoffice_contract.messages import shorten
from superoffice_mock.control.errors import ProblemError
from superoffice_mock.control.exchange_view import exchange_parts, exchange_view
from superoffice_mock.control.pieces import View, answer_in_pieces, list_parts
from superoffice_mock.control.request import (
    ControlMethod,
    ControlRequest,
    RequestBody,
    parse_whole_number,
)
from superoffice_mock.core.journal import OUTCOMES, Exchange, Outcome
from superoffice_mock.core.sync_run import ExchangeId

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


async def _wait(request: ControlRequest) -> Response:
    condition = request.decode_body(WaitCondition)
    journal, tenant = request.context.journal, request.tenant
    if len(journal.watchers(tenant.facts.id)) >= MAX_WATCHERS:
        raise ProblemError(
            503, f"{MAX_WATCHERS} calls are already waiting; let some of them end first"
        )
    watch = Watch(condition)
    with journal.watch(tenant.facts.id, watch):
        for exchange in journal.exchanges(tenant.facts.id):
            watch.notify(exchange)
        if tenant.close_reason is not None:
            watch.cancel(tenant.close_reason)
        await _wait_until_done(watch, request, condition.timeout)
    return _answer_wait(watch, request, condition)


async def _wait_until_done(watch: Watch, request: ControlRequest, seconds: float) -> None:
    disconnect = asyncio.create_task(request.wait_for_disconnect())
    try:
        await asyncio.wait(
            (watch.done, disconnect), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        disconnect.cancel()
        await asyncio.wait((disconnect,))


def _answer_wait(watch: Watch, request: ControlRequest, condition: WaitCondition) -> Response:
    matching_ids = [
        exchange.id
        for exchange in request.context.journal.exchanges(request.tenant.facts.id)
        if exchange.id in watch.matching_ids or watch.matches(exchange)
    ]
    stop_reason = watch.done.result() if watch.done.done() else None
    is_met = stop_reason is None and watch.is_complete is not condition.never
    reason = None if is_met else stop_reason or _unmet_reason(watch, condition)
    total = {"total": len(matching_ids)}
    return _answer_list(request, {"met": is_met, "reason": reason}, matching_ids, lambda: total)


def _unmet_reason(watch: Watch, condition: WaitCondition) -> str:
    expected = f"fewer than {condition.count}" if condition.never else f"{condition.count}"
    outcome = "" if condition.outcome is None else f" with outcome {condition.outcome}"
    noun = "request" if condition.count == 1 else "requests"
    within = f"{condition.timeout:g} s"
    return f"expected {expected} {noun}{outcome} within {within}, got {len(watch.matching_ids)}"


async def _list_requests(request: ControlRequest) -> Response:
    outcome, since = request.query.get("outcome"), request.query_number("since", 0)
    if outcome is not None and outcome not in OUTCOMES:
        known = ", ".join(OUTCOMES)
        raise ProblemError(400, f"?outcome={shorten(outcome)}: expected one of {known}")
    journal, tenant = request.context.journal, request.tenant.facts.id
    matching_ids = [
        exchange.id
        for exchange in journal.exchanges(tenant)
        if exchange.id > since and outcome in (None, exchange.outcome)
    ]
    total = len(matching_ids)
    limit = min(request.query_number("limit", total), total)
    is_oldest_first = "since" in request.query  # a client that reads on skips nothing
    shown_ids = matching_ids[:limit] if is_oldest_first else matching_ids[total - limit :]
    return _answer_list(
        request,
        {},
        shown_ids,
        lambda: {"total": total, "forgotten": journal.count_forgotten(tenant)},
    )


def _answer_list(
    request: ControlRequest, before: View, ids: list[ExchangeId], after: Callable[[], View]
) -> Response:
    """Return the exchanges with these *ids*, between the members of *before* and *after*.

    Each is shown as it is when it is sent; one that is forgotten until then is left out.
    """
    journal, tenant = request.context.journal, request.tenant.facts.id
    operations = request.context.operations
    exchanges = (journal.exchange(tenant, id_) for id_ in ids)
    rows = (
        (msgspec.json.encode(exchange_view(exchange, operations)),)
        for exchange in exchanges
        if exchange is not None
    )
    return answer_in_pieces(list_parts(before, "requests", rows, after), request.context.steady)


async def _get_request(request: ControlRequest) -> Response:
    id_ = ExchangeId(parse_whole_number(request.id) or 0)
    exchange = request.context.journal.exchange(request.tenant.facts.id, id_)
    if exchange is None:
        detail = f"request {shorten(request.id)} is unknown or was dropped from the journal"
        raise ProblemError(404, f"{detail}; GET /_mock/requests lists the others")
    parts = exchange_parts(exchange, request.context.operations)
    return answer_in_pieces(parts, request.context.steady)


async def _clear_journal(request: ControlRequest) -> View:
    request.context.tenants.before_end(request.tenant)
    request.context.journal.clear(request.tenant.facts.id)
    return {"requests": [], "total": 0, "forgotten": 0}


CALLS: Final = {
    "POST /requests/wait": ControlMethod(
        _wait,
        "waits until `count` requests match, or checks that this `never` happens",
        "Waited",
        WaitCondition,
        errors=(503,),
    ),
    "GET /requests": ControlMethod(
        _list_requests,
        "lists the requests of the journal, oldest first",
        "Requests",
        query=("outcome", "since", "limit"),
    ),
    "DELETE /requests": ControlMethod(
        _clear_journal, "empties the journal; ids are not reused", "Requests"
    ),
    "GET /requests/{id}": ControlMethod(
        _get_request, "returns one request with headers and body", "WholeRequest"
    ),
}
