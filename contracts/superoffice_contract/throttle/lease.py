"""What shows in real time that the lease of a tenant is held until its run ends."""

import asyncio
from collections.abc import Iterator
from typing import Final

from superoffice_contract.checks.check import Observations
from superoffice_contract.readings import CLAIMS_BY_READING, ObservedReading
from superoffice_contract.report import Finding
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request, Response
from superoffice_contract.throttle.timing import FREE_SECONDS
from superoffice_contract.throttle.wire_driver import (
    LEAD,
    MAX_TRIES,
    SAME_LENGTH,
    StartedRun,
    WireDriver,
)

BEFORE_THE_END: Final = 1.5
"""Seconds before the end of a run, if its length is known, at which calls begin."""
MAX_JITTER: Final = 0.05
"""Seconds by which answers may vary so that a wait of less than a second is told from a second."""
TRIES: Final = 2
"""How often it is tried whether a run ends with the connection of another client."""
TOO_UNEVEN: Final = "how long its answers take varies too much"
TOO_LONG: Final = f"a run lasts longer than {MAX_TRIES} calls wait; give --run-seconds"
TOO_SHORT: Final = "its runs end before another call can arrive"
TOO_SIMILAR: Final = "its runs last about as long as a turned-away call"
NO_LENGTH: Final = "a run of an empty list has no length, so it looks like no run"
ONLY_BLOCKING: Final = "the wire shows it for blocking runs only"
REFUSED: Final = "an empty list is refused, or does not wait"


async def check_lease(driver: WireDriver) -> Observations:
    """Yield a finding for each call that shows that the lease is not held until its run ends."""
    await driver.measure_latency()
    run = await driver.start_run()
    if run is None:
        yield report_never_free(driver.context)
        return
    if run.kind == "blocking":
        for experiment in (_check_blocking_end, _check_blocking_empty, _check_blocking_disconnect):
            async for outcome in experiment(driver, run):
                yield outcome
        return
    tenant = driver.context.tenant.id
    yield ObservedReading("disconnect", tenant, None, ONLY_BLOCKING)
    await driver.hang_up()
    plain, empty = await driver.send_together([driver.plain_call, driver.empty_call])
    if driver.is_at_once(plain) and await _is_ended_by_hanging_up(driver):
        what = "a run ends when the client of a turned-away call disconnects"
        yield Finding(tenant, what, ("disconnect-counts",))
        return
    meets_lease = driver.is_busy_second(empty) or await _meets_lease_again(driver, empty)
    if not meets_lease:
        where = f"{tenant}: {empty.seconds:.2f} s"
        what = "an empty list during a run is not answered after 1 s"
        yield Finding(where, what, ("empty-busy",))
    is_usable = meets_lease and empty.status < 300
    async for outcome in _check_end(driver, run, is_empty_usable=is_usable):
        yield outcome


def report_never_free(context: CheckContext) -> Finding:
    """Return the finding that no call has started a run."""
    problem = (
        f"none of {MAX_TRIES} calls was answered within {FREE_SECONDS} s: is it always busy? If "
        "its calls wait for runs that last about a second, give --run-seconds"
    )
    return Finding(context.tenant.id, problem, ("lease-end",))


def compare_reading(
    context: CheckContext, reading: str, value: str | None, why: str
) -> Iterator[Finding | ObservedReading]:
    """Yield the observed *value*, and a finding if the context expects another value."""
    yield ObservedReading(reading, context.tenant.id, value, why)
    expected = context.readings.get(reading, value)
    if value is not None and expected != value:
        what = f"it shows {reading}={value}, expected {reading}={expected}"
        where = f"{context.tenant.id}, {why}"
        yield Finding(where, what, CLAIMS_BY_READING[reading][:1])


# ---- detached runs ---------------------------------------------------------------------------


async def _is_ended_by_hanging_up(driver: WireDriver) -> bool:
    """Return whether a run ends if a client disconnects, and lasts longer if none does.

    One answer that comes late for another reason does not acquit the server.
    """
    for _ in range(TRIES):
        run = await driver.start_run()
        await asyncio.sleep(2 * LEAD + driver.latency)
        response = await driver.send(driver.plain_call)
        if run is None or driver.is_at_once(response):
            return False
        await driver.start_run()
        await driver.hang_up()
        if driver.is_at_once(await driver.send(driver.plain_call)):
            return True
    return False


