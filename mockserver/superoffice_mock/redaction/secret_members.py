"""Redacts the members of a body that the description marks as passwords, and keeps the others."""

from collections.abc import Callable, Set
from functools import cache
from typing import Final

from superoffice_contract.bodies.decode import decode
from superoffice_contract.errors import InvalidBody
from superoffice_contract.openapi.operations import Operation, read_document
from superoffice_mock.recordings.pseudonyms import Pseudonyms
from superoffice_mock.redaction.allow_list import AllowList
from superoffice_mock.redaction.bodies import redact_text
from superoffice_mock.redaction.rules import Rules

MARK: Final = "[redacted]"


class SecretRules(Rules, frozen=True):
    """Replaces the values of members with *secret_names*, in lower case, by a mark."""

    secret_names: Set[str] = frozenset()

    def _replace(self, _: str, value: str, __: Callable[[str], str]) -> str:
        """Return *value*: it stands where no member does."""
        return value

    def name(self, name: str, *, is_data: bool = False) -> str:  # noqa: ARG002 - as in Rules
        """Return *name*."""
        return name

    def text(self, member: str, value: str) -> str:
        """Return *value*, or the mark in its place."""
        return MARK if value and member.lower() in self.secret_names else value

    text_or_number = text

    def number(self, _: str, digits: str) -> str:
        """Return *digits*: a password that is a number makes a body invalid."""
        return digits


@cache
def _make_rules(secret_names: Set[str]) -> SecretRules:
    nothing = AllowList(read_document({"paths": {}}))
    return SecretRules(Pseudonyms(), nothing, secret_names=secret_names)


def redact(raw: bytes, content_type: str | None, operation: Operation) -> bytes:
    """Return the body *raw* of a call of *operation* without its passwords; nothing if invalid.

    In an invalid body, a password may be in a place where none is expected.
    """
    try:
        decode(operation.bodies, content_type, raw)
    except InvalidBody:
        return b""
    redacted = redact_text(raw, content_type or "", _make_rules(operation.secret_names))
    return redacted if isinstance(redacted, bytes) else b""
