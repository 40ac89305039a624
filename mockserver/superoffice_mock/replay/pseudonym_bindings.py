"""Binds the pseudonyms of a recording to values: each to one value, and no two to the same."""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from itertools import chain, zip_longest
from typing import Final

from superoffice_mock.recordings.pseudonyms import (
    DOMAIN,
    ID_START,
    PATTERN,
    is_genuine,
    is_pseudonym,
)

CACHE_SIZE: Final = 4096
"""Number of recorded texts that are cached, split at their pseudonyms."""
_SHAPE_AFTER: Final = re.compile(
    rf"(?:@|%40){re.escape(DOMAIN)}|\.invalid| \([0-9]{{1,9}} characters\)"
)
"""What belongs to a pseudonym before it: the shape of an address, or the length of a sentence."""

Template = tuple[str, ...]
"""The plain text around pseudonyms."""
Key = tuple[str, str]
"""A group of values, such as credentials, and a pseudonym or value in it."""


class Bindings:
    """What the pseudonyms of one session stand for.

    The values are real ones; a pseudonym in place of a value stands for itself. *two_sided* is for
    two recordings: pseudonyms of either match any value of the other.
    """

    def __init__(self, *, two_sided: bool = False) -> None:
        self.two_sided = two_sided
        self.values: dict[Key, Key] = {}
        self.owners: dict[Key, Key] = {}

    def resolve(self, text: str, group: str) -> str | None:
        """Return *text* with its pseudonyms replaced; None if one stands for no value yet."""
        template, words = split(text)
        values = [self.values.get(key_of(group, word)) for word in words]
        texts = [value[1] for value in values if value is not None]
        if len(texts) < len(words):
            return None
        return "".join(chain.from_iterable(zip_longest(template or ("", ""), texts, fillvalue="")))


class Attempt:
    """An attempt to match a request with a recorded one, and what it would add to *bindings*."""

    __slots__ = ("_bindings", "_owners", "_reversed", "_values")

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings
        self._values: dict[Key, Key] = {}
        self._owners: dict[Key, Key] = {}
        self._reversed = False

    def commit(self) -> None:
        """Add the bindings of this attempt to the session."""
        self._bindings.values |= self._values
        self._bindings.owners |= self._owners

    def matches(self, expected: str, actual: str, group: str = "") -> bool:
        """Return whether *actual* fits *expected*, whose pseudonyms match any value.

        Bindings are separate for each *group*: a client that signs in as another user still syncs
        the same accounts.
        """
        if self._fits(expected, actual, group):
            return True
        if not self._bindings.two_sided or not has_pseudonym(actual):
            return False
        self._reversed = True
        fits = self._fits(actual, expected, group)
        self._reversed = False
        return fits

    def pair_names(self, expected: Collection[str], actual: Collection[str]) -> Mapping[str, str]:
        """Return the name in *actual* for each of the *expected* names that has one.

        Pseudonyms that stand for no value yet stand for the names that are left, in their order.
        """
        pairs = {name: name for name in expected if name in actual and not has_pseudonym(name)}
        if len(pairs) == len(expected) == len(actual):
            return pairs
        left = {name: self._owner(("", name)) for name in actual if name not in pairs}
        unbound = []
        for name in expected:
            if name not in pairs:
                value = self._value(("", name))
                other = name if value is None or value[1] not in left else value[1]
                if other in left and self.matches(name, other):
                    pairs[name] = other
                    del left[other]
                elif value is None and (self._bindings.two_sided or has_pseudonym(name)):
                    unbound.append(name)
        free = [name for name, owner in left.items() if owner is None]
        pairs.update(pair for pair in zip(unbound, free, strict=False) if self.matches(*pair))
        return pairs

    def _fits(self, pattern: str, text: str, group: str) -> bool:
        """Return whether *text* is *pattern* with values for its pseudonyms; if not, bind none."""
        pieces = _pieces(pattern)
        if len(pieces) == 1:
            return pattern == text
        if len(pieces) == 3 and is_pseudonym(pattern):  # its value may have another shape
            return self._bind(key_of(group, pieces[1]), self._strip_shape(text))
        count = len(self._values)
        fits = self._fits_pieces(group, pieces, text)
        while not fits and len(self._values) > count:
            self._values.popitem()
            self._owners.popitem()
        return fits

    def _strip_shape(self, text: str) -> str:
        """Return *text*; for a pseudonym of the other recording, without its shape."""
        if not self._bindings.two_sided or not has_pseudonym(text):
            return text
        pieces = _pieces(text)
        has_shape = len(pieces) == 3 and (not any(pieces[::2]) or is_pseudonym(text))
        return pieces[1] if has_shape else text

    def _fits_pieces(self, group: str, pieces: tuple[str, ...], text: str) -> bool:
        if not text.startswith(pieces[0]):
            return False
        place = len(pieces[0])
        for word, after in zip(pieces[1::2], pieces[2::2], strict=True):
            key = key_of(group, word)
            end = self._find_end(key, after, text, place)
            if end < 0 or not self._bind(key, self._strip_shape(text[place:end])):
                return False
            place = end + len(after)
            if text[end:place] != after:
                return False
        return place == len(text)

    def _find_end(self, word: Key, after: str, text: str, place: int) -> int:
        """Return the end of the value for *word* that begins at *place*; -1 if there is none."""
        value = self._owner(word) if self._reversed else self._value(word)
        if value is not None:
            end = place + len(value[1])
            return _end_of_shape(text, end) if self._bindings.two_sided else end
        return text.find(after, place + 1) if after else len(text)

    def _bind(self, word: Key, text: str) -> bool:
        """Bind *word* to *text* if neither is bound; return whether they are bound together."""
        own = None if self._bindings.two_sided else first_pseudonym(text)
        if own is not None and is_pseudonym(text):  # it was in an answer, and stands for itself
            return own == word[1]
        if not text or own not in (None, word[1]):
            return False
        value = (word[0], text)
        expected, actual = (value, word) if self._reversed else (word, value)
        bound_value, owner = self._value(expected), self._owner(actual)
        if bound_value is None and owner is None:
            self._values[expected], self._owners[actual] = actual, expected
            return True
        return bound_value == actual

    def _value(self, word: Key) -> Key | None:
        return self._values.get(word) or self._bindings.values.get(word)

    def _owner(self, value: Key) -> Key | None:
        return self._owners.get(value) or self._bindings.owners.get(value)


