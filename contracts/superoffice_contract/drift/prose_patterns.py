"""Statements in the vendor's prose, and the patterns that find them in a changed wording.

A pattern is a sequence of words. Only FILLER_WORDS may stand between them, so that
"one call per tenant" does not match "one call". `~` marks an optional word.
"""

import html
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Final

import msgspec

from superoffice_contract.drift import facts
from superoffice_contract.drift.facts import Fact

FILLER_WORDS: Final = (
    *("a", "an", "the", "this", "that", "these", "those", "such", "of", "to", "in", "at", "on"),
    *("by", "for", "with", "and", "or", "as", "well", "is", "are", "was", "were", "be", "been"),
    *("has", "have", "we", "us", "our", "you", "it", "its", "then", "there", "also", "really"),
)
_SEPARATORS: Final = r"[\s,;:#=()]+"
_GAP: Final = rf"{_SEPARATORS}(?:(?:{'|'.join(FILLER_WORDS)}){_SEPARATORS})*"
_NUMBER_WORDS: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
)
_NUMBER: Final = rf"(?P<number>\d+|{'|'.join(_NUMBER_WORDS)})(?:\s*\(\w+\))?"
_UNIT: Final = r"(?P<unit>seconds?|minutes?|milliseconds?)"
_TAG: Final = re.compile(r"</?(?:br|b|i|em|strong|para|p|code|span)\b[^<>]*>", re.IGNORECASE)
_QUOTES: Final = str.maketrans("\u2018\u2019\u201c\u201d`", "''\"\" ")
_SENTENCE: Final = re.compile(r"\S.*?(?:[.!?](?=\s+[A-Z0-9#\"'])|$)", re.DOTALL)
MAX_SENTENCE: Final = 160
"""Longer sentences are cut in a report."""


class Statement(msgspec.Struct, frozen=True, dict=True):
    """A fact that the prose of an *area* may state, with its value in the contract."""

    area: str
    claim: str
    words: str
    value: str = ""
    name: str | None = None
    group: str = facts.DESCRIPTION

    @property
    def id(self) -> str:
        """The id of the fact: *name* if the claim has several statements, else the claim."""
        return self.name or self.claim

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """*words* as a compiled pattern."""
        return re.compile(rf"\b{_build_pattern(self.words.split())}(?!\w)", re.IGNORECASE)


def _build_pattern(words: list[str]) -> str:
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
AREAS: Final = frozenset(statement.area for statement in STATEMENTS)
"""The areas of prose: the text about the call, or the description of a parameter or header."""


@cache
def _statements_in(area: str) -> tuple[Statement, ...]:
    return tuple(statement for statement in STATEMENTS if statement.area == area)


def strip_markup(text: str) -> str:
    """Return *text* without markup, even if escaped twice, and with single spaces."""
    markup = html.unescape(html.unescape(text)).translate(_QUOTES)
    return " ".join(_TAG.sub(" ", markup).split())


def split_sentences(text: str) -> Iterator[str]:
    """Yield the sentences of *text*, which has no markup."""
    return (match[0] for match in _SENTENCE.finditer(text))


def find_facts(area: str, group: str, text: str, place: str) -> Iterator[Fact]:
    """Yield the statements of *area* in *text*, and other text as facts of *group*."""
    for sentence in split_sentences(strip_markup(text)):
        unmatched = re.sub(r"(?<=\w)'(?=\w)", "", sentence)
        statements = []
        for statement in _statements_in(area):
            if match := statement.pattern.search(unmatched):
                statements.append(statement)
                value = _statement_value(match.groupdict())
                yield Fact(statement.group, statement.id, place, value)
                unmatched = f"{unmatched[: match.start()]} … {unmatched[match.end() :]}"
        # A quoted list of names is an example.
        words = re.findall(r"\w[\w'-]*", re.sub(r'"[^"]*"', " ", unmatched))
        if any(word.lower() not in FILLER_WORDS for word in words):
            yield _sentence_fact(group, place, sentence, statements)


def _sentence_fact(group: str, place: str, sentence: str, statements: list[Statement]) -> Fact:
    kind = "more text" if statements else "sentence"
    is_long = len(sentence) > MAX_SENTENCE
    text = f"{sentence[: MAX_SENTENCE - 1]}…" if is_long else sentence
    claims = tuple(dict.fromkeys(statement.claim for statement in statements))
    return Fact(group, f'{kind}: "{text}"', place, claims=claims)


def _statement_value(groups: Mapping[str, str | None]) -> str:
    number, unit = groups.get("number"), groups.get("unit")
    if number is None:
        return ""
    word = number.lower()
    digits = str(_NUMBER_WORDS.index(word)) if word in _NUMBER_WORDS else number
    # "one second" and "1 seconds" have the same value.
    return digits if unit is None else f"{digits} {unit.lower().removesuffix('s')}(s)"
