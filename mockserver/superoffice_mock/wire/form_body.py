"""Form bodies: `SyncUserAccounts[0][AccountId]=507` and `SyncUserAccounts[0].AccountId=507`.

Keys are followed along the shape: one that leads nowhere is refused before any value is looked at.
"""

import re
from typing import Final

from superoffice_contract.shapes import ArrayShape, ObjectShape, Scalar, Shape
from superoffice_mock.errors import Rejected
from superoffice_mock.wire import media
from superoffice_mock.wire.plain import Notes, Plain, from_text, most_parts, shown, too_many

_FIRST: Final = re.compile(r"[^.\[\]]+")
_STEP: Final = re.compile(r"\[([^\[\]]*)\]|\.([^.\[\]]+)")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_LONE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_BRACKETS: Final = (("%5B", "["), ("%5D", "]"), ("%5b", "["), ("%5d", "]"))
_SHORTEST: Final = len("SyncUserAccounts[0].AccountId=0&")
_TEXT: Final = Scalar(frozenset({"string"}))

_NO_PATH: Final = "expected a key such as SyncUserAccounts[0][AccountId]"
_TWO_THINGS: Final = "the same key is a value and a parent"


def read(raw: bytes, charset: str | None, shape: Shape, notes: Notes) -> Plain:
    """Return the plain value in *raw*, its members named as *shape* names them.

    Raise Rejected: 400 for a key that is no path or that is both a value and a parent, 413 for
    too many items or fields.
    """
    text = media.text(raw, charset)
    for escape, bracket in _BRACKETS:  # what most clients escape, all at once
        text = text.replace(escape, bracket)
    fields = text.split("&")
    most = most_parts(text, _SHORTEST)
    if len(fields) > most:
        raise too_many(most, "fields")
    # Escapes are bytes of the charset; of a 16-bit one they are UTF-8, as browsers write them.
    encoding = "latin-1" if charset == "latin-1" else "utf-8"
    tree = _Tree(shape, encoding, notes)
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
            if member is not None:
                return member.name, member.shape
            return step, None if shape.members else _TEXT
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


class _Tree:
    """Grows along the shape as keys come; remembers where the parents of keys lead."""

    def __init__(self, shape: Shape, encoding: str, notes: Notes) -> None:
        self._encoding = encoding
        self._notes = notes
        self._root = _Branch(shape, "")
        self._parents: dict[str, _Branch | None] = {"": self._root}

    def plant(self, key: str, escaped: str) -> None:
        """Put the *escaped* value where *key* leads, unless nobody described what is there."""
        parent, last = _split(key)
        if parent not in self._parents:
            self._parents[parent] = self._grown(parent, key)
        branch = self._parents[parent]
        if branch is None:
            return
        name, shape = self._into(branch, last, key)
        if isinstance(branch.children.get(name), _Branch):
            raise Rejected(400, shown(key), _TWO_THINGS)
        if shape is not None:
            value = _unescaped(escaped, self._encoding)
            branch.children[name] = from_text(value, shape) if isinstance(shape, Scalar) else value

    def value(self) -> Plain:
        """Return the plain value of the whole body."""
        return self._root.value(self._notes)

    def _grown(self, path: str, key: str) -> _Branch | None:
        """Return the branch at *path*, the parent of *key*; None if nobody described it."""
        begins = max(path.rfind("."), path.rfind("["), 0)
        known = self._parents.get(path[:begins]) if begins else None
        branch = known or self._root
        match = _STEP.match(path, begins) if known else _FIRST.match(path)
        while match is not None:
            name, shape = self._into(branch, match[match.lastindex or 0], key)
            if shape is None:
                return None
            branch = self._child(branch, name, shape, key)
            self._parents[path[: match.end()]] = branch
            if match.end() == len(path):
                return branch
            match = _STEP.match(path, match.end())
        raise Rejected(400, shown(key), _NO_PATH)

    def _into(self, branch: _Branch, step: str, key: str) -> tuple[str, Shape | None]:
        found = branch.into(step)
        if found is None:
            raise Rejected(400, shown(key), _NO_PATH)
        if found[1] is None:
            self._notes.unknown_member(branch.where, step)
            branch.children[step] = None
        return found

    def _child(self, branch: _Branch, name: str, shape: Shape, key: str) -> _Branch:
        child = branch.children.get(name)
        if child is None:
            child = branch.children[name] = _Branch(shape, f"{branch.where}/{name}")
            if isinstance(branch.shape, ArrayShape):
                self._notes.check_count(len(branch.children), branch.where)
        elif not isinstance(child, _Branch):
            raise Rejected(400, shown(key), _TWO_THINGS)
        return child


def _split(key: str) -> tuple[str, str]:
    """Return the parent of *key* and its last step: `a[0].b` -> `a[0]` and `b`."""
    if key.endswith("]"):
        parent, _, last = key[:-1].rpartition("[")
        whole = bool(parent)
    else:
        parent, dot, last = key.rpartition(".")
        whole = bool(last) and bool(parent) == bool(dot)
    if not whole or "[" in last or "]" in last:
        raise Rejected(400, shown(key), _NO_PATH)
    return parent, last
