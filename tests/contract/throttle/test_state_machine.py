"""The search for schedules that a server plays otherwise: how long it goes on once it has one."""

import json
from typing import Any

import pytest

from superoffice_contract.errors import TargetError
from superoffice_contract.suite.run import run
from superoffice_contract.suite.throttle import THROTTLE
from superoffice_contract.throttle.driver import ThrottleError
from superoffice_contract.throttle.state_machine import (
    OutOfTimeError,
    ShrinkDeadline,
    Step,
    explore_throttle,
)
from tests.contract.suite.targets import mock, plan

ARRIVE: Step = ("arrive", [1])
ADVANCE: Step = ("advance", 7)


def play(patience: ShrinkDeadline, error: Exception | None, *schedule: Step) -> None:
    """Take the last step of *schedule*, which fails with *error*."""
    with patience.watching(schedule):
        if error is not None:
            raise error


def test_patience_lasts_for_ever_as_long_as_nothing_fails() -> None:
    patience = ShrinkDeadline(0.0)
    for _ in range(2):
        play(patience, None, ARRIVE)


def test_patience_is_spent_from_the_first_failure_on() -> None:
    patience, first = ShrinkDeadline(0.0), ThrottleError("it starts twice")
    with pytest.raises(ThrottleError):
        play(patience, first, ARRIVE, ADVANCE)
    with pytest.raises(OutOfTimeError):
        play(patience, None, ARRIVE)
    assert patience.shortest is first
    assert first.schedule == "arrive [1]; advance 7"


def test_the_shortest_schedule_that_failed_is_kept() -> None:
    patience = ShrinkDeadline(600.0)
    errors = [ThrottleError(f"the {name}") for name in ("first", "shorter", "longer")]
    steps = ((ARRIVE, ADVANCE), (ARRIVE,), (ARRIVE, ADVANCE, ADVANCE))
    for error, schedule in zip(errors, steps, strict=True):
        with pytest.raises(ThrottleError):
            play(patience, error, *schedule)
    assert patience.shortest is errors[1]


def test_a_server_that_can_not_be_asked_any_more_is_not_asked_with_shorter_schedules() -> None:
    patience = ShrinkDeadline(600.0)
    with pytest.raises(TargetError):
        play(patience, TargetError("no answer"), ARRIVE)
    with pytest.raises(OutOfTimeError):
        play(patience, None, ARRIVE)


# ---- a defect that only schedules show which are made up -------------------------------------


class Forgetful:
    """A mock that forgets one of two who are in a call; it keeps the paths of calls."""

    def __init__(self) -> None:
        self.app = mock()
        self.calls: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] != "POST" or scope["path"].startswith("/_mock/"):
            await self.app(scope, receive, send)
            return
        self.calls.append(scope["path"])
        accounts = json.loads((await receive())["body"])["SyncUserAccounts"]
        body = json.dumps({"SyncUserAccounts": accounts[:1] if len(accounts) == 2 else accounts})
        kept = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
        headers = [*kept, (b"content-length", str(len(body)).encode())]
        given = iter([{"type": "http.request", "body": body.encode(), "more_body": False}])

        async def shorter() -> Any:
            return next(given, None) or await receive()

        await self.app({**scope, "headers": headers}, shorter, send)


def explored(seconds: float) -> tuple[Forgetful, str]:
    """Search for so many *seconds* after the first failure; return the schedule that is told."""
    app = Forgetful()
    scene = plan(app).signed_in[0]
    with pytest.raises(ThrottleError, match="claim accounts-array") as failed:
        explore_throttle(app, scene, chance=1, examples=8, seconds=seconds, timeout_seconds=10)
    return app, failed.value.schedule or ""


def test_a_schedule_that_fails_is_made_as_short_as_can_be_or_as_the_time_allows() -> None:
    patient, shortest = explored(600.0)
    hasty, found = explored(0.0)
    assert shortest == "arrive [507, 507]"
    assert "arrive" in found
    assert len(hasty.calls) < len(patient.calls) / 2


@pytest.mark.slow
def test_of_several_tenants_the_first_that_fails_gets_a_short_schedule() -> None:
    app = Forgetful()
    (one,) = run(plan(app, THROTTLE)).results
    assert [each.where for each in one.findings] == ["onsite", "Cust12345"]
    first = [path for path in app.calls if path.startswith("/api")]
    assert len(app.calls) - len(first) < len(first)
