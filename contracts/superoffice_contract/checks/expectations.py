"""What a server must answer to one request, and the checks of a response."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request, Response

UNQUOTED: Final = "the content is not the expected one"

HINT_HEADERS: Final = ("retry-after", "location", "set-cookie", "transfer-encoding")
"""Headers that a 204 must not have: they would show the outcome, or announce a body."""
NO_CACHE_HEADERS: Final = {"cache-control": "no-cache", "pragma": "no-cache", "expires": "-1"}
_STACK_TRACE: Final = re.compile(
    rb"Traceback \(most recent|\bFile \\?\"[^\"]+\", line \d|\bat System\."
)
_JSON: Final = "application/json"
_ENVELOPES: Final[dict[str, dict[str, type]]] = {
    "netserver": {"Error": bool, "ErrorType": str, "Message": str, "ErrorSource": str},
    "webapi": {"Message": str},
}
"""By value of the reading `errors`; the larger one first, as it has the members of the other."""
_DESCRIPTION_MEMBERS: Final = (
    *("Method", "Path", "Summary", "Description", "Parameters"),
    *("MediaTypes", "Credentials", "Responses"),
)


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with a response, and the claims that it breaks if it is not all that it tests.

    *safe_text* says the same without quoting the response, which may repeat a credential.
    """

    what: str
    claims: tuple[str, ...] = ()
    safe_text: str = UNQUOTED


Verifier = Callable[[Response], Problem | None]
"""Returns the problem with a response, or None."""


class ExpectedResponse(msgspec.Struct, frozen=True):
    """A request, the statuses that are right, and the claims that it tests.

    *verifiers* apply in addition to those that each response of the status has to pass.
    """

    name: str
    request: Request
    statuses: tuple[int, ...]
    claims: tuple[str, ...]
    verifiers: tuple[Verifier, ...] = ()

    def problems(self, response: Response) -> Iterator[Problem]:
        """Yield each difference between *response* and what is expected."""
        if response.status not in self.statuses:
            statuses = " or ".join(map(str, self.statuses))
            yield _without_quotes(f"expected {statuses}, got {response.status}")
            return
        for verify in (*_VERIFIERS_BY_STATUS.get(response.status, ()), *self.verifiers):
            problem = verify(response)
            if problem is not None:
                yield problem


def _without_quotes(what: str, *claims: str) -> Problem:
    """Return a problem whose text quotes nothing of the response."""
    return Problem(what, claims, what)


# ---- checks of every response with a status --------------------------------------------------


def check_no_body(response: Response) -> Problem | None:
    """A 204 has no body and no Content-Length (claims no-body, no-content)."""
    if response.body:
        return _without_quotes(f"the {response.status} has a body of {len(response.body)} bytes")
    if response.header("content-length") is not None:
        return _without_quotes(f"the {response.status} has a Content-Length")
    return None


def check_no_hints(response: Response) -> Problem | None:
    """A 204 has no header that shows whether the call was turned away (claim no-hints)."""
    names = [name for name in HINT_HEADERS if name in response.header_names]
    return _without_quotes(f"the {response.status} has the header {names[0]}") if names else None


def check_no_banner(response: Response) -> Problem | None:
    """A response has no Server and no Strict-Transport-Security header (claim no-banner)."""
    banners = ("server", "strict-transport-security")
    names = [name for name in banners if name in response.header_names]
    return _without_quotes(f"the answer has the header {names[0]}") if names else None


def check_challenge(response: Response) -> Problem | None:
    """A 401 names the accepted schemes (claim www-authenticate)."""
    if response.header("www-authenticate"):
        return None
    return _without_quotes("the 401 has no WWW-Authenticate", "www-authenticate")


def check_no_trace(response: Response) -> Problem | None:
    """An error shows no stack trace (claim error-no-trace)."""
    has_trace = _STACK_TRACE.search(response.body)
    return _without_quotes("the answer shows a stack trace") if has_trace else None


_VERIFIERS_BY_STATUS: Final[dict[int, tuple[Verifier, ...]]] = {
    204: (check_no_body, check_no_hints, check_no_banner),
    400: (check_no_trace,),
    401: (check_challenge, check_no_banner),
}


