"""The traffic of a tenant, and the accounts in it that are lost."""

from collections.abc import Iterator, Sequence

import msgspec

from superoffice_mock.testing.models import Exchange, Run


class Traffic(msgspec.Struct, frozen=True):
    """The exchanges of a tenant, oldest first, its runs, and how many exchanges are forgotten.

    Assertions that count calls, or that rule some out, fail if exchanges are forgotten.
    """

    requests: Sequence[Exchange]
    runs: Sequence[Run] = ()
    forgotten: int = 0

    @property
    def pending(self) -> list[Exchange]:
        """The calls that have not been answered yet."""
        return [call for call in self.requests if call.pending]

    @property
    def undecided(self) -> list[Exchange]:
        """The replayed calls that may have started a run; their recording does not say."""
        return [call for call in self.requests if call.became == "unknown" and _may_sync(call)]

    @property
    def covered_by(self) -> dict[int, int]:
        """The accounts that runs cover, recorded runs too, with the last call that did it."""
        runs = [(run.request, run.covered) for run in self.runs]
        recorded_runs = [
            (call.id, call.account_ids)
            for call in self.requests
            if call.recorded is not None and call.became == "started"
        ]
        return {
            account: call for call, accounts in sorted(runs + recorded_runs) for account in accounts
        }

    def calls_for(self, account: int) -> list[Exchange]:
        """Return the calls that asked for *account*."""
        return [call for call in self.requests if account in call.account_ids]


class LostAccount(msgspec.Struct, frozen=True):
    """A lost account, and the last call that asked for it and was answered 204."""

    account: int
    exchange: Exchange


def find_lost_accounts(traffic: Traffic) -> Iterator[LostAccount]:
    """Yield the accounts in calls answered 204 that no run of that or a later call covers."""
    last_calls: dict[int, Exchange] = {}
    for call in traffic.requests:
        if call.status == 204:
            last_calls |= dict.fromkeys(call.account_ids, call)
    covered_by = traffic.covered_by
    for account, call in last_calls.items():
        if covered_by.get(account, 0) < call.id:
            yield LostAccount(account, call)


def find_uncertain_accounts(traffic: Traffic) -> dict[int, int]:
    """Return the accounts of undecided calls, with the last such call."""
    return {account: call.id for call in traffic.undecided for account in call.account_ids}


def _may_sync(call: Exchange) -> bool:
    is_sync = call.method == "POST" and call.operation is not None
    return is_sync and (call.status is None or call.status < 300)
