"""The values that a recording holds: all of the current exchange, and the secrets of others."""

import html
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from typing import Final
from urllib.parse import quote, quote_plus

import msgspec

from superoffice_mock.redaction.allow_list import AllowList

Match = tuple[int, bool, str]
"""The end of a value, whether its case matches, and its pseudonym."""

MIN_LENGTH: Final = 3
"""Shorter values are not searched for; the index is by this many characters."""
MAX_LENGTH: Final = 2_048
"""Longer values are known in their own exchange only; their shape gives them away elsewhere."""
CAPACITY: Final = 1_000
"""At least this many values of earlier exchanges are known, at most twice as many."""
_MIN_LENGTH_IN_WORDS: Final = 6
"""Shorter values are replaced as whole words only."""
_MIN_DIGITS: Final = 6
"""Shorter numbers may be anything: an account, a status, a line."""
_ALWAYS_SECRET: Final = frozenset({"credential"})
"""Roles of values that are replaced even if they are common words: any word may be a password."""
_LASTING_ROLES: Final = _ALWAYS_SECRET | {
    *("cookie", "e-mail", "guess", "name", "secret member", "user"),
}
"""Roles of values that are replaced in later exchanges, too."""
_CASES: Final[tuple[Callable[[str], str], ...]] = (str, str.upper, str.lower, str.swapcase)
"""Tried for values beyond ASCII, whose case mapping may change letters or their number."""
_SPELLINGS: Final[tuple[Callable[[str], str], ...]] = (
    *(str, html.escape),
    *(partial(quote, errors="replace"), partial(quote_plus, safe="/", errors="replace")),
)
_COMMON_TEXT: Final = """
    a about access account accounts active added admin administrator after all already also an
    and answer any anybody api app application are array as associate at authentication
    authorization available bad basic be bearer because been before being body boolean both
    business but by call called can cannot changed check client closed code company contact
    content cookie could created crm data database default deleted demo denied details disabled
    does done down each email empty enabled error errors every example exception exists expected
    expired fail failed failure false field file finished first for forbidden found from full
    get given group guest had has have header here his host how id in info integer internal
    invalid is it its key last later license line list load local locked logged login long lost
    mail manager many may member message method missing more must name new next no nobody none
    not nothing null number object of off office old on once one only open or other our out over
    owner own page parameter password path permission person please post progress public queue
    quota read received refused rejected remote request required reset response result retry
    right role root run running sales sample second see send sent server service session set
    should sign since some start started state status still stop stopped string such super
    superoffice superuser support sync syncing system temporary tenant test than that the their
    them then there these they this ticket time timeout to today token too true try two type
    unable unauthorized under unexpected unknown until up updated upgrade us use used user
    username users valid value values version wait waiting was we web were what when where which
    while who will with within without work wrong xml you your
"""
_COMMON_WORDS: Final = frozenset(_COMMON_TEXT.split())


