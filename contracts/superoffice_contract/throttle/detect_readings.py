"""Which readings the throttle of a server follows, learned from what it does on a still clock."""

from collections.abc import Iterator
from typing import Final

from superoffice_contract.readings import ReadingSign
from superoffice_contract.throttle.driver import ThrottleDriver, ThrottleError

NOBODY_HANGS_UP: Final = "an application in this process can't be hung up on"
NOBODY_WAITS: Final = "a run and the lease are the same whether a caller waits or not"
NO_LENGTH: Final = "its runs have no length"


def learn(stage: ThrottleDriver, *, over_sockets: bool) -> Iterator[ReadingSign]:
    """Yield what each reading that is open at *stage* comes to; the stage follows it from now on.

    Raise ThrottleError where a server follows no value of one.
    """
    for reading, experiment in _EXPERIMENTS.items():
        if reading not in stage.scene.readings:
            yield _learned(stage, reading, *experiment(stage))
    if "disconnect" not in stage.scene.readings:
        found = _disconnect(stage) if over_sockets else (None, NOBODY_HANGS_UP)
        yield _learned(stage, "disconnect", *found)


def _learned(stage: ThrottleDriver, reading: str, value: str | None, why: str) -> ReadingSign:
    if value is not None:
        stage.readings = stage.readings | {reading: value}
    return ReadingSign(reading, stage.scene.tenant.id, value, why)


Learned = tuple[str | None, str]


def _run(stage: ThrottleDriver) -> Learned:
    account = max(stage.durations, key=lambda one: stage.durations[one])
    if not stage.durations[account]:
        return None, NO_LENGTH
    stage.fresh()
    stage.arrive([account])
    outcome = stage.exchanges()[0]["outcome"]
    return {"started": "detached"}.get(outcome, "blocking"), "a call to a free tenant"


def _busy(stage: ThrottleDriver) -> Learned:
    stage.fresh()
    stage.control("POST", "lease/hold")
    stage.arrive([507])
    stage.control("POST", "lease/release")
    return ("try-for-1s" if stage.runs() else "wait-then-drop"), "a lease that frees in the second"


def _tasks(stage: ThrottleDriver) -> Learned:
    stage.fresh()
    stage.arrive([507] * 11)
    (run,) = stage.runs()
    synced = len(run["accounts"])
    if synced not in (10, 11):
        what = f"of 11 accounts {synced} are synced, expected all, or ten in all"
        raise ThrottleError(what, "tasks-dealt")
    return ("ten-at-a-time" if synced == 11 else "ten-in-all"), "a call with 11 accounts"


def _empty(stage: ThrottleDriver) -> Learned:
    stage.fresh()
    stage.arrive([])
    return ("runs" if stage.runs() else "no-run"), "a call with an empty list"


def _disconnect(stage: ThrottleDriver) -> Learned:
    stage.fresh()
    if stage.readings["busy"] == "try-for-1s":
        stage.control("POST", "lease/hold")
        stage.arrive([507])
        stage.hang_up(0)
        counts = stage.exchanges()[0]["outcome"] == "pending"
    elif stage.readings["run"] == "blocking":
        stage.arrive([507])
        stage.hang_up(0)
        counts = stage.control("GET", "lease")["held"]
    else:
        return None, NOBODY_WAITS
    return ("still-counts" if counts else "withdraws"), "a caller who hung up"


_EXPERIMENTS: Final = {"run": _run, "busy": _busy, "tasks": _tasks, "empty": _empty}
