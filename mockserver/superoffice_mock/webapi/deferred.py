"""Waiting until the answer to a call is due, or the client disconnects."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from superoffice_mock.core.verdicts import Call, RejectedAfterDelay, Verdict
from superoffice_mock.webapi.request import ApiRequest


async def wait_until_due(call: Call, verdict: Verdict, request: ApiRequest) -> Verdict:
    """Wait until the answer is due; return the final verdict, or raise what rejects the call."""
    exchange = request.exchange
    exchange.verdict = verdict
    tenant = request.route.tenant
    waiter = tenant.enter(request.route.handler, call, verdict)
    async with watch_disconnect(request, lambda: tenant.handle_disconnect(waiter)):
        await waiter.answered
    verdict = waiter.verdict
    if isinstance(verdict, RejectedAfterDelay):
        exchange.verdict, exchange.elapsed = None, verdict.answer_at - exchange.at
        raise verdict.error
    exchange.verdict, exchange.explicit_reason = verdict, waiter.reason
    return verdict


@asynccontextmanager
async def watch_disconnect(
    request: ApiRequest, on_disconnect: Callable[[], object] = lambda: None
) -> AsyncIterator[None]:
    """Notice within the block if the client disconnects, and then call *on_disconnect*."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        request.note_disconnect()
        on_disconnect()

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
