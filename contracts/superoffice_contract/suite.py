"""The contract check: everything that is known about the call, held against one server."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Literal

from superoffice_contract import description, target
from superoffice_contract.effects import TRUTH_CHECKS, WALL_CHECKS, EffectCheck
from superoffice_contract.expectations import Expected, Scene
from superoffice_contract.generated import (
    GENERATED,
    THROTTLE,
    THROTTLE_CLAIMS,
    generated,
    throttle,
)
from superoffice_contract.plan import PROFILES, Plan, Tally, concluded, untold
from superoffice_contract.probing import Ask, Caller, Seen, calling, curl
from superoffice_contract.report import Finding, Report, Result
from superoffice_contract.target import TargetError
from superoffice_contract.wire_checks import WIRE_CHECKS, WireCheck

__all__ = ["CHECKS", "PROFILES", "Plan", "run", "standing_for"]

AT_A_TIME: Final = 40
"""Requests under way at once; a call that is turned away takes a second."""
FEWEST_ACCEPTED: Final = 20
"""204s below which a run has shown nothing: a server that refuses everything breaks nothing."""
CHECKS: Final = (
    *(one.name for one in (*WIRE_CHECKS, *TRUTH_CHECKS, *WALL_CHECKS)),
    *(GENERATED, THROTTLE),
)
"""The names of all checks, in the order in which they run."""
SHUT: Final = "no call was answered 204, so more of them would show nothing"
NEEDS_TRUTH: Final = "needs a server that tells the truth at /_mock/"
NEEDS_WALL: Final = "for servers without /_mock/; the throttle check goes further"

_NAMED: Final = re.compile(r"\(claim ([a-z0-9-]+)\)")
"""A wrong may name the claim that it breaks; that one comes first."""

Progress = Callable[[str], None]


def run(plan: Plan, progress: Progress = lambda _: None) -> Report:
    """Check *plan*'s server. Raise TargetError where it can't be reached or signed in to."""
    unknown = [one for one in plan.only if one not in CHECKS]
    if unknown:
        msg = f"there is no check {unknown[0]}; the checks are {', '.join(CHECKS)}"
        raise TargetError(msg)
    tally = Tally()
    truthful = asyncio.run(_looked(plan))
    try:
        results = asyncio.run(_on_the_wire(plan, tally, progress, truthful=truthful))
        shut = not plan.only and not tally.media_types
        if plan.wants(GENERATED) and shut:
            results.append(Result(GENERATED, "skipped", note=SHUT))
        elif plan.wants(GENERATED):
            mode: Literal["all", "negative"] = "all" if truthful else "negative"
            results += generated(plan, tally, mode, progress)
        if plan.wants(THROTTLE) and truthful and not shut:
            results.append(throttle(plan, progress))
        elif plan.wants(THROTTLE):
            note = NEEDS_TRUTH if not truthful else SHUT
            results.append(Result(THROTTLE, "skipped", THROTTLE_CLAIMS, note=note))
    finally:
        if truthful:
            asyncio.run(_left(plan))
    if not plan.only:
        results.append(_vacuity(tally))
    name = plan.server if isinstance(plan.server, str) else "the built-in mock"
    facts = (
        ("requests", str(tally.requests)),
        ("answered 204", str(tally.statuses[204])),
        ("seed", str(plan.seed)),
    )
    return Report(f"contract check of {name}", tuple(results), facts)


def standing_for() -> Mapping[str, tuple[str, ...]]:
    """Return, by id of the claim, the names of the checks that stand for it."""
    found: dict[str, list[str]] = {}
    for check in WIRE_CHECKS:
        for scene in _examples():
            for expected in check.expect(scene):
                for id_ in expected.claims:
                    found.setdefault(id_, []).append(check.name)
    for effect in (*TRUTH_CHECKS, *WALL_CHECKS):
        for id_ in effect.claims:
            found.setdefault(id_, []).append(effect.name)
    for id_ in THROTTLE_CLAIMS:
        found.setdefault(id_, []).append(THROTTLE)
    return {id_: tuple(dict.fromkeys(names)) for id_, names in found.items()}


def _examples() -> Iterator[Scene]:
    """Yield a scene of each installation that has every kind of credential."""
    for id_, installation in (("onsite", "onsite"), ("Cust1", "online")):
        table = {
            "id": id_,
            "installation": installation,
            "users": [{"name": "user", "password": "password"}],
            "tickets": ["ticket"],
            "sessions": [{"id": "session", "xsrf": "xsrf"}],
            "apps": [
                {"name": "app", "token": "token"},
                {"name": "other", "token": "token", "email-agent": False},
            ],
            "tokens": [{"value": "a", "app": "app"}, {"value": "b", "app": "other"}],
        }
        (tenant,) = target.tenants([table], "an example")
        yield from Plan(server=None, tenants=(tenant,)).scenes


# ---- before and after ------------------------------------------------------------------------


async def _looked(plan: Plan) -> bool:
    """Return whether the server tells the truth at `/_mock/`, about every tenant of the plan."""
    async with calling(plan.server, plan.timeout_seconds) as caller:
        for scene in plan.signed_in:
            seen = await caller.send(Ask("GET", scene.url))
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


async def _left(plan: Plan) -> None:
    """Leave every tenant as configured."""
    async with calling(plan.server, plan.timeout_seconds) as caller:
        for scene in plan.scenes:
            await caller.control("POST", f"reset?tenant={scene.tenant.id}")


# ---- by hand ---------------------------------------------------------------------------------


async def _on_the_wire(
    plan: Plan, tally: Tally, progress: Progress, *, truthful: bool
) -> list[Result]:
    async with calling(plan.server, plan.timeout_seconds) as caller:
        scenes = plan.signed_in
        gate = asyncio.Semaphore(AT_A_TIME)
        checks = [one for one in WIRE_CHECKS if plan.wants(one.name)]
        if checks:
            progress("requests by hand")
        wired = [
            _wire(one, caller, gate, scenes if one.signed_in else plan.scenes, tally)
            for one in checks
        ]
        results = list(await asyncio.gather(*wired))
        for effect, fits, note in (
            *((one, truthful, NEEDS_TRUTH) for one in TRUTH_CHECKS),
            *((one, not truthful, NEEDS_WALL) for one in WALL_CHECKS),
        ):
            if not plan.wants(effect.name):
                continue
            if fits:
                progress(effect.name)
                results.append(await _effect(effect, caller, scenes))
            elif plan.only or not truthful:
                results.append(Result(effect.name, "skipped", effect.claims, note=note))
        for scene in plan.scenes if truthful else ():
            await caller.control("POST", f"reset?tenant={scene.tenant.id}")
            await caller.control("POST", f"clock/jump?tenant={scene.tenant.id}")
        return results


async def _wire(
    check: WireCheck,
    caller: Caller,
    gate: asyncio.Semaphore,
    scenes: Sequence[Scene],
    tally: Tally,
) -> Result:
    started = time.monotonic()
    expected = [(scene, one) for scene in scenes for one in check.expect(scene)]

    async def answer(ask: Ask) -> Seen:
        async with gate:
            return await caller.send(ask)

    answers = await asyncio.gather(*(answer(one.ask) for _, one in expected))
    findings: list[Finding] = []
    for (scene, one), seen in zip(expected, answers, strict=True):
        tally.note(one.ask, seen)
        findings += _wrongs(caller.base, scene, one, seen)
    claims = tuple(dict.fromkeys(id_ for _, one in expected for id_ in one.claims))
    return concluded(check.name, claims, findings, started)


def _wrongs(base: str, scene: Scene, expected: Expected, seen: Seen) -> Iterator[Finding]:
    where = f"{scene.tenant.id}, {expected.name}"
    for wrong in expected.wrongs(seen):
        named = dict.fromkeys((*_NAMED.findall(wrong), *expected.claims))
        yield Finding(where, wrong, tuple(named), curl(base, expected.ask))


async def _effect(check: EffectCheck, caller: Caller, scenes: Sequence[Scene]) -> Result:
    started = time.monotonic()
    try:
        findings = [one async for one in check.run(caller, scenes)]
    except TargetError:
        raise
    except (LookupError, TypeError, ValueError) as error:
        return untold(check.name, check.claims, error)
    return concluded(check.name, check.claims, findings, started)


def _vacuity(tally: Tally) -> Result:
    """Say whether enough was accepted to have shown anything (a result of its own)."""
    (operation,) = description.load().operations.values()
    findings = []
    if tally.statuses[204] < FEWEST_ACCEPTED:
        what = f"only {tally.statuses[204]} calls were answered 204, of at least {FEWEST_ACCEPTED}"
        findings.append(Finding("", what))
    findings += [
        Finding("", f"no body of type {one} was ever accepted")
        for one in operation.bodies
        if not tally.media_types[one]
    ]
    return concluded("enough-was-seen", (), findings, time.monotonic())
