"""What a tenant has that a test moves: its clock, its lease and its faults."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypedDict, Unpack

import msgspec

from superoffice_mock.testing.control_client import ControlClient
from superoffice_mock.testing.models import ArmedFault, ClockState, Event


class Fault(TypedDict, total=False):
    """A fault: which calls it strikes, and exactly one effect; mockserver/README.md has a table."""

    operation: str
    times: int
    every: int
    probability: float
    seed: int
    status: int
    message: str
    headers: Mapping[str, str]
    retry_after: int
    expired_credential: bool
    delay: float
    connection: Literal[
        "empty-response", "reset-by-peer", "malformed-chunk", "random-data-then-close", "stall"
    ]


class Clock:
    """The clock of a tenant. Every wait, run and lifetime of the tenant is on it."""

    def __init__(self, calls: ControlClient, tenant: str) -> None:
        self._calls = calls
        self._tenant = tenant

    @property
    def now(self) -> datetime:
        """The moment it shows."""
        return self._state().now

    @property
    def name(self) -> str:
        """`real`, `jump` or `freeze`."""
        return self._state().clock

    @property
    def waiting(self) -> int:
        """How many calls wait on it for their answer."""
        return self._state().waiting

    def time(self) -> float:
        """Return seconds since 1970, as `time.time` does: give it to an app that measures time."""
        return self.now.timestamp()

    def real(self) -> None:
        """Let it run on, a second in a second."""
        self._set("real")

    def freeze(self) -> None:
        """Stop it; it stands until it is advanced."""
        self._set("freeze")

    def jump(self) -> None:
        """Stop it, and let it jump to the next moment that anyone waits for, once all wait."""
        self._set("jump")

    def advance(self, seconds: float) -> tuple[Event, ...]:
        """Move it on; return what happened in between, in order. It must not be `real`."""
        return self._advance({"seconds": seconds})

    def advance_until_idle(self) -> tuple[Event, ...]:
        """Move it on until nobody waits and no run is active; return what happened."""
        return self._advance({"until": "idle"})

    def _state(self) -> ClockState:
        return self._calls.get("clock", ClockState, tenant=self._tenant)

    def _set(self, clock: str) -> None:
        self._calls.post(f"clock/{clock}", None, ClockState, tenant=self._tenant)

    def _advance(self, by: Mapping[str, object]) -> tuple[Event, ...]:
        return self._calls.post("clock/advance", by, _Advanced, tenant=self._tenant).events


class Lease:
    """The right to run, held by hand: whoever calls meanwhile is turned away."""

    def __init__(self, calls: ControlClient, tenant: str) -> None:
        self._calls = calls
        self._tenant = tenant

    @property
    def held(self) -> bool:
        """Whether a run or a hand has it."""
        return self._calls.get("lease", _Held, tenant=self._tenant).held

    def hold(self) -> None:
        """Take it until `release`. Raise ControlFailed while it is held."""
        self._calls.post("lease/hold", None, _Held, tenant=self._tenant)

    def release(self) -> None:
        """End the hold, or the run that has it."""
        self._calls.post("lease/release", None, _Held, tenant=self._tenant)


class Faults:
    """The faults of a tenant."""

    def __init__(self, calls: ControlClient, tenant: str) -> None:
        self._calls = calls
        self._tenant = tenant

    @property
    def all(self) -> tuple[ArmedFault, ...]:
        """Every fault that was armed and not cleared since."""
        return self._calls.get("faults", _Faults, tenant=self._tenant).faults

    def arm(self, **fault: Unpack[Fault]) -> None:
        """Arm one more: `arm(status=503, times=2)`. Raise ControlFailed if it can't be meant."""
        self._calls.post("faults", fault, _Faults, tenant=self._tenant)

    def clear(self) -> None:
        """Disarm all."""
        self._calls.send("DELETE", "faults", None, _Faults, tenant=self._tenant)


# ---- answers ---------------------------------------------------------------------------------


class _Faults(msgspec.Struct, frozen=True):
    faults: tuple[ArmedFault, ...]


class _Held(msgspec.Struct, frozen=True):
    held: bool


class _Advanced(msgspec.Struct, frozen=True):
    events: tuple[Event, ...]
