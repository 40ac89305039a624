"""A request body -> the typed request that the description promises, or what is wrong with it."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from superoffice_contract.openapi.operations import Body, Operation
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Scalar, Shape
from superoffice_mock.errors import Rejected
from superoffice_mock.wire import content_type as wire_content_type
from superoffice_mock.wire import form_body, json_body, xml_body
from superoffice_mock.wire.values import Misnamed, Notes, Plain, shorten

Read = Callable[[bytes, str | None, Shape, Notes], Plain]

READERS: Final[Mapping[str, Read]] = {
    "application/json": json_body.read,
    "text/json": json_body.read,
    "application/xml": xml_body.read,
    "text/xml": xml_body.read,
    "application/x-www-form-urlencoded": form_body.read,
    "application/json-patch+json": json_body.read,  # claim patch-types-plain
    "application/merge-patch+json": json_body.read,
}
"""Which family reads a media type; which are taken at all, the description says."""

_JSON_STARTS: Final = (b"{", b"[")
_MISTYPED: Final = "the body is no form but looks like JSON; send Content-Type: application/json"
_PLAIN_UTF8: Final = (None, "utf-8")
_SHORTEST: Final = len("0,")
"""Bytes that an item takes at least: a short body can't have too many."""
_MISSING: Final = re.compile(r'"(.+)" is a required property')
_KEYS: Final = "a form does so with keys such as SyncUserAccounts[0][AccountId]"
_STEP: Final = re.compile(r"\.([^.`\[\]]+)|\[(\d+)\]")


class Decoded(msgspec.Struct, frozen=True):
    """A body that keeps the contract: the request, and what is odd but allowed."""

    request: Any
    violations: tuple[str, ...] = ()


def decode(operation: Operation, content_type: str | None, raw: bytes, max_items: int) -> Decoded:
    """Decode *raw* for *operation*; arrays have at most *max_items*.

    Raise Rejected: 415 for the media type or charset, 400 for the body, 413 for too many items.
    """
    if not raw:
        raise Rejected(400, "", f"no body; send one, as {', '.join(operation.bodies)}")
    medium, body = _body_of(operation, content_type)
    read = READERS[medium.type]
    if read is json_body.read and medium.charset in _PLAIN_UTF8:
        request = json_body.fast(raw, body)
        if request is not None and (len(raw) <= _SHORTEST * max_items or _fits(request, max_items)):
            return Decoded(request)
    notes = Notes(max_items)
    try:
        value = _typed(read(raw, medium.charset, body.shape, notes), body)
    except Rejected:
        if read is form_body.read and raw.lstrip().startswith(_JSON_STARTS):
            raise Rejected(400, "", _MISTYPED) from None
        raise
    return Decoded(value, tuple(notes.violations))


def _body_of(
    operation: Operation, content_type: str | None
) -> tuple[wire_content_type.Media, Body]:
    if content_type is None:
        reason = f"missing; send one of {', '.join(operation.bodies)}"
        raise Rejected(415, "Content-Type", reason)
    medium = wire_content_type.parse(content_type)
    body = operation.bodies.get(medium.type)
    if body is None:
        reason = f"{shorten(medium.type)!r} is not one of {', '.join(operation.bodies)}"
        raise Rejected(415, "Content-Type", reason)
    return medium, body


def _fits(request: Any, max_items: int) -> bool:  # noqa: ANN401 - a struct made at run time
    """Tell whether no array among the members of *request* is too long."""
    for one in msgspec.structs.astuple(request):
        if isinstance(one, list) and len(one) > max_items:
            return False
    return True


def _typed(value: Plain, body: Body) -> Any:  # noqa: ANN401 - a struct made at run time
    """Return *value* as the request: types first, as the struct is stricter with integers."""
    try:
        # JSON Schema calls 1.0 an integer; an account id it is not (claim integers-strict).
        request = body.typed(value)
    except msgspec.ValidationError as error:
        path = [name or int(index) for name, index in _STEP.findall(str(error).partition("$")[2])]
        raise _rejected(path, str(error), value, body.shape) from None
    for invalid in body.invalid(value):
        raise _rejected(invalid.instance_path, invalid.message, value, body.shape)
    return request


def _rejected(path: Sequence[str | int], message: str, value: Plain, shape: Shape) -> Rejected:
    where = "".join(f"/{step}" for step in path)
    found, shape = _at(path, value, shape)
    if isinstance(found, Misnamed):
        return Rejected(400, where, found)
    if missing := _MISSING.fullmatch(message):
        wanted = cast(ObjectShape, shape).members[missing[1].lower()].shape.expected
        return Rejected(400, f"{where}/{missing[1]}", f"missing; send {wanted}; {_KEYS}")
    if _is_of(found, shape):
        return Rejected(400, where, shorten(message))
    limits = ""
    if isinstance(shape, Scalar) and "integer" in shape.types and type(found) is int:
        limits = f" from {shape.minimum} to {shape.maximum}"
    return Rejected(400, where, f"expected {shape.expected}{limits}, got {_named(found)}")


def _at(path: Sequence[str | int], value: Plain, shape: Shape) -> tuple[Plain, Shape]:
    for step in path:
        if isinstance(shape, ArrayShape):
            shape = shape.items
        else:
            shape = cast(ObjectShape, shape).members[str(step).lower()].shape
        value = cast(Any, value)[step]
    return value, shape


def _is_of(value: Plain, shape: Shape) -> bool:
    """Tell whether *value* has the type that *shape* wants, so that something else is wrong."""
    return (
        (isinstance(shape, ObjectShape) and isinstance(value, dict))
        or (isinstance(shape, ArrayShape) and isinstance(value, list))
        or (isinstance(shape, Scalar) and isinstance(value, str) and "string" in shape.types)
    )


def _named(value: Plain) -> str:
    """Say what *value* is, without repeating text that may be private."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return f"the number {shorten(str(value))}"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"
