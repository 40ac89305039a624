"""The secrets of a tenant, and which of them a request contains."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from superoffice_contract.messages import SECRET_HEADERS
from superoffice_contract.target.credentials import basic, secrets_in
from superoffice_contract.target.tenants import Header, TargetTenant

_USER: Final = "a user with password"


class TenantSecrets(msgspec.Struct, frozen=True):
    """The secrets of one tenant: *values* by kind, and those that belong together.

    *users* are pairs of name and password, *sessions* pairs of session id and XSRF value.
    """

    values: Mapping[str, frozenset[str]]
    users: frozenset[tuple[str, str]]
    sessions: frozenset[tuple[str, str]]

    def find_in(self, headers: tuple[Header, ...]) -> Mapping[str, frozenset[str]]:
        """Return by kind the secrets that are in the values of *headers*, whole or as a part."""
        values = [value for name, value in headers if name.lower() in SECRET_HEADERS]
        texts = [text for value in values for text in decode_base64_parts(value)]
        by_kind = {_USER: frozenset(text for text in texts if self._is_user_and_password(text))}
        for kind, secrets in self.values.items():
            by_kind[kind] = frozenset(
                secret for secret in secrets if any(secret in value for value in values)
            )
        return {kind: secrets for kind, secrets in by_kind.items() if secrets}

    def has_mismatch(self, headers: tuple[Header, ...]) -> bool:
        """Return whether *headers* pair a real name with a wrong secret, as a guess at it would."""
        texts = [text for _, value in headers for text in decode_base64_parts(value)]
        if any(self._names_a_user(text) and not self._is_user_and_password(text) for text in texts):
            return True
        sent = dict(pair for name, value in headers for pair in secrets_in(name.lower(), value))
        session, xsrf = sent.get("session"), sent.get("XSRF value")
        if session is None or xsrf is None or (session, xsrf) in self.sessions:
            return False
        return any(session == id_ or xsrf == value for id_, value in self.sessions)

    def _is_user_and_password(self, text: str) -> bool:
        """Return whether *text* is a user, a colon and the password of that user."""
        return any(
            _starts_with(text, f"{name}:") and text[len(name) + 1 :] == password
            for name, password in self.users
        )

    def _names_a_user(self, text: str) -> bool:
        return any(_starts_with(f"{text}:", f"{name}:") for name, _ in self.users)


def secrets_of(tenant: TargetTenant) -> TenantSecrets:
    """Return the secrets that *tenant* lists."""
    return TenantSecrets(
        {
            "a ticket": frozenset(tenant.tickets),
            "an access token": frozenset(token.value for token in tenant.tokens),
            "an app token": frozenset(app.token for app in tenant.apps) - {""},
            "a session": frozenset(session.id for session in tenant.sessions),
            "an XSRF value": frozenset(session.xsrf for session in tenant.sessions),
        },
        frozenset((user.name, user.password) for user in tenant.users),
        frozenset((session.id, session.xsrf) for session in tenant.sessions),
    )


def secret_texts(tenants: Iterable[TargetTenant]) -> frozenset[str]:
    """Return every text by which a secret of *tenants* can be told in a request or an answer.

    Besides the values themselves: user and password as Basic writes them.
    """
    texts = set[str]()
    for tenant in tenants:
        secrets = secrets_of(tenant)
        texts.update(*secrets.values.values())
        for name, password in secrets.users:
            texts.update({password, basic(name, password).removeprefix("Basic ")})
    return frozenset(texts - {""})


def _starts_with(text: str, start: str) -> bool:
    return text[: len(start)].casefold() == start.casefold()


def decode_base64_parts(value: str) -> Iterator[str]:
    """Yield the text of each part of a header's value that is base64, as in Basic."""
    for part in value.split():
        try:
            yield base64.b64decode(part, validate=True).decode()
        except ValueError:
            continue
