"""Form bodies: `SyncUserAccounts[0][AccountId]=507` and `SyncUserAccounts[0].AccountId=507`.

Each key is resolved along the shape; one that does not fit is rejected before its value is read.
"""

import re
from typing import Any, Final

import msgspec

from superoffice_contract.bodies import content_type
from superoffice_contract.bodies.shape_text import example_key, find_member, shortest_field
from superoffice_contract.bodies.values import (
    MAX_DEPTH,
    MAX_EXTRA_PARTS,
    BodyNotes,
    Plain,
    check_parts,
    parse_scalar,
)
from superoffice_contract.errors import InvalidBody
from superoffice_contract.messages import shorten
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Scalar, Shape, is_free

MAX_NESTED: Final = 10_000
"""The limit for objects that are nested in all free objects of a body together."""
_STEP: Final = re.compile(r"(?!^)\[([^\[\]]*)\]|(?:^|(?!^)\.)([^.\[\]]+)")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_LONE_PERCENT: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ESCAPED_BRACKETS: Final = (("%5B", "["), ("%5D", "]"), ("%5b", "["), ("%5d", "]"))
_JSON_START: Final = r"""\s*(?:\{\s*["'}]|\[\s*[\]\[{"'])"""
_LOOKS_LIKE_JSON: Final = (
    "the body is not a form; it looks like JSON; send Content-Type: application/json"
)
_VALUE_AND_PARENT: Final = "the same key is a value and a parent"


class _BadKeyError(InvalidBody):
    """The key of a field is wrong; without a reason, no key of the description is like it."""

    def __init__(self, reason: str = "", status: int = 400, claim: str = "form-shape") -> None:
        super().__init__(status, "", reason, (claim,))


class _Node(msgspec.Struct):
    """An array or object of the body; its children by index or by described name."""

    shape: Shape
    where: str
    depth: int
    children: dict[str, Any] = {}

    def value(self, notes: BodyNotes) -> Plain:
        """Return the plain value; items are in the order of their indices (claim form-gaps)."""
        values = {
            name: child.value(notes) if isinstance(child, _Node) else child
            for name, child in self.children.items()
        }
        if isinstance(self.shape, ObjectShape):
            return values
        indices = sorted(values, key=int)
        if indices and int(indices[-1]) != len(indices) - 1:
            notes.arrays_with_gaps.append(self.where)
        return [values[index] for index in indices]


class _Tree:
    """The body as a tree that grows with each key; it remembers the parents of keys by path."""

    def __init__(self, shape: Shape, encoding: str, notes: BodyNotes) -> None:
        self._encoding = encoding
        self._notes = notes
        self._nested = 0
        self._is_bare_word = False
        self.root = _Node(shape, "", 0)
        self._parents: dict[str, _Node | None] = {"": self.root}

    def insert(self, key: str, escaped: str) -> None:
        """Store the *escaped* value at *key*, or note that the description has no such member."""
        # A word may be a secret, such as padded base64, that was sent in place of a form.
        self._is_bare_word = "[" not in key and not escaped.strip("=")
        path, last = _split(key)
        if path not in self._parents:
            self._parents[path] = self._resolve(path)
        node = self._parents[path]
        if node is None:
            return
        name, shape = self._take_step(node, last)
        if isinstance(node.children.get(name), _Node):
            raise _BadKeyError(_VALUE_AND_PARENT)
        if shape is not None:
            value = _unescape(escaped, self._encoding)
            node.children[name] = parse_scalar(value, shape) if isinstance(shape, Scalar) else value

    def _resolve(self, path: str) -> _Node | None:
        """Return the node at *path*, the parent of a key; None if the description lacks it."""
        end = max(path.rfind("."), path.rfind("["), 0)
        node = self._parents.get(path[:end])
        match = _STEP.match(path, end if node else 0)
        node = node or self.root
        while match is not None:
            name, shape = self._take_step(node, match[match.lastindex or 0])
            if shape is None:
                return None
            node = self._get_child(node, name, shape)
            if node.where:
                self._parents[path[: match.end()]] = node
            if match.end() == len(path):
                return node
            match = _STEP.match(path, match.end())
        raise _BadKeyError

    def _take_step(self, node: _Node, step: str) -> tuple[str, Shape | None]:
        """Return the name and shape of the child at *step*; note one that has no shape.

        A free object has text and free objects of its own kind.
        """
        shape = node.shape
        if isinstance(shape, ArrayShape) and _INDEX.fullmatch(step):
            self._notes.check_count(len(node.children) + (step not in node.children), node.where)
            return step, shape.items
        if not isinstance(shape, ObjectShape):
            raise _BadKeyError
        if is_free(shape):
            return step, shape
        member = find_member(shape, step)
        if member is not None:
            return member.name, member.shape
        self._notes.add_unknown_member(node.where, "" if self._is_bare_word else step)
        node.children[step] = None
        return step, None

    def _get_child(self, node: _Node, name: str, shape: Shape) -> _Node:
        child = node.children.get(name)
        if child is None:
            if node.depth == MAX_DEPTH:
                reason = f"nested more than {MAX_DEPTH} deep; send fewer levels"
                raise _BadKeyError(reason, claim="body-syntax")
            # In a free object names may be long, so their paths are not kept on the way.
            where = "" if is_free(node.shape) else self._notes.place(node.where, name, node.shape)
            child = node.children[name] = _Node(shape, where, node.depth + 1)
            self._nested += isinstance(node.shape, ObjectShape) and not node.shape.members
            if self._nested > MAX_NESTED:
                reason = f"more than {MAX_NESTED} members that have members; send fewer"
                raise _BadKeyError(reason, 413, "body-limit")
        elif not isinstance(child, _Node):
            raise _BadKeyError(_VALUE_AND_PARENT)
        return child


