"""The throttle of a server with `/_mock/`, driven on the tenant's clock and held to the model.

Hypothesis makes up what happens: callers arrive, overlap and hang up, time passes, the lease is
held and released. After every step the journal must say what the model says.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from superoffice_contract.fuzzing.isolation import hermetic
from superoffice_contract.readings import ReadingSign
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Note, unnoted
from superoffice_contract.throttle.detect_readings import learn
from superoffice_contract.throttle.driver import (
    ACCOUNTS,
    DEFAULTS,
    ThrottleDriver,
    ThrottleError,
    between,
    has_room,
)
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


Step = tuple[str, Any]


MOST_STEPS: Final = 14
"""Steps of a schedule that is made up, and so the most calls in it."""


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


KNOWN_OVER_SOCKETS: Final[tuple[tuple[Step, ...], ...]] = (
    (("arrive", [1]), ("arrive", [2]), ("let_go", 1), ("arrive", [2]), ("advance", 7_000_000)),
    (("hold", None), ("arrive", [1]), ("let_go", 0), ("release", None), ("arrive", [2])),
)
"""The same, of callers who hang up; an application in this process is never hung up on."""


GIVEN: Final = {"arrive": "accounts", "advance": "by", "let_go": "number"}
"""What the step of a schedule is given, by its name."""


def told(schedule: Iterable[Step]) -> str:
    """Return *schedule* in words."""
    steps = (name if given is None else f"{name} {given}" for name, given in schedule)
    return "; ".join(steps)


class OutOfTimeError(KeyboardInterrupt):
    """The patience is spent. Hypothesis takes anything else for one more failure, or for flaky."""


class ShrinkDeadline:
    """Watches schedules being played, and ends that *seconds* after the first of them failed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: float | None = None
        self._shortest: tuple[int, Exception] | None = None

    @contextmanager
    def watching(self, schedule: Sequence[Step]) -> Iterator[None]:
        """Watch the last step of *schedule*. Raise SpentError instead of taking it when over."""
        if self._until is not None and time.monotonic() >= self._until:
            raise OutOfTimeError
        try:
            yield
        except Exception as error:
            self._failed(error, schedule)
            raise

    def _failed(self, error: Exception, schedule: Sequence[Step]) -> None:
        if self._until is None:
            # Whatever the server can't be asked for is no matter of schedules.
            spent = not isinstance(error, ThrottleError)
            self._until = time.monotonic() + (0.0 if spent else self._seconds)
        if isinstance(error, ThrottleError):
            error.schedule = told(schedule)
        if self._shortest is None or len(schedule) < self._shortest[0]:
            self._shortest = len(schedule), error

    @property
    def shortest(self) -> Exception:
        """What the shortest schedule showed that failed."""
        if self._shortest is None:
            raise AssertionError("nothing has failed, so nothing is spent")
        return self._shortest[1]


__all__ = ["DEFAULTS", "ThrottleError", "ThrottleMachine", "explore_throttle"]


MOST_ACCOUNTS: Final = 13


FEW: Final = st.lists(st.sampled_from(ACCOUNTS), max_size=3)


MANY: Final = st.lists(st.sampled_from(ACCOUNTS), min_size=TASKS, max_size=MOST_ACCOUNTS)


STEPS: Final = (200_000, 1_000_000, 2_500_000, 7_000_000)
"""Microseconds that pass at once."""


