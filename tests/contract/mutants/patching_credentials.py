"""Helpers that seed a defect in which credentials are accepted."""

from collections.abc import Callable
from typing import Any, Final

from superoffice_mock.core import credentials
from superoffice_mock.core.credentials import Principal, SessionCredentials
from superoffice_mock.core.sync_run import Installation
from tests.contract.mutants.patching import Mutation, change_object

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
    return _replace_rule(type_, credentials.unauthorized_error("Authorization", "no"), condition)


def change_session(change: Callable[[SessionCredentials, Any], SessionCredentials]) -> Mutation:
    """Change the session of a request before it is looked up."""

    def wrap(identify: Callable[[SessionCredentials, Any], Principal]) -> Callable[..., Principal]:
        return lambda credential, sessions: identify(change(credential, sessions), sessions)

    return change_object("core.credentials._identify_session", wrap)
