"""Control calls that show, change and advance the clock of a tenant."""

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
from superoffice_mock.core import clock, sync_run
from superoffice_mock.core.clock import Clock, RealClock
from superoffice_mock.core.sync_run import Instant


class Advance(RequestBody):
    """How far a clock moves: a number of seconds, or until nothing is pending."""

    example: ClassVar[str] = '{"seconds": 2.5} or {"until": "idle"}'
    seconds: Annotated[float, Meta(ge=0, le=1_000_000_000)] | None = None
    until: Literal["idle"] | None = None


async def _get_clock(request: ControlRequest) -> View:
    return views.clock_view(request.tenant)


def _change_clock(change: Callable[[Clock, int], Clock], summary: str) -> ControlMethod:
    async def change_clock(request: ControlRequest) -> View:
        request.tenant.set_clock(change)
        return views.clock_view(request.tenant)

    return ControlMethod(change_clock, summary=summary, response="Clock")


async def _advance(request: ControlRequest) -> View:
    tenant = request.tenant
    if isinstance(tenant.state.clock, RealClock):
        first = "POST /_mock/clock/freeze or /_mock/clock/jump first"
        raise problem(409, f"the clock runs in real time; {first}")
    advance = request.decode_body(Advance)
    if (advance.seconds is None) == (advance.until is None):
        raise problem(400, f"the body: send either {Advance.example}")
    if advance.seconds is None:
        events = tenant.advance_until_idle()
    else:
        events = tenant.advance(Instant(tenant.now() + sync_run.seconds(advance.seconds)))
    await tenant.wait_until_settled()
    return views.clock_view(tenant) | {"events": [views.event_view(event) for event in events]}


PATHS: Final[ControlPaths] = {
    "/clock": {
        "GET": ControlMethod(
            _get_clock, summary="returns the tenant's clock and its time", response="Clock"
        )
    },
    "/clock/real": {"POST": _change_clock(clock.resume, "lets the clock run in real time")},
    "/clock/jump": {
        "POST": _change_clock(
            clock.jump, "lets the clock jump to the next moment that a call waits for"
        )
    },
    "/clock/freeze": {"POST": _change_clock(clock.freeze, "stops the clock")},
    "/clock/advance": {
        "POST": ControlMethod(
            _advance,
            summary="moves a clock that stands still; lists what happens in between",
            body=Advance,
            response="Advanced",
            errors=(409,),
        )
    },
}
