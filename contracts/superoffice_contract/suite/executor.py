"""Runs the checks that are written by hand: sends their requests and judges the responses.

Calls that must be accepted are combined, as each may take a second, and sent one by one only where
that fails. What must be refused is sent beside them.
"""

import asyncio
import math
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from superoffice_contract.checks.check import EffectCheck, WireCheck
from superoffice_contract.checks.expectations import (
    BROKEN_BY_REFUSAL,
    ExpectedResponse,
    Problem,
    judge,
)
from superoffice_contract.checks.payloads import GOOD, JSON
from superoffice_contract.errors import NotObservableError
from superoffice_contract.readings import ObservedReading
from superoffice_contract.report import Finding, ProgressCounter, Result
from superoffice_contract.suite.check_run import ROOM, SILENT, CheckRun, describe_silence
from superoffice_contract.suite.combining import combine
from superoffice_contract.suite.plan import conclude_early
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.credentials import valid_credentials
from superoffice_contract.target.http import (
    Client,
    ConnectionBrokenError,
    NoAnswerError,
    Request,
    Response,
)

MAX_REFUSED_AT_ONCE: Final = 4
"""Requests in flight at once that are refused: a simple server may queue only five connections."""
MAX_ACCEPTED_AT_ONCE: Final = 16
"""Accepted calls in flight at once at a tenant: all but one wait a second there."""
TOLD_ELSEWHERE: Final = "what is wrong with the answers is told under every-answer"
SETTLED: Final = 3
"""How often a claim is broken at a tenant before no more requests are sent for it."""
PLAIN_CALL: Final = "plain-call"
"""The check that the documented call is accepted; everything else rests on it."""
MAX_CREDENTIALS_TRIED: Final = 3
"""How many credentials of a tenant the plain call is tried with."""


class Case(msgspec.Struct, frozen=True, eq=False):
    """One request of a check at one tenant."""

    check: str
    context: CheckContext
    expected: ExpectedResponse

    @property
    def must_be_accepted(self) -> bool:
        """Whether it is a call that may start a run."""
        return self.expected.must_be_accepted and self.expected.request.method == "POST"


class Outcome(msgspec.Struct, frozen=True):
    """What a *case* showed: the response, or a *problem* instead, or why it was left out."""

    case: Case
    response: Response | None = None
    problem: Problem | None = None
    seconds: float = 0.0
    left_out: str | None = None

    @property
    def is_met(self) -> bool:
        """Whether the request was accepted or refused as it must be."""
        return self.response is not None and self.case.expected.is_met(self.response)


# ---- the documented call ---------------------------------------------------------------------


async def check_plain_calls(check_run: CheckRun, client: Client) -> Result:
    """Send the documented call to every tenant, with one credential after the other.

    Set the contexts of *check_run*: with the first credential that is accepted, or with none.
    """
    with check_run.steps.step(PLAIN_CALL):
        pairs = await asyncio.gather(
            *(_find_credential(check_run, client, context) for context in check_run.contexts)
        )
    check_run.contexts = tuple(context for context, _ in pairs)
    outcomes = [outcome for _, tried in pairs for outcome in tried]
    return _conclude(check_run, client, PLAIN_CALL, outcomes)


async def _find_credential(
    check_run: CheckRun, client: Client, context: CheckContext
) -> tuple[CheckContext, list[Outcome]]:
    outcomes = []
    for credential in [*valid_credentials(context.tenant)][:MAX_CREDENTIALS_TRIED]:
        signed_in = msgspec.structs.replace(context, credential_headers=credential.headers)
        request, name = signed_in.post(GOOD, JSON), f"the documented call, {credential.name}"
        expected = ExpectedResponse(
            name, request, (204,), credential.claims, by_status=BROKEN_BY_REFUSAL
        )
        outcomes.append(await _try(check_run, client, Case(PLAIN_CALL, signed_in, expected)))
        if outcomes[-1].is_met:
            return signed_in, outcomes
    return msgspec.structs.replace(context, credential_headers=()), outcomes


# ---- checks of single calls ------------------------------------------------------------------


class _CaseProgress:
    """Reports a check as begun with its first case, and as ended with its last."""

    def __init__(
        self, steps: ProgressCounter, checks: Sequence[WireCheck], cases: list[Case]
    ) -> None:
        self._steps = steps
        self._left = Counter(case.check for case in cases)
        self._begun = set[str]()
        for check in checks:
            if not self._left[check.name]:
                with steps.step(check.name):
                    pass

    def begin(self, check: str) -> None:
        """Report that a case of *check* begins."""
        if check not in self._begun:
            self._begun.add(check)
            self._steps.begin(check)

    def end(self, cases: Iterable[Case]) -> None:
        """Count *cases* as ended."""
        for case in cases:
            self.begin(case.check)
            self._left[case.check] -= 1
            if not self._left[case.check]:
                self._steps.end()


