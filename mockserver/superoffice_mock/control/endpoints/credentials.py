"""Control calls that end sessions and let credentials expire."""

from collections import Counter
from typing import ClassVar, Final

from superoffice_mock.control.errors import problem
from superoffice_mock.control.request import (
    ControlMethod,
    ControlPaths,
    ControlRequest,
    RequestBody,
)
from superoffice_mock.control.views import View
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

    @property
    def credentials(self) -> list[ExpiringCredential]:
        """The credentials that the members name."""
        values = {
            CredentialKind.TICKET: self.ticket,
            CredentialKind.TOKEN: self.access_token,
            CredentialKind.SESSION: self.session,
        }
        return [
            ExpiringCredential(kind, value) for kind, value in values.items() if value is not None
        ]


async def _end_session(request: ControlRequest) -> View:
    session = request.decode_body(EndSession).session
    try:
        request.tenant.transact(lambda state: (state.without_session(session), None))
    except KeyError:
        detail = f"{request.tenant.facts.id} has no open session of that id; {_WHERE_TO_LOOK}"
        raise problem(404, detail) from None
    return {"sessions": len(request.tenant.state.sessions)}


async def _expire_credentials(request: ControlRequest) -> View:
    named_credentials, facts = request.decode_body(Expire).credentials, request.tenant.facts
    known_credentials = list(known_expiring_credentials(facts.known_credentials, facts.sessions))
    for credential in named_credentials:
        if credential not in known_credentials:
            raise problem(404, f"{facts.id} has no such {credential.kind}; {_WHERE_TO_LOOK}")
    credentials, now = named_credentials or known_credentials, request.tenant.now()
    request.tenant.transact(
        lambda state: (state.with_expiry_times(expire(state.expiry_times, now, *credentials)), None)
    )
    counts = Counter(credential.kind for credential in credentials)
    return {
        "expired": {
            "tickets": counts[CredentialKind.TICKET],
            "tokens": counts[CredentialKind.TOKEN],
            "sessions": counts[CredentialKind.SESSION],
        }
    }


PATHS: Final[ControlPaths] = {
    "/sessions/end": {
        "POST": ControlMethod(
            _end_session,
            summary="ends a web session",
            body=EndSession,
            response="Sessions",
            errors=(404,),
        )
    },
    "/credentials/expire": {
        "POST": ControlMethod(
            _expire_credentials,
            summary="lets a ticket, an access token or a session expire now, or all of them",
            body=Expire,
            response="Expired",
            errors=(404,),
        )
    },
}
