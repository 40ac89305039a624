"""Defects in methods, paths, the query and negotiation."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from superoffice_mock.core.verdicts import Call
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.entry import Entry
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import Response
from tests.contract.mutants.patching import (
    Answer,
    Mutation,
    Seeds,
    change_response,
    refuse_when,
    reject_with,
    remove_header,
    replace_method,
    replace_object,
    replace_status,
    wrap_function,
)

PATH: Final = "/api/v1/agents/email/syncemailaccounts"


def _replace_path(change: Callable[[str], str], condition: Callable[[str], bool]) -> Mutation:
    """Look up *change* of each path that fulfils *condition*."""
    return wrap_function(
        "webapi.routing.Routes.find",
        lambda find, routes, method, path: find(
            routes, method, change(path) if condition(path) else path
        ),
    )


def _entry_of(request: ApiRequest) -> Entry:
    assert request.route.resource is not None
    return request.route.resource.entries["POST"]


def _require_credentials(answer: Answer, request: ApiRequest) -> Awaitable[Response]:
    if request.headers.get(b"authorization") is None:
        raise Rejected(401, "", "credentials are required")
    return answer(request)


def _answer_as_post(answer: Answer, request: ApiRequest) -> Awaitable[Response]:
    route = msgspec.structs.replace(request.route, entry=_entry_of(request))
    return answer(msgspec.structs.replace(request, route=route))


async def _describe_and_start(_: Answer, request: ApiRequest) -> Response:
    tenant, entry = request.route.tenant, _entry_of(request)
    call = Call(request.exchange.id, tenant.now(), [507])
    tenant.admit(entry.handler, call)
    return Response(200, (), msgspec.json.encode(entry.operation.description))


def accept_is(value: str) -> Callable[[ApiRequest], bool]:
    """Return the condition that Accept is *value*."""
    return lambda request: request.headers.get(b"accept") == value


def _copy_accept_to_content_type(response: Response, request: ApiRequest) -> Response:
    accept = request.headers.get(b"accept")
    return response.with_headers(((b"content-type", accept.encode()),)) if accept else response


def _answer_with_page(response: Response, request: ApiRequest) -> Response:
    return Response(200, (), b"<p>ok</p>") if accept_is("text/html")(request) else response


def _remove_media_types(render: Any, content: Any) -> Any:
    return render({name: value for name, value in content.items() if name != "MediaTypes"})


METHOD_DEFECTS: Final[Seeds] = {
    "Allow lists only GET and POST": (
        "Allow is 'GET, POST'",
        replace_object("webapi.response.allow_header", lambda _: (b"allow", b"GET, POST")),
    ),
    "405 without Allow": ("the 405 has no Allow", remove_header("Allow", 405)),
    "404 for 405": ("PUT: expected 405", replace_status(404, 405)),
    "PUT starts a run": ("PUT: expected 405", replace_method("PUT", _answer_as_post)),
    "GET needs credentials": (
        "GET: expected 200, got 401",
        replace_method("GET", _require_credentials),
    ),
    **{
        f"{method} is not known": (
            f"{method}: expected 200",
            replace_method(method, reject_with(405, "the method is not allowed")),
        )
        for method in ("GET", "HEAD", "OPTIONS")
    },
    **{
        f"{method} starts a run": ("took the lease", replace_method(method, _describe_and_start))
        for method in ("GET", "HEAD", "OPTIONS")
    },
    "the description without media types": (
        "has no MediaTypes",
        wrap_function("webapi.response.render_description", _remove_media_types),
    ),
}

PATH_DEFECTS: Final[Seeds] = {
    "unknown methods are treated as this call": (
        "another method: expected 404 or 501, got 204",
        _replace_path(lambda _: PATH, lambda path: path.endswith("Nothing")),
    ),
    "unknown agents are treated as this agent": (
        "another agent: expected 404 or 501, got 204",
        _replace_path(lambda _: PATH, lambda path: "Nobody" in path),
    ),
    "api/v1 may occur twice": (
        "api/v1 twice: expected 404",
        _replace_path(
            lambda path: path.replace("/api/v1", "", 1), lambda path: path.count("/api/v1") > 1
        ),
    ),
    "paths are case-sensitive": (
        "lower case: expected 204, got 404",
        _replace_path(lambda _: "/", str.islower),
    ),
    "a slash at the end is refused": (
        "a slash at the end: expected 204, got 404",
        _replace_path(lambda _: "/", lambda path: path.endswith("/")),
    ),
    "a first segment must be a tenant's": (
        "any first segment: expected 204, got 404",
        _replace_path(lambda _: "/", lambda path: path.startswith("/crm")),
    ),
    "an unknown tenant is treated as onsite": (
        "an unknown tenant: expected 404, got 204",
        replace_object("tenants.registry.ONLINE_ID", re.compile("(?!)")),
    ),
}

NEGOTIATION_DEFECTS: Final[Seeds] = {
    "the example of $select is refused": (
        "name,department,category/id: expected 204, got 400",
        refuse_when(400, lambda request: b"department" in request.scope["query_string"]),
    ),
    "%24select is not known": (
        "%24select=AccountId: expected 204, got 400",
        refuse_when(400, lambda request: b"%24" in request.scope["query_string"]),
    ),
    "$SELECT is not known": (
        "$SELECT=AccountId: expected 204, got 400",
        refuse_when(400, lambda request: b"SELECT" in request.scope["query_string"]),
    ),
    "406 for an unsupported Accept": (
        "Accept: image/png: expected 204, got 406",
        refuse_when(406, accept_is("image/png")),
    ),
    "a page for Accept: text/html": (
        "Accept: text/html: expected 204, got 200",
        change_response(_answer_with_page, 204),
    ),
    "Accept gives the 204 a Content-Type": (
        "has the Content-Type application/xml",
        change_response(_copy_accept_to_content_type, 204),
    ),
    "an unknown time zone is refused": (
        "languages and a time zone: expected 204, got 400",
        refuse_when(400, lambda request: request.headers.get(b"so-timezone") is not None),
    ),
}
