"""Control calls for the lease and its runs."""

from collections.abc import Iterator
from typing import Final

import msgspec
from starlette.responses import Response

from superoffice_mock.control.errors import ProblemError
from superoffice_mock.control.pieces import View, answer_in_pieces, list_parts
from superoffice_mock.control.request import ControlMethod, ControlRequest
from superoffice_mock.control.tenant_timeline import step_state
from superoffice_mock.core.clock import format_instant, to_seconds
from superoffice_mock.core.sync_run import Hold, Holder, Instant, SyncRun, SyncStep
from superoffice_mock.tenants.tenant import Tenant


async def _get_lease(request: ControlRequest) -> View:
    return _lease_view(request.tenant)


async def _hold_lease(request: ControlRequest) -> View:
    try:
        request.tenant.hold()
    except ValueError as error:
        raise ProblemError(409, f"{error}") from None
    return _lease_view(request.tenant)


async def _release_lease(request: ControlRequest) -> View:
    holder = request.tenant.release()
    await request.tenant.wait_until_settled()
    released = holder and holder_view(holder, request.tenant.now())
    return _lease_view(request.tenant) | {"released": released}


def _lease_view(tenant: Tenant) -> View:
    now = tenant.now()
    holder = tenant.state.holder(now)
    return {
        "held": holder is not None,
        "holder": holder and holder_view(holder, now),
        "waiting": tenant.waiting,
    }


def holder_view(holder: Holder, now: Instant) -> View:
    """Return *holder* as it is shown at the moment *now*."""
    if isinstance(holder, Hold):
        return {"by": "hand", "since": format_instant(holder.since)}
    return {
        "by": "run",
        "run": holder.id,
        "request": holder.exchange,
        "accounts": len(holder.accounts),
        "since": format_instant(holder.started_at),
        "ends_at": format_instant(holder.ends_at),
        "seconds_left": to_seconds(max(holder.ends_at - now, 0)),
    }


async def _list_runs(request: ControlRequest) -> Response:
    return answer_in_pieces(run_parts(request.tenant), request.context.steady)


def run_parts(tenant: Tenant) -> Iterator[bytes]:
    """Yield the parts of the list of runs."""
    now = tenant.now()
    return list_parts({}, "runs", (_run_parts(run, now) for run in _runs_of(tenant)))


def _runs_of(tenant: Tenant) -> Iterator[SyncRun]:
    """Yield the runs of the journal and the active run, oldest first.

    A run is read when it is its turn; one that the journal has forgotten until then is left out.
    """
    journal, id_ = tenant.journal, tenant.facts.id
    active = {run.id: run for run in tenant.state.history.active_runs(tenant.now())}
    exchange_ids = [exchange.id for exchange in journal.exchanges(id_) if exchange.run is not None]
    for exchange_id in exchange_ids:
        exchange = journal.exchange(id_, exchange_id)
        run = None if exchange is None else exchange.run
        if run is not None and run.id not in active:
            yield run
    yield from active.values()


def _run_parts(run: SyncRun, now: Instant) -> Iterator[bytes]:
    state = "running" if now < run.ends_at else "ended"
    view = {
        "run": run.id,
        "request": run.exchange,
        "state": state if run.released_at is None else "released",
        "accounts": list(run.accounts),
        "started_at": format_instant(run.started_at),
        "ends_at": format_instant(run.ends_at),
    }
    tasks = (
        (msgspec.json.encode([_step_view(step, run, now) for step in task]),) for task in run.tasks
    )
    return list_parts(view, "tasks", tasks)


def _step_view(step: SyncStep, run: SyncRun, now: Instant) -> View:
    return {
        "AccountId": step.account,
        "started_at": format_instant(step.started_at),
        "ends_at": format_instant(step.ends_at),
        "state": step_state(step, run, now),
    }


CALLS: Final = {
    "GET /lease": ControlMethod(_get_lease, "returns the holder of the lease", "Lease"),
    "POST /lease/hold": ControlMethod(
        _hold_lease, "holds the lease by hand", "Lease", errors=(409,)
    ),
    "POST /lease/release": ControlMethod(
        _release_lease, "releases the lease: ends the hold, or the run", "Released"
    ),
    "GET /runs": ControlMethod(_list_runs, "lists the runs with their tasks", "Runs"),
}
