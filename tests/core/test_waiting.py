"""Verdicts of those who wait: what they come to when something else than their moment decides."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.lease import (
    Ask,
    Call,
    Delayed,
    Refused,
    Served,
    Started,
    TurnedAway,
    Verdict,
)
from superoffice_mock.core.sync_run import (
    AccountId,
    Duration,
    Durations,
    ExchangeId,
    Hold,
    Instant,
    RunId,
    SyncRun,
)
from superoffice_mock.core.waiting import at_once, released, withdrawn

HOLD = Hold(Instant(0))
NOW = Instant(10)
RUN = SyncRun(
    RunId(1),
    ExchangeId(1),
    [AccountId(1)],
    Durations(Duration(30), {}),
    started_at=Instant(0),
    ends_at=Instant(30),
)


def never(now: Instant) -> tuple[Call, Verdict]:
    message = f"the call arrived at {now}"
    raise AssertionError(message)


ASKS, DELAYED = Ask(HOLD, Instant(20)), Delayed(Instant(20), never)
FINAL = [
    Started(RUN, Instant(30)),
    TurnedAway(HOLD, Instant(20)),
    Served(Instant(20)),
    Refused(Instant(20), ValueError()),
]


@pytest.mark.parametrize("revise", [withdrawn, at_once])
def test_who_asks_no_more_is_turned_away_and_who_never_arrived_is_served(
    revise: Callable[[Verdict, Instant], Verdict],
) -> None:
    assert revise(ASKS, NOW) == TurnedAway(HOLD, NOW)
    assert revise(DELAYED, NOW) == Served(NOW)


@pytest.mark.parametrize("verdict", FINAL, ids=lambda one: type(one).__name__)
def test_a_final_verdict_can_not_be_withdrawn_but_is_told_at_once(verdict: Verdict) -> None:
    assert withdrawn(verdict, NOW) is verdict
    told = at_once(verdict, NOW)
    assert (type(told), told.answer_at) == (type(verdict), NOW)


@given(st.integers(0, 100), st.integers(0, 100))
def test_nobody_is_answered_later_at_once_than_they_would_have_been(due: int, now: int) -> None:
    assert at_once(Served(Instant(due)), Instant(now)).answer_at == min(due, now)


def test_who_waits_for_a_run_hears_back_when_it_is_released() -> None:
    blocked = Started(RUN, RUN.ends_at)
    assert released(blocked, RUN, NOW) is blocked
    told = released(blocked, None, NOW)
    assert isinstance(told, Started)
    assert (told.run.ends_at, told.run.released_at, told.answer_at) == (NOW, NOW, NOW)


@pytest.mark.parametrize(
    "verdict",
    [Started(RUN, Instant(5)), Started(RUN, NOW), TurnedAway(HOLD, Instant(20))],
    ids=["heard back", "hears back now", "turned away"],
)
def test_a_release_changes_nothing_for_who_does_not_wait_for_the_run(verdict: Verdict) -> None:
    assert released(verdict, None, NOW) is verdict
