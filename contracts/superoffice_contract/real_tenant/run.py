"""A careful visit to a real tenant: one request at a time, each well after the last."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import msgspec

from superoffice_contract.errors import TargetError
from superoffice_contract.real_tenant.report import Answers, reported
from superoffice_contract.real_tenant.request_plan import (
    FIRST,
    SECOND,
    PlannedRequest,
    RequestPlan,
    planned,
)
from superoffice_contract.report import Progress, Report
from superoffice_contract.target import secrets as target_secrets
from superoffice_contract.target.http import IN_PROCESS, Client, Response, calling
from superoffice_contract.target.secrets import TenantSecrets
from superoffice_contract.target.tenants import TargetTenant

LEAST_SECONDS: Final = 2.0
ENOUGH: Final = frozenset({429, 502, 503, 504})
"""Answers of a server, or of what stands before it, that wants to be left alone."""
REFUSED: Final = frozenset({401, 403})
MISDIRECTED: Final = 421

NOT_DESCRIBED: Final = "GET did not describe the call, so that other paths show nothing by it"
NOT_LET_IN: Final = "the credential that it needs was not let in"


class Pace(msgspec.Struct, frozen=True):
    """How fast requests follow each other: *seconds* from an answer to the next request."""

    seconds: float = LEAST_SECONDS
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def rest(self, since: float) -> None:
        """Wait until *seconds* have passed since that moment."""
        while (left := since + self.seconds - self.now()) > 0:
            await self.sleep(left)


class RealTenantCheck(msgspec.Struct, frozen=True):
    """Whom to visit, and what may be done there.

    *base* is scheme and host, or an ASGI application; what stands behind them in the tenant's URL
    is the tenant's id.
    Without *accounts* nobody signs in. *run_seconds*: how long a run takes there, if known.
    """

    base: object
    tenant: TargetTenant
    accounts: tuple[int, ...] = ()
    readings: dict[str, str] = {}
    max_requests: int = 60
    pace: Pace = Pace()
    timeout_seconds: float = 10.0
    run_seconds: float | None = None
    authorities: str | None = None

    @property
    def url(self) -> str:
        """The URL that the documented path is appended to."""
        host = self.base if isinstance(self.base, str) else IN_PROCESS
        return f"{host}{self.tenant.base}"

    @property
    def itinerary(self) -> RequestPlan:
        """What is sent, in order, and what is not."""
        return planned(self.tenant, self.accounts, self.readings, self.max_requests)


def announced(visit: RealTenantCheck) -> Iterator[str]:
    """Yield what *visit* will do, line by line, without any value of a credential."""
    stops = visit.itinerary.stops
    carried = target_secrets.of(visit.tenant)
    kinds = {kind for stop in stops for kind in carried.carried(stop.ask.headers)}
    claims = sorted({id_ for stop in stops for id_ in stop.claims})
    accepted = sum(stop.accepted and stop.signed for stop in stops)
    least = visit.pace.seconds * (len(stops) - 1)
    yield f"visit to {visit.url}"
    yield f"  requests: {len(stops)}, one at a time, {visit.pace.seconds:g} s apart"
    yield f"  takes: at least {least:g} s"
    yield f"  credentials: {', '.join(sorted(kinds)) or 'none; invented ones are refused'}"
    yield f"  accounts: {', '.join(map(str, visit.accounts)) or 'none'}"
    yield f"  calls that may start a sync: {accepted}"
    yield f"  claims: {', '.join(claims)}"
    if kinds and visit.url.startswith("http:"):
        yield "  these credentials go over http, which anybody on the way can read"


def visited(visit: RealTenantCheck, progress: Progress = lambda *_: None) -> Report:
    """Make *visit*. Raise TargetError if the first request shows that it can't be made."""
    itinerary = visit.itinerary
    answers = asyncio.run(_travelled(visit, itinerary, progress))
    return reported(visit.url, visit.tenant, visit.readings, itinerary, answers)


async def _travelled(visit: RealTenantCheck, itinerary: RequestPlan, progress: Progress) -> Answers:
    answers = Answers(begun=_begun(visit))
    secrets = target_secrets.of(visit.tenant)
    async with calling(visit.base, visit.timeout_seconds, authorities=visit.authorities) as caller:
        ended: float | None = None
        for done, stop in enumerate(itinerary.stops):
            progress(stop.name, done, len(itinerary.stops))
            reason = answers.over or _pointless(stop, itinerary, answers, secrets)
            if reason is not None:
                answers.skipped.append((stop, reason))
                continue
            if ended is not None:
                await visit.pace.rest(ended)
            await _called(caller, stop, answers)
            ended = visit.pace.now()
    progress("done", len(itinerary.stops), len(itinerary.stops))
    return answers


async def _called(caller: Client, stop: PlannedRequest, answers: Answers) -> None:
    try:
        seen = await caller.send(stop.ask)
    except TargetError:
        if not answers.seen:
            raise
        # The client's words are left out: they quote the server, which may repeat a credential.
        answers.over = f"the visit ended when {stop.name!r} got no answer"
        answers.skipped.append((stop, answers.over))
        return
    if not answers.seen:
        _look(caller, seen)
    if seen.status in ENOUGH:
        answers.over = f"the visit ended when {stop.name!r} was answered {seen.status}"
        if stop.name not in (FIRST, SECOND):
            answers.skipped.append((stop, answers.over))
            return
    answers.seen.append((stop, seen))


def _look(caller: Client, first: Response) -> None:
    """Raise TargetError if the *first* answer says that this is no address of a tenant."""
    if 300 <= first.status < 400:
        msg = f"{caller.base} redirects to {first.header('location')}; check that URL"
        raise TargetError(msg)
    if first.status in ENOUGH:
        msg = f"{caller.base} answers {first.status}; come again when it is less busy"
        raise TargetError(msg)
    if first.status == MISDIRECTED:
        msg = f"{caller.base} answers 421: the tenant lives at another host; check that URL"
        raise TargetError(msg)


def _pointless(
    stop: PlannedRequest, itinerary: RequestPlan, answers: Answers, secrets: TenantSecrets
) -> str | None:
    """Return why the answer at *stop* would show nothing, or None.

    A secret that was refused is not tried again: whoever does that may lock somebody out.
    """
    if stop.by_get and answers.status(itinerary.opening[0]) != 200:
        return NOT_DESCRIBED
    if not stop.signed:
        return None
    let_in, refused = set[str](), set[str]()
    for earlier, seen in answers.seen:
        held = _values(earlier, secrets) if earlier.accepted else set[str]()
        (refused if seen.status in REFUSED else let_in).update(held)
    return NOT_LET_IN if _values(stop, secrets) & (refused - let_in) else None


def _values(stop: PlannedRequest, secrets: TenantSecrets) -> set[str]:
    return {one for values in secrets.carried(stop.ask.headers).values() for one in values}


def _begun(visit: RealTenantCheck) -> float | None:
    """Return how long the first call's run goes on after the second call, where that is known."""
    return None if visit.run_seconds is None else visit.run_seconds - visit.pace.seconds
