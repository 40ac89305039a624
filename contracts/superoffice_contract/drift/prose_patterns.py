"""Statements: what the vendor's prose says, known by patterns that survive another wording.

A pattern is a row of words. Small words (GLUE) may stand between them, other words may not, so
that "one call per tenant" is not taken for "one call". `~` marks a word that may be missing.
"""

import html
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Final

import msgspec

from superoffice_contract.drift import facts
from superoffice_contract.drift.facts import Fact

GLUE: Final = (
    *("a", "an", "the", "this", "that", "these", "those", "such", "of", "to", "in", "at", "on"),
    *("by", "for", "with", "and", "or", "as", "well", "is", "are", "was", "were", "be", "been"),
    *("has", "have", "we", "us", "our", "you", "it", "its", "then", "there", "also", "really"),
)
_MARKS: Final = r"[\s,;:#=()]+"
_GAP: Final = rf"{_MARKS}(?:(?:{'|'.join(GLUE)}){_MARKS})*"
_NUMBERS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TAG: Final = re.compile(r"</?(?:br|b|i|em|strong|para|p|code|span)\b[^<>]*>", re.IGNORECASE)
_QUOTES: Final = str.maketrans("\u2018\u2019\u201c\u201d`", "''\"\" ")
_SENTENCE: Final = re.compile(r"\S.*?(?:[.!?](?=\s+[A-Z0-9#\"'])|$)", re.DOTALL)
LONGEST: Final = 160


class Statement(msgspec.Struct, frozen=True, dict=True):
    """A fact that the prose of an *area* may state, with the value that the contract holds."""

    area: str
    claim: str
    words: str
    value: str = ""
    name: str | None = None
    group: str = facts.DESCRIPTION

    @property
    def id(self) -> str:
        """What the fact is known by: its claim, unless that has several statements."""
        return self.name or self.claim

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The pattern, compiled."""
        return re.compile(rf"\b{_joined(self.words.split())}(?!\w)", re.IGNORECASE)


def _joined(words: list[str]) -> str:
    parts, gap = [], ""
    for word in words:
        token = word.removeprefix("~").replace("NUMBER", _NUMBER)
        if not gap and word.startswith("~"):
            parts.append(rf"(?:{token}{_GAP})?")
        elif word.startswith("~"):
            parts.append(rf"(?:{gap}{token})?")
        else:
            parts.append(f"{gap}{token}")
            gap = _GAP
    return "".join(parts)


_NUMBER: Final = rf"(?P<number>\d+|{'|'.join((*_NUMBERS, 'ten'))})(?:\s*\(\w+\))?"
_UNIT: Final = r"(?P<unit>seconds?|minutes?|milliseconds?)"

STATEMENTS: Final = (
    Statement("text", "starts-sync", r"starts? sync\w* ~given ~mail accounts"),
    Statement("text", "sync-direction", "from mail servers? ~into ~superoffices? database cache"),
    Statement(
        "text",
        "single-run",
        r"(?:only|at\s+most) NUMBER ~api calls? (?:may|can) run ~(?:any|one|same) (?:time|moment)",
        "1",
    ),
    Statement(
        "text",
        "busy-second",
        r"(?:if|when|while) (?:one|another) ~call ~already (?:active|running|runs) ~call "
        rf"(?:returns?|answers?|answered) after NUMBER {_UNIT}",
        "1 second(s)",
    ),
    Statement(
        "text",
        "silent-drop",
        r"(?:no|without) ~any (?:indication|sign|hint) ~no syncs? ~not started",
    ),
    Statement(
        "text",
        "throttle-purpose",
        r"~way throttles? ~sync\w* (?:avoid|spares?|protects?) ~making mail servers ~angry",
    ),
    Statement(
        "text",
        "task-cap",
        r"~(?:additional|second|inner) ~(?:level|limit) ~throttling ~within ~implementation "
        r"~(?:limiting|limits|limited) (?:maximum|max|most) NUMBER tasks? "
        r"~(?:regardless|whatever) ~how ~many ~number ~associates ~synced",
        "10",
    ),
    Statement(
        "text",
        "lease-end",
        r"~outer ~api-level lock (?:released|freed) (?:when|once|after) (?:all|every) tasks? "
        r"(?:done|finished|ended|over)",
    ),
    Statement(
        "text",
        "online-restricted",
        "~online ~restricted e-?mail agent not (?:available|open) online ~default",
        name="online-closed",
        group=facts.RESTRICTION,
    ),
    Statement(
        "text",
        "online-restricted",
        "access must requested ~specifically when app registered",
        name="online-request",
        group=facts.RESTRICTION,
    ),
    Statement("$select", "select-param", "optional", name="select-optional", group=facts.QUERY),
    Statement(
        "$select",
        "select-list",
        r"comma[-\s]separated list properties ~include ~result",
        group=facts.QUERY,
    ),
    Statement(
        "$select",
        "select-result",
        r"other (?:fields|properties) null(?:ed)? ~out ~reduce ~payload ~size",
        name="select-nulls",
        group=facts.QUERY,
    ),
    Statement(
        "$select",
        "select-result",
        "default ~shows? all (?:fields|properties)",
        name="select-default",
        group=facts.QUERY,
    ),
    Statement(
        "authorization",
        "schemes-by-installation",
        "depending installation ~type",
        group=facts.CREDENTIALS,
    ),
    Statement(
        "content-type",
        "media-types",
        "content-type request body",
        name="content-type-row",
        group=facts.MEDIA_TYPES,
    ),
    Statement(
        "accept",
        "accept-header",
        r"content-types?(?:\(s\))? would like response",
        name="accept-row",
        group=facts.HEADERS,
    ),
    Statement(
        "x-xsrf-token",
        "xsrf-header",
        "(?:if|when) not using authorization header must (?:provide|send) xsrf value",
        group=facts.HEADERS,
    ),
    Statement("x-xsrf-token", "xsrf-source", "from cookie hidden input field", group=facts.HEADERS),
    Statement(
        "so-apptoken",
        "app-token",
        "application token identifies ~partner app",
        group=facts.HEADERS,
    ),
    Statement(
        "so-apptoken",
        "app-token-online",
        "used when calling online ~webapi from server",
        group=facts.HEADERS,
    ),
)
AREAS: Final = frozenset(one.area for one in STATEMENTS)
"""Where statements stand: the call's own text, or the description of a parameter or header."""


