"""Pseudonyms: what stands for a value that must not be written; equal for equal values.

One is `pseudo-`, 16 digits of a keyed hash and 4 that check those, so that it is told from a value
that only looks like it. The key is random and kept nowhere: with the last reference to
`Pseudonyms` it is gone.
"""

import base64
import binascii
import hmac
import re
import secrets
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from superoffice_mock.redaction import secret_patterns
from superoffice_mock.redaction.known_values import KnownValues, hidden

_BEFORE: Final = r"(?:(?<![0-9A-Za-z])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2}))"


PATTERN: Final = re.compile(rf"{_BEFORE}pseudo-([0-9a-f]{{16}})([0-9a-f]{{4}})(?![0-9A-Za-z])")
"""Finds what has the shape of a pseudonym; `genuine` says whether it is one."""


DOMAIN: Final = "example.invalid"


TENANT: Final = re.compile(r"cust[0-9]{1,9}", re.IGNORECASE)


_EMAIL: Final = re.compile(r"[^\s@<>\"'(),;:]{1,200}@[^\s@<>\"'(),;:]{1,200}")


_TICKET: Final = re.compile(r"([0-9][A-Z]:)(cust[0-9]{1,9}[.:])?.+", re.IGNORECASE | re.DOTALL)


def genuine(match: re.Match[str]) -> bool:
    """Tell whether a match of `PATTERN` is a pseudonym: its last digits check the others."""
    return match[2] == _check(match[1])


def is_pseudonym(value: str) -> bool:
    """Tell whether nothing of *value* but its shape (ticket, e-mail, Basic) is left."""
    match = PATTERN.search(value)
    if match is None:
        return _is_basic(value)
    before, after = value[: match.start()], value[match.end() :]
    ticket = _TICKET.fullmatch(value)
    shape = "" if ticket is None else ticket[1] + (ticket[2] or "")
    return genuine(match) and before in ("", shape) and after in ("", f"@{DOMAIN}", ".invalid")


def _is_basic(value: str) -> bool:
    pair = basic_pair(value)
    return pair is not None and any(pair) and all(not one or is_word(one) for one in pair)


def is_word(value: str) -> bool:
    """Tell whether *value* is a pseudonym, in no shape."""
    match = PATTERN.fullmatch(value)
    return match is not None and genuine(match)


def without(text: str) -> str:
    """Return *text* with blanks for the pseudonyms in it, so that only the rest is looked at."""
    return PATTERN.sub(lambda match: " " * len(match[0]) if genuine(match) else match[0], text)


def basic_pair(value: str) -> tuple[str, str] | None:
    """Return user and password of a Basic *value*; None if it is not base64 of such."""
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    user, colon, password = text.partition(":")
    return (user, password) if colon else None


def _check(digits: str) -> str:
    return sha256(f"superoffice-mock {digits}".encode()).hexdigest()[:4]


class Pseudonyms:
    """Makes the pseudonyms of one recording; *key* is for tests and fixtures, otherwise random.

    `counts` says how many values of which kind were replaced, `hearsay` what they were.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = secrets.token_bytes(32) if key is None else key
        self.counts: Counter[str] = Counter()
        self.hearsay = KnownValues()

    def word(self, kind: str, value: str, role: str | None = None) -> str:
        """Return the pseudonym of *value*; nothing and pseudonyms stay as they are.

        It is told to the hearsay as *role*, by default its kind.
        """
        hidden = self.heard(role or kind, value)
        if hidden != value:
            self.counts[kind] += 1
        return hidden

    def heard(self, role: str, value: str) -> str:
        """Return the pseudonym of *value*, which is looked for from now on, but not counted."""
        if not value or is_pseudonym(value):
            return value
        known = self.hearsay.here.of(value)
        pseudonym = self._word(value) if known is None else known.pseudonym
        self.hearsay.add(role, value, pseudonym)
        return pseudonym

    def shaped(self, kind: str, value: str, role: str | None = None) -> str:
        """Return the pseudonym of *value* in its shape: a ticket, a token, an e-mail address."""
        if is_pseudonym(value):
            return value
        if ticket := _TICKET.fullmatch(value):
            return f"{ticket[1]}{ticket[2] or ''}{self.word(kind, value, role)}"
        if _EMAIL.fullmatch(value):
            return f"{self.word('e-mail', value, role)}@{DOMAIN}"
        return self.word(kind, value, role)

    def basic(self, value: str) -> str:
        """Return a Basic *value* of pseudonyms; what was not decodable stays so."""
        pair = basic_pair(value)
        if pair is None:
            return self.word("credential", value)
        user = self.word("credential", pair[0], "user")
        password = self.word("credential", pair[1])
        return base64.b64encode(f"{user}:{password}".encode()).decode("ascii")

    def _word(self, value: str) -> str:
        raw = value.encode("utf-8", "surrogatepass")
        digits = hmac.new(self._key, raw, sha256).hexdigest()[:16]
        return f"pseudo-{digits}{_check(digits)}"


def redact_text(text: str, names: Pseudonyms) -> str:
    """Return *text* with pseudonyms for secrets, addresses, and what was said before."""
    text = hidden(text, without(text), names.hearsay.tables)
    for shape in secret_patterns.SHAPES:
        text = shape.pattern.sub(_hiding(shape.kind, names), text)
    text = secret_patterns.GUID.sub(lambda found: names.word("GUID", found[0]), text)
    for found in reversed([*secret_patterns.random_runs(without(text))]):
        pseudonym = names.word("high entropy", found[0])
        text = text[: found.start()] + pseudonym + text[found.end() :]
    return text


def _hiding(kind: str, names: Pseudonyms) -> Callable[[re.Match[str]], str]:
    def replace(found: re.Match[str]) -> str:
        value = found[1]
        if secret_patterns.is_hidden(value):
            return found[0]
        start, end = (index - found.start() for index in found.span(1))
        return found[0][:start] + names.shaped(kind, value, "guess") + found[0][end:]

    return replace
