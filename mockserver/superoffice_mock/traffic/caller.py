"""The caller of an exchange: what it sends, a part at a time, and whether it is still there."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from superoffice_mock.errors import Rejected
from superoffice_mock.proxy.body_buffer import Kept

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class CallerLeft(Exception):
    """The caller left before its request was complete."""


class Caller:
    """Reads the request of a caller, and keeps its body as it goes by.

    `sent_at` is the moment at which all of it had been taken, on the clock of `perf_counter`.
    """

    def __init__(
        self, receive: Receive, kept: Kept, refused: Callable[[], Rejected | None]
    ) -> None:
        self._receive = receive
        self._refused = refused
        self._sent = asyncio.Event()
        self.kept = kept
        self.sent_at: float | None = None

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the body. Raise CallerLeft or Rejected if it stays incomplete."""
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise CallerLeft
            part, more = message.get("body", b""), message.get("more_body", False)
            if part:
                self.kept.add(part)
                yield part
        if error := self._refused():
            raise error
        self.sent_at = time.perf_counter()
        self._sent.set()

    async def left(self) -> None:
        """Return when the caller has left, after it had sent everything."""
        await self._sent.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
