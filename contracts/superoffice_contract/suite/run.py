"""The contract check: run every check against one server."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from superoffice_contract.checks.check import EffectCheck
from superoffice_contract.checks.credentials import LIFETIME_CHECKS
from superoffice_contract.checks.registry import WIRE_CHECKS
from superoffice_contract.checks.side_effects import CONTROL_CHECKS
from superoffice_contract.checks.transfer_encoding import SOCKET_CHECKS
from superoffice_contract.control.answers import Health
from superoffice_contract.errors import ControlFailed, NotObservableError, TargetError
from superoffice_contract.messages import describe_unknown, show_url
from superoffice_contract.readings import ObservedReadings
from superoffice_contract.report import Progress, ProgressCounter, Report, Result
from superoffice_contract.suite.executor import CheckRun, run_effect_check, run_wire_checks
from superoffice_contract.suite.fuzzing import (
    GENERATED,
    THROTTLE,
    THROTTLE_CLAIMS,
    run_generated_requests,
    run_throttle_check,
    sign_ins_to_explore,
)
from superoffice_contract.suite.minimum_coverage import (
    check_coverage,
    coverage_facts,
    unnamed_schemes,
)
from superoffice_contract.suite.plan import PROFILES, Plan, Tally
from superoffice_contract.target.http import MAX_TRIES, Request
from superoffice_contract.target.temporary_tenants import copy_tenant, has_expiring_credentials
from superoffice_contract.target.tenants import INSTALLATIONS, TargetTenant, example_tenant
from superoffice_contract.throttle.real_time import REAL_TIME_CHECKS

__all__ = ["CHECKS", "PROFILES", "Plan", "checks_by_claim", "run"]

CHECKS_WITH_CONTROL: Final = (*CONTROL_CHECKS, *LIFETIME_CHECKS)
EFFECT_CHECKS: Final = (*CHECKS_WITH_CONTROL, *SOCKET_CHECKS, *REAL_TIME_CHECKS)
CHECKS: Final = (
    *(check.name for check in (*WIRE_CHECKS, *EFFECT_CHECKS)),
    *(GENERATED, THROTTLE),
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
    has_control = asyncio.run(_detect_control(plan))
    copies = asyncio.run(_copy_expiring_tenants(plan)) if has_control else {}
    tenants = tuple(copies.get(tenant.id, tenant) for tenant in plan.tenants)
    plan = msgspec.structs.replace(plan, tenants=tenants, has_control=has_control)
    steps = ProgressCounter(progress, _count_steps(plan))
    check_run = CheckRun(plan, steps, Tally(), ObservedReadings())
    try:
        results = asyncio.run(_run_written_checks(check_run))
        results += _run_generated_checks(check_run)
    finally:
        if has_control:
            asyncio.run(_restore_tenants(plan, copies))
    if not plan.only:
        results.append(check_coverage(plan, check_run.tally))
    name = plan.server if isinstance(plan.server, str) else "the built-in mock"
    title, facts = f"contract check of {name}", tuple(_facts(check_run))
    return Report(title, tuple(results), facts, time.monotonic() - started)


def _facts(check_run: CheckRun) -> Iterator[tuple[str, str]]:
    yield "requests", str(check_run.tally.requests)
    yield "answered 204", str(check_run.tally.statuses[204])
    yield from coverage_facts(check_run.plan, check_run.tally)
    yield "seed", str(check_run.plan.seed)
    unnamed = ", ".join(unnamed_schemes(check_run.plan))
    if unnamed and not check_run.plan.only:
        yield "no credential for", unnamed
    yield from check_run.observed_readings.describe_unstated(check_run.plan.readings)


def checks_by_claim() -> Mapping[str, tuple[str, ...]]:
    """Return the names of the checks for each claim, by its id."""
    tenants = tuple(map(example_tenant, INSTALLATIONS))
    plan = Plan(server=None, tenants=tenants, has_control=True)
    claims_by_check: dict[str, Iterable[str]] = {}
    for check in WIRE_CHECKS:
        cases = (case for context in plan.contexts for case in check.cases(context))
        claims_by_check[check.name] = {id_: None for case in cases for id_ in case.claims}
    for effect_check in EFFECT_CHECKS:
        claims_by_check[effect_check.name] = effect_check.claims
    claims_by_check[THROTTLE] = THROTTLE_CLAIMS
    names_by_claim: dict[str, tuple[str, ...]] = {}
    for name, ids in claims_by_check.items():
        for id_ in ids:
            names_by_claim[id_] = (*names_by_claim.get(id_, ()), name)
    return names_by_claim


# ---- setup and cleanup -----------------------------------------------------------------------


async def _detect_control(plan: Plan) -> bool:
    """Return whether the server has `/_mock/` for every tenant of the plan.

    Raise TargetError if it redirects, or has `/_mock/` but not for one of these tenants.
    """
    async with plan.connect() as client:
        for context in plan.signed_in_contexts:
            response = await client.send(Request("GET", context.url))
            if 300 <= response.status < 400:
                location = show_url(response.header("location"))
                msg = f"{client.base} redirects to {location}; check that URL"
                raise TargetError(msg)
        try:
            await client.control("GET", "health", Health)
        except ControlFailed:
            return False
        for context in plan.contexts:
            id_ = context.tenant.id
            if not await client.try_control("POST", "clock/jump", tenant=id_):
                msg = f"{client.base}/_mock/ does not let the check drive the clock of tenant {id_}"
                raise TargetError(f"{msg}: is it a tenant there, or is a control token needed?")
        return True


async def _copy_expiring_tenants(plan: Plan) -> dict[str, TargetTenant]:
    """Copy each tenant whose credentials expire, and return the copies by id of the original."""
    async with plan.connect() as client:
        copies = {}
        for tenant in plan.tenants:
            if await has_expiring_credentials(client, tenant):
                try:
                    copies[tenant.id] = await copy_tenant(client, tenant)
                except NotObservableError:
                    msg = f"{client.base}: credentials of tenant {tenant.id} expire while they are"
                    advice = "checked; start the server without --expires-after"
                    raise TargetError(f"{msg} {advice}") from None
        return copies


async def _restore_tenants(plan: Plan, copies: Mapping[str, TargetTenant]) -> None:
    """Reset every tenant to its configuration and remove the copies."""
    async with plan.connect() as client:
        for context in plan.contexts:
            await client.try_control("POST", "reset", tenant=context.tenant.id)
        for tenant_id, copy in copies.items():
            await client.try_control("POST", "reset", tenant=tenant_id)
            await client.try_control("DELETE", f"tenants/{copy.id}")


# ---- running the checks ----------------------------------------------------------------------


def _reason_to_skip(check: EffectCheck, plan: Plan) -> str | None:
    """Return why *check* can't run against this server, or None."""
    if check in CHECKS_WITH_CONTROL:
        return None if plan.has_control else NEEDS_CONTROL
    if check in SOCKET_CHECKS:
        if plan.proxy is not None:
            return NEEDS_NO_PROXY
        return None if isinstance(plan.server, str) else NEEDS_SOCKETS
    return NEEDS_NO_CONTROL if plan.has_control else None


