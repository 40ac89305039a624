"""What the pseudonyms of a recording stand for: each for one value, and no two for the same."""

from functools import lru_cache
from typing import Final

from superoffice_mock.redaction.pseudonyms import PATTERN, genuine, is_pseudonym

REMEMBERED: Final = 4096
"""So many different recorded texts are remembered with the pseudonyms in them."""

Key = tuple[str, str]
"""A pseudonym or a value, behind what it is among."""


class Bindings:
    """What is bound in one session. Values are real ones; in place of one, a pseudonym stands for
    itself. With *another* recording on the other side, pseudonyms of both stand for any value.
    """

    def __init__(self, *, another: bool = False) -> None:
        self.another = another
        self.values: dict[Key, Key] = {}
        self.owners: dict[Key, Key] = {}

    def attempt(self) -> "Attempt":
        """Return a try on top of what is bound; nothing is bound until it is kept."""
        return Attempt(self)


class Attempt:
    """One try to read a request as a recorded one, and what that would bind."""

    __slots__ = ("_bindings", "_owners", "_turned", "_values")

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings
        self._values: dict[Key, Key] = {}
        self._owners: dict[Key, Key] = {}
        self._turned = False

    @property
    def new(self) -> bool:
        """Whether there is something to keep."""
        return bool(self._values)

    def keep(self) -> None:
        """Bind what this try found."""
        self._bindings.values |= self._values
        self._bindings.owners |= self._owners

    def agrees(self, recorded: str, sent: str, among: str = "") -> bool:
        """Tell whether *sent* can be *recorded*: pseudonyms match any value, the rest itself.

        What a pseudonym stands for *among* credentials, it need not stand for elsewhere: whoever
        signs in as somebody else still syncs the same accounts.
        """
        return self._reads(recorded, sent, among) or (
            self._bindings.another and names(sent) and self._reads_back(recorded, sent, among)
        )

    def _reads_back(self, recorded: str, sent: str, among: str) -> bool:
        """Tell whether *recorded* can be *sent*, whose pseudonyms match any recorded value."""
        self._turned = True
        try:
            return self._reads(sent, recorded, among)
        finally:
            self._turned = False

    def _reads(self, pattern: str, text: str, among: str) -> bool:
        """Tell whether *text* is *pattern* with values for its pseudonyms; else bind nothing."""
        pieces = _pieces(pattern)
        if len(pieces) == 1:
            return pattern == text
        if len(pieces) == 3 and is_pseudonym(pattern):  # in its shape, which a value need not have
            return self._binds((among, pieces[1]), (among, self._meant(text)))
        before = len(self._values)
        fits = self._embedded(among, pieces, text)
        while not fits and len(self._values) > before:
            self._values.popitem()
            self._owners.popitem()
        return fits

    def _meant(self, text: str) -> str:
        """Return *text*; if it is a pseudonym of another recording, then without its shape."""
        shaped = self._bindings.another and names(text) and is_pseudonym(text)
        return _pieces(text)[1] if shaped else text

    def _embedded(self, among: str, pieces: tuple[str, ...], text: str) -> bool:
        if not text.startswith(pieces[0]):
            return False
        place = len(pieces[0])
        for word, after in zip(pieces[1::2], pieces[2::2], strict=True):
            end = self._end((among, word), after, text, place)
            if end < 0 or not self._binds((among, word), (among, text[place:end])):
                return False
            place = end + len(after)
            if text[end:place] != after:
                return False
        return place == len(text)

    def _end(self, word: Key, after: str, text: str, place: int) -> int:
        """Return where the value for *word* ends that begins at *place*; -1 if there is none."""
        bound = self._owner(word) if self._turned else self._value(word)
        if bound is not None:
            return place + len(bound[1])
        return text.find(after, place + 1) if after else len(text)

    def _binds(self, word: Key, value: Key) -> bool:
        """Tell whether *word* stands for *value*, or may from now on."""
        if not value[1] or (not self._bindings.another and _is_another(word[1], value[1])):
            return False
        ours, theirs = (value, word) if self._turned else (word, value)
        bound, owner = self._value(ours), self._owner(theirs)
        if bound is None and owner is None:
            self._values[ours], self._owners[theirs] = theirs, ours
            return True
        return bound == theirs

    def _value(self, word: Key) -> Key | None:
        return self._values.get(word) or self._bindings.values.get(word)

    def _owner(self, value: Key) -> Key | None:
        return self._owners.get(value) or self._bindings.owners.get(value)


def names(text: str) -> bool:
    """Tell whether there is a pseudonym in *text*."""
    return len(_pieces(text)) > 1


def _is_another(word: str, value: str) -> bool:
    """Tell whether *value* is a pseudonym, and not *word*."""
    found = PATTERN.search(value)
    return found is not None and genuine(found) and found[0] != word


@lru_cache(maxsize=REMEMBERED)
def _pieces(recorded: str) -> tuple[str, ...]:
    """Return plain text and pseudonyms in turn, beginning and ending with text."""
    pieces, place = [], 0
    for match in PATTERN.finditer(recorded):
        if genuine(match):
            pieces += [recorded[place : match.start()], match[0]]
            place = match.end()
    return (*pieces, recorded[place:])
