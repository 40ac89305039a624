"""Calls as `grade` judges them, from a HAR or from a journal."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

import msgspec

from superoffice_contract.lost_accounts import Confidence
from superoffice_contract.messages import quote_name, shorten
from superoffice_contract.openapi import operations
from superoffice_contract.openapi.operations import SAFE_METHODS, Operation
from superoffice_contract.openapi.paths import (
    compile_template,
    drop_extra_slashes,
    find_extra_slash,
)
from superoffice_contract.operations.sync_state import Fetch

TURNED_AWAY_AFTER: Final = 1.0  # claim busy-second
BUSY_SECOND: Final = (0.95, 2.0)
"""The shortest and longest response time of a turned-away call, network included."""
ONLINE_TENANT: Final = re.compile(r"cust[0-9]+", re.IGNORECASE)


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
    """One request to a documented path.

    *id* says where it is recorded, *operation* is its name. *time* is its start as text, empty if
    unknown, and *at* the same in seconds since 1970. *elapsed* is the seconds until the client got
    an answer or disconnected, *latency* the part of it that the server took. *gave_up*: the client
    disconnected within a second. All of these are None if unknown. *time_problem* says why *at* is.
    *accounts* are the accounts in the request, *synced* those that the run of this call covers.
    *turned_away_confidence* is None if nothing shows that the call was turned away, and UNKNOWN if
    it may have been. *client* tells the clients of a tenant apart, and *question* their requests,
    as far as both are known. *due* are the accounts that the answer lists as due, None if unknown;
    *fetch* is what it shows of an account.
    """

    id: str
    time: str
    tenant: str
    method: str
    path: str
    at: float | None
    time_problem: str | None = None
    elapsed: float | None
    status: int | None
    gave_up: bool | None
    latency: float | None = None
    accounts: tuple[int, ...] = ()
    synced: tuple[int, ...] = ()
    turned_away_confidence: Confidence | None = None
    assessment: Assessment = Assessment()
    operation: str = ""
    client: object = None
    question: object = None
    due: tuple[int, ...] | None = None
    fetch: Fetch | None = None

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


def until_response(seconds: float | None, receive_seconds: float) -> float | None:
    """Return *seconds* until the response began, which is when the client continues."""
    return None if seconds is None else max(seconds - receive_seconds, 0.0)


@cache
def known_operations() -> tuple[Operation, ...]:
    """Return the described methods of agents."""
    described = operations.load().by_name.values()
    return tuple(op for op in described if op.agent is not None and op.method == "POST")


def find_operation(
    method: str, path: str, judged: Sequence[Operation] | None = None
) -> Operation | None:
    """Return the one of *judged* whose documented path is a part of *path*.

    *judged* are the known operations by default. Return None for a request that starts nothing.
    """
    clean_path = drop_extra_slashes(path)
    candidates = (
        operation
        for operation in judged or known_operations()
        if (match := compile_template(operation.path).search(clean_path))
        and clean_path[match.end() :][:1] in ("", "/")
        and (operation.method == method or method not in SAFE_METHODS)
    )
    return min(candidates, key=lambda operation: operation.method != method, default=None)


def parse_address(path: str, operation: Operation) -> Address:
    """Parse *path*. One segment may come before the documented path: the tenant."""
    clean_path = drop_extra_slashes(path.lower())
    first, *_, rest = compile_template(operation.path).split(clean_path, 1)
    segment = first.removeprefix("/")
    online = ONLINE_TENANT.fullmatch(segment) is not None
    tenant = f"Cust{segment[4:]}" if online else "onsite"
    extra_slash = find_extra_slash(path)
    if extra_slash is not None:
        what = f"the path has {extra_slash}; leave that out"
        return Address(tenant, online, (Violation("address", what, ("path", "path-slash")),))
    return Address(tenant, online, tuple(_address_violations(first, segment, rest, operation)))


def _address_violations(
    first: str, segment: str, rest: str, operation: Operation
) -> Iterable[Violation]:
    if "/api/v1" in first:
        what = "/api/v1 occurs twice; give the client a base URL that does not end in /api/v1"
        yield Violation("address", what, ("path-doubled",))
    elif "/" in segment or rest.strip("/"):
        path = operation.path
        what = f"this path is not documented; send to {path}, with at most one segment before it"
        yield Violation("address", what, ("path", "path-tenant"))


def method_violations(method: str, operation: Operation) -> tuple[Violation, ...]:
    """Return the violation if *method* is not that of *operation*."""
    if method == operation.method:
        return ()
    name = quote_name(method, "this method")
    what = f"{name} is not documented; send {operation.method}"
    return (Violation("address", what, ("method", "method-not-allowed")),)
