"""Waiting until the answer to a call is due, or the client disconnects."""

import asyncio
from contextlib import suppress

from superoffice_mock.core.lease import Call, RejectedAfterDelay, Verdict
from superoffice_mock.tenants.waiting_room import Waiter
from superoffice_mock.webapi.request import ApiRequest


async def wait_until_due(call: Call, verdict: Verdict, request: ApiRequest) -> None:
    """Wait until the answer is due, and store the final verdict in the exchange.

    Raise the error of a delayed call that turned out to be invalid.
    """
    exchange = request.exchange
    exchange.verdict = verdict
    waiter = request.route.tenant.enter(call, verdict)
    await _wait_for_answer(waiter, request)
    verdict = waiter.verdict
    if isinstance(verdict, RejectedAfterDelay):
        exchange.verdict, exchange.elapsed = None, verdict.answer_at - exchange.at
        raise verdict.error
    exchange.verdict, exchange.explicit_reason = verdict, waiter.reason


async def _wait_for_answer(waiter: Waiter, request: ApiRequest) -> None:
    disconnect_task = asyncio.create_task(_watch_disconnect(waiter, request))
    try:
        await waiter.answered
    finally:
        disconnect_task.cancel()
        with suppress(asyncio.CancelledError):
            await disconnect_task


async def _watch_disconnect(waiter: Waiter, request: ApiRequest) -> None:
    """Withdraw the call when the client disconnects."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    request.exchange.hung_up = True
    request.route.tenant.handle_disconnect(waiter)
