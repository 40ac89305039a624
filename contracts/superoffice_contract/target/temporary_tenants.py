"""Tenants that a check creates at `/_mock/` and deletes afterwards."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import msgspec

from superoffice_contract.errors import NotObservableError, TargetError
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.credentials import valid_credentials
from superoffice_contract.target.http import Client
from superoffice_contract.target.tenants import App, Session, TargetTenant, Token, User

LONGEST_LIFETIME: Final = 1_000_000_000
"""The longest lifetime of a credential that the mock allows, in seconds."""
MIN_ACCOUNT_SECONDS: Final = 1.5
"""How long an account must take: longer than a turned-away call waits."""
_SUITABLE_TENANT: Final = {
    "seconds_per_account": 5,
    "accounts": [{"id": 507, "seconds": 2}],
    "expires_after": LONGEST_LIFETIME,
}
"""The tenant to create in place of an unsuitable one; account 507 is as in the demo tenants."""


@asynccontextmanager
async def temporary_tenant(
    client: Client, context: CheckContext, installation: str, settings: Mapping[str, Any]
) -> AsyncIterator[CheckContext]:
    """Create a tenant with *settings*, on a clock that jumps, and delete it afterwards.

    Yield *context* with that tenant. Raise NotObservableError if the server creates none.
    """
    content = {"installation": installation, "clock": "jump", **settings}
    answer = await client.control("POST", "tenants", content)
    if answer is None:
        msg = "POST /_mock/tenants creates no tenant: is the limit of tenants reached?"
        raise NotObservableError(f"{msg} Remove some, or start the server with more --max-tenants")
    try:
        tenant = _read_tenant(answer)
        headers = next(valid_credentials(tenant)).headers
        yield msgspec.structs.replace(context, tenant=tenant, credential_headers=headers)
    finally:
        await client.control("DELETE", f"tenants/{answer['id']}")


def _read_tenant(answer: Any) -> TargetTenant:  # noqa: ANN401 - JSON
    credentials = answer["credentials"]
    user, password = credentials["user"], credentials["password"]
    app, app_token, access_token = (
        credentials[name] for name in ("app", "app_token", "access_token")
    )
    return TargetTenant(
        answer["id"],
        answer["installation"],
        users=(User(user, password),) if user else (),
        tickets=(credentials["ticket"],),
        sessions=(Session(credentials["session"], credentials["xsrf"]),),
        apps=(App(app, app_token),) if app else (),
        tokens=(Token(access_token, app),) if access_token else (),
    )


async def has_expiring_credentials(client: Client, tenant: TargetTenant) -> bool:
    """Return whether credentials of *tenant* expire; False if the server does not say."""
    answer = await client.control("GET", f"tenants/{tenant.id}")
    try:
        lifetimes = answer["expires_after"].values()
        return any(seconds is not None and seconds < LONGEST_LIFETIME for seconds in lifetimes)
    except (LookupError, TypeError, AttributeError):
        return False


async def copy_tenant(client: Client, tenant: TargetTenant) -> TargetTenant:
    """Create a tenant with the credentials of *tenant* that do not expire.

    Raise TargetError if the server creates none.
    """
    answer = await client.control("POST", "tenants", _copy_request(tenant))
    if answer is None:
        msg = f"{client.base}: credentials of tenant {tenant.id} expire while they are checked"
        raise TargetError(f"{msg}; start the server without --expires-after")
    return msgspec.structs.replace(tenant, id=answer["id"])


def _copy_request(tenant: TargetTenant) -> dict[str, Any]:
    user_name = tenant.users[0].name if tenant.users else "user"
    return {
        "installation": tenant.installation,
        "expires_after": LONGEST_LIFETIME,
        "users": [{"name": user.name, "password": user.password} for user in tenant.users],
        "tickets": list(tenant.tickets),
        "sessions": [
            {"id": session.id, "xsrf": session.xsrf, "user": user_name}
            for session in tenant.sessions
        ],
        "apps": [
            {"name": app.name, "token": app.token, "email_agent": app.email_agent}
            for app in tenant.apps
        ],
        "tokens": [{"value": token.value, "app": token.app} for token in tenant.tokens],
    }


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
    return await stack.enter_async_context(
        temporary_tenant(client, context, tenant.installation, _SUITABLE_TENANT)
    )


async def _takes_long_enough(client: Client, tenant: TargetTenant) -> bool:
    """Return whether each account takes long enough; True if the server does not say."""
    answer = await client.control("GET", f"accounts?tenant={tenant.id}")
    try:
        seconds = [account["seconds"] for account in answer["accounts"]]
        return bool(min([answer["seconds_per_account"], *seconds]) >= MIN_ACCOUNT_SECONDS)
    except (LookupError, TypeError):
        return True
