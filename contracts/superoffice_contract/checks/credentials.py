"""Checks of credentials: accepted, refused, read before the body, expired."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

import msgspec

from superoffice_contract.checks.check import EffectCheck, Effects, fresh
from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import GOOD, JSON
from superoffice_contract.report import Finding
from superoffice_contract.target import credentials, invalid_credentials, tenants
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.credentials import way_in
from superoffice_contract.target.http import Client, Request
from superoffice_contract.target.temporary_tenants import made

# ---- who is let in ---------------------------------------------------------------------------


def credentials_good(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """Every way in reaches 204."""
    for one in credentials.good(scene.tenant):
        yield ExpectedResponse(one.name, _signed(scene, one.headers), (204,), one.claims)


def credentials_bad(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """Nothing else does."""
    refused = tuple(map(int, scene.values("restricted", "401", "403")))
    for one in invalid_credentials.of(scene.tenant):
        statuses = refused if "grant" in one.claims else (401,)
        yield ExpectedResponse(one.name, _signed(scene, one.headers), statuses, one.claims)


def credentials_before_body(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """A bad body without credentials is a 401."""
    claims = ("order-credentials",)
    headers = (("Content-Type", JSON),)
    yield ExpectedResponse(
        "a broken body", Request("POST", scene.url, headers, b"{"), (401,), claims
    )


def _signed(scene: CheckContext, headers: tuple[tenants.Header, ...]) -> Request:
    return Request("POST", scene.url, (*headers, ("Content-Type", JSON)), GOOD)


LIFE: Final = 1_000
"""Seconds that credentials last at the tenants that are made for this."""


EXPIRE: Final = "credentials-expire"


_FOR_NOBODY: Final = b'{"SyncUserAccounts":[]}'


_PASSWORD, _TOKEN = "basic", "bearer"


async def lifetimes(caller: Client, scenes: Sequence[CheckContext]) -> Effects:
    """What has expired lets nobody in; use renews a ticket and a session, and no access token."""
    for scene in scenes:
        await fresh(caller, scene)
        await caller.control("POST", f"credentials/expire?tenant={scene.tenant.id}", {})
        async for one in _let_in(caller, scene, {_PASSWORD}, "once they expired", EXPIRE):
            yield one
        await fresh(caller, scene)
    every = frozenset(
        way_in(one.headers) for scene in scenes for one in credentials.good(scene.tenant)
    )
    lives = dict.fromkeys(("tickets", "tokens", "sessions"), LIFE)
    for installation in dict.fromkeys(scene.tenant.installation for scene in scenes):
        async with made(caller, scenes[0], installation, {"expires_after": lives}) as scene:
            for after, ways, when, claim in (
                (0.6, every, "in their life", EXPIRE),
                (0.6, every - {_TOKEN}, "when use should have renewed them", "ticket-sliding"),
                (1.1, {_PASSWORD}, "when their life was over", EXPIRE),
            ):
                await caller.control(
                    "POST", f"clock/advance?tenant={scene.tenant.id}", {"seconds": LIFE * after}
                )
                async for one in _let_in(caller, scene, ways, when, claim):
                    yield one


async def _let_in(
    caller: Client, scene: CheckContext, ways: frozenset[str] | set[str], when: str, claim: str
) -> AsyncIterator[Finding]:
    """Yield each way in that should be open and is not, or the other way round."""
    by_way = {way_in(one.headers): one for one in credentials.good(scene.tenant)}
    for way, credential in by_way.items():
        there = msgspec.structs.replace(scene, sign_in=credential.headers)
        seen = await caller.send(there.post(_FOR_NOBODY, JSON))
        expected = 204 if way in ways else 401
        if seen.status != expected:
            broken = "token-fixed" if way == _TOKEN and expected == 401 else claim
            what = f"{credential.name} {when}: expected {expected}, got {seen.status}"
            yield Finding(scene.tenant.id, what, (broken,))


LIFETIME_CHECKS: Final = (
    EffectCheck("lifetimes", (EXPIRE, "ticket-sliding", "token-fixed"), lifetimes),
)
"""Checks that make tenants of their own."""
