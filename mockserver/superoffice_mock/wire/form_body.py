"""Form bodies: `SyncUserAccounts[0][AccountId]=507` and `SyncUserAccounts[0].AccountId=507`.

Each key is resolved along the shape; one that does not fit is rejected before its value is read.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Scalar, Shape
from superoffice_mock.errors import Rejected
from superoffice_mock.wire import content_type
from superoffice_mock.wire.values import (
    MAX_DEPTH,
    BodyNotes,
    Plain,
    max_parts,
    parse_scalar,
    shorten,
    too_many_parts,
)

FreeObject = dict[str, Plain]
"""An object whose members the description does not list; holds text and objects of its own kind."""

MAX_NESTED: Final = 10_000
"""The limit for objects that are nested in all free objects of a body together."""
_FIRST_STEP: Final = re.compile(r"[^.\[\]]+")
_STEP: Final = re.compile(r"\[([^\[\]]*)\]|\.([^.\[\]]+)")
_STEPS: Final = re.compile(rf"(?:{_STEP.pattern})*+")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_LONE_PERCENT: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ESCAPED_BRACKETS: Final = (("%5B", "["), ("%5D", "]"), ("%5b", "["), ("%5d", "]"))
_MIN_FIELD_CHARS: Final = len("SyncUserAccounts[0].AccountId=0&")
_BAD_KEY: Final = "expected a key such as SyncUserAccounts[0][AccountId]"
_VALUE_AND_PARENT: Final = "the same key is a value and a parent"
_TOO_NESTED: Final = f"more than {MAX_NESTED} members that have members; send fewer"
_TOO_DEEP: Final = f"nested more than {MAX_DEPTH} deep; send fewer levels"


class _Node:
    """An array or object of the body; its children by index or by described name."""

    __slots__ = ("children", "shape", "where")

    def __init__(self, shape: Shape, where: str) -> None:
        self.shape = shape
        self.where = where
        self.children: dict[str, _Node | Plain] = {}

    def find_child(self, step: str) -> tuple[str, Shape | None] | None:
        """Return the name and shape of the child at *step*; None if there can be no such child.

        The shape is None for a member that the description does not have.
        """
        shape = self.shape
        if isinstance(shape, ObjectShape):
            member = shape.members.get(step.lower())
            return (step, None) if member is None else (member.name, member.shape)
        if isinstance(shape, ArrayShape) and _INDEX.fullmatch(step):
            return step, shape.items
        return None

    def value(self, notes: BodyNotes) -> Plain:
        """Return the plain value; items are in the order of their indices (claim form-gaps)."""
        if isinstance(self.shape, ObjectShape):
            return {name: _plain(child, notes) for name, child in self.children.items()}
        indices = sorted(self.children, key=int)
        if int(indices[-1]) != len(indices) - 1:
            notes.add(f"{self.where}: the indices have gaps; the items were taken in their order")
        return [_plain(self.children[index], notes) for index in indices]


def _plain(child: _Node | Plain, notes: BodyNotes) -> Plain:
    return child.value(notes) if isinstance(child, _Node) else child


class FormTree:
    """The body as a tree that grows with each key; it remembers the parents of keys by path.

    Values are decoded with *unescape*.
    """

    def __init__(self, shape: Shape, unescape: Callable[[str], str], notes: BodyNotes) -> None:
        self._unescape = unescape
        self._notes = notes
        self._nested = 0
        self._root = _Node(shape, "")
        self._parents: dict[str, _Node | FreeObject | None] = {"": self._root}

    def insert(self, key: str, escaped: str) -> None:
        """Store the *escaped* value at *key*, or note that the description has no such member."""
        parent, last = _split(key)
        if parent not in self._parents:
            self._parents[parent] = self._resolve_parent(parent, key)
        node = self._parents[parent]
        if isinstance(node, dict):
            if isinstance(node.get(last), dict):
                raise Rejected(400, shorten(key), _VALUE_AND_PARENT)
            node[last] = self._unescape(escaped)
        elif node is not None:
            self._set_value(node, last, key, escaped)

    def value(self) -> Plain:
        """Return the plain value of the whole body."""
        return self._root.value(self._notes)

    def _set_value(self, node: _Node, last: str, key: str, escaped: str) -> None:
        name, shape = self._take_step(node, last, key)
        if isinstance(node.children.get(name), (_Node, dict)):
            raise Rejected(400, shorten(key), _VALUE_AND_PARENT)
        if shape is not None:
            value = self._unescape(escaped)
            node.children[name] = parse_scalar(value, shape) if isinstance(shape, Scalar) else value

    def _resolve_parent(self, path: str, key: str) -> _Node | FreeObject | None:
        """Return the node at *path*, the parent of *key*; None if the description lacks it."""
        start, ancestor = self._find_ancestor(path)
        node = self._root if ancestor is None else ancestor
        match = _FIRST_STEP.match(path) if ancestor is None else _STEP.match(path, start)
        while match is not None:
            if isinstance(node, dict):
                return self._descend(node, path, match.start(), key)
            name, shape = self._take_step(node, match[match.lastindex or 0], key)
            if shape is None:
                return None
            node = self._get_child(node, name, shape, key)
            self._parents[path[: match.end()]] = node
            if match.end() == len(path):
                return node
            match = _STEP.match(path, match.end())
        raise Rejected(400, shorten(key), _BAD_KEY)

    def _find_ancestor(self, path: str) -> tuple[int, _Node | FreeObject | None]:
        """Return the closest node above *path*, and the index in *path* where its own path ends.

        That is the parent of *path*, else the node of its first step; None without either.
        """
        end = max(path.rfind("."), path.rfind("["), 0)
        ancestor = self._parents.get(path[:end]) if end else None
        if ancestor is None:
            first = _FIRST_STEP.match(path)
            end = first.end() if first else len(path)
            ancestor = self._parents.get(path[:end]) if end < len(path) else None
        return end, ancestor

    def _take_step(self, node: _Node, step: str, key: str) -> tuple[str, Shape | None]:
        child = node.find_child(step)
        if child is None:
            raise Rejected(400, shorten(key), _BAD_KEY)
        if child[1] is None:
            self._notes.add_unknown_member(node.where, step)
            node.children[step] = None
        return child

    def _get_child(self, node: _Node, name: str, shape: Shape, key: str) -> _Node | FreeObject:
        child = node.children.get(name)
        if child is None:
            free = isinstance(shape, ObjectShape) and not shape.members
            child = {} if free else _Node(shape, f"{node.where}/{name}")
            node.children[name] = child
            if isinstance(node.shape, ArrayShape):
                self._notes.check_count(len(node.children), node.where)
        elif not isinstance(child, (_Node, dict)):
            raise Rejected(400, shorten(key), _VALUE_AND_PARENT)
        return child

    def _descend(self, parent: FreeObject, path: str, start: int, key: str) -> FreeObject:
        """Return the object at *path*, whose steps from *start* on lead into *parent*.

        No shape restricts these steps, so a loop creates the objects on the way.
        """
        if not _STEPS.fullmatch(path, start):
            raise Rejected(400, shorten(key), _BAD_KEY)
        if len(_STEP.findall(path)) >= MAX_DEPTH:
            raise Rejected(400, shorten(key), _TOO_DEEP)
        for in_brackets, after_dot in _STEP.findall(path, start):
            child = parent.get(in_brackets or after_dot)
            if child is None:
                child = parent[in_brackets or after_dot] = {}
                self._nested += 1
            elif not isinstance(child, dict):
                raise Rejected(400, shorten(key), _VALUE_AND_PARENT)
            parent = child
        if self._nested > MAX_NESTED:
            raise Rejected(413, shorten(key), _TOO_NESTED)
        return parent


def _split(key: str) -> tuple[str, str]:
    """Return the parent of *key* and its last step: `a[0].b` -> `a[0]` and `b`."""
    if key.endswith("]"):
        parent, _, last = key[:-1].rpartition("[")
        is_valid = bool(parent)
    else:
        parent, dot, last = key.rpartition(".")
        is_valid = bool(last) and bool(parent) == bool(dot)
    if not is_valid or "[" in last or "]" in last:
        raise Rejected(400, shorten(key), _BAD_KEY)
    return parent, last


def read(raw: bytes, charset: str | None, shape: Shape, notes: BodyNotes) -> Plain:
    """Return the plain value in *raw*, its members named as *shape* names them.

    Raise Rejected: 400 for a key that is malformed or both a value and a parent, 413 for too many
    items, fields or nested members.
    """
    text = content_type.decode_text(raw, charset)
    for escape, bracket in _ESCAPED_BRACKETS:  # most clients escape these in every key
        text = text.replace(escape, bracket)
    fields = text.split("&")
    limit = max_parts(text, _MIN_FIELD_CHARS)
    if len(fields) > limit:
        raise too_many_parts(limit, "fields")
    # Escapes are bytes of the charset. In a UTF-16 body they are UTF-8, as browsers write them.
    encoding = "latin-1" if charset == "latin-1" else "utf-8"
    tree = FormTree(shape, partial(_unescape, encoding=encoding), notes)
    for field in filter(None, fields):
        key, _, value = field.partition("=")
        tree.insert(_unescape(key, encoding), value)
    return tree.value()


def _unescape(text: str, encoding: str) -> str:
    """Return *text* with its escapes decoded; a percent sign that starts no escape stays."""
    if "%" not in text and "+" not in text:
        return text
    raw = text.replace("+", " ").encode(encoding)
    if _LONE_PERCENT.search(raw):
        raw = _escape_lone_percents(raw)
    # As a Python escape, \x41 for %41, it is decoded by C code.
    raw = raw.replace(b"\\", b"\\\\").replace(b"%", b"\\x")
    try:
        return raw.decode("unicode_escape").encode("latin-1").decode(encoding)
    except UnicodeDecodeError:
        raise Rejected(400, "", f"a percent-encoded value is not {encoding}") from None


def _escape_lone_percents(raw: bytes) -> bytes:
    """Return *raw* with every percent sign that starts no escape written as `%25`.

    The time is linear in the length of *raw*.
    """
    for _ in range(2):  # twice, as the pairs in `%%%` overlap
        raw = raw.replace(b"%%", b"%25%")
    return b"%25".join(_LONE_PERCENT.split(raw))
