"""Serializes generated values as forms and XML (claims form-shape, xml-shape, xml-nil).

Schemathesis's own serializers write only the keys of an array of objects in a form, and null in XML
as text. Half of the values have wrong types on purpose; their bytes are wrong as well, unless text
can't tell these types apart.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import schemathesis
from schemathesis import SerializationContext

from superoffice_contract.openapi import operations
from superoffice_contract.openapi.operations import Body
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Scalar, Shape

Value = Any
"""JSON's data model: what Schemathesis generates, right or wrong."""

FORM: Final = "application/x-www-form-urlencoded"
XML: Final = ("application/xml", "text/xml")

_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_INVALID_XML_NAME: Final = re.compile(r"[^A-Za-z0-9_-]|^(?![A-Za-z_])")
_INVALID_XML_TEXT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INVALID_FORM_NAME: Final = re.compile(r"[\[\].]|^$")
_INTEGER: Final = re.compile(r"-?[0-9]+")
_EMPTY: Final[Sequence[Value]] = ("", [], {})


def register() -> None:
    """Register the serializers of this module with Schemathesis."""

    @schemathesis.serializer(FORM)
    def _(_: SerializationContext, value: Value) -> bytes:
        return form(value)

    @schemathesis.serializer(*XML)
    def _(context: SerializationContext, value: Value) -> bytes:
        operation = operations.load().operations[context.case.operation.path.lower()]
        return xml(value, operation.bodies[context.case.media_type or ""].shape)


# ---- forms -----------------------------------------------------------------------------------


def form(value: Value) -> bytes:
    """Write *value* as `SyncUserAccounts[0][AccountId]=507`; empty lists and objects as no text.

    Dots and brackets in member names, which would be read as paths, become `_2e_` and so on.
    """
    pairs = list(_pairs("", value)) if isinstance(value, (dict, list)) else [(_text(value), "")]
    return urlencode(pairs, errors="replace").encode()


def _pairs(key: str, value: Value) -> Iterator[tuple[str, str]]:
    for step, child in value.items() if isinstance(value, dict) else enumerate(value):
        name = _INVALID_FORM_NAME.sub(_escape, str(step))
        name = f"{key}[{name}]" if key else name
        if isinstance(child, (dict, list)) and child:
            yield from _pairs(name, child)
        else:
            yield name, "" if child in _EMPTY else _text(child)


def _escape(step: re.Match[str]) -> str:
    """Return a distinct replacement, so that no key has both a value and children."""
    return f"_{step[0].encode().hex()}_"


# ---- XML -------------------------------------------------------------------------------------


def xml(value: Value, shape: Shape) -> bytes:
    """Write *value* as XML; *shape* names the root and the items of arrays."""
    return _element(_xml_name(shape), value, shape).encode(errors="replace")


def _element(name: str, value: Value, shape: Shape | None) -> str:
    if value is None:
        return f'<{name} xmlns:i="{_XSI}" i:nil="true"></{name}>'
    return f"<{name}>{_content(value, shape)}</{name}>"


def _content(value: Value, shape: Shape | None) -> str:
    if isinstance(value, dict):
        return "".join(
            _element(_INVALID_XML_NAME.sub("_", name), child, _member(shape, name))
            for name, child in value.items()
        )
    if isinstance(value, list) and isinstance(shape, ArrayShape):
        item = shape.items
        return "".join(_element(_xml_name(item), child, item) for child in value)
    # Where the shape has no list, write a list as text: as elements it would be read as an object.
    return escape(_INVALID_XML_TEXT.sub("", _text(value)))


def _xml_name(shape: Shape) -> str:
    return (isinstance(shape, ObjectShape) and shape.xml_name) or "item"


def _member(shape: Shape | None, name: str) -> Shape | None:
    member = shape.members.get(name.lower()) if isinstance(shape, ObjectShape) else None
    return None if member is None else member.shape


# ---- values that text can't tell apart -------------------------------------------------------


def is_also_valid(encoded: bytes, value: Value, media_type: str, body: Body) -> bool:
    """Return whether *encoded*, the bytes of *value*, are also the bytes of a valid body.

    A server can't reject one of the two and accept the other.
    """
    if media_type == FORM:
        reread = _FormReader().read(value, body.shape)
        rewritten = form(reread)
    elif media_type in XML:
        reread = _XmlReader().read(value, body.shape)
        rewritten = xml(reread, body.shape)
    else:
        return False
    return rewritten == encoded and next(body.find_problems(reread), None) is None


class _XmlReader:
    """Reads a value as a reader of XML may: 5 for "5", an empty list for ""."""

    empty: Sequence[Value] = ("", {})
    """Values that are written without content."""

    def read(self, value: Value, shape: Shape) -> Value:
        """Return *value* as it is read where *shape* is expected."""
        if isinstance(shape, ArrayShape):
            items = [] if value in self.empty else value
            if not isinstance(items, list):
                return value
            return [self.read(item, shape.items) for item in items]
        if isinstance(shape, ObjectShape):
            members = self.members({} if value in self.empty else value)
            return self._object(members, shape) if isinstance(members, dict) else value
        return self._scalar(value, shape)

    def members(self, value: Value) -> Value:
        """Return *value* as it is read where an object is expected."""
        return value

    def free(self, value: Value) -> Value:
        """Return *value* as it is read where anything is allowed."""
        return value

    def _object(self, value: Mapping[str, Value], shape: ObjectShape) -> Value:
        shapes = ((name, child, _member(shape, name)) for name, child in value.items())
        return {
            name: self.free(child) if member_shape is None else self.read(child, member_shape)
            for name, child, member_shape in shapes
        }

    def _scalar(self, value: Value, shape: Scalar) -> Value:
        if value is None and "null" in shape.types:
            return None
        text = "" if value in self.empty else _text(value)
        return int(text) if "integer" in shape.types and _INTEGER.fullmatch(text) else text


class _FormReader(_XmlReader):
    """Reads a value as a reader of forms may: scalars are text, an object may have indices."""

    empty = _EMPTY

    def members(self, value: Value) -> Value:
        if isinstance(value, list):
            return {str(index): child for index, child in enumerate(value)}
        return value

    def free(self, value: Value) -> Value:
        members = self.members(value)
        if isinstance(members, dict):
            return {name: self.free(child) for name, child in members.items()} or ""
        return _text(members)


def _text(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value)
