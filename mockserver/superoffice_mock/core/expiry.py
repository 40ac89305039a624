"""When credentials expire, and how a use prolongs them.

Without lifetimes, no credential expires until a control call says so.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from superoffice_mock.core.credentials import (
    AUTHORIZATION,
    AccessToken,
    KnownCredentials,
    PresentedCredentials,
    Session,
    SessionCredentials,
    Ticket,
    unauthorized_error,
)
from superoffice_mock.core.sync_run import SECOND, Duration, Instant


class CredentialKind(StrEnum):
    """The kinds that can expire; a user with a password can't (claim credentials-expire)."""

    TICKET = "ticket"
    TOKEN = "access token"
    SESSION = "session"

    @property
    def plural(self) -> str:
        """Its name in JSON."""
        return f"{self.name.lower()}s"


class ExpiringCredential(msgspec.Struct, frozen=True):
    """One ticket, access token or session."""

    kind: CredentialKind
    value: str

    def __repr__(self) -> str:
        return f"ExpiringCredential({self.kind}, …)"


ExpiryTimes = Mapping[ExpiringCredential, Instant]
"""The moment from which a credential is rejected; one that is not in it never expires."""


class Lifetimes(msgspec.Struct, frozen=True):
    """How long each kind of credential lasts; None: for ever."""

    ticket: Duration | None = None
    token: Duration | None = None
    session: Duration | None = None

    def of(self, kind: CredentialKind) -> Duration | None:
        """Return how long a credential of *kind* lasts."""
        lifetime: Duration | None = getattr(self, kind.name.lower())
        return lifetime


FOREVER: Final = Lifetimes()
SLIDING: Final = frozenset(  # claims ticket-sliding, token-fixed
    {CredentialKind.TICKET, CredentialKind.SESSION}
)
"""The kinds whose lifetime starts again at every use."""
_HEADER: Final = {
    CredentialKind.TICKET: AUTHORIZATION,
    CredentialKind.TOKEN: AUTHORIZATION,
    CredentialKind.SESSION: "Cookie",
}


def known_expiring_credentials(
    known_credentials: KnownCredentials, sessions: Mapping[str, Session]
) -> Iterator[ExpiringCredential]:
    """Yield all credentials of a tenant that can expire."""
    for ticket in known_credentials.tickets:
        yield ExpiringCredential(CredentialKind.TICKET, ticket)
    for token in known_credentials.tokens:
        yield ExpiringCredential(CredentialKind.TOKEN, token)
    for session in sessions:
        yield ExpiringCredential(CredentialKind.SESSION, session)


def expiring_credential(credentials: PresentedCredentials) -> ExpiringCredential | None:
    """Return the part of *credentials* that can expire, or None."""
    match credentials:
        case Ticket(value):
            return ExpiringCredential(CredentialKind.TICKET, value)
        case AccessToken(value):
            return ExpiringCredential(CredentialKind.TOKEN, value)
        case SessionCredentials(session):
            return ExpiringCredential(CredentialKind.SESSION, session)
        case _:
            return None


def initial_expiry_times(
    lifetimes: Lifetimes,
    known_credentials: KnownCredentials,
    sessions: Mapping[str, Session],
    now: Instant,
) -> ExpiryTimes:
    """Return when each credential expires if it is issued at *now*."""
    return {
        credential: Instant(now + lifetime)
        for credential in known_expiring_credentials(known_credentials, sessions)
        if (lifetime := lifetimes.of(credential.kind)) is not None
    }


def record_use(
    lifetimes: Lifetimes, expiry_times: ExpiryTimes, credential: ExpiringCredential, now: Instant
) -> ExpiryTimes:
    """Return the expiry times after a use of *credential* at *now*.

    Raise Rejected (401) if it has expired.
    """
    expires_at = expiry_times.get(credential)
    if expires_at is None:
        return expiry_times
    kind = credential.kind
    if expires_at <= now:
        ago = (now - expires_at) / SECOND
        raise unauthorized_error(_HEADER[kind], f"the {kind} expired {ago:.1f} s ago")
    lifetime = lifetimes.of(kind)
    if kind not in SLIDING or lifetime is None:
        return expiry_times
    return {**expiry_times, credential: Instant(now + lifetime)}


def expire(
    expiry_times: ExpiryTimes, now: Instant, *credentials: ExpiringCredential
) -> ExpiryTimes:
    """Return the expiry times after *credentials* expire at *now*; earlier expiry times stay."""
    changes = {
        credential: min(now, expiry_times.get(credential, now)) for credential in credentials
    }
    return {**expiry_times, **changes}
