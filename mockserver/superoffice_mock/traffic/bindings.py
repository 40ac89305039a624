"""What the pseudonyms of a recording stand for: each for one value, and no two for the same."""

from functools import lru_cache
from typing import Final

from superoffice_mock.traffic.pseudonyms import PATTERN, genuine, is_pseudonym

REMEMBERED: Final = 4096
"""So many different recorded texts are remembered with the pseudonyms in them."""

Key = tuple[str, str]
"""A pseudonym or a value, behind what it is among."""


class Bindings:
    """What is bound in one session. Values are real ones, or pseudonyms of *another* recording;
    in place of a real one, a pseudonym stands for itself.
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

    __slots__ = ("_bindings", "_owners", "_values")

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings
        self._values: dict[Key, Key] = {}
        self._owners: dict[Key, Key] = {}

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
        pieces = _pieces(recorded)
        if len(pieces) == 1:
            return recorded == sent
        if len(pieces) == 3 and is_pseudonym(recorded):  # in its shape, which a value need not have
            return self._binds((among, pieces[1]), (among, sent))
        return self._embedded(among, pieces, sent)

    def _embedded(self, among: str, pieces: tuple[str, ...], sent: str) -> bool:
        if not sent.startswith(pieces[0]):
            return False
        place = len(pieces[0])
        for word, after in zip(pieces[1::2], pieces[2::2], strict=True):
            end = self._end((among, word), after, sent, place)
            if end < 0 or not self._binds((among, word), (among, sent[place:end])):
                return False
            place = end + len(after)
            if sent[end:place] != after:
                return False
        return place == len(sent)

    def _end(self, word: Key, after: str, sent: str, place: int) -> int:
        """Return where the value for *word* ends that begins at *place*; -1 if there is none."""
        bound = self._value(word)
        if bound is not None:
            return place + len(bound[1])
        return sent.find(after, place + 1) if after else len(sent)

    def _binds(self, word: Key, value: Key) -> bool:
        """Tell whether *word* stands for *value*, or may from now on."""
        if not value[1] or (not self._bindings.another and _is_another(word[1], value[1])):
            return False
        bound, owner = self._value(word), self._owner(value)
        if bound is None and owner is None:
            self._values[word], self._owners[value] = value, word
            return True
        return bound == value

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
