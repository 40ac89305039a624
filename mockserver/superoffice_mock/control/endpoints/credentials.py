"""Ending what lets callers in."""

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
from superoffice_mock.core.expiry import Credential, Kind, credentials, expired

_OWN: Final = (
    "GET /_mock/tenants/{id} shows those of a made tenant, those of others are in the "
    "configuration, or in the README's demo world"
)


class EndSession(RequestBody):
    """Which session ends."""

    example: ClassVar[str] = '{"session": "demo-session"}'
    session: str


class Expire(RequestBody):
    """What expires; without a member all does."""

    example: ClassVar[str] = (
        '{"ticket": "7T:demo-ticket"}, {"access_token": …}, {"session": …}, or {} for all'
    )
    ticket: str | None = None
    access_token: str | None = None
    session: str | None = None

    @property
    def named(self) -> list[Credential]:
        """What the members name."""
        values = {
            Kind.TICKET: self.ticket,
            Kind.TOKEN: self.access_token,
            Kind.SESSION: self.session,
        }
        return [Credential(kind, value) for kind, value in values.items() if value is not None]


async def _end_session(asked: ControlRequest) -> View:
    session = asked.read(EndSession).session
    try:
        asked.tenant.transact(lambda state: (state.without_session(session), None))
    except KeyError:
        told = f"{asked.tenant.facts.id} has no open session of that id; {_OWN}"
        raise problem(404, told) from None
    return {"sessions": len(asked.tenant.state.sessions)}


async def _expire(asked: ControlRequest) -> View:
    named, facts = asked.read(Expire).named, asked.tenant.facts
    known = list(credentials(facts.known, facts.sessions))
    for one in named:
        if one not in known:
            raise problem(404, f"{facts.id} has no such {one.kind}; {_OWN}")
    those, now = named or known, asked.tenant.now()
    asked.tenant.transact(lambda state: (state.with_ends(expired(state.ends, now, *those)), None))
    counts = Counter(one.kind for one in those)
    return {
        "expired": {
            "tickets": counts[Kind.TICKET],
            "tokens": counts[Kind.TOKEN],
            "sessions": counts[Kind.SESSION],
        }
    }


VERBS: Final[ControlPaths] = {
    "/sessions/end": {
        "POST": ControlMethod(
            _end_session,
            summary="ends a web session",
            takes=EndSession,
            answers="Sessions",
            refuses=(404,),
        )
    },
    "/credentials/expire": {
        "POST": ControlMethod(
            _expire,
            summary="lets a ticket, an access token or a session expire now, or all of them",
            takes=Expire,
            answers="Expired",
            refuses=(404,),
        )
    },
}
