"""A tenant's secrets, and which of them a request carries."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from superoffice_contract.messages import SECRETS, SESSION_COOKIE
from superoffice_contract.target.tenants import Header, TargetTenant

Kind = str
USER: Final = "a user with password"
TICKET: Final = "a ticket"
TOKEN: Final = "an access token"
APP_TOKEN: Final = "an app token"
SESSION: Final = "a session"
XSRF: Final = "an XSRF value"


class TenantSecrets(msgspec.Struct, frozen=True):
    """What proves somebody's identity at one tenant: kind -> values, and which belong together.

    *users* are names and passwords, *sessions* the XSRF value of each session.
    """

    values: Mapping[Kind, frozenset[str]]
    users: frozenset[tuple[str, str]]
    sessions: frozenset[tuple[str, str]]

    def carried(self, headers: tuple[Header, ...]) -> Mapping[Kind, frozenset[str]]:
        """Return the secrets in *headers*, by kind; whole or as part of a value."""
        given = [value for name, value in headers if name.lower() in SECRETS]
        found = {
            kind: frozenset(one for one in values if any(one in value for value in given))
            for kind, values in self.values.items()
        }
        users = frozenset(text for value in given for text in _decoded(value) if self._right(text))
        return {kind: values for kind, values in {USER: users, **found}.items() if values}

    def mismatched(self, headers: tuple[Header, ...]) -> bool:
        """Tell whether *headers* pair a real name with a wrong secret, as somebody who guesses."""
        texts = [text for _, value in headers for text in _decoded(value)]
        if any(self._names_a_user(text) and not self._right(text) for text in texts):
            return True
        session, xsrf = _session(headers)
        if session is None or xsrf is None or (session, xsrf) in self.sessions:
            return False
        return any(session == known or xsrf == value for known, value in self.sessions)

    def _right(self, text: str) -> bool:
        """Tell whether *text* is a user, a colon and the user's password."""
        return any(
            _begins(text, f"{name}:") and text[len(name) + 1 :] == password
            for name, password in self.users
        )

    def _names_a_user(self, text: str) -> bool:
        return any(_begins(f"{text}:", f"{name}:") for name, _ in self.users)


def of(tenant: TargetTenant) -> TenantSecrets:
    """Return everything that *tenant* lists."""
    return TenantSecrets(
        {
            TICKET: frozenset(tenant.tickets),
            TOKEN: frozenset(one.value for one in tenant.tokens),
            APP_TOKEN: frozenset(one.token for one in tenant.apps) - {""},
            SESSION: frozenset(one.id for one in tenant.sessions),
            XSRF: frozenset(one.xsrf for one in tenant.sessions),
        },
        frozenset((one.name, one.password) for one in tenant.users),
        frozenset((one.id, one.xsrf) for one in tenant.sessions),
    )


def _begins(text: str, start: str) -> bool:
    return text[: len(start)].casefold() == start.casefold()


def _decoded(value: str) -> Iterator[str]:
    """Yield what a header's value says in base64, as Basic does."""
    for part in value.split():
        try:
            yield base64.b64decode(part, validate=True).decode()
        except (binascii.Error, ValueError):
            continue


def _session(headers: tuple[Header, ...]) -> tuple[str | None, str | None]:
    found = {name.lower(): value for name, value in headers}
    pairs = (one.strip().partition("=") for one in found.get("cookie", "").split(";"))
    id_ = next((value for name, _, value in pairs if name == SESSION_COOKIE), None)
    return id_, found.get("x-xsrf-token")
