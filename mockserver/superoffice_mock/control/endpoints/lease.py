"""The lease and the runs: looked at, held and released by hand."""

from typing import Final

from superoffice_mock.control import views
from superoffice_mock.control.errors import problem
from superoffice_mock.control.request import ControlMethod, ControlPaths, ControlRequest
from superoffice_mock.control.views import View


async def _lease(asked: ControlRequest) -> View:
    return views.lease_view(asked.tenant)


async def _hold(asked: ControlRequest) -> View:
    try:
        asked.tenant.hold()
    except ValueError as error:
        raise problem(409, f"{error}") from None
    return views.lease_view(asked.tenant)


async def _release(asked: ControlRequest) -> View:
    ended = asked.tenant.release()
    await asked.tenant.calm()
    released = ended and views.holder_view(ended, asked.tenant.now())
    return views.lease_view(asked.tenant) | {"released": released}


async def _runs(asked: ControlRequest) -> View:
    return views.runs_view(asked.tenant, asked.world.journal)


VERBS: Final[ControlPaths] = {
    "/lease": {"GET": ControlMethod(_lease, summary="tells who holds the lease", answers="Lease")},
    "/lease/hold": {
        "POST": ControlMethod(
            _hold, summary="takes the lease by hand", answers="Lease", refuses=(409,)
        )
    },
    "/lease/release": {
        "POST": ControlMethod(
            _release, summary="ends the hold or the run that holds it", answers="Released"
        )
    },
    "/runs": {
        "GET": ControlMethod(_runs, summary="tells the runs and their tasks", answers="Runs")
    },
}
