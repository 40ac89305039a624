"""What whoever moves a clock is told: which calls got on, which tasks and runs ended."""

import pytest

from superoffice_mock.core.clock_events import Event, answered, ends, started
from superoffice_mock.core.lease import Served, Started, TurnedAway, Verdict
from superoffice_mock.core.sync_run import ExchangeId, Hold, RunId, SyncRun
from tests.mock.core.builders import at, call, durations, ids

TAKING = durations(5, {1: 2, 3: 0})
RUN = SyncRun(RunId(7), ExchangeId(3), ids(1, 2, 3), TAKING, at(0), at(5))


def told(after: float, until: float) -> list[tuple[float, str, int | None]]:
    """Return what ended of `RUN`: seconds after its start, the event, the task."""
    return [
        ((one.at - at(0)) / 10**9, one.event, one.task) for one in ends(RUN, at(after), at(until))
    ]


def test_a_waiting_call_that_gets_a_run_is_named_with_it() -> None:
    waited = call(4, 0)
    event = started(waited, Started(RUN, at(1)), at(1))
    assert event == Event(at(1), "run-started", run=7, request=4)
    assert started(waited, Served(at(1)), at(1)).run is None


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (Started(RUN, at(1)), "started"),
        (TurnedAway(RUN, at(1)), "turned_away"),
        (Served(at(1)), "served"),
    ],
)
def test_an_answered_call_is_named_with_its_outcome(verdict: Verdict, outcome: str) -> None:
    event = answered(call(4, 0), verdict, at(1))
    assert event == Event(at(1), "answered", request=4, outcome=outcome)


@pytest.mark.claim("lease-end")
@pytest.mark.parametrize(
    ("after", "until", "events"),
    [
        (0, 1.9, []),
        (0, 2, [(2, "task-ended", 1)]),
        (2, 4.9, []),
        (2, 5, [(5, "task-ended", 2), (5, "run-ended", None)]),
        (0, 99, [(2, "task-ended", 1), (5, "task-ended", 2), (5, "run-ended", None)]),
    ],
)
def test_tasks_and_the_run_end_in_order_after_a_moment_and_up_to_another(
    after: float, until: float, events: list[tuple[float, str, int | None]]
) -> None:
    assert told(after, until) == events


def test_nobody_and_a_hold_have_no_tasks_that_end() -> None:
    assert list(ends(None, at(0), at(9))) == []
    assert list(ends(Hold(at(0)), at(0), at(9))) == []
