"""XML bodies: by local name, any namespace, any order, without DTDs and entities.

The body is decoded here and handed to expat as text, so that what was looked at is what is
parsed: a DTD can't hide in another encoding, and it is refused before expat sees it. Expat does
not resolve namespaces: it would copy their names, however long, to every element.
"""

import re
from collections.abc import Mapping
from typing import Final
from xml.parsers import expat

from superoffice_contract.openapi.charsets import CHARSETS
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Scalar, Shape
from superoffice_mock.errors import Rejected
from superoffice_mock.wire import content_type
from superoffice_mock.wire.values import (
    MAX_DEPTH,
    Misnamed,
    Notes,
    Plain,
    from_text,
    most_parts,
    shorten,
    too_many,
)

XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_BOUND: Final = {"xmlns:xml": "http://www.w3.org/XML/1998/namespace"}
"""What needs no declaration."""
_PROLOG: Final = re.compile(r"(?:[\s\ufeff]+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_DECLARED: Final = re.compile(rb'<\?xml[^>]*?\sencoding\s*=\s*["\']([A-Za-z0-9._-]+)["\']')
_SHORTEST: Final = len("<SyncUserAccount/>")
_FREE: Final = Scalar(frozenset({"string"}))
"""What is in an element that nobody described further: text, or such elements."""


def read(raw: bytes, charset: str | None, shape: Shape, notes: Notes) -> Plain:
    """Return the plain value in *raw*, its members named as *shape* names them.

    Raise Rejected: 400 where it is no XML, has a DTD, or has the wrong root, 413 for too many
    items or elements.
    """
    text = content_type.text(raw, charset or _declared(raw))
    refuse_dtd(text)
    builder = _Builder(shape, notes, most_parts(text, _SHORTEST))
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    try:
        parser.Parse(text, True)  # noqa: FBT003 - expat's own signature
    except expat.ExpatError as error:
        place = f"line {error.lineno}, column {error.offset + 1}"
        reason = f"the body is not XML: {expat.ErrorString(error.code)} ({place})"
        raise Rejected(400, "", reason) from None
    return builder.value


def refuse_dtd(text: str) -> None:
    """Raise Rejected (400) if a DTD comes before the root of *text* (claim xml-dtd).

    Or may be hidden there: expat takes text with a NUL near its start for UTF-16, even as text.
    """
    if "\0" in text:
        reason = "it has a NUL; send UTF-16 with a byte order mark, or charset=utf-16"
        raise Rejected(400, "", f"the body is not XML: {reason}")
    prolog = _PROLOG.match(text)
    if prolog and text.startswith("<!DOCTYPE", prolog.end()):
        raise Rejected(400, "", "the XML has a DTD; send it without <!DOCTYPE>")


def _declared(raw: bytes) -> str | None:
    """Return the charset of the XML declaration; a 16-bit one is known by its byte order mark."""
    match = _DECLARED.match(raw)
    if match is None:
        return None
    name = match[1].decode("ascii").lower()
    if name not in CHARSETS:
        raise Rejected(400, "", f"the XML declares the unknown encoding {shorten(name)}")
    charset = CHARSETS[name]
    return None if charset.startswith("utf-16") else charset


class _Element:
    """An open element that the description knows, and what has been read of it so far."""

    __slots__ = ("attributes", "content", "place", "shape", "text")

    def __init__(self, shape: Shape, place: str, attributes: Mapping[str, str]) -> None:
        self.shape = shape
        self.place = place
        self.attributes = attributes
        self.text: list[str] = []
        self.content: dict[str, Plain] | list[Plain] = [] if isinstance(shape, ArrayShape) else {}

    def add(self, place: str, value: Plain) -> None:
        """Take *value* in, as an item or as the member at *place*."""
        if isinstance(self.content, list):
            self.content.append(value)
        else:
            self.content[place] = value

    def value(self) -> Plain:
        """Return the plain value: the text where it has text alone, else what is in it."""
        text = "".join(self.text)
        if isinstance(self.shape, Scalar):
            return self.content or from_text(text, self.shape)
        return text if text.strip() else self.content


