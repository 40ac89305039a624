"""Detects which readings a server's throttle follows, by experiments on a frozen clock."""

from collections.abc import Iterator
from typing import Final

from superoffice_contract.control.answers import LeaseState
from superoffice_contract.readings import ObservedReading
from superoffice_contract.throttle.driver import ThrottleDriver, ThrottleError

CANNOT_DISCONNECT: Final = "a client can't disconnect from an application in this process"
NO_CALL_WAITS: Final = "no call waits, so a disconnect changes nothing"
NO_LENGTH: Final = "its runs have no length"

Detection = tuple[str | None, str]
"""The value of a reading, None if it could not be detected; and what showed it."""


def detect_readings(driver: ThrottleDriver, *, over_sockets: bool) -> Iterator[ObservedReading]:
    """Yield the value of each open reading of *driver*; the driver expects it from then on.

    Raise ThrottleError if the server follows none of the values.
    """
    for reading, experiment in _EXPERIMENTS.items():
        if reading not in driver.context.readings:
            yield _record(driver, reading, *experiment(driver))
    if "disconnect" not in driver.context.readings:
        detection = _detect_disconnect(driver) if over_sockets else (None, CANNOT_DISCONNECT)
        yield _record(driver, "disconnect", *detection)


def _record(driver: ThrottleDriver, reading: str, value: str | None, why: str) -> ObservedReading:
    if value is not None:
        driver.readings = driver.readings | {reading: value}
    return ObservedReading(reading, driver.context.tenant.id, value, why)


def _detect_run(driver: ThrottleDriver) -> Detection:
    account = max(driver.durations, key=driver.durations.__getitem__)
    if not driver.durations[account]:
        return None, NO_LENGTH
    driver.reset()
    driver.arrive([account])
    outcome = driver.exchanges()[0].outcome
    value = "detached" if outcome == "started" else "blocking"
    return value, "a call to a free tenant"


def _detect_busy(driver: ThrottleDriver) -> Detection:
    driver.reset()
    driver.control("lease/hold")
    driver.arrive([507])
    driver.control("lease/release")
    value = "try-for-1s" if driver.runs() else "wait-then-drop"
    return value, "a lease released within the second"


def _detect_tasks(driver: ThrottleDriver) -> Detection:
    driver.reset()
    driver.arrive([507] * 11)
    (run,) = driver.runs()
    count = len(run.accounts)
    if count not in (10, 11):
        message = f"of 11 accounts {count} are synced, expected 11, or ten in all"
        raise ThrottleError(message, "tasks-dealt")
    return ("ten-at-a-time" if count == 11 else "ten-in-all"), "a call with 11 accounts"


def _detect_empty(driver: ThrottleDriver) -> Detection:
    driver.reset()
    driver.arrive([])
    return ("runs" if driver.runs() else "no-run"), "a call with an empty list"


def _detect_disconnect(driver: ThrottleDriver) -> Detection:
    driver.reset()
    if driver.readings["busy"] == "try-for-1s":
        driver.control("lease/hold")
        driver.arrive([507])
        driver.hang_up(0)
        still_counts = driver.exchanges()[0].outcome == "pending"
    elif driver.readings["run"] == "blocking":
        driver.arrive([507])
        driver.hang_up(0)
        still_counts = driver.read("lease", LeaseState).held
    else:
        return None, NO_CALL_WAITS
    return ("still-counts" if still_counts else "withdraws"), "a call whose client disconnected"


_EXPERIMENTS: Final = {
    "run": _detect_run,
    "busy": _detect_busy,
    "tasks": _detect_tasks,
    "empty": _detect_empty,
}
