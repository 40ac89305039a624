"""What a test controls of its tenant: the clock, the lease and the faults."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypedDict, Unpack

import msgspec

from superoffice_contract.control.answers import ArmedFault, ClockState, Event, LeaseState
from superoffice_contract.control.client import Answer, ControlClient

__tracebackhide__ = True
"""A failing test shows its own line, and none of this module."""


class Fault(TypedDict, total=False):
    """A fault: the calls it applies to, and exactly one effect; see mockserver/README.md."""

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


class TenantCalls:
    """What makes control calls for *tenant*."""

    def __init__(self, client: ControlClient, tenant: str) -> None:
        self._client = client
        self._tenant = tenant

    def _control(
        self, method: str, path: str, type_: type[Answer], body: object = None, **query: object
    ) -> Answer:
        return self._client.control(method, path, type_, body, tenant=self._tenant, **query)


class Clock(TenantCalls):
    """The clock of a tenant. All its waits, runs and lifetimes are measured on it."""

    @property
    def now(self) -> datetime:
        """The time that it shows."""
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
        """Return seconds since 1970, like `time.time`; pass this to an app that measures time."""
        return self.now.timestamp()

    def real(self) -> None:
        """Let it run in real time."""
        self._set("real")

    def freeze(self) -> None:
        """Stop it until it is advanced."""
        self._set("freeze")

    def jump(self) -> None:
        """Stop it, and let it jump to the next moment that a call waits for once all calls wait."""
        self._set("jump")

    def advance(self, seconds: float) -> tuple[Event, ...]:
        """Move it on and return what happened meanwhile, in order. It must not be `real`."""
        return self._advance({"seconds": seconds})

    def advance_until_idle(self) -> tuple[Event, ...]:
        """Move it on until no call waits and no run is active; return what happened."""
        return self._advance({"until": "idle"})

    def _state(self) -> ClockState:
        return self._control("GET", "clock", ClockState)

    def _set(self, clock: str) -> None:
        self._control("POST", f"clock/{clock}", ClockState)

    def _advance(self, by: Mapping[str, object]) -> tuple[Event, ...]:
        return self._control("POST", "clock/advance", _AdvanceResult, by).events


class Lease(TenantCalls):
    """The right to run. While a test holds it, all calls are turned away."""

    @property
    def held(self) -> bool:
        """Whether a run or a test holds it."""
        return self._control("GET", "lease", LeaseState).held

    def hold(self) -> None:
        """Hold it until `release`. Raise ControlFailed if it is held already."""
        self._control("POST", "lease/hold", LeaseState)

    def release(self) -> None:
        """End the hold, or the run that holds it."""
        self._control("POST", "lease/release", LeaseState)


class Faults(TenantCalls):
    """The faults of a tenant."""

    @property
    def all(self) -> tuple[ArmedFault, ...]:
        """The faults that were armed and not cleared since."""
        return self._control("GET", "faults", _FaultList).faults

    def arm(self, **fault: Unpack[Fault]) -> None:
        """Add a fault: `arm(status=503, times=2)`. Raise ControlFailed if it is invalid."""
        self._control("POST", "faults", _FaultList, fault)

    def clear(self) -> None:
        """Remove all faults."""
        self._control("DELETE", "faults", _FaultList)


class _FaultList(msgspec.Struct, frozen=True):
    faults: tuple[ArmedFault, ...]


class _AdvanceResult(msgspec.Struct, frozen=True):
    events: tuple[Event, ...]
