"""XML bodies: elements by local name, in any namespace and order, without DTDs and entities.

The body is decoded here and passed to expat as text. So a DTD can't hide in another encoding: the
text that `refuse_dtd` checks is the text that expat parses. Expat does not resolve namespaces, as
it would copy their names, however long, to every element.
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
    BodyNotes,
    Plain,
    WrongElement,
    max_parts,
    parse_scalar,
    shorten,
    too_many_parts,
)

XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_PREDECLARED_PREFIXES: Final = {"xmlns:xml": "http://www.w3.org/XML/1998/namespace"}
"""Namespaces that need no declaration."""
_PROLOG: Final = re.compile(r"(?:[\s\ufeff]+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_DECLARED_ENCODING: Final = re.compile(rb'<\?xml[^>]*?\sencoding\s*=\s*["\']([A-Za-z0-9._-]+)["\']')
_MIN_ELEMENT_CHARS: Final = len("<SyncUserAccount/>")
_FREE_TEXT: Final = Scalar(frozenset({"string"}))
"""The content of an element that the description leaves open: text, or elements of this kind."""


def read(raw: bytes, charset: str | None, shape: Shape, notes: BodyNotes) -> Plain:
    """Return the plain value in *raw*, its members named as *shape* names them.

    Raise Rejected: 400 if it is not XML, has a DTD or the wrong root, 413 for too many items or
    elements.
    """
    text = content_type.decode_text(raw, charset or _find_declared_charset(raw))
    refuse_dtd(text)
    builder = _Builder(shape, notes, max_parts(text, _MIN_ELEMENT_CHARS))
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start_element
    parser.EndElementHandler = builder.end_element
    parser.CharacterDataHandler = builder.add_text
    try:
        parser.Parse(text, True)  # noqa: FBT003 - expat's own signature
    except expat.ExpatError as error:
        place = f"line {error.lineno}, column {error.offset + 1}"
        reason = f"the body is not XML: {expat.ErrorString(error.code)} ({place})"
        raise Rejected(400, "", reason) from None
    return builder.value


def refuse_dtd(text: str) -> None:
    """Raise Rejected (400) if *text* has a DTD before its root element (claim xml-dtd).

    A NUL is rejected as well: near the start it makes expat read the text as UTF-16, which could
    hide a DTD.
    """
    if "\0" in text:
        reason = "it has a NUL; send UTF-16 with a byte order mark, or charset=utf-16"
        raise Rejected(400, "", f"the body is not XML: {reason}")
    prolog = _PROLOG.match(text)
    if prolog and text.startswith("<!DOCTYPE", prolog.end()):
        raise Rejected(400, "", "the XML has a DTD; send it without <!DOCTYPE>")


def _find_declared_charset(raw: bytes) -> str | None:
    """Return the charset of the XML declaration, or None.

    UTF-16 is None as well: an ASCII declaration can't be true, and the byte order mark decides.
    """
    match = _DECLARED_ENCODING.match(raw)
    if match is None:
        return None
    name = match[1].decode("ascii").lower()
    if name not in CHARSETS:
        raise Rejected(400, "", f"the XML declares the unknown encoding {shorten(name)}")
    charset = CHARSETS[name]
    return None if charset.startswith("utf-16") else charset


class _Element:
    """An open element that the description has, and the content read so far.

    *step* is its name or index in the parent.
    """

    __slots__ = ("attributes", "content", "shape", "step", "text")

    def __init__(self, shape: Shape, step: str, attributes: Mapping[str, str]) -> None:
        self.shape = shape
        self.step = step
        self.attributes = attributes
        self.text: list[str] = []
        self.content: dict[str, Plain] | list[Plain] = [] if isinstance(shape, ArrayShape) else {}

    def add(self, step: str, value: Plain) -> None:
        """Add *value* as an item, or as the member called *step*."""
        if isinstance(self.content, list):
            self.content.append(value)
        else:
            self.content[step] = value

    def value(self) -> Plain:
        """Return the plain value: the text of an element with text, else its content."""
        text = "".join(self.text)
        if isinstance(self.shape, Scalar):
            return self.content or parse_scalar(text, self.shape)
        return text if text.strip() else self.content


class _Builder:
    """Builds the plain value along the shape; unknown elements are noted and ignored."""

    def __init__(self, shape: Shape, notes: BodyNotes, max_elements: int) -> None:
        self.value: Plain = None
        self._shape = shape
        self._notes = notes
        self._open: list[_Element] = []
        self._ignored = 0
        self._elements = 0
        self._max_elements = max_elements

    def start_element(self, name: str, attributes: Mapping[str, str]) -> None:
        """Open an element."""
        self._elements += 1
        if self._elements > self._max_elements:
            raise too_many_parts(self._max_elements, "elements")
        if len(self._open) + self._ignored >= MAX_DEPTH:
            raise Rejected(400, "", f"the XML is nested more than {MAX_DEPTH} deep")
        child = None if self._ignored else self._open_child(name, attributes)
        if child is None:
            self._ignored += 1
        else:
            self._open.append(child)

    def end_element(self, _: str) -> None:
        """Close the innermost element."""
        if self._ignored:
            self._ignored -= 1
            return
        element = self._open.pop()
        nil = element.attributes and self._is_nil(element.attributes)
        value = None if nil else element.value()
        if self._open:
            self._open[-1].add(element.step, value)
        else:
            self.value = value

    def add_text(self, text: str) -> None:
        """Add text to the innermost element."""
        if not self._ignored:
            self._open[-1].text.append(text)

    def _open_child(self, name: str, attributes: Mapping[str, str]) -> _Element | None:
        """Return the element that *name* opens here; None if the description has none."""
        local = self._local_name(name, attributes) if ":" in name else name
        if not self._open:
            return self._open_root(local, attributes)
        parent = self._open[-1]
        shape = parent.shape
        if isinstance(shape, ArrayShape):
            return self._open_item(parent, shape.items, local, attributes)
        if isinstance(shape, ObjectShape):
            member = shape.members.get(local.lower())
            if member is not None:
                return _Element(member.shape, member.name, attributes)
            if not shape.members:
                return _Element(_FREE_TEXT, local, attributes)
            if not self._notes.is_full:
                self._notes.add_unknown_member(self._path(), local)
            return None
        if shape is _FREE_TEXT:
            return _Element(_FREE_TEXT, local, attributes)
        parent.add(local, None)
        return None

    def _open_root(self, name: str, attributes: Mapping[str, str]) -> _Element:
        expected = _element_name(self._shape)
        if expected is not None and name.lower() != expected.lower():
            raise Rejected(400, "", f"expected the root {expected}, got {shorten(name)}")
        return _Element(self._shape, "", attributes)

    def _open_item(
        self, array: _Element, shape: Shape, name: str, attributes: Mapping[str, str]
    ) -> _Element | None:
        if len(array.content) >= self._notes.max_items:
            self._notes.check_count(len(array.content) + 1, self._path())
        expected = _element_name(shape)
        if expected is None or name == expected or name.lower() == expected.lower():
            return _Element(shape, str(len(array.content)), attributes)
        array.add("", WrongElement(f"expected the element {expected}, got {shorten(name)}"))
        return None

    def _path(self) -> str:
        return "/".join(element.step for element in self._open)

    def _is_nil(self, attributes: Mapping[str, str]) -> bool:
        for name, value in attributes.items():
            if name.endswith(":nil") and self._find_namespace(name[:-4], attributes) == XSI:
                return value.strip() in ("true", "1")
        return False

    def _local_name(self, name: str, attributes: Mapping[str, str]) -> str:
        prefix, _, local = name.partition(":")
        self._find_namespace(prefix, attributes)
        return local

    def _find_namespace(self, prefix: str, attributes: Mapping[str, str]) -> str:
        """Return the namespace of *prefix*, declared in *attributes* or on an ancestor."""
        declaration = f"xmlns:{prefix}"
        ancestors = (element.attributes for element in reversed(self._open))
        for declarations in (attributes, *ancestors, _PREDECLARED_PREFIXES):
            if declarations.get(declaration):
                return declarations[declaration]
        reason = f"the body is not XML: the prefix {shorten(prefix)} is not declared"
        raise Rejected(400, "", reason)


def _element_name(shape: Shape) -> str | None:
    return shape.xml_name if isinstance(shape, ObjectShape) else None
