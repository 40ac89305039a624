"""The events that a control call reports when it moves a tenant's clock."""

from collections.abc import Iterator

import msgspec

from superoffice_mock.core.journal import OUTCOME_OF
from superoffice_mock.core.lease import Call, Started, Verdict
from superoffice_mock.core.sync_run import Holder, Instant, SyncRun


class Event(msgspec.Struct, frozen=True):
    """One event on the tenant's clock; members that do not apply are None."""

    at: Instant
    event: str
    run: int | None = None
    request: int | None = None
    task: int | None = None
    outcome: str | None = None


def started_event(call: Call, verdict: Verdict, at: Instant) -> Event:
    """Return the event that *call*, which was waiting, started a run."""
    run = verdict.run.id if isinstance(verdict, Started) else None
    return Event(at, "run-started", run=run, request=call.exchange)


def answered_event(call: Call, verdict: Verdict, at: Instant) -> Event:
    """Return the event that *call* was answered."""
    return Event(at, "answered", request=call.exchange, outcome=OUTCOME_OF[type(verdict)])


def end_events(holder: Holder | None, after: Instant, until: Instant) -> Iterator[Event]:
    """Yield, in order, the ends of tasks and of the run that holds the lease.

    Only ends later than *after* and not later than *until* are included.
    """
    if not isinstance(holder, SyncRun):
        return
    task_ends = sorted((task.steps[-1].ends_at, n) for n, task in enumerate(holder.tasks, 1))
    for at, number in task_ends:
        if after < at <= until:
            yield Event(at, "task-ended", run=holder.id, task=number)
    if holder.ends_at <= until:
        yield Event(holder.ends_at, "run-ended", run=holder.id)
