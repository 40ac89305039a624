"""Tenants whose runs take time and whose credentials last, whatever a mock was started with."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from superoffice_contract.checks.expectations import Scene
from superoffice_contract.target.http import Caller
from superoffice_contract.target.temporary_tenants import made
from superoffice_contract.twins import FOR_EVER, expires

LEAST: Final = 1.5
"""Seconds that the sync of an account has to take: longer than a call waits that comes then."""
_WANTED: Final = {
    "seconds_per_account": 5,
    "accounts": [{"id": 507, "seconds": 2}],
    "expires_after": FOR_EVER,
}
"""The tenant that is made instead: an account of its own time, as in the demo world."""


@asynccontextmanager
async def lasting(caller: Caller, scenes: Sequence[Scene]) -> AsyncIterator[tuple[Scene, ...]]:
    """Yield *scenes*, with tenants of our own in place of those that a setting makes unfit.

    Raise ImpossibleError where such a one can't be made.
    """
    async with AsyncExitStack() as stack:
        yield tuple([await _fit(caller, one, stack) for one in scenes])


async def _fit(caller: Caller, scene: Scene, stack: AsyncExitStack) -> Scene:
    if await _takes_time(caller, scene) and not await expires(caller, scene.tenant):
        return scene
    return await stack.enter_async_context(made(caller, scene, scene.tenant.installation, _WANTED))


async def _takes_time(caller: Caller, scene: Scene) -> bool:
    """Tell whether each account takes long enough; a server that does not say is fit."""
    told = await caller.control("GET", f"accounts?tenant={scene.tenant.id}")
    try:
        each: tuple[float, ...] = (
            told["seconds_per_account"],
            *(one["seconds"] for one in told["accounts"]),
        )
        return min(each) >= LEAST
    except (LookupError, TypeError):
        return True
