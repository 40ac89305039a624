"""The journal: what was asked, answered and decided."""

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
    whole,
)
from superoffice_mock.control.views import View
from superoffice_mock.core.journal import OUTCOMES, Exchange, Outcome
from superoffice_mock.core.sync_run import ExchangeId
from superoffice_mock.wire.values import shorten

MAX_WATCHERS: Final = 100
"""Control calls that wait at one tenant at the same time."""


Count = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


Seconds = Annotated[float, msgspec.Meta(ge=0, le=60)]


class Wanted(RequestBody):
    """Which requests are waited for, and for how long in real seconds."""

    example: ClassVar[str] = '{"outcome": "started", "count": 2, "timeout": 5}'
    outcome: Outcome | None = None
    count: Count = 1
    timeout: Seconds = 5.0
    since: Annotated[int, msgspec.Meta(ge=0)] = 0
    never: bool = False


class Watch:
    """Looks for the requests that match; `over` is done, with no reason, when there are enough."""

    def __init__(self, wanted: Wanted) -> None:
        self.found = set[ExchangeId]()
        self.over: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._wanted = wanted

    def told(self, exchange: Exchange) -> None:
        """Look at *exchange*; one that was pending may match no longer."""
        if self.over.done():
            return
        if not self.matches(exchange):
            self.found.discard(exchange.id)
            return
        self.found.add(exchange.id)
        if self.enough:
            self.over.set_result(None)

    def dismissed(self, reason: str) -> None:
        """Wait no longer, because of *reason*."""
        if not self.over.done():
            self.over.set_result(reason)

    def matches(self, exchange: Exchange) -> bool:
        """Tell whether *exchange* is wanted as it is now."""
        wanted = self._wanted
        return exchange.id > wanted.since and wanted.outcome in (None, exchange.outcome)

    @property
    def enough(self) -> bool:
        """Whether as many were found as wanted."""
        return len(self.found) >= self._wanted.count


async def _wait(asked: ControlRequest) -> View:
    wanted = asked.read(Wanted)
    journal, tenant = asked.world.journal, asked.tenant
    if len(journal.watchers(tenant.facts.id)) >= MAX_WATCHERS:
        raise problem(503, f"{MAX_WATCHERS} calls wait here already; let some of them end first")
    watch = Watch(wanted)
    with journal.watched(tenant.facts.id, watch):
        for exchange in journal.exchanges(tenant.facts.id):
            watch.told(exchange)
        if tenant.closed is not None:
            watch.dismissed(tenant.closed)
        await _until_over(watch, asked, wanted.timeout)
    return _told(watch, asked, wanted)


async def _until_over(watch: Watch, asked: ControlRequest, within: float) -> None:
    """Wait until *watch* is over, *within* seconds are, or the caller hangs up."""
    listening = asyncio.create_task(asked.until_hung_up())
    try:
        await asyncio.wait(
            (watch.over, listening), timeout=within, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        listening.cancel()
        await asyncio.wait((listening,))


def _told(watch: Watch, asked: ControlRequest, wanted: Wanted) -> View:
    requests = [
        one
        for one in asked.world.journal.exchanges(asked.tenant.facts.id)
        if one.id in watch.found or watch.matches(one)
    ]
    ended = watch.over.result() if watch.over.done() else None
    met = ended is None and watch.enough is not wanted.never
    return {
        "met": met,
        "reason": None if met else ended or _reason(watch, wanted),
        "requests": [views.exchange_view(one, asked.world.operations) for one in requests],
        "total": len(requests),
    }


def _reason(watch: Watch, wanted: Wanted) -> str:
    what = "requests" if wanted.outcome is None else f"requests that are {wanted.outcome}"
    return f"{len(watch.found)} of {wanted.count} {what} came within {wanted.timeout:g} s"


WAIT_VERBS: Final[ControlPaths] = {
    "/requests/wait": {
        "POST": ControlMethod(
            _wait,
            summary="waits until `count` requests match, or makes sure that this `never` happens",
            takes=Wanted,
            answers="Waited",
            refuses=(503,),
        )
    },
}


async def _list(asked: ControlRequest) -> View:
    outcome, since = _outcome(asked), asked.number("since", 0)
    journal, tenant = asked.world.journal, asked.tenant.facts.id
    found = [
        one
        for one in journal.exchanges(tenant)
        if one.id > since and outcome in (None, one.outcome)
    ]
    limit = asked.number("limit", len(found))
    kept = found[len(found) - min(limit, len(found)) :]
    return {
        "requests": [views.exchange_view(one, asked.world.operations) for one in kept],
        "total": len(found),
        "forgotten": journal.forgotten(tenant),
    }


async def _one(asked: ControlRequest) -> View:
    id_ = ExchangeId(whole(asked.id) or 0)
    exchange = asked.world.journal.exchange(asked.tenant.facts.id, id_)
    if exchange is None:
        known = "GET /_mock/requests lists the rest"
        raise problem(404, f"request {shorten(asked.id)} is unknown or forgotten; {known}")
    return views.whole_exchange_view(exchange, asked.world.operations)


async def _forget(asked: ControlRequest) -> View:
    asked.world.journal.clear(asked.tenant.facts.id)
    return {"requests": [], "total": 0, "forgotten": 0}


def _outcome(asked: ControlRequest) -> str | None:
    outcome = asked.query.get("outcome")
    if outcome is not None and outcome not in OUTCOMES:
        raise problem(400, f"?outcome={shorten(outcome)}: expected one of {', '.join(OUTCOMES)}")
    return outcome


VERBS: Final[ControlPaths] = {
    "/requests": {
        "GET": ControlMethod(
            _list,
            ("outcome", "since", "limit"),
            "tells the journal, oldest first",
            answers="Requests",
        ),
        "DELETE": ControlMethod(
            _forget, summary="empties the journal; ids go on", answers="Requests"
        ),
    },
    "/requests/{id}": {
        "GET": ControlMethod(_one, summary="tells one exchange whole", answers="WholeRequest")
    },
}
