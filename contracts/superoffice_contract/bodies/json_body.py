"""JSON bodies: a fast path for members in the expected case, a general path for all others."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from math import isinf
from typing import Any, Final, cast

import msgspec

from superoffice_contract.bodies import content_type
from superoffice_contract.bodies.shape_text import find_member
from superoffice_contract.bodies.values import BodyNotes, Plain
from superoffice_contract.errors import InvalidBody
from superoffice_contract.openapi.operations import Body
from superoffice_contract.openapi.schemas import (
    ArrayShape,
    ObjectShape,
    Scalar,
    Shape,
    is_free,
    walk,
)

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
_LARGE_NUMBER: Final = re.compile(r"[eE]\+?[0-9]{3}")
"""The end of a number that takes msgspec long, 8 µs for 1e300; it may also be in a string."""
Decode = Callable[[str], Any]


def read_fast(raw: bytes, body: Body) -> Any | None:  # noqa: ANN401 - a struct made at run time
    """Return the typed request; None unless *raw* is UTF-8 with only known members in one case.

    A body with a fraction or an exponent takes the general path as well.
    """
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
    has_large_number = _LARGE_NUMBER.search(text) is not None
    decode = _decode_large_numbers if has_large_number else msgspec.json.decode
    try:
        return _read_value(text, decode, shape, notes)
    except (OverflowError, msgspec.ValidationError):  # a number out of range, as no type is given
        if not has_large_number and (match := _LONG_NUMBER.match(text)):
            # With a shorter number, the validation finds its place.
            text = text[: match.start(1)] + text[match.end(1) :]
            with suppress(msgspec.DecodeError, RecursionError):
                return _read_value(text, decode, shape, notes)
        raise InvalidBody(400, "", _describe_large_number(shape), ("body-syntax",)) from None
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


def _describe_large_number(shape: Shape) -> str:
    limits = [part.maximum for _, part in walk(shape) if isinstance(part, Scalar) and part.maximum]
    hint = f"; an id has at most {len(str(max(limits)))} digits" if limits else ""
    return f"a number in the body is too large to be read{hint}"


def _read_value(text: str, decode: Decode, shape: Shape, notes: BodyNotes) -> Plain:
    value = decode(text)
    try:
        return _normalize(value, shape, "", notes)
    except _DuplicateMemberError:
        notes.unknown_members.clear()
        # The numbers are in *value*; to read them again could take long.
        pairs = json.loads(text, object_pairs_hook=tuple, parse_int=bool, parse_float=bool)
        _drop_replaced(value, pairs, shape)
        return _normalize(value, shape, "", notes)


def _read_float(text: str) -> float:
    """Return the number *text*; Python is quick for large ones, msgspec for those near zero.

    Raise OverflowError for one that is too large.
    """
    value = float(text) if "e-" not in text.lower() else msgspec.json.decode(text, type=float)
    if isinf(value):
        raise OverflowError
    return value


_decode_large_numbers: Final = msgspec.json.Decoder(float_hook=_read_float).decode


class _DuplicateMemberError(Exception):
    """Two members differ only in case, and a dict does not tell which of them came last."""


def _drop_replaced(value: Any, pairs: Any, shape: Shape) -> None:  # noqa: ANN401 - JSON
    """Drop described members of *value* that a later one of the same name in another case replaces.

    *pairs* is the same value, with each object as a tuple of its names and values in their order.
    """
    if isinstance(value, list) and isinstance(shape, ArrayShape):
        for item, item_pairs in zip(value, pairs, strict=True):
            _drop_replaced(item, item_pairs, shape.items)
    elif isinstance(value, dict) and isinstance(shape, ObjectShape):
        last = {name.lower(): (name, child) for name, child in pairs}
        for name in [name for name in value if last[name.lower()][0] != name]:
            if find_member(shape, name):
                del value[name]
        for name, child in last.values():
            if member := find_member(shape, name):
                _drop_replaced(value[name], child, member.shape)


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
    if is_free(shape):
        return value
    described: dict[str, tuple[Any, Shape]] = {}
    for name, child in value.items():
        member = find_member(shape, name)
        if member is None:
            notes.add_unknown_member(where, name)
        elif member.name in described:
            raise _DuplicateMemberError
        else:
            described[member.name] = child, member.shape
    return {
        name: _normalize(child, child_shape, notes.place(where, name, shape), notes)
        if isinstance(child, (dict, list))
        else child
        for name, (child, child_shape) in described.items()
    }
