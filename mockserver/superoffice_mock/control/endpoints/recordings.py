"""Control calls that return a tenant's calls as a HAR file without secrets: recorded, or kept.

They never write to the disk: a control call can't name a file of this machine.
"""

from typing import Final

from starlette.responses import Response

from superoffice_mock.control.errors import ProblemError
from superoffice_mock.control.pieces import View
from superoffice_mock.control.request import ControlMethod, ControlRequest
from superoffice_mock.webapi.capture import Capture

LEFT_OUT_HEADER: Final = "superoffice-mock-left-out"
"""The response header with the number of exchanges that the recording leaves out.

It has no room for them, or they can't be redacted; `crash` of such an exchange says why.
"""


async def _start_recording(request: ControlRequest) -> View:
    tenant = request.tenant.facts.id
    try:
        request.context.captures.start(tenant)
    except ValueError as error:
        raise ProblemError(409, f"{error}") from None
    return {"recording": tenant}


async def _stop_recording(request: ControlRequest) -> Response:
    captures, tenant = request.context.captures, request.tenant.facts.id
    await request.tenant.wait_until_settled()
    try:
        capture = captures.stop(tenant)
    except ValueError as error:
        raise ProblemError(409, f"{error}") from None
    return await _answer_with(capture, request)


async def _get_journal(request: ControlRequest) -> Response:
    captures, tenant = request.context.captures, request.tenant.facts.id
    return await _answer_with(await captures.read_journal(tenant, request.base_url), request)


async def _answer_with(capture: Capture, request: ControlRequest) -> Response:
    """Return *capture*, a recording of the tenant, as a HAR file."""
    har = await request.context.captures.encode(request.tenant.facts.id, capture)
    headers = {LEFT_OUT_HEADER: f"{capture.omitted}"} if capture.omitted else {}
    return Response(har, headers=headers, media_type="application/json")


CALLS: Final = {
    "POST /recordings/start": ControlMethod(
        _start_recording,
        "starts recording the tenant's calls, with pseudonyms for all secrets",
        "Recording",
        errors=(409,),
    ),
    "POST /recordings/stop": ControlMethod(
        _stop_recording,
        "ends the recording and returns it as HAR 1.2, with outcomes",
        "Har",
        errors=(409,),
    ),
    "GET /recordings/journal": ControlMethod(
        _get_journal, "returns the answered calls of the journal as HAR 1.2, with outcomes", "Har"
    ),
}
