"""What a server must answer to one request, and the checks of a response."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from superoffice_contract.openapi import claims
from superoffice_contract.target.http import Request, Response

MEDIA_TYPES: Final = "media-types"
REFUSAL_STATUS: Final = "refusal-status"
"""The claim that what is wrong with a request decides the status of its refusal."""
BROKEN_BY_REFUSAL: Final = {
    400: "accounts-array",
    404: "path",
    405: "method",
    **dict.fromkeys((409, 423, 429), "silent-drop"),
    415: MEDIA_TYPES,
}
"""What other statuses than 401 and 403 break that answer the documented call."""
REFUSING: Final = (501, 503, 505)
"""The statuses from 500 by which a server refuses a request, and does not fail."""
UNQUOTED: Final = "the content is not the expected one"

_STACK_TRACE: Final = re.compile(
    rb"Traceback \(most recent call"
    rb"|\bFile \\?\"[^\"]{1,300}\", line \d"
    rb"|\bat \w[\w$<>`+]{0,99}\.[\w.$<>`\[\],+]{1,200}\([^()]{0,300}\)"
    rb"(?: in [^\r\n]{1,300}:line \d|[\r\n]|\\[rn])"
    rb"|\bat (?:System|Microsoft)\.\w"
    rb"|\"StackTrace\"\s*:\s*\"[^\"]"
    rb"|(?:\b|\\t)at [\w.$/]{1,200}\([\w$]{1,80}\.(?:java|kt|scala):\d"
    rb"|\bat (?:[^\s()]{1,200} )?\(?(?:file://|node:|/|[A-Z]:\\)[^\s()]{1,300}\.[cm]?[jt]s:\d"
    rb"|#\d+ [^\s()]{1,300}\.php\(\d+\)"
    rb"|\b(?:Fatal error|Warning|Notice)</?b?>?: .{1,300} in .{1,300}\.php"
)
"""A line of a stack trace of Python, .NET, Java, Node or PHP."""
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
    """What is wrong with a response, and the one claim that it breaks.

    *unquoted* says the same where *what* quotes the response, which may repeat a credential.
    *shown* are the first bytes of an answer that is no valid message, without secrets.
    """

    what: str
    claim: str
    unquoted: str = ""
    shown: str = ""

    @property
    def safe_text(self) -> str:
        """What is wrong, without a quote of the response."""
        return self.unquoted or self.what


Verifier = Callable[[Response], Problem | None]
"""Returns the problem with a response, or None."""


class ExpectedResponse(msgspec.Struct, frozen=True):
    """A request, the statuses that are right, and the claims that it tests.

    Another status breaks the first of *claims*. But if the request must be refused and is accepted
    (2xx), that breaks *if_accepted*, where this is another claim; and *by_status* has the claims
    that single other statuses break; to refuse a request with another status breaks no evidence,
    but refusal-status. What holds of every answer, a 5xx among it, is not judged
    here. `judge` needs the rest: *needs* is the name of another case of the same check, without
    which this one shows nothing. Of the cases with the same *one_of* one must be answered as
    expected: they are ways to say the same. *may_break*: the server may also close the connection
    without an answer.
    """

    name: str
    request: Request
    statuses: tuple[int, ...]
    claims: tuple[str, ...]
    verifiers: tuple[Verifier, ...] = ()
    if_accepted: str | None = None
    by_status: Mapping[int, str] = {}
    needs: str | None = None
    one_of: str | None = None
    may_break: bool = False

    @property
    def must_be_accepted(self) -> bool:
        """Whether a 2xx is right."""
        return min(self.statuses) < 300

    def is_met(self, response: Response) -> bool:
        """Return whether *response* accepts or refuses the request as it must."""
        if self.must_be_accepted:
            return response.status in self.statuses
        return response.status >= 400

    def problems(self, response: Response) -> Iterator[Problem]:
        """Yield each difference between *response* and what is expected."""
        if response.status in self.statuses:
            yield from filter(None, (verify(response) for verify in self.verifiers))
        elif not is_server_error(response):
            statuses = " or ".join(map(str, self.statuses))
            what = f"expected {statuses}, got {response.status}"
            yield Problem(what, self._broken_claim(response.status))

    def _broken_claim(self, status: int) -> str:
        is_accepted = 200 <= status < 300
        is_refusal = status >= 400 and not self.must_be_accepted
        if status in self.by_status:
            return self.by_status[status]
        if is_accepted and 204 in self.statuses:
            return "no-content"
        if is_refusal and claims.load()[self.claims[0]].is_evidence:
            return REFUSAL_STATUS
        return (is_accepted and self.if_accepted) or self.claims[0]


Answers = Sequence[tuple[ExpectedResponse, Response]]


def judge(answers: Answers) -> Iterator[tuple[ExpectedResponse, Problem]]:
    """Yield each problem in *answers*, which are those of one check at one tenant.

    A case whose `needs` is not met, or not among *answers*, is left out. If no case with the same
    `one_of` is met, the first of them breaks media-types, and the others are left out.
    """
    met = {expected.name: expected for expected, response in answers if expected.is_met(response)}
    groups_met = {expected.one_of for expected, _ in answers if expected.name in met}
    groups_told = set[str]()
    for expected, response in answers:
        if not has_basis(expected, met):
            continue
        group = expected.one_of
        if group is None or group in groups_met:
            yield from ((expected, problem) for problem in expected.problems(response))
        elif group not in groups_told:
            groups_told.add(group)
            for problem in expected.problems(response):
                yield expected, msgspec.structs.replace(problem, claim=MEDIA_TYPES)


def has_basis(expected: ExpectedResponse, met: Mapping[str, ExpectedResponse]) -> bool:
    """Return whether the case that *expected* needs is among those *met*, and what that needs."""
    if expected.needs is None:
        return True
    return expected.needs in met and has_basis(met[expected.needs], met)


def is_server_error(response: Response) -> bool:
    """Return whether *response* breaks the claim no-server-error."""
    return response.status >= 500 and response.status not in REFUSING


# ---- what holds of every answer of a kind; `every_answer.py` applies it ----------------------


FORBIDDEN_HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "no-body": ("content-length", "transfer-encoding"),
    "no-hints": ("retry-after", "location", "set-cookie"),
    "no-banner": ("server", "strict-transport-security"),
}
"""By claim: headers that announce a body, show whether a call was turned away, or name a server."""


def check_headers(response: Response, claim: str) -> Problem | None:
    """A response that *claim* is about has none of the headers that it forbids."""
    names = (name for name in FORBIDDEN_HEADERS[claim] if name in response.header_names)
    return next((Problem(f"the answer has the header {name}", claim) for name in names), None)


def check_challenge(response: Response) -> Problem | None:
    """A 401 names the accepted schemes (claim www-authenticate)."""
    if response.header("www-authenticate"):
        return None
    return Problem("the 401 has no WWW-Authenticate", "www-authenticate")


def check_no_trace(response: Response) -> Problem | None:
    """An error shows no stack trace (claim error-no-trace)."""
    if _STACK_TRACE.search(response.body):
        return Problem("the answer shows a stack trace", "error-no-trace")
    return None


def check_not_cached(response: Response) -> Problem | None:
    """A response must not be cached (claim cache-headers)."""
    for name, value in (("cache-control", "no-cache"), ("pragma", "no-cache"), ("expires", "-1")):
        if response.header(name) != value:
            return Problem(f"the header {name} is missing or wrong", "cache-headers")
    return None


# ---- checks of single responses --------------------------------------------------------------


def check_is_xml(response: Response) -> Problem | None:
    """An error is XML, as Accept asks for it (claim error-format)."""
    if media_type(response) == "application/xml" and response.body.lstrip().startswith(b"<"):
        return None
    what = f"Accept asks for XML, the error is {response.header('content-type')}"
    return Problem(what, "error-format", UNQUOTED)


def check_description(response: Response) -> Problem | None:
    """A description has its members (claim get-shape)."""
    content = _decode_json(response)
    if not isinstance(content, dict):
        return Problem("the description is not a JSON object", "get-shape")
    missing = [name for name in _DESCRIPTION_MEMBERS if name not in content]
    return Problem(f"the description has no {missing[0]}", "get-shape") if missing else None


def allow_verifier(methods: tuple[str, ...]) -> Verifier:
    """Return the check that a 405 allows exactly *methods* (claim method-not-allowed).

    An Allow without POST, or none, is not judged here: it breaks allow-header.
    """

    def verify(response: Response) -> Problem | None:
        allowed_methods = allowed_by(response)
        if "POST" not in allowed_methods or allowed_methods == set(methods):
            return None
        what = f"Allow is {response.header('allow')!r}, expected {', '.join(methods)}"
        return Problem(what, "method-not-allowed", UNQUOTED)

    return verify


def mention_verifier(text: str) -> Verifier:
    """Return the check that the body of an error mentions *text*."""

    def verify(response: Response) -> Problem | None:
        if text.encode() in response.body:
            return None
        return Problem(f"the answer does not name {text!r}", "error-place")

    return verify


# ---- readings --------------------------------------------------------------------------------


def find_reading(expected: ExpectedResponse, response: Response) -> tuple[str, str] | None:
    """Return the reading that *response* shows and its value, or None if it shows none."""
    if response.status in (401, 403) and "restricted-status" in expected.claims:
        return "restricted", str(response.status)
    if response.status == 204 and expected.request.method == "POST":
        has_type = "content-type" in response.header_names
        return "no-content-type", "as-sampled" if has_type else "absent"
    value = find_envelope(response) if response.status >= 400 else None
    return None if value is None else ("errors", value)


def find_envelope(response: Response) -> str | None:
    """Return the value of the reading `errors` that the body of an error shows, or None."""
    content = _decode_json(response)
    if not isinstance(content, dict):
        return None
    if "Error" in content:  # the vendor's documents name the text in both ways
        content = {"Message": content.get("ErrorMessage"), **content}
    for value, members in _ENVELOPES.items():
        if all(isinstance(content.get(name), type_) for name, type_ in members.items()):
            return value
    return None


def allowed_by(response: Response) -> set[str]:
    """Return the methods that *response* lists in Allow."""
    methods = ",".join(response.values("allow")).split(",")
    return {method.strip() for method in methods} - {""}


def media_type(response: Response) -> str:
    """Return the media type of the body, in lower case and without parameters."""
    return (response.header("content-type") or "").partition(";")[0].strip().lower()


def _decode_json(response: Response) -> Any:  # noqa: ANN401 - JSON
    if media_type(response) != _JSON:
        return None
    try:
        return msgspec.json.decode(response.body)
    except msgspec.DecodeError:
        return None
