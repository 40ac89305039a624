"""Tenants as a whole: starting again, and the readings they follow."""

from typing import Final

from superoffice_mock.asgi.control import views
from superoffice_mock.asgi.control.calls import Asked, Verb, Verbs
from superoffice_mock.asgi.control.views import View


async def _reset(asked: Asked) -> View:
    tenants = list(asked.world.tenants) if asked.flag("all") else [asked.tenant]
    for tenant in tenants:
        await tenant.reset()
    return {"reset": [tenant.facts.id for tenant in tenants]}


async def _readings(asked: Asked) -> View:
    return views.readings_view(asked.tenant.facts.readings)


VERBS: Final[Verbs] = {
    "/reset": {"POST": Verb(_reset, ("all",))},
    "/readings": {"GET": Verb(_readings)},
}
