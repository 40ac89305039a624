"""Defects that refuse valid credentials."""

from collections.abc import Callable
from typing import Any, Final

from superoffice_mock.core.credentials import (
    AccessToken,
    BasicCredentials,
    SessionCredentials,
    Ticket,
    UnusableCredentials,
)
from tests.contract.mutants.patching import Seeds, change_object
from tests.contract.mutants.patching_credentials import ONSITE, change_session, refuse

REFUSED: Final = "expected 204, got 401"


def _match_scheme_case(parse: Callable[..., Any]) -> Callable[..., Any]:
    schemes = ("Basic", "SOTicket", "Bearer", "Digest")
    return lambda value, headers: (
        parse(value, headers)
        if value.partition(" ")[0] in schemes
        else UnusableCredentials("Authorization", "unknown scheme")
    )


def _refuse_several_cookies(find: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    return lambda headers, name: None if ";" in headers.get(b"cookie") else find(headers, name)


REFUSING_DEFECTS: Final[Seeds] = {
    "Basic is refused onsite": (f"Basic: {REFUSED}", refuse(BasicCredentials, lambda *_: True)),
    "a ticket is refused onsite": (
        f"SOTicket: {REFUSED}",
        refuse(Ticket, lambda _, __, where: where is ONSITE),
    ),
    "a ticket is refused Online": (
        f"SOTicket: {REFUSED}",
        refuse(Ticket, lambda _, __, where: where is not ONSITE),
    ),
    "Bearer is refused Online": (f"Bearer: {REFUSED}", refuse(AccessToken, lambda *_: True)),
    "an empty password is refused": (
        f"an empty password: {REFUSED}",
        refuse(BasicCredentials, lambda credential, _, __: not credential.password),
    ),
    "SO-AppToken is checked onsite": (
        f"SoTicket with an unknown app token: {REFUSED}",
        refuse(Ticket, lambda credential, _, where: where is ONSITE and credential.app_token),
    ),
    "schemes are case-sensitive": (
        f"basic, in lower case: {REFUSED}",
        change_object("wire.headers._read_authorization", _match_scheme_case),
    ),
    "a session cookie among others is not found": (
        f"a session among other cookies: {REFUSED}",
        change_object("wire.headers._find_cookie", _refuse_several_cookies),
    ),
    "sessions are not known": (
        f"a session with its XSRF value: {REFUSED}",
        change_session(lambda credential, _: SessionCredentials("", credential.xsrf)),
    ),
}
