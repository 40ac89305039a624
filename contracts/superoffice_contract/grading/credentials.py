"""Checks the credentials in a request against what its installation accepts."""

from collections.abc import Callable, Iterator
from typing import Final

from superoffice_contract.grading.calls import Assessment, Violation
from superoffice_contract.har import decode_base64
from superoffice_contract.messages import SESSION_COOKIE, is_blanked

CHECK: Final = "credentials"

GetHeaderValues = Callable[[str], tuple[str, ...]]
"""Returns all values of a header, by its name in lower case."""
_REJECTED: Final = {
    ("basic", True): (
        "Basic is not accepted Online; send SOTicket with SO-AppToken, or Bearer",
        *("basic-onsite-only", "schemes-by-installation"),
    ),
    ("bearer", False): (
        "Bearer is not accepted onsite; send Basic or SOTicket",
        *("bearer-online-only", "schemes-by-installation"),
    ),
}
"""By scheme, and whether the installation is Online: what is wrong, and the claims."""


def are_taken_out(headers: GetHeaderValues, status: int) -> bool:
    """Return whether a tool took the credentials out: a call that was accepted had some."""
    return _are_missing(headers) and 200 <= status < 300


def _are_missing(headers: GetHeaderValues) -> bool:
    return not headers("authorization") and _session_cookie(headers) is None


def assess_credentials(
    headers: GetHeaderValues, *, online: bool, are_recorded: bool = True
) -> Assessment:
    """Return the violations in the credentials.

    If a mark stands in their place, or they are missing in a file whose credentials are not
    recorded, they can't be checked.
    """
    authorizations = headers("authorization")
    if len(authorizations) > 1:
        what = f"Authorization is sent {len(authorizations)} times; send it once"
        return Assessment((_violation(what, "authorization-twice"),))
    cookie, tokens = _session_cookie(headers), headers("x-xsrf-token")
    is_unknown = not are_recorded and _are_missing(headers)
    if is_unknown or any(map(is_blanked, authorizations or (*headers("cookie"), *tokens))):
        return Assessment(unchecked=frozenset({CHECK}))
    if authorizations:
        return Assessment(tuple(_check_authorization(authorizations[0], headers, online=online)))
    return Assessment(tuple(_check_session(cookie, tokens)))


def _violation(what: str, *claims: str) -> Violation:
    return Violation(CHECK, what, claims)


def _check_authorization(
    authorization: str, headers: GetHeaderValues, *, online: bool
) -> Iterator[Violation]:
    scheme, _, value = authorization.partition(" ")
    scheme, value = scheme.lower(), value.strip()
    if rejection := _REJECTED.get((scheme, online)):
        yield _violation(*rejection)
    elif scheme == "basic":
        if b":" not in (decode_base64(value) or b""):
            what = "the value after Basic is not base64 of user:password; send that"
            yield _violation(what, "credentials-malformed", "basic-onsite")
    elif scheme in ("soticket", "bearer"):
        if not value:
            what = "Authorization has a scheme but no value; send the ticket or token after it"
            yield _violation(what, "credentials-malformed")
        if online and scheme == "soticket" and not any(headers("so-apptoken")):
            what = (
                "a ticket is sent Online without SO-AppToken; send your app's token in that header"
            )
            yield _violation(what, "ticket-online", "app-token", "app-token-online")
    else:
        offer = "SOTicket or Bearer" if online else "Basic or SOTicket"
        # The message does not repeat the scheme: without a scheme it is the secret itself.
        problem = "has an unknown scheme" if scheme else "is empty"
        what = f"Authorization {problem}; send {offer}"
        yield _violation(what, "credentials-malformed", "authorization-decides")


def _session_cookie(headers: GetHeaderValues) -> str | None:
    pairs = (pair.strip().partition("=") for line in headers("cookie") for pair in line.split(";"))
    return next((value for name, _, value in pairs if name == SESSION_COOKIE), None)


def _check_session(cookie: str | None, tokens: tuple[str, ...]) -> Iterator[Violation]:
    if cookie is None and not tokens:
        what = "there are no credentials; send Authorization, or a session with X-XSRF-TOKEN"
        yield _violation(what, "unauthorized", "xsrf-header")
    elif cookie is None:
        what = f"X-XSRF-TOKEN is sent without the cookie {SESSION_COOKIE}; send both"
        yield _violation(what, "xsrf-half", "xsrf-session")
    elif len(tokens) != 1 or not tokens[0]:
        what = "a session is sent without its one XSRF value; send that in X-XSRF-TOKEN"
        yield _violation(what, "xsrf-header", "xsrf-half")
