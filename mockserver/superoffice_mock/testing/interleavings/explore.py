"""Runs a scenario under many schedules, and reports the smallest one under which it fails."""

import asyncio
import contextlib
import inspect
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Unpack

import msgspec

from superoffice_mock.errors import ControlFailed, ExpectationFailed, SetupError
from superoffice_mock.testing.interleavings.middleware import InterleavingMiddleware, ScheduleRun
from superoffice_mock.testing.interleavings.schedules import (
    CLOCK_KINDS,
    KINDS,
    Schedule,
    format_schedule,
    parse_schedule,
    schedules,
)
from superoffice_mock.testing.server import MockServer, TenantOptions
from superoffice_mock.testing.tenant import SuperOffice

if TYPE_CHECKING:
    from superoffice_mock.app import Mock

__tracebackhide__ = True
"""A failing test shows its own line, and none of this module."""
Scenario = Callable[[SuperOffice], Coroutine[Any, Any, None] | None]

_JUMP_SETTLE: Final = "0.005"
"""Real seconds until a clock jumps; short, as an explored app calls from this machine."""


class Failure(msgspec.Struct, frozen=True):
    """A schedule under which the scenario failed, and how."""

    schedule: Schedule
    error: Exception


def explore(
    scenario: Scenario,
    *,
    seed: int = 0,
    examples: int = 100,
    kinds: Sequence[str] = tuple(KINDS),
    replay: str | Schedule | None = None,
    **tenant: Unpack[TenantOptions],
) -> None:
    """Run *scenario*, sync or async, on a new tenant under each of many schedules.

    A schedule says what happens before which of the app's calls: another client takes the lease,
    time passes, a connection is reset (*kinds*, all of `KINDS`). The same *seed* chooses the same
    schedules; *replay* plays the one that an earlier failure printed. Raise ExpectationFailed
    with the smallest schedule under which the scenario raises, and SetupError if nothing was
    explored: the scenario makes no call, or *replay* names a call that it does not make.
    """
    if examples < 1:
        raise SetupError(f"examples={examples}: expected 1 or more")
    with _Explorer(scenario, tenant) as explorer:
        if replay is not None:
            schedule = parse_schedule(replay) if isinstance(replay, str) else replay
            _check_clock([event.kind for event in schedule], tenant)
            failure = explorer.try_schedule(schedule)
            summary = "the scenario fails under the replayed schedule:"
            if failure is None:
                _check_complete(schedule, explorer.calls)
        else:
            _check_clock(kinds, tenant)
            failure, summary = _search(explorer, seed, examples, kinds)
    if failure is not None:
        raise ExpectationFailed(_describe(failure, summary)) from failure.error
    if not explorer.calls:
        msg = "no call of the scenario reached the mock: let the app call the url of its argument"
        raise SetupError(msg)


class _Explorer(MockServer):
    """A server on which *scenario* runs under schedules; `calls` counts the calls of all runs."""

    def __init__(self, scenario: Scenario, options: TenantOptions) -> None:
        super().__init__(jump_settle=_JUMP_SETTLE)
        self.calls = 0
        self._scenario = scenario
        self._options = options
        self._schedule_runs: dict[str, ScheduleRun] = {}

    def served(self) -> "Mock":
        mock = super().served()
        app = InterleavingMiddleware(mock.app, self._schedule_runs)
        return msgspec.structs.replace(mock, app=app)

    def try_schedule(self, schedule: Schedule) -> Failure | None:
        try:
            self._play(schedule)
        except (ControlFailed, SetupError) as error:
            error.add_note(_replay_hint(schedule))
            raise  # the scenario asks the mock for something invalid; the app is not to blame
        except Exception as error:  # noqa: BLE001 - any exception of the scenario is a failure
            return Failure(schedule, error)
        return None

    def _play(self, schedule: Schedule) -> None:
        with self.tenant(**self._options) as office, _seeded_random():
            schedule_run = ScheduleRun(office.id, office.credentials.headers, schedule)
            self._schedule_runs[office.id] = schedule_run
            try:
                _run(self._scenario, office)
            finally:
                del self._schedule_runs[office.id]
                self.calls += schedule_run.calls
                if schedule_run.error is not None:
                    raise schedule_run.error


@contextlib.contextmanager
def _seeded_random() -> Iterator[None]:
    """Give `random` the same seed for each schedule, in a search and in a replay."""
    import random

    state = random.getstate()
    random.seed(0)
    try:
        yield
    finally:
        random.setstate(state)


def _check_clock(kinds: Sequence[str], tenant: TenantOptions) -> None:
    advancing = [kind for kind in kinds if kind in CLOCK_KINDS]
    if tenant.get("clock") == "real" and advancing:
        possible = [kind for kind in kinds if kind not in CLOCK_KINDS]
        raise SetupError(
            f"clock=\"real\": it can't be advanced, so {' and '.join(advancing)} can't happen; "
            f"use kinds={possible}"
        )


def _check_complete(schedule: Schedule, calls: int) -> None:
    for event in schedule:
        if event.before > calls:
            text = format_schedule(schedule)
            raise SetupError(f"replay={text!r}: call {event.before} never came, only {calls} did")


def _run(scenario: Scenario, office: SuperOffice) -> None:
    result: object = scenario(office)
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise SetupError("the scenario is a generator, so nothing of it has run: it must not yield")
    if inspect.iscoroutine(result):
        with contextlib.closing(result):
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop()
                raise SetupError(
                    "an async scenario gets an event loop of its own: call explore from a sync test"
                )
            asyncio.run(result)


def _search(
    explorer: _Explorer, seed: int, examples: int, kinds: Sequence[str]
) -> tuple[Failure | None, str]:
    strategy = schedules(kinds)
    import hypothesis
    from hypothesis import errors

    failures: list[Failure] = []
    tries = 0

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
    )
    @hypothesis.given(strategy)
    def trial(schedule: Schedule) -> None:
        nonlocal tries
        tries += not failures
        failure = explorer.try_schedule(schedule)
        if failure is not None:
            failures.append(failure)
            raise failure.error

    try:
        trial()
    except errors.Flaky:
        return failures[-1], (
            f"the scenario failed once in {tries} schedules (seed {seed}), but not again under the "
            "same schedule; threads or clocks of the app may make the difference:"
        )
    except Exception:
        if not failures:
            raise
        return failures[-1], (
            f"the scenario fails under schedule number {tries} (seed {seed}), in its smallest form:"
        )
    return None, ""


def _describe(failure: Failure, summary: str) -> str:
    events = [event.describe() for event in failure.schedule]
    lines = [f"  {line}" for line in events or ["nothing happens around the app"]]
    error = f"{failure.error}" or type(failure.error).__name__
    if not isinstance(failure.error, AssertionError):
        error = f"{type(failure.error).__name__}: {error}"
    return "\n".join((summary, "", *lines, "", error, "", _replay_hint(failure.schedule)))


def _replay_hint(schedule: Schedule) -> str:
    return f"Again: explore(…, replay={format_schedule(schedule)!r})"
