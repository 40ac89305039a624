"""The credentials of a target in place of the recorded ones.

Importing this module needs the extra `contract`.
"""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import astuple

from superoffice_contract.messages import SECRET_HEADERS
from superoffice_contract.real_tenant.request_plan import REFUSED_STATUSES
from superoffice_contract.target import credentials
from superoffice_contract.target.hiding import MARK
from superoffice_contract.target.tenants import Header, TargetTenant
from superoffice_mock.cli.finding_files import OWN_SECRETS
from superoffice_mock.core.credentials import PresentedCredentials, UnusableCredentials
from superoffice_mock.replay.matching import credentials_kind
from superoffice_mock.replay.player import RecordedExchange
from superoffice_mock.replay.pseudonym_bindings import has_pseudonym

SignIn = tuple[Header, ...]
"""The headers that carry one credential."""

_NAMES: Final[Mapping[str, str]] = {
    "basic": "users",
    "soticket": "tickets",
    "bearer": "tokens",
    "a session": "sessions",
}
"""Each kind of credential, as the target file calls it."""


class SkippedError(Exception):
    """A request is not sent; the message says why."""


def _sign_ins(tenant: TargetTenant) -> Mapping[str, list[SignIn]]:
    """Return the headers for each credential of *tenant*, by kind."""
    authorization, granted_apps = credentials.authorization, tenant.granted_apps
    app_tokens = [("SO-AppToken", app.token) for app in granted_apps[:1]]
    granted_names = {app.name for app in granted_apps}
    return {
        "users": [
            authorization(credentials.basic(user.name, user.password)) for user in tenant.users
        ],
        "tickets": [authorization(f"SOTicket {ticket}", *app_tokens) for ticket in tenant.tickets],
        "tokens": [
            authorization(f"Bearer {token.value}")
            for token in tenant.tokens
            if token.app in granted_names
        ],
        "sessions": [credentials.session(session.id, session.xsrf) for session in tenant.sessions],
    }


def _secrets_by_place(tenant: TargetTenant) -> Mapping[tuple[str, str], str]:
    """Return the first secret for each header, and for each scheme of an Authorization."""
    secrets: dict[tuple[str, str], str] = {}
    for sign_ins in _sign_ins(tenant).values():
        for name, value in (header for sign_in in sign_ins for header in sign_in):
            first, _, rest = value.partition("=" if name == "Cookie" else " ")
            scheme = first.lower() if name == "Authorization" else ""
            secrets.setdefault((name.lower(), scheme), rest or first)
    return secrets


class Signer:
    """Replaces recorded credentials: equal pseudonyms get equal credentials, others different ones.

    *tenants* are by their id in lower case. With *always*, credentials that are not pseudonyms
    are replaced, too.
    """

    def __init__(self, tenants: Mapping[str, TargetTenant], *, always: bool) -> None:
        self._tenants = tenants
        self._always = always
        self._assigned: dict[tuple[str, PresentedCredentials], SignIn] = {}

    def sign(self, recorded: RecordedExchange, tenant: str) -> tuple[Header, ...]:
        """Return the headers to send to *tenant*. Raise SkippedError if there are too few.

        The headers of a request that was refused stay, so that it is refused again. Where a check
        recorded it, all but the marks stay.
        """
        headers, presented = recorded.entry.request.headers, recorded.key.credentials
        if OWN_SECRETS in recorded.entry.label.notes:
            return self._fill_in(headers, tenant)
        was_refused = recorded.entry.response.status in REFUSED_STATUSES
        if recorded.key.any_credentials and recorded.is_signed:  # they are not on record
            if was_refused:
                msg = "the recording does not have the credentials that were refused"
                raise SkippedError(msg)
            sign_in = self._find_any(recorded, tenant)
        elif was_refused or not self._is_replaced(presented):
            return headers
        else:
            sign_in = self._assign(presented, tenant.lower())
        return (*(header for header in headers if header[0] not in SECRET_HEADERS), *sign_in)

    def _fill_in(self, headers: tuple[Header, ...], tenant: str) -> tuple[Header, ...]:
        """Return *headers* with a secret of *tenant* in place of each mark."""
        target = self._tenants.get(tenant.lower())
        secrets = {} if target is None else _secrets_by_place(target)
        filled = []
        for name, value in headers:
            if MARK in value and name in SECRET_HEADERS:
                scheme = value.partition(" ")[0].lower() if name == "authorization" else ""
                if (name, scheme) not in secrets:
                    msg = f"--target-file needs the {scheme or name} of tenant {tenant!r}"
                    raise SkippedError(msg)
                value = value.replace(MARK, secrets[name, scheme])
            filled.append((name, value))
        return tuple(filled)

    def _is_replaced(self, presented: PresentedCredentials) -> bool:
        if isinstance(presented, UnusableCredentials):
            return False
        return self._always or any(map(has_pseudonym, filter(None, astuple(presented))))

    def _assign(self, presented: PresentedCredentials, tenant: str) -> SignIn:
        if (tenant, presented) in self._assigned:
            return self._assigned[tenant, presented]
        kind, target = _NAMES[credentials_kind(presented).lower()], self._tenants.get(tenant)
        in_use = [sign_in for (id_, _), sign_in in self._assigned.items() if id_ == tenant]
        for sign_in in () if target is None else _sign_ins(target)[kind]:
            if sign_in not in in_use:
                self._assigned[tenant, presented] = sign_in
                return sign_in
        msg = f"--target-file needs one more of the {kind} of tenant {tenant!r}"
        raise SkippedError(msg)

    def _find_any(self, recorded: RecordedExchange, tenant: str) -> SignIn:
        """Return a credential in place of one that the recording does not have.

        It is of the same scheme, if that is known.
        """
        authorization = " ".join(recorded.entry.request.get_all("authorization"))
        schemes = credentials_kind(recorded.key.credentials), authorization.partition(" ")[0]
        kind = next((_NAMES[scheme.lower()] for scheme in schemes if scheme.lower() in _NAMES), "")
        target = self._tenants.get(tenant.lower())
        if target is not None:
            first = "users" if target.installation == "onsite" else "tokens"
            known = _sign_ins(target)
            for name in (kind,) if kind else (first, "tickets", "sessions"):
                if known[name]:
                    return known[name][0]
        msg = f"its credentials are not on record; --target-file needs some of tenant {tenant!r}"
        raise SkippedError(msg)
