"""What a test controls of its tenant: the clock, the lease and the faults."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypedDict, Unpack

import msgspec

from superoffice_mock.testing.control_client import ControlClient
from superoffice_mock.testing.models import ArmedFault, ClockState, Event


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


class Clock:
    """The clock of a tenant. All its waits, runs and lifetimes are measured on it."""

    def __init__(self, client: ControlClient, tenant: str) -> None:
        self._client = client
        self._tenant = tenant

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
        return self._client.get("clock", ClockState, tenant=self._tenant)

    def _set(self, clock: str) -> None:
        self._client.post(f"clock/{clock}", None, ClockState, tenant=self._tenant)

    def _advance(self, by: Mapping[str, object]) -> tuple[Event, ...]:
        return self._client.post("clock/advance", by, _AdvanceResult, tenant=self._tenant).events


class Lease:
    """The right to run. While a test holds it, all calls are turned away."""

    def __init__(self, client: ControlClient, tenant: str) -> None:
        self._client = client
        self._tenant = tenant

    @property
    def held(self) -> bool:
        """Whether a run or a test holds it."""
        return self._client.get("lease", _LeaseState, tenant=self._tenant).held

    def hold(self) -> None:
        """Hold it until `release`. Raise ControlFailed if it is held already."""
        self._client.post("lease/hold", None, _LeaseState, tenant=self._tenant)

    def release(self) -> None:
        """End the hold, or the run that holds it."""
        self._client.post("lease/release", None, _LeaseState, tenant=self._tenant)


class Faults:
    """The faults of a tenant."""

    def __init__(self, client: ControlClient, tenant: str) -> None:
        self._client = client
        self._tenant = tenant

    @property
    def all(self) -> tuple[ArmedFault, ...]:
        """The faults that were armed and not cleared since."""
        return self._client.get("faults", _FaultList, tenant=self._tenant).faults

    def arm(self, **fault: Unpack[Fault]) -> None:
        """Add a fault: `arm(status=503, times=2)`. Raise ControlFailed if it is invalid."""
        self._client.post("faults", fault, _FaultList, tenant=self._tenant)

    def clear(self) -> None:
        """Remove all faults."""
        self._client.send("DELETE", "faults", None, _FaultList, tenant=self._tenant)


# ---- answers ---------------------------------------------------------------------------------


class _FaultList(msgspec.Struct, frozen=True):
    faults: tuple[ArmedFault, ...]


class _LeaseState(msgspec.Struct, frozen=True):
    held: bool


class _AdvanceResult(msgspec.Struct, frozen=True):
    events: tuple[Event, ...]