def _read_as_utf8(value: str) -> str:
    """Return the header *value*, which was decoded as Latin-1, decoded as UTF-8 where possible."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except ValueError:
        return value


def _spellings_of(value: str) -> dict[str, None]:
    """Return the spellings in which a response may repeat *value*."""
    values = dict.fromkeys((value, _read_as_utf8(value)))
    cases = (
        case(spelling)
        for spelling in values
        for case in (_CASES[:1] if spelling.isascii() else _CASES)
    )
    return dict.fromkeys(
        spell(spelling) for spelling in dict.fromkeys(cases) for spell in _SPELLINGS
    )


def _fold_case(text: str) -> str:
    """Return *text* case-folded, with every character at its index."""
    whole = text.casefold()
    if len(whole) == len(text):
        return whole
    pairs = ((character, character.casefold()) for character in text)
    return "".join(low if len(low) == 1 else character for character, low in pairs)


class Replacement(msgspec.Struct, frozen=True):
    """The pseudonym of a value; *exact* values match in their own case only."""

    pseudonym: str
    exact: bool


class ValueTable:
    """Values to search for, in a time that does not depend on their number.

    The index of their spellings is built when the first text is searched.
    """

    def __init__(self) -> None:
        self._values: dict[str, Replacement] = {}
        self._not_indexed: list[str] = []
        self._spellings: dict[str, dict[str, Replacement]] = {}
        self._lengths: dict[str, set[int]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def get(self, value: str) -> Replacement | None:
        """Return the replacement that was added for *value*."""
        return self._values.get(value)

    def add(self, value: str, replacement: Replacement) -> None:
        """Search for *value* from now on."""
        known = self._values.get(value)
        if known is None or (known.exact and not replacement.exact):
            self._values[value] = replacement
            self._not_indexed.append(value)

    def candidate_places(self, folded: str) -> list[int]:
        """Return the indices in a case-folded text at which a value may begin."""
        self._index_new_values()
        beginnings = self._lengths
        if not beginnings:
            return []
        places = range(len(folded) - MIN_LENGTH + 1)
        return [place for place in places if folded[place : place + MIN_LENGTH] in beginnings]

    def longest_match(self, text: str, folded: str, place: int) -> Match | None:
        """Return the longest value that begins at *place*, preferably in the same case."""
        lengths = self._lengths.get(folded[place : place + MIN_LENGTH], ())
        for length in sorted(lengths, reverse=True):
            end = place + length
            spellings = self._spellings.get(folded[place:end]) if end <= len(folded) else None
            if spellings is not None and (
                length >= _MIN_LENGTH_IN_WORDS or _stands_alone(text, place, end)
            ):
                exact = spellings.get(text[place:end])
                replacement = exact or next(
                    (candidate for candidate in spellings.values() if not candidate.exact), None
                )
                if replacement is not None:
                    return end, exact is not None, replacement.pseudonym
        return None

    def _index_new_values(self) -> None:
        for value in self._not_indexed:
            if len(value) >= MIN_LENGTH and value.strip():
                for spelling in _spellings_of(value):
                    self._index(spelling, self._values[value])
        self._not_indexed.clear()

    def _index(self, spelling: str, replacement: Replacement) -> None:
        folded = _fold_case(spelling)
        if len(folded) >= MIN_LENGTH:
            self._spellings.setdefault(folded, {})[spelling] = replacement
            self._lengths.setdefault(folded[:MIN_LENGTH], set()).add(len(folded))


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Return whether the characters from *start* to *end* are not part of a longer word."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (_are_in_one_word(before, text[start]) or _are_in_one_word(text[end - 1], after))


def _are_in_one_word(first: str, second: str) -> bool:
    return all(map(_is_word_character, (first, second)))


def _is_word_character(character: str) -> bool:
    return character.isalnum() or character == "_"


def replace_known(text: str, searched: str, tables: Iterable[ValueTable]) -> str:
    """Return *text* with pseudonyms for the values in *tables*.

    *searched* is the same text with blanks for the parts that must stay.
    """
    nonempty = [table for table in tables if len(table)]
    folded = _fold_case(searched) if nonempty else ""
    parts, end = [], 0
    for place in sorted(
        {*chain.from_iterable(table.candidate_places(folded) for table in nonempty)}
    ):
        matches = (
            [table.longest_match(text, folded, place) for table in nonempty] if place >= end else []
        )
        best = max(filter(None, matches), default=None)
        if best is not None:
            parts += [text[end:place], best[2]]
            end = best[0]
    return "".join((*parts, text[end:]))


class KnownValues:
    """Values and their pseudonyms, to replace the values where a response repeats them.

    A common word, such as those of *allow_list*, is replaced in its own exchange and case only:
    otherwise a user called "the" would damage every sentence.
    """

    def __init__(self, allow_list: AllowList) -> None:
        self._allow_list = allow_list
        self.capacity = CAPACITY
        self.current = ValueTable()
        self._recent = ValueTable()
        self._older = ValueTable()

    @property
    def tables(self) -> tuple[ValueTable, ...]:
        """All values to search for."""
        return self.current, self._recent, self._older

    def begin_exchange(self) -> None:
        """Start the next exchange."""
        self.current = ValueTable()

    def add(self, role: str, value: str, pseudonym: str) -> None:
        """Search for *value*, which was found in the *role*, from now on."""
        exact = role not in _ALWAYS_SECRET and self._is_common_word(value)
        replacement = Replacement(pseudonym, exact)
        self.current.add(value, replacement)
        if role not in _LASTING_ROLES or replacement.exact or len(value) > MAX_LENGTH:
            return
        if len(self._recent) >= self.capacity:
            self._older, self._recent = self._recent, ValueTable()
        self._recent.add(value, replacement)

    def _is_common_word(self, value: str) -> bool:
        """Return whether *value* is a word or number that occurs in ordinary sentences."""
        is_short_number = value.isdecimal() and len(value) < _MIN_DIGITS
        is_known = value.lower() in _COMMON_WORDS or self._allow_list.is_public(value)
        return is_short_number or is_known
