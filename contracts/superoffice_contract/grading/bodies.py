"""Reads recorded bodies: the accounts in them, and where they violate the schema."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NoReturn, cast
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

import msgspec

from superoffice_contract.messages import quote_name
from superoffice_contract.openapi.operations import Body
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Scalar, Shape

MAX_ERRORS: Final = 5
XSI_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_PROLOG: Final = re.compile(r"(?:[\s\ufeff]+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_INTEGER: Final = re.compile(r"[ \t\r\n]*([+-]?[0-9]{1,20})[ \t\r\n]*")
_FIELD_NAME: Final = re.compile(r"[^.\[\]]+(?:\[[^\[\].]+\]|\.[^.\[\]]+)*")
_FIELD_STEP: Final = re.compile(r"[^.\[\]]+")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_NON_EMPTY: Final = {"member": ""}
"""Stands for an object that the schema does not describe."""
_TYPE_NAMES: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "a boolean",
    int: "another number",
    float: "a number with a fraction or an exponent",
    str: "text",
    list: "an array",
    dict: "an object",
}

Value = Any
"""A value of the JSON data model."""
Reader = Callable[[str, Shape, list[str]], Value]


class UnreadableBody(Exception):
    """The body is not well formed, or a name in it can't be resolved."""

    def __init__(self, what: str, *claims: str) -> None:
        self.what = what
        self.claims = claims
        super().__init__(what)


class BodyContent(msgspec.Struct, frozen=True):
    """The accounts in a body, its schema errors, and the paths of undocumented members."""

    accounts: tuple[int, ...]
    errors: tuple[str, ...]
    unknown_members: tuple[str, ...]


def read_body(text: str, media_type: str, body: Body) -> BodyContent:
    """Read *text*. Raise UnreadableBody if it is not valid for *media_type*."""
    unknown: list[str] = []
    syntax = media_type.replace("/", "+").rpartition("+")[2]
    value = _READERS.get(syntax, read_form)(text, body.shape, unknown)
    errors = tuple(_schema_errors(value, body))
    accounts = () if errors else tuple(_account_ids(body.convert(value)))
    return BodyContent(accounts, errors, tuple(dict.fromkeys(unknown)))


def _account_ids(request: Any) -> Iterator[int]:  # noqa: ANN401 - a struct made at run time
    return (account.account_id for account in request.sync_user_accounts or ())


# ---- JSON ------------------------------------------------------------------------------------


class _Members(list[tuple[str, Value]]):
    """The members of an object in document order; a dict would merge equal names."""


