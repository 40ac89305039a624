"""Tenants that a check makes for itself at `/_mock/`, and removes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from superoffice_contract.checks.expectations import Scene
from superoffice_contract.target import tenants
from superoffice_contract.target.http import Caller
from superoffice_contract.target.tenants import (
    App,
    ImpossibleError,
    Session,
    TargetTenant,
    Token,
    User,
)


@asynccontextmanager
async def made(
    caller: Caller, scene: Scene, installation: str, wanted: Mapping[str, Any]
) -> AsyncIterator[Scene]:
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
        first = next(tenants.good(tenant))
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
