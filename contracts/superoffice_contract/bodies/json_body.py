"""JSON bodies: a fast path for members in the expected case, a general path for all others."""

import json
import re
from typing import Any, Final, cast

import msgspec

from superoffice_contract.bodies import content_type
from superoffice_contract.bodies.shape_text import walk
from superoffice_contract.bodies.values import BodyNotes, Plain, last_members
from superoffice_contract.errors import InvalidBody
from superoffice_contract.openapi.operations import Body
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Scalar, Shape

_TRUNCATED: Final = "Input data was truncated"
_CLEARER_MESSAGES: Final = {_TRUNCATED: "it ends too early, or within an escape"}
_HALF_SURROGATE: Final = re.compile(
    r"(?<!\\)(?:\\\\)*+(\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F][0-9a-fA-F]{2}))"
)
"""The escape of one half of a surrogate pair, without the other half."""
_LONG_NUMBER: Final = re.compile(
    r'(?:[^"0-9]++|"(?:[^"\\]++|\\.)*+"|[0-9]{1,4299}+(?![0-9]))*+[0-9]{100}([0-9]++)', re.DOTALL
)
"""Everything up to the end of a number that has too many digits to be read."""


def read_fast(raw: bytes, body: Body) -> Any | None:  # noqa: ANN401 - a struct made at run time
    """Return the typed request; None unless *raw* is UTF-8 with only known members in one case."""
    first = raw.find(b'"') + 1
    camel = first and raw[first : first + 1].islower()
    try:
        return (body.camel_case if camel else body.exact_case).decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def read(raw: bytes, charset: str | None, shape: Shape, notes: BodyNotes) -> Plain:
    """Return the plain value in *raw*, its members named as *shape* names them.

    Raise InvalidBody: 400 if it is not JSON, 413 for too many items.
    """
    text = content_type.decode_text(raw, charset)
    try:
        return _read_value(text, shape, notes)
    except msgspec.ValidationError:  # a number out of range; nothing else, as no type is given
        return _read_with_shorter_number(text, shape, notes)
    except msgspec.DecodeError as error:
        reason = f"the body is not JSON: {_describe_error(text, str(error))}"
        raise InvalidBody(400, "", reason, ("body-syntax",)) from None
    except RecursionError:
        raise InvalidBody(400, "", "the body is nested too deeply", ("body-syntax",)) from None


def _describe_error(text: str, error: str) -> str:
    """Return *error* in clearer words; msgspec's own mislead where half a surrogate is missing."""
    match = _HALF_SURROGATE.search(text) if error == _TRUNCATED or "surrogate" in error else None
    if match is None:
        return _CLEARER_MESSAGES.get(error, error)
    escape = f"{match[1]} at character {match.start(1)}"
    return f"{escape} is half of a surrogate pair; send both halves, or the letter itself"


def _read_with_shorter_number(text: str, shape: Shape, notes: BodyNotes) -> Plain:
    """Return the value of *text* with a long number cut, so that validation finds its place."""
    match = _LONG_NUMBER.match(text)
    if match:
        text = text[: match.start(1)] + text[match.end(1) :]
    try:
        return _read_value(text, shape, notes)
    except msgspec.DecodeError:
        raise InvalidBody(400, "", _describe_large_number(shape), ("body-syntax",)) from None


def _describe_large_number(shape: Shape) -> str:
    limits = [part.maximum for _, part in walk(shape) if isinstance(part, Scalar) and part.maximum]
    hint = f"; an id has at most {len(str(max(limits)))} digits" if limits else ""
    return f"a number in the body is too large to be read{hint}"


def _read_value(text: str, shape: Shape, notes: BodyNotes) -> Plain:
    try:
        return _normalize(msgspec.json.decode(text), shape, "", notes)
    except _DuplicateMemberError:
        notes.unknown_members.clear()
        return _normalize(json.loads(text, object_pairs_hook=_OrderedMembers), shape, "", notes)


class _OrderedMembers(dict[str, Any]):
    """The members of an object in the order of their last occurrence."""

    def __init__(self, members: list[tuple[str, Any]]) -> None:
        super().__init__()
        for name, value in members:
            self.pop(name, None)
            self[name] = value


class _DuplicateMemberError(Exception):
    """Two members differ only in case, and a dict does not tell which of them came last."""


def _normalize(value: Any, shape: Shape, where: str, notes: BodyNotes) -> Plain:  # noqa: ANN401
    """Return *value* with the described member names; a value of the wrong kind becomes empty."""
    if isinstance(value, list):
        if not isinstance(shape, ArrayShape):
            return []
        notes.check_count(len(value), where)
        return [
            _normalize(item, shape.items, f"{where}/{index}", notes)
            for index, item in enumerate(value)
        ]
    if isinstance(value, dict):
        return (
            _normalize_members(value, shape, where, notes) if isinstance(shape, ObjectShape) else {}
        )
    return cast(Plain, value)


def _normalize_members(
    value: dict[str, Any], shape: ObjectShape, where: str, notes: BodyNotes
) -> Plain:
    if not shape.members:
        return value
    if type(value) is dict and len({name.lower() for name in value}) < len(value):
        raise _DuplicateMemberError
    return {
        name: _normalize(child, child_shape, f"{where}/{name}", notes)
        for name, (child, child_shape) in last_members(value.items(), shape, where, notes).items()
    }
