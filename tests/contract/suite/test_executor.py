"""The executor: how many requests are in flight, and results of checks that can't finish."""

import asyncio
from collections.abc import Sequence
from typing import Any

from superoffice_contract.checks.check import EffectCheck, Observations
from superoffice_contract.checks.every_answer import EveryAnswer
from superoffice_contract.checks.registry import WIRE_CHECKS
from superoffice_contract.errors import NotObservableError
from superoffice_contract.readings import ObservedReadings
from superoffice_contract.report import Finding, ProgressCounter, Result
from superoffice_contract.suite.check_run import CheckRun
from superoffice_contract.suite.executor import (
    MAX_ACCEPTED_AT_ONCE,
    MAX_REFUSED_AT_ONCE,
    run_effect_check,
)
from superoffice_contract.suite.judging import Judge
from superoffice_contract.suite.plan import Tally
from superoffice_contract.suite.run import run
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client, open_client
from tests.contract.suite.targets import make_mock, make_plan, refuse_all

FINDING = Finding("here", "wrong")


async def run_check_with(*findings: Finding) -> Result:
    """Return the result of a check that yields *findings*, and then can't continue."""

    async def impossible(_: Client, __: Sequence[CheckContext]) -> Observations:
        for finding in findings:
            yield finding
        raise NotObservableError("start it with another setting")

    plan, steps = make_plan(refuse_all), ProgressCounter(lambda *_: None, 1)
    every_answer = EveryAnswer("", (), {})
    judge = Judge(strict=True)
    check_run = CheckRun(plan, (), judge, steps, Tally(), ObservedReadings(), every_answer)
    async with open_client(refuse_all, 5) as client:
        return await run_effect_check(check_run, client, EffectCheck("odd", (), impossible))


async def test_a_check_that_is_impossible_is_skipped_with_the_reason() -> None:
    assert await run_check_with() == Result(
        "odd", "skipped", reason="start it with another setting"
    )


async def test_findings_before_that_are_kept() -> None:
    result = await run_check_with(FINDING)
    assert (result.status, result.findings) == ("failed", (FINDING,))


def test_concurrent_checks_do_not_count_the_time_of_each_other() -> None:
    report = run(make_plan(refuse_all, *(check.name for check in WIRE_CHECKS)))
    assert report.seconds is not None
    seconds = sum(result.seconds for result in report.results)
    assert 0 < seconds <= MAX_REFUSED_AT_ONCE * report.seconds


class RequestCounter:
    """Counts the requests that are in flight in an application."""

    def __init__(self, app: Any) -> None:
        self.app, self.in_flight, self.maximum = app, 0, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.in_flight += 1
        self.maximum = max(self.maximum, self.in_flight)
        await asyncio.sleep(0)
        try:
            await self.app(scope, receive, send)
        finally:
            self.in_flight -= 1


def test_few_requests_are_in_flight_at_once() -> None:
    tenants = make_plan(None).tenants[:1]
    for check, maximum in (
        ("broken-bodies", MAX_REFUSED_AT_ONCE),
        ("member-names", MAX_ACCEPTED_AT_ONCE),
    ):
        counter = RequestCounter(make_mock())
        run(make_plan(counter, check, tenants=tenants))
        assert 1 < counter.maximum <= maximum, check
    assert MAX_REFUSED_AT_ONCE <= 5, "a simple server queues five connections"
