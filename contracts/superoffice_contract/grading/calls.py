"""Calls: what a client sent and what became of it, the same from a HAR and from a journal."""

import re
from collections.abc import Iterable
from enum import IntEnum
from typing import Final

import msgspec

from superoffice_contract.messages import quote_name, shorten
from superoffice_contract.openapi import operations
from superoffice_contract.openapi.operations import Operation

NO_CALLS: Final = ("GET", "HEAD", "OPTIONS")
"""Verbs that are documented and start nothing."""


_CUSTOMER: Final = re.compile(r"cust[0-9]+", re.IGNORECASE)


class Confidence(IntEnum):
    """How sure it is that a call was turned away."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CERTAIN = 4


class Mistake(msgspec.Struct, frozen=True):
    """One way in which a request breaks the contract: which check, what, what to do instead."""

    check: str
    what: str
    claims: tuple[str, ...]


class Judged(msgspec.Struct, frozen=True):
    """What a request comes to: its mistakes, and the checks that have nothing to go by."""

    mistakes: tuple[Mistake, ...] = ()
    unjudged: frozenset[str] = frozenset()


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request to the documented path.

    *at* is seconds since 1970; *elapsed* until the caller had an answer or left, *latency* what of
    it was the server's; None where nobody knows. *accounts* are those asked for, *synced* those
    that a run started by this call covers.
    """

    id: str
    time: str
    tenant: str
    method: str
    path: str
    at: float | None
    elapsed: float | None
    status: int | None
    gave_up: bool | None
    latency: float | None = None
    accounts: tuple[int, ...] = ()
    synced: tuple[int, ...] = ()
    turned_away: Confidence | None = None
    judged: Judged = Judged()

    @property
    def where(self) -> str:
        """Name the request in a finding."""
        return " ".join(
            filter(None, (self.id, self.time, shorten(self.method), shorten(self.path)))
        )

    @property
    def refused(self) -> bool:
        """Tell whether the answer was a 4xx."""
        return self.status is not None and 400 <= self.status < 500


class Address(msgspec.Struct, frozen=True):
    """Where a path leads: to which tenant of which installation, and what is odd about it."""

    tenant: str
    online: bool
    mistakes: tuple[Mistake, ...] = ()


def operation() -> Operation:
    """Return the documented call."""
    return next(iter(operations.load().operations.values()))


def concerns(path: str) -> bool:
    """Tell whether *path* is meant for the documented call."""
    return operation().path.lower() in path.lower()


def address(path: str) -> Address:
    """Return where *path* leads; one first segment may stand before the documented path."""
    first, _, rest = path.lower().partition(operation().path.lower())
    segment = first.removeprefix("/")
    online = _CUSTOMER.fullmatch(segment) is not None
    tenant = f"Cust{segment[4:]}" if online else "onsite"
    return Address(tenant, online, tuple(_misaddressed(first, segment, rest)))


def _misaddressed(first: str, segment: str, rest: str) -> Iterable[Mistake]:
    if "/api/v1" in first:
        what = "/api/v1 stands twice; give the client a base URL that does not end in /api/v1"
        yield Mistake("address", what, ("path-doubled",))
    elif "/" in segment or rest.strip("/"):
        what = f"nothing is documented there; send it to {operation().path}, or below one segment"
        yield Mistake("address", what, ("path", "path-tenant"))


def verb(method: str) -> tuple[Mistake, ...]:
    """Return what is wrong with the verb, if anything."""
    if method == "POST":
        return ()
    what = f"{quote_name(method, 'this verb')} is not documented; send POST"
    return (Mistake("address", what, ("method", "method-not-allowed")),)
