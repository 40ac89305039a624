"""Plays schedules in the server: what they say happens before a call reaches the mock."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from superoffice_mock.errors import ControlFailed
from superoffice_mock.server.asgi_extensions import CONNECTION, Connection
from superoffice_mock.testing.interleavings.schedules import Happening, Schedule

NOBODYS: Final = -1
"""The account that the other caller asks for."""
CRASHED: Final = 500
_CALL: Final = "api/v1/Agents/EMail/SyncEmailAccounts"
_REFUSALS: Final[Mapping[str, Mapping[str, object]]] = {
    "refuse": {"status": 503},
    "deny": {"expired_credential": True},
    "reset": {"connection": "reset-by-peer"},
}


class Play:
    """A schedule under way at one tenant: *headers* let the other caller in.

    `calls` have come so far; `broken` is what kept it from being played.
    """

    def __init__(self, tenant: str, headers: Mapping[str, str], schedule: Schedule) -> None:
        self.tenant = tenant
        self.headers = headers
        self.turn = asyncio.Lock()
        self.broken: Exception | None = None
        self._schedule = schedule
        self.calls = 0

    def next_call(self) -> list[Happening]:
        """Count a call and return what happens before it; of faults the last one, at the end.

        So the fault strikes this call, and no other caller's.
        """
        self.calls += 1
        due = [one for one in self._schedule if one.before == self.calls]
        faults = [one for one in due if _HAPPEN[one.kind] is InterleavingMiddleware.fault]
        return [one for one in due if one not in faults] + faults[-1:]


class InterleavingMiddleware:
    """An application before *app* that lets the happenings of *plays*, by tenant, come first.

    It changes nothing by itself: it uses the control surface, and is the other caller.
    """

    def __init__(self, app: ASGIApp, plays: Mapping[str, Play]) -> None:
        self._app = app
        self._plays = plays
        self._others: set[asyncio.Task[tuple[int, bytes]]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let happen what comes before this call, then let it through."""
        play = self._plays.get(scope["path"].split("/")[1])
        if play is None:
            await self._app(scope, receive, send)
            return
        async with play.turn:
            due = play.next_call()
            try:
                for happening in due:
                    await _HAPPEN[happening.kind](self, play, happening, scope)
            except Exception as error:
                play.broken = error
                raise
        if any(happening.kind == "cut" for happening in due):
            receive, send = _cut(scope, receive)
        await self._app(scope, receive, send)

    # ---- what happens ------------------------------------------------------------------------

    async def busy(self, play: Play, _: Happening, scope: Scope) -> None:
        """Let another caller in, unless it would be turned away."""
        if msgspec.json.decode(await self._control(play, scope, "GET", "lease"))["held"]:
            return
        headers = {**play.headers, "Content-Type": "application/json"}
        body = {"SyncUserAccounts": [{"AccountId": NOBODYS}]}
        path = f"/{play.tenant}/{_CALL}"
        other = asyncio.create_task(self._send(scope, "POST", path, b"", headers, body))
        self._others.add(other)
        other.add_done_callback(self._others.discard)
        await asyncio.sleep(0)  # it runs until it has the lease; its answer may be due later
        if other.done() and other.result()[0] == CRASHED:
            raise ControlFailed("the other caller", "the mock crashed; its journal says why")

    async def end(self, play: Play, _: Happening, scope: Scope) -> None:
        """Let time pass until the run that has the lease ends; a release would cut it short."""
        holder = msgspec.json.decode(await self._control(play, scope, "GET", "lease"))["holder"]
        if holder is not None and holder["by"] == "run":
            seconds = {"seconds": holder["seconds_left"]}
            await self._control(play, scope, "POST", "clock/advance", seconds)

    async def let_pass(self, play: Play, happening: Happening, scope: Scope) -> None:
        """Let time pass."""
        await self._control(play, scope, "POST", "clock/advance", {"seconds": happening.seconds})

    async def fault(self, play: Play, happening: Happening, scope: Scope) -> None:
        """Arm a fault for the call that comes next: this one."""
        fault = _REFUSALS.get(happening.kind, {"delay": happening.seconds})
        await self._control(play, scope, "POST", "faults", fault)

    async def nothing(self, *_: object) -> None:
        """Let nothing happen before the call: what happens, happens to it."""

    # ---- calls in this process ---------------------------------------------------------------

    async def _control(
        self, play: Play, scope: Scope, method: str, call: str, body: object = None
    ) -> bytes:
        query = f"tenant={play.tenant}".encode()
        status, answered = await self._send(scope, method, f"/_mock/{call}", query, {}, body)
        if status >= 400:
            raise ControlFailed(f"{method} /_mock/{call}", answered.decode())
        return answered

    async def _send(
        self,
        scope: Scope,
        method: str,
        path: str,
        query: bytes,
        headers: Mapping[str, str],
        body: object,
    ) -> tuple[int, bytes]:
        """Send a call of our own, as if on the connection of *scope*; return status and body."""
        raw = b"" if body is None else msgspec.json.encode(body)
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        own = {"method": method, "path": path, "raw_path": path.encode(), "query_string": query}
        messages: list[Message] = [{"type": "http.request", "body": raw, "more_body": False}]
        status, answered = 0, b""

        async def receive() -> Message:
            return messages.pop() if messages else await asyncio.Future()

        async def send(message: Message) -> None:
            nonlocal status, answered
            status = message.get("status", status)
            answered += message.get("body", b"")

        headed = {**own, "headers": [(b"host", b"127.0.0.1"), *pairs]}
        await self._app({**scope, **headed}, receive, send)
        return status, answered


_Happen = Callable[[InterleavingMiddleware, Play, Happening, Scope], Awaitable[None]]
_HAPPEN: Final[Mapping[str, _Happen]] = {
    "busy": InterleavingMiddleware.busy,
    "end": InterleavingMiddleware.end,
    "pass": InterleavingMiddleware.let_pass,
    "refuse": InterleavingMiddleware.fault,
    "deny": InterleavingMiddleware.fault,
    "delay": InterleavingMiddleware.fault,
    "reset": InterleavingMiddleware.fault,
    "cut": InterleavingMiddleware.nothing,
}


def _cut(scope: Scope, receive: Receive) -> tuple[Receive, Send]:
    """Return what reads the call from its caller and then cuts the caller off."""
    connection: Connection = scope["extensions"][CONNECTION]
    whole = False

    async def read() -> Message:
        nonlocal whole
        if whole:
            connection.reset()
            return {"type": "http.disconnect"}
        message = await receive()
        whole = not message.get("more_body", False)
        return message

    async def send(_: Message) -> None:
        connection.reset()

    return read, send
