"""What happens on a tenant's clock while it is moved, for whoever moved it."""

from collections.abc import Iterator

import msgspec

from superoffice_mock.core.journal import OUTCOME_OF
from superoffice_mock.core.lease import Call, Started, Verdict
from superoffice_mock.core.sync_run import Holder, Instant, SyncRun


class Event(msgspec.Struct, frozen=True):
    """One thing that happened; members that do not apply are None."""

    at: Instant
    event: str
    run: int | None = None
    request: int | None = None
    task: int | None = None
    outcome: str | None = None


def started(call: Call, verdict: Verdict, at: Instant) -> Event:
    """Return that *call*, which had been waiting, got a run."""
    run = verdict.run.id if isinstance(verdict, Started) else None
    return Event(at, "run-started", run=run, request=call.exchange)


def answered(call: Call, verdict: Verdict, at: Instant) -> Event:
    """Return that *call* heard back."""
    return Event(at, "answered", request=call.exchange, outcome=OUTCOME_OF[type(verdict)])


def ends(holder: Holder | None, after: Instant, until: Instant) -> Iterator[Event]:
    """Yield, in order, which tasks of the run that holds the lease end, and whether it ends."""
    if not isinstance(holder, SyncRun):
        return
    slowest = sorted((task.steps[-1].ends_at, n) for n, task in enumerate(holder.tasks, 1))
    for at, number in slowest:
        if after < at <= until:
            yield Event(at, "task-ended", run=holder.id, task=number)
    if holder.ends_at <= until:
        yield Event(holder.ends_at, "run-ended", run=holder.id)
