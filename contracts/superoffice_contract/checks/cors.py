"""Checks of CORS, for listed origins and for others."""

from collections.abc import Iterator
from typing import Final

from superoffice_contract.checks.expectations import UNQUOTED, ExpectedResponse, Problem, Verifier
from superoffice_contract.checks.payloads import GOOD, JSON
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request, Response

LISTED_ORIGIN: Final = "http://localhost:5173"
"""Listed in the default configuration of the mock; other servers may list other origins."""
UNLISTED_ORIGIN: Final = "https://nobody.invalid"
"""The domain .invalid is reserved, so no server lists it."""
REQUESTED_HEADERS: Final = "authorization, content-type"


def origin_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """A listed origin gets CORS headers with every status; `every-answer` judges other origins."""
    claims: tuple[str, ...] = ("cors-origin",)
    verifiers = (_for_listed_origin(context, _check_origin),)
    origin = ("Origin", LISTED_ORIGIN)
    call = context.post(GOOD, JSON, origin)
    yield ExpectedResponse("a listed origin", call, (204,), claims, verifiers)
    invalid = context.post(b"{", JSON, origin)
    error_claims = ("body-syntax", *claims)
    yield ExpectedResponse("an error, at a listed origin", invalid, (400,), error_claims, verifiers)
    yield ExpectedResponse(
        "no credentials, at a listed origin",
        Request("POST", context.url, (origin, ("Content-Type", JSON)), GOOD),
        (401,),
        ("unauthorized-status", *claims),
        verifiers,
        if_accepted="unauthorized",
    )
    preflight = _preflight(context, LISTED_ORIGIN)
    all_verifiers = (*verifiers, _for_listed_origin(context, _check_preflight))
    yield ExpectedResponse("a preflight", preflight, (200, 204), ("cors-preflight",), all_verifiers)
    call = context.post(GOOD, JSON, ("Origin", UNLISTED_ORIGIN))
    yield ExpectedResponse("an unlisted origin", call, (204,), ("cors-unlisted",))
    preflight = _preflight(context, UNLISTED_ORIGIN)
    name = "a preflight of an unlisted origin"
    yield ExpectedResponse(name, preflight, (200, 204), ("cors-unlisted",))


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
    return lambda response: verify(response) if has_cors_headers(response) else None


def _check_origin(response: Response) -> Problem | None:
    """The listed origin may read the answer."""
    for name, value in (
        ("access-control-allow-origin", LISTED_ORIGIN),
        ("access-control-allow-credentials", "true"),
    ):
        if response.header(name) != value:
            what = f"{name} is {response.header(name)!r}, expected {value!r}"
            return Problem(what, "cors-origin", UNQUOTED)
    if "origin" in _split(response.header("vary")):
        return None
    return Problem("the answer to an origin has no Vary: Origin", "cors-origin")


def _check_preflight(response: Response) -> Problem | None:
    """A preflight allows the method and the headers that it asks for."""
    missing = _split(REQUESTED_HEADERS) - _split(response.header("access-control-allow-headers"))
    if missing:
        what = f"the preflight does not allow the header {min(missing)}"
        return Problem(what, "cors-preflight")
    methods = (response.header("access-control-allow-methods") or "").split(",")
    if "POST" in map(str.strip, methods):
        return None
    return Problem("the preflight does not allow POST", "cors-preflight")


def _split(value: str | None) -> set[str]:
    return {name.strip().lower() for name in (value or "").split(",")}


def has_cors_headers(response: Response) -> bool:
    """Return whether *response* allows an origin anything."""
    return any(name.startswith("access-control-allow") for name in response.header_names)
