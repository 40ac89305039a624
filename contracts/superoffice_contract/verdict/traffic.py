"""The traffic of a tenant: its requests, its runs, and its accounts."""

from collections.abc import Sequence

import msgspec

from superoffice_contract.control.answers import AccountState, Exchange, Run, attempts_of
from superoffice_contract.lost_accounts import Attempt


class Traffic(msgspec.Struct, frozen=True):
    """The exchanges of a tenant, oldest first, its runs and accounts; *forgotten* counts exchanges.

    Assertions that count calls, or that rule some out, fail if exchanges are forgotten.
    """

    requests: Sequence[Exchange]
    runs: Sequence[Run] = ()
    accounts: Sequence[AccountState] = ()
    forgotten: int = 0

    @property
    def pending(self) -> list[Exchange]:
        """The calls that have not been answered yet."""
        return [call for call in self.requests if call.pending]

    @property
    def undecided_calls(self) -> list[Exchange]:
        """The replayed calls that may have started a run; their recording does not say."""
        return [call for call in self.requests if call.is_undecided]

    @property
    def covered(self) -> set[int]:
        """The accounts that a run has synced, with success or not, or that one will sync.

        The state of the tenant knows that of more runs than the journal does.
        """
        covered = {account for attempt in self.attempts for account in attempt.covered}
        covered.update(account for run in self.runs for account in run.covered)
        return covered | {
            account.id
            for account in self.accounts
            if account.synced_by is not None or account.syncing_by is not None
        }

    @property
    def attempts(self) -> list[Attempt]:
        """What the calls asked for, and what their runs cover."""
        return attempts_of(self.requests, self.runs)
