"""Defects in which credentials are accepted or refused, and in when they expire."""

from collections.abc import Callable
from typing import Any, Final

from superoffice_mock.core.credentials import (
    AccessToken,
    BasicCredentials,
    Principal,
    SessionCredentials,
    Ticket,
    UnusableCredentials,
    unauthorized_error,
)
from superoffice_mock.core.expiry import CredentialKind
from superoffice_mock.core.sync_run import Installation
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.entry import Entry
from superoffice_mock.webapi.request import ApiRequest, read_body
from superoffice_mock.webapi.response import Response
from superoffice_mock.wire.headers import Headers
from superoffice_mock.wire.query import NO_QUERY
from tests.contract.bodies.builders import MEBIBYTE
from tests.contract.mutants.patching import (
    Mutation,
    Seeds,
    change_object,
    replace_object,
    wrap_call,
    wrap_function,
)

ACCEPTED, REFUSED = "expected 401, got 204", "expected 204, got 401"
ANY_PRINCIPAL: Final = Principal("somebody")
ONSITE: Final = Installation.ONSITE
Condition = Callable[[Any, Any, Installation], object]


def _replace_rule(type_: type, verdict: Principal | Exception, condition: Condition) -> Mutation:
    """Decide with *verdict* on credentials of *type_* that fulfil *condition*."""

    def replace(original: dict[type, Any]) -> dict[type, Any]:
        def identify(credential: Any, known: Any, installation: Installation) -> Principal:
            if not condition(credential, known, installation):
                principal: Principal = original[type_](credential, known, installation)
                return principal
            if isinstance(verdict, Exception):
                raise verdict
            return verdict

        return {**original, type_: identify}

    return change_object("core.credentials._IDENTIFY", replace)


def accept(type_: type, condition: Condition) -> Mutation:
    """Accept credentials of *type_* that fulfil *condition*."""
    return _replace_rule(type_, ANY_PRINCIPAL, condition)


def refuse(type_: type, condition: Condition) -> Mutation:
    """Refuse credentials of *type_* that fulfil *condition*."""
    return _replace_rule(type_, unauthorized_error("Authorization", "no"), condition)


