"""Statements in the vendor's prose, and the patterns that find them in a changed wording.

A pattern is a sequence of words. Only FILLER_WORDS may stand between them, so that
"one call per tenant" does not match "one call". `~` marks an optional word.
"""

import html
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

import msgspec

from superoffice_contract.drift import facts
from superoffice_contract.drift.facts import Fact
from superoffice_contract.messages import shorten

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
_DIGITS: Final = r"\d{1,3}(?:,\d{3})+|\d{1,15}"
_NUMBER: Final = rf"(?P<number>{_DIGITS}|{'|'.join(_NUMBER_WORDS)})(?:\s*\(\w+\))?"
_UNIT: Final = r"(?P<unit>seconds?|minutes?|milliseconds?|ms)"
_TAG: Final = re.compile(r"</?(?:br|b|i|em|strong|para|p|code|span)\b[^<>]*>", re.IGNORECASE)
_QUOTES: Final = str.maketrans("\u2018\u2019\u201c\u201d`", "''\"\" ")
_SENTENCE: Final = re.compile(r"\S.*?(?:[.!?](?=\s+[A-Z0-9#\"'])|$)", re.DOTALL)


class Statement(msgspec.Struct, frozen=True, dict=True):
    """A fact of *group* that the prose of an *area* may state, with its value in the contract.

    *name* tells it from other statements of its *claim*.
    """

    area: str
    group: str
    claim: str
    words: str
    value: str = ""
    name: str | None = None

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


_TABLE: Final[Mapping[tuple[str, str], tuple[tuple[str, ...], ...]]] = {
    ("text", facts.DESCRIPTION): (
        ("starts-sync", r"starts? sync\w* ~given ~mail accounts"),
        ("sync-direction", "from mail servers? ~into ~superoffices? database cache"),
        (
            "single-run",
            (
                r"(?:only|at\s+most) NUMBER ~api calls? (?:may|can) run "
                r"~(?:any|one|same) (?:time|moment)"
            ),
            "1",
        ),
        (
            "busy-second",
            (
                r"(?:if|when|while) (?:one|another) ~call ~already (?:active|running|runs) ~call "
                rf"(?:returns?|answers?|answered) after NUMBER {_UNIT}"
            ),
            "1 second(s)",
        ),
        ("silent-drop", r"(?:no|without) ~any (?:indication|sign|hint) ~no syncs? ~not started"),
        (
            "throttle-purpose",
            r"~way throttles? ~sync\w* (?:avoid|spares?|protects?) ~making mail servers ~angry",
        ),
        (
            "task-cap",
            (
                r"~(?:additional|second|inner) ~(?:level|limit) ~throttling ~within "
                r"~implementation ~(?:limiting|limits|limited) (?:maximum|max|most) NUMBER tasks? "
                r"~(?:regardless|whatever) ~how ~many ~number ~associates ~synced"
            ),
            "10",
        ),
        (
            "lease-end",
            (
                r"~outer ~api-level lock (?:released|freed) (?:when|once|after) (?:all|every) "
                r"tasks? (?:done|finished|ended|over)"
            ),
        ),
        ("slow-threshold", rf"NsApiSlow ~threshold NUMBER\s*{_UNIT}", "5 second(s)"),
    ),
    ("text", facts.RESTRICTION): (
        (
            "online-restricted",
            "~online ~restricted e-?mail agent not (?:available|open) online ~default",
            *("", "online-closed"),
        ),
        (
            "online-restricted",
            "access must requested ~specifically when app registered",
            *("", "online-request"),
        ),
    ),
    ("$select", facts.QUERY): (
        ("select-param", "optional", "", "select-optional"),
        ("select-list", r"comma[-\s]separated list properties ~include ~result"),
        (
            "select-result",
            r"other (?:fields|properties) null(?:ed)? ~out ~reduce ~payload ~size",
            *("", "select-nulls"),
        ),
        ("select-result", "default ~shows? all (?:fields|properties)", "", "select-default"),
    ),
    ("authorization", facts.CREDENTIALS): (
        ("schemes-by-installation", "depending installation ~type"),
    ),
    ("content-type", facts.MEDIA_TYPES): (
        ("media-types", "content-type request body", "", "content-type-row"),
    ),
    ("accept", facts.HEADERS): (
        ("accept-header", r"content-types?(?:\(s\))? would like response", "", "accept-row"),
    ),
    ("x-xsrf-token", facts.HEADERS): (
        (
            "xsrf-header",
            "(?:if|when) not using authorization header must (?:provide|send) xsrf value",
        ),
        ("xsrf-source", "from cookie hidden input field"),
    ),
    ("so-apptoken", facts.HEADERS): (
        ("app-token", "application token identifies ~partner app"),
        ("app-token-online", "used when calling online ~webapi from server"),
    ),
}
"""By area and group: the claim, words, value and name of each statement."""
STATEMENTS: Final = tuple(
    Statement(area, group, *row) for (area, group), rows in _TABLE.items() for row in rows
)
AREAS: Final = frozenset(statement.area for statement in STATEMENTS)
"""The areas of prose: the text about the call, or the description of a parameter or header."""


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
        claims = []
        for statement in (statement for statement in STATEMENTS if statement.area == area):
            if match := statement.pattern.search(unmatched):
                claims.append(statement.claim)
                value = _statement_value(match.groupdict())
                yield Fact(statement.group, statement.id, place, value)
                unmatched = f"{unmatched[: match.start()]} … {unmatched[match.end() :]}"
        # A quoted list of names is an example.
        words = re.findall(r"\w[\w'-]*", re.sub(r'"[^"]*"', " ", unmatched))
        if any(word.lower() not in FILLER_WORDS for word in words):
            kind = "more text" if claims else "sentence"
            text = f'{kind}: "{shorten(sentence)}"'
            yield Fact(group, text, place, claims=tuple(dict.fromkeys(claims)))


def _statement_value(groups: Mapping[str, str | None]) -> str:
    number, unit = groups.get("number"), groups.get("unit")
    if number is None:
        return ""
    word = number.lower()
    # "one second", "1 seconds" and "1,000 ms" have the same value.
    digits = str(_NUMBER_WORDS.index(word)) if word in _NUMBER_WORDS else number.replace(",", "")
    if unit is None:
        return digits
    if unit.lower() in ("ms", "millisecond", "milliseconds"):
        digits, unit = f"{int(digits) / 1000:g}", "second"
    return f"{digits} {unit.lower().removesuffix('s')}(s)"
