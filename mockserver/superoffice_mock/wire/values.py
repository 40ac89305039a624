"""Plain values, the common form of all media types, and what the body readers share."""

import re
from typing import Final

import msgspec

from superoffice_contract.openapi.schemas import Scalar
from superoffice_mock.core.journal import MAX_VIOLATIONS
from superoffice_mock.errors import Rejected

Plain = dict[str, "Plain"] | list["Plain"] | str | int | float | bool | None
"""A value of JSON's data model; members have the names that the description gives them."""

MAX_DEPTH: Final = 100
"""How deep XML elements and form keys may nest."""
MAX_EXTRA_PARTS: Final = 1_000
"""How many more elements or fields a body may have than described ones would fit into it."""
MAX_SHOWN_CHARS: Final = 60
_INTEGER: Final = re.compile(r"[ \t\r\n]*([+-]?[0-9]{1,20})[ \t\r\n]*")


class WrongElement(str):
    """An error message, stored in the place of an XML element that has the wrong name."""

    __slots__ = ()


class BodyNotes(msgspec.Struct):
    """Violations found while a body is read, and the limit for its arrays."""

    max_items: int
    violations: list[str] = msgspec.field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Return whether no more notes are kept."""
        return len(self.violations) >= MAX_VIOLATIONS

    def add_unknown_member(self, where: str, name: str) -> None:
        """Note a member that the description does not have (claim unknown-members)."""
        if not self.is_full:
            self.add(f"{where}/{shorten(name)}: unknown member, ignored")

    def add(self, violation: str) -> None:
        """Note *violation* unless the notes are full."""
        if not self.is_full:
            self.violations.append(violation)

    def check_count(self, count: int, where: str) -> None:
        """Raise Rejected (413) if an array has more items than are allowed."""
        if count > self.max_items:
            reason = f"more than {self.max_items} items; send at most that many in one call"
            raise Rejected(413, where, reason)


def max_parts(text: str, shortest: int) -> int:
    """Return how many elements or fields *text* may have.

    *shortest* is the length of the shortest described one. The limit keeps bodies of many tiny
    unknown parts from taking more time than valid bodies of the same size.
    """
    return MAX_EXTRA_PARTS + len(text) // shortest


def too_many_parts(limit: int, parts: str) -> Rejected:
    """Return the 413 for a body with more than *limit* of *parts*."""
    return Rejected(413, "", f"more than {limit} {parts} in a body of this size; send fewer")


def parse_scalar(text: str, shape: Scalar) -> Plain:
    """Return *text* as an integer where *shape* allows one and *text* is one, else *text*."""
    match = _INTEGER.fullmatch(text) if "integer" in shape.types else None
    return text if match is None else int(match[1])


def shorten(text: str) -> str:
    """Return *text* cut to a length that fits a message, without control characters."""
    clean = "".join(
        char if char.isprintable() else "\ufffd" for char in text[: MAX_SHOWN_CHARS + 1]
    )
    return clean if len(clean) <= MAX_SHOWN_CHARS else clean[:MAX_SHOWN_CHARS] + "…"
