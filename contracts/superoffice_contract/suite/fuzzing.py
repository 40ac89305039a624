"""What is generated: requests by Schemathesis, with each credential, and throttle schedules."""

import time
from collections.abc import Iterator
from typing import Final, Literal

from superoffice_contract.errors import NotObservableError
from superoffice_contract.fuzzing.engine import Exploration, SignIn, explore
from superoffice_contract.report import Finding, Result
from superoffice_contract.suite.executor import CheckRun
from superoffice_contract.suite.plan import PROFILES, Plan, Tally, conclude, conclude_early
from superoffice_contract.target import credentials
from superoffice_contract.target.tenants import TargetTenant
from superoffice_contract.throttle.state_machine import ThrottleError, explore_throttle

GENERATED: Final = "generated-requests"
THROTTLE: Final = "throttle"
THROTTLE_CLAIMS: Final = (
    *("single-run", "busy-second", "task-cap", "lease-end", "duplicates", "tasks-dealt"),
    *("run-detached", "busy-drop", "empty-no-run", "empty-busy", "disconnect-counts"),
)


def run_generated_requests(check_run: CheckRun) -> Iterator[Result]:
    """Run Schemathesis against the server, with one credential after the other.

    Without `/_mock/` the fuzzing phase sends invalid ones only.
    Raise TargetError if the server stops responding.
    """
    plan = check_run.plan
    mode: Literal["all", "negative"] = "all" if plan.has_control else "negative"
    for sign_in in sign_ins_to_explore(plan):
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
                timeout_seconds=plan.timeout_seconds,
                proxy=plan.proxy,
            )
        _count(check_run.tally, sign_in, exploration)
        errors = [Finding("engine", error) for error in exploration.errors]
        findings = [*exploration.findings, *errors]
        yield conclude(check, (), findings, time.monotonic() - started)


def sign_ins_to_explore(plan: Plan) -> list[SignIn]:
    """Return the credentials that *plan* explores with, as many as its profile allows."""
    all_sign_ins = [sign_in for tenant in plan.tenants for sign_in in sign_ins(tenant)]
    return all_sign_ins[: PROFILES[plan.profile].max_sign_ins]


def _count(tally: Tally, sign_in: SignIn, exploration: Exploration) -> None:
    for kind, count in exploration.counts.items():
        tally.requests += count
        if kind.status is not None:
            tally.statuses[kind.status] += count
        if kind.media_type is not None:
            tally.calls[kind.media_type] += count
        if kind.status == 204 and kind.media_type is not None:
            tally.accepted[kind.media_type] += count
            tally.security_schemes[sign_in.alternative] += count
    tally.engine_errors += exploration.errors


def sign_ins(tenant: TargetTenant) -> Iterator[SignIn]:
    """Yield a SignIn for each valid credential of *tenant*."""
    for credential in credentials.valid_credentials(tenant):
        headers = dict(credential.headers)
        authorization = headers.get("Authorization", "")
        scheme, _, value = authorization.partition(" ")
        if scheme == "Basic":
            user = tenant.users[0]
            schemes = {"basic": {"username": user.name, "password": user.password}}
        elif scheme == "SOTicket":
            schemes = {"soTicket": {"api_key": authorization}}
        elif scheme == "Bearer":
            schemes = {"bearer": {"bearer": value}}
        elif not scheme:
            session = tenant.sessions[0]
            schemes = {"xsrfToken": {"api_key": session.xsrf}, "session": {"api_key": session.id}}
        else:
            continue
        name, app_token = f"{credential.name} at {tenant.id}", headers.get("SO-AppToken")
        yield SignIn(name, schemes, tenant.base.strip("/"), app_token)


def run_throttle_check(check_run: CheckRun) -> Result:
    """Run Hypothesis schedules on each tenant's clock, and leave the tenants as configured.

    Readings that the plan leaves open are detected and added to those that were observed.
    """
    plan, profile = check_run.plan, PROFILES[check_run.plan.profile]
    started = time.monotonic()
    findings: list[Finding] = []
    with check_run.steps.step(THROTTLE):
        for context in plan.signed_in_contexts:
            try:
                detected_readings = explore_throttle(
                    plan.server,
                    context,
                    random_seed=plan.seed,
                    examples=profile.schedules,
                    shrink_seconds=0.0 if findings else profile.shrink_seconds,
                    timeout_seconds=plan.timeout_seconds,
                    control_token=plan.control_token,
                    on_response=check_run.tally.count,
                    proxy=plan.proxy,
                )
                for detected_reading in detected_readings:
                    check_run.observed_readings.add(detected_reading)
            except ThrottleError as error:
                finding = Finding(context.tenant.id, str(error), error.claims, error.schedule)
                findings.append(finding)
            except (NotObservableError, LookupError, TypeError, ValueError) as error:
                if not (findings and isinstance(error, NotObservableError)):
                    return conclude_early(THROTTLE, THROTTLE_CLAIMS, error)
    return conclude(THROTTLE, THROTTLE_CLAIMS, findings, time.monotonic() - started)
