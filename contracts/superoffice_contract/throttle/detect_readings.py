"""Detects which readings a server's throttle follows, by experiments on a frozen clock."""

from collections.abc import Iterator
from typing import Final

from superoffice_contract.readings import ReadingSign
from superoffice_contract.throttle.driver import ThrottleDriver, ThrottleError

CANNOT_HANG_UP: Final = "a client can't hang up on an application in this process"
NO_CALL_WAITS: Final = "no call waits, so a disconnect changes nothing"
NO_LENGTH: Final = "its runs have no length"

Detection = tuple[str | None, str]
"""The value of a reading, None if it could not be detected; and what showed it."""


def detect_readings(driver: ThrottleDriver, *, over_sockets: bool) -> Iterator[ReadingSign]:
    """Yield a sign for each open reading of *driver*; the driver expects its value from then on.

    Raise ThrottleError if the server follows none of the values.
    """
    for reading, experiment in _EXPERIMENTS.items():
        if reading not in driver.context.readings:
            yield _record(driver, reading, *experiment(driver))
    if "disconnect" not in driver.context.readings:
        detection = _disconnect(driver) if over_sockets else (None, CANNOT_HANG_UP)
        yield _record(driver, "disconnect", *detection)


def _record(driver: ThrottleDriver, reading: str, value: str | None, why: str) -> ReadingSign:
    if value is not None:
        driver.readings = driver.readings | {reading: value}
    return ReadingSign(reading, driver.context.tenant.id, value, why)


def _run(driver: ThrottleDriver) -> Detection:
    account = max(driver.durations, key=driver.durations.__getitem__)
    if not driver.durations[account]:
        return None, NO_LENGTH
    driver.reset()
    driver.arrive([account])
    outcome = driver.exchanges()[0]["outcome"]
    return {"started": "detached"}.get(outcome, "blocking"), "a call to a free tenant"


def _busy(driver: ThrottleDriver) -> Detection:
    driver.reset()
    driver.control("POST", "lease/hold")
    driver.arrive([507])
    driver.control("POST", "lease/release")
    value = "try-for-1s" if driver.runs() else "wait-then-drop"
    return value, "a lease released within the second"


def _tasks(driver: ThrottleDriver) -> Detection:
    driver.reset()
    driver.arrive([507] * 11)
    (run,) = driver.runs()
    count = len(run["accounts"])
    if count not in (10, 11):
        message = f"of 11 accounts {count} are synced, expected 11, or ten in all"
        raise ThrottleError(message, "tasks-dealt")
    return ("ten-at-a-time" if count == 11 else "ten-in-all"), "a call with 11 accounts"


def _empty(driver: ThrottleDriver) -> Detection:
    driver.reset()
    driver.arrive([])
    return ("runs" if driver.runs() else "no-run"), "a call with an empty list"


def _disconnect(driver: ThrottleDriver) -> Detection:
    driver.reset()
    if driver.readings["busy"] == "try-for-1s":
        driver.control("POST", "lease/hold")
        driver.arrive([507])
        driver.hang_up(0)
        still_counts = driver.exchanges()[0]["outcome"] == "pending"
    elif driver.readings["run"] == "blocking":
        driver.arrive([507])
        driver.hang_up(0)
        still_counts = driver.control("GET", "lease")["held"]
    else:
        return None, NO_CALL_WAITS
    return ("still-counts" if still_counts else "withdraws"), "a call that hung up"


_EXPERIMENTS: Final = {"run": _run, "busy": _busy, "tasks": _tasks, "empty": _empty}