@cache
def _of(area: str) -> tuple[Statement, ...]:
    return tuple(one for one in STATEMENTS if one.area == area)


def plain(text: str) -> str:
    """Return *text* without markup, which may be escaped twice; blanks become single."""
    unescaped = html.unescape(html.unescape(text)).translate(_QUOTES)
    return " ".join(_TAG.sub(" ", unescaped).split())


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of plain *text*."""
    return (found[0] for found in _SENTENCE.finditer(text))


def facts_in(area: str, group: str, text: str, place: str) -> Iterator[Fact]:
    """Yield what the prose of *area* says, and what no statement covers, as a fact of *group*."""
    for sentence in sentences(plain(text)):
        rest = re.sub(r"(?<=\w)'(?=\w)", "", sentence)
        found = []
        for statement in _of(area):
            if match := statement.pattern.search(rest):
                found.append(statement)
                yield Fact(statement.group, statement.id, place, _value(match.groupdict()))
                rest = f"{rest[: match.start()]} … {rest[match.end() :]}"
        yield from _uncovered(group, place, sentence, rest, found)


def _uncovered(
    group: str, place: str, sentence: str, rest: str, found: list[Statement]
) -> Iterator[Fact]:
    # A quoted list of names is an example.
    words = re.findall(r"\w[\w'-]*", re.sub(r'"[^"]*"', " ", rest))
    if any(word.lower() not in GLUE for word in words):
        about = "more is said" if found else "sentence"
        shown = sentence if len(sentence) <= LONGEST else f"{sentence[: LONGEST - 1]}…"
        claims = tuple(dict.fromkeys(one.claim for one in found))
        yield Fact(group, f'{about}: "{shown}"', place, claims=claims)


def _value(groups: Mapping[str, str | None]) -> str:
    number, unit = groups.get("number"), groups.get("unit")
    if number is None:
        return ""
    words = (*_NUMBERS, "ten")
    digits = str(words.index(number.lower())) if number.lower() in words else number
    # One second and 1 seconds are alike.
    return digits if unit is None else f"{digits} {unit.lower().removesuffix('s')}(s)"
