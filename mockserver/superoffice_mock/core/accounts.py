"""The mail accounts of a tenant: what they are, and how the sync of one ends."""

from enum import IntEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from superoffice_mock.core.credentials import SecretValue
from superoffice_mock.core.sync_run import AccountId, Duration, Instant

DEFAULT_FAILURE: Final = "The mail server refused the credentials."
"""The reason of a failure for which none is configured."""
MAX_TEXT: Final = 255
"""The most characters of a text of an account."""
FIRST_CREATED_ID: Final = AccountId(1_000)
"""The id of the first account that a call creates; the next ones are higher."""
MAX_CREATED_ACCOUNTS: Final = 1_000
"""The most accounts that the calls of a tenant may create."""


class AccountStatus(IntEnum):
    """The vendor's numbers for the status of an account (claim account-status)."""

    UNKNOWN = 0
    DELETED = 1
    FAILING = 2
    FAILED = 3
    OK = 4


class ServiceAuth(SecretValue, frozen=True):
    """How SuperOffice signs in to a mail server."""

    server: str = ""
    port: int = 0
    auth_type: str = ""
    username: str = ""
    password: str = ""
    id: int = 0


class Failures(msgspec.Struct, frozen=True):
    """How the syncs of an account fail.

    The first *times* fail, or all if it is None. The account is Failed, no longer Failing, after
    *failed_after* failures in a row; None: never.
    """

    reason: str = DEFAULT_FAILURE
    times: int | None = None
    failed_after: int | None = None


class MailAccount(msgspec.Struct, frozen=True):
    """A mail account; *seconds* is how long its sync takes, None: as long as that of others.

    *failures* is None if its syncs succeed. *last_fetch* is when it was last synced before the
    tenant started, or *last_fetch_ago* how long before.
    """

    id: AccountId
    address: str = ""
    associate: str = ""
    associate_id: int = 0
    inbox_folder: str = "INBOX"
    sent_folder: str = "Sent"
    incoming: ServiceAuth = ServiceAuth()
    outgoing: ServiceAuth = ServiceAuth()
    simple_mode: int = 0
    use_graph_api: int = 0
    seconds: Duration | None = None
    failures: Failures | None = None
    last_fetch: Instant | None = None
    last_fetch_ago: Duration | None = None

    def first_fetch(self, started_at: Instant) -> Instant | None:
        """Return when the account was last synced before the tenant's start at *started_at*."""
        if self.last_fetch_ago is not None:
            return Instant(started_at - self.last_fetch_ago)
        return self.last_fetch


class SyncStatus(msgspec.Struct, frozen=True, gc=False):
    """What the syncs of an account have come to.

    *last_fetch* is the end of the last sync that succeeded (claim last-fetch); None: never.
    *synced_at* and *synced_by* are the end of the last sync of any kind and its run.
    *error_count* counts the failures since the last success, *failure_count* all those of an
    account with `Failures`. *fetch_count* grows with every success, also with those of others.
    """

    last_fetch: Instant | None = None
    synced_at: Instant | None = None
    synced_by: int | None = None
    error_count: int = 0
    error_reason: str = ""
    failure_count: int = 0
    fetch_count: int = 0

    def fails_next(self, failures: Failures | None) -> bool:
        """Return whether the next sync of an account with *failures* fails."""
        if failures is None:
            return False
        return failures.times is None or self.failure_count < failures.times

    def account_status(self, failures: Failures | None) -> AccountStatus:
        """Return the status of an account with *failures* (claim account-status)."""
        if self.error_count == 0:
            return AccountStatus.OK if self.last_fetch is not None else AccountStatus.UNKNOWN
        limit = None if failures is None else failures.failed_after
        has_failed = limit is not None and self.error_count >= limit
        return AccountStatus.FAILED if has_failed else AccountStatus.FAILING

    def after_sync(self, failures: Failures, success: "SyncStatus") -> "SyncStatus":
        """Return the status after a sync, which is *success* unless *failures* has it fail."""
        if not self.fails_next(failures):
            return replace(success, failure_count=self.failure_count)
        return replace(
            self,
            synced_at=success.synced_at,
            synced_by=success.synced_by,
            error_count=self.error_count + 1,
            error_reason=failures.reason,
            failure_count=self.failure_count + 1,
        )


NEVER_SYNCED: Final = SyncStatus()
