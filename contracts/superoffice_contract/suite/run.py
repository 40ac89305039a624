"""The contract check: everything that is known about the call, held against one server."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec

from superoffice_contract.checks.check import EffectCheck
from superoffice_contract.checks.credentials import LIFETIME_CHECKS
from superoffice_contract.checks.registry import WIRE_CHECKS
from superoffice_contract.checks.side_effects import TRUTH_CHECKS
from superoffice_contract.checks.transfer_encoding import SOCKET_CHECKS
from superoffice_contract.errors import TargetError
from superoffice_contract.readings import ReadingSigns
from superoffice_contract.report import Progress, Report, Result, Steps
from superoffice_contract.suite.executor import CheckRun, effect, wired
from superoffice_contract.suite.fuzzing import GENERATED, explored_ways_in, generated
from superoffice_contract.suite.minimum_coverage import enough, figures, untried
from superoffice_contract.suite.plan import PROFILES, Plan, Tally
from superoffice_contract.suite.throttle import THROTTLE, THROTTLE_CLAIMS, throttle
from superoffice_contract.target import tenants
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request, calling
from superoffice_contract.target.temporary_tenants import expires, twin
from superoffice_contract.target.tenants import TargetTenant
from superoffice_contract.throttle.real_time import WALL_CHECKS

__all__ = ["CHECKS", "PROFILES", "Plan", "run", "standing_for"]

TRIES: Final = 2
"""How often a request is sent in all whose connection breaks before it is answered."""
TRUTHFUL: Final = (*TRUTH_CHECKS, *LIFETIME_CHECKS)
EFFECT_CHECKS: Final = (*TRUTHFUL, *SOCKET_CHECKS, *WALL_CHECKS)
CHECKS: Final = (
    *(one.name for one in (*WIRE_CHECKS, *EFFECT_CHECKS)),
    *(GENERATED, THROTTLE),
)
"""The names of all checks, in the order in which they run."""
SHUT: Final = "no call was answered 204, so more of them would show nothing"
NEEDS_TRUTH: Final = "needs a server that tells the truth at /_mock/"
NEEDS_WALL: Final = "for servers without /_mock/; the throttle check goes further"
NEEDS_SOCKETS: Final = "needs a server at a URL; what is in this process has no sockets"


def run(plan: Plan, progress: Progress = lambda *_: None) -> Report:
    """Check *plan*'s server. Raise TargetError where it can't be reached or signed in to."""
    unknown = [one for one in plan.only if one not in CHECKS]
    if unknown:
        msg = f"there is no check {unknown[0]}; the checks are {', '.join(CHECKS)}"
        raise TargetError(msg)
    started = time.monotonic()
    has_control = asyncio.run(_looked(plan))
    twins = asyncio.run(_twins(plan)) if has_control else {}
    plan = msgspec.structs.replace(
        plan, tenants=tuple(twins.get(one.id, one) for one in plan.tenants)
    )
    course = CheckRun(
        plan, has_control, Steps(progress, _steps(plan, has_control)), Tally(), ReadingSigns()
    )
    try:
        results = asyncio.run(_by_hand(course))
        results += _made_up(course)
    finally:
        if has_control:
            asyncio.run(_left(plan, twins))
    if not plan.only:
        results.append(enough(plan, course.tally))
    name = plan.server if isinstance(plan.server, str) else "the built-in mock"
    title, facts = f"contract check of {name}", tuple(_facts(course))
    return Report(title, tuple(results), facts, time.monotonic() - started)


def _facts(course: CheckRun) -> Iterator[tuple[str, str]]:
    yield "requests", str(course.tally.requests)
    yield "answered 204", str(course.tally.statuses[204])
    yield from figures(course.plan, course.tally)
    yield "seed", str(course.plan.seed)
    nobody = ", ".join(untried(course.plan))
    if nobody and not course.plan.only:
        yield "not signed in by", nobody
    yield from course.signs.facts(course.plan.readings)


def standing_for() -> Mapping[str, tuple[str, ...]]:
    """Return, by id of the claim, the names of the checks that stand for it."""
    found: dict[str, list[str]] = {}
    for check in WIRE_CHECKS:
        for scene in _examples():
            for expected in check.expect(scene):
                for id_ in expected.claims:
                    found.setdefault(id_, []).append(check.name)
    for one in EFFECT_CHECKS:
        for id_ in one.claims:
            found.setdefault(id_, []).append(one.name)
    for id_ in THROTTLE_CLAIMS:
        found.setdefault(id_, []).append(THROTTLE)
    return {id_: tuple(dict.fromkeys(names)) for id_, names in found.items()}


def _examples() -> Iterator[CheckContext]:
    """Yield a scene of each installation that has every kind of credential."""
    for id_, installation in (("onsite", "onsite"), ("Cust1", "online")):
        table = {
            "id": id_,
            "installation": installation,
            "users": [{"name": "user", "password": "password"}, {"name": "b", "password": ""}],
            "tickets": ["ticket"],
            "sessions": [{"id": "session", "xsrf": "xsrf"}],
            "apps": [
                {"name": "app", "token": "token"},
                {"name": "other", "token": "token", "email-agent": False},
            ],
            "tokens": [{"value": "a", "app": "app"}, {"value": "b", "app": "other"}],
        }
        (tenant,) = tenants.tenants([table], "an example")
        for scene in Plan(server=None, tenants=(tenant,)).scenes:
            yield msgspec.structs.replace(scene, has_control=True)


# ---- before and after ------------------------------------------------------------------------


async def _looked(plan: Plan) -> bool:
    """Return whether the server tells the truth at `/_mock/`, about every tenant of the plan."""
    async with calling(plan.server, plan.timeout_seconds, plan.control_token) as caller:
        for scene in plan.signed_in:
            seen = await caller.send(Request("GET", scene.url))
            if 300 <= seen.status < 400:
                msg = f"{caller.base} redirects to {seen.header('location')}; check that URL"
                raise TargetError(msg)
        health = await caller.control("GET", "health")
        if not isinstance(health, dict) or "status" not in health:
            return False
        for scene in plan.scenes:
            id_ = scene.tenant.id
            if await caller.control("POST", f"clock/jump?tenant={id_}") is None:
                msg = f"{caller.base}/_mock/ does not let us drive the clock of tenant {id_}"
                raise TargetError(f"{msg}: is it a tenant there, or is a control token needed?")
        return True


async def _twins(plan: Plan) -> dict[str, TargetTenant]:
    """Return, by id of the tenant, a twin of each whose credentials expire."""
    async with calling(plan.server, plan.timeout_seconds, plan.control_token) as caller:
        expiring = [one for one in plan.tenants if await expires(caller, one)]
        return {one.id: await twin(caller, one) for one in expiring}


async def _left(plan: Plan, twins: Mapping[str, TargetTenant]) -> None:
    """Leave every tenant as configured, and none that was made."""
    async with calling(plan.server, plan.timeout_seconds, plan.control_token) as caller:
        for scene in plan.scenes:
            await caller.control("POST", f"reset?tenant={scene.tenant.id}")
        for configured, made in twins.items():
            await caller.control("POST", f"reset?tenant={configured}")
            await caller.control("DELETE", f"tenants/{made.id}")


# ---- the parts -------------------------------------------------------------------------------


def _why_not(check: EffectCheck, plan: Plan, *, has_control: bool) -> str | None:
    """Return why *check* can't run against this server; None: it can."""
    if check in TRUTHFUL:
        return None if has_control else NEEDS_TRUTH
    if check in SOCKET_CHECKS:
        return None if isinstance(plan.server, str) else NEEDS_SOCKETS
    return NEEDS_WALL if has_control else None


