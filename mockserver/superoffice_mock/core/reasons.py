"""Verdicts in words, for whoever reads the journal; put together when somebody looks."""

from superoffice_mock.core.lease import (
    TURNED_AWAY_AFTER,
    Served,
    Started,
    TurnedAway,
    Verdict,
    describe,
)
from superoffice_mock.core.sync_run import SECOND, Instant


def reason(verdict: Verdict) -> str | None:
    """Return why a call got *verdict*; None for one that does not say."""
    match verdict:
        case Started(run):
            length = (run.ends_at - run.started_at) / SECOND
            return f"run {run.id} syncs {_counted(verdict)} in {length:.1f} s"
        case TurnedAway(holder, answer_at):  # as it was when the call came
            return describe(holder, Instant(answer_at - TURNED_AWAY_AFTER))
        case Served():
            return "nothing to sync: the list of accounts is empty"
        case _:
            return None


def _counted(started: Started) -> str:
    synced = len(started.run.accounts)
    asked = synced + started.left_out
    of_all = f"{synced} of {asked}" if synced != asked else f"{synced}"
    return f"{of_all} account{'' if asked == 1 else 's'}"
