"""What a server must answer to one request, and how an answer is held against it."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request, Response

Verify = Callable[[Response], str | None]
"""Return what is wrong with an answer, or None."""


HINTS: Final = ("retry-after", "location", "set-cookie", "transfer-encoding")
"""Headers that a 204 must not have, as they would tell, or promise a body."""


NOT_CACHED: Final = (("cache-control", "no-cache"), ("pragma", "no-cache"), ("expires", "-1"))


_TRACE: Final = re.compile(rb"Traceback \(most recent|\bFile \\?\"[^\"]+\", line \d|\bat System\.")


_JSON: Final = "application/json"


class ExpectedResponse(msgspec.Struct, frozen=True):
    """One request, the statuses that will do, and the claims that it stands for."""

    name: str
    ask: Request
    statuses: tuple[int, ...]
    claims: tuple[str, ...]
    verify: tuple[Verify, ...] = ()

    def wrongs(self, seen: Response) -> Iterator[str]:
        """Yield, in words, where *seen* is not what was expected."""
        if seen.status not in self.statuses:
            wanted = " or ".join(map(str, self.statuses))
            yield f"expected {wanted}, got {seen.status}"
            return
        for verify in (*_ALWAYS.get(seen.status, ()), *self.verify):
            wrong = verify(seen)
            if wrong is not None:
                yield wrong


# ---- what holds for every answer of a status -------------------------------------------------


def no_body(seen: Response) -> str | None:
    """A 204 has no body and nothing that announces one (claims no-body, no-content)."""
    if seen.body:
        return f"the {seen.status} has a body of {len(seen.body)} bytes"
    if seen.header("content-length") is not None:
        return f"the {seen.status} has a Content-Length"
    return None


def no_hints(seen: Response) -> str | None:
    """A 204 has no header that tells a started from a turned-away call (claim no-hints)."""
    found = [name for name in HINTS if name in seen.names]
    return f"the {seen.status} has the header {found[0]}" if found else None


def no_banner(seen: Response) -> str | None:
    """No answer names its server or asks for https for ever (claim no-banner)."""
    found = [name for name in ("server", "strict-transport-security") if name in seen.names]
    return f"the answer has the header {found[0]}" if found else None


def challenged(seen: Response) -> str | None:
    """A 401 says which schemes there are (claim www-authenticate)."""
    if seen.header("www-authenticate"):
        return None
    return "the 401 has no WWW-Authenticate (claim www-authenticate)"


def no_trace(seen: Response) -> str | None:
    """No error shows how the server is built (claim error-no-trace)."""
    return "the answer shows a stack trace" if _TRACE.search(seen.body) else None


# ---- what holds for some ---------------------------------------------------------------------


def not_cached(seen: Response) -> str | None:
    """Nobody may keep the answer (claim cache-headers)."""
    wrong = [name for name, value in NOT_CACHED if seen.header(name) != value]
    return f"the answer has no right {wrong[0]} (claim cache-headers)" if wrong else None


def typed(scene: CheckContext) -> Verify:
    """Return the check that a 204 has a Content-Type if its reading says so."""
    wanted = scene.values("no-content-type", "absent", "as-sampled")

    def verify(seen: Response) -> str | None:
        found = seen.header("content-type")
        follows = "absent" if found is None else "as-sampled"
        if follows in wanted and (found is None or _kind(seen) == _JSON):
            return None
        return f"the 204 has the Content-Type {found} (claim no-content-type)"

    return verify


def enveloped(scene: CheckContext) -> Verify:
    """Return the check that an error is JSON in an envelope of the vendor's."""
    wanted = scene.values("errors", *_ENVELOPES)

    def verify(seen: Response) -> str | None:
        content = _decoded(seen)
        if any(_fits(content, _ENVELOPES[one]) for one in wanted):
            return None
        return f"the error is in no envelope of the vendor's: {seen.body[:80]!r}"

    return verify


def in_xml(seen: Response) -> str | None:
    """Return what is wrong with an error for somebody who asked for XML (claim error-format)."""
    if _kind(seen) == "application/xml" and seen.body.lstrip().startswith(b"<"):
        return None
    return f"Accept asks for XML, the error is {seen.header('content-type')}"


def describing(seen: Response) -> str | None:
    """A description has its members (claim get-shape)."""
    content = _decoded(seen)
    if not isinstance(content, dict):
        return "the description is no JSON object (claim get-shape)"
    missing = [name for name in _DESCRIBED if name not in content]
    return f"the description has no {missing[0]} (claim get-shape)" if missing else None


_ENVELOPES: Final[dict[str, dict[str, type]]] = {
    "webapi": {"Message": str},
    "netserver": {"Error": bool, "ErrorType": str, "Message": str, "ErrorSource": str},
}


def sign_of(expected: ExpectedResponse, seen: Response) -> tuple[str, str] | None:
    """Return the reading and the value of it that an answer to *expected* follows, if it tells."""
    if seen.status in (401, 403) and "restricted-status" in expected.claims:
        return "restricted", str(seen.status)
    if seen.status == 204 and expected.ask.method == "POST":
        return "no-content-type", "absent" if "content-type" not in seen.names else "as-sampled"
    if seen.status >= 400:
        content = _decoded(seen)
        return next(
            (("errors", name) for name in _TELLING if _fits(content, _ENVELOPES[name])), None
        )
    return None


_TELLING: Final = ("netserver", "webapi")
"""The envelopes, that with more members first: it has those of the other, too."""


_DESCRIBED: Final = (
    *("Method", "Path", "Summary", "Description", "Parameters"),
    *("MediaTypes", "Credentials", "Responses"),
)


def _fits(content: object, members: dict[str, type]) -> bool:
    if not isinstance(content, dict):
        return False
    return all(isinstance(content.get(name), kind) for name, kind in members.items())


def _kind(seen: Response) -> str:
    return (seen.header("content-type") or "").partition(";")[0].strip().lower()


def _decoded(seen: Response) -> Any:  # noqa: ANN401 - JSON
    if _kind(seen) != _JSON:
        return None
    try:
        return msgspec.json.decode(seen.body)
    except msgspec.DecodeError:
        return None


def allowing(methods: tuple[str, ...]) -> Verify:
    """Return the check that a 405 allows just *methods* (claim method-not-allowed)."""

    def verify(seen: Response) -> str | None:
        allowed = {one.strip() for one in (seen.header("allow") or "").split(",")}
        if allowed == set(methods):
            return None
        return f"Allow is {seen.header('allow')!r}, expected {', '.join(methods)}"

    return verify


def naming(text: str) -> Verify:
    """Return the check that the body of an error names *text*."""

    def verify(seen: Response) -> str | None:
        found = text.encode() in seen.body
        return None if found else f"the answer does not name {text!r}"

    return verify


_ALWAYS: dict[int, tuple[Verify, ...]] = {
    204: (no_body, no_hints, no_banner),
    400: (no_trace,),
    401: (challenged, no_banner),
}
