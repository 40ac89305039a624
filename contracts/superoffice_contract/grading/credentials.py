"""Credentials as a request presents them, held against what its installation accepts."""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from superoffice_contract.grading.calls import Judged, Mistake
from superoffice_contract.messages import REDACTED, SESSION_COOKIE

CHECK: Final = "credentials"


Presents = Callable[[str], tuple[str, ...]]
"""Every value of a header, by its lower-case name."""


def judged(headers: Presents, status: int, *, online: bool) -> Judged:
    """Return what is wrong with the credentials; a recorder may have left them out.

    A call that was let in had some, so those that are missing then were not recorded.
    """
    authorizations = headers("authorization")
    if len(authorizations) > 1:
        what = f"Authorization is sent {len(authorizations)} times; send it once"
        return Judged((_mistake(what, "authorization-twice"),))
    if authorizations:
        return _authorization(authorizations[0], headers, online=online)
    cookie, token = _session_cookie(headers), headers("x-xsrf-token")
    if 200 <= status < 300 and cookie is None:
        return Judged(unjudged=frozenset({CHECK}))
    return Judged(tuple(_session(cookie, token)))


def _mistake(what: str, *claims: str) -> Mistake:
    return Mistake(CHECK, what, claims)


def _authorization(value: str, headers: Presents, *, online: bool) -> Judged:
    if value and REDACTED.fullmatch(value):
        return Judged(unjudged=frozenset({CHECK}))
    scheme, _, rest = value.partition(" ")
    rule = _RULES[online].get(scheme.lower())
    if rule is None:
        offer = "SOTicket or Bearer" if online else "Basic or SOTicket"
        # The scheme is not repeated: where there is none, it is the secret.
        what = f"Authorization {'has an unknown scheme' if value else 'is empty'}; send {offer}"
        return Judged((_mistake(what, "credentials-malformed", "authorization-decides"),))
    return Judged(tuple(rule(rest.strip(), headers)))


# ---- the rules, by installation and scheme ---------------------------------------------------

Rule = Callable[[str, Presents], Iterator[Mistake]]


def _basic(value: str, _: Presents) -> Iterator[Mistake]:
    if REDACTED.fullmatch(value):
        return
    try:
        colon = b":" in base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        colon = False
    if not colon:
        what = "the value after Basic is not base64 of user:password; send that"
        yield _mistake(what, "credentials-malformed", "basic-onsite")


def _some(value: str, _: Presents) -> Iterator[Mistake]:
    if not value:
        what = "Authorization has a scheme and no value; send the ticket or token after it"
        yield _mistake(what, "credentials-malformed")


def _ticket_online(value: str, headers: Presents) -> Iterator[Mistake]:
    yield from _some(value, headers)
    if not any(headers("so-apptoken")):
        what = "a ticket is sent Online without SO-AppToken; send your app's token in it"
        yield _mistake(what, "ticket-online", "app-token", "app-token-online")


def _basic_online(_: str, __: Presents) -> Iterator[Mistake]:
    what = "Basic is not accepted Online; send SOTicket with SO-AppToken, or Bearer"
    yield _mistake(what, "basic-onsite-only", "schemes-by-installation")


def _bearer_onsite(_: str, __: Presents) -> Iterator[Mistake]:
    what = "Bearer is not accepted onsite; send Basic or SOTicket"
    yield _mistake(what, "bearer-online-only", "schemes-by-installation")


_RULES: Final[Mapping[bool, Mapping[str, Rule]]] = {
    False: {"basic": _basic, "soticket": _some, "bearer": _bearer_onsite},
    True: {"basic": _basic_online, "soticket": _ticket_online, "bearer": _some},
}
"""By whether the installation is Online."""


def _session_cookie(headers: Presents) -> str | None:
    pairs = (pair.strip().partition("=") for line in headers("cookie") for pair in line.split(";"))
    return next((value for name, _, value in pairs if name == SESSION_COOKIE), None)


def _session(cookie: str | None, tokens: tuple[str, ...]) -> Iterator[Mistake]:
    if cookie is None and not tokens:
        what = "there are no credentials; send Authorization, or a session with X-XSRF-TOKEN"
        yield _mistake(what, "unauthorized", "xsrf-header")
    elif cookie is None:
        what = f"X-XSRF-TOKEN is sent without the cookie {SESSION_COOKIE}; send both"
        yield _mistake(what, "xsrf-half", "xsrf-session")
    elif len(tokens) != 1 or not tokens[0]:
        what = "a session is sent without its one XSRF value; send that in X-XSRF-TOKEN"
        yield _mistake(what, "xsrf-header", "xsrf-half")
