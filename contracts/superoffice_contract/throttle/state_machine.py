"""The throttle of a server with `/_mock/`, driven on the tenant's clock and held to the model.

Hypothesis makes up what happens: callers arrive, overlap and hang up, time passes, the lease is
held and released. After every step the journal must say what the model says.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from superoffice_contract.checks.expectations import Scene
from superoffice_contract.fuzzing.isolation import hermetic
from superoffice_contract.patience import Patience, SpentError
from superoffice_contract.readings import Sign
from superoffice_contract.room import has_room
from superoffice_contract.target.http import Note, unnoted
from superoffice_contract.throttle.detect_readings import learn
from superoffice_contract.throttle.driver import ACCOUNTS, DEFAULTS, Stage, ThrottleError
from superoffice_contract.throttle.model import SECOND, TASKS, Throttle
from superoffice_contract.throttle_agreement import same, same_call, same_run
from superoffice_contract.throttle_schedules import (
    GIVEN,
    KNOWN,
    KNOWN_OVER_SOCKETS,
    MOST_STEPS,
    Step,
)

__all__ = ["DEFAULTS", "ThrottleError", "ThrottleMachine", "explore_throttle"]

MOST_ACCOUNTS: Final = 13
FEW: Final = st.lists(st.sampled_from(ACCOUNTS), max_size=3)
MANY: Final = st.lists(st.sampled_from(ACCOUNTS), min_size=TASKS, max_size=MOST_ACCOUNTS)
STEPS: Final = (200_000, 1_000_000, 2_500_000, 7_000_000)
"""Microseconds that pass at once."""


class ThrottleMachine(RuleBasedStateMachine):
    """Drives one stage and the model side by side; a subclass sets `stage` and `patience`."""

    stage: Stage
    patience: Patience
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
    scene: Scene,
    *,
    chance: int,
    examples: int,
    seconds: float,
    timeout_seconds: float,
    control_token: str | None = None,
    note: Note = unnoted,
) -> tuple[Sign, ...]:
    """Play *examples* schedules that *chance*, a seed, makes up, on *target*'s tenant.

    Return what was learned of the readings that the scene leaves open. Raise ThrottleError with
    the shortest schedule that shows a difference; *seconds* after it was found, with that so far.
    Raise ImpossibleError where a setting of the mock leaves no room for that.
    """
    staged = Stage(target, scene, timeout_seconds, control_token, note)
    over_sockets = isinstance(target, str)

    class Machine(ThrottleMachine):
        stage = staged
        patience = Patience(seconds)
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
    except SpentError:
        raise Machine.patience.shortest from None
    finally:
        staged.close()