def _steps(plan: Plan, has_control: bool) -> int:  # noqa: FBT001 - a fact
    """Return how many checks will run, each way in that is explored for one."""
    wanted = [
        *(one.name for one in WIRE_CHECKS),
        *(
            one.name
            for one in EFFECT_CHECKS
            if _why_not(one, plan, has_control=has_control) is None
        ),
        *([THROTTLE] if has_control else []),
    ]
    explored = len(explored_ways_in(plan)) if plan.wants(GENERATED) else 0
    return sum(map(plan.wants, wanted)) + explored


async def _by_hand(course: CheckRun) -> list[Result]:
    plan = course.plan
    opened = calling(
        plan.server,
        plan.timeout_seconds,
        plan.control_token,
        tries=TRIES,
        note=course.tally.note,
    )
    async with opened as caller:
        chosen = [one for one in WIRE_CHECKS if plan.wants(one.name)]
        results = await wired(course, caller, chosen)
        for one in EFFECT_CHECKS:
            if not plan.wants(one.name):
                continue
            note = _why_not(one, plan, has_control=course.has_control)
            if note is None:
                results.append(await effect(course, caller, one))
            elif plan.only or note == NEEDS_TRUTH:
                results.append(Result(one.name, "skipped", one.claims, note=note))
        for scene in plan.scenes if course.has_control else ():
            await caller.control("POST", f"reset?tenant={scene.tenant.id}")
            await caller.control("POST", f"clock/jump?tenant={scene.tenant.id}")
        return results


def _made_up(course: CheckRun) -> Iterator[Result]:
    plan, tally = course.plan, course.tally
    shut = not plan.only and not tally.media_types
    if plan.wants(GENERATED) and shut:
        yield Result(GENERATED, "skipped", note=SHUT)
    elif plan.wants(GENERATED):
        mode: Literal["all", "negative"] = "all" if course.has_control else "negative"
        yield from generated(plan, tally, mode, course.steps)
    if plan.wants(THROTTLE) and course.has_control and not shut:
        yield throttle(plan, tally, course.signs, course.steps)
    elif plan.wants(THROTTLE):
        note = NEEDS_TRUTH if not course.has_control else SHUT
        yield Result(THROTTLE, "skipped", THROTTLE_CLAIMS, note=note)
