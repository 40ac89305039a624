"""Answers from recordings in place of the simulation's, on the same surface."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial

import msgspec
from starlette.types import Message, Receive

from superoffice_mock.core.lease import Call, Verdict
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.errors import Rejected
from superoffice_mock.replay import player
from superoffice_mock.replay.loading import loaded, recorded
from superoffice_mock.replay.player import Miss, Recorded, Rules
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.webapi.backend import Backend, BackendFactory, DelayedCall
from superoffice_mock.webapi.playback import TOLD, Playback
from superoffice_mock.webapi.request import ApiRequest, read, whole
from superoffice_mock.webapi.response import NO_CONTENT, BrokenResponse, Response
from superoffice_mock.webapi.routing import Routes


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


class ReplayBackend:
    """Answers every call as it was answered in a recording; each tenant has its own playback.

    What was not recorded is for *otherwise*, if there is one.
    """

    def __init__(self, replay: Replay, otherwise: Backend | None = None) -> None:
        self._rules = replay.rules
        self._recorded = replay.recorded
        self.otherwise = otherwise
        self._max_body = max(replay.max_body, replay.longest)
        self._playbacks: dict[str, Playback] = {}

    async def answer(self, incoming: ApiRequest) -> Response | BrokenResponse:
        """Return the recorded answer. Raise Rejected (404) if there is none."""
        raw = await read(incoming, self._max_body)
        incoming.exchange.body = raw
        playback = self.playback(incoming.place.tenant)
        found = playback.take(incoming, raw)
        if not isinstance(found, Miss):
            return await playback.answer(found, incoming)
        if self.otherwise is None:
            raise _missed(found, incoming)
        return await self.otherwise.answer(
            msgspec.structs.replace(incoming, receive=_again(raw, incoming.receive))
        )

    def late(self, incoming: ApiRequest, raw: bytes) -> DelayedCall:
        """Return a call with the body *raw* that arrives later, and is looked up then."""
        return _Late(self, incoming, raw)

    def struck(self, incoming: ApiRequest, raw: bytes) -> None:
        """Use up what a fault answered then, as one does now: the test arms it each time."""
        self.playback(incoming.place.tenant).pass_by(incoming, raw)

    def max_body(self, _: ApiRequest) -> int:
        """Return how long the body of a call may be."""
        return self._max_body

    def playback(self, tenant: Tenant) -> Playback:
        """Return the playback of *tenant*; a reset ends the one before."""
        known = self._playbacks.get(tenant.facts.id)
        if known is None or known.begun != tenant.resets:
            recorded = self._recorded.get(tenant.facts.id, ())
            known = Playback(recorded, self._rules, tenant.resets)
            self._playbacks[tenant.facts.id] = known
        return known


class _Late:
    """A call that a fault delays; which one it is, it becomes when it arrives."""

    def __init__(self, replayer: ReplayBackend, incoming: ApiRequest, raw: bytes) -> None:
        self._replayer = replayer
        self._incoming = incoming
        self._raw = raw
        self._answer: Callable[[], Awaitable[Response | BrokenResponse]] = self._never

    def arrives(self, now: Instant) -> tuple[Call, Verdict]:
        """Look the call up. Raise Rejected (404) if nothing recorded, nor another, answers it."""
        replayer, incoming = self._replayer, self._incoming
        raw = whole(self._raw, replayer.max_body(incoming))
        playback = replayer.playback(incoming.place.tenant)
        found = playback.take(incoming, raw)
        if not isinstance(found, Miss):
            self._answer = partial(playback.play, found, incoming)
            return Call(incoming.exchange.id, (), now), playback.due(found, incoming)
        if replayer.otherwise is None:
            raise _missed(found, incoming)
        other = replayer.otherwise.late(incoming, raw)
        self._answer = other.answer
        return other.arrives(now)

    def answer(self) -> Awaitable[Response | BrokenResponse]:
        """Return the answer of the recording, or of the simulation."""
        return self._answer()

    async def _never(self) -> Response:
        return NO_CONTENT[self._incoming.place.tenant.facts.readings.no_content_type]


def _missed(miss: Miss, incoming: ApiRequest) -> Rejected:
    """Return the 404 of a call that nothing recorded answers; its exchange tells what is near."""
    incoming.exchange.violations = tuple(one.told for one in miss.differences)
    return Rejected(404, "", miss.why, told=TOLD)


def _again(raw: bytes, receive: Receive) -> Receive:
    """Return a *receive* that gives the body once more."""
    first: list[Message] = [{"type": "http.request", "body": raw, "more_body": False}]

    async def once_more() -> Message:
        return first.pop() if first else await receive()

    return once_more


def instead(
    found: Sequence[Recorded], rules: Rules, max_body: int, *, simulate: bool
) -> BackendFactory:
    """Return what answers from what was *found*; *simulate* what is not, instead of a 404."""

    def replayer(routes: Routes, simulation: Backend) -> Backend:
        replay = Replay(by_tenant(found, routes), rules, max_body)
        return ReplayBackend(replay, simulation if simulate else None)

    return replayer


def part(path: str, tenant: str, max_body: int, tell: Callable[[str], object]) -> Backend:
    """Return what answers all calls of *tenant* from the file at *path*, whoever was recorded.

    Raise SetupError for a file that can't be replayed.
    """
    found = recorded(loaded((path,), None, tell))
    moved = [player.moved(one, tenant.lower()) for one in found]
    return ReplayBackend(Replay({tenant: moved}, max_body=max_body))
