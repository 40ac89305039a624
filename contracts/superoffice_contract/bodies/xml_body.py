"""XML bodies: elements by local name, in any namespace and order, without DTDs and entities.

The body is decoded here and passed to expat as text. So a DTD can't hide in another encoding: the
text that `refuse_dtd` checks is the text that expat parses. Expat does not resolve namespaces, as
it would copy their names, however long, to every element.
"""

import re
from collections.abc import Mapping
from typing import Final
from xml.parsers import expat

from superoffice_contract.bodies import content_type
from superoffice_contract.bodies.content_type import CHARSETS
from superoffice_contract.bodies.shape_text import element_name, shortest_element
from superoffice_contract.bodies.values import (
    MAX_DEPTH,
    MAX_EXTRA_PARTS,
    BodyNotes,
    Plain,
    check_parts,
    last_members,
    parse_scalar,
)
from superoffice_contract.errors import InvalidBody
from superoffice_contract.openapi.schemas import ArrayShape, Scalar, Shape

XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_PREDECLARED_PREFIXES: Final = {"xmlns:xml": "http://www.w3.org/XML/1998/namespace"}
"""Namespaces that need no declaration."""
_PROLOG: Final = re.compile(r"(?:[\s\ufeff]+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_DECLARED_ENCODING: Final = re.compile(rb'<\?xml[^>]*?\sencoding\s*=\s*["\']([A-Za-z0-9._-]+)["\']')
_FREE_TEXT: Final = Scalar(frozenset({"string"}))
"""The content of an element that the description leaves open: text, or elements of this kind."""


def read(raw: bytes, charset: str | None, shape: Shape, notes: BodyNotes) -> Plain:
    """Return the plain value in *raw*, its members named as *shape* names them.

    Raise InvalidBody: 400 if it is not XML, has a DTD or the wrong root, 413 for too many items or
    elements.
    """
    text = content_type.decode_text(raw, charset or _find_declared_charset(raw, notes))
    refuse_dtd(text)
    return _normalize(_parse(text, shape, notes), shape, "", notes)


def refuse_dtd(text: str) -> None:
    """Raise InvalidBody (400) if *text* has a DTD before its root element (claim xml-dtd).

    A NUL is rejected as well: near the start it makes expat read the text as UTF-16, which could
    hide a DTD.
    """
    if "\0" in text:
        reason = "it has a NUL; send UTF-16 with a byte order mark, or charset=utf-16"
        raise InvalidBody(400, "", f"the body is not XML: {reason}", ("body-syntax",))
    prolog = _PROLOG.match(text)
    if prolog and text.startswith("<!DOCTYPE", prolog.end()):
        reason = "the XML has a DTD; send it without <!DOCTYPE>"
        raise InvalidBody(400, "", reason, ("xml-dtd",))


def _find_declared_charset(raw: bytes, notes: BodyNotes) -> str | None:
    """Return the charset of the XML declaration, or None.

    UTF-16 is None as well: an ASCII declaration can't be true, and the byte order mark decides.
    """
    match = _DECLARED_ENCODING.match(raw)
    if match is None:
        return None
    name = match[1].decode("ascii").lower()
    if name not in CHARSETS:
        reason = f"the XML declares the unknown encoding {notes.quote(name, '…')}"
        raise InvalidBody(400, "", reason, ("charset-unknown",))
    charset = CHARSETS[name]
    return None if charset.startswith("utf-16") else charset


class _Element:
    """An element by its local name; *is_nil* says whether it has `nil="true"`."""

    __slots__ = ("children", "is_nil", "name", "text")

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_nil = False
        self.children: list[_Element] = []
        self.text: list[str] = []