def change_session(change: Callable[[SessionCredentials, Any], SessionCredentials]) -> Mutation:
    """Change the session of a request before it is looked up."""
    return wrap_function(
        "core.credentials._identify_session",
        lambda identify, credential, sessions: identify(change(credential, sessions), sessions),
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

    def read_half(read: Any, headers: Any) -> Any:
        session = read(headers)
        is_half = headers.get(half) is not None and isinstance(session, UnusableCredentials)
        return BasicCredentials("tje0", "Tje0") if is_half else session

    return wrap_function("wire.headers._read_session", read_half)


def _ignore_empty_authorization(read: Any, headers: Any) -> Any:
    if headers.get(b"authorization") == "":
        return read(Headers([pair for pair in headers.raw if pair[0] != b"authorization"]))
    return read(headers)


async def _decode_body_first(
    handle: Any, backend: Any, entry: Entry, request: ApiRequest
) -> Response:
    try:
        answer: Response = await handle(backend, entry, request)
    except Rejected as error:
        if error.status == 401:
            raw = await read_body(request, MEBIBYTE)
            backend.read_call(entry, request, NO_QUERY, raw, request.route.tenant.now())
        raise
    return answer


def _has_reason(text: str) -> Condition:
    return lambda credential, _, __: text in credential.reason


ACCEPTING_DEFECTS: Final[Seeds] = {
    "a call without credentials is accepted": (
        f"nothing: {ACCEPTED}",
        accept(UnusableCredentials, lambda credential, _, __: "missing" in credential.reason),
    ),
    "any password is accepted": (
        f"a wrong password: {ACCEPTED}",
        accept(
            BasicCredentials,
            lambda credential, known, where: where is ONSITE and credential.user in known.users,
        ),
    ),
    "any user is accepted": (
        f"an unknown user: {ACCEPTED}",
        accept(BasicCredentials, lambda credential, known, _: credential.user not in known.users),
    ),
    "Basic is accepted Online": (
        f"Basic Online: {ACCEPTED}",
        accept(
            BasicCredentials,
            lambda credential, known, _: known.users.get(credential.user) == credential.password,
        ),
    ),
    "any ticket is accepted": (f"an unknown ticket: {ACCEPTED}", accept(Ticket, lambda *_: True)),
    "a ticket needs no app token Online": (
        f"a ticket without app token: {ACCEPTED}",
        accept(
            Ticket,
            lambda credential, known, _: (
                credential.value in known.tickets and not credential.app_token
            ),
        ),
    ),
    "any app token is accepted Online": (
        f"a ticket with an unknown app token: {ACCEPTED}",
        accept(
            Ticket,
            lambda credential, known, _: credential.value in known.tickets and credential.app_token,
        ),
    ),
    "any access token is accepted": (
        f"an unknown access token: {ACCEPTED}",
        accept(AccessToken, lambda *_: True),
    ),
    "Bearer is accepted onsite": (
        f"Bearer onsite: {ACCEPTED}",
        accept(
            AccessToken,
            lambda credential, known, where: where is ONSITE and credential.value in known.tokens,
        ),
    ),
    "a ticket is accepted as Bearer": (
        f"a ticket as Bearer: {ACCEPTED}",
        accept(AccessToken, lambda credential, known, _: credential.value in known.tickets),
    ),
    **{
        f"{name} is accepted": (
            f"{name}: {ACCEPTED}",
            accept(UnusableCredentials, _has_reason(reason)),
        )
        for name, reason in (
            ("an unknown scheme", "unknown scheme"),
            ("a scheme alone", "Basic without a value"),
            ("bad base64", "not base64"),
            ("no colon", "no colon"),
            ("an empty ticket", "SOTicket without"),
            ("an empty token", "Bearer without"),
            ("an empty Authorization", "is empty"),
        )
    },
    "of two Authorizations the first counts": (
        f"two Authorizations: {ACCEPTED}",
        wrap_function("wire.headers.Headers.count", lambda count, *found: min(count(*found), 1)),
    ),
    "a session counts beside an empty Authorization": (
        f"an empty Authorization with a session: {ACCEPTED}",
        wrap_function("wire.headers.read_credentials", _ignore_empty_authorization),
    ),
    "the XSRF value is not checked": (
        f"a session with another value: {ACCEPTED}",
        change_session(_accept_any_xsrf),
    ),
    "the XSRF value of any session is accepted": (
        f"another session's value: {ACCEPTED}",
        change_session(_accept_any_session),
    ),
    "the cookie of a session alone is accepted": (
        f"a session cookie alone: {ACCEPTED}",
        _accept_half_session(b"cookie"),
    ),
    "an XSRF value alone is accepted": (
        f"an XSRF value alone: {ACCEPTED}",
        _accept_half_session(b"x-xsrf-token"),
    ),
    "the grant is not checked": (
        f"without the EMail agent: {ACCEPTED}",
        replace_object("core.credentials.check_grant", lambda *_: None),
    ),
    "403 for an app without the EMail agent": (
        "without the EMail agent: expected 401, got 403",
        wrap_function(
            "core.credentials.check_grant",
            lambda check_grant, principal, agent, _: check_grant(principal, agent, 403),
        ),
    ),
    "the body is checked first": (
        "a broken body: expected 401, got 400",
        wrap_call(_decode_body_first),
    ),
}

# ---- expiry -----------------------------------------------------------------------------------


def _treat_password_as_ticket(find: Any, credential: Any) -> Any:
    is_password = isinstance(credential, BasicCredentials)
    return find(Ticket("7T:demo-ticket", None) if is_password else credential)


EXPIRY_DEFECTS: Final[Seeds] = {
    "expired credentials are accepted": (
        "once they expired: expected 401, got 204",
        replace_object("tenants.state_holder.record_use", lambda _, ends, *__: ends),
    ),
    "a ticket is not renewed by its use": (
        "app token when use should have renewed them: expected 204, got 401",
        replace_object("core.expiry.SLIDING", {CredentialKind.SESSION}),
    ),
    "a session is not renewed by its use": (
        "a session among other cookies when use should have renewed them: expected 204, got 401",
        replace_object("core.expiry.SLIDING", {CredentialKind.TICKET}),
    ),
    "an access token is renewed by its use": (
        "Bearer with an unknown app token when use should have renewed them: expected 401, got 204",
        replace_object("core.expiry.SLIDING", set(CredentialKind)),
    ),
    "a password expires as well": (
        "an empty password once they expired: expected 204, got 401",
        wrap_function("tenants.state_holder.expiring_credential", _treat_password_as_ticket),
    ),
}

# ---- valid credentials that are refused -------------------------------------------------------


def _match_scheme_case(parse: Any, value: str, headers: Any) -> Any:
    if value.partition(" ")[0] in ("Basic", "SOTicket", "Bearer", "Digest"):
        return parse(value, headers)
    return UnusableCredentials("Authorization", "unknown scheme")


def _refuse_several_cookies(find: Any, headers: Any, name: str) -> Any:
    return None if ";" in headers.get(b"cookie") else find(headers, name)


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
        f"SOTicket with an unknown app token: {REFUSED}",
        refuse(Ticket, lambda credential, _, where: where is ONSITE and credential.app_token),
    ),
    "schemes are case-sensitive": (
        f"basic, in lower case: {REFUSED}",
        wrap_function("wire.headers._read_authorization", _match_scheme_case),
    ),
    "a session cookie among others is not found": (
        f"a session among other cookies: {REFUSED}",
        wrap_function("wire.headers._find_cookie", _refuse_several_cookies),
    ),
    "sessions are not known": (
        f"a session with its XSRF value: {REFUSED}",
        change_session(lambda credential, _: SessionCredentials("", credential.xsrf)),
    ),
}