async def run_wire_checks(
    check_run: CheckRun, client: Client, checks: Sequence[WireCheck]
) -> list[Result]:
    """Send the requests of *checks*, and return a result for each check."""
    cases = [case for check in checks for case in _cases_of(check_run, check)]
    outcomes = await _run_cases(
        check_run, client, cases, _CaseProgress(check_run.steps, checks, cases)
    )
    by_check = defaultdict(list)
    for outcome in outcomes:
        by_check[outcome.case.check].append(outcome)
    return [_conclude(check_run, client, check.name, by_check[check.name]) for check in checks]


def _cases_of(check_run: CheckRun, check: WireCheck) -> list[Case]:
    """Return the cases of *check*.

    In real time a call that must be accepted is sent to one of the tenants only, unless the check
    is about the tenant itself.
    """
    contexts = check_run.signed_in_contexts if check.needs_credential else check_run.contexts
    cases = [
        (index, number, Case(check.name, context, expected))
        for index, context in enumerate(contexts)
        for number, expected in enumerate(check.cases(context))
    ]
    is_everywhere = check_run.has_control or check.is_about_tenants
    return [
        case
        for index, number, case in cases
        if is_everywhere or not case.must_be_accepted or number % len(contexts) == index
    ]


async def _run_cases(
    check_run: CheckRun, client: Client, cases: list[Case], progress: _CaseProgress
) -> list[Outcome]:
    """Try *cases*: those that are refused beside those that are accepted, and wait."""
    semaphore = asyncio.Semaphore(MAX_REFUSED_AT_ONCE)
    by_tenant = defaultdict(list)
    for case in cases:
        if case.must_be_accepted:
            by_tenant[case.context.tenant.id].append(case)

    async def try_refused(case: Case) -> list[Outcome]:
        async with semaphore:
            progress.begin(case.check)
            outcome = await _try(check_run, client, case)
        progress.end([case])
        return [outcome]

    groups = await asyncio.gather(
        *(try_refused(case) for case in cases if not case.must_be_accepted),
        *(_run_accepted(check_run, client, group, progress) for group in by_tenant.values()),
    )
    return [outcome for group in groups for outcome in group]


async def _run_accepted(
    check_run: CheckRun, client: Client, cases: list[Case], progress: _CaseProgress
) -> list[Outcome]:
    """Send the calls *cases* at one tenant combined; then alone those that were not accepted so."""
    context = cases[0].context
    max_waiting = MAX_ACCEPTED_AT_ONCE if context.limits is None else context.limits.max_waiting
    semaphore = asyncio.Semaphore(min(MAX_ACCEPTED_AT_ONCE, max_waiting))

    async def try_one(case: Case) -> Outcome:
        async with semaphore:
            return await _try(check_run, client, case)

    async def try_group(group: list[Case], request: Request) -> list[Outcome]:
        async with semaphore:
            progress.begin(group[0].check)
            outcomes = await _try_combined(check_run, client, group, request)
        if outcomes is None:
            outcomes = await asyncio.gather(*map(try_one, group))
        progress.end(group)
        return outcomes

    calls = combine(context.post(GOOD, JSON), [case.expected.request for case in cases])
    groups = await asyncio.gather(
        *(try_group([cases[index] for index in call.indices], call.request) for call in calls)
    )
    return [outcome for group in groups for outcome in group]


async def _try_combined(
    check_run: CheckRun, client: Client, cases: list[Case], request: Request
) -> list[Outcome] | None:
    """Send *request* for all *cases*. Return None if its answer is not as each of them expects."""
    if len(cases) == 1 or check_run.is_silent:
        return None
    expected = msgspec.structs.replace(cases[0].expected, request=request)
    response = await check_run.ask(client, cases[0].context, expected)
    if not isinstance(response, Response):
        return None
    if not all(is_as_expected(case.expected, response) for case in cases):
        return None
    seconds = response.seconds / len(cases)
    return [Outcome(case, response, seconds=seconds) for case in cases]