def _parse(text: str, shape: Shape, notes: BodyNotes) -> _Element:
    """Return the root element of *text*."""
    document = _Element("")
    path = [document]
    namespaces = dict(_PREDECLARED_PREFIXES)
    hidden_namespaces: list[dict[str, str] | None] = []
    elements, limit = 0, MAX_EXTRA_PARTS

    def start_element(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal elements, limit
        elements += 1
        if elements > limit:
            limit = check_parts(elements, len(text), shortest_element(shape), "elements")
        if len(path) > MAX_DEPTH:
            reason = f"the XML is nested more than {MAX_DEPTH} deep"
            raise InvalidBody(400, "", reason, ("body-syntax",))
        hidden_namespaces.append(_declare(attributes, namespaces) if attributes else None)
        if ":" in name:
            prefix, _, name = name.partition(":")
            _find_namespace(prefix, namespaces, notes)
        element = _Element(name)
        if attributes:
            element.is_nil = _is_nil(attributes, namespaces, notes)
        if len(path) == 1:
            _check_root(element, shape, notes)
        path[-1].children.append(element)
        path.append(element)

    def end_element(_: str) -> None:
        path.pop()
        hidden = hidden_namespaces.pop()
        if hidden:
            namespaces.update(hidden)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    parser.CharacterDataHandler = lambda data: path[-1].text.append(data)
    _run(parser, text)
    return document.children[0]


def _declare(attributes: Mapping[str, str], namespaces: dict[str, str]) -> dict[str, str]:
    """Add the namespaces that an element declares; return those that its prefixes had before."""
    declared = {key: uri for key, uri in attributes.items() if uri and key.startswith("xmlns:")}
    hidden = {key: namespaces.get(key, "") for key in declared}
    namespaces.update(declared)
    return hidden


def _run(parser: expat.XMLParserType, text: str) -> None:
    try:
        parser.Parse(text, True)  # noqa: FBT003 - expat's own signature
    except expat.ExpatError as error:
        place = f"line {error.lineno}, column {error.offset + 1}"
        reason = f"the body is not XML: {expat.ErrorString(error.code)} ({place})"
        raise InvalidBody(400, "", reason, ("body-syntax",)) from None


def _check_root(root: _Element, shape: Shape, notes: BodyNotes) -> None:
    expected = element_name(shape)
    if not _is_called(root, expected):
        actual = notes.quote(root.name, "another name")
        raise InvalidBody(400, "", f"expected the root {expected}, got {actual}", ("xml-shape",))


def _is_nil(attributes: Mapping[str, str], namespaces: Mapping[str, str], notes: BodyNotes) -> bool:
    for name, value in attributes.items():
        if name.endswith(":nil") and _find_namespace(name[:-4], namespaces, notes) == XSI:
            return value.strip() in ("true", "1")
    return False


def _find_namespace(prefix: str, namespaces: Mapping[str, str], notes: BodyNotes) -> str:
    namespace = namespaces.get(f"xmlns:{prefix}")
    if namespace:
        return namespace
    reason = f"the body is not XML: the prefix {notes.quote(prefix, '…')} is not declared"
    raise InvalidBody(400, "", reason, ("xml-names",))


def _is_called(element: _Element, name: str | None) -> bool:
    return name is None or element.name == name or element.name.lower() == name.lower()


def _normalize(element: _Element, shape: Shape, where: str, notes: BodyNotes) -> Plain:
    """Return the plain value: the text of an element with text, else its content."""
    if element.is_nil:
        return None
    text = "".join(element.text)
    if isinstance(shape, Scalar):
        if not element.children:
            return parse_scalar(text, shape)
    elif text.strip():
        return text
    if isinstance(shape, ArrayShape):
        notes.check_count(len(element.children), where)
        return [
            _normalize_item(child, shape.items, f"{where}/{index}", notes)
            for index, child in enumerate(element.children)
        ]
    if isinstance(shape, Scalar) or not shape.members:
        return {child.name: _normalize(child, _FREE_TEXT, "", notes) for child in element.children}
    children = ((child.name, child) for child in element.children)
    return {
        name: _normalize(child, child_shape, f"{where}/{name}", notes)
        for name, (child, child_shape) in last_members(children, shape, where, notes).items()
    }


def _normalize_item(element: _Element, shape: Shape, where: str, notes: BodyNotes) -> Plain:
    expected = element_name(shape)
    if _is_called(element, expected):
        return _normalize(element, shape, where, notes)
    actual = notes.quote(element.name, "another name")
    notes.wrong_elements[where] = f"expected the element {expected}, got {actual}"
    return ""
