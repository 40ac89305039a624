"""Checks of the throttle in real time, with few calls, at the first tenant only."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal

import msgspec

from superoffice_contract.checks.check import EffectCheck, Observations
from superoffice_contract.checks.payloads import EMPTY, GOOD, JSON
from superoffice_contract.grading.calls import BUSY_SECOND
from superoffice_contract.readings import CLAIMS_BY_READING, ObservedReading
from superoffice_contract.report import Finding
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client, Request, Response
from superoffice_contract.throttle.timing import FREE_SECONDS

MAX_TRIES: Final = 12
LEAD: Final = 0.1
"""Seconds into a run at which another call is sent."""
AT_ONCE: Final = 0.15
"""Seconds within which a call is answered if it does not wait for a run to end."""
SAME_LENGTH: Final = 0.25
"""Seconds by which two equal lengths may differ on the wire."""
PAUSE: Final = 0.5
"""Seconds, more than `SAME_LENGTH`, between two calls that would wait for the same run to end."""
BEFORE_THE_END: Final = 1.5
"""Seconds before the end of a run, if its length is known, at which calls begin."""
MIN_GAP: Final = 0.05
"""Seconds between two calls that may both have started, one run after the other."""
TOO_LONG: Final = f"a run lasts longer than {MAX_TRIES} calls wait; give --run-seconds"
TOO_SHORT: Final = "its runs end before another call can arrive"
TOO_SIMILAR: Final = "its runs last about as long as a turned-away call"
NOT_VISIBLE: Final = "the wire does not show how many accounts a run syncs"
NO_LENGTH: Final = "a run of an empty list has no length, so it looks like no run"
ONLY_BLOCKING: Final = "the wire shows it for blocking runs only"


class StartedRun(msgspec.Struct, frozen=True):
    """A call that has started a run: its response, and how long a run takes, if known.

    A blocking run has ended when its call is answered.
    """

    kind: Literal["detached", "blocking"]
    response: Response
    seconds: float | None


class RealTimeDriver(msgspec.Struct, frozen=True):
    """Calls one tenant, and measures how long its responses take."""

    client: Client
    context: CheckContext

    @property
    def sample_call(self) -> Request:
        """The sample call, which starts a run if the lease is free."""
        return self.context.post(GOOD, JSON)

    @property
    def empty_call(self) -> Request:
        """A call with an empty list."""
        return self.context.post(EMPTY, JSON)

    async def start_run(self) -> StartedRun | None:
        """Call until a run has started. Return None if none of `MAX_TRIES` calls starts one.

        With busy=try-for-1s, calls one after the other take as long as with a blocking run; a
        pause between them tells the two apart.
        """
        known_length = length = self.context.run_seconds
        has_paused = False
        for _ in range(MAX_TRIES):
            response = await self.client.send(self.sample_call)
            if response.seconds < FREE_SECONDS:
                return StartedRun("detached", response, known_length)
            is_same = length is not None and abs(response.seconds - length) < SAME_LENGTH
            if is_same and has_paused:
                return StartedRun("blocking", response, response.seconds)
            if known_length is None:
                length = None if is_busy_second(response) else response.seconds
            has_paused = is_same or known_length is not None
            if has_paused:
                await asyncio.sleep(known_length or PAUSE)
        return None

    async def send_during(
        self, run: StartedRun, requests: list[Request], *, after: float = LEAD
    ) -> list[Response]:
        """Send *requests* together during *run*, or during a new one if *run* was blocking."""
        if run.kind == "detached":
            return await self.client.send_together(requests)
        owner = asyncio.ensure_future(self.client.send(self.sample_call))
        await asyncio.sleep(after)
        responses = await self.client.send_together(requests)
        await owner
        return responses

    async def hang_up(self, after: float = LEAD) -> None:
        """Send a call, and disconnect *after* that many seconds."""
        call = asyncio.ensure_future(self.client.send(self.sample_call))
        await asyncio.wait([call], timeout=after)
        call.cancel()
        await asyncio.wait([call])
        await asyncio.sleep(LEAD)

    async def send_until_free(self, request: Request) -> tuple[Response, int] | None:
        """Send *request* until it is not turned away.

        Return that response, and how many calls were turned away; None after `MAX_TRIES` calls.
        """
        for turned_away in range(MAX_TRIES):
            response = await self.client.send(request)
            if not is_busy_second(response):
                return response, turned_away
        return None


def is_busy_second(response: Response) -> bool:
    """Return whether *response* took as long as that of a turned-away call."""
    return BUSY_SECOND[0] <= response.seconds <= BUSY_SECOND[1]


async def check_throttle(driver: RealTimeDriver) -> Observations:
    """Yield a finding for each call during a run that is not answered as the first, after 1 s."""
    context = driver.context
    yield ObservedReading("tasks", context.tenant.id, None, NOT_VISIBLE)
    run = await driver.start_run()
    if run is None:
        yield _never_free(context)
        return
    for outcome in _compare_reading(context, "run", run.kind, "the call that started a run"):
        yield outcome
    responses = await driver.send_during(run, [driver.sample_call] * 2)
    for finding in _find_wrong_waits(context, run, responses):
        yield finding
    for response in responses:
        if response.comparable != run.response.comparable:
            problem = "a call during a run got another response than the one that started it"
            yield Finding(context.tenant.id, problem, ("same-answer", "silent-drop"))


def _never_free(context: CheckContext) -> Finding:
    problem = (
        f"none of {MAX_TRIES} calls was answered within {FREE_SECONDS} s: is it always busy? If "
        "its calls wait for runs that last about a second, give --run-seconds"
    )
    return Finding(context.tenant.id, problem, ("lease-end", "run-detached"))


def _compare_reading(
    context: CheckContext, reading: str, value: str | None, why: str
) -> Iterator[Finding | ObservedReading]:
    """Yield the observed *value*, and a finding if the context expects another value."""
    yield ObservedReading(reading, context.tenant.id, value, why)
    expected = context.readings.get(reading, value)
    if value is not None and expected != value:
        problem = f"{why} shows {reading}={value}, expected {reading}={expected}"
        yield Finding(context.tenant.id, problem, CLAIMS_BY_READING[reading])


def _find_wrong_waits(
    context: CheckContext, run: StartedRun, responses: Sequence[Response]
) -> Iterator[Finding]:
    """Yield a finding for each response that did not take 1 s, unless its call may have started.

    With busy=try-for-1s a call starts when a run ends, and no two start together.
    """
    suspects = sorted(
        (response for response in responses if not is_busy_second(response)),
        key=lambda response: response.seconds,
    )
    may_try = "try-for-1s" in context.allowed_values("busy", "wait-then-drop", "try-for-1s")
    may_be_free = run.seconds is None or run.seconds - LEAD < BUSY_SECOND[1]
    earlier_start = 0.0
    for response in suspects:
        is_late = run.kind == "detached" and response.seconds > BUSY_SECOND[1]
        if is_late or not (may_try and may_be_free and response.seconds - earlier_start > MIN_GAP):
            problem = f"a call during a run took {response.seconds:.2f} s, expected 1 s"
            yield Finding(context.tenant.id, problem, ("busy-second", "single-run"))
        earlier_start = response.seconds


async def check_lease(driver: RealTimeDriver) -> Observations:
    """Yield a finding for each call that shows that the lease is not held until its run ends."""
    run: StartedRun | None = None
    for experiment in (_check_waiting_call, _check_empty_list, _check_disconnect):
        if run is None or run.kind == "detached":
            run = await driver.start_run()
        if run is None:
            yield _never_free(driver.context)
            return
        async for outcome in experiment(driver, run):
            yield outcome


async def _check_waiting_call(driver: RealTimeDriver, run: StartedRun) -> Observations:
    """Yield the reading `busy`: whether a call that waits while a run ends is dropped or starts."""
    context = driver.context
    observe = _observe_run_end if run.kind == "detached" else _observe_blocking_run_end
    value, why = await observe(driver, run)
    for outcome in _compare_reading(context, "busy", value, why):
        yield outcome


async def _observe_run_end(driver: RealTimeDriver, run: StartedRun) -> tuple[str | None, str]:
    """Return what happens to a call that waits while a run ends; one of two offsets hits that."""
    turned_away_calls = 0
    for offset in (0.0, 0.5):
        await asyncio.sleep(max(0.0, (run.seconds or 0.0) - BEFORE_THE_END) + offset)
        last_call = await driver.send_until_free(driver.sample_call)
        if last_call is None:
            return None, TOO_LONG
        response, turned_away = last_call
        if response.seconds > AT_ONCE:
            return "try-for-1s", f"a call that waited {response.seconds:.2f} s"
        turned_away_calls += turned_away
    return ("wait-then-drop", "calls as a run ended") if turned_away_calls else (None, TOO_SHORT)


async def _observe_blocking_run_end(
    driver: RealTimeDriver, run: StartedRun
) -> tuple[str | None, str]:
    length = run.seconds or 0.0
    remaining = min(0.5, length / 2)
    if abs(remaining + length - 1) < SAME_LENGTH:
        return None, TOO_SIMILAR
    (response,) = await driver.send_during(run, [driver.sample_call], after=length - remaining)
    has_started = abs(response.seconds - remaining - length) < abs(response.seconds - 1)
    why = f"a call {remaining:.2f} s before a run ended, answered after {response.seconds:.2f} s"
    return ("try-for-1s" if has_started else "wait-then-drop"), why


async def _check_empty_list(driver: RealTimeDriver, run: StartedRun) -> Observations:
    """Yield a finding if an empty list is not turned away during a run, and the reading `empty`."""
    context = driver.context
    (response,) = await driver.send_during(run, [driver.empty_call])
    findings = [*_find_wrong_waits(context, run, [response])]
    for finding in findings:
        problem = f"{finding.what}; its list was empty"
        yield Finding(finding.where, problem, ("empty-busy", *finding.claims))
    if findings or run.kind == "blocking":
        yield ObservedReading("empty", context.tenant.id, None, NO_LENGTH)
        return
    if await driver.send_until_free(driver.empty_call) is None:
        yield ObservedReading("empty", context.tenant.id, None, TOO_LONG)
        return
    next_response = await driver.client.send(driver.sample_call)
    if not is_busy_second(next_response):
        yield ObservedReading("empty", context.tenant.id, None, NO_LENGTH)
        return
    why = "a call after one with an empty list"
    for outcome in _compare_reading(context, "empty", "runs", why):
        yield outcome


async def _check_disconnect(driver: RealTimeDriver, run: StartedRun) -> Observations:
    """Yield a finding if a disconnect ends another client's run, and the reading `disconnect`."""
    context = driver.context
    await driver.hang_up()
    response = await driver.client.send(driver.sample_call)
    if run.kind == "blocking":
        for outcome in _compare_disconnect(context, run, response):
            yield outcome
        return
    yield ObservedReading("disconnect", context.tenant.id, None, ONLY_BLOCKING)
    findings = [*_find_wrong_waits(context, run, [response])]
    if findings and not await _is_over_soon(driver):
        problem = f"{findings[0].what}, after the client of a turned-away call disconnected"
        yield Finding(context.tenant.id, problem, ("disconnect-counts", *findings[0].claims))