async def _try(check_run: CheckRun, client: Client, case: Case) -> Outcome:
    """Send the request of *case*, unless that would show nothing new."""
    expected, context = case.expected, case.context
    tenant_and_claim = context.tenant.id, expected.claims[0]
    max_body = math.inf if context.limits is None else context.limits.max_body
    if len(expected.request.body) > max_body and 413 not in expected.statuses:
        return Outcome(case, left_out="start the server with more --max-body")
    if check_run.broken[tenant_and_claim] >= SETTLED:
        return Outcome(case)
    response = await check_run.ask(client, context, expected)
    if not isinstance(response, Response):
        return Outcome(case, problem=response, left_out=SILENT if check_run.is_silent else None)
    setting = _tight_setting(context, expected, response)
    if setting is not None:
        return Outcome(case, left_out=f"start the server with more {setting}")
    check_run.broken[tenant_and_claim] += not is_as_expected(expected, response)
    return Outcome(case, response, seconds=response.seconds)


def is_as_expected(expected: ExpectedResponse, response: Response) -> bool:
    """Return whether nothing is wrong with *response*."""
    return response.status in expected.statuses and not any(expected.problems(response))


def _tight_setting(
    context: CheckContext, expected: ExpectedResponse, response: Response
) -> str | None:
    """Return the setting of a mock that is too low for what this check sends, if it is that."""
    limits = context.limits
    if limits is None or response.status in expected.statuses:
        return None
    if response.status == 413 and limits.max_accounts < ROOM.max_accounts:
        return "--max-accounts"
    if response.status in (414, 431) and limits.max_headers < ROOM.max_headers:
        return "--max-headers"
    return None


def _conclude(
    check_run: CheckRun, client: Client, check: str, outcomes: Sequence[Outcome]
) -> Result:
    claims = tuple(dict.fromkeys(id_ for o in outcomes for id_ in o.case.expected.claims))
    answered = [(o.case.expected, o.response) for o in outcomes if o.response is not None]
    problems = [*judge(answered), *((o.case.expected, o.problem) for o in outcomes if o.problem)]
    by_expected = {id(outcome.case.expected): outcome for outcome in outcomes}
    findings = []
    for expected, problem in problems:
        outcome = by_expected[id(expected)]
        tenant = outcome.case.context.tenant.id
        found = check_run.make_finding(client, tenant, expected, outcome.response, problem)
        findings.append(found)
    # Sum its own requests: checks run concurrently, so wall-clock time would count other checks.
    seconds = sum(outcome.seconds for outcome in outcomes)
    result = check_run.judge.conclude(check, claims, findings, seconds)
    silent = [o for o in outcomes if not (o.is_met or o.problem or _is_told(o))]
    if not silent:
        return result
    reason = next((outcome.left_out for outcome in silent if outcome.left_out), TOLD_ELSEWHERE)
    if len(silent) == len(outcomes):
        return msgspec.structs.replace(result, status="skipped", reason=reason)
    left_out = f"{len(silent)} of {len(outcomes)} requests show nothing: {reason}"
    return msgspec.structs.replace(result, reason=left_out)


def _is_told(outcome: Outcome) -> bool:
    """Return whether *outcome* is not met, and a finding of this check says so."""
    response = outcome.response
    return response is not None and any(outcome.case.expected.problems(response))


# ---- checks with side effects ----------------------------------------------------------------


async def run_effect_check(check_run: CheckRun, client: Client, check: EffectCheck) -> Result:
    """Run *check* and return its result."""
    started = time.monotonic()
    findings: list[Finding] = []
    unseen: list[str] = []
    try:
        async with check_run.prepare_contexts(client, check.name) as contexts:
            async for outcome in check.run(client, contexts):
                if isinstance(outcome, ObservedReading):
                    check_run.observed_readings.add(outcome)
                elif isinstance(outcome, str):
                    unseen.append(outcome)
                else:
                    findings.append(outcome)
    except (NoAnswerError, ConnectionBrokenError) as error:
        if check_run.has_control or not client.has_answered:
            raise  # what hangs may be /_mock/, without which nothing can be checked
        problem = describe_silence(error)
        findings.append(Finding(problem.shown, problem.what, (problem.claim,)))
    except (NotObservableError, LookupError, TypeError, ValueError) as error:
        if not (findings and isinstance(error, NotObservableError)):
            return conclude_early(check.name, check.claims, error)
    seconds = time.monotonic() - started
    result = check_run.judge.conclude(check.name, check.claims, findings, seconds)
    return msgspec.structs.replace(result, reason="; ".join(unseen) or None)
