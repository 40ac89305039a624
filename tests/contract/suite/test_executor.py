"""Checks by hand: how many calls are under way, and what becomes of those that can't be made."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from superoffice_contract.checks.check import EffectCheck, Effects
from superoffice_contract.checks.registry import WIRE_CHECKS
from superoffice_contract.errors import ImpossibleError
from superoffice_contract.readings import ReadingSigns
from superoffice_contract.report import Finding, Result, Steps
from superoffice_contract.suite.executor import AT_A_TIME, CheckRun, effect
from superoffice_contract.suite.plan import Plan, Tally
from superoffice_contract.suite.run import run
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client, calling
from tests.contract.suite.targets import mock, plan, refusing

WRONG = Finding("here", "wrong")


def course(of: Plan) -> CheckRun:
    return CheckRun(of, True, Steps(lambda *_: None, 1), Tally(), ReadingSigns())


async def came_to(*findings: Finding) -> Result:
    """What a check comes to that has *findings*, and then can't go on."""

    async def impossible(_: Client, __: Sequence[CheckContext]) -> Effects:
        for one in findings:
            yield one
        raise ImpossibleError("start it otherwise")

    async with calling(refusing, 5) as caller:
        return await effect(course(plan(refusing)), caller, EffectCheck("odd", (), impossible))


async def test_a_check_that_a_server_makes_impossible_is_skipped_and_says_why() -> None:
    assert await came_to() == Result("odd", "skipped", note="start it otherwise")


async def test_what_it_has_found_before_stays_found() -> None:
    result = await came_to(WRONG)
    assert (result.status, result.findings) == ("failed", (WRONG,))


def test_checks_that_take_turns_do_not_count_the_time_of_each_other() -> None:
    found = run(plan(refusing, *(one.name for one in WIRE_CHECKS)))
    assert found.seconds is not None
    assert 0 < sum(one.seconds for one in found.results) <= AT_A_TIME * found.seconds


class Counting:
    """An application that counts the calls that are under way in another."""

    def __init__(self, app: Any) -> None:
        self.app, self.now, self.most = app, 0, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        try:
            await self.app(scope, receive, send)
        finally:
            self.now -= 1


@pytest.mark.parametrize("app", [refusing, mock()], ids=["another", "a mock"])
def test_a_server_gets_no_more_calls_at_once_than_the_humblest_can_queue(app: Any) -> None:
    counting = Counting(app)
    run(plan(counting, "broken-bodies", "ids"))
    assert counting.most == AT_A_TIME <= 5
