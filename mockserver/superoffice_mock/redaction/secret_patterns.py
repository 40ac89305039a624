"""Recognizes secrets by their shape, and replaces them in free text.

Shapes are tickets, tokens, passwords in sentences and random text; `scan` reports them.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from math import log2
from typing import Final

import msgspec

from superoffice_contract.messages import REDACTION_MARK
from superoffice_mock.redaction.known_values import replace_known
from superoffice_mock.redaction.pseudonyms import Pseudonyms, blank_out, is_pseudonym
from superoffice_mock.wire import headers

SECRET_HEADERS: Final = frozenset(name.decode("ascii") for name in headers.REDACTED_HEADERS) | {
    *("proxy-authorization", "set-cookie", "x-api-key", "x-auth-token"),
}
"""Headers whose value is a secret, in lower case."""
_SECRET: Final = (
    "(?:passw|pwd|passphrase|secret|credential|ticket|token|xsrf|csrf|session.?id|api.?key"
    "|authorization|bearer)"
)
SECRET_MEMBER: Final = re.compile(_SECRET, re.IGNORECASE)
"""Finds names of members, fields and cookies that hold a secret."""
_PERSON: Final = "(?:associatename|e-?mail(?:address)?|user_?name|full_?name|login)"
PERSON_MEMBER: Final = re.compile(_PERSON, re.IGNORECASE)
"""Matches whole names of members and fields that hold the name of a person."""

PUBLISHED: Final = frozenset(
    {
        *("dGplMDpUamUw", "tje0", "Tje0", "tje0:Tje0", "Walker LLC"),
        *("7T:demo-ticket", "demo-session", "demo-xsrf", "demo-app-token"),
        *("8A:Cust12345.demo-token", "8A:Cust54321.demo-token"),
    }
)
"""Values that the vendor's page and the demo tenants publish."""


class Shape(msgspec.Struct, frozen=True):
    """The form of a kind of secret; group 1 of *pattern* is the secret."""

    kind: str
    pattern: re.Pattern[str]


_BETWEEN: Final = r"""(?:\\?["']\s*:\s*|\\?["']\s+value\s*=\s*|=|:|>)"""
"""The text between a name and its value in JSON, HTML, forms and XML, but not in a sentence."""
_PASSWORD_CHAR: Final = r"""[^\s"'<>&,;{}\[\]()\\]"""
_LIKE_A_PASSWORD: Final = (
    rf"(?={_PASSWORD_CHAR}{{0,99}}[0-9])(?={_PASSWORD_CHAR}{{0,99}}[a-z])"
    r"|(?=[a-z0-9]{1,99}[@#$%^*+!][a-z0-9])"
)
"""Looks ahead for letters mixed with digits or signs, as in passwords that people choose."""
_NOT_A_PASSWORD: Final = r"(?:sha|md|oauth|base|utf|aes|rfc|iso|v)[-_]?[0-9]|[0-9]{1,4}-|[a-z]+://"
"""Text that begins like a password, but names a method, a range, a date or an address."""

SHAPES: Final = (
    Shape(
        "credential",
        re.compile(
            r"(?i)\b(?:basic|bearer|soticket|negotiate)\s+"
            r"(?!realm=|(?-i:[a-z'-]+)(?![\w+/=:.-]))([^\s,\"'<>]{4,})"
        ),
    ),
    Shape("ticket", re.compile(r"(?<![0-9A-Za-z])([0-9][A-Z]:[^\s\"'<>&,;)]{4,})")),
    Shape("JWT", re.compile(r"\b(eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?)")),
    Shape("password", re.compile(r"://([^\s/@:\"]{0,200}:[^\s/@\"]{1,200})@")),
    Shape(
        "e-mail",
        re.compile(
            r"""(?<![^\s@<>"'(),;:=&/\\])([^\s@<>"'(),;:=&/\\]{1,200}@[\w-]+(?:\.[\w-]+)+)"""
        ),
    ),
    Shape(
        "secret member",
        re.compile(
            rf"""(?i){_SECRET}[\w.$-]{{0,40}}{_BETWEEN}\\?["']?"""
            r"""(?!(?:true|false|null)\b)([^\s"'<>&,;{}\[\]\\]{3,})"""
        ),
    ),
    Shape(
        "password",
        re.compile(
            r"""(?i)\b(?:pass(?:word|wd|phrase)|pwd)(?:\s{1,3}(?:is|was))?\s{0,3}[:=]?\s{1,3}["']?"""
            rf"""(?!{_NOT_A_PASSWORD})(?:{_LIKE_A_PASSWORD})({_PASSWORD_CHAR}{{3,200}}[\w@#$%^*+!])"""
        ),
    ),
    Shape("name", re.compile(rf"""(?i){_PERSON}\\?["']\s*:\s*\\?["']((?:[^"'\\]|\\[^"'])+)""")),
    Shape("name", re.compile(rf"""(?i){_PERSON}\]?[>=]([^<>&"'\\\s][^<>&"'\\]*)""")),
)
"""Applied in this order; a later shape ignores what an earlier one replaced."""

