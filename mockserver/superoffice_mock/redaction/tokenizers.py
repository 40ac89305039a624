"""JSON, broken or not, word by word."""

import json
import re
from typing import Final

from superoffice_mock.traffic.lexing import Words

_TOKEN: Final = re.compile(
    r'"(?P<text>(?:[^"\\]|\\.|\\\Z)*+)(?P<end>"?)(?P<colon>\s*:)?|(?P<bare>[^\s"\[\]{}:,]+)',
    re.DOTALL,
)
_LITERALS: Final = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_NUMERIC: Final = re.compile(r"[+-]?[0-9.][0-9.eE+-]*")
_BROKEN: Final = "\\x"
"""An escape that JSON does not have."""


def clean(text: str, words: Words) -> str:
    """Return the JSON *text* with what *words* make of its names and values."""
    member = ""

    def replaced(token: re.Match[str]) -> str:
        nonlocal member
        if token["bare"] is not None:
            return _bare(token["bare"], member, words)
        said = _said(token["text"])
        raw = token["text"].removesuffix(_BROKEN) if said is None else said
        if token["colon"] is not None:
            member = raw
            after = words.name(raw)
        else:
            after = words.value(member, raw)
        if after == raw:
            return token[0]
        broken = _BROKEN if said is None else ""
        inner = json.dumps(after, ensure_ascii=False)[1:-1] + broken
        return f'"{inner}{token["end"]}{token["colon"] or ""}'

    return _TOKEN.sub(replaced, text)


def _said(text: str) -> str | None:
    """Return what the inside of a JSON string says; None if it is broken."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text  # nearly all of them, and many
    try:
        said = json.loads(f'"{text}"')
        said.encode()
    except ValueError:
        return None
    return str(said)


def _bare(word: str, member: str, words: Words) -> str:
    if word in _LITERALS:
        return word
    if _NUMERIC.fullmatch(word):
        return words.number(member, word)
    return words.value("", word)
