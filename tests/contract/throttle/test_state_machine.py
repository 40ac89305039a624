"""The search for schedules on which a server and the model disagree, and how they are shrunk."""

import json
from typing import Any

import pytest

from superoffice_contract.errors import TargetError
from superoffice_contract.suite.fuzzing import THROTTLE
from superoffice_contract.suite.run import run
from superoffice_contract.throttle.driver import ThrottleError
from superoffice_contract.throttle.state_machine import (
    OutOfTimeError,
    ShrinkDeadline,
    Step,
    explore_throttle,
)
from tests.contract.suite.targets import first_context, make_mock, make_plan

ARRIVE: Step = ("arrive", [1])
ADVANCE: Step = ("advance", 7)


def take_step(deadline: ShrinkDeadline, error: Exception | None, *schedule: Step) -> None:
    """Take the last step of *schedule*, which fails with *error*."""
    with deadline.watch(schedule):
        if error is not None:
            raise error


def test_there_is_no_deadline_before_the_first_failure() -> None:
    deadline = ShrinkDeadline(0.0)
    for _ in range(2):
        take_step(deadline, None, ARRIVE)


def test_the_deadline_starts_with_the_first_failure() -> None:
    deadline, first = ShrinkDeadline(0.0), ThrottleError("it starts twice")
    with pytest.raises(ThrottleError):
        take_step(deadline, first, ARRIVE, ADVANCE)
    with pytest.raises(OutOfTimeError):
        take_step(deadline, None, ARRIVE)
    assert deadline.shortest is first
    assert first.schedule == "arrive [1]; advance 7"


def test_the_shortest_schedule_that_failed_is_kept() -> None:
    deadline = ShrinkDeadline(600.0)
    errors = [ThrottleError(f"the {name}") for name in ("first", "shorter", "longer")]
    schedules = ((ARRIVE, ADVANCE), (ARRIVE,), (ARRIVE, ADVANCE, ADVANCE))
    for error, schedule in zip(errors, schedules, strict=True):
        with pytest.raises(ThrottleError):
            take_step(deadline, error, *schedule)
    assert deadline.shortest is errors[1]


def test_an_error_of_another_kind_is_not_shrunk() -> None:
    deadline = ShrinkDeadline(600.0)
    with pytest.raises(TargetError):
        take_step(deadline, TargetError("no answer"), ARRIVE)
    with pytest.raises(OutOfTimeError):
        take_step(deadline, None, ARRIVE)


# ---- a defect that only generated schedules show ---------------------------------------------


class LosesAnAccount:
    """A mock that drops one of two accounts in a call; it records the paths of calls."""

    def __init__(self) -> None:
        self.app = make_mock()
        self.calls: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] != "POST" or scope["path"].startswith("/_mock/"):
            await self.app(scope, receive, send)
            return
        self.calls.append(scope["path"])
        accounts = json.loads((await receive())["body"])["SyncUserAccounts"]
        body = json.dumps({"SyncUserAccounts": accounts[:1] if len(accounts) == 2 else accounts})
        other_headers = [
            (name, value) for name, value in scope["headers"] if name != b"content-length"
        ]
        headers = [*other_headers, (b"content-length", str(len(body)).encode())]
        messages = iter([{"type": "http.request", "body": body.encode(), "more_body": False}])

        async def receive_changed() -> Any:
            return next(messages, None) or await receive()

        await self.app({**scope, "headers": headers}, receive_changed, send)


def explore(seconds: float) -> tuple[LosesAnAccount, str]:
    """Return the application, and the schedule found when shrinking for that many *seconds*."""
    app = LosesAnAccount()
    context = first_context(make_plan(app))
    with pytest.raises(ThrottleError, match="claim accounts-array") as error_info:
        explore_throttle(
            app, context, random_seed=1, examples=8, shrink_seconds=seconds, timeout_seconds=10
        )
    return app, error_info.value.schedule or ""


def test_a_failing_schedule_is_made_as_short_as_the_time_allows() -> None:
    patient_app, shortest = explore(600.0)
    hasty_app, schedule = explore(0.0)
    assert shortest == "arrive [507, 507]"
    assert "arrive" in schedule
    assert len(hasty_app.calls) < len(patient_app.calls) / 2


@pytest.mark.slow
def test_only_the_schedule_of_the_first_failing_tenant_is_shortened() -> None:
    app = LosesAnAccount()
    (result,) = run(make_plan(app, THROTTLE)).results
    assert [finding.where for finding in result.findings] == ["onsite", "Cust12345"]
    onsite_calls = [path for path in app.calls if path.startswith("/api")]
    assert len(app.calls) - len(onsite_calls) < len(onsite_calls)
