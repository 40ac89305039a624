"""Plain values, what every media type is read into, and the notes taken while reading."""

import re
from typing import Final

import msgspec

from superoffice_contract.openapi.schemas import Scalar
from superoffice_mock.core.journal import MAX_VIOLATIONS
from superoffice_mock.errors import Rejected

Plain = dict[str, "Plain"] | list["Plain"] | str | int | float | bool | None
"""JSON's data model, members under the names of the description."""

MAX_DEPTH: Final = 100
"""How deep XML elements may nest."""
SPARE_PARTS: Final = 1_000
"""How many more elements or fields a body may have than described ones would fit into it."""
LONGEST_SHOWN: Final = 60
_INTEGER: Final = re.compile(r"[ \t\r\n]*([+-]?[0-9]{1,20})[ \t\r\n]*")


class Misnamed(str):
    """Stands where an element of another name belongs, and says so."""

    __slots__ = ()


class Notes(msgspec.Struct):
    """What a reader finds on its way, and how much it may find."""

    max_items: int
    violations: list[str] = msgspec.field(default_factory=list)

    @property
    def full(self) -> bool:
        """Tell whether there is no more room for notes."""
        return len(self.violations) >= MAX_VIOLATIONS

    def unknown_member(self, where: str, name: str) -> None:
        """Note a member that the description does not have (claim unknown-members)."""
        if not self.full:
            self.note(f"{where}/{shorten(name)}: unknown member, ignored")

    def note(self, violation: str) -> None:
        """Note *violation*, as long as there is room."""
        if not self.full:
            self.violations.append(violation)

    def check_count(self, count: int, where: str) -> None:
        """Raise Rejected (413) if an array has more items than are allowed."""
        if count > self.max_items:
            reason = f"more than {self.max_items} items; send at most that many in one call"
            raise Rejected(413, where, reason)


def most_parts(text: str, shortest: int) -> int:
    """Return how many elements or fields *text* may have; *shortest* is a described one's length.

    So bodies of many tiny unknown parts cost no more than those that are of use.
    """
    return SPARE_PARTS + len(text) // shortest


def too_many(most: int, parts: str) -> Rejected:
    """Return the 413 for a body with more than *most* of *parts*."""
    return Rejected(413, "", f"more than {most} {parts} in a body of this size; send fewer")


def from_text(text: str, shape: Scalar) -> Plain:
    """Return the integer that *text* spells where one belongs, else *text* as it is."""
    spelt = _INTEGER.fullmatch(text) if "integer" in shape.types else None
    return text if spelt is None else int(spelt[1])


def shorten(text: str) -> str:
    """Return *text* short enough for a message, without control characters."""
    clean = "".join(one if one.isprintable() else "\ufffd" for one in text[: LONGEST_SHOWN + 1])
    return clean if len(clean) <= LONGEST_SHOWN else clean[:LONGEST_SHOWN] + "…"
