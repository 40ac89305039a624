"""Control calls that show, change and advance the clock of a tenant."""

from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from superoffice_mock.control.errors import ProblemError
from superoffice_mock.control.pieces import View
from superoffice_mock.control.request import ControlMethod, ControlRequest, RequestBody
from superoffice_mock.core import sync_run
from superoffice_mock.core.clock import (
    Clock,
    Event,
    FrozenClock,
    JumpingClock,
    RealClock,
    format_instant,
)
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.tenants.tenant import Tenant


class Advance(RequestBody):
    """How far a clock moves: a number of seconds, or until nothing is pending."""

    example: ClassVar[str] = '{"seconds": 2.5} or {"until": "idle"}'
    seconds: Annotated[float, Meta(ge=0, le=1_000_000_000)] | None = None
    until: Literal["idle"] | None = None


async def _get_clock(request: ControlRequest) -> View:
    return _clock_view(request.tenant)


def _change_clock(kind: type[Clock], summary: str) -> ControlMethod:
    async def change_clock(request: ControlRequest) -> View:
        request.tenant.set_clock(kind)
        return _clock_view(request.tenant)

    return ControlMethod(change_clock, summary, "Clock")


async def _advance(request: ControlRequest) -> View:
    tenant = request.tenant
    if isinstance(tenant.state.clock, RealClock):
        first = "POST /_mock/clock/freeze or /_mock/clock/jump first"
        raise ProblemError(409, f"the clock runs in real time; {first}")
    advance = request.decode_body(Advance)
    if (advance.seconds is None) == (advance.until is None):
        raise ProblemError(400, f"the body: send either {Advance.example}")
    try:
        if advance.seconds is None:
            events = tenant.advance_until_idle()
        else:
            events = tenant.advance(Instant(tenant.now() + sync_run.seconds(advance.seconds)))
    except ValueError as error:
        raise ProblemError(400, f"{error}") from None
    await tenant.wait_until_settled()
    return _clock_view(tenant) | {"events": [_event_view(event) for event in events]}


def _clock_view(tenant: Tenant) -> View:
    clock = tenant.state.clock
    return {
        "clock": clock.name,
        "now": format_instant(tenant.now()),
        "stands_still": not isinstance(clock, RealClock),
        "in_flight": tenant.in_flight,
        "waiting": tenant.waiting,
    }


def _event_view(event: Event) -> View:
    members = msgspec.structs.asdict(event) | {"at": format_instant(event.at)}
    return {name: value for name, value in members.items() if value is not None}


CALLS: Final = {
    "GET /clock": ControlMethod(_get_clock, "returns the tenant's clock and its time", "Clock"),
    "POST /clock/real": _change_clock(RealClock, "lets the clock run in real time"),
    "POST /clock/jump": _change_clock(
        JumpingClock, "lets the clock jump to the next moment that a call waits for"
    ),
    "POST /clock/freeze": _change_clock(FrozenClock, "stops the clock"),
    "POST /clock/advance": ControlMethod(
        _advance,
        "moves a clock that stands still; lists what happens in between",
        "Advanced",
        Advance,
        errors=(409,),
    ),
}
