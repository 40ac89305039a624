"""Checks of CORS, for listed origins and for others."""

from collections.abc import Iterator
from typing import Final

from superoffice_contract.checks.expectations import ExpectedResponse, Problem, Verifier
from superoffice_contract.checks.payloads import GOOD, JSON
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request, Response

LISTED_ORIGIN: Final = "http://localhost:5173"
"""Listed in the default configuration of the mock; other servers may list other origins."""
UNLISTED_ORIGIN: Final = "https://nobody.invalid"
"""The domain .invalid is reserved, so no server lists it."""
REQUESTED_HEADERS: Final = "authorization, content-type"


def origin_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """A listed origin gets CORS headers with every status; other origins get none."""
    claims = ("cors-origin",)
    verifiers = (_for_listed_origin(context, _check_origin),)
    origin = ("Origin", LISTED_ORIGIN)
    call = context.post(GOOD, JSON, origin)
    yield ExpectedResponse("a listed origin", call, (204,), claims, verifiers)
    invalid = context.post(b"{", JSON, origin)
    yield ExpectedResponse("an error, at a listed origin", invalid, (400,), claims, verifiers)
    without_credential = Request("POST", context.url, (origin, ("Content-Type", JSON)), GOOD)
    yield ExpectedResponse(
        "no credentials, at a listed origin", without_credential, (401,), claims, verifiers
    )
    preflight = _preflight(context, LISTED_ORIGIN)
    all_verifiers = (*verifiers, _for_listed_origin(context, _check_preflight))
    yield ExpectedResponse("a preflight", preflight, (200, 204), ("cors-preflight",), all_verifiers)
    claims, verifiers = ("cors-unlisted",), (_check_no_cors_headers,)
    call = context.post(GOOD, JSON, ("Origin", UNLISTED_ORIGIN))
    yield ExpectedResponse("an unlisted origin", call, (204,), claims, verifiers)
    preflight = _preflight(context, UNLISTED_ORIGIN)
    yield ExpectedResponse(
        "a preflight of an unlisted origin", preflight, (200, 204), claims, verifiers
    )


def _preflight(context: CheckContext, origin: str) -> Request:
    headers = (
        ("Origin", origin),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", REQUESTED_HEADERS),
    )
    return Request("OPTIONS", context.url, headers)


def _for_listed_origin(context: CheckContext, verify: Verifier) -> Verifier:
    """Return *verify* for answers to the listed origin.

    A server without `/_mock/` may not list the origin; then no CORS header is fine, too.
    """
    if context.has_control:
        return verify
    return lambda response: _check_no_cors_headers(response) and verify(response)


def _check_origin(response: Response) -> Problem | None:
    """The listed origin may read the answer."""
    for name, value in (
        ("access-control-allow-origin", LISTED_ORIGIN),
        ("access-control-allow-credentials", "true"),
    ):
        if response.header(name) != value:
            return Problem(f"{name} is {response.header(name)!r}, expected {value!r}")
    if "origin" in _split(response.header("vary")):
        return None
    return Problem("the answer to an origin has no Vary: Origin")


def _check_preflight(response: Response) -> Problem | None:
    """A preflight allows the method and the headers that it asks for."""
    missing = _split(REQUESTED_HEADERS) - _split(response.header("access-control-allow-headers"))
    if missing:
        return Problem(f"the preflight does not allow the header {min(missing)}")
    methods = (response.header("access-control-allow-methods") or "").split(",")
    return (
        None if "POST" in map(str.strip, methods) else Problem("the preflight does not allow POST")
    )


def _split(value: str | None) -> set[str]:
    return {name.strip().lower() for name in (value or "").split(",")}


def _check_no_cors_headers(response: Response) -> Problem | None:
    """An answer has no CORS headers."""
    names = sorted(
        name for name in response.header_names if name.startswith("access-control-allow")
    )
    return Problem(f"an origin that is not listed gets {names[0]}") if names else None
