"""Control call that lists accounts: how long each takes, and which runs sync it."""

from typing import Final

from superoffice_mock.control import views
from superoffice_mock.control.request import ControlMethod, ControlPaths, ControlRequest
from superoffice_mock.control.views import View
from superoffice_mock.core import clock
from superoffice_mock.core.sync_run import AccountId, Durations, Instant, RunId
from superoffice_mock.tenants.tenant import Tenant


async def _list_accounts(request: ControlRequest) -> View:
    tenant = request.tenant
    durations = tenant.facts.durations
    last_syncs, current_runs = _sync_states(tenant)
    return {
        "seconds_per_account": clock.to_seconds(durations.default),
        "accounts": [
            _account_view(account, durations, last_syncs.get(account), current_runs.get(account))
            for account in sorted({*durations.by_account, *last_syncs, *current_runs})
        ],
    }


def _account_view(
    account: AccountId,
    durations: Durations,
    last_sync: tuple[Instant, RunId] | None,
    current_run: RunId | None,
) -> View:
    return {
        "AccountId": account,
        "seconds": clock.to_seconds(durations.of(account)),
        "synced_at": last_sync and clock.format_instant(last_sync[0]),
        "synced_by": last_sync and last_sync[1],
        "syncing_by": current_run,
    }


def _sync_states(
    tenant: Tenant,
) -> tuple[dict[AccountId, tuple[Instant, RunId]], dict[AccountId, RunId]]:
    """Return each account's last sync (time and run), and the run that is going to sync it."""
    now = tenant.now()
    last_syncs: dict[AccountId, tuple[Instant, RunId]] = {}
    current_runs: dict[AccountId, RunId] = {}
    for run in views.runs_of(tenant, tenant.journal):
        for step in (step for task in run.tasks for step in task.steps):
            state = views.step_state(step, run, now)
            if state == "synced":
                last = (step.ends_at, run.id)
                last_syncs[step.account] = max(last, last_syncs.get(step.account, last))
            elif state != "cut short":
                current_runs[step.account] = run.id
    return last_syncs, current_runs


PATHS: Final[ControlPaths] = {
    "/accounts": {
        "GET": ControlMethod(
            _list_accounts,
            summary="lists accounts that have their own duration, or that a known run syncs",
            response="Accounts",
        )
    }
}
