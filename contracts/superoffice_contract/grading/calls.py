"""Calls as `grade` judges them, from a HAR or from a journal."""

import re
from collections.abc import Iterable
from enum import IntEnum
from typing import Final

import msgspec

from superoffice_contract.messages import quote_name, shorten
from superoffice_contract.openapi import operations
from superoffice_contract.openapi.operations import Operation

_CUSTOMER_ID: Final = re.compile(r"cust[0-9]+", re.IGNORECASE)


class Confidence(IntEnum):
    """How certain it is that a call was turned away."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CERTAIN = 4


class Violation(msgspec.Struct, frozen=True):
    """One violation of the contract; *what* says what is wrong and what to send instead."""

    check: str
    what: str
    claims: tuple[str, ...]


class Assessment(msgspec.Struct, frozen=True):
    """The violations in a request, and the names of the checks that lack the data to judge it."""

    violations: tuple[Violation, ...] = ()
    unchecked: frozenset[str] = frozenset()


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request to the documented path.

    *id* says where it is recorded. *time* is its start as text, empty if unknown, and *at* the same
    in seconds since 1970. *elapsed* is the seconds until the client got an answer or disconnected,
    *latency* the part of it that the server took. *gave_up*: the client disconnected within a
    second. All of these are None if unknown.
    *accounts* are the accounts in the request, *synced* those that the run of this call covers.
    *turned_away_confidence* is None if nothing shows that the call was turned away.
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
    turned_away_confidence: Confidence | None = None
    assessment: Assessment = Assessment()

    @property
    def where(self) -> str:
        """The request as a finding names it."""
        parts = (self.id, self.time, shorten(self.method), shorten(self.path))
        return " ".join(filter(None, parts))

    @property
    def rejected(self) -> bool:
        """Whether the status is a 4xx."""
        return self.status is not None and 400 <= self.status < 500


class Address(msgspec.Struct, frozen=True):
    """The tenant and installation that a path belongs to, and the violations in the path."""

    tenant: str
    online: bool
    violations: tuple[Violation, ...] = ()


def operation() -> Operation:
    """Return the documented operation."""
    return next(iter(operations.load().operations.values()))


def is_call_path(path: str) -> bool:
    """Return whether *path* contains the documented path."""
    return operation().path.lower() in path.lower()


def parse_address(path: str) -> Address:
    """Parse *path*. One segment may come before the documented path: the tenant."""
    first, _, rest = path.lower().partition(operation().path.lower())
    segment = first.removeprefix("/")
    online = _CUSTOMER_ID.fullmatch(segment) is not None
    tenant = f"Cust{segment[4:]}" if online else "onsite"
    return Address(tenant, online, tuple(_address_violations(first, segment, rest)))


def _address_violations(first: str, segment: str, rest: str) -> Iterable[Violation]:
    if "/api/v1" in first:
        what = "/api/v1 occurs twice; give the client a base URL that does not end in /api/v1"
        yield Violation("address", what, ("path-doubled",))
    elif "/" in segment or rest.strip("/"):
        path = operation().path
        what = f"this path is not documented; send to {path}, with at most one segment before it"
        yield Violation("address", what, ("path", "path-tenant"))


def method_violations(method: str) -> tuple[Violation, ...]:
    """Return the violation if *method* is not POST."""
    if method == "POST":
        return ()
    what = f"{quote_name(method, 'this method')} is not documented; send POST"
    return (Violation("address", what, ("method", "method-not-allowed")),)
