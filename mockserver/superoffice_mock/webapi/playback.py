"""The playback of a tenant's recording: which answer a call gets, when, and how it breaks."""

import asyncio
from asyncio import Future
from collections.abc import Sequence
from functools import partial
from typing import Final

from superoffice_mock.core.faults import Breakage, Fault
from superoffice_mock.core.sync_run import Duration, Instant, seconds
from superoffice_mock.core.verdicts import Call, Replayed
from superoffice_mock.errors import Rejected
from superoffice_mock.recordings.model import RecordedResponse
from superoffice_mock.replay import answer_diff, response_bytes
from superoffice_mock.replay.player import Miss, Player, RecordedExchange, Rules, Script
from superoffice_mock.replay.request_key import RequestKey, RequestKeys
from superoffice_mock.server import asgi_extensions
from superoffice_mock.webapi import deferred, fault_injection
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import BrokenResponse, Response

ARRIVAL_TIMEOUT: Final = 5.0
"""Real seconds that a due answer waits for requests that arrived before it when recorded."""
NOT_RECORDED: Final = (
    "no recorded request matches; `violations` in GET /_mock/requests shows the nearest"
)
_CORS_PREFIX: Final = b"access-control-"


class Track:
    """What all playbacks of *recorded* share."""

    def __init__(self, recorded: Sequence[RecordedExchange], rules: Rules) -> None:
        self.script = Script(recorded, rules)
        self.answers = [_build_response(exchange.entry.response) for exchange in recorded]
        self.delays = [_recorded_delay(exchange, rules) for exchange in recorded]


class Playback:
    """One playback of a tenant's recording; it began after *reset_count* resets of the tenant."""

    def __init__(self, track: Track, keys: RequestKeys, reset_count: int = 0) -> None:
        self.track = track
        self.reset_count = reset_count
        self._keys = keys
        self._player = Player(track.script)
        self._waiting: list[tuple[int, Future[None]]] = []

    def take(self, request: ApiRequest, raw: bytes) -> int | Miss:
        """Return the index of the exchange that matches, and wake answers that waited for it."""
        match = self._player.take(self._key_of(request, raw))
        self._wake_waiters()
        return match

    def skip(self, request: ApiRequest, raw: bytes) -> None:
        """Use up the exchange that matches, if a fault answered it when it was recorded."""
        self._player.skip_faulted(self._key_of(request, raw))
        self._wake_waiters()

    @property
    def unplayed(self) -> tuple[RecordedExchange, ...]:
        """The recorded calls that no request has asked for yet."""
        return tuple(exchange for exchange in self._player.remaining if exchange.is_call)

    def verdict_for(self, index: int, request: ApiRequest) -> Replayed:
        """Return the verdict; the answer is due as long after the arrival as when recorded."""
        due = Instant(request.exchange.at + self.track.delays[index])
        return self._verdict_at(max(due, request.route.tenant.now()), index)

    async def answer_when_due(self, index: int, request: ApiRequest) -> Response | BrokenResponse:
        """Return the recorded answer when it is due, or break the connection as recorded.

        Raise Rejected (404) if requests that arrived before the answer when recorded do not arrive.
        """
        tenant, exchange = request.route.tenant, request.exchange
        now = tenant.now()
        verdict = self.verdict_for(index, request)
        if verdict.answer_at > now:
            tenant.check_waiting_limit()
            tenant.check_not_reset(exchange.id)
            await deferred.wait_until_due(Call(exchange.id, now), verdict, request)
        return await self.answer_due_call(index, request)

    async def answer_due_call(self, index: int, request: ApiRequest) -> Response | BrokenResponse:
        """Answer a call that is due now; after a wait that ended early without another."""
        tenant, exchange = request.route.tenant, request.exchange
        at = None if exchange.verdict is None else exchange.verdict.answer_at
        early_reason = exchange.explicit_reason
        exchange.verdict = None  # it may still be rejected, or get no answer
        if early_reason is None and not self._player.is_due(index):
            at, early_reason = None, await self._wait_for_arrivals(index, request)
        response = self.track.script.exchanges[index].entry.response
        answer: Response | BrokenResponse = self.track.answers[index]
        if response.failure is not None or not response.status:
            answer = await _break_connection(response, self.track.answers[index], request)
        if at is None or isinstance(answer, BrokenResponse):
            at = tenant.now()
        exchange.verdict = self._verdict_at(at, index)
        reason = _describe(self.track.script.exchanges[index])
        exchange.explicit_reason = reason if early_reason is None else f"{reason}; {early_reason}"
        return answer

    def _key_of(self, request: ApiRequest, raw: bytes) -> RequestKey:
        scope = request.scope
        query = scope["query_string"].decode("latin-1")
        return self._keys.key_of(scope["method"], scope["path"], query, request.headers, raw)

    def _wake_waiters(self) -> None:
        """Wake the answers for which all earlier requests have arrived."""
        for index, all_arrived in self._waiting:
            if not all_arrived.done() and self._player.is_due(index):
                all_arrived.set_result(None)

    def _verdict_at(self, at: Instant, index: int) -> Replayed:
        label = self.track.script.exchanges[index].entry.label
        return Replayed(at, label.outcome, label.confidence)

    async def _wait_for_arrivals(self, index: int, request: ApiRequest) -> str | None:
        """Wait until all requests have arrived that came before the answer when recorded.

        Raise Rejected (404) if they don't. Return the reason if the tenant ends all waiting.
        """
        tenant, exchange = request.route.tenant, request.exchange
        all_arrived: Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((index, all_arrived))
        parked_call = tenant.park_call(exchange)
        waits = (all_arrived, parked_call)
        try:
            async with deferred.watch_disconnect(request):
                await asyncio.wait(waits, timeout=ARRIVAL_TIMEOUT, return_when="FIRST_COMPLETED")
        finally:
            self._waiting.remove((index, all_arrived))
            tenant.unpark_call(parked_call)
        if parked_call.done():
            return parked_call.result()
        missing = self._player.missing(index)
        if missing:
            exchange.violations = tuple(f"did not arrive: {place}" for place in missing)
            waited = f"{self.track.script.exchanges[index].place} waited {ARRIVAL_TIMEOUT:g} s"
            places = ", ".join(missing[:3])
            reason = f"{waited} for earlier requests of the recording: {places}"
            raise Rejected(404, "", reason, message=NOT_RECORDED)
        return None


