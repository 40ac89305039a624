"""The throttle of a server with `/_mock/`, driven on the tenant's clock and held to the model.

Hypothesis makes up what happens: callers arrive, overlap and hang up, time passes, the lease is
held and released. After every step the journal must say what the model says.
"""

from collections.abc import Sequence
from typing import Any, Final

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from superoffice_contract.expectations import Scene
from superoffice_contract.hermetic import hermetic
from superoffice_contract.learning import learn
from superoffice_contract.signs import Sign
from superoffice_contract.throttle_model import SECOND, TASKS, Arrival, Throttle
from superoffice_contract.throttle_stage import ACCOUNTS, DEFAULTS, Stage, ThrottleError, between

__all__ = ["DEFAULTS", "ThrottleError", "ThrottleMachine", "explore_throttle"]

MOST_ACCOUNTS: Final = 13
FEW: Final = st.lists(st.sampled_from(ACCOUNTS), max_size=3)
MANY: Final = st.lists(st.sampled_from(ACCOUNTS), min_size=TASKS, max_size=MOST_ACCOUNTS)
STEPS: Final = (200_000, 1_000_000, 2_500_000, 7_000_000)
"""Microseconds that pass at once."""


class ThrottleMachine(RuleBasedStateMachine):
    """Drives one stage and the model side by side; `stage` is set by a subclass."""

    stage: Stage
    sockets = False

    def __init__(self) -> None:
        super().__init__()
        self.stage.fresh()
        self.model = Throttle(self.stage.durations, self.stage.readings)

    @rule(accounts=FEW | MANY)
    def arrive(self, accounts: list[int]) -> None:
        """Let a caller arrive."""
        self.model.arrive(accounts)
        self.stage.arrive(accounts)
        self.agree()

    @rule(by=st.sampled_from(STEPS))
    def advance(self, by: int) -> None:
        """Let time pass."""
        self.model.advance(by)
        self.stage.control("POST", "clock/advance", {"seconds": by / SECOND})
        self.agree()

    @precondition(lambda self: not self.model.busy)
    @rule()
    def hold(self) -> None:
        """Hold the lease."""
        self.model.hold()
        self.stage.control("POST", "lease/hold")
        self.agree()

    @rule()
    def release(self) -> None:
        """Release whatever holds the lease."""
        self.model.release()
        self.stage.control("POST", "lease/release")
        self.agree()

    @precondition(lambda self: self.sockets and self.waiting)
    @rule(data=st.data())
    def hang_up(self, data: st.DataObject) -> None:
        """Let a caller who waits hang up."""
        self.let_go(data.draw(st.sampled_from(self.waiting)))

    def let_go(self, number: int) -> None:
        """Let the caller of call *number*, who waits, hang up."""
        self.model.hang_up(self.model.arrivals[number])
        self.stage.hang_up(number)
        self.agree()

    @property
    def waiting(self) -> list[int]:
        """The numbers of the calls that wait for their answers."""
        calls = enumerate(self.model.arrivals)
        return [number for number, one in calls if one.answered_at is None and not one.gone]

    def agree(self) -> None:
        """Raise ThrottleError unless the journal, the runs and the lease are the model's."""
        exchanges = self.stage.exchanges()
        _same("calls", len(self.model.arrivals), len(exchanges), "single-run")
        for arrival, exchange in zip(self.model.arrivals, exchanges, strict=True):
            _same_call(arrival, exchange)
        held = self.stage.control("GET", "lease")["held"]
        _same("the lease is held", self.model.busy, held, "lease-end")
        started = [one for one in self.model.arrivals if one.outcome == "started"]
        runs = self.stage.runs()
        _same("runs", len(started), len(runs), "single-run")
        for arrival, run in zip(started, runs, strict=True):
            _same_run(self.model, arrival, run)


def _same_call(arrival: Arrival, exchange: Any) -> None:  # noqa: ANN401 - JSON
    answered = arrival.answered_at is not None
    outcome = arrival.outcome if answered else "pending"
    got = exchange["outcome"]
    claim = _TAKEN.get((outcome, got)) or _BROKEN[outcome]
    _same(f"call {exchange['id']}", outcome, got, claim)
    accounts = [one["AccountId"] for one in exchange["accounts"] or ()]
    wanted = list(arrival.accounts)
    _same(f"accounts of call {exchange['id']}", wanted, accounts, "accounts-array")
    if arrival.answered_at is not None:
        waited = round(exchange["elapsed"] * SECOND)
        wait = arrival.answered_at - arrival.at
        claim = "busy-second" if outcome == "turned_away" else "run-detached"
        _same(f"microseconds of call {exchange['id']}", wait, waited, claim)


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


