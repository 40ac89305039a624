"""Decoding of a request body into the typed request that the description gives."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from superoffice_contract.openapi.operations import Body, Operation
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Scalar, Shape
from superoffice_mock.errors import Rejected
from superoffice_mock.wire import form_body, json_body, xml_body
from superoffice_mock.wire.content_type import MediaType, parse_content_type
from superoffice_mock.wire.values import BodyNotes, Plain, WrongElement, shorten

Reader = Callable[[bytes, str | None, Shape, BodyNotes], Plain]

READERS: Final[Mapping[str, Reader]] = {
    "application/json": json_body.read,
    "text/json": json_body.read,
    "application/xml": xml_body.read,
    "text/xml": xml_body.read,
    "application/x-www-form-urlencoded": form_body.read,
    "application/json-patch+json": json_body.read,  # claim patch-types-plain
    "application/merge-patch+json": json_body.read,
}
"""The reader of each media type. Which of them an operation accepts is in the description."""

_JSON_STARTS: Final = (b"{", b"[")
_JSON_SENT_AS_FORM: Final = (
    "the body is not a form; it looks like JSON; send Content-Type: application/json"
)
_UTF8_CHARSETS: Final = (None, "utf-8")
_MIN_ITEM_BYTES: Final = len("0,")
"""The fewest bytes of an item: a body that is short enough needs no count of its items."""
_MISSING_PROPERTY: Final = re.compile(r'"(.+)" is a required property')
_FORM_HINT: Final = "a form does so with keys such as SyncUserAccounts[0][AccountId]"
_PATH_STEP: Final = re.compile(r"\.([^.`\[\]]+)|\[(\d+)\]")


class DecodedBody(msgspec.Struct, frozen=True):
    """A valid body: the typed request, and violations that are tolerated."""

    content: Any
    violations: tuple[str, ...] = ()


def decode(
    operation: Operation, content_type: str | None, raw: bytes, max_items: int
) -> DecodedBody:
    """Decode *raw*, a body of *operation* whose arrays may have *max_items* items.

    Raise Rejected: 415 for the media type or charset, 400 for the body, 413 for too many items.
    """
    if not raw:
        raise Rejected(400, "", f"no body; send one, as {', '.join(operation.bodies)}")
    media_type, body = _find_body(operation, content_type)
    read = READERS[media_type.name]
    if read is json_body.read and media_type.charset in _UTF8_CHARSETS:
        content = json_body.read_fast(raw, body)
        if content is not None and (
            len(raw) <= _MIN_ITEM_BYTES * max_items or _is_within_limit(content, max_items)
        ):
            return DecodedBody(content)
    notes = BodyNotes(max_items)
    try:
        content = _convert(read(raw, media_type.charset, body.shape, notes), body)
    except Rejected:
        if read is form_body.read and raw.lstrip().startswith(_JSON_STARTS):
            raise Rejected(400, "", _JSON_SENT_AS_FORM) from None
        raise
    return DecodedBody(content, tuple(notes.violations))


def _find_body(operation: Operation, content_type: str | None) -> tuple[MediaType, Body]:
    if content_type is None:
        reason = f"missing; send one of {', '.join(operation.bodies)}"
        raise Rejected(415, "Content-Type", reason)
    media_type = parse_content_type(content_type)
    body = operation.bodies.get(media_type.name)
    if body is None:
        reason = f"{shorten(media_type.name)!r} is not one of {', '.join(operation.bodies)}"
        raise Rejected(415, "Content-Type", reason)
    return media_type, body


def _is_within_limit(content: Any, max_items: int) -> bool:  # noqa: ANN401 - a struct made at run time
    """Return whether no array among the members of *content* is too long."""
    for member in msgspec.structs.astuple(content):
        if isinstance(member, list) and len(member) > max_items:
            return False
    return True


def _convert(value: Plain, body: Body) -> Any:  # noqa: ANN401 - a struct made at run time
    """Return *value* as the typed request. Raise Rejected (400) if it is invalid."""
    try:
        # Before the JSON Schema, which allows 1.0 as an integer (claim integers-strict).
        content = body.convert(value)
    except msgspec.ValidationError as error:
        path = [
            name or int(index) for name, index in _PATH_STEP.findall(str(error).partition("$")[2])
        ]
        raise _build_rejection(path, str(error), value, body.shape) from None
    for problem in body.find_problems(value):
        raise _build_rejection(problem.instance_path, problem.message, value, body.shape)
    return content


def _build_rejection(
    path: Sequence[str | int], message: str, value: Plain, shape: Shape
) -> Rejected:
    where = "".join(f"/{step}" for step in path)
    actual, shape = _follow(path, value, shape)
    if isinstance(actual, WrongElement):
        return Rejected(400, where, actual)
    if missing := _MISSING_PROPERTY.fullmatch(message):
        expected = cast(ObjectShape, shape).members[missing[1].lower()].shape.expected
        return Rejected(400, f"{where}/{missing[1]}", f"missing; send {expected}; {_FORM_HINT}")
    if _has_type(actual, shape):
        return Rejected(400, where, shorten(message))
    limits = ""
    if isinstance(shape, Scalar) and "integer" in shape.types and type(actual) is int:
        limits = f" from {shape.minimum} to {shape.maximum}"
    return Rejected(400, where, f"expected {shape.expected}{limits}, got {_describe(actual)}")


def _follow(path: Sequence[str | int], value: Plain, shape: Shape) -> tuple[Plain, Shape]:
    for step in path:
        if isinstance(shape, ArrayShape):
            shape = shape.items
        else:
            shape = cast(ObjectShape, shape).members[str(step).lower()].shape
        value = cast(Any, value)[step]
    return value, shape


def _has_type(value: Plain, shape: Shape) -> bool:
    """Return whether *value* is of the type of *shape*, so that the error is another one."""
    return (
        (isinstance(shape, ObjectShape) and isinstance(value, dict))
        or (isinstance(shape, ArrayShape) and isinstance(value, list))
        or (isinstance(shape, Scalar) and isinstance(value, str) and "string" in shape.types)
    )


def _describe(value: Plain) -> str:
    """Return the kind of *value*, without any text that may be private."""
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
