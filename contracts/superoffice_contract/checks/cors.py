"""Checks of what pages in a browser are told: CORS, for origins that are listed and for others."""

from collections.abc import Iterator
from typing import Final

from superoffice_contract.checks.expectations import ExpectedResponse, Verify
from superoffice_contract.checks.payloads import GOOD, JSON
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request, Response

LISTED: Final = "http://localhost:5173"
"""Listed where nothing else is configured; other servers list what they like."""
STRANGER: Final = "https://nobody.invalid"
"""No name can end like this, so nobody lists it."""
ASKED: Final = "authorization, content-type"


def origins(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """A listed origin is echoed whatever the status, and another is told nothing."""
    claims = ("cors-origin",)
    verify = (_echoed(scene),)
    origin = ("Origin", LISTED)
    yield ExpectedResponse(
        "a listed origin", scene.post(GOOD, JSON, origin), (204,), claims, verify
    )
    yield ExpectedResponse("in an error", scene.post(b"{", JSON, origin), (400,), claims, verify)
    unknown = Request("POST", scene.url, (origin, ("Content-Type", JSON)), GOOD)
    yield ExpectedResponse("unknown at a listed origin", unknown, (401,), claims, verify)
    yield ExpectedResponse(
        "a preflight",
        _preflight(scene, LISTED),
        (200, 204),
        ("cors-preflight",),
        (*verify, _allowing(scene)),
    )
    other = scene.post(GOOD, JSON, ("Origin", STRANGER))
    yield ExpectedResponse("another origin", other, (204,), ("cors-unlisted",), (_untold,))
    asked = _preflight(scene, STRANGER)
    yield ExpectedResponse("its preflight", asked, (200, 204), ("cors-unlisted",), (_untold,))


def _preflight(scene: CheckContext, origin: str) -> Request:
    headers = (
        ("Origin", origin),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", ASKED),
    )
    return Request("OPTIONS", scene.url, headers)


def _echoed(scene: CheckContext) -> Verify:
    """Return the check that the listed origin may read the answer; elsewhere it may be unlisted."""

    def verify(seen: Response) -> str | None:
        if not scene.has_control and _untold(seen) is None:
            return None
        wanted = {
            "access-control-allow-origin": LISTED,
            "access-control-allow-credentials": "true",
        }
        for name, value in wanted.items():
            if seen.header(name) != value:
                return f"{name} is {seen.header(name)!r}, expected {value!r}"
        varies = [one.strip().lower() for one in (seen.header("vary") or "").split(",")]
        return None if "origin" in varies else "the answer to an origin has no Vary: Origin"

    return verify


def _allowing(scene: CheckContext) -> Verify:
    """Return the check that a preflight is told that it may send what it asked for."""

    def verify(seen: Response) -> str | None:
        if not scene.has_control and _untold(seen) is None:
            return None
        allowed = {one.strip() for one in (seen.header(_HEADERS) or "").lower().split(",")}
        missing = {*ASKED.split(", ")} - allowed
        if missing:
            return f"the preflight does not allow the header {min(missing)}"
        methods = (seen.header("access-control-allow-methods") or "").split(",")
        return None if "POST" in map(str.strip, methods) else "the preflight does not allow POST"

    return verify


_HEADERS: Final = "access-control-allow-headers"


def _untold(seen: Response) -> str | None:
    """An answer says nothing of CORS."""
    found = sorted(name for name in seen.names if name.startswith("access-control-allow"))
    return f"an origin that is not listed is told {found[0]}" if found else None
