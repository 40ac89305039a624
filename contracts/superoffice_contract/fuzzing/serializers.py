"""Generated values -> forms and XML (claims form-shape, xml-shape, xml-nil).

Schemathesis's own serializers write an array of objects in a form by its keys alone, and null in
XML as text. Half of the values have wrong types on purpose; those are written so that the bytes
are wrong too, where text can tell the types apart at all.
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
_NO_XML_NAME: Final = re.compile(r"[^A-Za-z0-9_-]|^(?![A-Za-z_])")
_NO_XML_TEXT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_FORM_NAME: Final = re.compile(r"[\[\].]|^$")
_INTEGER: Final = re.compile(r"-?[0-9]+")
_EMPTY: Final[Sequence[Value]] = ("", [], {})


def register() -> None:
    """Tell Schemathesis to write forms and XML as this module does."""

    @schemathesis.serializer(FORM)
    def _(_: SerializationContext, value: Value) -> bytes:
        return form(value)

    @schemathesis.serializer(*XML)
    def _(context: SerializationContext, value: Value) -> bytes:
        operation = operations.load().operations[context.case.operation.path.lower()]
        return xml(value, operation.bodies[context.case.media_type or ""].shape)


# ---- forms -----------------------------------------------------------------------------------


def form(value: Value) -> bytes:
    """Write *value* as `SyncUserAccounts[0][AccountId]=507`; an empty list or object is no text.

    Dots and brackets in the names of members, which would read as paths, become `_2e_` and such.
    """
    pairs = list(_pairs("", value)) if isinstance(value, (dict, list)) else [(_text(value), "")]
    return urlencode(pairs, errors="replace").encode()


def _pairs(key: str, value: Value) -> Iterator[tuple[str, str]]:
    for step, child in value.items() if isinstance(value, dict) else enumerate(value):
        name = _NO_FORM_NAME.sub(_escaped, str(step))
        name = f"{key}[{name}]" if key else name
        if isinstance(child, (dict, list)) and child:
            yield from _pairs(name, child)
        else:
            yield name, "" if child in _EMPTY else _text(child)


def _escaped(step: re.Match[str]) -> str:
    """Return a step that no other one becomes: a key may not be a value and a parent at once."""
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
            _element(_NO_XML_NAME.sub("_", name), child, _member(shape, name))
            for name, child in value.items()
        )
    if isinstance(value, list) and isinstance(shape, ArrayShape):
        item = shape.items
        return "".join(_element(_xml_name(item), child, item) for child in value)
    # A list where none belongs stays text: as elements it would read as an object.
    return escape(_NO_XML_TEXT.sub("", _text(value)))


def _xml_name(shape: Shape) -> str:
    return (isinstance(shape, ObjectShape) and shape.xml_name) or "item"


def _member(shape: Shape | None, name: str) -> Shape | None:
    member = shape.members.get(name.lower()) if isinstance(shape, ObjectShape) else None
    return None if member is None else member.shape


# ---- what text can't tell apart --------------------------------------------------------------


def is_also_valid(sent: bytes, value: Value, media_type: str, body: Body) -> bool:
    """Tell whether *sent*, the bytes that *value* became, are also those of a valid body.

    A server can't reject the one and accept the other.
    """
    if media_type == FORM:
        twin = _Form().read(value, body.shape)
        written = form(twin)
    elif media_type in XML:
        twin = _Xml().read(value, body.shape)
        written = xml(twin, body.shape)
    else:
        return False
    return written == sent and next(body.invalid(twin), None) is None


class _Xml:
    """What a reader may take a value for: 5 for "5", an empty list for ""."""

    empty: Sequence[Value] = ("", {})
    """What has no content, whatever it was meant for."""

    def read(self, value: Value, shape: Shape) -> Value:
        """Return *value* as a reader would have it who knows that *shape* belongs there."""
        if isinstance(shape, ArrayShape):
            items = [] if value in self.empty else value
            return (
                [self.read(one, shape.items) for one in items] if isinstance(items, list) else value
            )
        if isinstance(shape, ObjectShape):
            members = self.members({} if value in self.empty else value)
            return self._object(members, shape) if isinstance(members, dict) else value
        return self._scalar(value, shape)

    def members(self, value: Value) -> Value:
        """Return *value* where an object belongs."""
        return value

    def free(self, value: Value) -> Value:
        """Return *value* where anything may stand."""
        return value

    def _object(self, value: Mapping[str, Value], shape: ObjectShape) -> Value:
        shapes = ((name, child, _member(shape, name)) for name, child in value.items())
        return {
            name: self.free(child) if known is None else self.read(child, known)
            for name, child, known in shapes
        }

    def _scalar(self, value: Value, shape: Scalar) -> Value:
        if value is None and "null" in shape.types:
            return None
        text = "" if value in self.empty else _text(value)
        return int(text) if "integer" in shape.types and _INTEGER.fullmatch(text) else text


class _Form(_Xml):
    """The same of forms, where everything single is text and an object may have indices."""

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
