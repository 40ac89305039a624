"""Identifies a client: compares the credentials of a request with those that a tenant knows.

Each kind of credentials has its own rule in `_IDENTIFY`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Final

import msgspec

from superoffice_mock.core.sync_run import Installation
from superoffice_mock.errors import Rejected

AUTHORIZATION: Final = "Authorization"
APP_TOKEN: Final = "SO-AppToken"
XSRF_TOKEN: Final = "X-XSRF-TOKEN"

SCHEMES: Final[Mapping[Installation, tuple[str, ...]]] = {
    Installation.ONSITE: ("Basic", "SOTicket"),  # claim bearer-online-only
    Installation.ONLINE: ("SOTicket", "Bearer"),  # claim basic-onsite-only
}
"""The schemes in `WWW-Authenticate`, by installation."""
DENIED: Final = "Authorization has been denied for this request."
"""The only message to a client without valid credentials; the reason is in the journal."""

EMAIL_AGENT: Final = "EMail"
"""The only restricted agent with a setting: all apps have the others (claim online-restricted)."""
MAX_USERS_IN_REASON: Final = 5
PRINCIPAL_CACHE_SIZE: Final = 256
_TENANT_IN_TOKEN: Final = re.compile(r"[78]A:(cust[0-9]{1,9})[.:]", re.IGNORECASE)


class SecretValue(msgspec.Struct, frozen=True):
    """A value that holds secrets; its `repr` shows none of them."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


# ---- the credentials of a request ------------------------------------------------------------


class BasicCredentials(SecretValue, frozen=True):
    """`Authorization: Basic`, decoded."""

    user: str
    password: str


class Ticket(SecretValue, frozen=True):
    """`Authorization: SOTicket`, with the app token from `SO-AppToken`, if any."""

    value: str
    app_token: str | None


class AccessToken(SecretValue, frozen=True):
    """`Authorization: Bearer`."""

    value: str


class SessionCredentials(SecretValue, frozen=True):
    """The session cookie and the XSRF header, which must belong together."""

    session: str
    xsrf: str


class UnusableCredentials(msgspec.Struct, frozen=True):
    """Credentials that can't be looked up: the header and the reason."""

    where: str
    reason: str


PresentedCredentials = (
    BasicCredentials | Ticket | AccessToken | SessionCredentials | UnusableCredentials
)

# ---- the credentials that a tenant knows -----------------------------------------------------


class App(SecretValue, frozen=True):
    """A partner's app; *email_agent*: whether the tenant granted it the EMail agent.

    *token* is its secret, which signs it in together with *client_id*. *system_user_token* is its
    name for the tenant, and *public_key*, as PEM, is that of the key which it signs this name with.
    """

    name: str
    token: str
    email_agent: bool = True
    client_id: str = ""
    system_user_token: str | None = None
    public_key: str | None = None


class Session(SecretValue, frozen=True):
    """A web session and its XSRF value."""

    id: str
    xsrf: str
    user: str


class KnownCredentials(SecretValue, frozen=True):
    """The credentials that a tenant accepts, except sessions.

    *users* maps names to passwords; *apps*, *tokens* and *refresh_tokens* map app tokens, access
    tokens and refresh tokens to apps.
    """

    users: Mapping[str, str] = msgspec.field(default_factory=dict)
    tickets: frozenset[str] = frozenset()
    apps: Mapping[str, App] = msgspec.field(default_factory=dict)
    tokens: Mapping[str, App] = msgspec.field(default_factory=dict)
    refresh_tokens: Mapping[str, App] = msgspec.field(default_factory=dict)


class Principal(msgspec.Struct, frozen=True, gc=False):
    """The identified client: a user, an app, or neither (an onsite ticket)."""

    scheme: str
    user: str | None = None
    app: App | None = None


_ONLINE: Final = Installation.ONLINE  # to look up a member of an enum takes longer
_shared_principal = lru_cache(maxsize=PRINCIPAL_CACHE_SIZE)(Principal)
"""Few clients send many requests, so their exchanges share one value."""

# ---- the rules -------------------------------------------------------------------------------


