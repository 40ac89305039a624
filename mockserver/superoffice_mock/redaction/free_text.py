"""Sentences made harmless: what their shape gives away, and what was said elsewhere."""

import re
from collections.abc import Callable

from superoffice_mock.redaction import pseudonyms, secret_patterns
from superoffice_mock.redaction.pseudonyms import Pseudonyms
from superoffice_mock.traffic import echoes


def clean(text: str, names: Pseudonyms) -> str:
    """Return *text* with pseudonyms for secrets, addresses, and what was said before."""
    text = echoes.hidden(text, pseudonyms.without(text), names.hearsay.tables)
    for shape in secret_patterns.SHAPES:
        text = shape.pattern.sub(_hiding(shape.kind, names), text)
    text = secret_patterns.GUID.sub(lambda found: names.word("GUID", found[0]), text)
    for found in reversed([*secret_patterns.random_runs(pseudonyms.without(text))]):
        hidden = names.word("high entropy", found[0])
        text = text[: found.start()] + hidden + text[found.end() :]
    return text


def _hiding(kind: str, names: Pseudonyms) -> Callable[[re.Match[str]], str]:
    def hidden(found: re.Match[str]) -> str:
        value = found[1]
        if secret_patterns.is_hidden(value):
            return found[0]
        start, end = (index - found.start() for index in found.span(1))
        return found[0][:start] + names.shaped(kind, value, "guess") + found[0][end:]

    return hidden
