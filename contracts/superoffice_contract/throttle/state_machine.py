"""Compares the throttle of a server with `/_mock/` with the model, on the tenant's clock.

Hypothesis generates schedules: calls arrive and overlap, clients disconnect, time passes, the lease
is held and released. After every step the journal must agree with the model.
"""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Final

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from superoffice_contract.control.answers import Exchange, LeaseState, Run
from superoffice_contract.fuzzing.isolation import isolated_hypothesis
from superoffice_contract.readings import ObservedReading
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client
from superoffice_contract.throttle.detect_readings import detect_readings
from superoffice_contract.throttle.driver import (
    ACCOUNTS,
    DEFAULTS,
    ThrottleDriver,
    ThrottleError,
    check_capacity,
    microseconds_of,
)
from superoffice_contract.throttle.model import MAX_TASKS, SECOND, Arrival, Throttle

__all__ = ["DEFAULTS", "ThrottleError", "ThrottleMachine", "explore_throttle"]

Step = tuple[Any, ...]
"""The name of a method of `ThrottleMachine`, and its argument if it has one."""
MAX_STEPS: Final = 14
"""Steps of a generated schedule, and so the most calls in it."""
MAX_ACCOUNTS: Final = 13
FEW: Final = st.lists(st.sampled_from(ACCOUNTS), max_size=3)
MANY: Final = st.lists(st.sampled_from(ACCOUNTS), min_size=MAX_TASKS, max_size=MAX_ACCOUNTS)
STEPS: Final = (200_000, 1_000_000, 2_500_000, 7_000_000)
"""Microseconds by which a step advances the clock."""
FIXED_SCHEDULES: Final[tuple[tuple[Step, ...], ...]] = (
    (("arrive", [1]), ("arrive", [2]), ("advance", 200_000), ("arrive", [2]), ("advance", SECOND)),
    (("arrive", [1]), ("advance", 4_500_000), ("arrive", [2]), ("advance", 500_000)),
    (("arrive", [1] * 10), ("advance", 7_000_000), ("arrive", [1] * 11), ("advance", 7_000_000)),
    (("arrive", [507, 507, -3]), ("advance", 7_000_000), ("arrive", [-3])),
    (("arrive", [507, *[1] * 9, 2, 2, -3]), ("advance", 7_000_000), ("advance", 7_000_000)),
    (("arrive", []), ("arrive", [1]), ("arrive", []), ("advance", SECOND)),
    (("hold",), ("arrive", [1]), ("advance", 2_500_000), ("release",), ("arrive", [1])),
    (("arrive", [1]), ("release",), ("arrive", [2]), ("advance", 7_000_000)),
)
"""Schedules that always run: each is the shortest that shows some defect."""
FIXED_SCHEDULES_OVER_SOCKETS: Final[tuple[tuple[Step, ...], ...]] = (
    (("arrive", [1]), ("arrive", [2]), ("disconnect", 1), ("arrive", [2]), ("advance", 7_000_000)),
    (("hold",), ("arrive", [1]), ("disconnect", 0), ("release",), ("arrive", [2])),
)
"""Schedules with disconnects, which an application in this process can't have."""
_CLAIM_BY_OUTCOMES: Final = {
    ("pending", "started"): "single-run",
    ("turned_away", "started"): "single-run",
    ("served", "started"): "single-run",
    ("started", "pending"): "run-detached",
}
"""The claim that is broken, by the expected and the actual outcome."""
_CLAIM_BY_EXPECTED: Final = {
    "pending": "busy-second",
    "turned_away": "busy-drop",
    "served": "empty-no-run",
    "started": "lease-end",
}
"""The claim that is broken, by the expected outcome, where `_CLAIM_BY_OUTCOMES` has no entry."""


