"""A tenant as values: the facts, which never change, and the state, which does."""

from collections.abc import Mapping
from typing import Final

import msgspec

from superoffice_mock.core.clock import Clock
from superoffice_mock.core.credentials import KnownCredentials, Session
from superoffice_mock.core.expiry import (
    FOREVER,
    ExpiryTimes,
    Lifetimes,
    initial_expiry_times,
)
from superoffice_mock.core.faults import NO_FAULTS, Fault, Faults
from superoffice_mock.core.readings import Readings
from superoffice_mock.core.sync_run import (
    Durations,
    Holder,
    Installation,
    Instant,
    RunId,
    SyncRun,
    TenantId,
)

FIRST_RUN: Final = RunId(1)


class TenantFacts(msgspec.Struct, frozen=True):
    """The configuration of one tenant."""

    id: TenantId
    installation: Installation
    known_credentials: KnownCredentials
    durations: Durations
    readings: Readings
    sessions: Mapping[str, Session] = {}
    lifetimes: Lifetimes = FOREVER

    def initial_state(self, clock: Clock, now: Instant) -> "TenantState":
        """Return the state of the tenant at its start and after a reset, at *now*."""
        expiry_times = initial_expiry_times(
            self.lifetimes, self.known_credentials, self.sessions, now
        )
        return TenantState(clock=clock, sessions=self.sessions, expiry_times=expiry_times)


class TenantState(msgspec.Struct, frozen=True):
    """The part of a tenant that changes; every change makes a new value."""

    clock: Clock
    sessions: Mapping[str, Session]
    lease_holder: Holder | None = None
    next_run: RunId = FIRST_RUN
    expiry_times: ExpiryTimes = {}
    faults: Faults = NO_FAULTS

    def holder(self, now: Instant) -> Holder | None:
        """Return the holder of the lease at *now*: an active run, a hold, or None."""
        lease = self.lease_holder
        if type(lease) is SyncRun and lease.ends_at <= now:
            return None
        return lease

    def leased_to(self, run: SyncRun) -> "TenantState":
        """Return the state in which *run* holds the lease; the next run gets the next id."""
        return msgspec.structs.replace(self, lease_holder=run, next_run=RunId(run.id + 1))

    def with_lease(self, holder: Holder | None) -> "TenantState":
        """Return the state in which *holder* holds the lease."""
        return msgspec.structs.replace(self, lease_holder=holder)

    def with_clock(self, clock: Clock) -> "TenantState":
        """Return the state with another clock."""
        return msgspec.structs.replace(self, clock=clock)

    def with_faults(self, faults: Faults) -> "TenantState":
        """Return the state with other faults."""
        return msgspec.structs.replace(self, faults=faults)

    def fire_fault(self, operation: str) -> tuple["TenantState", Fault | None]:
        """Return the state after a call of *operation*, and the fault that fires on it, if any."""
        faults, fault = self.faults.fire(operation)
        return self.with_faults(faults), fault

    def with_expiry_times(self, expiry_times: ExpiryTimes) -> "TenantState":
        """Return the state with other expiry times."""
        return msgspec.structs.replace(self, expiry_times=expiry_times)

    def without_session(self, session: str) -> "TenantState":
        """Return the state without *session*. Raise KeyError if it is unknown."""
        sessions = dict(self.sessions)
        del sessions[session]
        return msgspec.structs.replace(self, sessions=sessions)