def read_json(text: str, shape: Shape, unknown: list[str]) -> Value:
    """Read JSON; append the paths of undocumented members to *unknown*."""
    try:
        value = json.loads(text, object_pairs_hook=_Members, parse_constant=_reject_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        msg = f"the body is not JSON: {error.msg} ({place})"
        raise UnreadableBody(msg, "body-syntax") from None
    except (ValueError, RecursionError):
        msg = "the body is JSON with too long a number or too deep a nesting"
        raise UnreadableBody(msg, "body-syntax") from None
    return _read_json_value(value, shape, "", unknown)


def _reject_constant(name: str) -> NoReturn:
    msg = f"the body is not JSON: {name} is not a JSON number"
    raise UnreadableBody(msg, "body-syntax")


def _read_json_value(value: Value, shape: Shape, where: str, unknown: list[str]) -> Value:
    if isinstance(value, _Members):
        if not isinstance(shape, ObjectShape) or not shape.members:
            return _NON_EMPTY if value else {}
        return _read_members(value, shape, where, unknown, _read_json_value)
    if isinstance(value, list):
        items = shape.items if isinstance(shape, ArrayShape) else None
        return [
            items and _read_json_value(item, items, f"{where}/{index}", unknown)
            for index, item in enumerate(value)
        ]
    return _replace_scalar(value)


def _replace_scalar(value: Value) -> Value:
    """Return a placeholder of the same type; an integer stays."""
    if isinstance(value, float):
        return 0.5  # JSON Schema accepts 1.0 as an integer; an id must not be (integers-strict)
    return "" if isinstance(value, str) else value


def _read_members(
    members: Sequence[tuple[str, Value]],
    shape: ObjectShape,
    where: str,
    unknown: list[str],
    read: Callable[[Value, Shape, str, list[str]], Value],
) -> Value:
    """Read the documented members. Of two names that differ only in case the last one counts."""
    last: dict[str, tuple[Value, Shape]] = {}
    for name, child in members:
        member = shape.members.get(name.lower())
        if member is None:
            unknown.append(f"{where}/{quote_name(name, 'a member')}")
        else:
            last[member.name] = (child, member.shape)
    return {
        name: read(child, child_shape, f"{where}/{name}", unknown)
        for name, (child, child_shape) in last.items()
    }


# ---- XML -------------------------------------------------------------------------------------


def read_xml(text: str, shape: Shape, unknown: list[str]) -> Value:
    """Read XML by local names. Reject a DTD."""
    prolog = _PROLOG.match(text)
    if prolog and text.startswith("<!DOCTYPE", prolog.end()):
        msg = "the XML has a DTD; send it without <!DOCTYPE>"
        raise UnreadableBody(msg, "xml-dtd")
    try:
        # Text, not bytes, so that no encoding hides a DTD; without a DTD there are no entities.
        root = ET.fromstring(text.lstrip("\ufeff \t\r\n"))  # noqa: S314
    except ET.ParseError as error:
        line, column = error.position
        msg = f"the body is not XML (line {line}, column {column + 1})"
        raise UnreadableBody(msg, "body-syntax") from None
    _check_element_name(shape, root, "the root")
    return _read_element(root, shape, "", unknown)


def _local_name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _check_element_name(shape: Shape, element: ET.Element, what: str) -> None:
    expected = shape.xml_name if isinstance(shape, ObjectShape) else None
    if expected is None or _local_name(element).lower() != expected.lower():
        actual = quote_name(_local_name(element), "another name")
        msg = f"expected {what} {expected}, got {actual}"
        raise UnreadableBody(msg, "xml-shape")


def _read_element(element: ET.Element, shape: Shape, where: str, unknown: list[str]) -> Value:
    if element.get(XSI_NIL, "").strip() in ("true", "1"):
        return None
    children = list(element)
    text = (element.text or "").strip()
    if isinstance(shape, Scalar):
        return _NON_EMPTY if children else _parse_scalar(text, shape)
    if text:
        return ""
    if isinstance(shape, ArrayShape):
        for child in children:
            _check_element_name(shape.items, child, f"{where}: the element")
        return [
            _read_element(child, shape.items, f"{where}/{index}", unknown)
            for index, child in enumerate(children)
        ]
    if not shape.members:
        return _NON_EMPTY if children else {}
    members = [(_local_name(child), child) for child in children]
    return _read_members(members, shape, where, unknown, _read_element)


def _parse_scalar(text: str, shape: Scalar) -> Value:
    match = _INTEGER.fullmatch(text) if "integer" in shape.types else None
    return "" if match is None else int(match[1])


# ---- forms -----------------------------------------------------------------------------------


def read_form(text: str, shape: Shape, unknown: list[str]) -> Value:
    """Read a form whose field names are paths with brackets or dots."""
    tree: dict[str, Value] = {}
    fields = [field for field in text.split("&") if field]
    for number, field in enumerate(fields, 1):
        name, _, value = field.partition("=")
        name, value = unquote_plus(name), unquote_plus(value)
        # A single word is not repeated as a name: it may be a secret, such as padded base64.
        is_path = (value.strip("=") or "[" in name) and _FIELD_NAME.fullmatch(name)
        if not is_path or not _insert_field(tree, _FIELD_STEP.findall(name), value):
            msg = f"field {number} is not a path such as SyncUserAccounts[0][AccountId]"
            raise UnreadableBody(msg, "form-shape")
    return _read_form_node(tree, shape, "", unknown)


def _insert_field(tree: dict[str, Value], steps: Sequence[str], value: str) -> bool:
    """Insert *value* at the path *steps*. Return False if a step is both a value and a parent."""
    *parents, last = (step.lower() for step in steps)
    node: Value = tree
    for step in parents:
        node = node.setdefault(step, {})
        if not isinstance(node, dict):
            return False
    if isinstance(node.get(last), dict):
        return False
    node[last] = value
    return True


def _read_form_node(node: Value, shape: Shape, where: str, unknown: list[str]) -> Value:
    if isinstance(node, str):
        return _parse_scalar(node, shape) if isinstance(shape, Scalar) else ""
    if isinstance(shape, ArrayShape):
        if not all(map(_INDEX.fullmatch, node)):
            msg = f"{where}: expected indices, as in SyncUserAccounts[0][AccountId]"
            raise UnreadableBody(msg, "form-shape")
        return [
            _read_form_node(node[index], shape.items, f"{where}/{index}", unknown)
            for index in sorted(node, key=int)
        ]
    if isinstance(shape, ObjectShape) and shape.members:
        return _read_members(list(node.items()), shape, where, unknown, _read_form_node)
    return _NON_EMPTY


_READERS: Final[Mapping[str, Reader]] = {"json": read_json, "xml": read_xml}
"""By the last part of the media type; any other media type is a form."""


# ---- schema errors ---------------------------------------------------------------------------


def _schema_errors(value: Value, body: Body) -> Iterator[str]:
    for problem in islice(body.find_problems(value), MAX_ERRORS):
        actual, shape = _value_and_shape(problem.instance_path, value, body.shape)
        where = "".join(f"/{step}" for step in problem.instance_path) or "the body"
        expected = _describe_expected(actual, shape)
        yield f"{where}: expected {expected}, got {_describe_actual(actual)}"


def _value_and_shape(path: Sequence[str | int], value: Value, shape: Shape) -> tuple[Value, Shape]:
    for step in path:
        if isinstance(shape, ArrayShape):
            shape = shape.items
        else:
            shape = cast(ObjectShape, shape).members[str(step).lower()].shape
        value = value[step]
    return value, shape


def _describe_expected(actual: Value, shape: Shape) -> str:
    if isinstance(shape, Scalar) and type(actual) is int and "integer" in shape.types:
        return f"{shape.expected} from {shape.minimum} to {shape.maximum}"
    return f"{shape.expected} with content" if actual in ([], {}) else shape.expected


def _describe_actual(actual: Value) -> str:
    return "nothing" if actual in ([], {}) else _TYPE_NAMES[type(actual)]
