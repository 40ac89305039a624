"""Who the caller is: what was presented, held against what a tenant knows.

Each kind of credential has its own rule in `_IDENTIFY`; the rules look up and compare.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Final

import msgspec

from superoffice_mock.core.sync_run import Installation
from superoffice_mock.errors import Rejected


class Sealed(msgspec.Struct, frozen=True):
    """A value that holds secrets: printing it shows none of them."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


# ---- what a caller presents ------------------------------------------------------------------


class BasicPair(Sealed, frozen=True):
    """`Authorization: Basic`, decoded."""

    user: str
    password: str


class Ticket(Sealed, frozen=True):
    """`Authorization: SOTicket`, with the app token beside it, if any."""

    value: str
    app_token: str | None


class AccessToken(Sealed, frozen=True):
    """`Authorization: Bearer`."""

    value: str


class SessionPair(Sealed, frozen=True):
    """The session cookie and the XSRF header that must belong together."""

    session: str
    xsrf: str


class Unusable(msgspec.Struct, frozen=True):
    """Nothing that could be looked up; *why*, and in which header."""

    where: str
    why: str


Presented = BasicPair | Ticket | AccessToken | SessionPair | Unusable

# ---- what a tenant knows ---------------------------------------------------------------------


class App(Sealed, frozen=True):
    """A partner's app as a tenant knows it; *email_agent*: it was granted the EMail agent."""

    name: str
    token: str
    email_agent: bool = True


class Session(Sealed, frozen=True):
    """A web session and the XSRF value that its pages carry."""

    id: str
    xsrf: str
    user: str


class KnownCredentials(Sealed, frozen=True):
    """Everything that lets a caller in, by the secret that is presented."""

    users: Mapping[str, str] = msgspec.field(default_factory=dict)
    tickets: frozenset[str] = frozenset()
    apps: Mapping[str, App] = msgspec.field(default_factory=dict)
    tokens: Mapping[str, App] = msgspec.field(default_factory=dict)


class Principal(msgspec.Struct, frozen=True, gc=False):
    """Who the credentials made the caller: a user, an app, both or neither known by name."""

    scheme: str
    user: str | None = None
    app: App | None = None


REMEMBERED: Final = 256
"""So many different principals are remembered."""
_principal = lru_cache(maxsize=REMEMBERED)(Principal)
"""Callers are few and call often: their exchanges share one value."""

# ---- the rules -------------------------------------------------------------------------------

AUTHORIZATION: Final = "Authorization"
APP_TOKEN: Final = "SO-AppToken"
XSRF_TOKEN: Final = "X-XSRF-TOKEN"

SCHEMES: Final[Mapping[Installation, tuple[str, ...]]] = {
    Installation.ONSITE: ("Basic", "SOTicket"),  # claim bearer-online-only
    Installation.ONLINE: ("SOTicket", "Bearer"),  # claim basic-onsite-only
}
"""What `WWW-Authenticate` names, by installation."""

MAX_NAMED: Final = 5
"""Users that a reason names."""
_TENANT: Final = re.compile(r"[78]A:(cust[0-9]{1,9})[.:]", re.IGNORECASE)

DENIED: Final = "Authorization has been denied for this request."
"""All that a caller without good credentials is told; the reason is in the journal."""


def identify(
    presented: Presented,
    known: KnownCredentials,
    sessions: Mapping[str, Session],
    where: Installation,
) -> Principal:
    """Return who presented this; *sessions* are the open ones, by id.

    Raise Rejected (401) whose reason says, for the journal, what was wrong.
    """
    if type(presented) is SessionPair:
        return _session(presented, sessions)
    return _IDENTIFY[type(presented)](presented, known, where)


def granted(principal: Principal, status: int) -> None:
    """Raise Rejected with *status* if the caller's app was not granted the EMail agent.

    A web session, a user and an onsite ticket have no app and are let in.
    """
    app = principal.app
    if app is not None and not app.email_agent:
        reason = f"app {app.name!r} was not granted the EMail agent in this tenant"
        raise Rejected(status, "EMail agent", reason, told=DENIED)


def denied(where: str, reason: str) -> Rejected:
    """Return the 401 that tells the caller nothing and the journal everything."""
    return Rejected(401, where, reason, told=DENIED)


def _basic(presented: BasicPair, known: KnownCredentials, where: Installation) -> Principal:
    if where is Installation.ONLINE:
        raise denied(AUTHORIZATION, "Basic is not accepted Online; send SOTicket or Bearer")
    password = known.users.get(presented.user)
    if password is None:
        raise denied(AUTHORIZATION, f"Basic: unknown user; {_known_users(known.users)}")
    if password != presented.password:
        raise denied(AUTHORIZATION, f"Basic: wrong password for user {presented.user!r}")
    return _principal("Basic", presented.user)


def _ticket(presented: Ticket, known: KnownCredentials, where: Installation) -> Principal:
    if presented.value not in known.tickets:
        raise denied(AUTHORIZATION, "SOTicket: unknown ticket")
    if where is Installation.ONSITE:
        return _principal("SOTicket")
    if presented.app_token is None:
        raise denied(APP_TOKEN, "missing; a ticket needs the token of a known app Online")
    app = known.apps.get(presented.app_token)
    if app is None:
        raise denied(APP_TOKEN, "unknown app token")
    return _principal("SOTicket", None, app)


def _token(presented: AccessToken, known: KnownCredentials, where: Installation) -> Principal:
    if where is Installation.ONSITE:
        raise denied(AUTHORIZATION, "Bearer is not accepted onsite; send Basic or SOTicket")
    app = known.tokens.get(presented.value)
    if app is None:
        raise denied(AUTHORIZATION, f"Bearer: unknown access token{_owner(presented.value)}")
    return _principal("Bearer", None, app)


def _session(presented: SessionPair, sessions: Mapping[str, Session]) -> Principal:
    session = sessions.get(presented.session)
    if session is None:
        raise denied("Cookie", "ASP.NET_SessionId names no open session")
    if session.xsrf != presented.xsrf:
        raise denied(XSRF_TOKEN, "differs from the XSRF value of the session in the cookie")
    return _principal("session", session.user)


def _known_users(users: Iterable[str]) -> str:
    """Name some of *users*; what was sent instead may be a password typed in the wrong place."""
    some = ", ".join(repr(user) for user in islice(users, MAX_NAMED))
    return f"known here: {some}" if some else "none is known here"


def _owner(token: str) -> str:
    """Say of which tenant *token* is, if it begins as access tokens do: 8A:Cust12345."""
    named = _TENANT.match(token)
    return f"; by its beginning it is of tenant {named[1]!r}" if named else ""


def _unusable(presented: Unusable, _: KnownCredentials, __: Installation) -> Principal:
    raise denied(presented.where, presented.why)


_IDENTIFY: Final[Mapping[type, Callable[..., Principal]]] = {
    BasicPair: _basic,
    Ticket: _ticket,
    AccessToken: _token,
    Unusable: _unusable,
}
