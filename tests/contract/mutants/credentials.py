"""Defects that accept credentials which must be refused."""

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any, Final

from superoffice_mock.core.credentials import (
    AccessToken,
    BasicCredentials,
    SessionCredentials,
    Ticket,
    UnusableCredentials,
)
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.request import ApiRequest, read_body
from superoffice_mock.webapi.response import Response
from superoffice_mock.wire.headers import Headers
from tests.contract.mutants.patching import (
    Defect,
    Mutation,
    change_object,
    replace_object,
    wrap_post,
)
from tests.contract.mutants.patching_credentials import ONSITE, Condition, accept, change_session
from tests.mock.wire.builders import MEBIBYTE

ACCEPTED: Final = "expected 401, got 204"
DECODE: Final = resolve_name(
    "superoffice_mock.webapi.operations.pipeline.SimulationBackend._decode"
)


def _accept_any_xsrf(credential: SessionCredentials, sessions: Any) -> SessionCredentials:
    session = sessions.get(credential.session)
    return SessionCredentials(credential.session, session.xsrf) if session else credential


def _accept_any_session(credential: SessionCredentials, sessions: Any) -> SessionCredentials:
    owner = next(
        (session.id for session in sessions.values() if session.xsrf == credential.xsrf), ""
    )
    return SessionCredentials(owner, credential.xsrf)


def _accept_half_session(half: bytes) -> Mutation:
    """Accept one half of a session in place of both."""

    def wrap(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def read_half(headers: Any) -> Any:
            session = read(headers)
            is_half = headers.get(half) is not None and isinstance(session, UnusableCredentials)
            return BasicCredentials("tje0", "Tje0") if is_half else session

        return read_half

    return change_object("wire.headers._read_session", wrap)


def _ignore_empty_authorization(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read_without_empty(headers: Any) -> Any:
        if headers.get(b"authorization") == "":
            return read(Headers([pair for pair in headers.raw if pair[0] != b"authorization"]))
        return read(headers)

    return read_without_empty


async def _decode_body_first(
    post: Any, backend: Any, operation: Any, request: ApiRequest
) -> Response:
    try:
        answer: Response = await post(backend, operation, request)
    except Rejected as error:
        if error.status == 401:
            DECODE(backend, operation, request, await read_body(request, MEBIBYTE))
        raise
    return answer


def _has_reason(text: str) -> Condition:
    return lambda credential, _, __: text in credential.reason


def _accepting_defect(name: str, claim: str, reason: str, mutate: Mutation) -> Defect:
    return Defect(name, "credentials-refused", claim, f"{reason}: {ACCEPTED}", mutate)


ACCEPTING_DEFECTS: Final = (
    _accepting_defect(
        "a call without credentials is accepted",
        "unauthorized",
        "nothing",
        accept(UnusableCredentials, lambda credential, _, __: "missing" in credential.reason),
    ),
    _accepting_defect(
        "any password is accepted",
        "unauthorized",
        "a wrong password",
        accept(
            BasicCredentials,
            lambda credential, known, where: where is ONSITE and credential.user in known.users,
        ),
    ),
    _accepting_defect(
        "any user is accepted",
        "unauthorized",
        "an unknown user",
        accept(BasicCredentials, lambda credential, known, _: credential.user not in known.users),
    ),
    _accepting_defect(
        "Basic is accepted Online",
        "basic-onsite-only",
        "Basic Online",
        accept(
            BasicCredentials,
            lambda credential, known, _: known.users.get(credential.user) == credential.password,
        ),
    ),
    _accepting_defect(
        "any ticket is accepted",
        "unauthorized",
        "an unknown ticket",
        accept(Ticket, lambda *_: True),
    ),
    _accepting_defect(
        "a ticket needs no app token Online",
        "app-token-online",
        "a ticket without app token",
        accept(
            Ticket,
            lambda credential, known, _: (
                credential.value in known.tickets and not credential.app_token
            ),
        ),
    ),
    _accepting_defect(
        "any app token is accepted Online",
        "ticket-online",
        "a ticket with an unknown app token",
        accept(
            Ticket,
            lambda credential, known, _: credential.value in known.tickets and credential.app_token,
        ),
    ),
    _accepting_defect(
        "any access token is accepted",
        "unauthorized",
        "an unknown access token",
        accept(AccessToken, lambda *_: True),
    ),
    _accepting_defect(
        "Bearer is accepted onsite",
        "bearer-online-only",
        "Bearer onsite",
        accept(
            AccessToken,
            lambda credential, known, where: where is ONSITE and credential.value in known.tokens,
        ),
    ),
    _accepting_defect(
        "a ticket is accepted as Bearer",
        "bearer-online-only",
        "Bearer onsite",
        accept(AccessToken, lambda credential, known, _: credential.value in known.tickets),
    ),
    *(
        _accepting_defect(
            f"{name} is accepted",
            claim,
            name,
            accept(UnusableCredentials, _has_reason(reason)),
        )
        for name, reason, claim in (
            ("an unknown scheme", "unknown scheme", "credentials-malformed"),
            ("a scheme alone", "Basic without a value", "credentials-malformed"),
            ("bad base64", "not base64", "credentials-malformed"),
            ("no colon", "no colon", "credentials-malformed"),
            ("an empty ticket", "SOTicket without", "credentials-malformed"),
            ("an empty token", "Bearer without", "credentials-malformed"),
            ("an empty Authorization", "is empty", "authorization-decides"),
        )
    ),
    _accepting_defect(
        "of two Authorizations the first counts",
        "authorization-twice",
        "two Authorizations",
        change_object(
            "wire.headers.Headers.count",
            lambda count: lambda headers, name: min(count(headers, name), 1),
        ),
    ),
    _accepting_defect(
        "a session counts beside an empty Authorization",
        "authorization-decides",
        "an empty Authorization with a session",
        change_object("wire.headers.read_credentials", _ignore_empty_authorization),
    ),
    _accepting_defect(
        "the XSRF value is not checked",
        "xsrf-pair",
        "a session with another value",
        change_session(_accept_any_xsrf),
    ),
    _accepting_defect(
        "the XSRF value of any session is accepted",
        "xsrf-pair",
        "another session's value",
        change_session(_accept_any_session),
    ),
    _accepting_defect(
        "the cookie of a session alone is accepted",
        "xsrf-half",
        "the cookie of a session alone",
        _accept_half_session(b"cookie"),
    ),
    _accepting_defect(
        "an XSRF value alone is accepted",
        "xsrf-half",
        "the XSRF value of a session alone",
        _accept_half_session(b"x-xsrf-token"),
    ),
    _accepting_defect(
        "the grant is not checked",
        "grant",
        "without the EMail agent",
        replace_object("core.credentials.check_grant", lambda *_: None),
    ),
    Defect(
        "403 for an app without the EMail agent",
        "credentials-refused",
        "restricted-status",
        "without the EMail agent: expected 401, got 403",
        change_object(
            "core.credentials.check_grant",
            lambda check_grant: lambda principal, _: check_grant(principal, 403),
        ),
    ),
    Defect(
        "the body is checked first",
        "credentials-before-body",
        "order-credentials",
        "a broken body: expected 401, got 400",
        wrap_post(_decode_body_first),
    ),
)
