"""Checks of paths, methods, `$select`, negotiation and error envelopes."""

from collections.abc import Iterator

import msgspec

from superoffice_contract.checks import expectations
from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import GOOD, JSON
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request


def select_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """`$select`, as in the page's example, has no effect, and no value of it is an error."""
    example = "$select=name,department,category/id"
    for query, claim in (
        (example, "select-param"),
        ("%24select=AccountId", "query-names"),
        ("$SELECT=AccountId", "query-names"),
        ("$select=,,/,%F0%9F%98%80", "select-never-an-error"),
    ):
        request = _request_to(context, f"{context.url}?{query}")
        needs = None if query == example else example
        yield ExpectedResponse(query, request, (204,), (claim,), needs=needs)


def negotiation_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """Headers that ask for a language, a time zone or a media type have no effect on a 204."""
    claims = ("negotiation-ignored", "no-content")
    for accept in ("application/xml", "text/html", "image/png", "*/*;q=0", ""):
        request = context.post(GOOD, JSON, ("Accept", accept))
        yield ExpectedResponse(f"Accept: {accept}", request, (204,), claims)
    headers = (("Accept-Language", "*"), ("SO-Language", "nb-NO"), ("SO-TimeZone", "x"))
    request = context.post(GOOD, JSON, *headers)
    yield ExpectedResponse("languages and a time zone", request, (204,), claims)


def path_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """Case and a trailing slash do not matter; an undocumented path gets a 404, or a 501."""
    url = context.url
    agent_url, _, method = url.rpartition("/")
    agents_url = agent_url.rpartition("/")[0]
    for name, path, claim in (
        ("lower case", context.tenant.base + context.operation.path.lower(), "path-case"),
        ("a slash at the end", f"{url}/", "path-slash"),
    ):
        yield ExpectedResponse(name, _request_to(context, path), (204,), (claim,))
    for name, path, statuses, claims in (
        ("another method", f"{agent_url}/Nothing", (404, 501), ("not-emulated", "path")),
        ("another agent", f"{agents_url}/Nobody/{method}", (404, 501), ("not-emulated", "path")),
        ("another path", f"{context.tenant.base}/nothing", (404,), ("path-unknown", "path")),
        ("api/v1 twice", url.replace("/api/v1", "/api/v1/api/v1"), (404,), ("path-doubled",)),
    ):
        request = _request_to(context, path)
        yield ExpectedResponse(name, request, statuses, claims, if_accepted=claims[-1])
    if not context.tenant.base:
        request = _request_to(context, f"/crm{context.operation.path}")
        yield ExpectedResponse("any first segment", request, (204,), ("path-onsite",))
    request = _request_to(context, f"/Cust99999{context.operation.path}")
    yield ExpectedResponse("an unknown tenant", request, (404,), ("path-unknown-tenant",))


def _request_to(context: CheckContext, path: str) -> Request:
    return msgspec.structs.replace(context.post(GOOD, JSON), path=path)


def method_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """GET and HEAD describe and OPTIONS answers without credentials; other methods get a 405."""
    verifiers = (expectations.allow_verifier(context.operation.allowed_methods),)
    for method in ("PUT", "PATCH", "DELETE"):
        request = msgspec.structs.replace(context.post(GOOD, JSON), method=method)
        claims = ("method-not-allowed", "method")
        yield ExpectedResponse(method, request, (405,), claims, verifiers, if_accepted="method")
    yield ExpectedResponse(
        "GET",
        Request("GET", context.url),
        (200,),
        ("get-describes", "get-open", "get-shape"),
        (expectations.check_description,),
        by_status={401: "get-open", 403: "get-open"},
    )
    yield ExpectedResponse("HEAD", Request("HEAD", context.url), (200,), ("head",), needs="GET")
    yield ExpectedResponse("OPTIONS", Request("OPTIONS", context.url), (200, 204), ("options",))


def error_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """An error is in XML if Accept asks for it, and never a 406."""
    for accept, claim, verifiers in (
        ("application/xml", "error-format", (expectations.check_is_xml,)),
        ("image/png", "never-406", ()),
    ):
        request = context.post(b"{", JSON, ("Accept", accept))
        yield ExpectedResponse(
            f"Accept: {accept}",
            request,
            (400,),
            ("body-syntax", "never-406", claim),
            verifiers,
            by_status={406: "never-406"},
        )