def _split(key: str) -> tuple[str, str]:
    """Return the parent of *key* and its last step: `a[0].b` -> `a[0]` and `b`."""
    if key.endswith("]"):
        parent, _, last = key[:-1].rpartition("[")
        is_valid = bool(parent)
    else:
        parent, dot, last = key.rpartition(".")
        is_valid = bool(last) and bool(parent) == bool(dot)
    if not is_valid or "[" in last or "]" in last:
        raise _BadKeyError
    return parent, last


def read(raw: bytes, charset: str | None, shape: Shape, notes: BodyNotes) -> Plain:
    """Return the plain value in *raw*, its members named as *shape* names them.

    Raise InvalidBody: 400 for a key that is malformed or both a value and a parent, 413 for too
    many items, fields or nested members.
    """
    notes.is_form = True
    text = content_type.decode_text(raw, charset)
    # Escapes are bytes of the charset. In a UTF-16 body they are UTF-8, as browsers write them.
    encoding = "latin-1" if charset == "latin-1" else "utf-8"
    if re.match(_JSON_START, text):
        raise InvalidBody(400, "", _LOOKS_LIKE_JSON, ("media-types", "form-shape"))
    for escape, bracket in _ESCAPED_BRACKETS:  # most clients escape these in every key
        text = text.replace(escape, bracket)
    fields = text.split("&")
    if len(fields) > MAX_EXTRA_PARTS:
        check_parts(len(fields), len(text), shortest_field(shape), "fields")
    tree = _Tree(shape, encoding, notes)
    number, key = 0, ""
    try:
        for number, field in enumerate(filter(None, fields), 1):  # noqa: B007 - for the message
            key, _, value = field.partition("=")
            key = _unescape(key, encoding)
            tree.insert(key, value)
    except _BadKeyError as error:
        where = f"field {number}" if notes.hide_text else shorten(key)
        reason = error.reason or f"expected a key such as {example_key(shape)}"
        raise InvalidBody(error.status, where, reason, error.claims) from None
    return tree.root.value(notes)


def _unescape(text: str, encoding: str) -> str:
    """Return *text* with its escapes decoded; a percent sign that starts no escape stays."""
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    # As a Python escape, \x41 for %41, it is decoded by C code.
    raw = text.encode(encoding).replace(b"\\", b"\\\\")
    try:
        decoded = raw.replace(b"%", b"\\x").decode("unicode_escape")
    except UnicodeDecodeError:
        decoded = _escape_lone_percents(raw).replace(b"%", b"\\x").decode("unicode_escape")
    try:
        return decoded.encode("latin-1").decode(encoding)
    except UnicodeDecodeError:
        reason = f"a percent-encoded value is not {encoding}"
        raise InvalidBody(400, "", reason, ("charset-broken",)) from None


def _escape_lone_percents(raw: bytes) -> bytes:
    """Return *raw* with every percent sign that starts no escape written as `%25`.

    The time is linear in the length of *raw*.
    """
    for _ in range(2):  # twice, as the pairs in `%%%` overlap
        raw = raw.replace(b"%%", b"%25%")
    return b"%25".join(_LONE_PERCENT.split(raw))
