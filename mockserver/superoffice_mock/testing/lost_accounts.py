"""The traffic of a tenant: what was called, what ran or had run, and which accounts are lost."""

from collections.abc import Iterator, Sequence

import msgspec

from superoffice_mock.testing.models import Exchange, Run


class Traffic(msgspec.Struct, frozen=True):
    """The exchanges of a tenant, oldest first, its runs, and how many exchanges are forgotten.

    What counts calls, or says that there were none, fails while any is forgotten.
    """

    requests: Sequence[Exchange]
    runs: Sequence[Run] = ()
    forgotten: int = 0

    @property
    def pending(self) -> list[Exchange]:
        """The calls that have not been answered yet."""
        return [one for one in self.requests if one.pending]

    @property
    def untold(self) -> list[Exchange]:
        """The replayed calls that may have started a run, or not: their recording can't tell."""
        return [one for one in self.requests if one.became == "unknown" and _may_sync(one)]

    @property
    def covered(self) -> dict[int, int]:
        """The accounts that a run covers, a recorded one too, and the last call that did it."""
        runs = [(run.request, run.covered) for run in self.runs]
        replayed = [
            (one.id, one.account_ids)
            for one in self.requests
            if one.recorded is not None and one.became == "started"
        ]
        return {account: id_ for id_, those in sorted([*runs, *replayed]) for account in those}

    def asking_for(self, account: int) -> list[Exchange]:
        """Return the calls that asked for *account*."""
        return [one for one in self.requests if account in one.account_ids]


class Lost(msgspec.Struct, frozen=True):
    """An account, and the last call that asked for it and was answered 204 in vain."""

    account: int
    exchange: Exchange


def lost(traffic: Traffic) -> Iterator[Lost]:
    """Yield the accounts in calls answered 204 that no run of that or a later call covers."""
    last_asked: dict[int, Exchange] = {}
    for exchange in traffic.requests:
        if exchange.status == 204:
            last_asked |= dict.fromkeys(exchange.account_ids, exchange)
    covered = traffic.covered
    for account, exchange in last_asked.items():
        if covered.get(account, 0) < exchange.id:
            yield Lost(account, exchange)


def doubtful(traffic: Traffic) -> dict[int, int]:
    """Return the accounts of which a recording can't tell, and the last call that it can't."""
    return {account: one.id for one in traffic.untold for account in one.account_ids}


def _may_sync(one: Exchange) -> bool:
    called = one.method == "POST" and one.operation is not None
    return called and (one.status is None or one.status < 300)
