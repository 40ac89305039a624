"""Whether a mock's settings leave room for the schedules of the throttle."""

from typing import Final

from superoffice_contract.target.tenants import ImpossibleError
from superoffice_contract.throttle.driver import Stage

TURNED_OFF: Final = 503
"""The status of a call that would be one too many to wait."""


def has_room(stage: Stage, calls: int) -> None:
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
