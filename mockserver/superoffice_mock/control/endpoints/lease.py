"""Control calls for the lease, its runs, and the accounts that they sync."""

from typing import Final

from superoffice_mock.control.errors import ProblemError
from superoffice_mock.control.request import ControlMethod, ControlRequest, View
from superoffice_mock.core.clock import format_instant, to_seconds
from superoffice_mock.core.sync_run import (
    AccountId,
    Hold,
    Holder,
    Instant,
    RunId,
    SyncRun,
    SyncStep,
)
from superoffice_mock.tenants.tenant import Tenant

# ---- lease -----------------------------------------------------------------------------------


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
    released = holder and _holder_view(holder, request.tenant.now())
    return _lease_view(request.tenant) | {"released": released}


def _lease_view(tenant: Tenant) -> View:
    now = tenant.now()
    holder = tenant.state.holder(now)
    return {
        "held": holder is not None,
        "holder": holder and _holder_view(holder, now),
        "waiting": tenant.waiting,
    }


def _holder_view(holder: Holder, now: Instant) -> View:
    """Return *holder*: a run with its end, or a hold by hand, which has no end."""
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


# ---- runs ------------------------------------------------------------------------------------


async def _list_runs(request: ControlRequest) -> View:
    now = request.tenant.now()
    return {"runs": [_run_view(run, now) for run in _runs_of(request.tenant)]}


def _runs_of(tenant: Tenant) -> list[SyncRun]:
    """Return the runs of the journal and the active run, oldest first."""
    runs = [exchange.run for exchange in tenant.journal.exchanges(tenant.facts.id)]
    active = tenant.state.holder(tenant.now())
    return list({run.id: run for run in (*runs, active) if isinstance(run, SyncRun)}.values())


def _run_view(run: SyncRun, now: Instant) -> View:
    state = "running" if now < run.ends_at else "ended"
    return {
        "run": run.id,
        "request": run.exchange,
        "state": state if run.released_at is None else "released",
        "accounts": list(run.accounts),
        "started_at": format_instant(run.started_at),
        "ends_at": format_instant(run.ends_at),
        "tasks": [[_step_view(step, run, now) for step in task] for task in run.tasks],
    }


def _step_view(step: SyncStep, run: SyncRun, now: Instant) -> View:
    return {
        "AccountId": step.account,
        "started_at": format_instant(step.started_at),
        "ends_at": format_instant(step.ends_at),
        "state": _step_state(step, run, now),
    }


def _step_state(step: SyncStep, run: SyncRun, now: Instant) -> str:
    if run.released_at is not None and run.released_at < step.ends_at:
        return "cut short"
    if step.ends_at <= now:
        return "synced"
    return "syncing" if step.started_at <= now else "waiting"


# ---- accounts --------------------------------------------------------------------------------


async def _list_accounts(request: ControlRequest) -> View:
    now, durations = request.tenant.now(), request.tenant.facts.durations
    last_syncs: dict[AccountId, tuple[Instant, RunId]] = {}
    current_runs: dict[AccountId, RunId] = {}
    for run in _runs_of(request.tenant):
        for step in (step for task in run.tasks for step in task):
            state = _step_state(step, run, now)
            if state == "synced":
                last = (step.ends_at, run.id)
                last_syncs[step.account] = max(last, last_syncs.get(step.account, last))
            elif state != "cut short":
                current_runs[step.account] = run.id
    accounts: list[View] = []
    for account in sorted({*durations.by_account, *last_syncs, *current_runs}):
        synced_at, synced_by = last_syncs.get(account, (None, None))
        accounts.append(
            {
                "AccountId": account,
                "seconds": to_seconds(durations.of(account)),
                "synced_at": None if synced_at is None else format_instant(synced_at),
                "synced_by": synced_by,
                "syncing_by": current_runs.get(account),
            }
        )
    return {"seconds_per_account": to_seconds(durations.default), "accounts": accounts}


ACCOUNT_CALLS: Final = {
    "GET /accounts": ControlMethod(
        _list_accounts,
        "lists accounts that have their own duration, or that a known run syncs",
        "Accounts",
    )
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
