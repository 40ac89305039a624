"""Where a plain value does not fit the description of a body, and what is expected there."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import msgspec

from superoffice_contract.bodies.shape_text import example_key, find_member
from superoffice_contract.bodies.values import BodyNotes, Plain
from superoffice_contract.errors import InvalidBody
from superoffice_contract.messages import shorten
from superoffice_contract.openapi.operations import Body
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Path, Scalar, Shape

_MISSING_PROPERTY: Final = re.compile(r'"(.+)" is a required property')
_TOO_FEW: Final = re.compile(r"has less than [0-9]+ \w+$")
_EXACT_PATH: Final = re.compile(r".* - at `\$((?:\.[^.`\[\]]+|\[[0-9]+\])*)`", re.DOTALL)
_NUMBER_TYPES: Final = {int: {"integer", "number"}, float: {"number"}}
_KINDS: Final = {type(None): "null", bool: "a boolean", list: "an array", str: "a string"}
_PATH_STEP: Final = re.compile(r"\.([^.`\[\]]+)|\[([0-9]+)\]")


def convert(value: Plain, body: Body, notes: BodyNotes) -> Any:  # noqa: ANN401 - made at run time
    """Return *value* as the typed request. Raise InvalidBody (400) for its first wrong place."""
    with suppress(msgspec.ValidationError):
        content = body.convert(value)
        if body.is_valid(value):
            return content
    raise next(find_problems(value, body, notes))


def find_problems(value: Plain, body: Body, notes: BodyNotes) -> Iterator[InvalidBody]:
    """Yield what is wrong with *value*, the first wrong place first."""
    for path, message in _find_places(value, body):
        yield _describe_problem(path, message, value, body.shape, notes)


def _find_places(value: Plain, body: Body) -> Iterator[tuple[Path, str]]:
    """Yield the path to each wrong place, and what msgspec or the validator says about it."""
    message = ""
    try:
        body.convert(value)
    except msgspec.ValidationError as error:
        message = str(error)
    first_path = _exact_path(message, value)
    if first_path is not None:
        yield first_path, message
    paths = {first_path}
    for problem in body.find_problems(value):
        path = tuple(problem.instance_path)
        paths.add(path)
        if path != first_path:
            yield path, problem.message
    if not message:
        return
    for path in _find_floats(value, body.shape, ()):
        if path not in paths:
            paths.add(path)
            yield path, message
    if paths == {None}:
        yield (), message


def _exact_path(message: str, value: Any) -> Path | None:  # noqa: ANN401
    """Return the path in a message of msgspec; None if it does not lead to one place in *value*."""
    match = _EXACT_PATH.fullmatch(message)
    if match is None:
        return None if "`$" in message or not message else ()
    path = tuple(name or int(index) for name, index in _PATH_STEP.findall(match[1]))
    try:
        for step in path:
            value = value[step]
    except (LookupError, TypeError):
        return None
    return path


def _find_floats(value: Plain, shape: Shape, path: Path) -> Iterator[Path]:
    """Yield the paths of floats in the place of integers (claim integers-strict).

    JSON Schema allows 1.0 as an integer.
    """
    if isinstance(value, float) and isinstance(shape, Scalar):
        if "integer" in shape.types and "number" not in shape.types:
            yield path
    elif isinstance(value, list) and isinstance(shape, ArrayShape):
        for index, item in enumerate(value):
            yield from _find_floats(item, shape.items, (*path, index))
    elif isinstance(value, dict) and isinstance(shape, ObjectShape):
        for name, child in value.items():
            if member := find_member(shape, name):
                yield from _find_floats(child, member.shape, (*path, name))


# ---- words -----------------------------------------------------------------------------------


def _describe_problem(
    path: Path, message: str, value: Plain, root: Shape, notes: BodyNotes
) -> InvalidBody:
    where, actual, shape = _follow(path, value, root, notes)
    if where in notes.wrong_elements:
        return InvalidBody(400, where, notes.wrong_elements[where], ("xml-shape",))
    claims = ("body-shape",)
    if missing := _MISSING_PROPERTY.fullmatch(message):
        member = find_member(shape, missing[1])
        reason = f"missing; send {member.shape.expected}" if member else "missing"
        if notes.is_form:
            reason = f"{reason}; a form does so with keys such as {example_key(root)}"
        return InvalidBody(400, f"{where}/{missing[1]}", reason, claims)
    if shape is not None and not _has_type(actual, shape):
        reason = (
            f"expected {_describe_expected(actual, shape)}, got {_describe(actual, shape, notes)}"
        )
    elif notes.hide_text:
        too_few = _TOO_FEW.search(message)
        reason = too_few[0] if too_few else "the description does not allow this value"
    else:
        reason = shorten(message)
    return InvalidBody(400, where, reason, claims)


def _follow(
    path: Path, value: Plain, root: Shape, notes: BodyNotes
) -> tuple[str, Plain, Shape | None]:
    """Return *path* as text, and the value and shape there; no shape if it is not described."""
    where = ""
    shape: Shape | None = root
    for step in path:
        name = str(step)
        if isinstance(value, dict):
            if name not in value:  # the validator has the name `07` as the number 7
                name = next((key for key in value if key.lstrip("0") == name.lstrip("0")), name)
            value = value.get(name)
        elif isinstance(value, list):  # pragma: no branch - only these have something inside
            value = value[int(step)]
        if isinstance(shape, ArrayShape):
            shape, where = shape.items, f"{where}/{name}"
        elif member := find_member(shape, name):
            shape, where = member.shape, notes.place(where, name, shape)
        else:
            shape, where = None, f"{where}/{notes.quote(name, 'a member')}"
    return where, value, shape


def _has_type(value: Plain, shape: Shape) -> bool:
    """Return whether *value* is of the type of *shape*, so that the error is another one."""
    return (
        (isinstance(shape, ObjectShape) and isinstance(value, dict))
        or (isinstance(shape, ArrayShape) and isinstance(value, list))
        or (
            isinstance(shape, Scalar)
            and isinstance(value, str)
            and not shape.values
            and shape.allows_text(value)
        )
    )


def _describe_expected(actual: Plain, shape: Shape) -> str:
    """Return what belongs in the place of *actual*, with the limits if it is such a number."""
    if isinstance(shape, Scalar) and shape.types & _NUMBER_TYPES.get(type(actual), set()):
        return shape.expected_number
    return shape.expected


def _describe(value: Plain, shape: Shape, notes: BodyNotes) -> str:
    """Return the kind of *value*, without any text that may be private."""
    if type(value) in _NUMBER_TYPES:
        if not notes.hide_text and not (isinstance(shape, Scalar) and shape.is_secret):
            return f"the number {shorten(str(value))}"
        is_integer = isinstance(value, int)
        return "another number" if is_integer else "a number with a fraction or an exponent"
    if isinstance(value, str) and isinstance(shape, Scalar) and shape.values:
        return "another string"
    return _KINDS.get(type(value), "an object")
