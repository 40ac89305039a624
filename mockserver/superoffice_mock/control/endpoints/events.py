"""`GET /_mock/events`: what happens at a tenant, live, as Server-Sent Events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import Response, StreamingResponse

from superoffice_mock.control.errors import ProblemError
from superoffice_mock.control.event_stream import (
    MAX_READERS,
    EventStream,
    Reader,
    write_event,
)
from superoffice_mock.control.request import ControlMethod, ControlRequest
from superoffice_mock.tenants.tenant import Tenant

HEARTBEAT: Final = 15.0
"""Real seconds without an event after which a comment shows that the connection lives."""


async def _follow(request: ControlRequest) -> Response:
    stream = request.context.streams.of(request.tenant)
    if len(stream.readers) >= MAX_READERS:
        raise ProblemError(503, f"{MAX_READERS} readers follow this tenant; close some first")
    events = read_events(stream, request.tenant, request.last_event_id)
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def read_events(
    stream: EventStream, tenant: Tenant, last_event_id: str, heartbeat: float = HEARTBEAT
) -> AsyncIterator[bytes]:
    """Yield the events of *stream*, which is that of *tenant*, until one of both ends.

    Those that a reader has missed come first, if it names the id that it got last. After so many
    seconds without an event, *heartbeat*, a comment is one.
    """
    reader = Reader()
    with stream.following(reader):
        if tenant.close_reason is not None:
            reader.end(tenant.close_reason)
        yield b"retry: 1000\n"  # milliseconds until a browser connects again
        # A reader that missed something keeps its old id until it has caught up.
        yield write_event(
            "hello", {"tenant": tenant.facts.id}, "" if last_event_id else stream.last_id
        )
        if last_event_id:
            for event in stream.missed_since(last_event_id):
                yield event
        while True:
            try:
                async with asyncio.timeout(heartbeat):
                    next_event = await reader.events.get()
            except TimeoutError:
                yield b": no event for a while\n\n"
                continue
            if next_event is None:
                return
            yield next_event


CALLS: Final = {
    "GET /events": ControlMethod(
        _follow,
        "follows what happens at the tenant, as Server-Sent Events",
        "Events",
        errors=(503,),
        media_type="text/event-stream",
    )
}
