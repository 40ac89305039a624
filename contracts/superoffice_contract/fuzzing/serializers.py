"""Serializes generated values as forms and XML (claims form-shape, xml-shape, xml-nil).

Schemathesis's own serializers write only the keys of an array of objects in a form, and null in XML
as text. Half of the values have wrong types on purpose; their bytes are wrong as well, unless text
can't tell these types apart.
"""

from typing import Final

import schemathesis
from schemathesis import SerializationContext

from superoffice_contract.bodies.shape_text import find_member
from superoffice_contract.bodies.values import parse_scalar
from superoffice_contract.bodies.writers import EMPTY, Value, write_form, write_text, write_xml
from superoffice_contract.openapi.operations import Body, Operations
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Shape

FORM: Final = "application/x-www-form-urlencoded"
XML: Final = ("application/xml", "text/xml")


def register(described: Operations) -> None:
    """Register the serializers of this module with Schemathesis, for bodies of *described*."""

    @schemathesis.serializer(FORM)
    def _(_: SerializationContext, value: Value) -> bytes:
        return write_form(value)

    @schemathesis.serializer(*XML)
    def _(context: SerializationContext, value: Value) -> bytes:
        operation = context.case.operation
        bodies = described[operation.method.upper(), operation.path].bodies
        return write_xml(value, bodies[context.case.media_type or ""].shape)


# ---- values that text can't tell apart -------------------------------------------------------


def looks_valid(value: Value, media_type: str, body: Body) -> bool:
    """Return whether the bytes of *value* in *media_type* are also those of a valid body.

    A server can't reject one of the two and accept the other.
    """
    is_form = media_type == FORM
    if isinstance(value, bytes):
        return False  # broken on purpose
    if not is_form and media_type not in XML:
        return body.is_valid(value)
    reread = _reread(value, body.shape, is_form=is_form)
    if not body.is_valid(reread):
        return False
    if is_form:
        return write_form(reread) == write_form(value)
    return write_xml(reread, body.shape) == write_xml(value, body.shape)


def _reread(value: Value, shape: Shape, *, is_form: bool) -> Value:
    """Return *value* as a reader may read it where *shape* is expected.

    It may read 5 for "5", and an empty list for "". In a form, the items of a list may be members
    of an object.
    """
    is_empty = value in (EMPTY if is_form else ("", {}))
    if isinstance(shape, ArrayShape):
        items = [] if is_empty else value
        if not isinstance(items, list):
            return value
        return [_reread(item, shape.items, is_form=is_form) for item in items]
    if isinstance(shape, ObjectShape):
        members = {} if is_empty else value
        members = _members_in_form(members) if is_form else members
        if not isinstance(members, dict):
            return value
        reread: dict[str, Value] = {}
        for name, child in members.items():
            if (member := find_member(shape, name)) is not None:
                reread[name] = _reread(child, member.shape, is_form=is_form)
            else:
                reread[name] = _reread_unknown(child) if is_form else child
        return reread
    if value is None and "null" in shape.types:
        return None
    return parse_scalar("" if is_empty else write_text(value), shape)


def _members_in_form(value: Value) -> Value:
    if isinstance(value, list):
        return {str(index): child for index, child in enumerate(value)}
    return value


def _reread_unknown(value: Value) -> Value:
    """Return *value* as it is read from a form where anything is allowed: scalars are text."""
    members = _members_in_form(value)
    if isinstance(members, dict):
        return {name: _reread_unknown(child) for name, child in members.items()} or ""
    return write_text(members)
