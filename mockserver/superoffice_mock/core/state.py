"""A tenant as values: the facts, which never change, and the state, which does."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from superoffice_contract.messages import describe_unknown
from superoffice_contract.openapi.readings import Readings
from superoffice_mock.core.accounts import FIRST_CREATED_ID, MailAccount, SyncStatus
from superoffice_mock.core.clock import Clock
from superoffice_mock.core.credentials import KnownCredentials, Session
from superoffice_mock.core.expiry import (
    FOREVER,
    ExpiringCredential,
    ExpiryTimes,
    Lifetimes,
    initial_expiry_times,
)
from superoffice_mock.core.faults import NO_FAULTS, Fault, Faults
from superoffice_mock.core.sync_history import SyncHistory
from superoffice_mock.core.sync_run import (
    SECOND,
    AccountId,
    Duration,
    Durations,
    Holder,
    Installation,
    Instant,
    RunId,
    SyncEnd,
    SyncRun,
    TenantId,
)

FIRST_RUN: Final = RunId(1)
DEFAULT_DUE_AFTER: Final = Duration(300 * SECOND)


class TenantStatus(IntEnum):
    """The vendor's states of a tenant and their numbers (claim tenant-state)."""

    UNKNOWN = 0
    PROVISIONING = 1
    RUNNING = 2
    DELETED = 3
    SUSPENDED = 4
    ONLINE_MAINTENANCE = 5
    OFFLINE_MAINTENANCE = 6
    PROVISIONING_FAILED = 8
    DELETING = 10
    DELETE_FAILED = 11
    MIGRATION_PENDING = 12

    @property
    def is_running(self) -> bool:
        """Whether the API of a tenant in this state answers."""
        return self in (TenantStatus.RUNNING, TenantStatus.ONLINE_MAINTENANCE)

    @property
    def text(self) -> str:
        """Its name in the vendor's answers: `OnlineMaintenance`."""
        return self.name.title().replace("_", "")

    @property
    def setting(self) -> str:
        """Its name in a configuration: `online-maintenance`."""
        return self.name.lower().replace("_", "-")


def tenant_status(setting: str) -> TenantStatus:
    """Return the state that a configuration calls *setting*. Raise ValueError if it is unknown."""
    by_setting = {status.setting: status for status in TenantStatus}
    if setting not in by_setting:
        names = ", ".join(by_setting)
        raise ValueError(describe_unknown("state", setting, by_setting, f"the states are: {names}"))
    return by_setting[setting]


class TenantFacts(msgspec.Struct, frozen=True):
    """The configuration of one tenant.

    An account is due *due_after* its last fetch. *host*, if set, is the only value of the Host
    header that calls may have (claim wrong-subdomain). *strict* are the kinds of problems that fail
    a test of the tenant, None: those that whoever judges it chooses; *expect_lost* are the accounts
    that are known to be lost.
    """

    id: TenantId
    installation: Installation
    known_credentials: KnownCredentials
    durations: Durations
    readings: Readings
    sessions: Mapping[str, Session] = {}
    lifetimes: Lifetimes = FOREVER
    accounts: Mapping[AccountId, MailAccount] = {}
    due_after: Duration = DEFAULT_DUE_AFTER
    status: TenantStatus = TenantStatus.RUNNING
    host: str | None = None
    strict: frozenset[str] | None = None
    expect_lost: frozenset[AccountId] = frozenset()

    def initial_state(self, clock: Clock, now: Instant) -> "TenantState":
        """Return the state of the tenant at its start and after a reset, at *now*."""
        expiry_times = initial_expiry_times(
            self.lifetimes, self.known_credentials, self.sessions, now
        )
        statuses = {
            account.id: SyncStatus(last_fetch=last_fetch)
            for account in self.accounts.values()
            if (last_fetch := account.first_fetch(now)) is not None
        }
        return TenantState(
            clock=clock,
            sessions=self.sessions,
            known_credentials=self.known_credentials,
            expiry_times=expiry_times,
            accounts=self.accounts,
            history=SyncHistory(statuses),
            status=self.status,
        )


class TenantState(msgspec.Struct, frozen=True, gc=False):
    """The part of a tenant that changes; every change makes a new value.

    *accounts* are those that exist; a run may sync others. *seen_fetches* is how many fetches of
    an account a client has been told of (claim has-new-mail). *known_credentials* include those
    that were *issued*, oldest first.
    """

    clock: Clock
    sessions: Mapping[str, Session]
    known_credentials: KnownCredentials = KnownCredentials()
    issued: tuple[ExpiringCredential, ...] = ()
    lease_holder: Holder | None = None
    next_run: RunId = FIRST_RUN
    expiry_times: ExpiryTimes = {}
    faults: Faults = NO_FAULTS
    accounts: Mapping[AccountId, MailAccount] = {}
    history: SyncHistory = SyncHistory()
    next_account: AccountId = FIRST_CREATED_ID
    seen_fetches: Mapping[AccountId, int] = {}
    status: TenantStatus = TenantStatus.RUNNING

    def with_run(self, run: SyncRun, ends: Sequence[SyncEnd]) -> "TenantState":
        """Return the state after the start of *run*, which gets the lease if it holds it.

        *ends* are when its syncs end.
        """
        history = self.history
        if history.room <= 0:
            history = history.count(run.started_at, self.accounts)
        return replace(
            self,
            lease_holder=run if run.holds_lease else self.lease_holder,
            next_run=RunId(run.id + 1),
            history=history.add(run, ends),
        )

    def with_counted_history(self, now: Instant) -> "TenantState":
        """Return the same state, whose statuses of accounts are those at *now*."""
        history = self.history.count(now, self.accounts)
        return self if history is self.history else replace(self, history=history)

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