def key_of(group: str, word: str) -> Key:
    """Return the key of a pseudonym; ids are a group of their own, as texts may have digits."""
    return ("ids" if word.startswith(ID_START) else group, word)


def has_pseudonym(text: str) -> bool:
    """Return whether *text* contains a pseudonym."""
    return "pseudo-" in text and len(_pieces(text)) > 1


def split(text: str) -> tuple[Template, tuple[str, ...]]:
    """Return the plain text around the pseudonyms in *text*, and the pseudonyms.

    There is none around a whole text that is a pseudonym, whatever its shape.
    """
    pieces = _pieces(text)
    is_whole = len(pieces) == 3 and is_pseudonym(text)
    return () if is_whole else pieces[::2], pieces[1::2]


def may_fit(template: Template, text: str) -> bool:
    """Return whether *text* may be *template* with values for its pseudonyms."""
    return not template or (text.startswith(template[0]) and text.endswith(template[-1]))


def may_split_pseudonyms(template: Template) -> bool:
    """Return whether *template* may match a part of a pseudonym, which has a hyphen inside."""
    return any(piece.startswith("-") or piece.endswith("-") for piece in template)


def first_pseudonym(text: str) -> str | None:
    """Return the pseudonym that comes first in *text*, before any text that only looks like one."""
    match = PATTERN.search(text)
    return match[0] if match is not None and is_genuine(match) else None


@lru_cache(maxsize=CACHE_SIZE)
def _pieces(text: str) -> tuple[str, ...]:
    """Split *text* into plain text and pseudonyms in turn; the first and last are plain text."""
    pieces, place = [], 0
    for match in PATTERN.finditer(text):
        if is_genuine(match):
            pieces += [text[place : match.start()], match[0]]
            place = _end_of_shape(text, match.end())
    return (*pieces, text[place:])


def _end_of_shape(text: str, end: int) -> int:
    match = _SHAPE_AFTER.match(text, end)
    return end if match is None else match.end()
