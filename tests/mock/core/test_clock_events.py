"""The events that a moved clock reports: answered calls, started runs, ends of tasks and runs."""

import pytest

from superoffice_mock.core.clock_events import Event, answered_event, end_events, started_event
from superoffice_mock.core.lease import Served, Started, TurnedAway
from superoffice_mock.core.sync_run import ExchangeId, Hold, RunId, SyncRun
from tests.mock.core.builders import at, call, durations, ids

RUN = SyncRun(RunId(7), ExchangeId(3), ids(1, 2, 3), durations(5, {1: 2, 3: 0}), at(0), at(5))


def test_a_waiting_call_that_starts_a_run_is_reported_with_the_run() -> None:
    waiting_call = call(4, 0)
    event = started_event(waiting_call, Started(RUN, at(1)), at(1))
    assert event == Event(at(1), "run-started", run=7, request=4)
    assert started_event(waiting_call, Served(at(1)), at(1)).run is None


def test_an_answered_call_is_reported_with_its_outcome() -> None:
    for verdict, outcome in (
        (Started(RUN, at(1)), "started"),
        (TurnedAway(RUN, at(1)), "turned_away"),
        (Served(at(1)), "served"),
    ):
        event = answered_event(call(4, 0), verdict, at(1))
        assert event == Event(at(1), "answered", request=4, outcome=outcome)


@pytest.mark.claim("lease-end")
def test_ends_of_tasks_and_of_the_run_are_reported_in_order_within_an_interval() -> None:
    """An interval excludes its start and includes its end; times are seconds after the start."""
    for after, until, expected in (
        (0, 1.9, []),
        (0, 2, [(2, "task-ended", 1)]),
        (2, 4.9, []),
        (2, 5, [(5, "task-ended", 2), (5, "run-ended", None)]),
        (0, 99, [(2, "task-ended", 1), (5, "task-ended", 2), (5, "run-ended", None)]),
    ):
        events = end_events(RUN, at(after), at(until))
        assert [
            ((event.at - at(0)) / 10**9, event.event, event.task) for event in events
        ] == expected, (after, until)


def test_a_free_lease_and_a_hold_report_no_ends() -> None:
    assert list(end_events(None, at(0), at(9))) == []
    assert list(end_events(Hold(at(0)), at(0), at(9))) == []
