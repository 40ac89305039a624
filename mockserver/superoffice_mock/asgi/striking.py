"""The first step of every call, whoever answers it: an armed fault may have it."""

from collections.abc import Awaitable
from functools import partial

from superoffice_mock.core.faults import Breakage, Delay, Fault
from superoffice_mock.core.lease import Call, Delayed, Refused, Verdict
from superoffice_mock.core.sync_run import Duration, ExchangeId, Instant
from superoffice_mock.webapi import fault_injection
from superoffice_mock.webapi.backend import Answering, Late
from superoffice_mock.webapi.deferred import wait
from superoffice_mock.webapi.request import Incoming, take_in
from superoffice_mock.webapi.response import Answer, Broken
from superoffice_mock.wire.headers import Headers


class Striking:
    """Lets armed faults have the calls that they strike; the rest are for *answering*."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    def answer(self, incoming: Incoming) -> Awaitable[Answer | Broken]:
        """Return the answer. Raise Rejected for a call that gets none."""
        place = incoming.place
        if place.tenant.state.faults.each and place.operation is not None:
            calls = place.missing is None and incoming.scope["method"] == "POST"
            fault = fault_injection.strike(place.operation.name, incoming) if calls else None
            if fault is not None:
                return self._struck(fault, incoming)
        return self._answering.answer(incoming)

    async def _struck(self, fault: Fault, incoming: Incoming) -> Answer | Broken:
        """Let *fault* have the call, whose body is kept: it tells what was asked for."""
        max_body = self._answering.max_body(incoming)
        unasked = isinstance(fault.effect, Breakage) and _held_back(incoming.headers)
        raw = b"" if unasked else await take_in(incoming, max_body)
        if len(raw) <= max_body:
            incoming.exchange.body = raw
        if isinstance(fault.effect, Delay):
            return await self._delayed(fault.effect.by, incoming, raw)
        self._answering.struck(incoming, raw)
        return await fault_injection.answer(fault, incoming)

    async def _delayed(self, by: Duration, incoming: Incoming, raw: bytes) -> Answer | Broken:
        tenant, id_ = incoming.place.tenant, incoming.exchange.id
        tenant.check_room()
        now = tenant.now()
        late = self._answering.late(incoming, raw)
        delayed = Delayed(Instant(now + by), partial(_arrive, late, id_))
        await wait(Call(id_, (), now), delayed, incoming)
        return await late.answer()


def _arrive(late: Late, id_: ExchangeId, now: Instant) -> tuple[Call, Verdict]:
    try:
        return late.arrives(now)
    except Exception as error:  # noqa: BLE001 - raised again where the call is answered
        return Call(id_, (), now), Refused(now, error)


def _held_back(headers: Headers) -> bool:
    """Whether the body comes only after a 100 Continue, which would be an answer of a kind."""
    return (headers.get(b"expect") or "").lower() == "100-continue"
