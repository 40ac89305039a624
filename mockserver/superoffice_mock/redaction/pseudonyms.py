"""Pseudonyms, which stand for values that must not be written; equal values get equal ones.

A pseudonym is `pseudo-`, 16 digits of a keyed hash, and 4 check digits that tell it from a value
that only looks like one. The key is random and never stored: it is gone with the last reference
to `Pseudonyms`.
"""

import base64
import binascii
import hmac
import re
import secrets
from collections import Counter
from hashlib import sha256
from typing import Final

from superoffice_mock.redaction.allow_list import AllowList
from superoffice_mock.redaction.known_values import KnownValues

DOMAIN: Final = "example.invalid"
_START: Final = r"(?:(?<![0-9A-Za-z])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2}))"
PATTERN: Final = re.compile(rf"{_START}pseudo-([0-9a-f]{{16}})([0-9a-f]{{4}})(?![0-9A-Za-z])")
"""Matches text in the form of a pseudonym; `is_genuine` checks the digits."""
TENANT: Final = re.compile(r"cust[0-9]{1,9}", re.IGNORECASE)
_EMAIL: Final = re.compile(r"[^\s@<>\"'(),;:]{1,200}@[^\s@<>\"'(),;:]{1,200}")
_TICKET: Final = re.compile(r"([0-9][A-Z]:)(cust[0-9]{1,9}[.:])?.+", re.IGNORECASE | re.DOTALL)


def is_genuine(match: re.Match[str]) -> bool:
    """Return whether a match of `PATTERN` is a pseudonym: its check digits are right."""
    return match[2] == _check_digits(match[1])


def is_pseudonym(value: str) -> bool:
    """Return whether *value* is a pseudonym, alone or in the shape of a ticket, e-mail or Basic."""
    match = PATTERN.search(value)
    if match is None:
        return _is_basic(value)
    before, after = value[: match.start()], value[match.end() :]
    ticket = _TICKET.fullmatch(value)
    shape = "" if ticket is None else ticket[1] + (ticket[2] or "")
    return is_genuine(match) and before in ("", shape) and after in ("", f"@{DOMAIN}", ".invalid")


def _is_basic(value: str) -> bool:
    pair = decode_basic(value)
    return (
        pair is not None and any(pair) and all(not part or is_bare_pseudonym(part) for part in pair)
    )


def is_bare_pseudonym(value: str) -> bool:
    """Return whether *value* is a pseudonym without any shape around it."""
    match = PATTERN.fullmatch(value)
    return match is not None and is_genuine(match)


def blank_out(text: str) -> str:
    """Return *text* with blanks in place of its pseudonyms, so that searches skip them."""
    return PATTERN.sub(lambda match: " " * len(match[0]) if is_genuine(match) else match[0], text)


def decode_basic(value: str) -> tuple[str, str] | None:
    """Return the user and password of a Basic *value*; None if it can't be decoded."""
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


def _check_digits(digits: str) -> str:
    return sha256(f"superoffice-mock {digits}".encode()).hexdigest()[:4]


class Pseudonyms:
    """Creates the pseudonyms of one recording. *key* is for tests and fixtures; default: random.

    Words in *allow_list* need none. `counts` holds the number of replaced values by kind,
    `known_values` the values themselves.
    """

    def __init__(self, allow_list: AllowList, key: bytes | None = None) -> None:
        self.allow_list = allow_list
        self._key = secrets.token_bytes(32) if key is None else key
        self.counts: Counter[str] = Counter()
        self.known_values = KnownValues(allow_list)

    def replace(self, kind: str, value: str, role: str | None = None) -> str:
        """Return the pseudonym of *value*, and count it as *kind*.

        Empty values and pseudonyms are returned as they are. *role*, by default *kind*, decides
        where else the value is replaced.
        """
        pseudonym = self.remember(role or kind, value)
        if pseudonym != value:
            self.counts[kind] += 1
        return pseudonym

    def remember(self, role: str, value: str) -> str:
        """Return the pseudonym of *value*, and replace *value* in later text; count nothing."""
        if not value or is_pseudonym(value):
            return value
        known = self.known_values.current.get(value)
        pseudonym = self._pseudonym_of(value) if known is None else known.pseudonym
        self.known_values.add(role, value, pseudonym)
        return pseudonym

    def replace_in_shape(self, kind: str, value: str, role: str | None = None) -> str:
        """Return the pseudonym of *value* in its shape: a ticket, a token, an e-mail address."""
        if is_pseudonym(value):
            return value
        if ticket := _TICKET.fullmatch(value):
            return f"{ticket[1]}{ticket[2] or ''}{self.replace(kind, value, role)}"
        if _EMAIL.fullmatch(value):
            return f"{self.replace('e-mail', value, role)}@{DOMAIN}"
        return self.replace(kind, value, role)

    def replace_basic(self, value: str) -> str:
        """Return a Basic *value* with pseudonyms for user and password.

        A value that can't be decoded is replaced by one that can't be decoded either.
        """
        pair = decode_basic(value)
        if pair is None:
            return self.replace("credential", value)
        user = self.replace("credential", pair[0], "user")
        password = self.replace("credential", pair[1])
        return base64.b64encode(f"{user}:{password}".encode()).decode("ascii")

    def _pseudonym_of(self, value: str) -> str:
        raw = value.encode("utf-8", "surrogatepass")
        digits = hmac.new(self._key, raw, sha256).hexdigest()[:16]
        return f"pseudo-{digits}{_check_digits(digits)}"