async def _is_over_soon(driver: RealTimeDriver) -> bool:
    """Return whether a run ends within `LEAD` seconds even without a disconnect."""
    run = await driver.start_run()
    await asyncio.sleep(LEAD)
    response = await driver.client.send(driver.sample_call)
    return run is None or response.seconds < AT_ONCE


def _compare_disconnect(
    context: CheckContext, run: StartedRun, response: Response
) -> Iterator[Finding | ObservedReading]:
    length = run.seconds or 0.0
    if abs(length - 1) < SAME_LENGTH:
        yield ObservedReading("disconnect", context.tenant.id, None, TOO_SIMILAR)
        return
    has_withdrawn = abs(response.seconds - length) < SAME_LENGTH
    value = "withdraws" if has_withdrawn else "still-counts"
    why = "a call after a disconnect from a blocking run"
    yield from _compare_reading(context, "disconnect", value, why)


def _as_check(
    name: str, claims: tuple[str, ...], experiment: Callable[[RealTimeDriver], Observations]
) -> EffectCheck:
    async def run(client: Client, contexts: Sequence[CheckContext]) -> Observations:
        async for outcome in experiment(RealTimeDriver(client, contexts[0])):
            yield outcome

    return EffectCheck(name, claims, run)


REAL_TIME_CHECKS: Final = (
    _as_check(
        "throttle-on-the-wire",
        ("busy-second", "single-run", "run-detached", "same-answer", "silent-drop", "lease-end"),
        check_throttle,
    ),
    _as_check(
        "lease-on-the-wire",
        ("busy-drop", "lease-end", "empty-busy", "empty-no-run", "disconnect-counts"),
        check_lease,
    ),
)
"""Checks for servers without `/_mock/`."""
