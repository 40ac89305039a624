"""Recognizes secrets by their shape: tickets, tokens, passwords in sentences, random text."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from math import log2
from typing import Final

from superoffice_contract.messages import REDACTION_MARK
from superoffice_mock.recordings.hidden_numbers import is_id_pseudonym
from superoffice_mock.recordings.pseudonyms import blank_out, is_pseudonym

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

_PASSWORD_CHAR: Final = r"""[^\s"'<>&,;{}\[\]()\\]"""
_LIKE_A_PASSWORD: Final = (
    rf"(?={_PASSWORD_CHAR}{{0,99}}[0-9])(?={_PASSWORD_CHAR}{{0,99}}[a-z])"
    r"|(?=[a-z0-9]{1,99}[@#$%^*+!][a-z0-9])"
)
"""Looks ahead for letters mixed with digits or signs, as in passwords that people choose."""
_NOT_A_PASSWORD: Final = r"(?:sha|md|oauth|base|utf|aes|rfc|iso|v)[-_]?[0-9]|[0-9]{1,4}-|[a-z]+://"
"""Text that begins like a password, but names a method, a range, a date or an address."""
_EMAIL_CHAR: Final = r"""[^\s@<>"'(),;:=&/\\]"""


def _shape(kind: str, *pattern: str) -> tuple[str, re.Pattern[str]]:
    return kind, re.compile("".join(pattern))


SHAPES: Final = (
    _shape(
        "credential",
        r"(?i)\b(?:basic|bearer|soticket|negotiate)\s+",
        r"(?!realm=|[$%{]|(?-i:[a-z'-]+)(?![\w+/=:.-]))([^\s,\"'<>]{4,})",
    ),
    _shape(  # tokens that name their service at the start
        "token",
        r"(?<![\w-])((?:gh[pousr]|github_pat|npm|glpat|xox[abeprs]|[srp]k_(?:live|test)|sk)[_-]",
        r"(?=[A-Za-z_-]{0,80}[0-9])[A-Za-z0-9_-]{16,}|AKIA[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35})",
    ),
    _shape(
        "private key",
        r"-----BEGIN ([A-Z ]{0,40}PRIVATE KEY-----[\\rn\s]{0,8}(?!X{3})[A-Za-z0-9+/=]{4})",
    ),
    _shape("signature", r"(?i)[?&](?:x-amz-)?sig(?:nature)?=([^&\s\"'<>]{6,})"),
    _shape("ticket", r"(?<![0-9A-Za-z])([0-9][A-Z]:[^\s\"'<>&,;)]{4,})"),
    _shape("JWT", r"(?<![\w-])(eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?)"),
    _shape("password", r"://(?![^@]{0,200}[{$<])([^\s/@:\"]{0,200}:[^\s/@\"]{1,200})@"),
    _shape(
        "e-mail",
        rf"(?<!{_EMAIL_CHAR})({_EMAIL_CHAR}{{1,200}}@(?:[\w-]+\.)+",
        r"(?!(?:png|jpe?g|gif|svg|webp|js|css)\b)[^\W\d_][\w-]*)",
    ),
    _shape(
        "password",
        r"(?i)\b(?:pass(?:word|wd|phrase|ord)|pwd|kennwort|l[öo]senord|adgangskode)(?:e?[tn])?",
        r"(?:\s{1,3}(?:ditt|mitt|deres))?(?:\s{1,3}(?:is|was|er|var|är|ist|war|lautet))?\s{0,3}[:=]?",
        rf"\s{{1,3}}[\"']?(?!{_NOT_A_PASSWORD})(?:{_LIKE_A_PASSWORD})",
        rf"({_PASSWORD_CHAR}{{3,200}}[\w@#$%^*+!])",
    ),
    _shape(
        "name",
        rf"""(?i){_PERSON}(?:\\?["']\s*:\s*\\?["']\s*|\]?[>=])""",
        r"""(?!\s)((?:[^<>&"'\\]|\\[^"'])+)""",
    ),
)
"""The form of each kind of secret; group 1 of the pattern is the secret."""

_RANDOM_BY_NATURE: Final = re.compile(
    r"data:(?:image|font)/[^\s\"')]*"
    r"|(?<![^/?#\s\"'(])[^/?#\s\"'(]{1,200}\.(?:m?js|css|map|png|jpe?g|gif|svg|ico|webp|woff2?|ttf)\b"
    r"|[?&](?:v|ver|version|hash|rev|build|_|cb|etag)=[^&\s\"']{0,200}"
    r"|multipart/[\w-]{1,40};\s{0,9}boundary=\S+|\b(?:sha(?:256|384|512)|nonce)-[\w+/=-]+"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.IGNORECASE,
)
"""Text that looks random and holds no secret: pictures, names of files, boundaries, GUIDs."""
RANDOM: Final = "high entropy"
_NUMBER: Final = re.compile(r"(?<![0-9A-Za-z])[12][0-9]{9}(?![0-9A-Za-z])")
_LONG_RUN: Final = re.compile(r"[A-Za-z0-9+/_=-]{16,}")
_HEX: Final = re.compile(r"(?=.*[0-9])(?=.*[a-f])[0-9a-f]+|(?=.*[0-9])(?=.*[A-F])[0-9A-F]+")
_WORD_PART: Final = re.compile(r"[A-Z]?[a-z]{2,}")
"""A part of a word; random letters rarely have the same case in a row."""
_PSEUDONYM_SHAPE: Final = re.compile(
    r"(?i)[0-9][A-Z]:(?:cust[0-9]+[.:])?|@example\.invalid|\.invalid|(?<= ) \([0-9]+ characters\)"
)
"""Text that a pseudonym may have around it."""
_URL_REST: Final = re.compile(r"(?<= )[/?&].*", re.DOTALL)
"""The part of a URL after a pseudonym, which is searched by itself."""
_MIN_LEFT_OVER: Final = 3
"""With fewer letters and digits around its pseudonyms, a value counts as hidden."""
MIN_CHARACTERS: Final = 16
_MIN_ENTROPY: Final = 3.0
_MIN_SHARE_OUTSIDE_WORDS: Final = 0.4
_MIN_CHANGES: Final = 0.25
"""These four are the thresholds of `is_random`."""


def find_shapes(text: str) -> Iterator[str]:
    """Yield the kinds of the secrets in *text* that their shapes reveal."""
    for kind, pattern in SHAPES:
        if any(not is_harmless(found[1]) for found in pattern.finditer(text)):
            yield kind


def looks_random(text: str) -> bool:
    """Return whether *text* holds a secret that looks random."""
    if _LONG_RUN.search(text) is None:
        return False
    text = _NUMBER.sub(lambda found: "0" if is_harmless(found[0]) else found[0], blank_out(text))
    runs = _LONG_RUN.findall(_RANDOM_BY_NATURE.sub(" ", text))
    return any(is_random(run) and not is_harmless(run) for run in runs)


def is_harmless(value: str) -> bool:
    """Return whether *value* is no secret: published, a mark, 0, or wholly a pseudonym."""
    if value in PUBLISHED or not value.strip() or REDACTION_MARK.fullmatch(value):
        return True
    if len(value) <= len(str(2**31)) and value.isascii() and value.isdecimal():
        return int(value) == 0 or is_id_pseudonym(int(value))
    rest = _URL_REST.sub("", blank_out(value))
    left_over = sum(map(str.isalnum, _PSEUDONYM_SHAPE.sub("", rest)))
    return is_pseudonym(value) or (rest != value and left_over < _MIN_LEFT_OVER)


def is_random(run: str) -> bool:
    """Return whether *run* looks random: much entropy, few words, many changes of kind."""
    characters = [character for character in run if character.isalnum()]
    if len(characters) < MIN_CHARACTERS or _entropy(characters) < _MIN_ENTROPY:
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
