"""The contract check: run every check against one server."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from superoffice_contract.checks.credentials import LIFETIME_CHECKS
from superoffice_contract.checks.every_answer import CLAIMS, EveryAnswer
from superoffice_contract.checks.office_calls import OFFICE_CALLS
from superoffice_contract.checks.registry import WIRE_CHECKS
from superoffice_contract.checks.side_effects import CONTROL_CHECKS
from superoffice_contract.checks.sockets import SOCKET_CHECKS
from superoffice_contract.checks.sync_effects import SYNC_EFFECTS
from superoffice_contract.errors import NotObservableError, TargetError
from superoffice_contract.messages import describe_unknown
from superoffice_contract.readings import ONE_READING, ObservedReadings
from superoffice_contract.report import Finding, Progress, ProgressCounter, Report, Result
from superoffice_contract.suite.check_run import CheckRun
from superoffice_contract.suite.executor import (
    PLAIN_CALL,
    check_plain_calls,
    run_effect_check,
    run_wire_checks,
)
from superoffice_contract.suite.fuzzing import (
    GENERATED,
    THROTTLE,
    THROTTLE_CLAIMS,
    run_generated_requests,
    run_throttle_check,
    sign_ins_to_explore,
)
from superoffice_contract.suite.judging import Judge, fold
from superoffice_contract.suite.plan import PROFILES, Plan, Tally, unnamed_schemes
from superoffice_contract.suite.sent_calls import SentCalls
from superoffice_contract.suite.setup import RESET, Setup, prepare, restore
from superoffice_contract.target.context import make_context
from superoffice_contract.target.http import MAX_TRIES
from superoffice_contract.target.tenants import INSTALLATIONS, example_tenant
from superoffice_contract.throttle.real_time import REAL_TIME_CHECKS

__all__ = ["CHECKS", "PROFILES", "Plan", "checks_by_claim", "run"]

EFFECT_CHECKS: Final = (
    *(*CONTROL_CHECKS, *LIFETIME_CHECKS, OFFICE_CALLS, SYNC_EFFECTS),
    *(*SOCKET_CHECKS, *REAL_TIME_CHECKS),
)
WIRE_NAMES: Final = tuple(check.name for check in WIRE_CHECKS)
NAMES_WITH_CONTROL: Final = (
    *(check.name for check in (*CONTROL_CHECKS, *LIFETIME_CHECKS)),
    THROTTLE,
)
NAMES_IN_REAL_TIME: Final = tuple(check.name for check in REAL_TIME_CHECKS)
NAMES_WITH_SOCKETS: Final = tuple(check.name for check in SOCKET_CHECKS)
EVERY_ANSWER: Final = "every-answer"
READINGS: Final = "readings"
ENGINE: Final = "engine"
CLAIMS_OF_THE_RUN: Final[Mapping[str, tuple[str, ...]]] = {
    EVERY_ANSWER: CLAIMS,
    READINGS: (ONE_READING,),
    ENGINE: (),
}
"""The checks over all that a run has seen, and their claims."""
CHECKS: Final = (
    *(PLAIN_CALL, *WIRE_NAMES, *(check.name for check in EFFECT_CHECKS)),
    *(GENERATED, THROTTLE, *CLAIMS_OF_THE_RUN),
)
"""The names of all checks, in the order in which they run."""
NOTHING_ACCEPTED: Final = "no call was answered 204, so more calls would show nothing"
NEEDS_CONTROL: Final = "needs a server with /_mock/"
NEEDS_NO_CONTROL: Final = "for servers without /_mock/; the throttle check covers more"
NEEDS_SOCKETS: Final = "needs a server at a URL; an application in this process has no sockets"
NEEDS_NO_PROXY: Final = "needs a connection of its own to the server, without --proxy"


def run(plan: Plan, progress: Progress = lambda *_: None) -> Report:
    """Check the server of *plan*.

    Raise TargetError if a name in *plan.only* is unknown, the server can't be reached, or no
    tenant has a credential.
    """
    unknown = [name for name in plan.only if name not in CHECKS]
    if unknown:
        problem = describe_unknown("check", unknown[0], CHECKS, "see --list for the names")
        msg = f"--only: {problem}"
        raise TargetError(msg)
    started = time.monotonic()
    name = plan.server if isinstance(plan.server, str) else "the built-in mock"
    try:
        setup = asyncio.run(prepare(plan))
    except NotObservableError as error:
        result = Result(PLAIN_CALL, "skipped", reason=str(error))
        return Report("contract check", (result,), subject=name)
    steps = ProgressCounter(progress, _count_steps(plan, setup))
    readings = setup.contexts[0].readings
    every_answer = EveryAnswer(name, plan.secrets, readings)
    judge = Judge(setup.is_strict, frozenset(plan.readings))
    check_run = CheckRun(
        *(plan, setup.contexts, judge, steps, Tally(), ObservedReadings(), every_answer),
        sent_calls=SentCalls() if plan.has_picture else None,
    )
    try:
        results = asyncio.run(_run_written_checks(check_run))
        results += _run_generated_checks(check_run)
    finally:
        if check_run.has_control:
            asyncio.run(restore(plan, setup))
    results += _conclude_run(check_run)
    facts, seconds = tuple(_facts(check_run, setup)), time.monotonic() - started
    sent = check_run.sent_calls
    pictures = () if sent is None else ((sent.timeline(name, plan.secrets),),)
    results = fold(results, GENERATED)
    return Report("contract check", tuple(results), facts, seconds, subject=name, pictures=pictures)


def _conclude_run(check_run: CheckRun) -> Iterator[Result]:
    """Yield the results of what all answers of the run show together."""
    judge, readings = check_run.judge, check_run.contexts[0].readings
    changes = check_run.observed_readings.find_changes(readings)
    findings = {
        EVERY_ANSWER: list(check_run.every_answer.findings()),
        READINGS: list(changes),
        ENGINE: [Finding("", error) for error in check_run.tally.engine_errors],
    }
    for check, found in findings.items():
        if found or check_run.plan.is_selected(check):
            yield judge.conclude(check, CLAIMS_OF_THE_RUN[check], found, 0.0)


def _facts(check_run: CheckRun, setup: Setup) -> Iterator[tuple[str, str]]:
    plan = check_run.plan
    yield "requests", str(check_run.tally.requests)
    yield "answered 204", str(check_run.tally.statuses[204])
    yield "seed", str(plan.seed)
    yield "strict", setup.strictness
    if not check_run.signed_in_contexts:
        yield "advice", "is that the URL, and are these credentials right? --target-file names them"
    unnamed = ", ".join(unnamed_schemes(plan))
    if unnamed and not plan.only:
        yield "no credential for", unnamed
    yield from check_run.observed_readings.describe_unstated(plan.readings)


def checks_by_claim() -> Mapping[str, tuple[str, ...]]:
    """Return the names of the checks for each claim, by its id."""
    tenants = tuple(map(example_tenant, INSTALLATIONS))
    operation = Plan(server=None, tenants=()).operation
    contexts = [make_context(tenant, operation, {}) for tenant in tenants]
    claims_by_check: dict[str, Iterable[str]] = dict(CLAIMS_OF_THE_RUN)
    for check in WIRE_CHECKS:
        cases = (case for context in contexts for case in check.cases(context))
        claims_by_check[check.name] = {id_: None for case in cases for id_ in case.claims}
    for effect_check in EFFECT_CHECKS:
        claims_by_check[effect_check.name] = effect_check.claims
    claims_by_check[THROTTLE] = THROTTLE_CLAIMS
    names_by_claim: dict[str, tuple[str, ...]] = {}
    for name, ids in claims_by_check.items():
        for id_ in ids:
            names_by_claim[id_] = (*names_by_claim.get(id_, ()), name)
    return names_by_claim


# ---- running the checks ----------------------------------------------------------------------


def _reason_to_skip(check: str, check_run: CheckRun) -> str | None:
    """Return why *check* can't run against this server, or None."""
    plan, has_control = check_run.plan, check_run.has_control
    is_in_process = not isinstance(plan.server, str)
    setting = check_run.tight_setting
    reasons = (
        (check in NAMES_WITH_CONTROL and not has_control, NEEDS_CONTROL),
        (check in NAMES_IN_REAL_TIME and has_control, NEEDS_NO_CONTROL),
        (check in NAMES_WITH_SOCKETS and plan.proxy is not None, NEEDS_NO_PROXY),
        (check in NAMES_WITH_SOCKETS and is_in_process, NEEDS_SOCKETS),
        (check not in WIRE_NAMES and setting is not None, f"start the server with more {setting}"),
        (check not in WIRE_NAMES and not check_run.signed_in_contexts, NOTHING_ACCEPTED),
    )
    return next((reason for applies, reason in reasons if applies), None)


