"""How long credentials last: when each ends, and what using one does to that.

Without lifetimes there is nothing to look at: nothing has an end until somebody gives it one.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from superoffice_mock.core.credentials import (
    AUTHORIZATION,
    AccessToken,
    KnownCredentials,
    Presented,
    Session,
    SessionPair,
    Ticket,
    denied,
)
from superoffice_mock.core.sync_run import SECOND, Duration, Instant


class Kind(StrEnum):
    """What can expire; a user with a password can't (claim credentials-expire)."""

    TICKET = "ticket"
    TOKEN = "access token"
    SESSION = "session"


class Credential(msgspec.Struct, frozen=True):
    """One ticket, access token or session."""

    kind: Kind
    value: str

    def __repr__(self) -> str:
        return f"Credential({self.kind}, …)"


Ends = Mapping[Credential, Instant]
"""The moment at which a credential lets nobody in any more; one that is not here has none."""


class Lifetimes(msgspec.Struct, frozen=True):
    """How long each kind lasts; None: for ever."""

    ticket: Duration | None = None
    token: Duration | None = None
    session: Duration | None = None

    def of(self, kind: Kind) -> Duration | None:
        """Return how long one of *kind* lasts."""
        lasting: Duration | None = getattr(self, kind.name.lower())
        return lasting


FOREVER: Final = Lifetimes()
NO_END: Final[Ends] = {}
SLIDING: Final = frozenset({Kind.TICKET, Kind.SESSION})  # claims ticket-sliding, token-fixed
"""The kinds to which every use gives their whole life again."""
_WHERE: Final = {Kind.TICKET: AUTHORIZATION, Kind.TOKEN: AUTHORIZATION, Kind.SESSION: "Cookie"}


def credentials(known: KnownCredentials, sessions: Mapping[str, Session]) -> Iterator[Credential]:
    """Yield everything of a tenant that can expire."""
    for ticket in known.tickets:
        yield Credential(Kind.TICKET, ticket)
    for token in known.tokens:
        yield Credential(Kind.TOKEN, token)
    for session in sessions:
        yield Credential(Kind.SESSION, session)


def presented_as(presented: Presented) -> Credential | None:
    """Return what of *presented* can expire, if anything can."""
    match presented:
        case Ticket(value):
            return Credential(Kind.TICKET, value)
        case AccessToken(value):
            return Credential(Kind.TOKEN, value)
        case SessionPair(session):
            return Credential(Kind.SESSION, session)
        case _:
            return None


def first_ends(
    lifetimes: Lifetimes, known: KnownCredentials, sessions: Mapping[str, Session], now: Instant
) -> Ends:
    """Return when everything ends that begins its life at *now*."""
    if lifetimes == FOREVER:
        return NO_END
    return {
        one: Instant(now + lasting)
        for one in credentials(known, sessions)
        if (lasting := lifetimes.of(one.kind)) is not None
    }


def used(lifetimes: Lifetimes, ends: Ends, one: Credential, now: Instant) -> Ends:
    """Return the ends after *one* was used at *now*. Raise Rejected (401) if it has ended."""
    end = ends.get(one)
    if end is None:
        return ends
    if end <= now:
        ago = (now - end) / SECOND
        raise denied(_WHERE[one.kind], f"the {one.kind} expired {ago:.1f} s ago")
    lasting = lifetimes.of(one.kind)
    if one.kind not in SLIDING or lasting is None:
        return ends
    return {**ends, one: Instant(now + lasting)}


def expired(ends: Ends, now: Instant, *those: Credential) -> Ends:
    """Return the ends after *those* were made to end at *now*; one that has ended, ended then."""
    return {**ends, **{one: min(now, ends.get(one, now)) for one in those}}
