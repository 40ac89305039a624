"""Tenants as a whole: made, listed, removed, started again, and the readings they follow."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from starlette.responses import Response

from superoffice_mock.asgi.control.new_tenant import NewTenant, facts_of
from superoffice_mock.asgi.control.sign_in import credentials_view
from superoffice_mock.control import views
from superoffice_mock.control.errors import problem
from superoffice_mock.control.request import Asked, Verb, Verbs
from superoffice_mock.control.views import View
from superoffice_mock.core.clock import Clock, FrozenClock, JumpingClock, RealClock
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.wire.values import shown

_CLOCKS: Final[Mapping[str, Callable[[Instant], Clock]]] = {
    "real": lambda _: RealClock(),
    "freeze": FrozenClock,
    "jump": JumpingClock,
}


async def _make(asked: Asked) -> Response:
    new, world = asked.read(NewTenant), asked.world
    facts = facts_of(new, world.tenants.new_id(new.installation), world.usual)
    try:
        tenant = world.tenants.make(facts, _CLOCKS[new.clock](Instant(world.steady())))
    except ValueError as error:
        raise problem(409, f"{error}") from None
    return Response(
        msgspec.json.encode(_whole(asked, tenant)) + b"\n",
        201,
        headers={"Location": f"/_mock/tenants/{facts.id}"},
        media_type="application/json",
    )


async def _list(asked: Asked) -> View:
    asked.world.tenants.sweep()
    return {"tenants": [_line(asked, tenant) for tenant in asked.world.tenants]}


async def _one(asked: Asked) -> View:
    return _whole(asked, _named(asked))


async def _remove(asked: Asked) -> Response:
    tenant = _named(asked)
    try:
        asked.world.tenants.remove(tenant)
    except ValueError as error:
        raise problem(409, f"{error}") from None
    await tenant.calm()
    return Response(status_code=204)


async def _reset(asked: Asked) -> View:
    if not asked.flag("all"):
        await asked.tenant.reset()
        return {"reset": [asked.tenant.facts.id]}
    if "tenant" in asked.query:
        raise problem(400, "?all=true resets every tenant and ?tenant=ID one; send one of them")
    tenants = asked.world.tenants
    removed = tenants.remove_made()
    for tenant in tenants.configured:
        await tenant.reset()
    for tenant in removed:
        await tenant.calm()
    return {
        "reset": [tenant.facts.id for tenant in tenants.configured],
        "removed": [tenant.facts.id for tenant in removed],
    }


async def _readings(asked: Asked) -> View:
    return views.readings_view(asked.tenant.facts.readings)


def _named(asked: Asked) -> Tenant:
    tenants = asked.world.tenants
    tenant = tenants.get(asked.id)
    if tenant is None:
        known = f"the tenants are: {tenants.known}; GET /_mock/tenants lists them"
        raise problem(404, f"tenant {shown(asked.id)} is unknown or removed; {known}")
    return tenant


def _line(asked: Asked, tenant: Tenant) -> View:
    facts = tenant.facts
    lasting = facts.lifetimes
    return {
        "id": facts.id,
        "url": f"{asked.base}/{facts.id}",
        "made": asked.world.tenants.is_made(tenant),
        "installation": facts.installation,
        "granted": not facts.known.apps
        or any(app.email_agent for app in facts.known.apps.values()),
        "clock": tenant.state.clock.name,
        "expires_after": {
            "tickets": views.seconds(lasting.ticket),
            "tokens": views.seconds(lasting.token),
            "sessions": views.seconds(lasting.session),
        },
    }


def _whole(asked: Asked, tenant: Tenant) -> View:
    """Return the line, and for a made tenant what lets a caller in; others have it in a file."""
    made = asked.world.tenants.is_made(tenant)
    return _line(asked, tenant) | {"credentials": credentials_view(tenant.facts) if made else None}


VERBS: Final[Verbs] = {
    "/tenants": {
        "GET": Verb(_list, summary="lists the tenants, made ones last", answers="Tenants"),
        "POST": Verb(
            _make,
            summary="makes a tenant of its own for a test",
            takes=NewTenant,
            answers="Tenant",
            status=201,
            refuses=(409,),
        ),
    },
    "/tenants/{id}": {
        "GET": Verb(
            _one,
            summary="tells about one tenant; of a made one the credentials, too",
            answers="Tenant",
            refuses=(404,),
        ),
        "DELETE": Verb(
            _remove,
            summary="removes a made tenant and answers who waits there",
            status=204,
            refuses=(404, 409),
        ),
    },
    "/reset": {
        "POST": Verb(
            _reset,
            ("all",),
            summary="answers who waits, then starts the tenant again as it was made",
            answers="Reset",
        )
    },
    "/readings": {
        "GET": Verb(
            _readings, summary="lists the readings that the tenant follows", answers="Readings"
        )
    },
}
