"""JSON bodies: the fast way when the members are spelt as expected, the general way otherwise."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, cast

import msgspec

from superoffice_contract.openapi.operations import Body
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Shape
from superoffice_mock.errors import Rejected
from superoffice_mock.wire import content_type
from superoffice_mock.wire.values import Notes, Plain

_TRUNCATED: Final = "Input data was truncated"
_CLEARER: Final = {_TRUNCATED: "it ends too early, or within an escape"}
_HALF: Final = re.compile(
    r"(?<!\\)(?:\\\\)*+(\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F][0-9a-fA-F]{2}))"
)
"""An escape that is half of a letter."""
_ENDLESS: Final = re.compile(
    r'(?:[^"0-9]++|"(?:[^"\\]++|\\.)*+"|[0-9]{1,4299}+(?![0-9]))*+[0-9]{100}([0-9]++)', re.DOTALL
)
"""All up to the end of a number, no text, with more digits than are read."""
_TOO_LARGE: Final = "a number in the body is too large to be read; an id has at most 10 digits"


def fast(raw: bytes, body: Body) -> Any | None:  # noqa: ANN401 - a struct made at run time
    """Return the typed request if *raw* is UTF-8 and all its members are known and well spelt."""
    first = raw.find(b'"') + 1
    camel = first and raw[first : first + 1].islower()
    try:
        return (body.camel_case if camel else body.as_described).decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def read(raw: bytes, charset: str | None, shape: Shape, notes: Notes) -> Plain:
    """Return the plain value in *raw*, its members named as *shape* names them.

    Raise Rejected: 400 where it is no JSON, 413 for too many items.
    """
    text = content_type.text(raw, charset)
    try:
        return _value(text, shape, notes)
    except msgspec.ValidationError:  # of JSON, as no type was asked for: a number out of range
        return _value_of_less(text, shape, notes)
    except msgspec.DecodeError as error:
        raise Rejected(400, "", f"the body is not JSON: {_told(text, str(error))}") from None
    except RecursionError:
        raise Rejected(400, "", "the body is nested too deeply") from None


def _told(text: str, what: str) -> str:
    """Say what is wrong with *text*, clearer than *what*; for half a letter that may mislead."""
    half = _HALF.search(text) if what == _TRUNCATED or "surrogate" in what else None
    if half is None:
        return _CLEARER.get(what, what)
    where = f"{half[1]} at character {half.start(1)}"
    return f"{where} is half of a surrogate pair; send both halves, or the letter itself"


def _value_of_less(text: str, shape: Shape, notes: Notes) -> Plain:
    """Return the value of *text* with less of a number's digits, so that its place can be told."""
    endless = _ENDLESS.match(text)
    try:
        return _value(
            text[: endless.start(1)] + text[endless.end(1) :] if endless else text, shape, notes
        )
    except msgspec.DecodeError:
        raise Rejected(400, "", _TOO_LARGE) from None


def _value(text: str, shape: Shape, notes: Notes) -> Plain:
    try:
        return _named(msgspec.json.decode(text), shape, "", notes)
    except _SpeltTwiceError:
        notes.violations.clear()
        return _named(json.loads(text, object_pairs_hook=_Pairs), shape, "", notes)


class _Pairs(list[tuple[str, Any]]):
    """An object's members in the order of the document."""


class _SpeltTwiceError(Exception):
    """Two members differ in case alone; which came last, a dict no longer knows."""


def _named(value: Any, shape: Shape, where: str, notes: Notes) -> Plain:  # noqa: ANN401
    """Return *value* with the described names; of what belongs elsewhere, its kind alone."""
    if isinstance(value, (dict, _Pairs)):
        return _members(value, shape, where, notes) if isinstance(shape, ObjectShape) else {}
    if isinstance(value, list):
        return _items(value, shape, where, notes) if isinstance(shape, ArrayShape) else []
    return cast(Plain, value)


def _items(value: list[Any], shape: ArrayShape, where: str, notes: Notes) -> Plain:
    notes.check_count(len(value), where)
    return [
        _named(item, shape.items, f"{where}/{index}", notes) for index, item in enumerate(value)
    ]


def _members(value: dict[str, Any] | _Pairs, shape: ObjectShape, where: str, notes: Notes) -> Plain:
    if not shape.members:
        return _free(value)
    last: dict[str, Any] = {}
    named: dict[str, Plain] = {}
    for name, child in _pairs(value):
        member = shape.members.get(name.lower())
        if member is None:
            notes.unknown_member(where, name)
        elif member.name in last and isinstance(value, dict):
            raise _SpeltTwiceError
        else:
            last[member.name] = (child, member.shape)
    for name, (child, child_shape) in last.items():
        named[name] = _named(child, child_shape, f"{where}/{name}", notes)
    return named


def _pairs(value: dict[str, Any] | _Pairs) -> Iterator[tuple[str, Any]]:
    return iter(value.items() if isinstance(value, dict) else value)


def _free(value: Any) -> Plain:  # noqa: ANN401
    """Return a value that no shape names members of, with pairs made objects again."""
    if isinstance(value, _Pairs):
        return {name: _free(child) for name, child in value}
    if isinstance(value, list):
        return [_free(child) for child in value]
    return cast(Plain, value)