# ---- checks of single responses --------------------------------------------------------------


def check_not_cached(response: Response) -> Problem | None:
    """A response must not be cached (claim cache-headers)."""
    wrong = [name for name, value in NO_CACHE_HEADERS.items() if response.header(name) != value]
    if not wrong:
        return None
    return _without_quotes(f"the header {wrong[0]} is missing or wrong", "cache-headers")


def check_is_xml(response: Response) -> Problem | None:
    """An error is XML, as Accept asks for it (claim error-format)."""
    if _media_type(response) == "application/xml" and response.body.lstrip().startswith(b"<"):
        return None
    return Problem(f"Accept asks for XML, the error is {response.header('content-type')}")


def check_description(response: Response) -> Problem | None:
    """A description has its members (claim get-shape)."""
    content = _decode_json(response)
    if not isinstance(content, dict):
        return _without_quotes("the description is not a JSON object", "get-shape")
    missing = [name for name in _DESCRIPTION_MEMBERS if name not in content]
    return _without_quotes(f"the description has no {missing[0]}", "get-shape") if missing else None


def content_type_verifier(context: CheckContext) -> Verifier:
    """Return the check that a 204 has a Content-Type only if its reading says so."""
    allowed_values = context.allowed_values("no-content-type", "absent", "as-sampled")

    def verify(response: Response) -> Problem | None:
        content_type = response.header("content-type")
        value = "absent" if content_type is None else "as-sampled"
        is_right_type = content_type is None or _media_type(response) == _JSON
        if value in allowed_values and is_right_type:
            return None
        what = f"the 204 has the Content-Type {content_type}"
        return Problem(what, ("no-content-type",), "the 204 has an unexpected Content-Type")

    return verify


def envelope_verifier(context: CheckContext) -> Verifier:
    """Return the check that an error is JSON in an envelope of the vendor's."""
    allowed_values = context.allowed_values("errors", *_ENVELOPES)

    def verify(response: Response) -> Problem | None:
        content = _decode_json(response)
        if any(_has_members(content, _ENVELOPES[value]) for value in allowed_values):
            return None
        what = "the error is in no envelope of the vendor's"
        return Problem(f"{what}: {response.body[:80]!r}", safe_text=what)

    return verify


def allow_verifier(methods: tuple[str, ...]) -> Verifier:
    """Return the check that a 405 allows exactly *methods* (claim method-not-allowed)."""

    def verify(response: Response) -> Problem | None:
        allowed_methods = {name.strip() for name in (response.header("allow") or "").split(",")}
        if allowed_methods == set(methods):
            return None
        return Problem(f"Allow is {response.header('allow')!r}, expected {', '.join(methods)}")

    return verify


def mention_verifier(text: str) -> Verifier:
    """Return the check that the body of an error mentions *text*."""

    def verify(response: Response) -> Problem | None:
        if text.encode() in response.body:
            return None
        return _without_quotes(f"the answer does not name {text!r}")

    return verify


# ---- readings --------------------------------------------------------------------------------


def find_reading(expected: ExpectedResponse, response: Response) -> tuple[str, str] | None:
    """Return the reading that *response* shows and its value, or None if it shows none."""
    if response.status in (401, 403) and "restricted-status" in expected.claims:
        return "restricted", str(response.status)
    if response.status == 204 and expected.request.method == "POST":
        has_type = "content-type" in response.header_names
        return "no-content-type", "as-sampled" if has_type else "absent"
    if response.status >= 400:
        content = _decode_json(response)
        for value, members in _ENVELOPES.items():
            if _has_members(content, members):
                return "errors", value
    return None


def _has_members(content: object, members: dict[str, type]) -> bool:
    if not isinstance(content, dict):
        return False
    return all(isinstance(content.get(name), type_) for name, type_ in members.items())


def _media_type(response: Response) -> str:
    return (response.header("content-type") or "").partition(";")[0].strip().lower()


def _decode_json(response: Response) -> Any:  # noqa: ANN401 - JSON
    if _media_type(response) != _JSON:
        return None
    try:
        return msgspec.json.decode(response.body)
    except msgspec.DecodeError:
        return None
