"""Defects that let in whom nobody should: each rule loosened, one at a time."""

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any, Final

from superoffice_mock.core.credentials import (
    AccessToken,
    BasicPair,
    SessionPair,
    Ticket,
    Unusable,
)
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.request import ApiRequest, read
from superoffice_mock.webapi.response import Response
from superoffice_mock.wire.headers import Headers
from tests.contract.mutants.patching import Defect, Vary, calling, changing, setting
from tests.contract.mutants.patching_credentials import ONSITE, When, letting, session
from tests.mock.wire.builders import MEBIBYTE

LET_IN: Final = "expected 401, got 204"
DECODED: Final = resolve_name(
    "superoffice_mock.webapi.operations.pipeline.SimulationBackend._decoded"
)


def _any_xsrf(presented: SessionPair, sessions: Any) -> SessionPair:
    session = sessions.get(presented.session)
    return SessionPair(presented.session, session.xsrf) if session else presented


def _any_session(presented: SessionPair, sessions: Any) -> SessionPair:
    owner = next((one.id for one in sessions.values() if one.xsrf == presented.xsrf), "")
    return SessionPair(owner, presented.xsrf)


def _halves(half: bytes) -> Vary:
    """Let one half of a session do for both."""

    def wrapped(look: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def presented(headers: Any) -> Any:
            lone = headers.get(half) is not None and isinstance(look(headers), Unusable)
            return BasicPair("tje0", "Tje0") if lone else look(headers)

        return presented

    return changing("wire.headers._session", wrapped)


def _falling_back(present: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def presented(headers: Any) -> Any:
        if headers.get(b"authorization") == "":
            return present(Headers([one for one in headers.raw if one[0] != b"authorization"]))
        return present(headers)

    return presented


async def _body_first(post: Any, operations: Any, operation: Any, incoming: ApiRequest) -> Response:
    try:
        answer: Response = await post(operations, operation, incoming)
    except Rejected as error:
        if error.status == 401:
            DECODED(operations, operation, incoming, await read(incoming, MEBIBYTE))
        raise
    return answer


def _unusable(why: str) -> When:
    return lambda presented, _, __: why in presented.why


def _loose(name: str, claim: str, reason: str, vary: Vary) -> Defect:
    return Defect(name, "credentials-refused", claim, f"{reason}: {LET_IN}", vary)


LOOSE: Final = (
    _loose(
        "a call without credentials is let in",
        "unauthorized",
        "nothing",
        letting(Unusable, lambda one, _, __: "missing" in one.why),
    ),
    _loose(
        "any password will do",
        "unauthorized",
        "a wrong password",
        letting(BasicPair, lambda one, known, where: where is ONSITE and one.user in known.users),
    ),
    _loose(
        "any user will do",
        "unauthorized",
        "an unknown user",
        letting(BasicPair, lambda one, known, _: one.user not in known.users),
    ),
    _loose(
        "Basic is let in Online",
        "basic-onsite-only",
        "Basic Online",
        letting(BasicPair, lambda one, known, _: known.users.get(one.user) == one.password),
    ),
    _loose(
        "any ticket will do", "unauthorized", "an unknown ticket", letting(Ticket, lambda *_: True)
    ),
    _loose(
        "a ticket needs no app token Online",
        "app-token-online",
        "a ticket without app token",
        letting(Ticket, lambda one, known, _: one.value in known.tickets and not one.app_token),
    ),
    _loose(
        "any app token will do Online",
        "ticket-online",
        "a ticket with an unknown app token",
        letting(Ticket, lambda one, known, _: one.value in known.tickets and one.app_token),
    ),
    _loose(
        "any access token will do",
        "unauthorized",
        "an unknown access token",
        letting(AccessToken, lambda *_: True),
    ),
    _loose(
        "Bearer is let in onsite",
        "bearer-online-only",
        "Bearer onsite",
        letting(
            AccessToken, lambda one, known, where: where is ONSITE and one.value in known.tokens
        ),
    ),
    _loose(
        "a ticket may come as Bearer",
        "bearer-online-only",
        "Bearer onsite",
        letting(AccessToken, lambda one, known, _: one.value in known.tickets),
    ),
    *(
        _loose(
            f"{name} is let in",
            claim,
            name,
            letting(Unusable, _unusable(why)),
        )
        for name, why, claim in (
            ("an unknown scheme", "unknown scheme", "credentials-malformed"),
            ("a scheme alone", "Basic without a value", "credentials-malformed"),
            ("bad base64", "not base64", "credentials-malformed"),
            ("no colon", "no colon", "credentials-malformed"),
            ("an empty ticket", "SOTicket without", "credentials-malformed"),
            ("an empty token", "Bearer without", "credentials-malformed"),
            ("an empty Authorization", "is empty", "authorization-decides"),
        )
    ),
    _loose(
        "of two Authorizations the first counts",
        "authorization-twice",
        "two Authorizations",
        changing(
            "wire.headers.Headers.count",
            lambda count: lambda headers, name: min(count(headers, name), 1),
        ),
    ),
    _loose(
        "a session counts beside an empty Authorization",
        "authorization-decides",
        "an empty Authorization beside a session",
        changing("wire.headers.presented", _falling_back),
    ),
    _loose(
        "the XSRF value is not looked at",
        "xsrf-pair",
        "a session with another value",
        session(_any_xsrf),
    ),
    _loose(
        "the XSRF value of any session will do",
        "xsrf-pair",
        "another session's value",
        session(_any_session),
    ),
    _loose(
        "the cookie of a session will do",
        "xsrf-half",
        "the cookie of a session alone",
        _halves(b"cookie"),
    ),
    _loose(
        "an XSRF value will do",
        "xsrf-half",
        "the XSRF value of a session alone",
        _halves(b"x-xsrf-token"),
    ),
    _loose(
        "the grant is not looked at",
        "grant",
        "without the EMail agent",
        setting("core.credentials.granted", lambda *_: None),
    ),
    Defect(
        "403 for an app without the EMail agent",
        "credentials-refused",
        "restricted-status",
        "without the EMail agent: expected 401, got 403",
        changing(
            "core.credentials.granted", lambda granted: lambda principal, _: granted(principal, 403)
        ),
    ),
    Defect(
        "the body is looked at first",
        "credentials-before-body",
        "order-credentials",
        "a broken body: expected 401, got 400",
        calling(_body_first),
    ),
)
