"""An ASGI middleware that plays schedules: their events come before a call reaches the mock."""

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from superoffice_contract.control.answers import LeaseState, Nothing
from superoffice_contract.control.client import Answer, make_call
from superoffice_contract.operations import sync_email_accounts
from superoffice_mock.errors import ControlFailed
from superoffice_mock.server.asgi_extensions import CONNECTION, Connection
from superoffice_mock.testing.interleavings.schedules import Schedule, ScheduledEvent

OTHER_ACCOUNT: Final = -1
"""The account that the other client asks for; no app has it."""
CRASHED: Final = 500
_FAULTS: Final[Mapping[str, Mapping[str, object]]] = {
    "refuse": {"status": 503},
    "deny": {"expired_credential": True},
    "reset": {"connection": "reset-by-peer"},
    "delay": {},
}
"""What is armed by each kind of event that is a fault; the delay comes from the event."""


class ScheduleRun:
    """A *schedule* that is played at *tenant*; the other client signs in with *headers*.

    `calls` counts the calls so far; `error` is the exception that broke it off, or None.
    """

    def __init__(self, tenant: str, headers: Mapping[str, str], schedule: Schedule) -> None:
        self.tenant = tenant
        self.headers = headers
        self.lock = asyncio.Lock()
        self.error: Exception | None = None
        self.calls = 0
        self.other_calls = set[asyncio.Task[tuple[int, bytes]]]()
        self._schedule = schedule

    def next_call(self) -> list[ScheduledEvent]:
        """Count a call and return what happens before it; of its faults only the last, at the end.

        Since the fault is armed last, it applies to this call and not to the other client's.
        """
        self.calls += 1
        due = [event for event in self._schedule if event.before == self.calls]
        faults = [event for event in due if event.kind in _FAULTS]
        return [event for event in due if event not in faults] + faults[-1:]


class InterleavingMiddleware(msgspec.Struct, frozen=True):
    """Wraps *app* and plays the schedules in *schedule_runs*, by tenant, around its calls.

    It only makes calls itself: to the control surface, and as the other client.
    """

    app: ASGIApp
    schedule_runs: Mapping[str, ScheduleRun]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Play what comes before this call, then pass the call on."""
        schedule_run = self.schedule_runs.get(scope["path"].split("/")[1])
        if schedule_run is None:
            await self.app(scope, receive, send)
            return
        async with schedule_run.lock:
            due = schedule_run.next_call()
            player = _EventPlayer(self.app, schedule_run, scope)
            try:
                for event in due:
                    await player.play(event)
            except Exception as error:
                schedule_run.error = error
                raise
        if any(event.kind == "cut" for event in due):
            receive, send = _cut_off(scope, receive)
        await self.app(scope, receive, send)


class _EventPlayer(msgspec.Struct, frozen=True):
    """Plays events of *schedule_run* by calls of *app*, as if on the connection of *scope*."""

    app: ASGIApp
    schedule_run: ScheduleRun
    scope: Scope

    async def play(self, event: ScheduledEvent) -> None:
        """Do what comes before the call; "cut" is an event during the call."""
        if event.kind == "busy":
            await self._occupy()
        elif event.kind == "end":
            await self._end_run()
        elif event.kind == "pass":
            await self._control("POST", "clock/advance", Nothing, {"seconds": event.seconds})
        elif event.kind in _FAULTS:
            fault = _FAULTS[event.kind] or {"delay": event.seconds}
            await self._control("POST", "faults", Nothing, fault)

    async def _occupy(self) -> None:
        if (await self._control("GET", "lease", LeaseState)).held:
            return
        headers = {**self.schedule_run.headers, "Content-Type": "application/json"}
        body = sync_email_accounts.encode_ids([OTHER_ACCOUNT])
        target = f"/{self.schedule_run.tenant}{sync_email_accounts.operation().path}"
        call = asyncio.create_task(self._send("POST", target, headers, body))
        self.schedule_run.other_calls.add(call)
        call.add_done_callback(self.schedule_run.other_calls.discard)
        await asyncio.sleep(0)  # it runs until it has the lease; its answer may be due later
        if call.done() and call.result()[0] == CRASHED:
            raise ControlFailed("the other client", "the mock crashed; its journal says why")

    async def _end_run(self) -> None:
        """Advance the clock until the run that has the lease ends; nothing is cut short."""
        holder = (await self._control("GET", "lease", LeaseState)).holder
        if holder is not None and holder.by == "run":
            seconds = {"seconds": holder.seconds_left}
            await self._control("POST", "clock/advance", Nothing, seconds)

    async def _control(
        self, method: str, path: str, type_: type[Answer], body: object = None
    ) -> Answer:
        call = make_call(method, path, body, {"tenant": self.schedule_run.tenant}, ControlFailed)
        return call.read(*await self._send(method, call.target, {}, call.body), type_)

    async def _send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes]:
        path, _, query = target.partition("?")
        raw_headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        own_scope = {
            **self.scope,
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(b"host", b"127.0.0.1"), *raw_headers],
        }
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        status, content = 0, b""

        async def receive() -> Message:
            return messages.pop() if messages else await asyncio.Future()

        async def send(message: Message) -> None:
            nonlocal status, content
            status = message.get("status", status)
            content += message.get("body", b"")

        await self.app(own_scope, receive, send)
        return status, content


def _cut_off(scope: Scope, receive: Receive) -> tuple[Receive, Send]:
    """Return callables that read the request completely and then reset its connection."""
    connection: Connection = scope["extensions"][CONNECTION]
    is_complete = False

    async def read() -> Message:
        nonlocal is_complete
        if is_complete:
            connection.reset()
            return {"type": "http.disconnect"}
        message = await receive()
        is_complete = not message.get("more_body", False)
        return message

    async def send(_: Message) -> None:
        connection.reset()

    return read, send
