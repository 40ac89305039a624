"""Secrets by their shape: tickets, tokens, passwords in passing, text that no one made up.

Redaction replaces what is found here in free text; scan reports it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from math import log2
from typing import Final

import msgspec

from superoffice_contract.messages import REDACTED as BLANKED
from superoffice_mock.redaction import pseudonyms
from superoffice_mock.wire import headers

HEADERS: Final = frozenset(name.decode("ascii") for name in headers.REDACTED) | {
    *("proxy-authorization", "set-cookie", "x-api-key", "x-auth-token"),
}
"""Headers whose value is a secret, in lower case."""
_SECRET: Final = (
    "(?:passw|pwd|passphrase|secret|credential|ticket|token|xsrf|csrf|session.?id|api.?key"
    "|authorization|bearer)"
)
MEMBERS: Final = re.compile(_SECRET, re.IGNORECASE)
"""Finds what makes the name of a member, field or cookie that of a secret."""
_PERSON: Final = "(?:associatename|e-?mail(?:address)?|user_?name|full_?name|login)"
NAMES: Final = re.compile(_PERSON, re.IGNORECASE)
"""The names, whole, of members and fields whose value names a person."""

PUBLISHED: Final = frozenset(
    {
        *("dGplMDpUamUw", "tje0", "Tje0", "tje0:Tje0", "Walker LLC"),
        *("7T:demo-ticket", "demo-session", "demo-xsrf", "demo-app-token"),
        *("8A:Cust12345.demo-token", "8A:Cust54321.demo-token"),
    }
)
"""What the vendor's page and the demo world show to everybody."""


class Shape(msgspec.Struct, frozen=True):
    """A secret that its looks give away; group 1 of *pattern* is the secret."""

    kind: str
    pattern: re.Pattern[str]


_BETWEEN: Final = r"""(?:\\?["']\s*:\s*|\\?["']\s+value\s*=\s*|=|:|>)"""
"""What stands between a name and its value in JSON, HTML, forms and XML; not in a sentence."""

_GIVEN: Final = r"""[^\s"'<>&,;{}\[\]()\\]"""
_NO_WORD: Final = (
    rf"(?={_GIVEN}{{0,99}}[0-9])(?={_GIVEN}{{0,99}}[a-z])|(?=[a-z0-9]{{1,99}}[@#$%^*+!][a-z0-9])"
)
"""Looks ahead at letters with digits or signs among them, as people make passwords."""
_NO_PASSWORD: Final = r"(?:sha|md|oauth|base|utf|aes|rfc|iso|v)[-_]?[0-9]|[0-9]{1,4}-|[a-z]+://"
"""What begins like one, and is the name of a method, a range, a date or an address."""

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
            rf"""(?!{_NO_PASSWORD})(?:{_NO_WORD})({_GIVEN}{{3,200}}[\w@#$%^*+!])"""
        ),
    ),
    Shape("name", re.compile(rf"""(?i){_PERSON}\\?["']\s*:\s*\\?["']((?:[^"'\\]|\\[^"'])+)""")),
    Shape("name", re.compile(rf"""(?i){_PERSON}\]?[>=]([^<>&"'\\\s][^<>&"'\\]*)""")),
)
"""Tried in this order; what one has replaced, the next leaves alone."""

_RUN: Final = re.compile(r"[A-Za-z0-9+/_=-]{16,}")
GUID: Final = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEX: Final = re.compile(r"(?=.*[0-9])(?=.*[a-f])[0-9a-f]+|(?=.*[0-9])(?=.*[A-F])[0-9A-F]+")
_SPELT: Final = re.compile(r"[A-Z]?[a-z]{2,}")
"""What words leave of a run of letters: a machine's letters are seldom of one case in a row."""
_AROUND: Final = re.compile(r"(?i)[0-9][A-Z]:(?:cust[0-9]+[.:])?|@example\.invalid|\.invalid")
"""What a pseudonym may have around it."""
_PATH_OF: Final = re.compile(r"(?<= )[/?&].*", re.DOTALL)
"""What follows a pseudonym in a URL, and is looked at by itself."""
_TELLING: Final = 3
_SHORTEST: Final = 16
_BITS: Final = 3.0
_LEFT: Final = 0.4
_TURNS: Final = 0.25


def found(text: str) -> Iterator[tuple[str, str]]:
    """Yield kind and value of every secret in *text* that its shape gives away."""
    for shape in SHAPES:
        for match in shape.pattern.finditer(text):
            if not is_harmless(match[1]):
                yield shape.kind, match[1]
    for match in random_runs(pseudonyms.without(text)):
        if not is_harmless(match[0]):
            yield "high entropy", match[0]


def is_harmless(value: str) -> bool:
    """Tell whether *value* is no secret: hidden already, or published."""
    return value in PUBLISHED or is_hidden(value)


def is_hidden(value: str) -> bool:
    """Tell whether *value* is a pseudonym, or what tools write in place of a secret."""
    if pseudonyms.is_pseudonym(value) or _is_blanked(value):
        return True
    rest = _PATH_OF.sub("", pseudonyms.without(value))
    return rest != value and sum(map(str.isalnum, _AROUND.sub("", rest))) < _TELLING


def _is_blanked(value: str) -> bool:
    return not value.strip() or BLANKED.fullmatch(value) is not None


def random_runs(text: str) -> Iterator[re.Match[str]]:
    """Yield what in *text* looks made up by a machine; but a GUID only names something."""
    text = GUID.sub(lambda guid: " " * len(guid[0]), text)
    return (match for match in _RUN.finditer(text) if is_random(match[0]))


def is_random(run: str) -> bool:
    """Tell whether *run* looks made up by a machine.

    It says much for its length, little of it is words, and the kinds of characters in that mix.
    """
    core = [one for one in run if one.isalnum()]
    if len(core) < _SHORTEST or _entropy(core) < _BITS:
        return False
    if _HEX.fullmatch("".join(core)):
        return True
    left = [one for one in _SPELT.sub("", run) if one.isalnum()]
    return len(left) >= _LEFT * len(core) and _turns(left) >= _TURNS


def _turns(text: list[str]) -> float:
    """Return how often the kind of character (digit, upper, lower) changes, of the times it may."""
    kinds = [(one.isdigit(), one.isupper()) for one in text]
    return sum(a != b for a, b in pairwise(kinds)) / max(len(kinds) - 1, 1)


def _entropy(core: list[str]) -> float:
    """Return the bits that a character of *core* says."""
    total = len(core)
    return sum(log2(total / n) * n for n in Counter(core).values()) / total
