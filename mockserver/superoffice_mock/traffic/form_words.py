"""Form bodies, broken or not, word by word: keys that are described stay as they were written."""

import re
from typing import Final
from urllib.parse import quote_plus, unquote_plus

from superoffice_mock.traffic.lexing import INTEGER, Words

_STEP: Final = re.compile(r"[^.\[\]]+")
_INDEX: Final = re.compile(r"[0-9]{1,9}")
_BROKEN: Final = "%FF"
"""A byte that is no UTF-8."""


def clean(text: str, words: Words, encoding: str) -> str:
    """Return the form *text* with what *words* make of its keys and values."""
    return "&".join(_field(one, words, encoding) for one in text.split("&"))


def _field(field: str, words: Words, encoding: str) -> str:
    key, equals, value = field.partition("=")
    said = unquote_plus(key, encoding, "replace")
    after = _STEP.sub(lambda step: _step(step[0], words), said)
    shown = key if after == said else quote_plus(after, safe="[].")
    member = (_STEP.findall(said) or [""])[-1]
    return shown + equals + _value(member, value, words, encoding)


def _step(step: str, words: Words) -> str:
    return step if _INDEX.fullmatch(step) else words.name(step)


def _value(member: str, value: str, words: Words, encoding: str) -> str:
    try:
        said, broken = unquote_plus(value, encoding, "strict"), ""
    except UnicodeDecodeError:
        said, broken = value.removesuffix(_BROKEN), _BROKEN
    if INTEGER.fullmatch(said):
        number = words.number(member, said)
        return value if number == said else number
    after = words.value(member, said)
    return value if after == said else quote_plus(after, safe=":@") + broken
