"""Checks of paths, methods, `$select`, negotiation and error envelopes."""

from collections.abc import Iterator

from superoffice_contract.checks import expectations
from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import GOOD, JSON
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request

# ---- the query, wishes, paths, verbs ---------------------------------------------------------


def select(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """`$select` has no effect on a 204, escaped or not, and no value of it is an error."""
    claims = ("select-param", "select-never-an-error", "query-names")
    for query in (
        *("$select=name,department,category/id", "%24select=AccountId", "$SELECT=x"),
        *("$select=", "$select=,,/,", "%24select=%F0%9F%98%80"),
    ):
        ask = scene.post(GOOD, JSON)
        asked = Request(ask.method, f"{ask.path}?{query}", ask.headers, ask.body)
        yield ExpectedResponse(query, asked, (204,), claims)


def negotiation(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """No wish of the caller changes the answer, and none is refused."""
    wishes = (
        *(("Accept", "application/json; charset=utf-8"), ("Accept", "application/xml")),
        *(("Accept", "image/png"), ("Accept", "*/*;q=0"), ("Accept", "")),
        *(("Accept-Language", "*"), ("SO-Language", "nb-NO"), ("SO-TimeZone", "x")),
    )
    for name, value in wishes:
        ask = scene.post(GOOD, JSON, (name, value))
        claims = ("negotiation-ignored", "accept-header")
        yield ExpectedResponse(
            f"{name}: {value}", ask, (204,), claims, (expectations.typed(scene),)
        )


def paths(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """Case and a slash at the end do not matter; what is not documented is a 404."""
    good = (
        ("lower case", scene.url.lower(), "path-case"),
        ("a slash at the end", f"{scene.url}/", "path-slash"),
    )
    bad = (
        ("another method", scene.url.replace("SyncEmailAccounts", "Nothing"), "path-unknown"),
        ("another agent", scene.url.replace("EMail/", "Nobody/"), "path-unknown"),
        ("api/v1 twice", scene.url.replace("/api/v1", "/api/v1/api/v1"), "path-doubled"),
    )
    for name, path, claim in good:
        yield ExpectedResponse(name, _at(scene, path), (204,), (claim,))
    for name, path, claim in bad:
        yield ExpectedResponse(name, _at(scene, path), (404,), (claim,))
    if not scene.tenant.base:
        somewhere = _at(scene, f"/crm{scene.path}")
        yield ExpectedResponse("any first segment", somewhere, (204,), ("path-onsite",))
    nowhere = _at(scene, f"/Cust99999{scene.path}")
    yield ExpectedResponse("a tenant nobody knows", nowhere, (404,), ("path-unknown-tenant",))


def _at(scene: CheckContext, path: str) -> Request:
    ask = scene.post(GOOD, JSON)
    return Request(ask.method, path, ask.headers, ask.body)


def methods(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """GET and HEAD describe, OPTIONS answers, others are a 405, all without credentials."""
    allowing = expectations.allowing(scene.methods)
    for method in ("PUT", "PATCH", "DELETE"):
        ask = Request(method, scene.url, (("Content-Type", JSON),), GOOD)
        yield ExpectedResponse(method, ask, (405,), ("method-not-allowed",), (allowing,))
    claims = ("get-describes", "get-open", "get-shape")
    yield ExpectedResponse(
        "GET", Request("GET", scene.url), (200,), claims, (expectations.describing,)
    )
    yield ExpectedResponse("HEAD", Request("HEAD", scene.url), (200,), ("head",))
    yield ExpectedResponse("OPTIONS", Request("OPTIONS", scene.url), (200, 204), ("options",))


def errors(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """An error is in an envelope of the vendor's, as XML for whoever asks, and never a 406."""
    enveloped, not_cached = expectations.enveloped(scene), expectations.not_cached
    cases = (
        ("*/*", "error-webapi", (enveloped, not_cached)),
        ("application/xml", "error-format", (expectations.in_xml, not_cached)),
        ("image/png", "never-406", (enveloped,)),
    )
    for accept, claim, verify in cases:
        ask = scene.post(b"{", JSON, ("Accept", accept))
        claims = (claim, "error-netserver", "error-no-trace", "cache-headers")
        yield ExpectedResponse(f"Accept: {accept}", ask, (400,), claims, verify)
