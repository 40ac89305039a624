"""The last step of a call that is not answered at once: the wait for its answer."""

import asyncio
from contextlib import suppress

from superoffice_mock.core.lease import Call, Refused, Verdict
from superoffice_mock.tenants.waiting_room import Waiter
from superoffice_mock.webapi.request import ApiRequest


async def wait(call: Call, verdict: Verdict, incoming: ApiRequest) -> None:
    """Wait until the answer is due; the last verdict goes into the exchange.

    Raise what a call that was delayed is refused with.
    """
    exchange = incoming.exchange
    exchange.verdict = verdict
    waiter = incoming.place.tenant.enter(call, verdict)
    await _wait(waiter, incoming)
    verdict = waiter.verdict
    if isinstance(verdict, Refused):
        exchange.verdict, exchange.elapsed = None, verdict.answer_at - exchange.at
        raise verdict.error
    exchange.verdict, exchange.told = verdict, waiter.reason


async def _wait(waiter: Waiter, incoming: ApiRequest) -> None:
    listening = asyncio.create_task(_listen(waiter, incoming))
    try:
        await waiter.answered
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


async def _listen(waiter: Waiter, incoming: ApiRequest) -> None:
    """Notice when the caller hangs up while it waits."""
    while (await incoming.receive())["type"] != "http.disconnect":
        pass
    incoming.exchange.hung_up = True
    incoming.place.tenant.hung_up(waiter)
