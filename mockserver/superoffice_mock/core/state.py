"""A tenant as values: the facts, which never change, and the state, which does."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from superoffice_contract.openapi.readings import Readings
from superoffice_mock.core.clock import Clock
from superoffice_mock.core.credentials import KnownCredentials, Session
from superoffice_mock.core.expiry import FOREVER, ExpiryTimes, Lifetimes, initial_expiry_times
from superoffice_mock.core.faults import NO_FAULTS, Fault, Faults
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


class TenantState(msgspec.Struct, frozen=True, gc=False):
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

    def fire_fault(self, operation: str) -> tuple["TenantState", Fault | None]:
        """Return the state after a call of *operation*, and the fault that fires on it, if any."""
        faults, fault = self.faults.fire(operation)
        return replace(self, faults=faults), fault

    def without_session(self, session: str) -> "TenantState":
        """Return the state without *session*. Raise KeyError if it is unknown."""
        sessions = dict(self.sessions)
        del sessions[session]
        return replace(self, sessions=sessions)
