"""Plain values, the common form of all media types, and what the body readers share."""

import re
from typing import Final

import msgspec

from superoffice_contract.errors import InvalidBody
from superoffice_contract.messages import quote_name, shorten
from superoffice_contract.openapi.schemas import ObjectShape, Scalar, Shape

Plain = dict[str, "Plain"] | list["Plain"] | str | int | float | bool | None
"""A value of JSON's data model; members have the names that the description gives them."""

NO_LIMIT: Final = 1_000_000_000
"""For arrays that may have any number of items."""
MAX_NOTES: Final = 20
"""How many unknown members of a body are noted."""
MAX_DEPTH: Final = 100
"""How deep XML elements and form keys may nest."""
MAX_EXTRA_PARTS: Final = 1_000
"""How many more elements or fields a body may have than described ones would fit into it."""
_INTEGER: Final = re.compile(r"[ \t\r\n]*([+-]?[0-9]{1,20})[ \t\r\n]*")
_NUMBER: Final = re.compile(
    r"[ \t\r\n]*([+-]?[0-9]{1,100}(?:\.[0-9]{1,100})?(?:[eE][+-]?[0-9]{1,2})?)[ \t\r\n]*"
)
_BOOLEANS: Final = {"true": True, "false": False}


class BodyNotes(msgspec.Struct):
    """What is noted while a body is read, and the limit for its arrays.

    *hide_text* leaves out of all messages what may be a secret. The client that sent a body may
    read its own text, but a recording may hold a secret where no one expects it. *is_form* says
    whether the body is a form. *wrong_elements* has, by place, what is wrong with an XML element
    that is not the item of its array; the value there is empty text.
    """

    max_items: int = NO_LIMIT
    hide_text: bool = False
    is_form: bool = False
    unknown_members: list[tuple[str, str]] = msgspec.field(default_factory=list)
    wrong_elements: dict[str, str] = msgspec.field(default_factory=dict)
    arrays_with_gaps: list[str] = msgspec.field(default_factory=list)

    def quote(self, name: str, otherwise: str) -> str:
        """Return *name* as a message may show it, or *otherwise* if it may be a secret."""
        return quote_name(name, otherwise) if self.hide_text else shorten(name)

    def place(self, where: str, name: str, parent: Shape | None) -> str:
        """Return the place of the member *name* of *parent*; only in a dictionary it is data."""
        is_data = isinstance(parent, ObjectShape) and parent.values is not None
        return f"{where}/{self.quote(name, 'a member') if is_data else name}"

    def add_unknown_member(self, where: str, name: str) -> None:
        """Note a member that the description does not have (claim unknown-members)."""
        if len(self.unknown_members) < MAX_NOTES:
            self.unknown_members.append((where, name))

    def check_count(self, count: int, where: str) -> None:
        """Raise InvalidBody (413) if an array has more items than are allowed."""
        if count > self.max_items:
            reason = f"more than {self.max_items} items; send at most that many in one call"
            raise InvalidBody(413, where, reason, ("body-limit",))


def check_parts(count: int, length: int, shortest: int, parts: str) -> int:
    """Return how many of *parts*, elements or fields, a text of *length* may have.

    *shortest* is the length of the shortest described one. Raise InvalidBody (413) if *count* is
    higher: many tiny unknown parts would take more time than a valid body of the same size.
    """
    limit = MAX_EXTRA_PARTS + length // shortest
    if count > limit:
        reason = f"more than {limit} {parts} in a body of this size; send fewer"
        raise InvalidBody(413, "", reason, ("body-limit",))
    return limit


def parse_scalar(text: str, shape: Scalar) -> Plain:
    """Return *text* as the number or boolean that it is, if *shape* allows that; else *text*."""
    types = shape.types
    if "integer" in types and len(text) < 20 and text.isdigit() and text.isascii():
        return int(text)  # most are so, and a pattern takes longer
    if "integer" in types and (match := _INTEGER.fullmatch(text)):
        return int(match[1])
    if "number" in types and (match := _NUMBER.fullmatch(text)):
        return float(match[1])
    return _BOOLEANS.get(text.strip(" \t\r\n").lower(), text) if "boolean" in types else text
