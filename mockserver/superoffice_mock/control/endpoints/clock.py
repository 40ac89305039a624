"""The clock of a tenant: which one it has, and moving it."""

from collections.abc import Callable
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta

from superoffice_mock.control import views
from superoffice_mock.control.errors import problem
from superoffice_mock.control.request import (
    ControlMethod,
    ControlPaths,
    ControlRequest,
    RequestBody,
)
from superoffice_mock.control.views import View
from superoffice_mock.core import clock
from superoffice_mock.core.clock import Clock, RealClock
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.core.sync_run import seconds as duration


class Advance(RequestBody):
    """By how much, or until when, a clock moves."""

    example: ClassVar[str] = '{"seconds": 2.5} or {"until": "idle"}'
    seconds: Annotated[float, Meta(ge=0, le=1_000_000_000)] | None = None
    until: Literal["idle"] | None = None


async def _clock(asked: ControlRequest) -> View:
    return views.clock_view(asked.tenant)


def _exchanging(change: Callable[[Clock, int], Clock], summary: str) -> ControlMethod:
    async def exchange(asked: ControlRequest) -> View:
        asked.tenant.set_clock(change)
        return views.clock_view(asked.tenant)

    return ControlMethod(exchange, summary=summary, answers="Clock")


async def _advance(asked: ControlRequest) -> View:
    tenant = asked.tenant
    if isinstance(tenant.state.clock, RealClock):
        raise problem(409, "the clock runs in real time; POST /_mock/clock/freeze first")
    by = asked.read(Advance)
    if (by.seconds is None) == (by.until is None):
        raise problem(400, f"the body: send either {Advance.example}")
    if by.seconds is None:
        events = tenant.advance_until_idle()
    else:
        events = tenant.advance(Instant(tenant.now() + duration(by.seconds)))
    await tenant.calm()
    return views.clock_view(tenant) | {"events": [views.event_view(one) for one in events]}


VERBS: Final[ControlPaths] = {
    "/clock": {
        "GET": ControlMethod(_clock, summary="tells which clock the tenant has", answers="Clock")
    },
    "/clock/real": {"POST": _exchanging(clock.real, "lets time run")},
    "/clock/jump": {
        "POST": _exchanging(clock.jump, "lets time jump to the next moment anyone waits for")
    },
    "/clock/freeze": {"POST": _exchanging(clock.freeze, "stops the clock")},
    "/clock/advance": {
        "POST": ControlMethod(
            _advance,
            summary="moves a clock that stands; tells what happens in between",
            takes=Advance,
            answers="Advanced",
            refuses=(409,),
        )
    },
}
