"""Keeps of a body what the description names and does not mark as a password."""

from collections.abc import Callable, Iterator, Set
from functools import cache
from typing import Final

from superoffice_contract.bodies.decode import decode
from superoffice_contract.bodies.writers import item_name
from superoffice_contract.errors import InvalidBody
from superoffice_contract.openapi.operations import Operation, read_document
from superoffice_contract.openapi.schemas import ArrayShape, Scalar, Shape, children_of, walk
from superoffice_mock.recordings.pseudonyms import Pseudonyms
from superoffice_mock.redaction.allow_list import AllowList
from superoffice_mock.redaction.bodies import redact_text
from superoffice_mock.redaction.rules import Rules

MARK: Final = "[redacted]"
_NAME_MARK: Final = "redacted"


class SecretRules(Rules, frozen=True):
    """Replaces each value by a mark, but in members with *readable* names, in lower case.

    *parents* are the names of described members that have members. Below any other member all is
    its value, whatever the names there, but for the items of a list in XML. An unknown name stays
    where syntax shows that it is one; with *hide_names* it does not, as it may be the rest of a
    cut value.
    """

    readable: Set[str] = frozenset()
    parents: Set[str] = frozenset()
    hide_names: bool = False

    def _replace(self, _: str, value: str, __: Callable[[str], str]) -> str:
        """Return the mark: *value* stands where no member does, or in an attribute."""
        return value and MARK

    def member_in(self, parent: str, name: str) -> str:
        """Return *name*, or a name that is not readable if *parent* has no members."""
        item = f"{parent}/{name}"
        if item.lower() in self.readable:
            return item
        return name if not parent or parent.lower() in self.parents else MARK

    def name(self, name: str, *, is_data: bool = False) -> str:  # noqa: ARG002 - as in Rules
        """Return *name*, or a mark in its place."""
        is_known = name.lower() in self.parents | self.readable
        return name if is_known or not self.hide_names else _NAME_MARK

    def text(self, member: str, value: str) -> str:
        """Return *value*, or the mark in its place."""
        return MARK if value and member.lower() not in self.readable else value

    text_or_number = text

    def number(self, member: str, digits: str) -> str:
        """Return *digits*, or the mark as a string."""
        return digits if member.lower() in self.readable else f'"{MARK}"'


@cache
def _nothing() -> AllowList:
    return AllowList(read_document({"paths": {}}))


def _make_rules(operation: Operation, *, is_form: bool) -> SecretRules:
    readable, parents = set[str](), set[str]()
    for body in operation.bodies.values():
        parents.add(item_name(body.shape).lower())
        for name, shape in _described_names(body.shape):
            if isinstance(shape, ArrayShape) and isinstance(shape.items, Scalar):
                readable |= {name.lower(), f"{name}/{item_name(shape.items)}".lower()}
            else:
                (readable if isinstance(shape, Scalar) else parents).add(name.lower())
    return SecretRules(
        Pseudonyms(),
        _nothing(),
        readable=readable - operation.secret_names,
        parents=parents - operation.secret_names,
        hide_names=is_form,
    )


def _described_names(root: Shape) -> Iterator[tuple[str, Shape]]:
    """Yield the names of all members in *root* and of all items in XML, each with its shape."""
    for _, part in walk(root):
        for step, shape in children_of(part):
            is_item = isinstance(step, int)
            if not (is_item and isinstance(shape, Scalar)):  # such an item goes with its list
                yield item_name(shape) if is_item else str(step), shape


def redact(raw: bytes, content_type: str | None, operation: Operation) -> bytes:
    """Return the body *raw* of a call of *operation* without its passwords; nothing if invalid.

    In an invalid body, a password may be in a place where none is expected. In a valid one, it may
    have a misspelled name.
    """
    try:
        decode(operation.bodies, content_type, raw)
    except InvalidBody:
        return b""
    is_form = "form" in (content_type or "").lower()
    redacted = redact_text(raw, content_type or "", _make_rules(operation, is_form=is_form))
    return redacted if isinstance(redacted, bytes) else b""
