"""Recorded bodies held against the schema: the accounts they name, and where they break it."""

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

Value = Any
"""JSON's data model."""


Read = Callable[[str, Shape, list[str]], Value]


XSI_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"


_PROLOG: Final = re.compile(r"(?:[\s\ufeff]+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)


_INTEGER: Final = re.compile(r"[ \t\r\n]*([+-]?[0-9]{1,20})[ \t\r\n]*")


_KEY: Final = re.compile(r"[^.\[\]]+(?:\[[^\[\].]+\]|\.[^.\[\]]+)*")


_STEP: Final = re.compile(r"[^.\[\]]+")


_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")


_EMPTY: Final[Mapping[type, Value]] = {str: "", list: []}


class Unreadable(Exception):
    """A body that is not well formed, or whose names lead nowhere."""

    def __init__(self, what: str, *claims: str) -> None:
        self.what = what
        self.claims = claims
        super().__init__(what)


# ---- JSON ------------------------------------------------------------------------------------


class _Members(list[tuple[str, Value]]):
    """An object's members in the order of the document, as the last of two spellings wins."""


def json_body(text: str, shape: Shape, unknown: list[str]) -> Value:
    """Read JSON; names that nobody described go into *unknown*."""
    try:
        value = json.loads(text, object_pairs_hook=_Members, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        msg = f"the body is not JSON: {error.msg} ({place})"
        raise Unreadable(msg, "body-syntax") from None
    except (ValueError, RecursionError):  # endless digits, endless nesting
        msg = "the body is not JSON that anybody would read"
        raise Unreadable(msg, "body-syntax") from None
    return _described(value, shape, "", unknown)


def _no_number(name: str) -> NoReturn:
    msg = f"the body is not JSON: {name} is no number"
    raise Unreadable(msg, "body-syntax")


def _described(value: Value, shape: Shape, where: str, unknown: list[str]) -> Value:
    if isinstance(value, _Members):
        if not isinstance(shape, ObjectShape) or not shape.members:
            return {"member": ""} if value else {}
        return _object(value, shape, where, unknown, _described)
    if isinstance(value, list):
        items = shape.items if isinstance(shape, ArrayShape) else None
        return [
            items and _described(one, items, f"{where}/{i}", unknown) for i, one in enumerate(value)
        ]
    return _blank(value)


def _blank(value: Value) -> Value:
    """Return the kind of *value*; of a whole number the value too."""
    if isinstance(value, float):
        return 0.5  # JSON Schema calls 1.0 an integer; an id it is not (claim integers-strict)
    return _EMPTY.get(type(value), value)


def _object(
    members: Sequence[tuple[str, Value]],
    shape: ObjectShape,
    where: str,
    unknown: list[str],
    read: Callable[[Value, Shape, str, list[str]], Value],
) -> Value:
    """Return the described members; the last of two that differ in case alone (camel-case)."""
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


def xml_body(text: str, shape: Shape, unknown: list[str]) -> Value:
    """Read XML by local names, without DTDs and entities."""
    prolog = _PROLOG.match(text)
    if prolog and text.startswith("<!DOCTYPE", prolog.end()):
        msg = "the XML has a DTD; send it without <!DOCTYPE>"
        raise Unreadable(msg, "xml-dtd")
    try:
        # Text, not bytes, so that no encoding hides a DTD; without one there are no entities.
        root = ET.fromstring(text.lstrip("\ufeff \t\r\n"))  # noqa: S314
    except ET.ParseError as error:
        line, column = error.position
        msg = f"the body is not XML (line {line}, column {column + 1})"
        raise Unreadable(msg, "body-syntax") from None
    _named_as(shape, root, "the root")
    return _element(root, shape, "", unknown)


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _named_as(shape: Shape, element: ET.Element, what: str) -> None:
    wanted = shape.xml_name if isinstance(shape, ObjectShape) else None
    if wanted is None or _local(element).lower() != wanted.lower():
        got = quote_name(_local(element), "another name")
        msg = f"expected {what} {wanted}, got {got}"
        raise Unreadable(msg, "xml-shape")


def _element(element: ET.Element, shape: Shape, where: str, unknown: list[str]) -> Value:
    if element.get(XSI_NIL, "").strip() in ("true", "1"):
        return None
    children = list(element)
    said = (element.text or "").strip()
    if isinstance(shape, Scalar):
        return {"member": ""} if children else _from_text(said, shape)
    if said:
        return ""
    if isinstance(shape, ArrayShape):
        for child in children:
            _named_as(shape.items, child, f"{where}: the element")
        return [
            _element(child, shape.items, f"{where}/{index}", unknown)
            for index, child in enumerate(children)
        ]
    if not shape.members:
        return {"member": ""} if children else {}
    return _object([(_local(one), one) for one in children], shape, where, unknown, _element)


def _from_text(text: str, shape: Scalar) -> Value:
    spelt = _INTEGER.fullmatch(text) if "integer" in shape.types else None
    return "" if spelt is None else int(spelt[1])


# ---- forms -----------------------------------------------------------------------------------


def form_body(text: str, shape: Shape, unknown: list[str]) -> Value:
    """Read a form in either syntax."""
    tree: dict[str, Value] = {}
    fields = [one for one in text.split("&") if one]
    for number, field in enumerate(fields, 1):
        key, _, value = field.partition("=")
        key, value = unquote_plus(key), unquote_plus(value)
        # A lone word is refused, not told as a name: it may be a secret, perhaps padded base64.
        named = (value.strip("=") or "[" in key) and _KEY.fullmatch(key)
        if not named or not _planted(tree, _STEP.findall(key), value):
            msg = f"field {number} is no path such as SyncUserAccounts[0][AccountId]"
            raise Unreadable(msg, "form-shape")
    return _branch(tree, shape, "", unknown)


def _planted(tree: dict[str, Value], steps: Sequence[str], value: str) -> bool:
    """Put *value* where *steps* lead; tell whether no step is both a value and a parent."""
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


def _branch(node: Value, shape: Shape, where: str, unknown: list[str]) -> Value:
    if isinstance(node, str):
        return _from_text(node, shape) if isinstance(shape, Scalar) else ""
    if isinstance(shape, ArrayShape):
        if not all(map(_INDEX.fullmatch, node)):
            msg = f"{where}: expected indices, as in SyncUserAccounts[0][AccountId]"
            raise Unreadable(msg, "form-shape")
        ordered = sorted(node, key=int)
        return [_branch(node[one], shape.items, f"{where}/{one}", unknown) for one in ordered]
    if isinstance(shape, ObjectShape) and shape.members:
        return _object(list(node.items()), shape, where, unknown, _branch)
    return {"member": ""}


MAX_PLACES: Final = 5


_READERS: Final[Mapping[str, Read]] = {"json": json_body, "xml": xml_body}
"""By how a media type ends; the one that is left is the form."""


class Content(msgspec.Struct, frozen=True):
    """A body as the contract sees it: its accounts, what breaks it, names that nobody described."""

    accounts: tuple[int, ...]
    wrong: tuple[str, ...]
    unknown: tuple[str, ...]


def content(text: str, media_type: str, body: Body) -> Content:
    """Return what is in *text*. Raise Unreadable if it is not of *media_type*."""
    unknown: list[str] = []
    ends = media_type.replace("/", "+").rpartition("+")[2]
    value = _READERS.get(ends, form_body)(text, body.shape, unknown)
    wrong = tuple(_wrongs(value, body))
    accounts = () if wrong else tuple(_accounts(body.typed(value)))
    return Content(accounts, wrong, tuple(dict.fromkeys(unknown)))


def _accounts(request: Any) -> Iterator[int]:  # noqa: ANN401 - a struct made at run time
    return (one.account_id for one in request.sync_user_accounts or ())


def _wrongs(value: Value, body: Body) -> Iterator[str]:
    for invalid in islice(body.invalid(value), MAX_PLACES):
        found, shape = _at(invalid.instance_path, value, body.shape)
        where = "".join(f"/{step}" for step in invalid.instance_path) or "the body"
        yield f"{where}: expected {_expected(found, shape)}, got {_named(found)}"


def _at(path: Sequence[str | int], value: Value, shape: Shape) -> tuple[Value, Shape]:
    for step in path:
        if isinstance(shape, ArrayShape):
            shape = shape.items
        else:
            shape = cast(ObjectShape, shape).members[str(step).lower()].shape
        value = value[step]
    return value, shape


def _expected(found: Value, shape: Shape) -> str:
    if isinstance(shape, Scalar) and type(found) is int and "integer" in shape.types:
        return f"{shape.expected} from {shape.minimum} to {shape.maximum}"
    return f"{shape.expected} with content" if found in ([], {}) else shape.expected


_KINDS: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "a boolean",
    int: "another number",
    float: "a number with a fraction or an exponent",
    str: "text",
    list: "an array",
    dict: "an object",
}


def _named(found: Value) -> str:
    return "nothing" if found in ([], {}) else _KINDS[type(found)]