def _count_steps(plan: Plan, setup: Setup) -> int:
    """Return how many checks will run; each credential to explore with counts as one."""
    left_out = NAMES_IN_REAL_TIME if setup.contexts[0].has_control else NAMES_WITH_CONTROL
    if plan.proxy is not None or not isinstance(plan.server, str):
        left_out = (*left_out, *NAMES_WITH_SOCKETS)
    names = [name for name in CHECKS if name not in (*left_out, *CLAIMS_OF_THE_RUN, GENERATED)]
    sign_in_count = len(sign_ins_to_explore(plan)) if plan.is_selected(GENERATED) else 0
    return sum(name == PLAIN_CALL or plan.is_selected(name) for name in names) + sign_in_count


async def _run_written_checks(check_run: CheckRun) -> list[Result]:
    plan = check_run.plan
    async with plan.connect(tries=MAX_TRIES, on_response=check_run.observe) as client:
        client.has_answered = True  # it did while it was prepared
        plain_calls = await check_plain_calls(check_run, client)
        is_told = plan.is_selected(PLAIN_CALL) or plain_calls.status != "passed"
        results = [plain_calls] if is_told else []
        selected = [check for check in WIRE_CHECKS if plan.is_selected(check.name)]
        if check_run.signed_in_contexts or plain_calls.status == "failed":
            results += await run_wire_checks(check_run, client, selected)
        for check in EFFECT_CHECKS:
            if not plan.is_selected(check.name):
                continue
            reason = _reason_to_skip(check.name, check_run)
            if reason is None:
                results.append(await run_effect_check(check_run, client, check))
            elif plan.only or reason not in (NEEDS_NO_CONTROL, NEEDS_SOCKETS):
                results.append(Result(check.name, "skipped", check.claims, reason=reason))
        for context in check_run.contexts if check_run.has_control else ():
            for path in RESET:
                await client.try_control("POST", path, tenant=context.tenant.id)
        return results


def _run_generated_checks(check_run: CheckRun) -> Iterator[Result]:
    for check, claim_ids in ((GENERATED, ()), (THROTTLE, THROTTLE_CLAIMS)):
        reason = _reason_to_skip(check, check_run)
        if not check_run.plan.is_selected(check):
            continue
        if reason is not None:
            yield Result(check, "skipped", claim_ids, reason=reason)
        elif check == GENERATED:
            yield from run_generated_requests(check_run)
        else:
            yield run_throttle_check(check_run)
