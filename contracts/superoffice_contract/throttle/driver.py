"""One tenant of a server with `/_mock/`, on a clock that stands still, to play schedules on."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, Final

import msgspec

from superoffice_contract.errors import ImpossibleError
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client, Note, Request, calling, unnoted
from superoffice_contract.target.temporary_tenants import lasting
from superoffice_contract.throttle.model import SECOND

ACCOUNTS: Final = (507, 1, 2, -3)
"""Whom the callers ask for; how long each takes is learned first."""


MOST_QUESTIONS: Final = 2_000


DEFAULTS: Final = {
    "run": "detached",
    "busy": "wait-then-drop",
    "tasks": "ten-at-a-time",
    "disconnect": "still-counts",
    "empty": "no-run",
}


class ThrottleError(AssertionError):
    """The server and the model disagree; `schedule`, in words, shows it where one was played.

    *claim* is the one that the server breaks.
    """

    schedule: str | None = None

    def __init__(self, message: str, claim: str = "single-run") -> None:
        super().__init__(f"{message} (claim {claim})")
        self.claims = (claim,)


class ThrottleDriver:
    """One tenant of one server, with a loop of its own, on a clock that stands still.

    Where that of *scene* is unfit for it, another one is made and stands in.
    """

    def __init__(
        self,
        target: object,
        scene: CheckContext,
        timeout_seconds: float,
        control_token: str | None,
        note: Note = unnoted,
    ) -> None:
        self.scene = scene
        self.readings = DEFAULTS | scene.readings
        # No asyncio.Runner: that minds Ctrl-C anew for each of a thousand questions.
        self._loop = asyncio.new_event_loop()
        self._open = AsyncExitStack()
        self._place = scene
        self._tasks: list[asyncio.Task[Any]] = []
        opened = calling(target, timeout_seconds, control_token, note=note)
        self._caller: Client = self._loop.run_until_complete(self._open.enter_async_context(opened))
        try:
            (self._place,) = self._loop.run_until_complete(
                self._open.enter_async_context(lasting(self._caller, [scene]))
            )
            self.durations = {account: self._learned(account) for account in ACCOUNTS}
        except BaseException:
            self.close()
            raise

    def control(self, method: str, path: str, sent: object = None) -> Any:  # noqa: ANN401 - JSON
        """Call `/_mock/` for the tenant; what waits goes on meanwhile."""
        path = f"{path}?tenant={self._place.tenant.id}"
        return self._loop.run_until_complete(self._caller.control(method, path, sent))

    def fresh(self) -> None:
        """Start again, as configured, at a standstill."""
        self.control("POST", "reset")
        self.control("POST", "clock/freeze")
        self._loop.run_until_complete(self._gather())

    def arrive(self, accounts: Sequence[int]) -> None:
        """Send a call and let it get as far as it can."""
        items = [{"AccountId": one} for one in accounts]
        body = msgspec.json.encode({"SyncUserAccounts": items})
        ask = self._place.post(body, "application/json")
        before = self._seen()
        self._loop.run_until_complete(self._start(ask))
        self._until(lambda: self._seen() > before and self._settled())

    def hang_up(self, number: int) -> None:
        """Close the connection of call *number*, and wait until the server has noticed."""
        self._loop.run_until_complete(self._cancelled(self._tasks[number]))
        self._until(lambda: bool(self.exchanges()[number]["hung_up"]) and self._settled())

    def exchanges(self) -> list[Any]:
        """Return the journal, oldest first."""
        found: list[Any] = self.control("GET", "requests")["requests"]
        return found

    def runs(self) -> list[Any]:
        """Return the runs, oldest first."""
        found: list[Any] = self.control("GET", "runs")["runs"]
        return found

    def close(self) -> None:
        """Leave the tenant as configured."""
        try:
            self.control("POST", "reset")
            self._loop.run_until_complete(self._gather())
            self._loop.run_until_complete(self._open.aclose())
        finally:
            self._loop.close()

    async def _start(self, ask: Request) -> None:
        self._tasks.append(asyncio.ensure_future(self._caller.send(ask)))
        await asyncio.sleep(0)

    async def _cancelled(self, task: asyncio.Task[Any]) -> None:
        task.cancel()
        await asyncio.wait([task])

    async def _gather(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def _seen(self) -> int:
        told = self.control("GET", "requests")
        return len(told["requests"]) + int(told.get("forgotten") or 0)

    def _settled(self) -> bool:
        clock = self.control("GET", "clock")
        return bool(clock["in_flight"] == clock["waiting"])

    def _until(self, true: Callable[[], bool]) -> None:
        """Ask until it is so; every question lets the calls on their way go a step further."""
        for _ in range(MOST_QUESTIONS):
            if true():
                return
        raise ThrottleError("a call got stuck on its way in")

    def _learned(self, account: int) -> int:
        self.fresh()
        self.arrive([account])
        (run,) = self.runs()
        return between(run["started_at"], run["ends_at"])


def between(start: str, end: str) -> int:
    """Return the microseconds between two moments in ISO 8601."""
    passed = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return passed.days * 86_400 * SECOND + passed.seconds * SECOND + passed.microseconds


TURNED_OFF: Final = 503
"""The status of a call that would be one too many to wait."""


def has_room(stage: ThrottleDriver, calls: int) -> None:
    """Raise ImpossibleError unless so many *calls* may wait at *stage*, and be remembered."""
    stage.fresh()
    stage.control("POST", "lease/hold")
    for _ in range(calls):
        stage.arrive([507])
    told = stage.control("GET", "requests")
    if told.get("forgotten"):
        msg = f"the journal keeps {len(told['requests'])} calls, a schedule may have {calls}"
        raise ImpossibleError(f"{msg}; start the server with --journal-exchanges 1000")
    statuses = [one["status"] for one in told["requests"]]
    wait = statuses.index(TURNED_OFF) if TURNED_OFF in statuses else calls
    full = 0 < wait < calls  # a server that refuses whoever waits has no limit but a defect
    if full and statuses == [None] * wait + [TURNED_OFF] * (calls - wait):
        msg = f"no more than {wait} calls may wait at a tenant, a schedule may have {calls}"
        raise ImpossibleError(f"{msg}; start the server with --max-waiting 10000")
