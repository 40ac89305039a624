"""A tenant: the facts that stay and the one small value that changes."""

from collections.abc import Mapping
from typing import Final

import msgspec

from superoffice_mock.core.clock import Clock
from superoffice_mock.core.credentials import KnownCredentials, Session
from superoffice_mock.core.expiry import FOREVER, NO_END, Ends, Lifetimes, first_ends
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
    """One SuperOffice installation as configured."""

    id: TenantId
    installation: Installation
    known: KnownCredentials
    durations: Durations
    readings: Readings
    sessions: Mapping[str, Session] = msgspec.field(default_factory=dict)
    lifetimes: Lifetimes = FOREVER

    def fresh(self, clock: Clock, now: Instant) -> "TenantState":
        """Return the state that the tenant starts with, and has again after a reset, at *now*."""
        ends = first_ends(self.lifetimes, self.known, self.sessions, now)
        return TenantState(clock=clock, sessions=self.sessions, ends=ends)


class TenantState(msgspec.Struct, frozen=True):
    """All of a tenant that changes. Every change makes a new value."""

    clock: Clock
    sessions: Mapping[str, Session]
    lease: Holder | None = None
    next_run: RunId = FIRST_RUN
    ends: Ends = msgspec.field(default_factory=lambda: NO_END)
    faults: Faults = NO_FAULTS

    def holder(self, now: Instant) -> Holder | None:
        """Return who holds the lease at *now*: a run until its slowest task ends, or a hold."""
        lease = self.lease
        if type(lease) is SyncRun and lease.ends_at <= now:
            return None
        return lease

    def leased_to(self, run: SyncRun) -> "TenantState":
        """Return the state with *run* holding the lease, and its number used up."""
        return msgspec.structs.replace(self, lease=run, next_run=RunId(run.id + 1))

    def with_lease(self, holder: Holder | None) -> "TenantState":
        """Return the state with *holder* holding the lease."""
        return msgspec.structs.replace(self, lease=holder)

    def with_clock(self, clock: Clock) -> "TenantState":
        """Return the state with another clock."""
        return msgspec.structs.replace(self, clock=clock)

    def with_faults(self, faults: Faults) -> "TenantState":
        """Return the state with other faults."""
        return msgspec.structs.replace(self, faults=faults)

    def struck(self, operation: str) -> tuple["TenantState", Fault | None]:
        """Return the state after a call of *operation* came, and the fault that strikes it."""
        faults, fault = self.faults.strike(operation)
        return self.with_faults(faults), fault

    def with_ends(self, ends: Ends) -> "TenantState":
        """Return the state in which credentials end at other moments."""
        return msgspec.structs.replace(self, ends=ends)

    def without_session(self, session: str) -> "TenantState":
        """Return the state after *session* was ended. Raise KeyError if there is none."""
        self.sessions[session]
        return msgspec.structs.replace(
            self, sessions={id_: one for id_, one in self.sessions.items() if id_ != session}
        )
