"""Twins of tenants whose credentials expire: they know the same, and let them in for ever."""

from typing import Any, Final

import msgspec

from superoffice_contract.target.http import Caller
from superoffice_contract.target.tenants import TargetError, TargetTenant

FOR_EVER: Final = 1_000_000_000
"""Seconds; a credential of a mock can't last longer."""


async def expires(caller: Caller, tenant: TargetTenant) -> bool:
    """Tell whether a credential of *tenant* expires; of a server that does not say, none does."""
    told = await caller.control("GET", f"tenants/{tenant.id}")
    try:
        return any(one is not None and one < FOR_EVER for one in told["expires_after"].values())
    except (LookupError, TypeError, AttributeError):
        return False


async def twin(caller: Caller, tenant: TargetTenant) -> TargetTenant:
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
