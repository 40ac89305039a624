"""One play of a tenant's recording: which answer a call gets, when, and how it breaks."""

import asyncio
from asyncio import Future
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from superoffice_mock.core.faults import Breakage, Fault
from superoffice_mock.core.lease import Call, RecordedOutcome, Replayed
from superoffice_mock.core.sync_run import Duration, Instant, seconds
from superoffice_mock.errors import Rejected
from superoffice_mock.recordings.model import RecordedResponse
from superoffice_mock.replay import answer_diff, request_key, response_bytes
from superoffice_mock.replay.player import Miss, Player, Recorded, Rules
from superoffice_mock.replay.request_key import RequestKey
from superoffice_mock.server import asgi_extensions
from superoffice_mock.webapi import deferred, fault_injection
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import BrokenResponse, Response

PATIENCE: Final = 5.0
"""Real seconds that an answer, once it is due, waits for those who had come before it."""
TOLD: Final = "nothing recorded answers this request; GET /_mock/requests tells what comes nearest"
LATE: Final = "{} waited {:g} s for what had arrived before it in the recording: {}"
_CORS: Final = b"access-control-"
_STALLS: Final = ("timed out", "caller left", "aborted", "TIMED_OUT", "TIMEOUT", "ABORTED")
_AT_ONCE: Final = Duration(0)


class Playback:
    """One play of a tenant's recording; *begun* is how often the tenant had been reset."""

    def __init__(self, recorded: Sequence[Recorded], rules: Rules, begun: int) -> None:
        self.begun = begun
        self._player = Player(recorded, rules)
        self._answers = [_answer(one.entry.response) for one in recorded]
        self._held = [_AT_ONCE if rules.timing == "none" else _held(one) for one in recorded]
        self._waiting: list[tuple[int, Future[None]]] = []

    def take(self, incoming: ApiRequest, raw: bytes) -> int | Miss:
        """Return which exchange the call is; whoever waited for it waits no longer."""
        found = self._player.take(_sent(incoming, raw))
        self._wake()
        return found

    def pass_by(self, incoming: ApiRequest, raw: bytes) -> None:
        """Use up what the call is, if a fault had answered it when it was recorded."""
        self._player.pass_by(_sent(incoming, raw))
        self._wake()

    def due(self, index: int, incoming: ApiRequest) -> Replayed:
        """Return when the call may be answered, and what it had come to.

        As for the recording, its time begins when it comes, whatever delays it here.
        """
        due = Instant(incoming.exchange.at + self._held[index])
        return Replayed(max(due, incoming.place.tenant.now()), self._remembered(index))

    async def answer(self, index: int, incoming: ApiRequest) -> Response | BrokenResponse:
        """Return what was answered, when it is due, or break the connection as it broke.

        Raise Rejected (404) if those who had come before the answer do not come.
        """
        tenant, exchange = incoming.place.tenant, incoming.exchange
        now = tenant.now()
        due = self.due(index, incoming)
        if due.answer_at > now:
            tenant.check_room()
            tenant.check_current(exchange.id)
            await deferred.wait(Call(exchange.id, (), now), due, incoming)
        return await self.play(index, incoming)

    async def play(self, index: int, incoming: ApiRequest) -> Response | BrokenResponse:
        """Do the same for a call that is due; one that may wait no longer has the reason."""
        tenant, exchange = incoming.place.tenant, incoming.exchange
        at = None if exchange.verdict is None else exchange.verdict.answer_at
        exchange.verdict, early = None, exchange.told  # it may be refused yet, or get no answer
        if early is None and self._player.missing(index):
            at, early = None, await self._wait(index, incoming)
        recorded, played = self._player.recorded(index), await self._played(index, incoming)
        at = None if isinstance(played, BrokenResponse) else at
        exchange.verdict = Replayed(tenant.now() if at is None else at, self._remembered(index))
        exchange.told = _told(recorded) + ("" if early is None else f"; {early}")
        return played

    def _wake(self) -> None:
        """Let those go on who wait for nobody any more."""
        for index, complete in self._waiting:
            if not complete.done() and not self._player.missing(index):
                complete.set_result(None)

    async def _played(self, index: int, incoming: ApiRequest) -> Response | BrokenResponse:
        response, answer = self._player.recorded(index).entry.response, self._answers[index]
        if response.failed is None and response.status:
            return answer
        return await _broken(response, answer, incoming)

    def _remembered(self, index: int) -> RecordedOutcome:
        label = self._player.recorded(index).entry.label
        return RecordedOutcome(label.outcome, label.confidence)

    async def _wait(self, index: int, incoming: ApiRequest) -> str | None:
        """Wait until all have arrived who had. Raise Rejected (404) if they don't.

        Return why nobody may wait any longer, if that is so.
        """
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
        if aside.done():
            return aside.result()
        missing = self._player.missing(index)
        if missing:
            place = self._player.recorded(index).place
            exchange.violations = tuple(f"did not arrive: {one}" for one in missing[:20])
            raise Rejected(404, "", LATE.format(place, PATIENCE, ", ".join(missing[:3])), told=TOLD)
        return None


def _sent(incoming: ApiRequest, raw: bytes) -> RequestKey:
    scope = incoming.scope
    query = scope["query_string"].decode("latin-1")
    return request_key.seen(scope["method"], scope["path"], query, incoming.headers, raw)


def _told(recorded: Recorded) -> str:
    """Say what was played, and what had become of it."""
    label, known = recorded.entry.label, recorded.entry.response.body is not None
    sure = "" if label.confidence is None else f" ({label.confidence})"
    was = f", recorded as {label.outcome.replace('_', ' ')}{sure}"
    gone = "" if known else ", without its body, which is not on record"
    return f"{recorded.place}{'' if label.outcome == 'unknown' else was}{gone}"


def _held(recorded: Recorded) -> Duration:
    """Return for how long the answer is held; where none ever came, there is none to hold."""
    response = recorded.entry.response
    if not response.status and _breakage(response) == "stall":
        return _AT_ONCE
    return seconds(answer_diff.slowness(recorded.entry))


def _answer(response: RecordedResponse) -> Response:
    """Return *response* as it was; what CORS says is the mock's business, as pages may move."""
    headers = tuple(
        (name, value)
        for name, value in response_bytes.headers(response)
        if not name.startswith(_CORS) and (name, value.lower()) != (b"vary", b"origin")
    )
    return Response(response.status, headers, response_bytes.body(response))


async def _broken(
    response: RecordedResponse, answer: Response, incoming: ApiRequest
) -> BrokenResponse:
    """Break the connection: behind the part of the answer that came, or without one."""
    connection = asgi_extensions.connection(incoming.scope)
    if response.status and connection is not None:
        raw = response_bytes.torn(answer.status, answer.headers, answer.body)
        return BrokenResponse(partial(connection.end, raw), answer.status)
    return await fault_injection.answer(Fault(Breakage(_breakage(response))), incoming)


def _breakage(response: RecordedResponse) -> str:
    """Return how the connection broke, if it did before anything of the answer came."""
    failed = response.failed or ""
    if failed == "reset" or failed.endswith("_RESET"):
        return "reset-by-peer"
    return "stall" if failed.endswith(_STALLS) else "empty-response"


async def _listen(incoming: ApiRequest) -> None:
    while (await incoming.receive())["type"] != "http.disconnect":
        pass
    incoming.exchange.hung_up = True
