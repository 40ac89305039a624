"""Runs a partner's scenario under many schedules, and tells the smallest one that breaks it."""

import asyncio
import contextlib
import inspect
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Unpack

import msgspec

from superoffice_mock.errors import ControlFailed, ExpectationFailed, SetupError
from superoffice_mock.testing.interleavings.middleware import InterleavingMiddleware, Play
from superoffice_mock.testing.interleavings.schedules import (
    KINDS,
    MOVING,
    Schedule,
    read,
    schedules,
    written,
)
from superoffice_mock.testing.server import MockServer, TenantOptions
from superoffice_mock.testing.tenant import SuperOffice

if TYPE_CHECKING:
    from superoffice_mock.app import Mock

Scenario = Callable[[SuperOffice], Coroutine[Any, Any, None] | None]

_SETTLE: Final = "0.005"
"""Real seconds until a clock jumps: an explored app calls from this machine."""


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
    """Run *scenario*, sync or async, on a fresh tenant under each of many schedules.

    A schedule says what happens before which of the app's calls: another caller takes the lease,
    time passes, a connection is cut (*kinds*, all of `KINDS`). *seed* chooses the schedules, the
    same ones each time; *replay* plays the one that an earlier failure printed. Raise
    ExpectationFailed with the smallest schedule under which the scenario raises, and SetupError
    for what explores nothing: a scenario without a call, a *replay* of a call that never comes.
    """
    if examples < 1:
        msg = f"examples={examples}: expected 1 or more"
        raise SetupError(msg)
    with _stage(tenant) as stage:
        if replay is not None:
            schedule = read(replay) if isinstance(replay, str) else replay
            _check_clock([one.kind for one in schedule], tenant)
            failure = _tried(stage, scenario, schedule)
            told = "the scenario fails under the schedule that is replayed"
            if failure is None:
                _check_played(schedule, stage.calls)
        else:
            _check_clock(kinds, tenant)
            failure, told = _searched(stage, scenario, seed, examples, kinds)
    if failure is not None:
        raise ExpectationFailed(_message(failure, told)) from failure.error
    if not stage.calls:
        msg = "no call of the scenario reached the mock: let the app call the url of its argument"
        raise SetupError(msg)


class ConductedServer(MockServer):
    """A server at which *plays* are played, by tenant."""

    def __init__(self, plays: Mapping[str, Play]) -> None:
        super().__init__(jump_settle=_SETTLE)
        self._plays = plays

    def served(self) -> "Mock":
        """Return the mock with a conductor before its application."""
        mock = super().served()
        return msgspec.structs.replace(mock, app=InterleavingMiddleware(mock.app, self._plays))


# ---- one schedule ----------------------------------------------------------------------------


class _Stage:
    """Plays a scenario under schedules, on *server* with its *plays*; `calls` came in all."""

    def __init__(self, server: MockServer, plays: dict[str, Play], tenant: TenantOptions) -> None:
        self.calls = 0
        self._server = server
        self._plays = plays
        self._tenant = tenant

    def play(self, scenario: Scenario, schedule: Schedule) -> None:
        """Run *scenario* under *schedule*, on a fresh tenant."""
        with self._server.tenant(**self._tenant) as office, _same_dice():
            now = Play(office.id, office.credentials.headers, schedule)
            self._plays[office.id] = now
            try:
                _run(scenario, office)
            finally:
                del self._plays[office.id]
                self.calls += now.calls
                if now.broken is not None:
                    raise now.broken


@contextlib.contextmanager
def _stage(tenant: TenantOptions) -> Iterator[_Stage]:
    plays: dict[str, Play] = {}
    with ConductedServer(plays) as server:
        yield _Stage(server, plays, tenant)


@contextlib.contextmanager
def _same_dice() -> Iterator[None]:
    """Let `random` begin alike under each schedule, searched or replayed."""
    import random

    before = random.getstate()
    random.seed(0)
    try:
        yield
    finally:
        random.setstate(before)


def _check_clock(kinds: Sequence[str], tenant: TenantOptions) -> None:
    moves = [kind for kind in kinds if kind in MOVING]
    if tenant.get("clock") == "real" and moves:
        rest = [kind for kind in kinds if kind not in MOVING]
        told = " and ".join(moves)
        msg = f'clock="real": nothing but time moves it, no {told} can happen; take kinds={rest}'
        raise SetupError(msg)


def _check_played(schedule: Schedule, calls: int) -> None:
    for one in schedule:
        if one.before > calls:
            msg = f"replay={written(schedule)!r}: call {one.before} never came, only {calls} did"
            raise SetupError(msg)


def _run(scenario: Scenario, office: SuperOffice) -> None:
    running: object = scenario(office)
    if inspect.isgenerator(running) or inspect.isasyncgen(running):
        msg = "the scenario is a generator, of which nothing has run: it must not yield"
        raise SetupError(msg)
    if inspect.iscoroutine(running):
        with contextlib.closing(running):
            _check_no_loop()
            asyncio.run(running)


def _check_no_loop() -> None:
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop()
        msg = "an async scenario runs in a loop of its own: call explore from a test that has none"
        raise SetupError(msg)


def _tried(stage: _Stage, scenario: Scenario, schedule: Schedule) -> Failure | None:
    try:
        stage.play(scenario, schedule)
    except (ControlFailed, SetupError) as error:
        error.add_note(f"Again: {_again(schedule)}")
        raise  # the scenario asks the mock for what can't be; no app is to blame
    except Exception as error:  # noqa: BLE001 - whatever the scenario raises is what is looked for
        return Failure(schedule, error)
    return None


# ---- many ------------------------------------------------------------------------------------


def _searched(
    stage: _Stage, scenario: Scenario, seed: int, examples: int, kinds: Sequence[str]
) -> tuple[Failure | None, str]:
    """Return the smallest failure and how it was found."""
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
        failure = _tried(stage, scenario, schedule)
        if failure is not None:
            failures.append(failure)
            raise failure.error

    try:
        trial()
    except errors.Flaky:
        return failures[-1], (
            f"the scenario failed once in {tries} schedules (seed {seed}), and not again under the "
            "same one: the app's own threads or clocks have a say in it"
        )
    except Exception:
        if not failures:
            raise
        return failures[-1], (
            f"the scenario fails under the schedule number {tries} (seed {seed}); the smallest:"
        )
    return None, ""


def _message(failure: Failure, told: str) -> str:
    happenings = [one.words for one in failure.schedule] or ["nothing happens around the app"]
    lines = [f"  {one}" for one in happenings]
    error = f"{failure.error}" or type(failure.error).__name__
    if not isinstance(failure.error, AssertionError):
        error = f"{type(failure.error).__name__}: {error}"
    again = f"Again: {_again(failure.schedule)}"
    return "\n".join((told, "", *lines, "", error, "", again))


def _again(schedule: Schedule) -> str:
    return f"explore(…, replay={written(schedule)!r})"
