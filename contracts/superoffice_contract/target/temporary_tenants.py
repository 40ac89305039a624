"""Tenants that a check makes for itself at `/_mock/`, and removes."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import msgspec

from superoffice_contract.errors import ImpossibleError, TargetError
from superoffice_contract.target import credentials
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client
from superoffice_contract.target.tenants import App, Session, TargetTenant, Token, User


@asynccontextmanager
async def made(
    caller: Client, scene: CheckContext, installation: str, wanted: Mapping[str, Any]
) -> AsyncIterator[CheckContext]:
    """Make a tenant as *wanted*, on a clock that jumps, and remove it in the end.

    Raise ImpossibleError where the server makes none.
    """
    sent = {"installation": installation, "clock": "jump", **wanted}
    answer = await caller.control("POST", "tenants", sent)
    if answer is None:
        msg = "POST /_mock/tenants makes no tenant: does it have as many as it may?"
        raise ImpossibleError(f"{msg} Remove some, or start the server with more --max-tenants")
    try:
        tenant = _tenant(answer)
        first = next(credentials.good(tenant))
        yield msgspec.structs.replace(scene, tenant=tenant, sign_in=first.headers)
    finally:
        await caller.control("DELETE", f"tenants/{answer['id']}")


def _tenant(answer: Any) -> TargetTenant:  # noqa: ANN401 - JSON
    given = answer["credentials"]
    return TargetTenant(
        answer["id"],
        answer["installation"],
        users=tuple(User(one, given["password"]) for one in [given["user"]] if one),
        tickets=(given["ticket"],),
        sessions=(Session(given["session"], given["xsrf"]),),
        apps=tuple(App(one, given["app_token"]) for one in [given["app"]] if one),
        tokens=tuple(Token(one, given["app"]) for one in [given["access_token"]] if one),
    )


FOR_EVER: Final = 1_000_000_000
"""Seconds; a credential of a mock can't last longer."""


async def expires(caller: Client, tenant: TargetTenant) -> bool:
    """Tell whether a credential of *tenant* expires; of a server that does not say, none does."""
    told = await caller.control("GET", f"tenants/{tenant.id}")
    try:
        return any(one is not None and one < FOR_EVER for one in told["expires_after"].values())
    except (LookupError, TypeError, AttributeError):
        return False


async def twin(caller: Client, tenant: TargetTenant) -> TargetTenant:
    """Make a tenant with *tenant*'s credentials. Raise TargetError where the server makes none."""
    made = await caller.control("POST", "tenants", _sent(tenant))
    if made is None:
        msg = f"{caller.base}: credentials of tenant {tenant.id} expire while they are checked"
        raise TargetError(f"{msg}; start the server without --expires-after")
    return msgspec.structs.replace(tenant, id=made["id"])


def _sent(tenant: TargetTenant) -> dict[str, Any]:
    user = tenant.users[0].name if tenant.users else "user"
    return {
        "installation": tenant.installation,
        "expires_after": FOR_EVER,
        "users": [{"name": one.name, "password": one.password} for one in tenant.users],
        "tickets": list(tenant.tickets),
        "sessions": [{"id": one.id, "xsrf": one.xsrf, "user": user} for one in tenant.sessions],
        "apps": [
            {"name": one.name, "token": one.token, "email_agent": one.email_agent}
            for one in tenant.apps
        ],
        "tokens": [{"value": one.value, "app": one.app} for one in tenant.tokens],
    }


LEAST: Final = 1.5
"""Seconds that the sync of an account has to take: longer than a call waits that comes then."""


_WANTED: Final = {
    "seconds_per_account": 5,
    "accounts": [{"id": 507, "seconds": 2}],
    "expires_after": FOR_EVER,
}
"""The tenant that is made instead: an account of its own time, as in the demo world."""


@asynccontextmanager
async def lasting(
    caller: Client, scenes: Sequence[CheckContext]
) -> AsyncIterator[tuple[CheckContext, ...]]:
    """Yield *scenes*, with tenants of our own in place of those that a setting makes unfit.

    Raise ImpossibleError where such a one can't be made.
    """
    async with AsyncExitStack() as stack:
        yield tuple([await _fit(caller, one, stack) for one in scenes])


async def _fit(caller: Client, scene: CheckContext, stack: AsyncExitStack) -> CheckContext:
    if await _takes_time(caller, scene) and not await expires(caller, scene.tenant):
        return scene
    return await stack.enter_async_context(made(caller, scene, scene.tenant.installation, _WANTED))


async def _takes_time(caller: Client, scene: CheckContext) -> bool:
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
