"""Defects in when credentials expire, and in how use renews them."""

from collections.abc import Callable
from typing import Any, Final

from superoffice_mock.core.credentials import BasicCredentials, Ticket
from superoffice_mock.core.expiry import CredentialKind
from tests.contract.mutants.patching import Seeds, change_object, replace_object


def _treat_password_as_ticket(find: Callable[..., Any]) -> Callable[..., Any]:
    ticket = Ticket("7T:demo-ticket", None)
    return lambda credential: find(
        ticket if isinstance(credential, BasicCredentials) else credential
    )


EXPIRY_DEFECTS: Final[Seeds] = {
    "expired credentials are accepted": (
        "once they expired: expected 401, got 204",
        replace_object("tenants.state_holder.record_use", lambda _, ends, *__: ends),
    ),
    "a ticket is not renewed by its use": (
        "SOTICKET when use should have renewed them: expected 204, got 401",
        replace_object("core.expiry.SLIDING", {CredentialKind.SESSION}),
    ),
    "a session is not renewed by its use": (
        "a session among other cookies when use should have renewed them: expected 204, got 401",
        replace_object("core.expiry.SLIDING", {CredentialKind.TICKET}),
    ),
    "an access token is renewed by its use": (
        "bearer with an unknown app token when use should have renewed them: expected 401, got 204",
        replace_object("core.expiry.SLIDING", set(CredentialKind)),
    ),
    "a password expires as well": (
        "an empty password once they expired: expected 204, got 401",
        change_object("tenants.state_holder.expiring_credential", _treat_password_as_ticket),
    ),
}