def _count_steps(plan: Plan) -> int:
    """Return how many checks will run; each credential to explore with counts as one."""
    effect_checks = [check for check in EFFECT_CHECKS if _reason_to_skip(check, plan) is None]
    names = [*(check.name for check in WIRE_CHECKS), *(check.name for check in effect_checks)]
    names += [THROTTLE] if plan.has_control else []
    sign_in_count = len(sign_ins_to_explore(plan)) if plan.is_selected(GENERATED) else 0
    return sum(map(plan.is_selected, names)) + sign_in_count


async def _run_written_checks(check_run: CheckRun) -> list[Result]:
    plan = check_run.plan
    async with plan.connect(tries=MAX_TRIES, on_response=check_run.tally.count) as client:
        wire_checks = [check for check in WIRE_CHECKS if plan.is_selected(check.name)]
        results = await run_wire_checks(check_run, client, wire_checks)
        for check in EFFECT_CHECKS:
            if not plan.is_selected(check.name):
                continue
            note = _reason_to_skip(check, plan)
            if note is None:
                results.append(await run_effect_check(check_run, client, check))
            elif plan.only or note in (NEEDS_CONTROL, NEEDS_NO_PROXY):
                results.append(Result(check.name, "skipped", check.claims, note=note))
        for context in plan.contexts if plan.has_control else ():
            for path in ("reset", "clock/jump"):
                await client.try_control("POST", path, tenant=context.tenant.id)
        return results


def _run_generated_checks(check_run: CheckRun) -> Iterator[Result]:
    plan = check_run.plan
    nothing_accepted = not plan.only and not check_run.tally.accepted
    if plan.is_selected(GENERATED) and nothing_accepted:
        yield Result(GENERATED, "skipped", note=NOTHING_ACCEPTED)
    elif plan.is_selected(GENERATED):
        yield from run_generated_requests(check_run)
    if plan.is_selected(THROTTLE) and plan.has_control and not nothing_accepted:
        yield run_throttle_check(check_run)
    elif plan.is_selected(THROTTLE):
        note = NOTHING_ACCEPTED if plan.has_control else NEEDS_CONTROL
        yield Result(THROTTLE, "skipped", THROTTLE_CLAIMS, note=note)
