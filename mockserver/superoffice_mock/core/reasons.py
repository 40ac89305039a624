"""Verdicts in words, for whoever reads the journal; put together when somebody looks."""

from superoffice_mock.core.lease import Ask, Call, Started, TurnedAway, Verdict, describe
from superoffice_mock.core.model import SECOND, SyncRun


def reason(verdict: Verdict, call: Call) -> str:
    """Return why *call* got *verdict*."""
    match verdict:
        case Started(run):
            length = (run.ends_at - run.started_at) / SECOND
            return f"run {run.id} syncs {_counted(run, call)} in {length:.1f} s"
        case TurnedAway(holder) | Ask(holder):
            return describe(holder, call.arrived_at)
        case _:
            return "nothing to sync: the list of accounts is empty"


def _counted(run: SyncRun, call: Call) -> str:
    synced, asked = len(run.accounts), len(call.accounts)
    of_all = f"{synced} of {asked}" if synced != asked else f"{synced}"
    return f"{of_all} account{'' if asked == 1 else 's'}"
