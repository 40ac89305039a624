"""Control calls that end sessions and let credentials expire."""

from collections import Counter
from typing import ClassVar, Final

from msgspec.structs import replace

from superoffice_mock.control.errors import ProblemError
from superoffice_mock.control.request import ControlMethod, ControlRequest, RequestBody, View
from superoffice_mock.core.expiry import (
    CredentialKind,
    ExpiringCredential,
    expire,
    known_expiring_credentials,
)

_WHERE_TO_LOOK: Final = (
    "GET /_mock/tenants/{id} shows the credentials of a temporary tenant; those of others are in "
    "the configuration, or in the README's table of demo tenants"
)


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
