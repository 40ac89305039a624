"""Finds secrets in text, whatever it is part of."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Final
from urllib.parse import unquote_plus

from superoffice_mock.scanning import named_values, secret_patterns
from superoffice_mock.scanning.named_values import SENTENCES, Reading

_ESCAPED: Final = re.compile(r"\\u([0-9A-Fa-f]{4})")


def find(text: str, reading: Reading = SENTENCES) -> Iterator[str]:
    """Yield the kinds of the secrets in *text*, also when read as JSON, a form, a query or HTML."""
    variants = [text]
    for mark, decode in _DECODERS:
        lines = [line for line in text.splitlines() if mark.search(line)]
        variants.extend(["\n".join(map(decode, lines))] if lines else ())
    for variant in variants:
        yield from secret_patterns.find_shapes(variant)
        if not all(map(secret_patterns.is_harmless, named_values.find(variant, reading))):
            yield "secret member"


def find_random(text: str) -> tuple[str, ...]:
    """Return the kind of text that looks random, if *text* has any."""
    return (secret_patterns.RANDOM,) if secret_patterns.looks_random(text) else ()


def is_harmless(text: str) -> bool:
    """Return whether nothing in *text* is a secret, as far as it shows."""
    return not any(find(text)) and not secret_patterns.looks_random(text)


_DECODERS: Final = (
    (re.compile(r"%[0-9A-Fa-f]{2}"), unquote_plus),
    (_ESCAPED, lambda text: _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), text)),
    (re.compile(r"&(?:quot|apos|#)"), unescape),
)
"""Ways to write a text, each with the mark that tells of it."""