def identify(
    credentials: PresentedCredentials,
    known_credentials: KnownCredentials,
    sessions: Mapping[str, Session],
    installation: Installation,
) -> Principal:
    """Return the principal of *credentials*; *sessions* are the open ones, by id.

    Raise Rejected (401) with a reason for the journal.
    """
    if type(credentials) is SessionCredentials:
        return _identify_session(credentials, sessions)
    return _IDENTIFY[type(credentials)](credentials, known_credentials, installation)


def check_grant(principal: Principal, agent: str | None, status: int) -> None:
    """Raise Rejected with *status* if the client's app was not granted the restricted *agent*.

    A web session, a user and an onsite ticket have no app and are always accepted.
    """
    app = principal.app
    if app is not None and agent == EMAIL_AGENT and not app.email_agent:
        reason = f"app {app.name!r} was not granted the {agent} agent in this tenant"
        raise Rejected(status, f"{agent} agent", reason, message=DENIED)


def unauthorized_error(where: str, reason: str) -> Rejected:
    """Return the 401 whose *reason* goes to the journal and not to the client."""
    return Rejected(401, where, reason, message=DENIED)


def _identify_basic(
    credentials: BasicCredentials, known_credentials: KnownCredentials, installation: Installation
) -> Principal:
    if installation is _ONLINE:
        raise unauthorized_error(
            AUTHORIZATION, "Basic is not accepted Online; send SOTicket or Bearer"
        )
    password = known_credentials.users.get(credentials.user)
    if password is None:
        raise unauthorized_error(
            AUTHORIZATION, f"Basic: unknown user; {_list_users(known_credentials.users)}"
        )
    if password != credentials.password:
        raise unauthorized_error(
            AUTHORIZATION, f"Basic: wrong password for user {credentials.user!r}"
        )
    return _shared_principal("Basic", credentials.user)


def _identify_ticket(
    ticket: Ticket, known_credentials: KnownCredentials, installation: Installation
) -> Principal:
    if ticket.value not in known_credentials.tickets:
        raise unauthorized_error(AUTHORIZATION, "SOTicket: unknown ticket")
    if installation is Installation.ONSITE:
        return _shared_principal("SOTicket")
    if ticket.app_token is None:
        raise unauthorized_error(
            APP_TOKEN, "missing; a ticket needs the token of a known app Online"
        )
    app = known_credentials.apps.get(ticket.app_token)
    if app is None:
        raise unauthorized_error(APP_TOKEN, "unknown app token")
    return _shared_principal("SOTicket", None, app)


def _identify_token(
    token: AccessToken, known_credentials: KnownCredentials, installation: Installation
) -> Principal:
    if installation is Installation.ONSITE:
        raise unauthorized_error(
            AUTHORIZATION, "Bearer is not accepted onsite; send Basic or SOTicket"
        )
    app = known_credentials.tokens.get(token.value)
    if app is None:
        hint = _tenant_hint(token.value)
        raise unauthorized_error(AUTHORIZATION, f"Bearer: unknown access token{hint}")
    return _shared_principal("Bearer", None, app)


def _identify_session(
    credentials: SessionCredentials, sessions: Mapping[str, Session]
) -> Principal:
    session = sessions.get(credentials.session)
    if session is None:
        raise unauthorized_error("Cookie", "ASP.NET_SessionId names no open session")
    if session.xsrf != credentials.xsrf:
        raise unauthorized_error(
            XSRF_TOKEN, "differs from the XSRF value of the session in the cookie"
        )
    return _shared_principal("session", session.user)


def _reject_unusable(
    credentials: UnusableCredentials, _: KnownCredentials, __: Installation
) -> Principal:
    raise unauthorized_error(credentials.where, credentials.reason)


def _list_users(users: Iterable[str]) -> str:
    """Name some of *users*, and not the unknown one: it may be a password in the wrong place."""
    names = ", ".join(repr(user) for user in islice(users, MAX_USERS_IN_REASON))
    return f"known here: {names}" if names else "none is known here"


def _tenant_hint(token: str) -> str:
    """Name the tenant of *token* if its prefix contains one: 8A:Cust12345."""
    match = _TENANT_IN_TOKEN.match(token)
    return f"; by its beginning it is of tenant {match[1]!r}" if match else ""


_IDENTIFY: Final[Mapping[type, Callable[..., Principal]]] = {
    BasicCredentials: _identify_basic,
    Ticket: _identify_ticket,
    AccessToken: _identify_token,
    UnusableCredentials: _reject_unusable,
}
