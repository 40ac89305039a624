"""A backend that answers calls from recordings."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain

import msgspec
from starlette.types import Message, Receive

from superoffice_mock.core.lease import Call, Verdict
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.errors import Rejected
from superoffice_mock.replay import player
from superoffice_mock.replay.loading import load_recordings, replayable
from superoffice_mock.replay.player import Miss, RecordedExchange, Rules
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.webapi.backend import Backend, BackendFactory, DelayedCall
from superoffice_mock.webapi.operations.sync_email_accounts import no_content
from superoffice_mock.webapi.playback import NOT_RECORDED, Playback
from superoffice_mock.webapi.request import ApiRequest, check_body_length, read_body
from superoffice_mock.webapi.response import BrokenResponse, Response
from superoffice_mock.webapi.routing import Routes


class Replay(msgspec.Struct, frozen=True):
    """The recorded exchanges by tenant id, the rules of their replay, and the limit for bodies."""

    recorded: Mapping[str, Sequence[RecordedExchange]]
    rules: Rules = Rules()
    max_body: int = 1 << 20

    @property
    def longest_body(self) -> int:
        """The length of the longest recorded request body."""
        exchanges = chain.from_iterable(self.recorded.values())
        return max((len(exchange.entry.request.body or b"") for exchange in exchanges), default=0)


def group_by_tenant(
    recorded: Iterable[RecordedExchange], routes: Routes
) -> dict[str, list[RecordedExchange]]:
    """Return *recorded* by the id of the tenant that its path leads to in this mock."""
    by_tenant: defaultdict[str, list[RecordedExchange]] = defaultdict(list)
    for exchange in recorded:
        route = routes.find("/" + "/".join(exchange.key.path))
        by_tenant[route.tenant.facts.id].append(exchange)
    return by_tenant


class ReplayBackend:
    """Answers calls as they were answered in a recording; each tenant has its own playback.

    A call that is not recorded goes to *fallback*, or gets a 404 if that is None.
    """

    def __init__(self, replay: Replay, fallback: Backend | None = None) -> None:
        self._rules = replay.rules
        self._recorded = replay.recorded
        self.fallback = fallback
        self._max_body = max(replay.max_body, replay.longest_body)
        self._playbacks: dict[str, Playback] = {}

    async def answer(self, request: ApiRequest) -> Response | BrokenResponse:
        """Return the recorded answer. Raise Rejected (404) if there is none."""
        raw = await read_body(request, self._max_body)
        request.exchange.body = raw
        playback = self.playback(request.route.tenant)
        match = playback.take(request, raw)
        if not isinstance(match, Miss):
            return await playback.answer_when_due(match, request)
        if self.fallback is None:
            raise _not_recorded(match, request)
        return await self.fallback.answer(
            msgspec.structs.replace(request, receive=_replay_body(raw, request.receive))
        )

    def delay(self, request: ApiRequest, raw: bytes) -> DelayedCall:
        """Return a call with the body *raw* that arrives later, and is looked up then."""
        return _DelayedReplay(self, request, raw)

    def on_fault(self, request: ApiRequest, raw: bytes) -> None:
        """Use up the recorded call that a fault answered; a test arms that fault again itself."""
        self.playback(request.route.tenant).skip(request, raw)

    def max_body(self, _: ApiRequest) -> int:
        """Return the limit for the body of a call, in bytes."""
        return self._max_body

    def playback(self, tenant: Tenant) -> Playback:
        """Return the current playback of *tenant*; a reset starts a new one."""
        playback = self._playbacks.get(tenant.facts.id)
        if playback is None or playback.reset_count != tenant.reset_count:
            recorded = self._recorded.get(tenant.facts.id, ())
            playback = Playback(recorded, self._rules, tenant.reset_count)
            self._playbacks[tenant.facts.id] = playback
        return playback


class _DelayedReplay:
    """A call that a fault delays; it is looked up in the recording when it arrives."""

    def __init__(self, backend: ReplayBackend, request: ApiRequest, raw: bytes) -> None:
        self._backend = backend
        self._request = request
        self._raw = raw
        self._answer: Callable[[], Awaitable[Response | BrokenResponse]] = self._no_content

    def arrive(self, now: Instant) -> tuple[Call, Verdict]:
        """Look the call up. Raise Rejected (404) if neither recording nor fallback answers it."""
        backend, request = self._backend, self._request
        raw = check_body_length(self._raw, backend.max_body(request))
        playback = backend.playback(request.route.tenant)
        match = playback.take(request, raw)
        if not isinstance(match, Miss):
            self._answer = partial(playback.answer_due_call, match, request)
            return Call(request.exchange.id, (), now), playback.verdict_for(match, request)
        if backend.fallback is None:
            raise _not_recorded(match, request)
        delayed_call = backend.fallback.delay(request, raw)
        self._answer = delayed_call.answer
        return delayed_call.arrive(now)

    def answer(self) -> Awaitable[Response | BrokenResponse]:
        """Return the answer of the recording or of the fallback."""
        return self._answer()

    async def _no_content(self) -> Response:
        return no_content(self._request)


def _not_recorded(miss: Miss, request: ApiRequest) -> Rejected:
    """Return the 404 for a call that is not recorded; its exchange gets the nearest differences."""
    request.exchange.violations = tuple(difference.text for difference in miss.differences)
    return Rejected(404, "", miss.why, message=NOT_RECORDED)


def _replay_body(raw: bytes, receive: Receive) -> Receive:
    """Return a *receive* that delivers the body again."""
    messages: list[Message] = [{"type": "http.request", "body": raw, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


def replay_factory(
    recorded: Sequence[RecordedExchange], rules: Rules, max_body: int, *, simulate: bool
) -> BackendFactory:
    """Return a factory of backends that answer from *recorded*.

    *simulate* the answer of a call that is not recorded; otherwise it gets a 404.
    """

    def build(routes: Routes, simulation: Backend) -> Backend:
        replay = Replay(group_by_tenant(recorded, routes), rules, max_body)
        return ReplayBackend(replay, simulation if simulate else None)

    return build


def tenant_replay(
    path: str, tenant: str, max_body: int, report: Callable[[str], object]
) -> Backend:
    """Return a backend that answers calls of *tenant* from the file at *path*.

    The exchanges in the file may be of any tenant. Warnings go to *report*. Raise SetupError for a
    file that can't be replayed.
    """
    exchanges = replayable(load_recordings((path,), None, report))
    recorded = [player.move_to_tenant(exchange, tenant.lower()) for exchange in exchanges]
    return ReplayBackend(Replay({tenant: recorded}, max_body=max_body))
