"""The accounts of a tenant: how long each takes, and which run syncs or last synced it."""

from typing import Final

from superoffice_mock.control import views
from superoffice_mock.control.request import ControlMethod, ControlPaths, ControlRequest
from superoffice_mock.control.views import View
from superoffice_mock.core import clock
from superoffice_mock.core.sync_run import AccountId, Instant, RunId
from superoffice_mock.tenants.tenant import Tenant


async def _accounts(asked: ControlRequest) -> View:
    tenant = asked.tenant
    durations = tenant.facts.durations
    synced, under_way = _seen(tenant)
    return {
        "seconds_per_account": clock.to_seconds(durations.each),
        "accounts": [
            {
                "AccountId": account,
                "seconds": clock.to_seconds(durations.of(account)),
                "synced_at": clock.format_instant(synced[account][0])
                if account in synced
                else None,
                "synced_by": synced[account][1] if account in synced else None,
                "syncing_by": under_way.get(account),
            }
            for account in sorted({*durations.own, *synced, *under_way})
        ],
    }


def _seen(tenant: Tenant) -> tuple[dict[AccountId, tuple[Instant, RunId]], dict[AccountId, RunId]]:
    """Return when and by which run accounts were last synced, and which runs have some to sync."""
    now = tenant.now()
    synced: dict[AccountId, tuple[Instant, RunId]] = {}
    under_way: dict[AccountId, RunId] = {}
    for run in views.runs_of(tenant, tenant.journal):
        for step in (step for task in run.tasks for step in task.steps):
            state = views.step_state(step, run, now)
            if state == "synced":
                last = (step.ends_at, run.id)
                synced[step.account] = max(last, synced.get(step.account, last))
            elif state != "cut short":
                under_way[step.account] = run.id
    return synced, under_way


VERBS: Final[ControlPaths] = {
    "/accounts": {
        "GET": ControlMethod(
            _accounts,
            summary="the accounts with a time of their own, and what the journal knows of the rest",
            answers="Accounts",
        )
    }
}
