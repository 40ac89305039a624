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
from tests.contract.suite.targets import (
    App,
    change_bodies,
    first_context,
    make_mock,
    make_plan,
)

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


def lose_accounts() -> tuple[App, list[str]]:
    """Return a mock that drops one of two accounts in a call, and the paths of its calls."""
    calls: list[str] = []

    def lose_account(scope: Any, body: bytes) -> bytes:
        if scope["method"] != "POST" or scope["path"].startswith("/_mock/"):
            return body
        calls.append(scope["path"])
        accounts = json.loads(body)["SyncUserAccounts"]
        kept = accounts[:1] if len(accounts) == 2 else accounts
        return json.dumps({"SyncUserAccounts": kept}).encode()

    return change_bodies(make_mock(), lose_account), calls


def explore(seconds: float) -> tuple[list[str], str]:
    """Return the calls, and the schedule found when shrinking for that many *seconds*."""
    app, calls = lose_accounts()
    plan = make_plan(app)
    with pytest.raises(ThrottleError, match="claim accounts-array") as error_info:
        explore_throttle(
            plan.connect(),
            first_context(plan),
            has_sockets=False,
            random_seed=1,
            examples=8,
            shrink_seconds=seconds,
        )
    return calls, error_info.value.schedule or ""


def test_a_failing_schedule_is_made_as_short_as_the_time_allows() -> None:
    patient_calls, shortest = explore(600.0)
    hasty_calls, schedule = explore(0.0)
    assert shortest == "arrive [507, 507]"
    assert "arrive" in schedule
    assert len(hasty_calls) < len(patient_calls) / 2


@pytest.mark.slow
def test_only_the_schedule_of_the_first_failing_tenant_is_shortened() -> None:
    app, calls = lose_accounts()
    (result,) = run(make_plan(app, THROTTLE)).results
    assert [finding.where for finding in result.findings] == ["onsite", "Cust12345"]
    onsite_calls = [path for path in calls if path.startswith("/api")]
    assert len(calls) - len(onsite_calls) < len(onsite_calls)