_LONG_RUN: Final = re.compile(r"[A-Za-z0-9+/_=-]{16,}")
GUID: Final = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEX: Final = re.compile(r"(?=.*[0-9])(?=.*[a-f])[0-9a-f]+|(?=.*[0-9])(?=.*[A-F])[0-9A-F]+")
_WORD_PART: Final = re.compile(r"[A-Z]?[a-z]{2,}")
"""A part of a word; random letters rarely have the same case in a row."""
_PSEUDONYM_SHAPE: Final = re.compile(
    r"(?i)[0-9][A-Z]:(?:cust[0-9]+[.:])?|@example\.invalid|\.invalid"
)
"""Text that a pseudonym may have around it."""
_URL_REST: Final = re.compile(r"(?<= )[/?&].*", re.DOTALL)
"""The part of a URL after a pseudonym, which is searched by itself."""
_MIN_LEFT_OVER: Final = 3
"""With fewer letters and digits around its pseudonyms, a value counts as hidden."""
_MIN_CHARACTERS: Final = 16
_MIN_ENTROPY: Final = 3.0
_MIN_SHARE_OUTSIDE_WORDS: Final = 0.4
_MIN_CHANGES: Final = 0.25
"""These four are the thresholds of `is_random`."""


def find_secrets(text: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and value of every secret in *text* that its shape reveals."""
    for shape in SHAPES:
        for match in shape.pattern.finditer(text):
            if not is_harmless(match[1]):
                yield shape.kind, match[1]
    for match in random_runs(blank_out(text)):
        if not is_harmless(match[0]):
            yield "high entropy", match[0]


def is_harmless(value: str) -> bool:
    """Return whether *value* is not a secret: it is hidden already, or published."""
    return value in PUBLISHED or is_hidden(value)


def is_hidden(value: str) -> bool:
    """Return whether *value* is a pseudonym, or a mark that tools write instead of a secret."""
    if is_pseudonym(value) or _is_redaction_mark(value):
        return True
    rest = _URL_REST.sub("", blank_out(value))
    return rest != value and sum(map(str.isalnum, _PSEUDONYM_SHAPE.sub("", rest))) < _MIN_LEFT_OVER


def _is_redaction_mark(value: str) -> bool:
    return not value.strip() or REDACTION_MARK.fullmatch(value) is not None


def random_runs(text: str) -> Iterator[re.Match[str]]:
    """Yield the runs of characters in *text* that look random, except GUIDs, which only name."""
    text = GUID.sub(lambda guid: " " * len(guid[0]), text)
    return (match for match in _LONG_RUN.finditer(text) if is_random(match[0]))


def is_random(run: str) -> bool:
    """Return whether *run* looks random.

    It has much entropy for its length, few of its letters form words, and the kinds of its
    characters change often.
    """
    characters = [character for character in run if character.isalnum()]
    if len(characters) < _MIN_CHARACTERS or _entropy(characters) < _MIN_ENTROPY:
        return False
    if _HEX.fullmatch("".join(characters)):
        return True
    outside = [character for character in _WORD_PART.sub("", run) if character.isalnum()]
    return (
        len(outside) >= _MIN_SHARE_OUTSIDE_WORDS * len(characters)
        and _share_of_changes(outside) >= _MIN_CHANGES
    )


def _share_of_changes(characters: list[str]) -> float:
    """Return the share of neighbours that differ in kind: digit, upper case, lower case."""
    kinds = [(character.isdigit(), character.isupper()) for character in characters]
    return sum(a != b for a, b in pairwise(kinds)) / max(len(kinds) - 1, 1)


def _entropy(characters: list[str]) -> float:
    """Return the entropy of *characters* in bits per character."""
    total = len(characters)
    return sum(log2(total / n) * n for n in Counter(characters).values()) / total


def redact_text(text: str, pseudonyms: Pseudonyms) -> str:
    """Return *text* with pseudonyms for known values, and for secrets that their shape reveals."""
    text = replace_known(text, blank_out(text), pseudonyms.known_values.tables)
    for shape in SHAPES:
        text = shape.pattern.sub(_replacer(shape.kind, pseudonyms), text)
    text = GUID.sub(lambda match: pseudonyms.replace("GUID", match[0]), text)
    for match in reversed([*random_runs(blank_out(text))]):
        pseudonym = pseudonyms.replace("high entropy", match[0])
        text = text[: match.start()] + pseudonym + text[match.end() :]
    return text


def _replacer(kind: str, pseudonyms: Pseudonyms) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        value = match[1]
        if is_hidden(value):
            return match[0]
        start, end = (index - match.start() for index in match.span(1))
        pseudonym = pseudonyms.replace_in_shape(kind, value, "guess")
        return match[0][:start] + pseudonym + match[0][end:]

    return replace
