"""Credentials of a target in place of a recording's pseudonyms, one for each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from superoffice_contract.target import tenants
from superoffice_contract.target.tenants import Header, TargetTenant
from superoffice_mock.core.credentials import (
    AccessToken,
    BasicPair,
    Presented,
    SessionPair,
    Ticket,
    Unusable,
)
from superoffice_mock.replay.player import Recorded
from superoffice_mock.replay.pseudonym_bindings import names

REFUSED: Final = (401, 403)
SIGNED: Final = frozenset({"authorization", "cookie", "so-apptoken", "x-xsrf-token"})
Kind = type[BasicPair] | type[Ticket] | type[AccessToken] | type[SessionPair]
Way = tuple[Header, ...]


def _users(tenant: TargetTenant) -> list[Way]:
    return [tenants.authorization(tenants.basic(one.name, one.password)) for one in tenant.users]


def _tickets(tenant: TargetTenant) -> list[Way]:
    beside = tuple(("SO-AppToken", app.token) for app in tenant.granted[:1])
    return [tenants.authorization(f"SOTicket {one}", *beside) for one in tenant.tickets]


def _tokens(tenant: TargetTenant) -> list[Way]:
    granted = {app.name for app in tenant.granted}
    known = (one.value for one in tenant.tokens if one.app in granted)
    return [tenants.authorization(f"Bearer {one}") for one in known]


def _sessions(tenant: TargetTenant) -> list[Way]:
    return [tenants.session(one.id, one.xsrf) for one in tenant.sessions]


_WAYS: Final[Mapping[Kind, tuple[str, Callable[[TargetTenant], Sequence[Way]]]]] = {
    BasicPair: ("users", _users),
    Ticket: ("tickets", _tickets),
    AccessToken: ("tokens", _tokens),
    SessionPair: ("sessions", _sessions),
}


class Unsigned(Exception):
    """There is no credential to send a recorded request with; the message says which is missing."""


class Signer:
    """Signs the requests of a recording: equal pseudonyms get equal credentials, others others.

    *tenants* are known by their id in lower case. With *always*, nothing that was recorded is
    sent where it was let in.
    """

    def __init__(self, tenants: Mapping[str, TargetTenant], *, always: bool) -> None:
        self._tenants = tenants
        self._always = always
        self._given: dict[tuple[str, Presented], Way] = {}

    def signed(self, recorded: Recorded, tenant: str) -> tuple[Header, ...]:
        """Return the headers to send to *tenant*. Raise Unsigned if a credential is missing.

        What was refused is refused again: then the pseudonym itself is sent, which nobody knows.
        """
        headers = recorded.entry.request.headers
        presented = recorded.sent.credentials
        refused = recorded.entry.response.status in REFUSED
        if isinstance(presented, Unusable) or refused or not self._replaced(presented):
            return headers
        unsigned = tuple(header for header in headers if header[0] not in SIGNED)
        return (*unsigned, *self._way(presented, tenant.lower()))

    def _replaced(self, presented: Presented) -> bool:
        values = (getattr(presented, name) for name in presented.__struct_fields__)
        return self._always or any(value is not None and names(value) for value in values)

    def _way(self, presented: Presented, tenant: str) -> Way:
        known = self._given.get((tenant, presented))
        if known is not None:
            return known
        kind, ways = _WAYS[type(presented)]  # type: ignore[index]
        target = self._tenants.get(tenant)
        offered = ways(target) if target is not None else ()
        of_kind = {key: way for key, way in self._given.items() if key[0] == tenant}
        left = [way for way in offered if way not in of_kind.values()]
        if not left:
            msg = f"it needs one of the {kind} of tenant {tenant!r} more than the target file has"
            raise Unsigned(msg)
        self._given[tenant, presented] = left[0]
        return left[0]
