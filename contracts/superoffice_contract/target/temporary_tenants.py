"""Tenants that a check creates at `/_mock/` and deletes afterwards."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from msgspec.structs import asdict, replace

from superoffice_contract.control.answers import Accounts, Lifetimes, NewTenant
from superoffice_contract.errors import ControlFailed, NotObservableError
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client
from superoffice_contract.target.tenants import TargetTenant

LONGEST_LIFETIME: Final = 1_000_000_000
"""The longest lifetime of a credential that the mock allows, in seconds."""
MIN_ACCOUNT_SECONDS: Final = 1.5
"""How long an account must take: longer than a turned-away call waits."""
_LASTING: Final[dict[str, Any]] = {"expires_after": LONGEST_LIFETIME}
_SUITABLE: Final = _LASTING | {"seconds_per_account": 5, "accounts": [{"id": 507, "seconds": 2}]}
"""The settings of a copy of an unsuitable tenant; account 507 is as in the demo tenants."""


async def copy_tenant(
    client: Client, tenant: TargetTenant, settings: Mapping[str, Any] = _LASTING
) -> TargetTenant:
    """Create a tenant with the credentials of *tenant* and with *settings*, on a jumping clock.

    By default the credentials do not expire. Raise NotObservableError if the server creates none.
    """
    content = {**_copied_credentials(tenant), **settings}
    try:
        answer = await client.control("POST", "tenants", NewTenant, content)
    except ControlFailed:
        msg = "POST /_mock/tenants creates no tenant: is the limit of tenants reached?"
        advice = "Remove some, or start the server with more --max-tenants"
        raise NotObservableError(f"{msg} {advice}") from None
    return replace(tenant, id=answer.id)


def _copied_credentials(tenant: TargetTenant) -> dict[str, Any]:
    """Return the credentials of *tenant* that its installation accepts."""
    is_onsite = tenant.installation == "onsite"
    user_name = tenant.users[0].name if tenant.users else "user"
    return {
        "installation": tenant.installation,
        "users": [asdict(user) for user in tenant.users if is_onsite],
        "tickets": tenant.tickets,
        "sessions": [asdict(session) | {"user": user_name} for session in tenant.sessions],
        "apps": [asdict(app) for app in tenant.apps],
        "tokens": [asdict(token) for token in tenant.tokens if not is_onsite],
    }


@asynccontextmanager
async def temporary_tenant(
    client: Client, context: CheckContext, settings: Mapping[str, Any]
) -> AsyncIterator[CheckContext]:
    """Copy the tenant of *context* with *settings*, yield a context of it, and delete it.

    Raise NotObservableError if the server creates none.
    """
    tenant = await copy_tenant(client, context.tenant, settings)
    try:
        yield replace(context, tenant=tenant)
    finally:
        await client.try_control("DELETE", f"tenants/{tenant.id}")


@asynccontextmanager
async def suitable_contexts(
    client: Client, contexts: Sequence[CheckContext]
) -> AsyncIterator[tuple[CheckContext, ...]]:
    """Yield *contexts*, with temporary tenants in place of those whose settings are unsuitable.

    Raise NotObservableError if the server creates none.
    """
    async with AsyncExitStack() as stack:
        yield tuple([await _suitable_context(client, context, stack) for context in contexts])


async def _suitable_context(
    client: Client, context: CheckContext, stack: AsyncExitStack
) -> CheckContext:
    tenant = context.tenant
    takes_time = await _takes_long_enough(client, tenant)
    if takes_time and not await has_expiring_credentials(client, tenant):
        return context
    return await stack.enter_async_context(temporary_tenant(client, context, _SUITABLE))


async def has_expiring_credentials(client: Client, tenant: TargetTenant) -> bool:
    """Return whether credentials of *tenant* expire; False if the server does not say."""
    try:
        answer = await client.control("GET", f"tenants/{tenant.id}", Lifetimes)
    except ControlFailed:
        return False
    lifetimes = answer.expires_after.values()
    return any(seconds is not None and seconds < LONGEST_LIFETIME for seconds in lifetimes)


async def _takes_long_enough(client: Client, tenant: TargetTenant) -> bool:
    """Return whether each account takes long enough; True if the server does not say."""
    try:
        answer = await client.control("GET", "accounts", Accounts, tenant=tenant.id)
    except ControlFailed:
        return True
    seconds = [account.seconds for account in answer.accounts]
    return min([answer.seconds_per_account, *seconds]) >= MIN_ACCOUNT_SECONDS
