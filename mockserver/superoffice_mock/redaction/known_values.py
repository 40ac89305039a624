"""What was said in a recording: all of the exchange at hand, and of others what is secret."""

import html
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Final
from urllib.parse import quote

import msgspec

from superoffice_mock.redaction import allow_list

SHORTEST: Final = 3
"""Characters of a value that is looked for; by as many values are looked up."""


_ALONE: Final = 6
"""From this length on, a value is replaced within words, too."""


def _as_sent(value: str) -> str:
    """Return *value*, the bytes of a header read as Latin-1, as most servers read them."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except ValueError:
        return value


def _quoted(value: str) -> str:
    return quote(value, errors="replace")


_CASES: Final[tuple[Callable[[str], str], ...]] = (str, str.upper, str.lower, str.swapcase)
"""Letters beyond ASCII may be other ones, or more, in another case."""


_SPELLINGS: Final[tuple[Callable[[str], str], ...]] = (
    *(str, html.escape, _quoted, lambda value: _quoted(value).replace("%20", "+")),
)


def _ways(value: str) -> dict[str, None]:
    """Return how an answer may repeat *value*."""
    sent = dict.fromkeys((value, _as_sent(value)))
    cased = (case(one) for one in sent for case in (_CASES[:1] if one.isascii() else _CASES))
    return dict.fromkeys(spelt(one) for one in dict.fromkeys(cased) for spelt in _SPELLINGS)


def _folded(text: str) -> str:
    """Return *text* in no case, every character in its place."""
    whole = text.casefold()
    if len(whole) == len(text):
        return whole
    both = ((one, one.casefold()) for one in text)
    return "".join(low if len(low) == 1 else one for one, low in both)


class Echo(msgspec.Struct, frozen=True):
    """The pseudonym of a value; *exact*: only what has its case, too, is the value."""

    pseudonym: str
    exact: bool


Found = tuple[int, bool, str]
"""Where a value ends, whether it is in its own case, and its pseudonym."""


class Echoes:
    """Values to look for. How many there are does not matter to how long looking takes.

    What they look like in a sentence is worked out when there is a first one to look into.
    """

    def __init__(self) -> None:
        self._values: dict[str, Echo] = {}
        self._fresh: list[str] = []
        self._ways: dict[str, dict[str, Echo]] = {}
        self._lengths: dict[str, set[int]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def of(self, value: str) -> Echo | None:
        """Return what was added for *value*."""
        return self._values.get(value)

    def add(self, value: str, echo: Echo) -> None:
        """Look for *value* from now on."""
        known = self._values.get(value)
        if known is None or (known.exact and not echo.exact):
            self._values[value] = echo
            self._fresh.append(value)

    def places(self, folded: str) -> list[int]:
        """Return where in a text, in no case, something may begin."""
        self._spell()
        beginnings = self._lengths
        if not beginnings:
            return []
        each = range(len(folded) - SHORTEST + 1)
        return [place for place in each if folded[place : place + SHORTEST] in beginnings]

    def longest(self, text: str, folded: str, place: int) -> Found | None:
        """Return the longest value that begins at *place*; of those, the one in the same case."""
        lengths = self._lengths.get(folded[place : place + SHORTEST], ())
        for length in sorted(lengths, reverse=True):
            end = place + length
            ways = self._ways.get(folded[place:end])
            if ways is not None and (length >= _ALONE or _stands_alone(text, place, end)):
                same = ways.get(text[place:end])
                echo = same or next((one for one in ways.values() if not one.exact), None)
                if echo is not None:
                    return end, same is not None, echo.pseudonym
        return None

    def _spell(self) -> None:
        for value in self._fresh:
            if len(value) >= SHORTEST and value.strip():
                for said in _ways(value):
                    self._look_for(said, self._values[value])
        self._fresh.clear()

    def _look_for(self, said: str, echo: Echo) -> None:
        folded = _folded(said)
        if len(folded) >= SHORTEST:
            self._ways.setdefault(folded, {})[said] = echo
            self._lengths.setdefault(folded[:SHORTEST], set()).add(len(folded))


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether what stands there is no part of a word."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (_joined(before, text[start]) or _joined(text[end - 1], after))


def _joined(one: str, other: str) -> bool:
    return all(map(_is_letter, (one, other)))


def _is_letter(one: str) -> bool:
    return one.isalnum() or one == "_"


def hidden(text: str, seen: str, tables: Iterable[Echoes]) -> str:
    """Return *text* with pseudonyms for what *tables* know.

    *seen* is the same, with blanks for what stays whatever it looks like.
    """
    known = [one for one in tables if len(one)]
    folded = _folded(seen) if known else ""
    parts, done = [], 0
    for place in sorted({*chain.from_iterable(one.places(folded) for one in known)}):
        found = [one.longest(text, folded, place) for one in known] if place >= done else []
        best = max(filter(None, found), default=None)
        if best is not None:
            parts += [text[done:place], best[2]]
            done = best[0]
    return "".join((*parts, text[done:]))


_SPOKEN: Final = """
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


_WORDS: Final = frozenset(_SPOKEN.split())


_FEW: Final = 6
"""Digits of a number that may be anything: an account, a status, a line."""


def is_everyday(value: str) -> bool:
    """Tell whether *value* is a word or number that sentences have for reasons of their own."""
    few = value.isdecimal() and len(value) < _FEW
    return few or value.lower() in _WORDS or allow_list.is_public(value)


NEWEST: Final = 1_000
"""So many values at least are known of exchanges before, and at most twice as many."""


LONGEST: Final = 2_048
"""Characters of a value that is known beyond its exchange; a longer one has a shape that tells."""


_SURE: Final = frozenset({"credential"})
"""Roles of what is looked for whatever it looks like: people may sign in with any word."""


_LASTING: Final = _SURE | {"cookie", "e-mail", "guess", "name", "secret member", "user"}
"""Roles of what is a secret, or says who somebody is, in other exchanges, too."""


class KnownValues:
    """Values and their pseudonyms, as an answer may repeat what was said.

    An everyday word counts in its exchange, in its case, and in no other: a user called "the" would
    eat the sentences of all.
    """

    def __init__(self) -> None:
        self.newest = NEWEST
        self.here = Echoes()
        self._lately = Echoes()
        self._before = Echoes()

    @property
    def tables(self) -> tuple[Echoes, ...]:
        """What to look for."""
        return self.here, self._lately, self._before

    def next(self) -> None:
        """Begin with another exchange."""
        self.here = Echoes()

    def add(self, role: str, value: str, pseudonym: str) -> None:
        """Look for *value*, which was said as *role*."""
        echo = Echo(pseudonym, exact=role not in _SURE and is_everyday(value))
        self.here.add(value, echo)
        if role not in _LASTING or echo.exact or len(value) > LONGEST:
            return
        if len(self._lately) >= self.newest:
            self._before, self._lately = self._lately, Echoes()
        self._lately.add(value, echo)
