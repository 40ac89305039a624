"""Sentences made harmless: what their shape gives away, and what the request said before."""

import html
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from superoffice_mock.traffic import pseudonyms, secrets
from superoffice_mock.traffic.pseudonyms import Pseudonyms

_ALONE: Final = 6
"""From this length on, what the request said is replaced within words, too."""
_SHORTEST_ECHO: Final = 3


def _as_sent(value: str) -> str:
    """Return *value*, the bytes of a header read as Latin-1, as most servers read them."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except ValueError:
        return value


def _quoted(value: str, blank: str = "%20") -> str:
    return quote(value, errors="replace").replace("%20", blank)


_WAYS: Final[tuple[Callable[[str], str], ...]] = (
    *(str, _as_sent, html.escape),
    *(_quoted, lambda value: _quoted(_as_sent(value)), lambda value: _quoted(value, "+")),
)
"""How an answer may repeat what it was sent."""


def clean(text: str, names: Pseudonyms) -> str:
    """Return *text* with pseudonyms for secrets, addresses, and what this exchange said before."""
    for value, pseudonym in sorted(names.echoes.items(), key=lambda one: -len(one[0])):
        for said in dict.fromkeys(way(value) for way in _WAYS):
            if len(said) >= _SHORTEST_ECHO and said in text:
                text = _echo(said).sub(pseudonym, text)
    for shape in secrets.SHAPES:
        text = shape.pattern.sub(_hiding(shape.kind, names), text)
    text = secrets.GUID.sub(lambda found: names.word("GUID", found[0]), text)
    for found in reversed([*secrets.random_runs(pseudonyms.without(text))]):
        hidden = names.word("high entropy", found[0])
        text = text[: found.start()] + hidden + text[found.end() :]
    return text


def _echo(said: str) -> re.Pattern[str]:
    around = "" if len(said) >= _ALONE else r"\b"
    return re.compile(f"{around}{re.escape(said)}{around}")


def _hiding(kind: str, names: Pseudonyms) -> Callable[[re.Match[str]], str]:
    def hidden(found: re.Match[str]) -> str:
        value = found[1]
        if secrets.is_hidden(value):
            return found[0]
        start, end = (index - found.start() for index in found.span(1))
        return found[0][:start] + names.shaped(kind, value) + found[0][end:]

    return hidden
