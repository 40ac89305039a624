"""Recorded headers as the lines that were sent: tools join lines, and keep text, not bytes."""

import re
from functools import lru_cache
from typing import Final

TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What RFC 9110 allows as the name of a header or as a method."""
_PLAIN: Final = re.compile(r"[\t -~\x80-\xff]*")
_LINE_END: Final = re.compile(r"[\r\n]+")
_CONTROL: Final = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BLANKS: Final = " \t\r\n"
_NO_NAME: Final = "left out: a header needs a name of letters, digits and hyphens"

Headers = tuple[tuple[str, str], ...]
"""Names in lower case, and values."""


def split(name: str, value: str) -> tuple[Headers, str | None]:
    """Return the lines of a header, and how that is otherwise than it stands, or None.

    There are none if its name can't have been sent. The characters of a value are bytes, as in
    HTTP: those beyond Latin-1 become bytes of UTF-8.
    """
    sent_name, value = _read_name(name), value.strip(_BLANKS)
    if not sent_name:
        return (), None if name.startswith(":") else _NO_NAME
    if _PLAIN.fullmatch(value):
        return ((sent_name, value),), None
    lines = [line.strip(_BLANKS) for line in _LINE_END.split(_CONTROL.sub(" ", value))]
    oddity = "split into lines" if len(lines) > 1 else "read with spaces for its control characters"
    if any(letter > "\xff" for letter in value):
        oddity = "taken as bytes of UTF-8: it has characters beyond Latin-1"
    return tuple((sent_name, _to_bytes(line)) for line in lines), oddity


@lru_cache(4096)
def _read_name(name: str) -> str:
    """Return *name* in lower case, or nothing if it is none, as in the pseudo-headers of HTTP/2."""
    lower_name = name.strip().lower()
    return lower_name if TOKEN.fullmatch(lower_name) else ""


def _to_bytes(value: str) -> str:
    is_bytes = all(letter <= "\xff" for letter in value)
    return value if is_bytes else value.encode().decode("latin-1")
