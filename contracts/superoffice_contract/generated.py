"""Requests that a machine makes up: generated bodies, and schedules for the throttle."""

import time
from collections.abc import Callable, Iterator
from typing import Final, Literal

from superoffice_contract import target
from superoffice_contract.exploration import Access, Exploration, explore
from superoffice_contract.plan import PROFILES, Plan, Tally, concluded, untold
from superoffice_contract.report import Finding, Result
from superoffice_contract.target import TargetError, TargetTenant
from superoffice_contract.throttle import ThrottleError, explore_throttle

GENERATED: Final = "generated-requests"
THROTTLE: Final = "throttle"
THROTTLE_CLAIMS: Final = (
    *("single-run", "busy-second", "task-cap", "lease-end", "duplicates", "tasks-dealt"),
    *("run-detached", "busy-drop", "empty-no-run", "empty-busy", "disconnect-counts"),
)


def generated(
    plan: Plan, tally: Tally, mode: Literal["all", "negative"], progress: Callable[[str], None]
) -> list[Result]:
    """Let Schemathesis loose on the server, with one credential after the other."""
    profile = PROFILES[plan.profile]
    ways_in = [one for tenant in plan.tenants for one in accesses(tenant)]
    results = []
    for access in ways_in[: profile.accesses]:
        progress(f"generated requests, {access.name}")
        started = time.monotonic()
        exploration = explore(
            plan.server,
            access,
            seed=plan.seed,
            max_examples=profile.max_examples,
            mode=mode,
        )
        for sent, count in exploration.sent.items():
            tally.requests += count
            if sent.status is not None:
                tally.statuses[sent.status] += count
        results.append(_explored(access, exploration, started))
    return results


def accesses(tenant: TargetTenant) -> Iterator[Access]:
    """Yield each way into *tenant* that the description has a scheme for."""
    segment = tenant.base.strip("/")
    for one in target.good(tenant):
        scheme, _, value = dict(one.headers).get("Authorization", "").partition(" ")
        token = dict(one.headers).get("SO-AppToken")
        name = f"{one.name} at {tenant.id}"
        if scheme == "Basic":
            user = tenant.users[0]
            schemes = {"basic": {"username": user.name, "password": user.password}}
            yield Access(name, schemes, segment)
        elif scheme == "SOTicket":
            yield Access(name, {"soTicket": {"api_key": f"SOTicket {value}"}}, segment, token)
        elif scheme == "Bearer":
            yield Access(name, {"bearer": {"bearer": value}}, segment)
        elif not scheme:
            (session,) = tenant.sessions[:1]
            pair = {"xsrfToken": {"api_key": session.xsrf}, "session": {"api_key": session.id}}
            yield Access(name, pair, segment)


def _explored(access: Access, exploration: Exploration, started: float) -> Result:
    findings = [Finding(one.check, one.message, (), one.curl) for one in exploration.findings]
    findings += [Finding("engine", error) for error in exploration.errors]
    return concluded(f"{GENERATED}, {access.name}", (), findings, started)


def throttle(plan: Plan, progress: Callable[[str], None]) -> Result:
    """Play schedules on each tenant's clock, which leaves the tenants as configured."""
    progress(THROTTLE)
    started = time.monotonic()
    findings: list[Finding] = []
    for scene in plan.signed_in:
        try:
            explore_throttle(
                plan.server,
                scene,
                chance=plan.seed,
                examples=PROFILES[plan.profile].schedules,
                timeout_seconds=plan.timeout_seconds,
            )
        except ThrottleError as error:
            notes = "\n".join(getattr(error, "__notes__", ()))
            findings.append(Finding(scene.tenant.id, str(error), error.claims, notes or None))
        except TargetError:
            raise
        except (LookupError, TypeError, ValueError) as error:
            return untold(THROTTLE, THROTTLE_CLAIMS, error)
    return concluded(THROTTLE, THROTTLE_CLAIMS, findings, started)