class ThrottleMachine(RuleBasedStateMachine):
    """Drives one stage and the model side by side; a subclass sets `stage` and `patience`."""

    stage: ThrottleDriver
    patience: ShrinkDeadline
    sockets = False

    def __init__(self) -> None:
        super().__init__()
        self.stage.fresh()
        self.model = Throttle(self.stage.durations, self.stage.readings)
        self.schedule: list[Step] = []

    @contextmanager
    def step(self, name: str, given: object = None) -> Iterator[None]:
        """Take a step of the schedule, after which both sides must agree."""
        self.schedule.append((name, given))
        with self.patience.watching(self.schedule):
            yield
            self.agree()

    @rule(accounts=FEW | MANY)
    def arrive(self, accounts: list[int]) -> None:
        """Let a caller arrive."""
        with self.step("arrive", accounts):
            self.model.arrive(accounts)
            self.stage.arrive(accounts)

    @rule(by=st.sampled_from(STEPS))
    def advance(self, by: int) -> None:
        """Let time pass."""
        with self.step("advance", by):
            self.model.advance(by)
            self.stage.control("POST", "clock/advance", {"seconds": by / SECOND})

    @precondition(lambda self: not self.model.busy)
    @rule()
    def hold(self) -> None:
        """Hold the lease."""
        with self.step("hold"):
            self.model.hold()
            self.stage.control("POST", "lease/hold")

    @rule()
    def release(self) -> None:
        """Release whatever holds the lease."""
        with self.step("release"):
            self.model.release()
            self.stage.control("POST", "lease/release")

    @precondition(lambda self: self.sockets and self.waiting)
    @rule(data=st.data())
    def hang_up(self, data: st.DataObject) -> None:
        """Let a caller who waits hang up."""
        self.let_go(data.draw(st.sampled_from(self.waiting)))

    def let_go(self, number: int) -> None:
        """Let the caller of call *number*, who waits, hang up."""
        with self.step("let_go", number):
            self.model.hang_up(self.model.arrivals[number])
            self.stage.hang_up(number)

    @property
    def waiting(self) -> list[int]:
        """The numbers of the calls that wait for their answers."""
        calls = enumerate(self.model.arrivals)
        return [number for number, one in calls if one.answered_at is None and not one.gone]

    def agree(self) -> None:
        """Raise ThrottleError unless the journal, the runs and the lease are the model's."""
        exchanges = self.stage.exchanges()
        same("calls", len(self.model.arrivals), len(exchanges), "single-run")
        for arrival, exchange in zip(self.model.arrivals, exchanges, strict=True):
            same_call(arrival, exchange)
        held = self.stage.control("GET", "lease")["held"]
        same("the lease is held", self.model.busy, held, "lease-end")
        started = [one for one in self.model.arrivals if one.outcome == "started"]
        runs = self.stage.runs()
        same("runs", len(started), len(runs), "single-run")
        for arrival, run in zip(started, runs, strict=True):
            same_run(self.model, arrival, run)


def _play(machine: ThrottleMachine, schedule: Sequence[Step]) -> None:
    """Take *machine* through *schedule*."""
    for name, given in schedule:
        getattr(machine, name)(**({} if given is None else {GIVEN[name]: given}))


def explore_throttle(
    target: object,
    scene: CheckContext,
    *,
    chance: int,
    examples: int,
    seconds: float,
    timeout_seconds: float,
    control_token: str | None = None,
    note: Note = unnoted,
) -> tuple[ReadingSign, ...]:
    """Play *examples* schedules that *chance*, a seed, makes up, on *target*'s tenant.

    Return what was learned of the readings that the scene leaves open. Raise ThrottleError with
    the shortest schedule that shows a difference; *seconds* after it was found, with that so far.
    Raise ImpossibleError where a setting of the mock leaves no room for that.
    """
    staged = ThrottleDriver(target, scene, timeout_seconds, control_token, note)
    over_sockets = isinstance(target, str)

    class Machine(ThrottleMachine):
        stage = staged
        patience = ShrinkDeadline(seconds)
        sockets = over_sockets

    limits = settings(
        max_examples=examples,
        stateful_step_count=MOST_STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    try:
        has_room(staged, MOST_STEPS)
        learned = tuple(learn(staged, over_sockets=over_sockets))
        for known in (*KNOWN, *(KNOWN_OVER_SOCKETS if over_sockets else ())):
            _play(Machine(), known)
        with hermetic():
            run_state_machine_as_test(seed(chance)(Machine), settings=limits)
        return learned
    except OutOfTimeError:
        raise Machine.patience.shortest from None
    finally:
        staged.close()
