"""Control calls that list credentials, end sessions and let credentials expire."""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import ClassVar, Final

from msgspec.structs import replace

from superoffice_contract.messages import SESSION_COOKIE
from superoffice_mock.control.errors import ProblemError
from superoffice_mock.control.pieces import View
from superoffice_mock.control.request import ControlMethod, ControlRequest, RequestBody
from superoffice_mock.core.credentials import APP_TOKEN, AUTHORIZATION, XSRF_TOKEN
from superoffice_mock.core.expiry import (
    CredentialKind,
    ExpiringCredential,
    expire,
    known_expiring_credentials,
)
from superoffice_mock.core.state import TenantState

MAX_LISTED: Final = 20
"""The most sign-ins, and the most apps, that are listed."""
_WHERE_TO_LOOK: Final = "GET /_mock/credentials lists those of the tenant"


async def _list_credentials(request: ControlRequest) -> View:
    state, is_online = request.tenant.state, request.tenant.facts.installation == "online"
    sign_ins = islice(_sign_ins(state, is_online=is_online), MAX_LISTED)
    apps = {app.name: app for app in state.known_credentials.apps.values()}
    return {
        "sign_ins": [*sign_ins],
        "apps": [
            {
                "app": app.name,
                "app_token": app.token,
                "client_id": app.client_id or None,
                "system_user_token": app.system_user_token,
                "granted": app.email_agent,
            }
            for app in [*apps.values()][:MAX_LISTED]
        ],
    }


def _sign_ins(state: TenantState, *, is_online: bool) -> Iterator[View]:
    """Yield what signs in a caller: its name, its values, and the headers to send."""
    known = state.known_credentials
    app = next(iter(known.apps.values()), None)
    for user, password in () if is_online else known.users.items():
        pair = b64encode(f"{user}:{password}".encode()).decode()
        values = {"user": user, "password": password}
        yield _sign_in(f"{user}, with a password", values, {AUTHORIZATION: f"Basic {pair}"})
    for value, its_app in known.tokens.items() if is_online else ():
        headers = {AUTHORIZATION: f"Bearer {value}"}
        yield _sign_in(f"access token of {its_app.name}", {"access_token": value}, headers)
    for ticket in sorted(known.tickets):
        headers, values = {AUTHORIZATION: f"SOTicket {ticket}"}, {"ticket": ticket}
        if is_online:
            if app is None:
                continue
            headers[APP_TOKEN] = values["app_token"] = app.token
        yield _sign_in("ticket", values, headers)
    for session in state.sessions.values():
        values = {"session": session.id, "xsrf": session.xsrf}
        headers = {"Cookie": f"{SESSION_COOKIE}={session.id}", XSRF_TOKEN: session.xsrf}
        yield _sign_in(f"web session of {session.user}", values, headers)


def _sign_in(name: str, values: Mapping[str, str], headers: Mapping[str, str]) -> View:
    return {"name": name, "values": values, "headers": headers}


class EndSession(RequestBody):
    """The session to end."""

    example: ClassVar[str] = '{"session": "demo-session"}'
    session: str


class Expire(RequestBody):
    """The credentials that expire; without a member, all of them."""

    example: ClassVar[str] = (
        '{"ticket": "7T:demo-ticket"}, {"access_token": …}, {"session": …}, or {} for all'
    )
    ticket: str | None = None
    access_token: str | None = None
    session: str | None = None


async def _end_session(request: ControlRequest) -> View:
    session = request.decode_body(EndSession).session
    try:
        request.tenant.change_state(request.tenant.state.without_session(session))
    except KeyError:
        detail = f"{request.tenant.facts.id} has no open session of that id; {_WHERE_TO_LOOK}"
        raise ProblemError(404, detail) from None
    return {"sessions": len(request.tenant.state.sessions)}


async def _expire_credentials(request: ControlRequest) -> View:
    body, facts = request.decode_body(Expire), request.tenant.facts
    values = zip(CredentialKind, (body.ticket, body.access_token, body.session), strict=True)
    named_credentials = [
        ExpiringCredential(kind, value) for kind, value in values if value is not None
    ]
    known = request.tenant.state.known_credentials
    known_credentials = list(known_expiring_credentials(known, facts.sessions))
    for credential in named_credentials:
        if credential not in known_credentials:
            raise ProblemError(404, f"{facts.id} has no such {credential.kind}; {_WHERE_TO_LOOK}")
    credentials, now = named_credentials or known_credentials, request.tenant.now()
    state = request.tenant.state
    expiry_times = expire(state.expiry_times, now, *credentials)
    request.tenant.change_state(replace(state, expiry_times=expiry_times))
    counts = Counter(credential.kind for credential in credentials)
    return {"expired": {kind.plural: counts[kind] for kind in CredentialKind}}


CALLS: Final = {
    "GET /credentials": ControlMethod(
        _list_credentials, "lists what signs callers in at the tenant", "SignIns"
    ),
    "POST /sessions/end": ControlMethod(
        _end_session, "ends a web session", "Sessions", EndSession, errors=(404,)
    ),
    "POST /credentials/expire": ControlMethod(
        _expire_credentials,
        "lets a ticket, an access token or a session expire now, or all of them",
        "Expired",
        Expire,
        errors=(404,),
    ),
}
