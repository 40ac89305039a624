"""Run the checks that are written by hand: send requests and judge the responses."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from superoffice_contract.checks.check import EffectCheck, WireCheck
from superoffice_contract.checks.expectations import ExpectedResponse, find_reading
from superoffice_contract.checks.registry import READINGS_CHECK
from superoffice_contract.errors import NotObservableError, TargetError
from superoffice_contract.openapi.claims import find_references
from superoffice_contract.readings import REASONS_NOT_SHOWN, ObservedReading, ObservedReadings
from superoffice_contract.report import Finding, ProgressCounter, Result
from superoffice_contract.suite.plan import Plan, Tally, conclude, control_error
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.curl import curl_command
from superoffice_contract.target.http import Client, Response
from superoffice_contract.target.temporary_tenants import suitable_contexts

MAX_CONCURRENT_REQUESTS: Final = 4
"""Requests in flight at once. More would be faster, as a turned-away call takes a second, but a
simple server may queue only five connections, and a mock may limit how many calls wait."""


class CheckRun(msgspec.Struct, frozen=True):
    """One run of a plan: what is known about the server, and what was observed so far."""

    plan: Plan
    has_control: bool
    steps: ProgressCounter
    tally: Tally
    observed_readings: ObservedReadings

    def with_control(self, contexts: Sequence[CheckContext]) -> tuple[CheckContext, ...]:
        """Return *contexts* with `has_control` set."""
        return tuple(
            msgspec.structs.replace(context, has_control=self.has_control) for context in contexts
        )

    @asynccontextmanager
    async def prepare_contexts(
        self, client: Client, check: str
    ) -> AsyncIterator[tuple[CheckContext, ...]]:
        """Report that *check* has started, and yield its contexts.

        With `/_mock/`, runs take time at each tenant: temporary tenants are made where needed.
        """
        contexts = self.with_control(self.plan.signed_in_contexts)
        with self.steps.step(check):
            if not self.has_control:
                yield contexts
                return
            async with suitable_contexts(client, contexts) as prepared:
                yield prepared


async def run_wire_checks(
    check_run: CheckRun, client: Client, checks: Sequence[WireCheck]
) -> list[Result]:
    """Send all requests of *checks*, a few at a time, and return a result for each check."""
    semaphore = asyncio.Semaphore(MAX_CONCURRENT_REQUESTS)
    signed_in_contexts = check_run.with_control(check_run.plan.signed_in_contexts)
    all_contexts = check_run.with_control(check_run.plan.contexts)
    results = await asyncio.gather(
        *(
            _run_wire_check(
                check_run,
                client,
                semaphore,
                check,
                signed_in_contexts if check.needs_credential else all_contexts,
            )
            for check in checks
        )
    )
    return [
        _add_reading_conflicts(check_run, result) if result.check == READINGS_CHECK else result
        for result in results
    ]


async def _run_wire_check(
    check_run: CheckRun,
    client: Client,
    semaphore: asyncio.Semaphore,
    check: WireCheck,
    contexts: Sequence[CheckContext],
) -> Result:
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
        findings += find_problems(client.base, context, expected, response)
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
    conflicts = tuple(
        check_run.observed_readings.find_violations(check_run.plan.readings, REASONS_NOT_SHOWN)
    )
    findings = (*result.findings, *conflicts)
    status = "failed" if findings else "passed"
    return msgspec.structs.replace(result, status=status, findings=findings)


def find_problems(
    base: str, context: CheckContext, expected: ExpectedResponse, response: Response
) -> Iterator[Finding]:
    """Yield a finding for each problem of *response*."""
    where = f"{context.tenant.id}, {expected.name}"
    for problem in expected.problems(response):
        claims = dict.fromkeys((*find_references(problem), *expected.claims))
        yield Finding(where, problem, tuple(claims), curl_command(base, expected.request))


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
    except TargetError:
        raise
    except NotObservableError as error:
        if not findings:
            return Result(check.name, "skipped", check.claims, note=str(error))
    except (LookupError, TypeError, ValueError) as error:
        return control_error(check.name, check.claims, error)
    return conclude(check.name, check.claims, findings, time.monotonic() - started)
