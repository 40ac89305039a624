"""Pseudonyms, which stand for values that must not be written; equal values get equal ones.

A pseudonym of text is `pseudo-`, 16 digits of a keyed hash, and 4 check digits that tell it from
a value that only looks like one. That of an id is a number with a fixed remainder, so that it fits
where a client expects an integer. The key is random and never stored: it is gone with the last
reference to `Pseudonyms`.
"""

import hmac
import re
import secrets
from hashlib import sha256
from threading import Lock
from typing import Final

from superoffice_mock.recordings.hidden_numbers import (
    IDS,
    MODULUS,
    REMAINDER,
    TENANT_NUMBERS,
    is_id_pseudonym,
    is_tenant_pseudonym,
)
from superoffice_mock.wire import headers

DOMAIN: Final = "example.invalid"
_START: Final = r"(?:(?<![0-9A-Za-z])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2}))"
PATTERN: Final = re.compile(rf"{_START}pseudo-([0-9a-f]{{16}})([0-9a-f]{{4}})(?![0-9A-Za-z])")
"""Matches text in the form of a pseudonym; `is_genuine` checks the digits."""
_EMAIL: Final = re.compile(r"[^\s@<>\"'(),;:]{1,200}@[^\s@<>\"'(),;:]{1,200}")
_TICKET: Final = re.compile(r"([0-9][A-Z]:)(cust[0-9]{1,9}[.:])?.+", re.IGNORECASE | re.DOTALL)
_SHAPE_AFTER: Final = re.compile(rf"|@{re.escape(DOMAIN)}|\.invalid| \([0-9]{{1,9}} characters\)")
"""What may follow a pseudonym: an e-mail address, a host, or the length of a sentence."""
_MAX_LENGTH: Final = 120
"""No pseudonym is longer, whatever its shape."""


def is_genuine(match: re.Match[str]) -> bool:
    """Return whether a match of `PATTERN` is a pseudonym: its check digits are right."""
    return match[2] == _check_digits(match[1])


def is_pseudonym(value: str) -> bool:
    """Return whether *value* is a pseudonym of text, alone or in a shape.

    The shapes are a ticket, an e-mail address, a host, a sentence with its length, and Basic.
    """
    if len(value) > _MAX_LENGTH:
        return False
    match = PATTERN.search(value)
    if match is None:
        return _is_basic(value)
    before, after = value[: match.start()], value[match.end() :]
    ticket = _TICKET.fullmatch(value)
    shape = "" if ticket is None else ticket[1] + (ticket[2] or "")
    is_known_shape = before in ("", shape) and _SHAPE_AFTER.fullmatch(after) is not None
    return is_known_shape and is_genuine(match)


ID_START: Final = "pseudo-00000000"
"""The beginning of `text_of_id`, which no hash has."""


def text_of_id(number: int) -> str:
    """Return the pseudonym of an id as one of text, which is compared like all others."""
    digits = f"{ID_START.removeprefix('pseudo-')}{number:08x}"
    return f"pseudo-{digits}{_check_digits(digits)}"


def text_of_tenant(segment: str) -> str:
    """Return *segment* of a path; the pseudonym of a tenant becomes one of text."""
    return text_of_id(int(segment[len("Cust") :])) if is_tenant_pseudonym(segment) else segment


def _is_basic(value: str) -> bool:
    matches = [PATTERN.fullmatch(part) for part in decode_basic(value) or () if part]
    return bool(matches) and all(match is not None and is_genuine(match) for match in matches)


def blank_out(text: str) -> str:
    """Return *text* with blanks in place of its pseudonyms, so that searches skip them."""
    return PATTERN.sub(lambda match: " " * len(match[0]) if is_genuine(match) else match[0], text)


def decode_basic(value: str) -> tuple[str, str] | None:
    """Return the user and password of a Basic *value*; None if it can't be decoded."""
    user, colon, password = (headers.decode_basic(value) or "").partition(":")
    return (user, password) if colon else None


def _check_digits(digits: str) -> str:
    return sha256(f"superoffice-mock {digits}".encode()).hexdigest()[:4]


class Pseudonyms:
    """Creates the pseudonyms of one recording. *key* is for tests and fixtures; default: random.

    Several threads may use it.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = secrets.token_bytes(32) if key is None else key
        self._lock = Lock()
        self._numbers: dict[int, str] = {}

    def of_text(self, value: str) -> str:
        """Return the pseudonym of *value*. Empty values and pseudonyms stay."""
        if not value or is_pseudonym(value):
            return value
        digits = self._hash(value)[:16]
        return f"pseudo-{digits}{_check_digits(digits)}"

    def in_shape(self, value: str, *, hide_tenant: bool = False) -> str:
        """Return the pseudonym of *value* in its shape: a ticket, a token, an e-mail address.

        A token begins with the id of its tenant; *hide_tenant* replaces that, too.
        """
        is_hidden = is_pseudonym(value)
        if ticket := _TICKET.fullmatch(value):
            tenant = ticket[2] or ""
            if tenant and hide_tenant:
                tenant = self.of_tenant(tenant[:-1]) + tenant[-1]
            word = value[ticket.end(2 if ticket[2] else 1) :] if is_hidden else self.of_text(value)
            return f"{ticket[1]}{tenant}{word}"
        if is_hidden:
            return value
        if _EMAIL.fullmatch(value):
            return f"{self.of_text(value)}@{DOMAIN}"
        return self.of_text(value)

    def of_sentence(self, value: str) -> str:
        """Return the pseudonym of *value* with its length."""
        if not value or is_pseudonym(value):
            return value
        return f"{self.of_text(value)} ({len(value)} characters)"

    def of_id(self, number: int) -> int:
        """Return the pseudonym of an id. 0, which stands for none, and pseudonyms stay."""
        if number == 0 or is_id_pseudonym(number):
            return number
        return self._find_number(f"id {number}", IDS)

    def of_tenant(self, tenant: str) -> str:
        """Return the pseudonym of a tenant's id, which is one of Online, too."""
        if is_tenant_pseudonym(tenant):
            return tenant
        return f"Cust{self._find_number(f'tenant {tenant.lower()}', TENANT_NUMBERS)}"

    def _find_number(self, value: str, numbers: range) -> int:
        first = numbers.start + (REMAINDER - numbers.start) % MODULUS
        choices = range(first, numbers.stop, MODULUS)
        place = int(self._hash(value), 16) % len(choices)
        with self._lock:
            while self._numbers.setdefault(choices[place], value) != value:
                place = (place + 1) % len(choices)
        return choices[place]

    def _hash(self, value: str) -> str:
        return hmac.new(self._key, value.encode("utf-8", "surrogatepass"), sha256).hexdigest()
