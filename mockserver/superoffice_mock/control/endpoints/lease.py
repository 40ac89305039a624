"""Control calls that show, hold and release the lease, and list the runs."""

from typing import Final

from superoffice_mock.control import views
from superoffice_mock.control.errors import problem
from superoffice_mock.control.request import ControlMethod, ControlPaths, ControlRequest
from superoffice_mock.control.views import View


async def _get_lease(request: ControlRequest) -> View:
    return views.lease_view(request.tenant)


async def _hold_lease(request: ControlRequest) -> View:
    try:
        request.tenant.hold()
    except ValueError as error:
        raise problem(409, f"{error}") from None
    return views.lease_view(request.tenant)


async def _release_lease(request: ControlRequest) -> View:
    holder = request.tenant.release()
    await request.tenant.wait_until_settled()
    released = holder and views.holder_view(holder, request.tenant.now())
    return views.lease_view(request.tenant) | {"released": released}


async def _list_runs(request: ControlRequest) -> View:
    return views.runs_view(request.tenant, request.context.journal)


PATHS: Final[ControlPaths] = {
    "/lease": {
        "GET": ControlMethod(
            _get_lease, summary="returns the holder of the lease", response="Lease"
        )
    },
    "/lease/hold": {
        "POST": ControlMethod(
            _hold_lease, summary="holds the lease by hand", response="Lease", errors=(409,)
        )
    },
    "/lease/release": {
        "POST": ControlMethod(
            _release_lease,
            summary="releases the lease: ends the hold, or the run",
            response="Released",
        )
    },
    "/runs": {
        "GET": ControlMethod(_list_runs, summary="lists the runs with their tasks", response="Runs")
    },
}
