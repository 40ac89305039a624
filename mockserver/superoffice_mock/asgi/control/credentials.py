"""Ending what lets callers in."""

from typing import ClassVar, Final

from superoffice_mock.asgi.control.calls import Asked, Sent, Verb, Verbs
from superoffice_mock.asgi.control.problems import problem
from superoffice_mock.asgi.control.views import View


class EndSession(Sent):
    """Which session ends."""

    example: ClassVar[str] = '{"session": "demo-session"}'
    session: str


async def _end_session(asked: Asked) -> View:
    session = asked.read(EndSession).session
    try:
        asked.tenant.transact(lambda state: (state.without_session(session), None))
    except KeyError:
        raise problem(404, "no open session of that id") from None
    return {"sessions": len(asked.tenant.state.sessions)}


VERBS: Final[Verbs] = {"/sessions/end": {"POST": Verb(_end_session)}}
