"""The last step of a call: its verdict, the wait for it, and the reason in words."""

import asyncio
from contextlib import suppress

from superoffice_mock.asgi.incoming import Incoming
from superoffice_mock.clock import Waiter
from superoffice_mock.core.lease import Call, Refused, Verdict


async def behave(call: Call, verdict: Verdict, incoming: Incoming) -> None:
    """Wait until the answer is due; the last verdict goes into the exchange."""
    exchange = incoming.exchange
    exchange.verdict, told = verdict, None
    if verdict.answer_at > call.arrived_at:
        waiter = incoming.place.tenant.enter(call, verdict)
        await _wait(waiter, incoming)
        call, verdict, told = waiter.call, waiter.verdict, waiter.reason
        if isinstance(verdict, Refused):
            exchange.verdict, exchange.elapsed = None, verdict.answer_at - exchange.at
            raise verdict.error
        exchange.verdict = verdict
    exchange.call, exchange.told = call, told


async def _wait(waiter: Waiter, incoming: Incoming) -> None:
    listening = asyncio.create_task(_listen(waiter, incoming))
    try:
        await waiter.answered
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


async def _listen(waiter: Waiter, incoming: Incoming) -> None:
    """Notice when the caller hangs up while it waits."""
    while (await incoming.receive())["type"] != "http.disconnect":
        pass
    incoming.exchange.hung_up = True
    incoming.place.tenant.hung_up(waiter)
