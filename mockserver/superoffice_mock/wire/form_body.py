"""Form bodies: `SyncUserAccounts[0][AccountId]=507` and `SyncUserAccounts[0].AccountId=507`.

Keys are followed along the shape: one that leads nowhere is refused before any value is looked at.
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
    Notes,
    Plain,
    from_text,
    most_parts,
    shorten,
    too_many,
)

MAX_NESTED: Final = 10_000
"""How many members that have members may be in all carriers together; each takes its time."""


_FIRST: Final = re.compile(r"[^.\[\]]+")


_STEP: Final = re.compile(r"\[([^\[\]]*)\]|\.([^.\[\]]+)")


_STEPS: Final = re.compile(rf"(?:{_STEP.pattern})*+")


_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")


_NO_PATH: Final = "expected a key such as SyncUserAccounts[0][AccountId]"


_TWO_THINGS: Final = "the same key is a value and a parent"


_TOO_NESTED: Final = f"more than {MAX_NESTED} members that have members; send fewer"


_TOO_DEEP: Final = f"nested more than {MAX_DEPTH} deep; send fewer levels"


Carrier = dict[str, Plain]
"""What is within a member whose own members nobody described: text, or the like again."""


class _Branch:
    """What keys lead into: an array or an object, its children by index or described name."""

    __slots__ = ("children", "shape", "where")

    def __init__(self, shape: Shape, where: str) -> None:
        self.shape = shape
        self.where = where
        self.children: dict[str, _Branch | Plain] = {}

    def into(self, step: str) -> tuple[str, Shape | None] | None:
        """Return name and shape of the child that *step* leads to; None if it leads nowhere.

        A member that the description does not have is a child without a shape.
        """
        shape = self.shape
        if isinstance(shape, ObjectShape):
            member = shape.members.get(step.lower())
            return (step, None) if member is None else (member.name, member.shape)
        if isinstance(shape, ArrayShape) and _INDEX.fullmatch(step):
            return step, shape.items
        return None

    def value(self, notes: Notes) -> Plain:
        """Return the plain value; items come in the order of their indices (claim form-gaps)."""
        if isinstance(self.shape, ObjectShape):
            return {name: _plain(child, notes) for name, child in self.children.items()}
        indices = sorted(self.children, key=int)
        if int(indices[-1]) != len(indices) - 1:
            notes.note(f"{self.where}: the indices have gaps; the items were taken in their order")
        return [_plain(self.children[index], notes) for index in indices]


def _plain(child: _Branch | Plain, notes: Notes) -> Plain:
    return child.value(notes) if isinstance(child, _Branch) else child


class Tree:
    """Grows along the shape as keys come; remembers where the parents of keys lead.

    Values are *unescaped*.
    """

    def __init__(self, shape: Shape, unescaped: Callable[[str], str], notes: Notes) -> None:
        self._unescaped = unescaped
        self._notes = notes
        self._nested = 0
        self._root = _Branch(shape, "")
        self._parents: dict[str, _Branch | Carrier | None] = {"": self._root}

    def plant(self, key: str, escaped: str) -> None:
        """Put the *escaped* value where *key* leads, unless nobody described what is there."""
        parent, last = _split(key)
        if parent not in self._parents:
            self._parents[parent] = self._grown(parent, key)
        branch = self._parents[parent]
        if isinstance(branch, dict):
            if isinstance(branch.get(last), dict):
                raise Rejected(400, shorten(key), _TWO_THINGS)
            branch[last] = self._unescaped(escaped)
        elif branch is not None:
            self._set(branch, last, key, escaped)

    def value(self) -> Plain:
        """Return the plain value of the whole body."""
        return self._root.value(self._notes)

    def _set(self, branch: _Branch, last: str, key: str, escaped: str) -> None:
        name, shape = self._into(branch, last, key)
        if isinstance(branch.children.get(name), (_Branch, dict)):
            raise Rejected(400, shorten(key), _TWO_THINGS)
        if shape is not None:
            value = self._unescaped(escaped)
            branch.children[name] = from_text(value, shape) if isinstance(shape, Scalar) else value

    def _grown(self, path: str, key: str) -> _Branch | Carrier | None:
        """Return what is at *path*, the parent of *key*; None if nobody described it."""
        begins, known = self._known(path)
        branch = self._root if known is None else known
        match = _FIRST.match(path) if known is None else _STEP.match(path, begins)
        while match is not None:
            if isinstance(branch, dict):
                return self._within(branch, path, match.start(), key)
            name, shape = self._into(branch, match[match.lastindex or 0], key)
            if shape is None:
                return None
            branch = self._child(branch, name, shape, key)
            self._parents[path[: match.end()]] = branch
            if match.end() == len(path):
                return branch
            match = _STEP.match(path, match.end())
        raise Rejected(400, shorten(key), _NO_PATH)

    def _known(self, path: str) -> tuple[int, _Branch | Carrier | None]:
        """Return where the parent of *path* ends, or else its first step; and what is there."""
        ends = max(path.rfind("."), path.rfind("["), 0)
        known = self._parents.get(path[:ends]) if ends else None
        if known is None:
            first = _FIRST.match(path)
            ends = first.end() if first else len(path)
            known = self._parents.get(path[:ends]) if ends < len(path) else None
        return ends, known

    def _into(self, branch: _Branch, step: str, key: str) -> tuple[str, Shape | None]:
        found = branch.into(step)
        if found is None:
            raise Rejected(400, shorten(key), _NO_PATH)
        if found[1] is None:
            self._notes.unknown_member(branch.where, step)
            branch.children[step] = None
        return found

    def _child(self, branch: _Branch, name: str, shape: Shape, key: str) -> _Branch | Carrier:
        child = branch.children.get(name)
        if child is None:
            free = isinstance(shape, ObjectShape) and not shape.members
            child = {} if free else _Branch(shape, f"{branch.where}/{name}")
            branch.children[name] = child
            if isinstance(branch.shape, ArrayShape):
                self._notes.check_count(len(branch.children), branch.where)
        elif not isinstance(child, (_Branch, dict)):
            raise Rejected(400, shorten(key), _TWO_THINGS)
        return child

    def _within(self, carrier: Carrier, path: str, begins: int, key: str) -> Carrier:
        """Return what is at *path*, which *begins* to lead into *carrier*.

        All steps are taken at once, as no shape is followed.
        """
        if not _STEPS.fullmatch(path, begins):
            raise Rejected(400, shorten(key), _NO_PATH)
        if len(_STEP.findall(path)) >= MAX_DEPTH:
            raise Rejected(400, shorten(key), _TOO_DEEP)
        for bracketed, dotted in _STEP.findall(path, begins):
            child = carrier.get(bracketed or dotted)
            if child is None:
                child = carrier[bracketed or dotted] = {}
                self._nested += 1
            elif not isinstance(child, dict):
                raise Rejected(400, shorten(key), _TWO_THINGS)
            carrier = child
        if self._nested > MAX_NESTED:
            raise Rejected(413, shorten(key), _TOO_NESTED)
        return carrier


def _split(key: str) -> tuple[str, str]:
    """Return the parent of *key* and its last step: `a[0].b` -> `a[0]` and `b`."""
    if key.endswith("]"):
        parent, _, last = key[:-1].rpartition("[")
        whole = bool(parent)
    else:
        parent, dot, last = key.rpartition(".")
        whole = bool(last) and bool(parent) == bool(dot)
    if not whole or "[" in last or "]" in last:
        raise Rejected(400, shorten(key), _NO_PATH)
    return parent, last


_LONE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


_BRACKETS: Final = (("%5B", "["), ("%5D", "]"), ("%5b", "["), ("%5d", "]"))


_SHORTEST: Final = len("SyncUserAccounts[0].AccountId=0&")


def read(raw: bytes, charset: str | None, shape: Shape, notes: Notes) -> Plain:
    """Return the plain value in *raw*, its members named as *shape* names them.

    Raise Rejected: 400 for a key that is no path or that is both a value and a parent, 413 for
    too many items, fields or members of members.
    """
    text = content_type.text(raw, charset)
    for escape, bracket in _BRACKETS:  # what most clients escape, all at once
        text = text.replace(escape, bracket)
    fields = text.split("&")
    most = most_parts(text, _SHORTEST)
    if len(fields) > most:
        raise too_many(most, "fields")
    # Escapes are bytes of the charset; of a 16-bit one they are UTF-8, as browsers write them.
    encoding = "latin-1" if charset == "latin-1" else "utf-8"
    tree = Tree(shape, partial(_unescaped, encoding=encoding), notes)
    for field in filter(None, fields):
        key, _, value = field.partition("=")
        tree.plant(_unescaped(key, encoding), value)
    return tree.value()


def _unescaped(text: str, encoding: str) -> str:
    """Return *text* without escapes; a percent sign that starts none stands for itself."""
    if "%" not in text and "+" not in text:
        return text
    raw = text.replace("+", " ").encode(encoding)
    if _LONE.search(raw):
        raw = _lone_escaped(raw)
    # Python's own escapes, \x41 for %41, are read at the speed of C.
    raw = raw.replace(b"\\", b"\\\\").replace(b"%", b"\\x")
    try:
        return raw.decode("unicode_escape").encode("latin-1").decode(encoding)
    except UnicodeDecodeError:
        raise Rejected(400, "", f"a percent-encoded value is not {encoding}") from None


def _lone_escaped(raw: bytes) -> bytes:
    """Return *raw* with an escape for every percent sign that starts none; quick for many."""
    for _ in range(2):  # in three signs two pairs overlap
        raw = raw.replace(b"%%", b"%25%")
    return b"%25".join(_LONE.split(raw))
