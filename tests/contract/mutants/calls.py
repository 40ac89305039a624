"""Defects in methods, paths, the query and negotiation."""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from superoffice_mock.core.lease import Call, pack_account_ids
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import Response
from superoffice_mock.webapi.routing import RouteMatch
from tests.contract.mutants.patching import (
    Defect,
    Mutation,
    change_object,
    change_response,
    refuse_when,
    reject_with,
    remove_header,
    replace_handler,
    replace_object,
    replace_status,
)

PATH: Final = "/api/v1/agents/email/syncemailaccounts"


def _replace_path(change: Callable[[str], str], condition: Callable[[str], bool]) -> Mutation:
    """Look up *change* of each path that fulfils *condition*."""

    def wrap(find: Callable[[Any, str], RouteMatch]) -> Callable[[Any, str], RouteMatch]:
        return lambda routes, path: find(routes, change(path) if condition(path) else path)

    return change_object("webapi.routing.Routes.find", wrap)


async def _require_credentials(backend: Any, operation: Any, request: ApiRequest) -> Response:
    if request.headers.get(b"authorization") is None:
        raise Rejected(401, "", "credentials are required")
    return await _handle_as_post(backend, operation, request)


async def _handle_as_post(backend: Any, operation: Any, request: ApiRequest) -> Response:
    answer: Response = await backend.call(operation, request)
    return answer


async def _describe_and_start(_: Any, operation: Any, request: ApiRequest) -> Response:
    tenant = request.route.tenant
    tenant.admit(Call(request.exchange.id, pack_account_ids([507]), tenant.now()))
    return Response(200, (), msgspec.json.encode(operation.description))


def accept_is(value: str) -> Callable[[ApiRequest], bool]:
    """Return the condition that Accept is *value*."""
    return lambda request: request.headers.get(b"accept") == value


def _copy_accept_to_content_type(response: Response, request: ApiRequest) -> Response:
    accept = request.headers.get(b"accept")
    return response.with_headers(((b"content-type", accept.encode()),)) if accept else response


def _remove_media_types(render: Callable[[Any], Response]) -> Callable[[Any], Response]:
    return lambda content: render(
        {name: value for name, value in content.items() if name != "MediaTypes"}
    )


METHOD_DEFECTS: Final = (
    Defect(
        "Allow lists only GET and POST",
        "methods",
        "method-not-allowed",
        "Allow is 'GET, POST'",
        replace_object("webapi.response.allow_header", lambda _: (b"allow", b"GET, POST")),
    ),
    Defect(
        "405 without Allow",
        "methods",
        "method-not-allowed",
        "Allow is None",
        remove_header("Allow", 405),
    ),
    Defect(
        "404 for 405",
        "methods",
        "method-not-allowed",
        "PUT: expected 405",
        replace_status(404, 405),
    ),
    Defect(
        "PUT starts a run",
        "methods",
        "method-not-allowed",
        "PUT: expected 405",
        replace_handler("PUT", _handle_as_post),
    ),
    Defect(
        "GET needs credentials",
        "methods",
        "get-open",
        "GET: expected 200, got 401",
        replace_handler("GET", _require_credentials),
    ),
    Defect(
        "GET is not known",
        "methods",
        "get-describes",
        "GET: expected 200",
        replace_handler("GET", None),
    ),
    Defect(
        "HEAD is not known", "methods", "head", "HEAD: expected 200", replace_handler("HEAD", None)
    ),
    Defect(
        "OPTIONS is not known",
        "methods",
        "options",
        "OPTIONS: expected 200 or 204, got 405",
        replace_handler("OPTIONS", None),
    ),
    *(
        Defect(
            f"{method} starts a run",
            "get-starts-nothing",
            "get-describes",
            "took the lease",
            replace_handler(method, _describe_and_start),
        )
        for method in ("GET", "HEAD", "OPTIONS")
    ),
    Defect(
        "the description without media types",
        "methods",
        "get-shape",
        "has no MediaTypes",
        change_object("webapi.response.render_description", _remove_media_types),
    ),
)

PATH_DEFECTS: Final = (
    Defect(
        "unknown methods are treated as this call",
        "paths",
        "path-unknown",
        "another method: expected 404, got 204",
        _replace_path(lambda _: PATH, lambda path: path.endswith("Nothing")),
    ),
    Defect(
        "unknown agents are treated as this agent",
        "paths",
        "path-unknown",
        "another agent: expected 404, got 204",
        _replace_path(lambda _: PATH, lambda path: "Nobody" in path),
    ),
    Defect(
        "api/v1 may occur twice",
        "paths",
        "path-doubled",
        "api/v1 twice: expected 404",
        _replace_path(
            lambda path: path.replace("/api/v1", "", 1), lambda path: path.count("/api/v1") > 1
        ),
    ),
    Defect(
        "paths are case-sensitive",
        "paths",
        "path-case",
        "lower case: expected 204, got 404",
        _replace_path(lambda _: "/", str.islower),
    ),
    Defect(
        "a slash at the end is refused",
        "paths",
        "path-slash",
        "a slash at the end: expected 204, got 404",
        _replace_path(lambda _: "/", lambda path: path.endswith("/")),
    ),
    Defect(
        "a first segment must be a tenant's",
        "paths",
        "path-onsite",
        "any first segment: expected 204, got 404",
        _replace_path(lambda _: "/", lambda path: path.startswith("/crm")),
    ),
    Defect(
        "an unknown tenant is treated as onsite",
        "paths",
        "path-unknown-tenant",
        "an unknown tenant: expected 404, got 204",
        replace_object("tenants.registry.ONLINE_ID", re.compile("(?!)")),
    ),
)

NEGOTIATION_DEFECTS: Final = (
    Defect(
        "$select may be wrong",
        "select",
        "select-never-an-error",
        "expected 204, got 400",
        replace_object(
            "webapi.operations.pipeline.parse_select", reject_with(400, "no such property")
        ),
    ),
    Defect(
        "%24select is not known",
        "select",
        "query-names",
        "%24select=AccountId: expected 204, got 400",
        refuse_when(400, lambda request: b"%24" in request.scope["query_string"]),
    ),
    Defect(
        "$SELECT is not known",
        "select",
        "query-names",
        "$SELECT=x: expected 204, got 400",
        refuse_when(400, lambda request: b"SELECT" in request.scope["query_string"]),
    ),
    Defect(
        "406 for an unsupported Accept",
        "negotiation",
        "negotiation-ignored",
        "Accept: image/png: expected 204, got 406",
        refuse_when(406, accept_is("image/png")),
    ),
    Defect(
        "Accept gives the 204 a Content-Type",
        "negotiation",
        "no-content-type",
        "has the Content-Type application/xml",
        change_response(_copy_accept_to_content_type, 204),
    ),
    Defect(
        "an unknown time zone is refused",
        "negotiation",
        "negotiation-ignored",
        "SO-TimeZone: x: expected 204, got 400",
        refuse_when(400, lambda request: request.headers.get(b"so-timezone") is not None),
    ),
)
