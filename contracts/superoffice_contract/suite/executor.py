"""The checks that are made by hand: requests are sent, answers judged, and what they show noted."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from superoffice_contract.checks.check import EffectCheck, WireCheck
from superoffice_contract.checks.expectations import ExpectedResponse, sign_of
from superoffice_contract.checks.registry import READINGS_CHECK
from superoffice_contract.errors import ImpossibleError, TargetError
from superoffice_contract.readings import NO_SIGN, ReadingSign, ReadingSigns
from superoffice_contract.report import Finding, Result, Steps
from superoffice_contract.suite.plan import Plan, Tally, concluded, untold
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.curl import curl
from superoffice_contract.target.http import Client, Response
from superoffice_contract.target.temporary_tenants import lasting

AT_A_TIME: Final = 4
"""Requests under way at once: a call that is turned away takes a second, but the queue of the
humblest servers has room for five connections, and some mock may let no more wait."""
_NAMED: Final = re.compile(r"\(claim ([a-z0-9-]+)\)")
"""A wrong may name the claim that it breaks; that one comes first."""


class CheckRun(msgspec.Struct, frozen=True):
    """One run of a plan: what is known of the server, and what was seen so far."""

    plan: Plan
    has_control: bool
    steps: Steps
    tally: Tally
    signs: ReadingSigns

    def scenes(self, found: Sequence[CheckContext]) -> tuple[CheckContext, ...]:
        """Return *found*, knowing whether the server tells the truth."""
        return tuple(msgspec.structs.replace(one, has_control=self.has_control) for one in found)

    @asynccontextmanager
    async def staged(self, caller: Client, check: str) -> AsyncIterator[tuple[CheckContext, ...]]:
        """Yield the scenes for *check*, which is told to be under way; a mock's are lasting."""
        scenes = self.scenes(self.plan.signed_in)
        with self.steps.step(check):
            if not self.has_control:
                yield scenes
                return
            async with lasting(caller, scenes) as fit:
                yield fit


async def wired(course: CheckRun, caller: Client, checks: Sequence[WireCheck]) -> list[Result]:
    """Make all requests of *checks*, some at a time, and return a result for each check."""
    gate = asyncio.Semaphore(AT_A_TIME)
    signed_in = course.scenes(course.plan.signed_in)
    every = course.scenes(course.plan.scenes)
    results = await asyncio.gather(
        *(_wire(course, caller, gate, one, signed_in if one.signed_in else every) for one in checks)
    )
    return [_consistent(course, one) if one.check == READINGS_CHECK else one for one in results]


async def _wire(
    course: CheckRun,
    caller: Client,
    gate: asyncio.Semaphore,
    check: WireCheck,
    scenes: Sequence[CheckContext],
) -> Result:
    expected = [(scene, one) for scene in scenes for one in check.expect(scene)]

    async def answer(number: int, one: ExpectedResponse) -> Response:
        async with gate:
            if number == 0:
                course.steps.begin(check.name)
            return await caller.send(one.ask)

    sent = (answer(number, one) for number, (_, one) in enumerate(expected))
    answers = await asyncio.gather(*sent)
    findings: list[Finding] = []
    for (scene, one), seen in zip(expected, answers, strict=True):
        _note(course.signs, scene, one, seen)
        findings += wrongs(caller.base, scene, one, seen)
    course.steps.end()
    claims = tuple(dict.fromkeys(id_ for _, one in expected for id_ in one.claims))
    # Those of its own requests: checks take turns, so the clock on the wall counts everybody's.
    return concluded(check.name, claims, findings, sum(one.seconds for one in answers))


def _note(signs: ReadingSigns, scene: CheckContext, one: ExpectedResponse, seen: Response) -> None:
    for reading, why in NO_SIGN.items():
        signs.note(ReadingSign(reading, scene.tenant.id, None, why))
    sign = sign_of(one, seen) if scene.url in one.ask.path else None
    if sign is not None:
        reading, value = sign
        signs.note(ReadingSign(reading, scene.tenant.id, value, one.name))


def _consistent(course: CheckRun, result: Result) -> Result:
    """Add where all answers together follow a reading otherwise than told, or in two ways."""
    differing = tuple(course.signs.wrongs(course.plan.readings, NO_SIGN))
    findings = (*result.findings, *differing)
    status = "failed" if findings else "passed"
    return msgspec.structs.replace(result, status=status, findings=findings)


def wrongs(
    base: str, scene: CheckContext, expected: ExpectedResponse, seen: Response
) -> Iterator[Finding]:
    """Yield a finding for each thing that is wrong with *seen*."""
    where = f"{scene.tenant.id}, {expected.name}"
    for wrong in expected.wrongs(seen):
        named = dict.fromkeys((*_NAMED.findall(wrong), *expected.claims))
        yield Finding(where, wrong, tuple(named), curl(base, expected.ask))


async def effect(course: CheckRun, caller: Client, check: EffectCheck) -> Result:
    """Run *check*, and return what it came to."""
    started = time.monotonic()
    findings: list[Finding] = []
    try:
        async with course.staged(caller, check.name) as scenes:
            async for one in check.run(caller, scenes):
                if isinstance(one, ReadingSign):
                    course.signs.note(one)
                else:
                    findings.append(one)
    except TargetError:
        raise
    except ImpossibleError as error:
        if not findings:
            return Result(check.name, "skipped", check.claims, note=str(error))
    except (LookupError, TypeError, ValueError) as error:
        return untold(check.name, check.claims, error)
    return concluded(check.name, check.claims, findings, time.monotonic() - started)