def check_call(arrival: Arrival, exchange: Exchange) -> None:
    """Raise ThrottleError unless *exchange* agrees with *arrival* of the model."""
    is_answered = arrival.answered_at is not None
    outcome = arrival.outcome if is_answered else "pending"
    actual = exchange.outcome
    claim = _CLAIM_BY_OUTCOMES.get((outcome, actual)) or _CLAIM_BY_EXPECTED[outcome]
    name = f"call {exchange.id}"
    check_equal(name, outcome, actual, claim)
    accounts, expected_accounts = list(exchange.account_ids), list(arrival.accounts)
    check_equal(f"accounts of {name}", expected_accounts, accounts, "accounts-array")
    if arrival.answered_at is not None:
        actual_wait = round((exchange.elapsed or 0) * SECOND)
        wait = arrival.answered_at - arrival.at
        claim = "busy-second" if outcome == "turned_away" else "run-detached"
        check_equal(f"microseconds of {name}", wait, actual_wait, claim)


def check_run(model: Throttle, arrival: Arrival, run: Run) -> None:
    """Raise ThrottleError unless *run* agrees with the run that *arrival* starts in *model*."""
    name, accounts = f"run {run.id}", list(run.accounts)
    expected_accounts = list(model.accounts_to_sync(arrival.accounts))
    without_duplicates = list(dict.fromkeys(expected_accounts))
    claim = "duplicates" if accounts == without_duplicates else "starts-sync"
    check_equal(f"accounts of {name}", expected_accounts, accounts, claim)
    steps = sorted(step.account for task in run.tasks for step in task)
    check_equal(f"accounts in the tasks of {name}", sorted(expected_accounts), steps, "tasks-dealt")
    if len(run.tasks) > MAX_TASKS:
        message = f"{name} has {len(run.tasks)} tasks; at most {MAX_TASKS} work at a time"
        raise ThrottleError(message, "task-cap")
    if run.state != "released":
        expected_length = model.run_length(arrival.accounts)
        check_equal(f"microseconds of {name}", expected_length, microseconds_of(run), "lease-end")


def check_equal(what: str, expected: object, actual: object, claim: str) -> None:
    """Raise ThrottleError for *claim* unless *actual*, which the server says, is *expected*."""
    if expected != actual:
        raise ThrottleError(f"{what}: expected {expected}, the server says {actual}", claim)


class OutOfTimeError(KeyboardInterrupt):
    """The time to shrink is over. A KeyboardInterrupt, as Hypothesis shrinks any other error."""


