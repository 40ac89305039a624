"""Control calls that judge what happened at a tenant, and tell it as text."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from starlette.responses import PlainTextResponse, Response

from superoffice_contract.messages import shorten
from superoffice_contract.timeline.model import MAX_CALLS, Timeline
from superoffice_contract.verdict.problems import judge
from superoffice_contract.verdict.timeline import timeline
from superoffice_mock.control.errors import ProblemError
from superoffice_mock.control.evidence import read_traffic, take_evidence
from superoffice_mock.control.pieces import View
from superoffice_mock.control.request import ControlMethod, ControlRequest
from superoffice_mock.control.tenant_timeline import read_timeline

MAX_LIMIT: Final = 10_000
"""The most calls that a timeline has, whatever the limit in the query is."""
PAGE_HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def _write_json(timeline: Timeline) -> Response:
    return Response(msgspec.json.encode(timeline) + b"\n", media_type="application/json")


def _write_svg(timeline: Timeline) -> Response:
    from superoffice_contract.report_formats.html import hash_of
    from superoffice_contract.timeline.svg import STYLE, as_svg

    sources = f"default-src 'none'; style-src {hash_of(STYLE)}; sandbox"
    policy = {"content-security-policy": sources}
    return Response(as_svg(timeline), media_type="image/svg+xml", headers=PAGE_HEADERS | policy)


def _write_page(timeline: Timeline) -> Response:
    from superoffice_contract.report_formats.html import as_page, content_security_policy

    policy = f"{content_security_policy()}; frame-ancestors 'none'"
    headers = PAGE_HEADERS | {"content-security-policy": policy}
    return Response(as_page(timeline), media_type="text/html", headers=headers)


FORMATS: Final[Mapping[str, Callable[[Timeline], Response]]] = {
    "json": _write_json,
    "svg": _write_svg,
    "html": _write_page,
}
"""The writer of each format but text."""


async def _get_verdict(request: ControlRequest) -> View:
    context, tenant = request.context, request.tenant
    recorded = context.choose_backend(tenant).recorded_calls(tenant)
    verdict: View = msgspec.to_builtins(judge(take_evidence(tenant, context.operations, recorded)))
    return verdict


async def _get_timeline(request: ControlRequest) -> Response:
    format_ = request.query.get("format", "text")
    limit = min(request.query_number("limit", MAX_CALLS), MAX_LIMIT)
    if format_ == "text":
        text = timeline(read_traffic(request.tenant, request.context.operations))
        return PlainTextResponse(f"{text}\n")
    if format_ not in FORMATS:
        known = ", ".join(("text", *FORMATS))
        raise ProblemError(400, f"?format={shorten(format_)}: expected one of {known}")
    read = await read_timeline(
        request.tenant,
        request.context.operations,
        request.context.steady,
        limit=limit,
        with_requests=format_ == "html",
    )
    return FORMATS[format_](read)


CALLS: Final = {
    "GET /verdict": ControlMethod(
        _get_verdict, "judges what happened at the tenant, for the end of a test", "Verdict"
    ),
    "GET /timeline": ControlMethod(
        _get_timeline,
        "tells what reached the tenant: as text, or as a picture",
        "Timeline",
        query=("format", "limit"),
        other_types=("text/plain", "image/svg+xml", "text/html"),
    ),
}
