"""Defects in when credentials end, and in what their use does to that."""

from collections.abc import Callable
from typing import Any, Final

from superoffice_mock.core.credentials import BasicPair, Ticket
from superoffice_mock.core.expiry import Kind
from tests.contract.mutants.patching import Defect, changing, setting


def _a_password_like_a_ticket(presented_as: Callable[..., Any]) -> Callable[..., Any]:
    def as_ticket(presented: Any) -> Any:
        one = Ticket("7T:demo-ticket", None) if isinstance(presented, BasicPair) else presented
        return presented_as(one)

    return as_ticket


LIFETIMES: Final = (
    Defect(
        "what has expired is let in",
        "lifetimes",
        "credentials-expire",
        "once they expired: expected 401, got 204",
        setting("tenants.tenant.used", lambda _, ends, *__: ends),
    ),
    Defect(
        "a ticket is not renewed by its use",
        "lifetimes",
        "ticket-sliding",
        "SOTICKET when use should have renewed them: expected 204, got 401",
        setting("core.expiry.SLIDING", {Kind.SESSION}),
    ),
    Defect(
        "a session is not renewed by its use",
        "lifetimes",
        "ticket-sliding",
        "a session among other cookies when use should have renewed them: expected 204, got 401",
        setting("core.expiry.SLIDING", {Kind.TICKET}),
    ),
    Defect(
        "an access token is renewed by its use",
        "lifetimes",
        "token-fixed",
        "bearer with an unknown app token when use should have renewed them: expected 401, got 204",
        setting("core.expiry.SLIDING", set(Kind)),
    ),
    Defect(
        "a password expires, too",
        "lifetimes",
        "credentials-expire",
        "an empty password once they expired: expected 204, got 401",
        changing("tenants.tenant.presented_as", _a_password_like_a_ticket),
    ),
)
