"""Recordings of a tenant's calls: begun, and handed over as a HAR that has no secret in it.

Nothing is written to a disk: what a control call can name is not a file of this machine.
"""

from typing import Final

from starlette.responses import Response

from superoffice_mock.control.errors import problem
from superoffice_mock.control.request import ControlMethod, ControlPaths, ControlRequest
from superoffice_mock.control.views import View

LEFT_OUT: Final = "superoffice-mock-left-out"
"""The header that says how many exchanges more there were than had room."""


async def _start(asked: ControlRequest) -> View:
    tenant = asked.tenant.facts.id
    try:
        asked.world.tapes.start(tenant)
    except ValueError as error:
        raise problem(409, f"{error}") from None
    return {"recording": tenant}


async def _stop(asked: ControlRequest) -> Response:
    from superoffice_mock.recordings import har_file

    await asked.tenant.calm()
    try:
        tape = asked.world.tapes.stop(asked.tenant.facts.id)
    except ValueError as error:
        raise problem(409, f"{error}") from None
    told = {LEFT_OUT: f"{tape.left_out}"} if tape.left_out else {}
    return Response(har_file.written(tape.recording), headers=told, media_type="application/json")


VERBS: Final[ControlPaths] = {
    "/recordings/start": {
        "POST": ControlMethod(
            _start,
            summary="record the tenant's calls, with pseudonyms for all secrets",
            answers="Recording",
            refuses=(409,),
        )
    },
    "/recordings/stop": {
        "POST": ControlMethod(
            _stop,
            summary="hand over what was recorded: HAR 1.2, with what really happened",
            answers="Har",
            refuses=(409,),
        )
    },
}
