"""Answers from recordings in place of the simulation's, on the same surface."""

import asyncio
from asyncio import Future
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

import msgspec
from starlette.types import Message, Receive

from superoffice_mock import below
from superoffice_mock.asgi import faulting
from superoffice_mock.asgi.answering import Answering
from superoffice_mock.asgi.incoming import Incoming, read
from superoffice_mock.asgi.rendering import Answer, Broken
from superoffice_mock.asgi.routes import Routes
from superoffice_mock.core.faults import Breakage, Fault
from superoffice_mock.core.lease import Replayed
from superoffice_mock.errors import Rejected
from superoffice_mock.tenant import Tenant
from superoffice_mock.traffic import matching, sendable
from superoffice_mock.traffic.player import Miss, Player, Recorded, Rules
from superoffice_mock.traffic.recording import Response

PATIENCE: Final = 5.0
"""Real seconds that an answer waits for those who had arrived before it in the recording."""
TOLD: Final = "nothing recorded answers this request; GET /_mock/requests tells what comes nearest"
LATE: Final = "{} waited {:g} s for what had arrived before it in the recording: {}"
_CORS: Final = b"access-control-"
_STALLS: Final = ("timed out", "caller left", "aborted", "TIMED_OUT", "TIMEOUT", "ABORTED")


class Replay(msgspec.Struct, frozen=True):
    """What is replayed at each tenant, by its id, and how; *max_body*: bodies may be so long."""

    recorded: Mapping[str, Sequence[Recorded]]
    rules: Rules = Rules()
    max_body: int = 1 << 20

    @property
    def longest(self) -> int:
        """How long a body may be: as long as the longest that was recorded, at least."""
        every = (one for some in self.recorded.values() for one in some)
        return max((len(one.entry.request.body or b"") for one in every), default=0)


def by_tenant(recorded: Iterable[Recorded], routes: Routes) -> dict[str, list[Recorded]]:
    """Return what was *recorded* by the tenant that it leads to here."""
    found: defaultdict[str, list[Recorded]] = defaultdict(list)
    for one in recorded:
        found[routes.find("/" + "/".join(one.sent.path)).tenant.facts.id].append(one)
    return found


class Replayer:
    """Answers every call as it was answered in a recording; each tenant has its own session.

    What was not recorded is for *otherwise*, if there is one.
    """

    def __init__(self, replay: Replay, otherwise: Answering | None = None) -> None:
        self._rules = replay.rules
        self._recorded = replay.recorded
        self._otherwise = otherwise
        self._max_body = max(replay.max_body, replay.longest)
        self._sessions: dict[str, Session] = {}

    async def answer(self, incoming: Incoming) -> Answer | Broken:
        """Return the recorded answer. Raise Rejected (404) if there is none."""
        raw = await read(incoming, self._max_body)
        incoming.exchange.body = raw
        session = self._session(incoming.place.tenant)
        found = session.take(incoming, raw)
        if isinstance(found, Miss):
            return await self._missed(found, incoming, raw)
        await session.wait(found, incoming)
        return await session.answer(found, incoming)

    def _session(self, tenant: Tenant) -> "Session":
        """Return the session of *tenant*; a reset ends the one before."""
        known = self._sessions.get(tenant.facts.id)
        if known is None or known.begun != tenant.resets:
            recorded = self._recorded.get(tenant.facts.id, ())
            known = Session(recorded, self._rules, tenant.resets)
            self._sessions[tenant.facts.id] = known
        return known

    async def _missed(self, miss: Miss, incoming: Incoming, raw: bytes) -> Answer | Broken:
        if self._otherwise is not None:
            return await self._otherwise.answer(
                msgspec.structs.replace(incoming, receive=_again(raw, incoming.receive))
            )
        incoming.exchange.violations = tuple(one.told for one in miss.differences)
        raise Rejected(404, "", miss.why, told=TOLD)


class Session:
    """One play of a tenant's recording; *begun* is how often the tenant had been reset."""

    def __init__(self, recorded: Sequence[Recorded], rules: Rules, begun: int) -> None:
        self.begun = begun
        self._player = Player(recorded, rules)
        self._answers = [_answer(one.entry.response) for one in recorded]
        self._waiting: list[tuple[int, Future[None]]] = []

    def take(self, incoming: Incoming, raw: bytes) -> int | Miss:
        """Return which exchange the call is; whoever waited for it waits no longer."""
        scope = incoming.scope
        query = scope["query_string"].decode("latin-1")
        sent = matching.seen(scope["method"], scope["path"], query, incoming.headers, raw)
        found = self._player.take(sent)
        for index, complete in self._waiting:
            if not complete.done() and not self._player.missing(index):
                complete.set_result(None)
        return found

    async def wait(self, index: int, incoming: Incoming) -> None:
        """Wait until all have arrived who had. Raise Rejected (404) if they don't."""
        if not self._player.missing(index):
            return
        tenant, exchange = incoming.place.tenant, incoming.exchange
        complete: Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((index, complete))
        aside = tenant.stand_aside(exchange)
        listening = asyncio.create_task(_listen(incoming))
        try:
            await asyncio.wait((complete, aside), timeout=PATIENCE, return_when="FIRST_COMPLETED")
        finally:
            self._waiting.remove((index, complete))
            tenant.come_back(aside)
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
        missing = self._player.missing(index)
        if missing and not aside.done():
            place = self._player.recorded(index).place
            exchange.violations = tuple(f"did not arrive: {one}" for one in missing[:20])
            raise Rejected(404, "", LATE.format(place, PATIENCE, ", ".join(missing[:3])), told=TOLD)

    async def answer(self, index: int, incoming: Incoming) -> Answer | Broken:
        """Return what was answered, or break the connection as it broke."""
        recorded, exchange = self._player.recorded(index), incoming.exchange
        response = recorded.entry.response
        answer = self._answers[index]
        whole = response.failed is None and response.status
        played = answer if whole else await _broken(response, answer, incoming)
        exchange.verdict = Replayed(incoming.place.tenant.now())
        gone = "" if response.body is not None else ", without its body, which is not on record"
        exchange.told = f"{recorded.place}{gone}"
        return played


def _answer(response: Response) -> Answer:
    """Return *response* as it was; what CORS says is the mock's business, as pages may move."""
    headers = tuple(
        (name, value)
        for name, value in sendable.headers(response)
        if not name.startswith(_CORS) and (name, value.lower()) != (b"vary", b"origin")
    )
    return Answer(response.status, headers, sendable.body(response))


async def _broken(response: Response, answer: Answer, incoming: Incoming) -> Broken:
    """Break the connection: behind the part of the answer that came, or without one."""
    failed = response.failed or ""
    connection = below.connection(incoming.scope)
    if response.status and connection is not None:
        raw = sendable.torn(answer.status, answer.headers, answer.body)
        return Broken(partial(connection.end, raw), answer.status)
    kind = "empty-response"
    if failed == "reset" or failed.endswith("_RESET"):
        kind = "reset-by-peer"
    elif failed.endswith(_STALLS):
        kind = "stall"
    return await faulting.answer(Fault(Breakage(kind)), incoming)


async def _listen(incoming: Incoming) -> None:
    while (await incoming.receive())["type"] != "http.disconnect":
        pass
    incoming.exchange.hung_up = True


def _again(raw: bytes, receive: Receive) -> Receive:
    """Return a *receive* that gives the body once more."""
    first: list[Message] = [{"type": "http.request", "body": raw, "more_body": False}]

    async def once_more() -> Message:
        return first.pop() if first else await receive()

    return once_more
