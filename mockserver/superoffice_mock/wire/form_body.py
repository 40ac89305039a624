"""Form bodies: `SyncUserAccounts[0][AccountId]=507` and `SyncUserAccounts[0].AccountId=507`.

Keys are followed along the shape: one that leads nowhere is refused before any value is looked at.
"""

import re
from functools import partial
from typing import Final

from superoffice_contract.openapi.schemas import Shape
from superoffice_mock.errors import Rejected
from superoffice_mock.wire import content_type
from superoffice_mock.wire.form_tree import Tree
from superoffice_mock.wire.values import Notes, Plain, most_parts, too_many

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
