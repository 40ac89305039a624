"""Defects that refuse whom the contract lets in."""

from collections.abc import Callable
from typing import Any, Final

from superoffice_mock.core.credentials import (
    AccessToken,
    BasicPair,
    SessionPair,
    Ticket,
    Unusable,
)
from tests.contract.mutants.patching import Defect, Vary, changing
from tests.contract.mutants.patching_credentials import ONSITE, refusing_some, session

REFUSED: Final = "expected 204, got 401"


def _heeding_case(parse: Callable[..., Any]) -> Callable[..., Any]:
    known = ("Basic", "SOTicket", "Bearer", "Digest")
    return lambda value, headers: (
        parse(value, headers)
        if value.partition(" ")[0] in known
        else Unusable("Authorization", "unknown scheme")
    )


def _lone_cookie(find: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    return lambda headers, name: None if ";" in headers.get(b"cookie") else find(headers, name)


def _tight(name: str, claim: str, reason: str, vary: Vary) -> Defect:
    return Defect(name, "credentials-let-in", claim, f"{reason}: {REFUSED}", vary)


TIGHT: Final = (
    *(
        _tight(f"{name} is refused {place}", claim, reason, refusing_some(kind, when))
        for name, place, claim, reason, kind, when in (
            ("Basic", "onsite", "basic-onsite", "Basic", BasicPair, lambda *_: True),
            ("a ticket", "onsite", "ticket-onsite", "SOTicket", Ticket, lambda *a: a[2] is ONSITE),
            (
                "a ticket",
                "Online",
                "ticket-online",
                "SOTicket",
                Ticket,
                lambda *a: a[2] is not ONSITE,
            ),
            ("Bearer", "Online", "bearer-online", "Bearer", AccessToken, lambda *_: True),
        )
    ),
    _tight(
        "an empty password is refused",
        "basic-empty-password",
        "an empty password",
        refusing_some(BasicPair, lambda one, _, __: not one.password),
    ),
    _tight(
        "SO-AppToken is looked at onsite",
        "ticket-onsite",
        "SoTicket with an unknown app token",
        refusing_some(Ticket, lambda one, _, where: where is ONSITE and one.app_token),
    ),
    _tight(
        "schemes heed case",
        "scheme-case",
        "basic, in lower case",
        changing("wire.headers._authorization", _heeding_case),
    ),
    _tight(
        "a session cookie among others is not found",
        "cookies-ignored",
        "a session among other cookies",
        changing("wire.headers._cookie", _lone_cookie),
    ),
    _tight(
        "sessions are not known",
        "xsrf-everywhere",
        "a session with its XSRF value",
        session(lambda presented, _: SessionPair("", presented.xsrf)),
    ),
)
