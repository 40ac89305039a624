"""Checks of paths, methods, `$select`, negotiation and error envelopes."""

from collections.abc import Iterator

from superoffice_contract.checks import expectations
from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import GOOD, JSON
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request


def select_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """`$select` has no effect on a 204, and no value of it is an error."""
    claims = ("select-param", "select-never-an-error", "query-names")
    for query in (
        *("$select=name,department,category/id", "%24select=AccountId", "$SELECT=x"),
        *("$select=", "$select=,,/,", "%24select=%F0%9F%98%80"),
    ):
        request = _request_to(context, f"{context.url}?{query}")
        yield ExpectedResponse(query, request, (204,), claims)


def negotiation_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """Headers that ask for a language, a time zone or a media type have no effect on a 204."""
    claims = ("negotiation-ignored", "accept-header")
    verifiers = (expectations.content_type_verifier(context),)
    for name, value in (
        *(("Accept", "application/json; charset=utf-8"), ("Accept", "application/xml")),
        *(("Accept", "image/png"), ("Accept", "*/*;q=0"), ("Accept", "")),
        *(("Accept-Language", "*"), ("SO-Language", "nb-NO"), ("SO-TimeZone", "x")),
    ):
        request = context.post(GOOD, JSON, (name, value))
        yield ExpectedResponse(f"{name}: {value}", request, (204,), claims, verifiers)


def path_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """Case and a trailing slash do not matter; an undocumented path gets a 404."""
    url = context.url
    agent_url, _, method = url.rpartition("/")
    agents_url = agent_url.rpartition("/")[0]
    for name, path, claim in (
        ("lower case", url.lower(), "path-case"),
        ("a slash at the end", f"{url}/", "path-slash"),
    ):
        yield ExpectedResponse(name, _request_to(context, path), (204,), (claim,))
    for name, path, claim in (
        ("another method", f"{agent_url}/Nothing", "path-unknown"),
        ("another agent", f"{agents_url}/Nobody/{method}", "path-unknown"),
        ("api/v1 twice", url.replace("/api/v1", "/api/v1/api/v1"), "path-doubled"),
    ):
        yield ExpectedResponse(name, _request_to(context, path), (404,), (claim,))
    if not context.tenant.base:
        request = _request_to(context, f"/crm{context.operation.path}")
        yield ExpectedResponse("any first segment", request, (204,), ("path-onsite",))
    request = _request_to(context, f"/Cust99999{context.operation.path}")
    yield ExpectedResponse("an unknown tenant", request, (404,), ("path-unknown-tenant",))


def _request_to(context: CheckContext, path: str) -> Request:
    request = context.post(GOOD, JSON)
    return Request(request.method, path, request.headers, request.body)


def method_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """GET and HEAD describe, OPTIONS answers, other methods get a 405; none needs credentials."""
    verifiers = (expectations.allow_verifier(context.operation.allowed_methods),)
    for method in ("PUT", "PATCH", "DELETE"):
        request = Request(method, context.url, (("Content-Type", JSON),), GOOD)
        yield ExpectedResponse(method, request, (405,), ("method-not-allowed",), verifiers)
    claims, verifiers = (
        ("get-describes", "get-open", "get-shape"),
        (expectations.check_description,),
    )
    yield ExpectedResponse("GET", Request("GET", context.url), (200,), claims, verifiers)
    yield ExpectedResponse("HEAD", Request("HEAD", context.url), (200,), ("head",))
    yield ExpectedResponse("OPTIONS", Request("OPTIONS", context.url), (200, 204), ("options",))


def error_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """An error is in a documented envelope, in XML if Accept asks for it, and never a 406."""
    check_envelope = expectations.envelope_verifier(context)
    check_not_cached = expectations.check_not_cached
    for accept, claim, verifiers in (
        ("*/*", "error-webapi", (check_envelope, check_not_cached)),
        ("application/xml", "error-format", (expectations.check_is_xml, check_not_cached)),
        ("image/png", "never-406", (check_envelope,)),
    ):
        request = context.post(b"{", JSON, ("Accept", accept))
        claims = (claim, "error-netserver", "error-no-trace", "cache-headers")
        yield ExpectedResponse(f"Accept: {accept}", request, (400,), claims, verifiers)
