"""XML bodies: elements by local name, in any namespace and order, without DTDs and entities.

The body is decoded here and passed to expat as text. So a DTD can't hide in another encoding: the
text that `refuse_dtd` checks is the text that expat parses. Expat does not resolve namespaces, as
it would copy their names, however long, to every element.
"""

import re
from collections.abc import Mapping
from typing import Final
from xml.parsers import expat

import msgspec

from superoffice_contract.bodies import content_type
from superoffice_contract.bodies.content_type import CHARSETS
from superoffice_contract.bodies.shape_text import (
    element_name,
    find_member,
    shortest_element,
)
from superoffice_contract.bodies.values import (
    MAX_DEPTH,
    MAX_EXTRA_PARTS,
    BodyNotes,
    Plain,
    check_parts,
    parse_scalar,
)
from superoffice_contract.errors import InvalidBody
from superoffice_contract.openapi.schemas import ArrayShape, Scalar, Shape, is_free

XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_PREDECLARED_PREFIXES: Final = {"xmlns:xml": "http://www.w3.org/XML/1998/namespace"}
"""Namespaces that need no declaration."""
_PROLOG: Final = re.compile(r"(?:[\s\ufeff]+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_DECLARED_ENCODING: Final = re.compile(rb'<\?xml[^>]*?\sencoding\s*=\s*["\']([A-Za-z0-9._-]+)["\']')
_PIECE: Final = 1 << 16
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


class _Element(msgspec.Struct):
    """An element by its local name; *is_nil* says whether it has `nil="true"`."""

    name: str
    is_nil: bool = False
    children: list["_Element"] = []
    text: list[str] = []


def _parse(text: str, shape: Shape, notes: BodyNotes) -> _Element:
    """Return the root element of *text*."""
    document = _Element("")
    path = [document]
    namespaces = dict(_PREDECLARED_PREFIXES)
    hidden_namespaces: list[tuple[int, dict[str, str]]] = []
    elements, limit = 0, MAX_EXTRA_PARTS

    def start_element(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal elements, limit
        elements += 1
        if elements > limit:
            limit = check_parts(elements, len(text), shortest_element(shape), "elements")
        if len(path) > MAX_DEPTH:
            reason = f"the XML is nested more than {MAX_DEPTH} deep"
            raise InvalidBody(400, "", reason, ("body-syntax",))
        element = _Element(name)
        if attributes:
            hidden = _read_attributes(element, attributes, namespaces, notes)
            if hidden:
                hidden_namespaces.append((len(path), hidden))
        if ":" in name:
            prefix, _, element.name = name.partition(":")
            _find_namespace(prefix, namespaces, notes)
        path[-1].children.append(element)
        path.append(element)

    def end_element(_: str) -> None:
        path.pop()
        if hidden_namespaces and hidden_namespaces[-1][0] == len(path):
            namespaces.update(hidden_namespaces.pop()[1])

    parser = expat.ParserCreate(None, None, None)  # without a table of names
    parser.buffer_text = True
    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    parser.CharacterDataHandler = lambda data: path[-1].text.append(data)
    _run(parser, text)
    root = document.children[0]
    _check_root(root, shape, notes)
    return root


def _read_attributes(
    element: _Element, attributes: Mapping[str, str], namespaces: dict[str, str], notes: BodyNotes
) -> dict[str, str]:
    """Set whether *element* is nil, and add the namespaces that it declares.

    Return those that its prefixes had before.
    """
    hidden, nils = {}, []
    for name, value in attributes.items():
        if name.startswith("xmlns:"):
            if value:
                hidden[name] = namespaces.get(name, "")
                namespaces[name] = value
        elif name.endswith(":nil"):
            nils.append((name[:-4], value))
    for prefix, value in nils:
        if _find_namespace(prefix, namespaces, notes) == XSI:
            element.is_nil = value.strip() in ("true", "1")
            break
    return hidden


def _run(parser: expat.XMLParserType, text: str) -> None:
    """Parse *text* in pieces, as expat reads the rest of a piece in which a handler raises."""
    try:
        for start in range(0, len(text), _PIECE):
            parser.Parse(text[start : start + _PIECE], False)  # noqa: FBT003 - expat's own signature
        parser.Parse("", True)  # noqa: FBT003 - as above
    except expat.ExpatError as error:
        place = f"line {error.lineno}, column {error.offset + 1}"
        reason = f"the body is not XML: {expat.ErrorString(error.code)} ({place})"
        raise InvalidBody(400, "", reason, ("body-syntax",)) from None


def _check_root(root: _Element, shape: Shape, notes: BodyNotes) -> None:
    expected = element_name(shape)
    if not _is_called(root, expected):
        actual = notes.quote(root.name, "another name")
        raise InvalidBody(400, "", f"expected the root {expected}, got {actual}", ("xml-shape",))


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
    elif text and text.strip():
        return text
    if isinstance(shape, ArrayShape):
        notes.check_count(len(element.children), where)
        name = element_name(shape.items)
        return [
            _normalize(child, shape.items, f"{where}/{index}", notes)
            if _is_called(child, name)
            else _note_wrong_element(child, name, f"{where}/{index}", notes)
            for index, child in enumerate(element.children)
        ]
    if isinstance(shape, Scalar) or is_free(shape):
        return {child.name: _normalize(child, _FREE_TEXT, "", notes) for child in element.children}
    last: dict[str, tuple[_Element, Shape]] = {}
    for child in element.children:
        member = find_member(shape, child.name)
        if member is None:
            notes.add_unknown_member(where, child.name)
        else:
            last[member.name] = child, member.shape
    return {
        name: _normalize(child, child_shape, notes.place(where, name, shape), notes)
        for name, (child, child_shape) in last.items()
    }


def _note_wrong_element(element: _Element, name: str | None, where: str, notes: BodyNotes) -> Plain:
    actual = notes.quote(element.name, "another name")
    notes.wrong_elements[where] = f"expected the element {name}, got {actual}"
    return ""
