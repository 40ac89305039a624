"""Checks the credentials in a request against what its installation accepts."""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from superoffice_contract.grading.calls import Assessment, Violation
from superoffice_contract.messages import REDACTION_MARK, SESSION_COOKIE

CHECK: Final = "credentials"

GetHeaderValues = Callable[[str], tuple[str, ...]]
"""Returns all values of a header, by its name in lower case."""
Rule = Callable[[str, GetHeaderValues], Iterator[Violation]]
"""Checks the value after the scheme."""


def assess_credentials(headers: GetHeaderValues, status: int, *, online: bool) -> Assessment:
    """Return the violations in the credentials.

    A call that was accepted had credentials. If they are missing, the recorder left them out and
    they can't be checked.
    """
    authorizations = headers("authorization")
    if len(authorizations) > 1:
        what = f"Authorization is sent {len(authorizations)} times; send it once"
        return Assessment((_violation(what, "authorization-twice"),))
    if authorizations:
        return _assess_authorization(authorizations[0], headers, online=online)
    cookie, tokens = _session_cookie(headers), headers("x-xsrf-token")
    if 200 <= status < 300 and cookie is None:
        return Assessment(unchecked=frozenset({CHECK}))
    return Assessment(tuple(_check_session(cookie, tokens)))


def _violation(what: str, *claims: str) -> Violation:
    return Violation(CHECK, what, claims)


def _assess_authorization(value: str, headers: GetHeaderValues, *, online: bool) -> Assessment:
    if value and REDACTION_MARK.fullmatch(value):
        return Assessment(unchecked=frozenset({CHECK}))
    scheme, _, rest = value.partition(" ")
    rule = (_ONLINE_RULES if online else _ONSITE_RULES).get(scheme.lower())
    if rule is None:
        offer = "SOTicket or Bearer" if online else "Basic or SOTicket"
        # The message does not repeat the scheme: without a scheme it is the secret itself.
        what = f"Authorization {'has an unknown scheme' if value else 'is empty'}; send {offer}"
        return Assessment((_violation(what, "credentials-malformed", "authorization-decides"),))
    return Assessment(tuple(rule(rest.strip(), headers)))


# ---- rules -----------------------------------------------------------------------------------


def _check_basic(value: str, _: GetHeaderValues) -> Iterator[Violation]:
    if REDACTION_MARK.fullmatch(value):
        return
    try:
        is_valid = b":" in base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        is_valid = False
    if not is_valid:
        what = "the value after Basic is not base64 of user:password; send that"
        yield _violation(what, "credentials-malformed", "basic-onsite")


def _check_value_present(value: str, _: GetHeaderValues) -> Iterator[Violation]:
    if not value:
        what = "Authorization has a scheme but no value; send the ticket or token after it"
        yield _violation(what, "credentials-malformed")


def _check_ticket_online(value: str, headers: GetHeaderValues) -> Iterator[Violation]:
    yield from _check_value_present(value, headers)
    if not any(headers("so-apptoken")):
        what = "a ticket is sent Online without SO-AppToken; send your app's token in that header"
        yield _violation(what, "ticket-online", "app-token", "app-token-online")


def _reject_basic_online(_: str, __: GetHeaderValues) -> Iterator[Violation]:
    what = "Basic is not accepted Online; send SOTicket with SO-AppToken, or Bearer"
    yield _violation(what, "basic-onsite-only", "schemes-by-installation")


def _reject_bearer_onsite(_: str, __: GetHeaderValues) -> Iterator[Violation]:
    what = "Bearer is not accepted onsite; send Basic or SOTicket"
    yield _violation(what, "bearer-online-only", "schemes-by-installation")


_ONSITE_RULES: Final[Mapping[str, Rule]] = {
    "basic": _check_basic,
    "soticket": _check_value_present,
    "bearer": _reject_bearer_onsite,
}
_ONLINE_RULES: Final[Mapping[str, Rule]] = {
    "basic": _reject_basic_online,
    "soticket": _check_ticket_online,
    "bearer": _check_value_present,
}


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
