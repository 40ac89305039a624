"""Answers from recordings in place of the simulation's, on the same surface."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from starlette.types import Message, Receive

from superoffice_mock.asgi.answering import Answering
from superoffice_mock.asgi.incoming import Incoming, read
from superoffice_mock.asgi.playback import TOLD, Playback
from superoffice_mock.asgi.rendering import Answer, Broken
from superoffice_mock.asgi.routes import Routes
from superoffice_mock.errors import Rejected
from superoffice_mock.tenant import Tenant
from superoffice_mock.traffic.player import Miss, Recorded, Rules


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
    """Answers every call as it was answered in a recording; each tenant has its own playback.

    What was not recorded is for *otherwise*, if there is one.
    """

    def __init__(self, replay: Replay, otherwise: Answering | None = None) -> None:
        self._rules = replay.rules
        self._recorded = replay.recorded
        self._otherwise = otherwise
        self._max_body = max(replay.max_body, replay.longest)
        self._playbacks: dict[str, Playback] = {}

    async def answer(self, incoming: Incoming) -> Answer | Broken:
        """Return the recorded answer. Raise Rejected (404) if there is none."""
        raw = await read(incoming, self._max_body)
        incoming.exchange.body = raw
        playback = self._playback(incoming.place.tenant)
        found = playback.take(incoming, raw)
        if isinstance(found, Miss):
            return await self._missed(found, incoming, raw)
        return await playback.answer(found, incoming)

    def _playback(self, tenant: Tenant) -> Playback:
        """Return the playback of *tenant*; a reset ends the one before."""
        known = self._playbacks.get(tenant.facts.id)
        if known is None or known.begun != tenant.resets:
            recorded = self._recorded.get(tenant.facts.id, ())
            known = Playback(recorded, self._rules, tenant.resets)
            self._playbacks[tenant.facts.id] = known
        return known

    async def _missed(self, miss: Miss, incoming: Incoming, raw: bytes) -> Answer | Broken:
        if self._otherwise is not None:
            return await self._otherwise.answer(
                msgspec.structs.replace(incoming, receive=_again(raw, incoming.receive))
            )
        incoming.exchange.violations = tuple(one.told for one in miss.differences)
        raise Rejected(404, "", miss.why, told=TOLD)


def _again(raw: bytes, receive: Receive) -> Receive:
    """Return a *receive* that gives the body once more."""
    first: list[Message] = [{"type": "http.request", "body": raw, "more_body": False}]

    async def once_more() -> Message:
        return first.pop() if first else await receive()

    return once_more
