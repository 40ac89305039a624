"""What is generated: requests by Schemathesis, with each credential, and throttle schedules."""

import math
import time
from collections.abc import Iterator
from typing import Final, Literal

from msgspec import structs

from superoffice_contract.errors import NotObservableError, TargetError
from superoffice_contract.fuzzing.engine import SignIn, explore
from superoffice_contract.report import Finding, Result
from superoffice_contract.suite.check_run import CheckRun, describe_silence
from superoffice_contract.suite.plan import PROFILES, Plan, conclude_early
from superoffice_contract.target import credentials
from superoffice_contract.target.findings import Exchange
from superoffice_contract.target.http import IN_PROCESS, BrokenAnswerError, Request
from superoffice_contract.target.tenants import TargetTenant
from superoffice_contract.throttle.state_machine import ThrottleError, explore_throttle

SECONDS: Final = {"quick": 4.0, "full": 50.0}
"""How long generated requests may take without `/_mock/`, by profile."""
GENERATED: Final = "generated-requests"
THROTTLE: Final = "throttle"
THROTTLE_CLAIMS: Final = (
    *("single-run", "busy-second", "task-cap", "lease-end", "duplicates", "tasks-dealt"),
    *("run-detached", "busy-drop", "empty-no-run", "empty-busy", "disconnect-counts"),
)


def run_generated_requests(check_run: CheckRun) -> Iterator[Result]:
    """Run Schemathesis against the server, with one credential after the other.

    Without `/_mock/` nearly all requests are invalid ones, and all take `SECONDS` at most.
    Raise TargetError if the server does not respond at all.
    """
    plan = check_run.plan
    mode: Literal["all", "negative"] = "all" if check_run.has_control else "negative"
    ends_at = time.monotonic() + (math.inf if check_run.has_control else SECONDS[plan.profile])
    all_sign_ins = sign_ins_to_explore(plan)
    for number, sign_in in enumerate(all_sign_ins):
        started = time.monotonic()
        check = f"{GENERATED}, {sign_in.name}"
        with check_run.steps.step(check):
            exploration = explore(
                plan.server,
                plan.operation,
                sign_in,
                seed=plan.seed,
                max_examples=PROFILES[plan.profile].max_examples,
                mode=mode,
                max_seconds=max(ends_at - started, 0) / (len(all_sign_ins) - number),
                timeout_seconds=plan.timeout_seconds,
                proxy=plan.proxy,
                secrets=plan.secrets,
                on_response=check_run.observe,
            )
        seconds = time.monotonic() - started
        check_run.tally.engine_errors += exploration.errors
        errors = [Finding("engine", error) for error in exploration.errors]
        findings = [*exploration.findings, *errors]
        if exploration.failure is not None:
            findings.append(_describe_failure(plan, sign_in, *exploration.failure))
        result = check_run.judge.conclude(check, (), findings, seconds)
        reason = f"{exploration.request_count} requests, then its time was over"
        yield structs.replace(result, reason=reason if exploration.is_cut else None)


def _describe_failure(plan: Plan, sign_in: SignIn, request: Request, error: TargetError) -> Finding:
    """Return the finding that the answer to *request* did not come, or is not HTTP."""
    problem = describe_silence(error)
    shown = f": {error.shown}" if isinstance(error, BrokenAnswerError) and error.shown else ""
    base = plan.server if isinstance(plan.server, str) else IN_PROCESS
    exchange = Exchange(base, request, None, plan.secrets)
    return exchange.show(f"{sign_in.name}{shown}", problem.what, problem.claim)


def sign_ins_to_explore(plan: Plan) -> list[SignIn]:
    """Return the credentials that *plan* explores with, as many as its profile allows."""
    all_sign_ins = [sign_in for tenant in plan.tenants for sign_in in sign_ins(tenant)]
    return all_sign_ins[: PROFILES[plan.profile].max_sign_ins]


def sign_ins(tenant: TargetTenant) -> Iterator[SignIn]:
    """Yield a SignIn for each valid credential of *tenant*, but for variants of another."""
    for credential in credentials.valid_credentials(tenant):
        if credential.needs is None:
            name = f"{credential.name} at {tenant.id}"
            yield SignIn(name, credential.headers, tenant.base.strip("/"))


def run_throttle_check(check_run: CheckRun) -> Result:
    """Run Hypothesis schedules on each tenant's clock, and leave the tenants as configured.

    Readings that the plan leaves open are detected and added to those that were observed.
    """
    plan, profile = check_run.plan, PROFILES[check_run.plan.profile]
    started = time.monotonic()
    findings: list[Finding] = []
    with check_run.steps.step(THROTTLE):
        for context in check_run.signed_in_contexts:
            try:
                detected_readings = explore_throttle(
                    plan.connect(on_response=check_run.observe),
                    context,
                    has_sockets=isinstance(plan.server, str),
                    random_seed=plan.seed,
                    examples=profile.schedules,
                    shrink_seconds=0.0 if findings else profile.shrink_seconds,
                )
                for detected_reading in detected_readings:
                    check_run.observed_readings.add(detected_reading)
            except ThrottleError as error:
                finding = Finding(context.tenant.id, str(error), error.claims, error.schedule)
                findings.append(finding)
            except (NotObservableError, LookupError, TypeError, ValueError) as error:
                if not (findings and isinstance(error, NotObservableError)):
                    return conclude_early(THROTTLE, THROTTLE_CLAIMS, error)
    seconds = time.monotonic() - started
    return check_run.judge.conclude(THROTTLE, THROTTLE_CLAIMS, findings, seconds)
