"""Run the checks that are written by hand: send requests and judge the responses."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from superoffice_contract.checks.check import EffectCheck, WireCheck
from superoffice_contract.checks.expectations import ExpectedResponse, find_reading
from superoffice_contract.checks.registry import READINGS_CHECK
from superoffice_contract.errors import NotObservableError
from superoffice_contract.readings import REASONS_NOT_SHOWN, ObservedReading, ObservedReadings
from superoffice_contract.report import Finding, ProgressCounter, Result
from superoffice_contract.suite.plan import Plan, Tally, conclude, conclude_early
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.curl import curl_command
from superoffice_contract.target.http import Client, Response
from superoffice_contract.target.temporary_tenants import suitable_contexts

MAX_CONCURRENT_REQUESTS: Final = 4
"""Requests in flight at once. More would be faster, as a turned-away call takes a second, but a
simple server may queue only five connections, and a mock may limit how many calls wait."""


class CheckRun(msgspec.Struct, frozen=True):
    """One run of a plan, and what was observed so far."""

    plan: Plan
    steps: ProgressCounter
    tally: Tally
    observed_readings: ObservedReadings

    @asynccontextmanager
    async def prepare_contexts(
        self, client: Client, check: str
    ) -> AsyncIterator[tuple[CheckContext, ...]]:
        """Report that *check* has started, and yield its contexts.

        With `/_mock/`, runs take time at each tenant: temporary tenants are made where needed.
        """
        contexts = self.plan.signed_in_contexts
        with self.steps.step(check):
            if not self.plan.has_control:
                yield contexts
                return
            async with suitable_contexts(client, contexts) as prepared:
                yield prepared


async def run_wire_checks(
    check_run: CheckRun, client: Client, checks: Sequence[WireCheck]
) -> list[Result]:
    """Send all requests of *checks*, a few at a time, and return a result for each check."""
    semaphore = asyncio.Semaphore(MAX_CONCURRENT_REQUESTS)
    results = await asyncio.gather(
        *(_run_wire_check(check_run, client, semaphore, check) for check in checks)
    )
    return [
        _add_reading_conflicts(check_run, result) if result.check == READINGS_CHECK else result
        for result in results
    ]


async def _run_wire_check(
    check_run: CheckRun, client: Client, semaphore: asyncio.Semaphore, check: WireCheck
) -> Result:
    plan = check_run.plan
    contexts = plan.signed_in_contexts if check.needs_credential else plan.contexts
    cases = [(context, expected) for context in contexts for expected in check.cases(context)]

    async def send(number: int, expected: ExpectedResponse) -> Response:
        async with semaphore:
            if number == 0:
                check_run.steps.begin(check.name)
            return await client.send(expected.request)

    responses = await asyncio.gather(
        *(send(number, expected) for number, (_, expected) in enumerate(cases))
    )
    findings: list[Finding] = []
    for (context, expected), response in zip(cases, responses, strict=True):
        _note_readings(check_run.observed_readings, context, expected, response)
        where = f"{context.tenant.id}, {expected.name}"
        for problem in expected.problems(response):
            broken_claims = tuple(dict.fromkeys((*problem.claims, *expected.claims)))
            command = curl_command(client.base, expected.request)
            findings.append(Finding(where, problem.what, broken_claims, command))
    check_run.steps.end()
    claims = tuple(dict.fromkeys(id_ for _, expected in cases for id_ in expected.claims))
    # Sum its own requests: checks run concurrently, so wall-clock time would count other checks.
    return conclude(check.name, claims, findings, sum(response.seconds for response in responses))


def _note_readings(
    observed_readings: ObservedReadings,
    context: CheckContext,
    expected: ExpectedResponse,
    response: Response,
) -> None:
    for reading, why in REASONS_NOT_SHOWN.items():
        observed_readings.add(ObservedReading(reading, context.tenant.id, None, why))
    is_at_tenant = context.url in expected.request.path
    reading_and_value = find_reading(expected, response) if is_at_tenant else None
    if reading_and_value is not None:
        reading, value = reading_and_value
        observed_readings.add(ObservedReading(reading, context.tenant.id, value, expected.name))


def _add_reading_conflicts(check_run: CheckRun, result: Result) -> Result:
    """Add the readings for which responses differ from the expected value, or from each other."""
    readings = check_run.plan.readings
    conflicts = check_run.observed_readings.find_violations(readings, REASONS_NOT_SHOWN)
    return conclude(result.check, result.claims, (*result.findings, *conflicts), result.seconds)


async def run_effect_check(check_run: CheckRun, client: Client, check: EffectCheck) -> Result:
    """Run *check* and return its result."""
    started = time.monotonic()
    findings: list[Finding] = []
    try:
        async with check_run.prepare_contexts(client, check.name) as contexts:
            async for outcome in check.run(client, contexts):
                if isinstance(outcome, ObservedReading):
                    check_run.observed_readings.add(outcome)
                else:
                    findings.append(outcome)
    except (NotObservableError, LookupError, TypeError, ValueError) as error:
        if not (findings and isinstance(error, NotObservableError)):
            return conclude_early(check.name, check.claims, error)
    return conclude(check.name, check.claims, findings, time.monotonic() - started)
