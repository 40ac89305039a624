"""Defects in which calls are known: verbs, paths, the query, wishes of the caller."""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from superoffice_mock.core.lease import Call, account_ids
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import Response
from superoffice_mock.webapi.routing import RouteMatch
from tests.contract.mutants.patching import (
    Defect,
    Vary,
    answering,
    changing,
    refusing,
    rejecting,
    setting,
    status,
    stepping,
    without_header,
)

PATH: Final = "/api/v1/agents/email/syncemailaccounts"


def _finding(change: Callable[[str], str], when: Callable[[str], bool]) -> Vary:
    """Look for another path *when* it is called by one like that."""

    def wrapped(find: Callable[[Any, str], RouteMatch]) -> Callable[[Any, str], RouteMatch]:
        return lambda routes, path: find(routes, change(path) if when(path) else path)

    return changing("webapi.routing.Routes.find", wrapped)


async def _guarded(operations: Any, operation: Any, incoming: ApiRequest) -> Response:
    if incoming.headers.get(b"authorization") is None:
        raise Rejected(401, "", "who are you?")
    return await _called(operations, operation, incoming)


async def _called(operations: Any, operation: Any, incoming: ApiRequest) -> Response:
    answer: Response = await operations.call(operation, incoming)
    return answer


async def _started(_: Any, operation: Any, incoming: ApiRequest) -> Response:
    tenant = incoming.place.tenant
    tenant.admit(Call(incoming.exchange.id, account_ids([507]), tenant.now()))
    return Response(200, (), msgspec.json.encode(operation.described))


def wants(value: str) -> Callable[[ApiRequest], bool]:
    """Tell whether a caller asks for *value* in Accept."""
    return lambda incoming: incoming.headers.get(b"accept") == value


def _typed_by_accept(found: Response, incoming: ApiRequest) -> Response:
    accept = incoming.headers.get(b"accept")
    return found.with_headers(((b"content-type", accept.encode()),)) if accept else found


def _without_types(described: Callable[[Any], Response]) -> Callable[[Any], Response]:
    return lambda content: described(
        {name: one for name, one in content.items() if name != "MediaTypes"}
    )


VERBS: Final = (
    Defect(
        "Allow names GET and POST alone",
        "methods",
        "method-not-allowed",
        "Allow is 'GET, POST'",
        setting("webapi.operations.describe._allow", lambda _: (b"allow", b"GET, POST")),
    ),
    Defect(
        "405 without Allow",
        "methods",
        "method-not-allowed",
        "Allow is None",
        without_header("Allow", 405),
    ),
    Defect("404 for 405", "methods", "method-not-allowed", "PUT: expected 405", status(404, 405)),
    Defect(
        "PUT starts a run",
        "methods",
        "method-not-allowed",
        "PUT: expected 405",
        stepping("PUT", _called),
    ),
    Defect(
        "GET needs credentials",
        "methods",
        "get-open",
        "GET: expected 200, got 401",
        stepping("GET", _guarded),
    ),
    Defect(
        "GET is not known", "methods", "get-describes", "GET: expected 200", stepping("GET", None)
    ),
    Defect("HEAD is not known", "methods", "head", "HEAD: expected 200", stepping("HEAD", None)),
    Defect(
        "OPTIONS is not known",
        "methods",
        "options",
        "OPTIONS: expected 200 or 204, got 405",
        stepping("OPTIONS", None),
    ),
    *(
        Defect(
            f"{method} starts a run",
            "get-starts-nothing",
            "get-describes",
            "took the lease",
            stepping(method, _started),
        )
        for method in ("GET", "HEAD", "OPTIONS")
    ),
    Defect(
        "the description without media types",
        "methods",
        "get-shape",
        "has no MediaTypes",
        changing("webapi.response.described", _without_types),
    ),
)


PATHS: Final = (
    Defect(
        "unknown methods are this call",
        "paths",
        "path-unknown",
        "another method: expected 404, got 204",
        _finding(lambda _: PATH, lambda path: path.endswith("Nothing")),
    ),
    Defect(
        "unknown agents are this agent",
        "paths",
        "path-unknown",
        "another agent: expected 404, got 204",
        _finding(lambda _: PATH, lambda path: "Nobody" in path),
    ),
    Defect(
        "api/v1 may stand twice",
        "paths",
        "path-doubled",
        "api/v1 twice: expected 404",
        _finding(
            lambda path: path.replace("/api/v1", "", 1), lambda path: path.count("/api/v1") > 1
        ),
    ),
    Defect(
        "paths heed case",
        "paths",
        "path-case",
        "lower case: expected 204, got 404",
        _finding(lambda _: "/", str.islower),
    ),
    Defect(
        "a slash at the end is refused",
        "paths",
        "path-slash",
        "a slash at the end: expected 204, got 404",
        _finding(lambda _: "/", lambda path: path.endswith("/")),
    ),
    Defect(
        "a first segment must be a tenant's",
        "paths",
        "path-onsite",
        "any first segment: expected 204, got 404",
        _finding(lambda _: "/", lambda path: path.startswith("/crm")),
    ),
    Defect(
        "an unknown tenant is onsite",
        "paths",
        "path-unknown-tenant",
        "a tenant nobody knows: expected 404, got 204",
        setting("tenants.registry.CUSTOMER", re.compile("(?!)")),
    ),
)


WISHES: Final = (
    Defect(
        "$select may be wrong",
        "select",
        "select-never-an-error",
        "expected 204, got 400",
        setting("webapi.operations.pipeline.parse_select", rejecting(400, "no such property")),
    ),
    Defect(
        "%24select is not known",
        "select",
        "query-names",
        "%24select=AccountId: expected 204, got 400",
        refusing(400, lambda incoming: b"%24" in incoming.scope["query_string"]),
    ),
    Defect(
        "$SELECT is not known",
        "select",
        "query-names",
        "$SELECT=x: expected 204, got 400",
        refusing(400, lambda incoming: b"SELECT" in incoming.scope["query_string"]),
    ),
    Defect(
        "406 for what Accept does not want",
        "negotiation",
        "negotiation-ignored",
        "Accept: image/png: expected 204, got 406",
        refusing(406, wants("image/png")),
    ),
    Defect(
        "Accept gives the 204 a Content-Type",
        "negotiation",
        "no-content-type",
        "has the Content-Type application/xml",
        answering(_typed_by_accept, 204),
    ),
    Defect(
        "an unknown time zone is refused",
        "negotiation",
        "negotiation-ignored",
        "SO-TimeZone: x: expected 204, got 400",
        refusing(400, lambda incoming: incoming.headers.get(b"so-timezone") is not None),
    ),
)