async def _meets_lease_again(driver: WireDriver, empty: Response) -> bool:
    """Return whether an empty list waits in another run; one that is refused shows nothing."""
    if empty.status >= 300 or not driver.is_at_once(empty):
        return True
    run = await driver.start_run()
    if run is None:
        return True
    plain, empty = await driver.send_during(run, [driver.plain_call, driver.empty_call])
    return driver.is_at_once(plain) or not driver.is_at_once(empty)


async def _check_end(driver: WireDriver, run: StartedRun, *, is_empty_usable: bool) -> Observations:
    """Yield the reading `busy`: whether a call that waits while a run ends is dropped or starts.

    Yield `empty` too: the calls that wait have an empty list, if that tells the same.
    """
    context = driver.context
    request = driver.empty_call if is_empty_usable else driver.plain_call
    value, why = await _observe_end(driver, run, request)
    is_other = value != context.readings.get("busy", value)
    is_vague = driver.jitter > MAX_JITTER and value == "wait-then-drop"
    if is_other or is_vague or why == TOO_SHORT:
        # The first call may have come just as the run ended, or behind it.
        next_run = await driver.start_run()
        if next_run is not None:
            await asyncio.sleep(0.5 if is_other or is_vague else 0.0)
            value, why = await _observe_end(driver, next_run, request)
    if is_vague and value != context.readings.get("busy", value):
        value, why = None, TOO_UNEVEN
    for outcome in compare_reading(context, "busy", value, why):
        yield outcome
    if value is None or not is_empty_usable:
        why_not = why if value is None else NO_LENGTH if is_empty_usable else REFUSED
        yield ObservedReading("empty", context.tenant.id, None, why_not)
        return
    if not driver.is_busy_second(await driver.send(driver.plain_call)):
        yield ObservedReading("empty", context.tenant.id, None, NO_LENGTH)
        return
    why = "a call after one with an empty list"
    for outcome in compare_reading(context, "empty", "runs", why):
        yield outcome


async def _observe_end(
    driver: WireDriver, run: StartedRun, request: Request
) -> tuple[str | None, str]:
    """Return what happens to a *request* that waits while *run* ends."""
    await asyncio.sleep(max(0.0, (run.seconds or 0.0) - BEFORE_THE_END))
    last_call = await driver.send_until_free(request)
    if last_call is None:
        return None, TOO_LONG
    response, turned_away = last_call
    if not driver.is_at_once(response):
        may_be_blocking = not turned_away and not driver.is_at_once(run.response)
        value, why = "try-for-1s", "a call that waited as a run ended"
        return (None, TOO_SHORT) if may_be_blocking else (value, why)
    return ("wait-then-drop", "calls as a run ended") if turned_away else (None, TOO_SHORT)


# ---- blocking runs ---------------------------------------------------------------------------


async def _check_blocking_end(driver: WireDriver, run: StartedRun) -> Observations:
    length = run.seconds or 0.0
    remaining = min(0.5, length / 2)
    value, why = None, TOO_SIMILAR
    if abs(remaining + length - 1) >= SAME_LENGTH:
        after = length - remaining
        (response,) = await driver.send_during(run, [driver.plain_call], after=after)
        has_started = abs(response.seconds - remaining - length) < abs(response.seconds - 1)
        value = "try-for-1s" if has_started else "wait-then-drop"
        why = f"a call {remaining:.1f} s before a run ended"
    for outcome in compare_reading(driver.context, "busy", value, why):
        yield outcome


async def _check_blocking_empty(driver: WireDriver, run: StartedRun) -> Observations:
    """Yield a finding if an empty list is not turned away during a run."""
    tenant = driver.context.tenant.id
    yield ObservedReading("empty", tenant, None, NO_LENGTH)
    for _ in range(2):
        plain, empty = await driver.send_during(run, [driver.plain_call, driver.empty_call])
        is_wrong = driver.is_at_once(empty) and not driver.is_at_once(plain)
        if empty.status >= 300 or not is_wrong:
            return
    what = "an empty list during a run is not answered after 1 s"
    yield Finding(f"{tenant}: {empty.seconds:.2f} s", what, ("empty-busy",))


async def _check_blocking_disconnect(driver: WireDriver, run: StartedRun) -> Observations:
    """Yield the reading `disconnect`: whether a run ends with the connection of its client."""
    await driver.hang_up()
    response = await driver.send(driver.plain_call)
    length = run.seconds or 0.0
    value, why = None, TOO_SIMILAR
    if abs(length - 1) >= SAME_LENGTH:
        has_withdrawn = abs(response.seconds - length) < SAME_LENGTH
        value = "withdraws" if has_withdrawn else "still-counts"
        why = "a call after a disconnect from a blocking run"
    for outcome in compare_reading(driver.context, "disconnect", value, why):
        yield outcome
