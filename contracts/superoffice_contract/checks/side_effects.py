"""Checks of what a call did, by the truth at `/_mock/`."""

from collections.abc import Sequence
from typing import Any, Final

from superoffice_contract.checks import check, registry
from superoffice_contract.checks.check import EffectCheck, Effects, fresh
from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import GOOD, JSON, SEVERAL, spellings
from superoffice_contract.errors import ImpossibleError
from superoffice_contract.report import Finding
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client, Request

AT_ONCE: Final = (2, 10, 50)


NAMES: Final = ("name", "department", "category/id")
"""What the query names that is sent to see how `$select` is read."""


async def _told(caller: Client, scene: CheckContext, what: str) -> Any:  # noqa: ANN401 - JSON
    return await caller.control("GET", f"{what}?tenant={scene.tenant.id}")


async def _outcomes(caller: Client, scene: CheckContext) -> list[str]:
    told = await _told(caller, scene, "requests")
    if told.get("forgotten"):
        kept = len(told["requests"])
        msg = f"the journal keeps {kept} calls, too few to see who started"
        raise ImpossibleError(f"{msg}; start the server with --journal-exchanges 1000")
    return [one["outcome"] for one in told["requests"]]


def _good(scene: CheckContext) -> Request:
    return scene.post(GOOD, JSON)


# ---- with the truth --------------------------------------------------------------------------


async def parity(caller: Client, scenes: Sequence[CheckContext]) -> Effects:
    """One payload has one effect in all media types, however each of them spells it."""
    for scene in scenes:
        await fresh(caller, scene)
        spelt = [one for kind in scene.media_types for one in spellings(kind)]
        for name, kind, body, claim in spelt:
            await caller.send(scene.post(body, kind))
            # One by one, as a journal may be short.
            told = await caller.control("GET", f"requests?limit=1&tenant={scene.tenant.id}")
            (last,) = told["requests"]
            got = [
                (one["AccountId"], one["AssociateName"], one["AssociateId"])
                for one in last["accounts"] or ()
            ]
            if got != list(SEVERAL):
                what = f"{name} gave {got}, not {list(SEVERAL)}"
                yield Finding(scene.tenant.id, what, ("same-effect", claim))


async def get_starts_nothing(caller: Client, scenes: Sequence[CheckContext]) -> Effects:
    """A description is no call."""
    for scene in scenes:
        await fresh(caller, scene)
        for method in ("GET", "HEAD", "OPTIONS"):
            await caller.send(Request(method, scene.url, scene.sign_in))
        if (await _told(caller, scene, "lease"))["held"]:
            yield Finding(
                scene.tenant.id, "GET, HEAD or OPTIONS took the lease", ("get-describes",)
            )


async def rejected_takes_nothing(caller: Client, scenes: Sequence[CheckContext]) -> Effects:
    """A rejected call takes no lease; who did of many is found by asking again, one by one."""
    for scene in scenes:
        for wire_check in registry.WIRE_CHECKS:
            rejected = _rejected(wire_check, scene)
            await fresh(caller, scene)
            await caller.send_together([one.ask for one in rejected])
            if not await _begun(caller, scene):
                continue
            for one in rejected:
                await fresh(caller, scene)
                await caller.send(one.ask)
                if await _begun(caller, scene):
                    what = f"a rejected call took the lease: {one.name}"
                    yield Finding(scene.tenant.id, what, ("rejected-no-lease",))


def _rejected(check: check.WireCheck, scene: CheckContext) -> list[ExpectedResponse]:
    every = check.expect(scene)
    return [one for one in every if min(one.statuses) >= 400 and scene.url in one.ask.path]


async def _begun(caller: Client, scene: CheckContext) -> bool:
    """Tell whether the lease is held, or a run has held it."""
    held = (await _told(caller, scene, "lease"))["held"]
    return held or bool((await _told(caller, scene, "runs"))["runs"])


async def simultaneous(caller: Client, scenes: Sequence[CheckContext]) -> Effects:
    """Of callers who arrive together exactly one starts."""
    for scene in scenes:
        for count in AT_ONCE:
            await fresh(caller, scene)
            await caller.send_together([_good(scene)] * count)
            started = (await _outcomes(caller, scene)).count("started")
            if started != 1:
                what = f"of {count} callers at once {started} started"
                yield Finding(scene.tenant.id, what, ("simultaneous", "single-run"))


async def tenants_apart(caller: Client, scenes: Sequence[CheckContext]) -> Effects:
    """A run at one tenant turns nobody away at another."""
    for scene in scenes:
        await fresh(caller, scene)
    for scene in scenes:
        await caller.send(_good(scene))
    for scene in scenes:
        if await _outcomes(caller, scene) != ["started"]:
            yield Finding(scene.tenant.id, "another tenant's run held its lease", ("lease-tenant",))


async def select_understood(caller: Client, scenes: Sequence[CheckContext]) -> Effects:
    """`$select` is a list of names with commas between them, blanks around them trimmed."""
    for scene in scenes:
        await fresh(caller, scene)
        ask = _good(scene)
        query = "$select=name,%20department%20,category/id"
        await caller.send(Request(ask.method, f"{ask.path}?{query}", ask.headers, ask.body))
        (exchange,) = (await _told(caller, scene, "requests"))["requests"]
        if exchange["select"] != list(NAMES):
            what = f"{query} was read as {exchange['select']}, not {list(NAMES)}"
            yield Finding(scene.tenant.id, what, ("select-list", "select-blanks"))


async def same_answer(caller: Client, scenes: Sequence[CheckContext]) -> Effects:
    """Nothing on the wire tells a started call from a turned-away one, Date aside."""
    for scene in scenes:
        await fresh(caller, scene)
        started, turned_away = [await caller.send(_good(scene)) for _ in range(2)]
        if started.shape != turned_away.shape:
            what = f"started {started.shape}, turned away {turned_away.shape}"
            yield Finding(scene.tenant.id, what, ("same-answer", "silent-drop"))


TRUTH_CHECKS: Final = (
    EffectCheck(
        "parity",
        (
            *("same-effect", "media-types", "charset", "camel-case", "unknown-members"),
            *("xml-names", "form-shape", "patch-types-plain"),
        ),
        parity,
    ),
    EffectCheck("get-starts-nothing", ("get-describes",), get_starts_nothing),
    EffectCheck("rejected-takes-nothing", ("rejected-no-lease",), rejected_takes_nothing),
    EffectCheck("simultaneous", ("simultaneous", "single-run"), simultaneous),
    EffectCheck("tenants-apart", ("lease-tenant", "path-tenant"), tenants_apart),
    EffectCheck("select-understood", ("select-list", "select-blanks"), select_understood),
    EffectCheck("same-answer", ("same-answer", "silent-drop"), same_answer),
)
"""Checks that need `/_mock/`."""
