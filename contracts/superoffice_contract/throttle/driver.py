"""Drives one tenant of a server with `/_mock/` on a frozen clock, to run schedules on it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, Final

import msgspec

from superoffice_contract.errors import NotObservableError
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import (
    Client,
    OnResponse,
    Request,
    ignore_response,
    open_client,
)
from superoffice_contract.target.temporary_tenants import suitable_contexts
from superoffice_contract.throttle.model import SECOND

ACCOUNTS: Final = (507, 1, 2, -3)
"""The accounts that calls name; how long each takes is measured first."""
MAX_POLLS: Final = 2_000
TOO_MANY_WAITING: Final = 503
"""The status of a call that exceeds the number of calls that may wait."""
DEFAULTS: Final = {
    "run": "detached",
    "busy": "wait-then-drop",
    "tasks": "ten-at-a-time",
    "disconnect": "still-counts",
    "empty": "no-run",
}


class ThrottleError(AssertionError):
    """The server and the model disagree, so the server breaks *claim*.

    `schedule` is the schedule that shows it, as text, if there was one.
    """

    schedule: str | None = None

    def __init__(self, message: str, claim: str = "single-run") -> None:
        super().__init__(f"{message} (claim {claim})")
        self.claims = (claim,)


class ThrottleDriver:
    """Drives one tenant of one server, in its own event loop, on a frozen clock.

    If runs take no time at the tenant of *context*, a temporary tenant is driven instead.
    """

    def __init__(
        self,
        target: object,
        context: CheckContext,
        timeout_seconds: float,
        control_token: str | None,
        on_response: OnResponse = ignore_response,
    ) -> None:
        self.context = context
        self.readings = DEFAULTS | context.readings
        # Not asyncio.Runner, which installs a handler for Ctrl-C on each of a thousand calls.
        self._loop = asyncio.new_event_loop()
        self._exit_stack = AsyncExitStack()
        self._tenant_context = context
        self._tasks: list[asyncio.Task[Any]] = []
        connection = open_client(target, timeout_seconds, control_token, on_response=on_response)
        self._client: Client = self._loop.run_until_complete(
            self._exit_stack.enter_async_context(connection)
        )
        try:
            (self._tenant_context,) = self._loop.run_until_complete(
                self._exit_stack.enter_async_context(suitable_contexts(self._client, [context]))
            )
            self.durations = {account: self._measure_run(account) for account in ACCOUNTS}
        except BaseException:
            self.close()
            raise

    def control(self, method: str, path: str, content: object = None) -> Any:  # noqa: ANN401 - JSON
        """Call `/_mock/` for the tenant; waiting calls make progress meanwhile."""
        path = f"{path}?tenant={self._tenant_context.tenant.id}"
        return self._loop.run_until_complete(self._client.control(method, path, content))

    def reset(self) -> None:
        """Reset the tenant to its configuration, and freeze its clock."""
        self.control("POST", "reset")
        self.control("POST", "clock/freeze")
        self._loop.run_until_complete(self._gather())

    def arrive(self, accounts: Sequence[int]) -> None:
        """Send a call, and wait until it is answered or waits."""
        items = [{"AccountId": account} for account in accounts]
        body = msgspec.json.encode({"SyncUserAccounts": items})
        request = self._tenant_context.post(body, "application/json")
        count = self._count_exchanges()
        self._loop.run_until_complete(self._start(request))
        self._wait_until(lambda: self._count_exchanges() > count and self._is_settled())

    def hang_up(self, number: int) -> None:
        """Close the connection of call *number*, and wait until the server has noticed."""
        self._loop.run_until_complete(self._cancel(self._tasks[number]))
        self._wait_until(lambda: bool(self.exchanges()[number]["hung_up"]) and self._is_settled())

    def exchanges(self) -> list[Any]:
        """Return the journal, oldest first."""
        exchanges: list[Any] = self.control("GET", "requests")["requests"]
        return exchanges

    def runs(self) -> list[Any]:
        """Return the runs, oldest first."""
        runs: list[Any] = self.control("GET", "runs")["runs"]
        return runs

    def close(self) -> None:
        """Reset the tenant to its configuration, and close the connections."""
        try:
            self.control("POST", "reset")
            self._loop.run_until_complete(self._gather())
            self._loop.run_until_complete(self._exit_stack.aclose())
        finally:
            self._loop.close()

    async def _start(self, request: Request) -> None:
        self._tasks.append(asyncio.ensure_future(self._client.send(request)))
        await asyncio.sleep(0)

    async def _cancel(self, task: asyncio.Task[Any]) -> None:
        task.cancel()
        await asyncio.wait([task])

    async def _gather(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def _count_exchanges(self) -> int:
        journal = self.control("GET", "requests")
        return len(journal["requests"]) + int(journal.get("forgotten") or 0)

    def _is_settled(self) -> bool:
        clock = self.control("GET", "clock")
        return bool(clock["in_flight"] == clock["waiting"])

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        """Poll until *condition* holds; each poll lets the open calls make progress."""
        for _ in range(MAX_POLLS):
            if condition():
                return
        raise ThrottleError("a call was neither answered nor registered as waiting")

    def _measure_run(self, account: int) -> int:
        self.reset()
        self.arrive([account])
        (run,) = self.runs()
        return microseconds_between(run["started_at"], run["ends_at"])


def microseconds_between(start: str, end: str) -> int:
    """Return the microseconds between two times in ISO 8601."""
    elapsed = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return elapsed.days * 86_400 * SECOND + elapsed.seconds * SECOND + elapsed.microseconds


def check_capacity(driver: ThrottleDriver, calls: int) -> None:
    """Raise NotObservableError unless so many *calls* can wait, and stay in the journal."""
    driver.reset()
    driver.control("POST", "lease/hold")
    for _ in range(calls):
        driver.arrive([507])
    journal = driver.control("GET", "requests")
    if journal.get("forgotten"):
        msg = f"the journal keeps {len(journal['requests'])} calls, a schedule may have {calls}"
        raise NotObservableError(f"{msg}; start the server with --journal-exchanges 1000")
    statuses = [exchange["status"] for exchange in journal["requests"]]
    waiting = statuses.index(TOO_MANY_WAITING) if TOO_MANY_WAITING in statuses else calls
    is_full = 0 < waiting < calls  # a server that lets no call wait has a defect, not a limit
    if is_full and statuses == [None] * waiting + [TOO_MANY_WAITING] * (calls - waiting):
        msg = f"at most {waiting} calls may wait at a tenant, a schedule may have {calls}"
        raise NotObservableError(f"{msg}; start the server with --max-waiting 10000")