def _describe(recorded: RecordedExchange) -> str:
    label, has_body = recorded.entry.label, recorded.entry.response.body is not None
    confidence = "" if label.confidence is None else f" ({label.confidence})"
    outcome = f", recorded as {label.outcome.replace('_', ' ')}{confidence}"
    no_body = "" if has_body else ", without its body, which is not on record"
    return f"{recorded.place}{'' if label.outcome == 'unknown' else outcome}{no_body}"


def _recorded_delay(recorded: RecordedExchange, rules: Rules) -> Duration:
    """Return how long the answer is held; zero for a recorded stall without an answer."""
    response = recorded.entry.response
    is_stall = not response.status and response_bytes.breakage_kind(response) == "stall"
    if is_stall or rules.timing == "none":
        return Duration(0)
    return seconds(answer_diff.slowness(recorded.entry))


def _build_response(response: RecordedResponse) -> Response:
    """Return the recorded answer without its CORS headers, which the mock sets itself."""
    headers = tuple(
        (name, value)
        for name, value in response_bytes.headers(response)
        if not name.startswith(_CORS_PREFIX) and (name, value.lower()) != (b"vary", b"origin")
    )
    return Response(response.status, headers, response_bytes.body(response))


async def _break_connection(
    response: RecordedResponse, answer: Response, request: ApiRequest
) -> BrokenResponse:
    """Break the connection, after the part of the answer that was recorded, if any."""
    connection = asgi_extensions.connection_of(request.scope)
    if response.status and connection is not None:
        raw = response_bytes.incomplete_answer(answer.status, answer.headers, answer.body)
        return BrokenResponse(partial(connection.end, raw), answer.status)
    return await fault_injection.apply_fault(
        Fault(Breakage(response_bytes.breakage_kind(response))), request
    )
