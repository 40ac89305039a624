"""Drives one tenant of a server with `/_mock/` on a frozen clock, to run schedules on it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import timedelta
from typing import Any, Final

from superoffice_contract.checks import payloads
from superoffice_contract.control.answers import ClockState, Exchange, Journal, Run, Runs
from superoffice_contract.control.client import Answer
from superoffice_contract.errors import NotObservableError
from superoffice_contract.operations import sync_email_accounts
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client, Request
from superoffice_contract.target.temporary_tenants import suitable_contexts

ACCOUNTS: Final = (507, 1, 2, -3)
"""The accounts that calls name; how long each takes is measured first."""
MAX_POLLS: Final = 2_000
MAX_POLL_SECONDS: Final = 60.0
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
    """Drives one tenant of the server of *connection*, in its own event loop, on a frozen clock.

    If runs take no time at the tenant of *context*, a temporary tenant is driven instead.
    """

    def __init__(
        self, connection: AbstractAsyncContextManager[Client], context: CheckContext
    ) -> None:
        self.context = context
        self.readings = DEFAULTS | context.readings
        # Not asyncio.Runner, which installs a handler for Ctrl-C on each of a thousand calls.
        self._loop = asyncio.new_event_loop()
        self._run = self._loop.run_until_complete
        self._exit_stack = AsyncExitStack()
        self._tenant_context = context
        self._tasks: list[asyncio.Task[Any]] = []
        self._client = self._run(self._exit_stack.enter_async_context(connection))
        try:
            prepared = suitable_contexts(self._client, [context])
            (self._tenant_context,) = self._run(self._exit_stack.enter_async_context(prepared))
            self.durations = {account: self._measure_run(account) for account in ACCOUNTS}
        except BaseException:
            self.close()
            raise

    def control(self, path: str, content: object = None) -> None:
        """POST to `/_mock/` for the tenant, whatever it answers; waiting calls make progress."""
        tenant = self._tenant_context.tenant.id
        self._run(self._client.try_control("POST", path, content, tenant=tenant))

    def read(self, path: str, type_: type[Answer]) -> Answer:
        """Read from `/_mock/` for the tenant; waiting calls make progress meanwhile."""
        tenant = self._tenant_context.tenant.id
        return self._run(self._client.control("GET", path, type_, tenant=tenant))

    def reset(self) -> None:
        """Reset the tenant to its configuration, and freeze its clock."""
        self.control("reset")
        self.control("clock/freeze")
        self._run(self._gather())

    def arrive(self, accounts: Sequence[int]) -> None:
        """Send a call, and wait until it is answered or waits."""
        request = self._tenant_context.post(sync_email_accounts.encode_ids(accounts), payloads.JSON)
        count = self._count_exchanges()
        self._run(self._start(request))
        self._wait_until(lambda: self._count_exchanges() > count and self._is_settled())

    def hang_up(self, number: int) -> None:
        """Close the connection of call *number*, and wait until the server has noticed."""
        self._run(self._cancel(self._tasks[number]))
        self._wait_until(lambda: self.exchanges()[number].hung_up and self._is_settled())

    def exchanges(self) -> tuple[Exchange, ...]:
        """Return the journal, oldest first."""
        return self.read("requests", Journal).requests

    def runs(self) -> tuple[Run, ...]:
        """Return the runs, oldest first."""
        return self.read("runs", Runs).runs

    def close(self) -> None:
        """Reset the tenant to its configuration, and close the connections."""
        try:
            self.control("reset")
            self._run(self._gather())
            self._run(self._exit_stack.aclose())
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
        journal = self.read("requests", Journal)
        return len(journal.requests) + journal.forgotten

    def _is_settled(self) -> bool:
        clock = self.read("clock", ClockState)
        return clock.in_flight == clock.waiting

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        """Poll until *condition* holds; each poll lets the open calls make progress."""
        deadline = time.monotonic() + MAX_POLL_SECONDS
        for _ in range(MAX_POLLS):
            if condition():
                return
            if time.monotonic() > deadline:
                break
        raise ThrottleError("a call was neither answered nor registered as waiting")

    def _measure_run(self, account: int) -> int:
        self.reset()
        self.arrive([account])
        (run,) = self.runs()
        return microseconds_of(run)


def microseconds_of(run: Run) -> int:
    """Return how many microseconds *run* takes."""
    return (run.ends_at - run.started_at) // timedelta(microseconds=1)


def check_capacity(driver: ThrottleDriver, calls: int) -> None:
    """Raise NotObservableError unless so many *calls* can wait, and stay in the journal."""
    driver.reset()
    driver.control("lease/hold")
    for _ in range(calls):
        driver.arrive([507])
    journal = driver.read("requests", Journal)
    if journal.forgotten:
        msg = f"the journal keeps {len(journal.requests)} calls, a schedule may have {calls}"
        raise NotObservableError(f"{msg}; start the server with --journal-exchanges 1000")
    statuses = [exchange.status for exchange in journal.requests]
    waiting = statuses.index(TOO_MANY_WAITING) if TOO_MANY_WAITING in statuses else calls
    is_full = 0 < waiting < calls  # a server that lets no call wait has a defect, not a limit
    if is_full and statuses == [None] * waiting + [TOO_MANY_WAITING] * (calls - waiting):
        msg = f"at most {waiting} calls may wait at a tenant, a schedule may have {calls}"
        raise NotObservableError(f"{msg}; start the server with --max-waiting 10000")
