"""Control calls that judge what happened at a tenant, and tell it as text."""

from typing import Final

import msgspec
from starlette.responses import PlainTextResponse

from superoffice_contract.verdict.problems import judge
from superoffice_contract.verdict.timeline import timeline
from superoffice_mock.control.evidence import read_traffic, take_evidence
from superoffice_mock.control.request import ControlMethod, ControlRequest, View


async def _get_verdict(request: ControlRequest) -> View:
    context, tenant = request.context, request.tenant
    recorded = context.choose_backend(tenant).recorded_calls(tenant)
    verdict: View = msgspec.to_builtins(judge(take_evidence(tenant, context.operations, recorded)))
    return verdict


async def _get_timeline(request: ControlRequest) -> PlainTextResponse:
    text = timeline(read_traffic(request.tenant, request.context.operations))
    return PlainTextResponse(f"{text}\n")


CALLS: Final = {
    "GET /verdict": ControlMethod(
        _get_verdict, "judges what happened at the tenant, for the end of a test", "Verdict"
    ),
    "GET /timeline": ControlMethod(
        _get_timeline, "tells what reached the tenant, as text", "Page", media_type="text/plain"
    ),
}
