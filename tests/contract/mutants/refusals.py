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
from tests.contract.mutants.patching import Defect, Mutation, change_object
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


def _refusing_defect(name: str, claim: str, reason: str, mutate: Mutation) -> Defect:
    return Defect(name, "credentials-let-in", claim, f"{reason}: {REFUSED}", mutate)


REFUSING_DEFECTS: Final = (
    *(
        _refusing_defect(f"{name} is refused {place}", claim, reason, refuse(type_, condition))
        for name, place, claim, reason, type_, condition in (
            ("Basic", "onsite", "basic-onsite", "Basic", BasicCredentials, lambda *_: True),
            (
                "a ticket",
                "onsite",
                "ticket-onsite",
                "SOTicket",
                Ticket,
                lambda _, __, where: where is ONSITE,
            ),
            (
                "a ticket",
                "Online",
                "ticket-online",
                "SOTicket",
                Ticket,
                lambda _, __, where: where is not ONSITE,
            ),
            ("Bearer", "Online", "bearer-online", "Bearer", AccessToken, lambda *_: True),
        )
    ),
    _refusing_defect(
        "an empty password is refused",
        "basic-empty-password",
        "an empty password",
        refuse(BasicCredentials, lambda credential, _, __: not credential.password),
    ),
    _refusing_defect(
        "SO-AppToken is checked onsite",
        "ticket-onsite",
        "SoTicket with an unknown app token",
        refuse(Ticket, lambda credential, _, where: where is ONSITE and credential.app_token),
    ),
    _refusing_defect(
        "schemes are case-sensitive",
        "scheme-case",
        "basic, in lower case",
        change_object("wire.headers._read_authorization", _match_scheme_case),
    ),
    _refusing_defect(
        "a session cookie among others is not found",
        "cookies-ignored",
        "a session among other cookies",
        change_object("wire.headers._find_cookie", _refuse_several_cookies),
    ),
    _refusing_defect(
        "sessions are not known",
        "xsrf-everywhere",
        "a session with its XSRF value",
        change_session(lambda credential, _: SessionCredentials("", credential.xsrf)),
    ),
)
