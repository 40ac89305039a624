"""Exchanges, runs, the lease and the clock as the JSON values of the control surface."""

from collections.abc import Mapping
from typing import Any

import msgspec

from superoffice_contract.openapi.operations import Operation
from superoffice_mock.core.clock import RealClock, format_instant, to_seconds
from superoffice_mock.core.clock_events import Event
from superoffice_mock.core.credentials import Principal
from superoffice_mock.core.journal import Exchange, Journal
from superoffice_mock.core.lease import Replayed, TurnedAway, Undecided
from superoffice_mock.core.readings import READINGS, Readings
from superoffice_mock.core.sync_run import SECOND, Hold, Holder, Instant, SyncRun, SyncStep
from superoffice_mock.errors import Rejected
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.wire.decode import decode

View = dict[str, Any]
Operations = Mapping[str, Operation]

_NO_LIMIT = 1_000_000_000


def exchange_view(exchange: Exchange, operations: Operations) -> View:
    """Return the item of `GET requests` for *exchange*."""
    verdict = exchange.verdict
    holder = verdict.holder if isinstance(verdict, (TurnedAway, Undecided)) else None
    return {
        "id": exchange.id,
        "at": format_instant(exchange.at),
        "tenant": None if exchange.tenant_unknown else exchange.tenant,
        "operation": exchange.operation,
        "method": exchange.method,
        "path": exchange.path,
        "media_type": _media_type(exchange.head.content_type),
        "principal": _principal_view(exchange.principal),
        "accounts": _accounts_view(exchange, operations),
        "select": exchange.select,
        "outcome": exchange.outcome,
        "recorded": _recorded_view(exchange),
        "fault": exchange.fault and exchange.fault.id,
        "run": exchange.run and exchange.run.id,
        "holder": holder and _short_holder_view(holder),
        "status": exchange.status,
        "elapsed": to_seconds(exchange.elapsed),
        "elapsed_real": to_seconds(exchange.elapsed_real),
        "hung_up": exchange.hung_up,
        "reason": exchange.reason,
        "violations": exchange.violations,
    }


def exchange_detail_view(exchange: Exchange, operations: Operations) -> View:
    """Return `GET requests/{id}`: the item, and the headers and body without secrets."""
    return exchange_view(exchange, operations) | {
        "headers": [{"name": name, "value": value} for name, value in exchange.head.headers],
        "body": exchange.body.decode("utf-8", "replace"),
        "crash": exchange.crash,
    }


def _media_type(content_type: str | None) -> str | None:
    return content_type and content_type.partition(";")[0].strip()


def _principal_view(principal: Principal | None) -> View | None:
    if principal is None:
        return None
    app = principal.app and principal.app.name
    return {"scheme": principal.scheme, "user": principal.user, "app": app}


def _short_holder_view(holder: Holder) -> View:
    """Return the holder of the lease at the time when a call was turned away."""
    return {"by": "run", "run": holder.id} if isinstance(holder, SyncRun) else {"by": "hand"}


def _recorded_view(exchange: Exchange) -> View | None:
    verdict = exchange.verdict
    if not isinstance(verdict, Replayed) or exchange.outcome != "replayed":
        return None
    return msgspec.structs.asdict(verdict.recorded_outcome)


def _accounts_view(exchange: Exchange, operations: Operations) -> list[View] | None:
    """Decode the body again and return its accounts; None if it was rejected or is missing."""
    operation = next(
        (value for value in operations.values() if value.name == exchange.operation), None
    )
    if operation is None or (exchange.verdict is None and exchange.outcome != "faulted"):
        return None
    try:  # the body of a faulted call was never validated
        request = decode(operation, exchange.head.content_type, exchange.body, _NO_LIMIT).content
    except Rejected:
        return None
    return [
        {
            "AccountId": account.account_id,
            "AssociateName": account.associate_name,
            "AssociateId": account.associate_id,
        }
        for account in request.sync_user_accounts or ()
    ]


def lease_view(tenant: Tenant) -> View:
    """Return the current holder of the lease and the number of waiting calls."""
    now = tenant.now()
    holder = tenant.state.holder(now)
    return {
        "held": holder is not None,
        "holder": holder and holder_view(holder, now),
        "waiting": tenant.waiting,
    }


def holder_view(holder: Holder, now: Instant) -> View:
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
        "seconds_left": max(holder.ends_at - now, 0) / SECOND,
    }


def runs_view(tenant: Tenant, journal: Journal) -> View:
    """Return the runs of the journal and the active run, with their tasks."""
    now = tenant.now()
    return {"runs": [_run_view(run, now) for run in runs_of(tenant, journal)]}


def runs_of(tenant: Tenant, journal: Journal) -> list[SyncRun]:
    """Return the runs of the journal and the active run, oldest first."""
    runs = [exchange.run for exchange in journal.exchanges(tenant.facts.id)]
    active = tenant.state.holder(tenant.now())
    return list({run.id: run for run in (*runs, active) if isinstance(run, SyncRun)}.values())


def _run_view(run: SyncRun, now: Instant) -> View:
    return {
        "run": run.id,
        "request": run.exchange,
        "state": _run_state(run, now),
        "accounts": list(run.accounts),
        "started_at": format_instant(run.started_at),
        "ends_at": format_instant(run.ends_at),
        "tasks": [[_step_view(step, run, now) for step in task.steps] for task in run.tasks],
    }


def _run_state(run: SyncRun, now: Instant) -> str:
    if run.released_at is not None:
        return "released"
    return "running" if now < run.ends_at else "ended"


def _step_view(step: SyncStep, run: SyncRun, now: Instant) -> View:
    return {
        "AccountId": step.account,
        "started_at": format_instant(step.started_at),
        "ends_at": format_instant(step.ends_at),
        "state": step_state(step, run, now),
    }


def step_state(step: SyncStep, run: SyncRun, now: Instant) -> str:
    """Return the state of one account of a run at *now*."""
    if run.released_at is not None and run.released_at < step.ends_at:
        return "cut short"
    if step.ends_at <= now:
        return "synced"
    return "syncing" if step.started_at <= now else "waiting"


def clock_view(tenant: Tenant) -> View:
    """Return the tenant's clock and its time."""
    clock = tenant.state.clock
    return {
        "clock": clock.name,
        "now": format_instant(tenant.now()),
        "stands_still": not isinstance(clock, RealClock),
        "in_flight": tenant.in_flight,
        "waiting": tenant.waiting,
    }


def event_view(event: Event) -> View:
    """Return *event* without members that are null."""
    members = {
        name: value for name, value in msgspec.structs.asdict(event).items() if value is not None
    }
    return members | {"at": format_instant(event.at)}


def readings_view(readings: Readings) -> View:
    """Return all readings with their current values."""
    values = readings.as_dict()
    return {
        "readings": [
            {
                "name": reading.name,
                "value": values[reading.name],
                "values": reading.values,
                "why": reading.why,
            }
            for reading in READINGS.values()
        ]
    }
