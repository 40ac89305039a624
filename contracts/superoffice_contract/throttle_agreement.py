"""What the model of a throttle says, held against a server's journal; the claims it breaks."""

from typing import Any, Final

from superoffice_contract.throttle.driver import ThrottleError, between
from superoffice_contract.throttle.model import SECOND, TASKS, Arrival, Throttle


def same_call(arrival: Arrival, exchange: Any) -> None:  # noqa: ANN401 - JSON
    """Raise ThrottleError unless *exchange* is what the model made of *arrival*."""
    answered = arrival.answered_at is not None
    outcome = arrival.outcome if answered else "pending"
    got = exchange["outcome"]
    claim = _TAKEN.get((outcome, got)) or _BROKEN[outcome]
    same(f"call {exchange['id']}", outcome, got, claim)
    accounts = [one["AccountId"] for one in exchange["accounts"] or ()]
    wanted = list(arrival.accounts)
    same(f"accounts of call {exchange['id']}", wanted, accounts, "accounts-array")
    if arrival.answered_at is not None:
        waited = round(exchange["elapsed"] * SECOND)
        wait = arrival.answered_at - arrival.at
        claim = "busy-second" if outcome == "turned_away" else "run-detached"
        same(f"microseconds of call {exchange['id']}", wait, waited, claim)


_TAKEN: Final = {
    ("pending", "started"): "single-run",
    ("turned_away", "started"): "single-run",
    ("served", "started"): "single-run",
    ("started", "pending"): "run-detached",
}
"""The claim that is broken where the one outcome was expected, and the other came."""
_BROKEN: Final = {
    "pending": "busy-second",
    "turned_away": "busy-drop",
    "served": "empty-no-run",
    "started": "lease-end",
}
"""The claim that is broken where this outcome was expected and did not come."""


def same_run(model: Throttle, arrival: Arrival, run: Any) -> None:  # noqa: ANN401 - JSON
    """Raise ThrottleError unless *run* is the one that *arrival* started in the *model*."""
    name = f"run {run['run']}"
    synced = list(model.synced(arrival.accounts))
    once = list(dict.fromkeys(synced))
    claim = "duplicates" if run["accounts"] == once else "starts-sync"
    same(f"accounts of {name}", synced, run["accounts"], claim)
    steps = sorted(step["AccountId"] for task in run["tasks"] for step in task)
    same(f"accounts in the tasks of {name}", sorted(synced), steps, "tasks-dealt")
    if len(run["tasks"]) > TASKS:
        what = f"{name} has {len(run['tasks'])} tasks; at most {TASKS} work at a time"
        raise ThrottleError(what, "task-cap")
    if run["state"] != "released":
        length = between(run["started_at"], run["ends_at"])
        same(f"microseconds of {name}", model.length(arrival.accounts), length, "lease-end")


def same(what: str, wanted: object, got: object, claim: str) -> None:
    """Raise ThrottleError, which breaks *claim*, unless the server says what is wanted."""
    if wanted != got:
        raise ThrottleError(f"{what}: expected {wanted}, the server says {got}", claim)
