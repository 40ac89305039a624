"""What is told of a verdict."""

import pytest

from superoffice_mock.core.lease import (
    TURNED_AWAY_AFTER,
    Ask,
    Served,
    Started,
    TurnedAway,
    Verdict,
)
from superoffice_mock.core.reasons import reason
from superoffice_mock.core.sync_run import ExchangeId, Hold, Instant, RunId, SyncRun
from tests.mock.core.builders import at, durations, ids

RUN = SyncRun(RunId(7), ExchangeId(1), ids(507, 508), durations(), at(0), at(5))
LATER = Instant(at(2) + TURNED_AWAY_AFTER)


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        (Started(RUN, at(0)), "run 7 syncs 2 accounts in 5.0 s"),
        (Started(RUN, at(0), left_out=3), "run 7 syncs 2 of 5 accounts in 5.0 s"),
        (TurnedAway(RUN, LATER), "run 7 holds the lease for 3.0 s more"),
        (TurnedAway(Hold(at(0)), LATER), "the lease is held by hand until it is released"),
        (Served(at(0)), "nothing to sync: the list of accounts is empty"),
        (Ask(RUN, LATER), None),
    ],
)
def test_a_verdict_says_why_as_far_as_it_is_known(verdict: Verdict, told: str | None) -> None:
    assert reason(verdict) == told
