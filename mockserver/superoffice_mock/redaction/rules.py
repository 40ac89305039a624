"""The rules of redaction: a value stays because of where it stands, never for what it says.

One `Rules` is for one exchange: it counts what it replaces, and knows it for its messages.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from html import escape
from typing import Final, Literal
from urllib.parse import quote

import msgspec

from superoffice_contract.messages import REDACTION_MARK
from superoffice_mock.recordings.hidden_numbers import INTEGER, NUMBER, fit_int32, is_id_name
from superoffice_mock.recordings.pseudonyms import Pseudonyms
from superoffice_mock.redaction import allow_list
from superoffice_mock.redaction.allow_list import AllowList, is_identifier
from superoffice_mock.scanning import text_search
from superoffice_mock.wire import error_body

KINDS: Final = frozenset(
    {
        *("text", "message", "name of a member", "number", "id", "tenant", "query", "URL", "host"),
        *("path segment", "credential", "cookie", "realm", "media type", "charset"),
        "header left out",
    }
)
MAX_MESSAGE: Final = 10_000
"""The longest message, in characters, that is kept on demand."""
MAX_VALUES: Final = 1_000
"""With more values in an exchange, its messages are not kept."""
_MAX_MARK: Final = 40
_FULL_NAME: Final = re.compile(r"(?=.*[ .@])[^\W\d_]+(?:[ .,'-]{1,3}[^\W\d_]+)*(?:@[\w.-]+)?")
"""A name or an e-mail address, whose parts may stand alone in a message."""
_MIN_LENGTH: Final = 2
_MIN_LENGTH_IN_WORDS: Final = 4
"""Shorter values are replaced as whole words only."""


class Rules(msgspec.Struct, frozen=True):
    """Decides what becomes of the names and values of one exchange.

    *messages* says what becomes of the texts of errors: requests have none, and those that are kept
    lose the values that are replaced elsewhere in the exchange. With *hide_tenants*, the ids of
    tenants become pseudonyms. *counts* has the number of replaced values by kind, and
    *replacements* the values with their pseudonyms.
    """

    pseudonyms: Pseudonyms
    allowed: AllowList
    hide_tenants: bool = False
    messages: Literal["none", "hidden", "kept"] = "none"
    counts: Counter[str] = msgspec.field(default_factory=Counter)
    replacements: dict[str, str] = msgspec.field(default_factory=dict)

    def replace(self, kind: str, value: str) -> str:
        """Return the pseudonym of *value*, counted as *kind*; marks and pseudonyms stay."""
        return self._replace(kind, value, self.pseudonyms.of_text)

    def replace_in_shape(self, kind: str, value: str) -> str:
        """Return the pseudonym of *value* in its shape: a ticket, a token, an e-mail address."""
        return self._replace(
            kind,
            value,
            lambda value: self.pseudonyms.in_shape(value, hide_tenant=self.hide_tenants),
        )

    def _replace(self, kind: str, value: str, make: Callable[[str], str]) -> str:
        if not value or is_mark(value):
            return value
        pseudonym = make(value)
        if pseudonym != value:
            self.counts[kind] += 1
            self.replacements.setdefault(value, pseudonym)
        return pseudonym

    def remember(self, value: str) -> None:
        """Replace *value*, which is left out, where a message repeats it."""
        self.replacements.setdefault(value, self.pseudonyms.of_text(value))

    def replace_id(self, digits: str) -> str:
        """Return the pseudonym of an id, an integer without leading zeros."""
        return self._replace("id", digits, lambda digits: f"{self.pseudonyms.of_id(int(digits))}")

    def replace_tenant(self, tenant: str) -> str:
        """Return the id of a tenant, or its pseudonym if such ids are hidden."""
        if not self.hide_tenants:
            return tenant
        return self._replace("tenant", tenant, self.pseudonyms.of_tenant)

    def member_in(self, parent: str, name: str) -> str:  # noqa: ARG002 - for rules of other kinds
        """Return the member whose rules are those of *name* in the member *parent*."""
        return name

    def name(self, name: str, *, is_data: bool = False) -> str:
        """Return the redacted name of a member; *is_data* in a dictionary, or without a value."""
        if not is_data and (self.allowed.is_name(name) or is_identifier(name)):
            return name
        return self.replace("name of a member", name)

    def text(self, member: str, value: str) -> str:
        """Return the redacted text of *member*; values that the description lists stay."""
        if self.allowed.is_secret(member):
            return self.replace("credential", value)
        if self.allowed.allows(member, value):
            return value
        if self.messages != "none" and member.lower() in allow_list.MESSAGE_MEMBERS:
            return self.message(value)
        return self.replace_in_shape("text", value)

    def number(self, member: str, digits: str) -> str:
        """Return the number in *member* of JSON: 0 unless described or an id, or malformed."""
        if not NUMBER.fullmatch(digits):
            return re.sub("[0-9]", "0", digits)
        if self.allowed.is_number(member):
            return fit_int32(digits)
        if is_id_name(member) and INTEGER.fullmatch(digits):
            return self.replace_id(digits)
        if digits != "0":
            self.counts["number"] += 1
            if len(digits) >= _MIN_LENGTH_IN_WORDS:
                self.remember(digits)
        return "0"

    def text_or_number(self, member: str, value: str) -> str:
        """Return the redacted value of *member* where all values are text: in XML and forms."""
        if INTEGER.fullmatch(value):
            if self.allowed.is_number(member):
                return fit_int32(value)
            if is_id_name(member) and not self.allowed.is_name(member):
                return self.replace_id(value)
        return self.text(member, value)

    def message(self, value: str) -> str:
        """Return the redacted text of an error."""
        if value in error_body.FIXED_TEXTS:
            return value
        kept = self._keep_message(value) if self.messages == "kept" else None
        return kept or self._replace("message", value, self.pseudonyms.of_sentence)

    def _keep_message(self, value: str) -> str | None:
        """Return *value* with pseudonyms for the values of the exchange; None if that fails."""
        values = [known for known in self.replacements if len(known) >= _MIN_LENGTH]
        if len(value) > MAX_MESSAGE or len(values) > MAX_VALUES:
            return None
        lower_value = value.lower()
        spellings = {
            spelling: self.replacements[known]
            for known in values
            if known != value
            for spelling in map(str.lower, _spellings_of(known))
            if spelling in lower_value  # far faster than a pattern of them all
        }
        if spellings:
            longest_first = sorted(spellings, key=len, reverse=True)
            pattern = re.compile("|".join(map(_pattern_of, longest_first)), re.IGNORECASE)
            value = pattern.sub(lambda match: spellings.get(match[0].lower(), "…"), value)
        return value if text_search.is_harmless(value) else None


def is_mark(value: str) -> bool:
    """Return whether *value* is what a tool writes in place of a secret."""
    return len(value) <= _MAX_MARK and REDACTION_MARK.fullmatch(value) is not None


def _spellings_of(value: str) -> Iterator[str]:
    """Yield the spellings in which an answer may repeat *value*, and the parts of a name."""
    readings = [value]
    with suppress(ValueError):  # a header is decoded as Latin-1, whatever its bytes mean
        readings.append(value.encode("latin-1").decode("utf-8"))
    for reading in readings:
        yield from (reading, quote(reading, errors="replace"), escape(reading))
    if _FULL_NAME.fullmatch(value):
        parts = re.split(r"[ .,'@-]+", value)
        yield from (part for part in parts if len(part) >= _MIN_LENGTH_IN_WORDS)


def _pattern_of(spelling: str) -> str:
    pattern = re.escape(spelling)
    return pattern if len(spelling) >= _MIN_LENGTH_IN_WORDS else rf"(?<!\w){pattern}(?!\w)"
