"""A backend that answers calls from recordings."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from itertools import chain

import msgspec

from superoffice_contract.openapi.operations import Description
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.core.verdicts import Call, Verdict
from superoffice_mock.errors import Rejected
from superoffice_mock.replay import player
from superoffice_mock.replay.loading import load_exchanges, report_missing_bodies
from superoffice_mock.replay.player import Miss, RecordedExchange, Rules
from superoffice_mock.replay.request_key import RequestKeys
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.webapi.backend import (
    Backend,
    BackendChoice,
    BackendFactory,
    DelayedCall,
    RecordedCalls,
)
from superoffice_mock.webapi.entry import Entry
from superoffice_mock.webapi.locate import deliver_again
from superoffice_mock.webapi.operations import pipeline
from superoffice_mock.webapi.playback import NOT_RECORDED, Playback, Track
from superoffice_mock.webapi.request import ApiRequest, check_body_length, read_body
from superoffice_mock.webapi.response import BrokenResponse, Response
from superoffice_mock.webapi.routing import Routes


class ReplayBackend:
    """Answers calls as they were *recorded*, by the id of the tenant in this mock.

    Each tenant has its own playback. A call that is not recorded goes to *fallback*, or gets a 404
    if that is None.
    """

    def __init__(
        self,
        recorded: Mapping[str, Sequence[RecordedExchange]],
        rules: Rules,
        keys: RequestKeys,
        max_body: int,
        fallback: Backend | None = None,
    ) -> None:
        self._fallback = fallback
        lengths = (exchange.key.length or 0 for exchange in chain(*recorded.values()))
        self._max_body = max(max_body, *lengths, 0)
        self._keys = keys
        self._nothing = Playback(Track((), rules), keys)
        self._playbacks = {
            tenant: Playback(Track(exchanges, rules), keys)
            for tenant, exchanges in recorded.items()
        }

    async def answer(self, request: ApiRequest) -> Response | BrokenResponse:
        """Return the recorded answer. Raise Rejected (404) if there is none."""
        raw = await read_body(request, self._max_body)
        request.keep_body(raw)
        playback, match = self.find(request, raw)
        if isinstance(match, int):
            return await playback.answer_when_due(match, request)
        receive = deliver_again([{"type": "http.request", "body": raw}], request.receive)
        return await match.answer(msgspec.structs.replace(request, receive=receive))

    def find(self, request: ApiRequest, raw: bytes) -> tuple[Playback, int | Backend]:
        """Return the playback with the index that matches, or what answers; else raise Rejected."""
        playback = self.playback(request.route.tenant)
        match = playback.take(request, raw)
        if not isinstance(match, Miss):
            return playback, match
        if self._fallback is None:
            request.exchange.violations = tuple(difference.text for difference in match.differences)
            raise Rejected(404, "", match.why, message=NOT_RECORDED)
        return playback, self._fallback

    def delay(self, entry: Entry, request: ApiRequest, raw: bytes) -> DelayedCall:
        """Return a call with the body *raw* that arrives later, and is looked up then."""
        return _DelayedReplay(self, entry, request, raw)

    def on_fault(self, request: ApiRequest, raw: bytes) -> None:
        """Use up the recorded call that a fault answered; a test arms that fault again itself."""
        self.playback(request.route.tenant).skip(request, raw)

    def max_body(self, _: ApiRequest) -> int:
        """Return the limit for the body of a call, in bytes."""
        return self._max_body

    def recorded_calls(self, tenant: Tenant) -> RecordedCalls:
        """Return the recorded calls of *tenant*."""
        playback = self.playback(tenant)
        count = sum(exchange.is_call for exchange in playback.track.script.exchanges)
        unplayed = tuple(
            f"{exchange.place}: {exchange.entry.request.method} {exchange.key.full_path}"
            for exchange in playback.unplayed
        )
        return RecordedCalls(count, unplayed)

    def playback(self, tenant: Tenant) -> Playback:
        """Return the current playback of *tenant*; a reset starts a new one."""
        playback = self._playbacks.get(tenant.facts.id, self._nothing)
        if playback.reset_count != tenant.reset_count:
            playback = Playback(playback.track, self._keys, tenant.reset_count)
            self._playbacks[tenant.facts.id] = playback
        return playback


class _DelayedReplay:
    """A call that a fault delays; it is looked up in the recording when it arrives."""

    def __init__(
        self, backend: ReplayBackend, entry: Entry, request: ApiRequest, raw: bytes
    ) -> None:
        self._backend = backend
        self._entry = entry
        self._request = request
        self._raw = raw
        self._answer: Callable[[], Awaitable[Response | BrokenResponse]]
        self._answer = partial(pipeline.answer_lost_call, entry, request)

    def arrive(self, now: Instant) -> tuple[Call, Verdict]:
        backend, request = self._backend, self._request
        raw = check_body_length(self._raw, backend.max_body(request))
        playback, match = backend.find(request, raw)
        if isinstance(match, int):
            self._answer = partial(playback.answer_due_call, match, request)
            return Call(request.exchange.id, now), playback.verdict_for(match, request)
        delayed_call = match.delay(self._entry, request, raw)
        self._answer = delayed_call.answer
        return delayed_call.arrive(now)

    def answer(self) -> Awaitable[Response | BrokenResponse]:
        return self._answer()


def replay_factory(
    recorded: Sequence[RecordedExchange], rules: Rules, max_body: int, *, simulate: bool
) -> BackendFactory:
    """Return what makes a backend for *recorded*; *simulate* other calls, or answer 404."""

    def build(routes: Routes, simulation: Backend) -> BackendChoice:
        by_tenant: defaultdict[str, list[RecordedExchange]] = defaultdict(list)
        for exchange in recorded:
            route = routes.find(exchange.key.method, exchange.key.full_path)
            if route.find_tenant is not None:  # the secret that names the tenant is redacted
                route = routes.move(route, exchange.entry.label.tenant)
            by_tenant[route.tenant.facts.id].append(exchange)
        hides_numbers = any(exchange.key.hides_numbers for exchange in recorded)
        keys = RequestKeys(routes.description, hides_numbers=hides_numbers)
        fallback = simulation if simulate else None
        backend = ReplayBackend(by_tenant, rules, keys, max_body, fallback)
        return lambda _: backend

    return build


def tenant_replay(
    path: str, tenant: str, max_body: int, report: Callable[[str], object], description: Description
) -> Backend:
    """Return a backend that answers *tenant* from the file at *path*. Raise SetupError."""
    keys, paths = RequestKeys(description), description.paths
    exchanges = load_exchanges((path,), keys, report)
    report_missing_bodies(exchanges, report)
    recorded = [player.move_to_tenant(exchange, tenant.lower(), paths) for exchange in exchanges]
    return ReplayBackend({tenant: recorded}, Rules(), keys, max_body)
