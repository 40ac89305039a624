"""The means to seed a defect in who is let in."""

from collections.abc import Callable
from typing import Any, Final

from superoffice_mock.core import credentials
from superoffice_mock.core.credentials import (
    Principal,
    SessionPair,
)
from superoffice_mock.core.sync_run import Installation
from tests.contract.mutants.patching import Vary, changing

SOMEBODY: Final = Principal("somebody")
ONSITE: Final = Installation.ONSITE
When = Callable[[Any, Any, Installation], object]


def _ruling(kind: type, verdict: Principal | Exception, when: When) -> Vary:
    """Decide otherwise on *kind* of credentials *when* that is true; else as ever."""

    def rules(original: dict[type, Any]) -> dict[type, Any]:
        def rule(presented: Any, known: Any, where: Installation) -> Principal:
            if not when(presented, known, where):
                found: Principal = original[kind](presented, known, where)
                return found
            if isinstance(verdict, Exception):
                raise verdict
            return verdict

        return {**original, kind: rule}

    return changing("core.credentials._IDENTIFY", rules)


def letting(kind: type, when: When) -> Vary:
    """Let *kind* of credentials in *when* that is true."""
    return _ruling(kind, SOMEBODY, when)


def refusing_some(kind: type, when: When) -> Vary:
    """Refuse *kind* of credentials *when* that is true."""
    return _ruling(kind, credentials.denied("Authorization", "no"), when)


def session(change: Callable[[SessionPair, Any], SessionPair]) -> Vary:
    """Look at sessions after *change* of what was presented."""

    def wrapped(rule: Callable[[SessionPair, Any], Principal]) -> Callable[..., Principal]:
        return lambda presented, sessions: rule(change(presented, sessions), sessions)

    return changing("core.credentials._session", wrapped)
