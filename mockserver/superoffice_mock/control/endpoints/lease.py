"""The lease and the runs: looked at, held and released by hand."""

from typing import Final

from superoffice_mock.control import views
from superoffice_mock.control.errors import problem
from superoffice_mock.control.request import Asked, Verb, Verbs
from superoffice_mock.control.views import View


async def _lease(asked: Asked) -> View:
    return views.lease_view(asked.tenant)


async def _hold(asked: Asked) -> View:
    try:
        asked.tenant.hold()
    except ValueError as error:
        raise problem(409, f"{error}") from None
    return views.lease_view(asked.tenant)


async def _release(asked: Asked) -> View:
    ended = asked.tenant.release()
    await asked.tenant.calm()
    released = ended and views.holder_view(ended, asked.tenant.now())
    return views.lease_view(asked.tenant) | {"released": released}


async def _runs(asked: Asked) -> View:
    return views.runs_view(asked.tenant, asked.world.journal)


VERBS: Final[Verbs] = {
    "/lease": {"GET": Verb(_lease, summary="tells who holds the lease", answers="Lease")},
    "/lease/hold": {
        "POST": Verb(_hold, summary="takes the lease by hand", answers="Lease", refuses=(409,))
    },
    "/lease/release": {
        "POST": Verb(_release, summary="ends the hold or the run that holds it", answers="Released")
    },
    "/runs": {"GET": Verb(_runs, summary="tells the runs and their tasks", answers="Runs")},
}