class ShrinkDeadline:
    """Watches schedules, and stops the search *seconds* after the first of them failed.

    *shortest* is the error of the shortest schedule that failed.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends_at = self._length = math.inf
        self.shortest: Exception = AssertionError("no schedule has failed")

    @contextmanager
    def watch(self, schedule: Sequence[Step]) -> Iterator[None]:
        """Watch the last step of *schedule*. Raise OutOfTimeError instead if the time is over."""
        if time.monotonic() >= self._ends_at:
            raise OutOfTimeError
        try:
            yield
        except Exception as error:
            seconds = 0.0  # an error of another kind does not depend on the schedule
            if isinstance(error, ThrottleError):
                error.schedule = "; ".join(" ".join(map(str, step)) for step in schedule)
                seconds = self._seconds
            self._ends_at = min(self._ends_at, time.monotonic() + seconds)
            if len(schedule) < self._length:
                self._length, self.shortest = len(schedule), error
            raise


class ThrottleMachine(RuleBasedStateMachine):
    """Drives a server and the model side by side; a subclass sets `driver` and `deadline`."""

    driver: ThrottleDriver
    deadline: ShrinkDeadline
    over_sockets = False

    def __init__(self) -> None:
        super().__init__()
        self.driver.reset()
        self.model = Throttle(self.driver.durations, self.driver.readings)
        self.schedule: list[Step] = []

    @contextmanager
    def step(self, *step: object) -> Iterator[None]:
        """Take a step of the schedule, and check that both sides agree after it."""
        self.schedule.append(step)
        with self.deadline.watch(self.schedule):
            yield
            self.check_agreement()

    @rule(accounts=FEW | MANY)
    def arrive(self, accounts: list[int]) -> None:
        """Send a call."""
        with self.step("arrive", accounts):
            self.model.arrive(accounts)
            self.driver.arrive(accounts)

    @rule(by=st.sampled_from(STEPS))
    def advance(self, by: int) -> None:
        """Let time pass."""
        with self.step("advance", by):
            self.model.advance(by)
            self.driver.control("clock/advance", {"seconds": by / SECOND})

    @precondition(lambda self: not self.model.is_busy)
    @rule()
    def hold(self) -> None:
        """Hold the lease."""
        with self.step("hold"):
            self.model.hold()
            self.driver.control("lease/hold")

    @rule()
    def release(self) -> None:
        """Release whatever holds the lease."""
        with self.step("release"):
            self.model.release()
            self.driver.control("lease/release")

    @precondition(lambda self: self.over_sockets and self.waiting)
    @rule(data=st.data())
    def hang_up(self, data: st.DataObject) -> None:
        """Disconnect a call that waits."""
        self.disconnect(data.draw(st.sampled_from(self.waiting)))

    def disconnect(self, number: int) -> None:
        """Disconnect call *number*, which waits."""
        with self.step("disconnect", number):
            self.model.hang_up(self.model.arrivals[number])
            self.driver.hang_up(number)

    @property
    def waiting(self) -> list[int]:
        """The numbers of the calls that wait for their responses."""
        calls = enumerate(self.model.arrivals)
        return [number for number, call in calls if call.answered_at is None and not call.hung_up]

    def check_agreement(self) -> None:
        """Raise ThrottleError unless journal, runs and lease agree with the model."""
        exchanges = self.driver.exchanges()
        check_equal("calls", len(self.model.arrivals), len(exchanges), "single-run")
        for arrival, exchange in zip(self.model.arrivals, exchanges, strict=True):
            check_call(arrival, exchange)
        is_held = self.driver.read("lease", LeaseState).held
        check_equal("the lease is held", self.model.is_busy, is_held, "lease-end")
        arrivals = [call for call in self.model.arrivals if call.outcome == "started"]
        runs = self.driver.runs()
        check_equal("runs", len(arrivals), len(runs), "single-run")
        for arrival, run in zip(arrivals, runs, strict=True):
            check_run(self.model, arrival, run)


def explore_throttle(
    connection: AbstractAsyncContextManager[Client],
    context: CheckContext,
    *,
    has_sockets: bool,
    random_seed: int,
    examples: int,
    shrink_seconds: float,
) -> tuple[ObservedReading, ...]:
    """Run the fixed schedules and *examples* generated ones on the tenant of *context*.

    *connection* leads to a server at a URL if it *has_sockets*, else to an application.
    Return the detected value of each open reading of the context. Raise ThrottleError with the
    shortest schedule that shows a difference, found within *shrink_seconds* after the first.
    Raise NotObservableError if a setting of the mock leaves no room for a schedule.
    """
    throttle_driver = ThrottleDriver(connection, context)

    class Machine(ThrottleMachine):
        driver = throttle_driver
        deadline = ShrinkDeadline(shrink_seconds)
        over_sockets = has_sockets

    limits = settings(
        max_examples=examples,
        stateful_step_count=MAX_STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    try:
        check_capacity(throttle_driver, MAX_STEPS)
        detected_readings = tuple(detect_readings(throttle_driver, over_sockets=has_sockets))
        for schedule in (*FIXED_SCHEDULES, *(FIXED_SCHEDULES_OVER_SOCKETS if has_sockets else ())):
            machine = Machine()
            for name, *arguments in schedule:
                getattr(machine, name)(*arguments)
        with isolated_hypothesis():
            run_state_machine_as_test(seed(random_seed)(Machine), settings=limits)
        return detected_readings
    except OutOfTimeError:
        raise Machine.deadline.shortest from None
    finally:
        throttle_driver.close()