def _same_run(model: Throttle, arrival: Arrival, run: Any) -> None:  # noqa: ANN401 - JSON
    name = f"run {run['run']}"
    synced = list(model.synced(arrival.accounts))
    once = list(dict.fromkeys(synced))
    claim = "duplicates" if run["accounts"] == once else "starts-sync"
    _same(f"accounts of {name}", synced, run["accounts"], claim)
    steps = sorted(step["AccountId"] for task in run["tasks"] for step in task)
    _same(f"accounts in the tasks of {name}", sorted(synced), steps, "tasks-dealt")
    if len(run["tasks"]) > TASKS:
        what = f"{name} has {len(run['tasks'])} tasks; at most {TASKS} work at a time"
        raise ThrottleError(what, "task-cap")
    if run["state"] != "released":
        length = between(run["started_at"], run["ends_at"])
        _same(f"microseconds of {name}", model.length(arrival.accounts), length, "lease-end")


def _same(what: str, wanted: object, got: object, claim: str) -> None:
    if wanted != got:
        raise ThrottleError(f"{what}: expected {wanted}, the server says {got}", claim)


Step = tuple[str, Any]

KNOWN: Final[tuple[tuple[Step, ...], ...]] = (
    (("arrive", [1]), ("arrive", [2]), ("advance", 200_000), ("arrive", [2]), ("advance", SECOND)),
    (("arrive", [1]), ("advance", 4_500_000), ("arrive", [2]), ("advance", 500_000)),
    (("arrive", [1] * 10), ("advance", 7_000_000), ("arrive", [1] * 11), ("advance", 7_000_000)),
    (("arrive", [507, 507, -3]), ("advance", 7_000_000), ("arrive", [-3])),
    (("arrive", [507, *[1] * 9, 2, 2, -3]), ("advance", 7_000_000), ("advance", 7_000_000)),
    (("arrive", []), ("arrive", [1]), ("arrive", []), ("advance", SECOND)),
    (("hold", None), ("arrive", [1]), ("advance", 2_500_000), ("release", None), ("arrive", [1])),
    (("arrive", [1]), ("release", None), ("arrive", [2]), ("advance", 7_000_000)),
)
"""Schedules that are always played: each is the shortest that shows some defect."""


def _play(machine: ThrottleMachine, schedule: Sequence[Step]) -> None:
    """Take *machine* through *schedule*; a ThrottleError gets it as a note."""
    try:
        for name, given in schedule:
            getattr(machine, name)(**({} if given is None else {_GIVEN[name]: given}))
    except ThrottleError as error:
        error.add_note("; ".join(f"{name} {given or ''}".rstrip() for name, given in schedule))
        raise


KNOWN_OVER_SOCKETS: Final[tuple[tuple[Step, ...], ...]] = (
    (("arrive", [1]), ("arrive", [2]), ("let_go", 1), ("arrive", [2]), ("advance", 7_000_000)),
    (("hold", None), ("arrive", [1]), ("let_go", 0), ("release", None), ("arrive", [2])),
)
"""The same, of callers who hang up; an application in this process is never hung up on."""
_GIVEN: Final = {"arrive": "accounts", "advance": "by", "let_go": "number"}


def explore_throttle(
    target: object,
    scene: Scene,
    *,
    chance: int,
    examples: int,
    timeout_seconds: float,
    control_token: str | None = None,
) -> tuple[Sign, ...]:
    """Play *examples* schedules that *chance*, a seed, makes up, on *target*'s tenant.

    Return what was learned of the readings that the scene leaves open. Raise ThrottleError with
    the shortest schedule that shows a difference, in its notes.
    """
    staged = Stage(target, scene, timeout_seconds, control_token)
    over_sockets = isinstance(target, str)

    class Machine(ThrottleMachine):
        stage = staged
        sockets = over_sockets

    limits = settings(
        max_examples=examples,
        stateful_step_count=14,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    try:
        learned = tuple(learn(staged, over_sockets=over_sockets))
        for known in (*KNOWN, *(KNOWN_OVER_SOCKETS if over_sockets else ())):
            _play(Machine(), known)
        with hermetic():
            run_state_machine_as_test(seed(chance)(Machine), settings=limits)
        return learned
    finally:
        staged.close()
