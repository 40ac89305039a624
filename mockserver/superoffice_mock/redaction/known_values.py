"""What was said in a recording: all of the exchange at hand, and of others what is secret."""

from typing import Final

from superoffice_mock.traffic.echoes import Echo, Echoes
from superoffice_mock.traffic.everyday import is_everyday

NEWEST: Final = 1_000
"""So many values at least are known of exchanges before, and at most twice as many."""
LONGEST: Final = 2_048
"""Characters of a value that is known beyond its exchange; a longer one has a shape that tells."""

_SURE: Final = frozenset({"credential"})
"""Roles of what is looked for whatever it looks like: people may sign in with any word."""
_LASTING: Final = _SURE | {"cookie", "e-mail", "guess", "name", "secret member", "user"}
"""Roles of what is a secret, or says who somebody is, in other exchanges, too."""


class Hearsay:
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
