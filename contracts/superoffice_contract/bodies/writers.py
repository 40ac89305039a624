"""Values of a described shape as XML and as forms: what the readers of this package read.

A value of another shape is written as well as its media type can; tests send such bodies.
"""

import json
import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, Final
from urllib.parse import urlencode

from superoffice_contract.bodies.shape_text import find_member
from superoffice_contract.bodies.xml_body import XSI
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Shape

Value = Any
"""A value of JSON's data model."""

# Patterns that a server may never need, so they are compiled when they are used first.
_INVALID_XML_NAME: Final = r"[^A-Za-z0-9._-]|^(?![A-Za-z_])"
_INVALID_XML_TEXT: Final = "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"
_INVALID_FORM_NAME: Final = r"[\[\].]|^$"
_TYPE_NAMES: Final = {
    "integer": "int",
    "number": "double",
    "string": "string",
    "boolean": "boolean",
    "null": "anyType",
}
"""The names of .NET types, by their name in JSON Schema."""
EMPTY: Final[Sequence[Value]] = ("", [], {})
"""What forms and XML write without text."""


def write_text(value: Value) -> str:
    """Return a single *value* as text: `true`, `507`."""
    return value if isinstance(value, str) else json.dumps(value)


# ---- XML -------------------------------------------------------------------------------------


def write_xml(value: Value, shape: Shape, root_name: str = "Root") -> bytes:
    """Write *value* as XML; *shape* names the root and the items of arrays.

    *root_name* is the name of an object that has none in the description.
    """
    name = item_name(shape)
    if isinstance(shape, ObjectShape):
        name = shape.xml_name or root_name
    return _element(name, value, shape).encode()


def item_name(shape: Shape) -> str:
    """Return the name of an element for an item of *shape*: its own, or that of its .NET type."""
    if isinstance(shape, ArrayShape):
        return f"ArrayOf{item_name(shape.items)}"
    if shape.xml_name is not None:
        return shape.xml_name
    return "item" if isinstance(shape, ObjectShape) else _TYPE_NAMES[shape.type_name]


def _element(name: str, value: Value, shape: Shape | None) -> str:
    if value is None:
        return f'<{name} xmlns:i="{XSI}" i:nil="true"></{name}>'
    return f"<{name}>{_content(value, shape)}</{name}>"


def _content(value: Value, shape: Shape | None) -> str:
    if isinstance(value, dict):
        return "".join(_member(name, child, shape) for name, child in value.items())
    if isinstance(value, list) and isinstance(shape, ArrayShape):
        name = item_name(shape.items)
        return "".join(_element(name, child, shape.items) for child in value)
    # Where the shape has no list, write a list as text: as elements it would be read as an object.
    return escape(re.sub(_INVALID_XML_TEXT, "", write_text(value)), quote=False)


def _member(name: str, value: Value, parent: Shape | None) -> str:
    member = find_member(parent, name)
    shape = None if member is None else member.shape
    return _element(re.sub(_INVALID_XML_NAME, "_", name), value, shape)


# ---- forms -----------------------------------------------------------------------------------


def write_form(value: Value) -> bytes:
    """Write *value* as `SyncUserAccounts[0][AccountId]=507`; empty lists and objects as no text.

    Dots and brackets in member names, which would be read as paths, become `_2e_` and so on.
    """
    is_tree = isinstance(value, (dict, list))
    pairs = list(_pairs("", value)) if is_tree else [(write_text(value), "")]
    return urlencode(pairs, errors="replace").encode()


def _pairs(key: str, value: Value) -> Iterator[tuple[str, str]]:
    for step, child in value.items() if isinstance(value, dict) else enumerate(value):
        name = re.sub(_INVALID_FORM_NAME, _escape, str(step))
        name = f"{key}[{name}]" if key else name
        if isinstance(child, (dict, list)) and child:
            yield from _pairs(name, child)
        else:
            yield name, "" if child in EMPTY else write_text(child)


def _escape(step: re.Match[str]) -> str:
    """Return a distinct replacement, so that no key has both a value and children."""
    return f"_{step[0].encode().hex()}_"