class _Builder:
    """Builds the plain value along the shape; what that does not know is noted and ignored."""

    def __init__(self, shape: Shape, notes: Notes, most: int) -> None:
        self.value: Plain = None
        self._shape = shape
        self._notes = notes
        self._open: list[_Element] = []
        self._ignored = 0
        self._elements = 0
        self._most = most

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Open an element."""
        self._elements += 1
        if self._elements > self._most:
            raise too_many(self._most, "elements")
        if len(self._open) + self._ignored >= MAX_DEPTH:
            raise Rejected(400, "", f"the XML is nested more than {MAX_DEPTH} deep")
        child = None if self._ignored else self._child(name, attributes)
        if child is None:
            self._ignored += 1
        else:
            self._open.append(child)

    def end(self, _: str) -> None:
        """Close the element that was opened last."""
        if self._ignored:
            self._ignored -= 1
            return
        element = self._open.pop()
        nil = element.attributes and self._is_nil(element.attributes)
        value = None if nil else element.value()
        if self._open:
            self._open[-1].add(element.place, value)
        else:
            self.value = value

    def characters(self, text: str) -> None:
        """Take text in."""
        if not self._ignored:
            self._open[-1].text.append(text)

    def _child(self, name: str, attributes: Mapping[str, str]) -> _Element | None:
        """Return the element that *name* opens here; None where none such is described."""
        local = self._local(name, attributes) if ":" in name else name
        if not self._open:
            return self._root(local, attributes)
        parent = self._open[-1]
        shape = parent.shape
        if isinstance(shape, ArrayShape):
            return self._item(parent, shape.items, local, attributes)
        if isinstance(shape, ObjectShape):
            member = shape.members.get(local.lower())
            if member is not None:
                return _Element(member.shape, member.name, attributes)
            if not shape.members:
                return _Element(_FREE, local, attributes)
            if not self._notes.full:
                self._notes.unknown_member(self._where(), local)
            return None
        if shape is _FREE:
            return _Element(_FREE, local, attributes)
        parent.add(local, None)
        return None

    def _root(self, name: str, attributes: Mapping[str, str]) -> _Element:
        wanted = _element_name(self._shape)
        if wanted is not None and name.lower() != wanted.lower():
            raise Rejected(400, "", f"expected the root {wanted}, got {shorten(name)}")
        return _Element(self._shape, "", attributes)

    def _item(
        self, array: _Element, shape: Shape, name: str, attributes: Mapping[str, str]
    ) -> _Element | None:
        if len(array.content) >= self._notes.max_items:
            self._notes.check_count(len(array.content) + 1, self._where())
        wanted = _element_name(shape)
        if wanted is None or name == wanted or name.lower() == wanted.lower():
            return _Element(shape, str(len(array.content)), attributes)
        array.add("", Misnamed(f"expected the element {wanted}, got {shorten(name)}"))
        return None

    def _where(self) -> str:
        return "/".join(element.place for element in self._open)

    def _is_nil(self, attributes: Mapping[str, str]) -> bool:
        for name, value in attributes.items():
            if name.endswith(":nil") and self._namespace(name[:-4], attributes) == XSI:
                return value.strip() in ("true", "1")
        return False

    def _local(self, name: str, attributes: Mapping[str, str]) -> str:
        prefix, _, local = name.partition(":")
        self._namespace(prefix, attributes)
        return local

    def _namespace(self, prefix: str, attributes: Mapping[str, str]) -> str:
        """Return what *prefix* is bound to on an element with *attributes*, or around it."""
        declaration = f"xmlns:{prefix}"
        around = (element.attributes for element in reversed(self._open))
        for declared in (attributes, *around, _BOUND):
            if declared.get(declaration):
                return declared[declaration]
        reason = f"the body is not XML: nothing says what the prefix {shorten(prefix)} stands for"
        raise Rejected(400, "", reason)


def _element_name(shape: Shape) -> str | None:
    return shape.xml_name if isinstance(shape, ObjectShape) else None
