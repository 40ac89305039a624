"""Control calls that list the requests of the journal and wait for new ones."""

import asyncio
from typing import Annotated, ClassVar, Final

import msgspec

from superoffice_contract.bodies.decode import decode
from superoffice_contract.errors import InvalidBody
from superoffice_contract.messages import shorten
from superoffice_contract.openapi.operations import NO_BODY
from superoffice_contract.operations.accounts import no_accounts
from superoffice_mock.control.errors import ProblemError
from superoffice_mock.control.request import (
    ControlMethod,
    ControlRequest,
    RequestBody,
    View,
    parse_whole_number,
)
from superoffice_mock.core.clock import format_instant, to_seconds
from superoffice_mock.core.credentials import Principal
from superoffice_mock.core.journal import OUTCOMES, Exchange, Outcome
from superoffice_mock.core.sync_run import ExchangeId, Holder, SyncRun
from superoffice_mock.core.verdicts import Replayed, TurnedAway, Undecided, Verdict
from superoffice_mock.webapi.entry import Registry

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
    return [exchange_view(exchange, operations) for exchange in exchanges]


async def _get_request(request: ControlRequest) -> View:
    id_ = ExchangeId(parse_whole_number(request.id) or 0)
    exchange = request.context.journal.exchange(request.tenant.facts.id, id_)
    if exchange is None:
        detail = f"request {shorten(request.id)} is unknown or was dropped from the journal"
        raise ProblemError(404, f"{detail}; GET /_mock/requests lists the others")
    return exchange_view(exchange, request.context.operations) | {
        "headers": [{"name": name, "value": value} for name, value in exchange.head.headers],
        "body": exchange.body.decode("utf-8", "replace"),
        "crash": exchange.crash,
    }


async def _clear_journal(request: ControlRequest) -> View:
    request.context.journal.clear(request.tenant.facts.id)
    return {"requests": [], "total": 0, "forgotten": 0}


def _outcome_filter(request: ControlRequest) -> str | None:
    outcome = request.query.get("outcome")
    if outcome is not None and outcome not in OUTCOMES:
        raise ProblemError(
            400, f"?outcome={shorten(outcome)}: expected one of {', '.join(OUTCOMES)}"
        )
    return outcome


# ---- exchanges to JSON -----------------------------------------------------------------------


def exchange_view(exchange: Exchange, operations: Registry) -> View:
    """Return the item of `GET requests` for *exchange*, without secrets."""
    holder = _turned_away_by(exchange.verdict)
    return {
        "id": exchange.id,
        "at": format_instant(exchange.at),
        "tenant": None if exchange.tenant_unknown else exchange.tenant,
        "operation": exchange.operation,
        "method": exchange.method,
        "path": exchange.path,
        "media_type": _media_type(exchange.head.content_type),
        "principal": _principal_view(exchange.principal),
        "accounts": _accounts_view(exchange, operations),
        "query": exchange.query,
        "select": exchange.select,
        "outcome": exchange.outcome,
        "recorded": _recorded_view(exchange),
        "fault": exchange.fault and exchange.fault.id,
        "run": exchange.run and exchange.run.id,
        "holder": holder and _short_holder_view(holder),
        "status": exchange.status,
        "elapsed": to_seconds(exchange.elapsed),
        "elapsed_real": to_seconds(exchange.elapsed_real),
        "hung_up": exchange.hung_up,
        "reason": exchange.reason,
        "violations": exchange.violations,
    }


def _media_type(content_type: str | None) -> str | None:
    return content_type and content_type.partition(";")[0].strip()


def _principal_view(principal: Principal | None) -> View | None:
    if principal is None:
        return None
    app = principal.app and principal.app.name
    return {"scheme": principal.scheme, "user": principal.user, "app": app}


def _turned_away_by(verdict: Verdict | None) -> Holder | None:
    """Return what holds the lease that a call did not get, or waits for."""
    final = verdict.otherwise if isinstance(verdict, Undecided) else verdict
    return final.holder if isinstance(final, TurnedAway) else None


def _short_holder_view(holder: Holder) -> View:
    """Return the holder of the lease at the time when a call was turned away."""
    return {"by": "run", "run": holder.id} if isinstance(holder, SyncRun) else {"by": "hand"}


def _recorded_view(exchange: Exchange) -> View | None:
    verdict = exchange.verdict
    if not isinstance(verdict, Replayed) or exchange.outcome != "replayed":
        return None
    return {"outcome": verdict.recorded_outcome, "confidence": verdict.confidence}


def _accounts_view(exchange: Exchange, operations: Registry) -> list[View] | None:
    """Decode the body again and return its accounts; None if it was rejected or is missing."""
    entry = operations.entries.get(exchange.operation or "")
    if entry is None or entry.accounts is no_accounts:
        return None
    if exchange.verdict is None and exchange.outcome != "faulted":
        return None
    bodies, content = entry.operation.bodies, None
    has_body = entry.operation.body_required or exchange.body.strip() not in NO_BODY
    try:  # the body of a faulted call was never validated
        if bodies and has_body:
            content = decode(bodies, exchange.head.content_type, exchange.body).content
    except InvalidBody:
        return None
    return [
        {
            "AccountId": account.id,
            "AssociateName": account.associate_name,
            "AssociateId": account.associate_id,
        }
        for account in entry.accounts(content, exchange.query)
    ]


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
