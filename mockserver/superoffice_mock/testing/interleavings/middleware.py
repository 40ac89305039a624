"""An ASGI middleware that plays schedules: their events come before a call reaches the mock."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from superoffice_mock.errors import ControlFailed
from superoffice_mock.server.asgi_extensions import CONNECTION, Connection
from superoffice_mock.testing.interleavings.schedules import Schedule, ScheduledEvent

OTHER_ACCOUNT: Final = -1
"""The account that the other client asks for; no app has it."""
CRASHED: Final = 500
_PATH: Final = "api/v1/Agents/EMail/SyncEmailAccounts"
_FAULTS: Final[Mapping[str, Mapping[str, object]]] = {
    "refuse": {"status": 503},
    "deny": {"expired_credential": True},
    "reset": {"connection": "reset-by-peer"},
}


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
        self._schedule = schedule

    def next_call(self) -> list[ScheduledEvent]:
        """Count a call and return what happens before it; of its faults only the last, at the end.

        Since the fault is armed last, it applies to this call and not to the other client's.
        """
        self.calls += 1
        due = [event for event in self._schedule if event.before == self.calls]
        faults = [
            event for event in due if _HANDLERS[event.kind] is InterleavingMiddleware.arm_fault
        ]
        return [event for event in due if event not in faults] + faults[-1:]


class InterleavingMiddleware:
    """Wraps *app* and plays the schedules in *schedule_runs*, by tenant, around its calls.

    It only makes calls itself: to the control surface, and as the other client.
    """

    def __init__(self, app: ASGIApp, schedule_runs: Mapping[str, ScheduleRun]) -> None:
        self._app = app
        self._schedule_runs = schedule_runs
        self._other_calls: set[asyncio.Task[tuple[int, bytes]]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Play what comes before this call, then pass the call on."""
        schedule_run = self._schedule_runs.get(scope["path"].split("/")[1])
        if schedule_run is None:
            await self._app(scope, receive, send)
            return
        async with schedule_run.lock:
            due = schedule_run.next_call()
            try:
                for event in due:
                    await _HANDLERS[event.kind](self, schedule_run, event, scope)
            except Exception as error:
                schedule_run.error = error
                raise
        if any(event.kind == "cut" for event in due):
            receive, send = _cut_off(scope, receive)
        await self._app(scope, receive, send)

    # ---- events ------------------------------------------------------------------------------

    async def occupy(self, schedule_run: ScheduleRun, _: ScheduledEvent, scope: Scope) -> None:
        """Make a call of another client, unless it would be turned away."""
        lease = await self._control(schedule_run, scope, "GET", "lease")
        if msgspec.json.decode(lease)["held"]:
            return
        headers = {**schedule_run.headers, "Content-Type": "application/json"}
        body = {"SyncUserAccounts": [{"AccountId": OTHER_ACCOUNT}]}
        path = f"/{schedule_run.tenant}/{_PATH}"
        call = asyncio.create_task(self._send(scope, "POST", path, b"", headers, body))
        self._other_calls.add(call)
        call.add_done_callback(self._other_calls.discard)
        await asyncio.sleep(0)  # it runs until it has the lease; its answer may be due later
        if call.done() and call.result()[0] == CRASHED:
            raise ControlFailed("the other client", "the mock crashed; its journal says why")

    async def end_run(self, schedule_run: ScheduleRun, _: ScheduledEvent, scope: Scope) -> None:
        """Advance the clock until the run that has the lease ends; nothing is cut short."""
        lease = await self._control(schedule_run, scope, "GET", "lease")
        holder = msgspec.json.decode(lease)["holder"]
        if holder is not None and holder["by"] == "run":
            seconds = {"seconds": holder["seconds_left"]}
            await self._control(schedule_run, scope, "POST", "clock/advance", seconds)

    async def pass_time(
        self, schedule_run: ScheduleRun, event: ScheduledEvent, scope: Scope
    ) -> None:
        """Advance the clock."""
        seconds = {"seconds": event.seconds}
        await self._control(schedule_run, scope, "POST", "clock/advance", seconds)

    async def arm_fault(
        self, schedule_run: ScheduleRun, event: ScheduledEvent, scope: Scope
    ) -> None:
        """Arm a fault for the call that comes next, which is this one."""
        fault = _FAULTS.get(event.kind, {"delay": event.seconds})
        await self._control(schedule_run, scope, "POST", "faults", fault)

    async def do_nothing(self, *_: object) -> None:
        """Do nothing before the call: the event is one during the call."""

    # ---- calls of its own --------------------------------------------------------------------

    async def _control(
        self,
        schedule_run: ScheduleRun,
        scope: Scope,
        method: str,
        path: str,
        body: object = None,
    ) -> bytes:
        query = f"tenant={schedule_run.tenant}".encode()
        status, content = await self._send(scope, method, f"/_mock/{path}", query, {}, body)
        if status >= 400:
            raise ControlFailed(f"{method} /_mock/{path}", content.decode())
        return content

    async def _send(
        self,
        scope: Scope,
        method: str,
        path: str,
        query: bytes,
        headers: Mapping[str, str],
        body: object,
    ) -> tuple[int, bytes]:
        """Call the app as if on the connection of *scope*; return status and body."""
        raw_body = b"" if body is None else msgspec.json.encode(body)
        raw_headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        own_scope = {
            **scope,
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query,
            "headers": [(b"host", b"127.0.0.1"), *raw_headers],
        }
        messages: list[Message] = [{"type": "http.request", "body": raw_body, "more_body": False}]
        status, content = 0, b""

        async def receive() -> Message:
            return messages.pop() if messages else await asyncio.Future()

        async def send(message: Message) -> None:
            nonlocal status, content
            status = message.get("status", status)
            content += message.get("body", b"")

        await self._app(own_scope, receive, send)
        return status, content


_Handler = Callable[[InterleavingMiddleware, ScheduleRun, ScheduledEvent, Scope], Awaitable[None]]
_HANDLERS: Final[Mapping[str, _Handler]] = {
    "busy": InterleavingMiddleware.occupy,
    "end": InterleavingMiddleware.end_run,
    "pass": InterleavingMiddleware.pass_time,
    "refuse": InterleavingMiddleware.arm_fault,
    "deny": InterleavingMiddleware.arm_fault,
    "delay": InterleavingMiddleware.arm_fault,
    "reset": InterleavingMiddleware.arm_fault,
    "cut": InterleavingMiddleware.do_nothing,
}


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
