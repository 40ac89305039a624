"""What every kind of body has in common: each of its words is kept, or becomes a pseudonym.

Bodies are read as a row of words, not as a tree, and everything else stays where it is: so what is
broken stays broken, in the same place, and no value hides in what can't be parsed.
"""

import re
from typing import Final

import msgspec

from superoffice_mock.redaction import allow_list, free_text, secret_patterns
from superoffice_mock.redaction.pseudonyms import Pseudonyms

INTEGER: Final = re.compile(r"\s*[+-]?[0-9]{1,25}\s*")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,25}(?:\.[0-9]{1,25})?(?:[eE][+-]?[0-9]{1,5})?")
_WORD: Final = re.compile(r"[^\s<>{}\[\]()\"',;:&=?]+")


class Words(msgspec.Struct, frozen=True):
    """Says what becomes of a word of a request, by the member that it stands in."""

    names: Pseudonyms

    def name(self, name: str) -> str:
        """Return the name of a member: one that nobody described may be a secret, too."""
        return name if allow_list.is_public(name) else self.names.word("member name", name)

    def value(self, member: str, value: str) -> str:
        """Return the text that *member* holds."""
        if secret_patterns.NAMES.fullmatch(member):
            return self.names.shaped("name", value)
        role = "secret member" if secret_patterns.MEMBERS.search(member) else None
        return value if allow_list.is_public(value) else self.names.shaped("text", value, role)

    def number(self, member: str, digits: str) -> str:
        """Return the number that *member* holds; 0 for one that nobody described."""
        known = member.lower() in allow_list.integers()
        return digits if known and _NUMBER.fullmatch(digits) else "0"

    def plain(self, text: str) -> str:
        """Return *text* in which only public words are left."""
        return _WORD.sub(lambda word: self.value("", word[0]), text)


class AnswerWords(Words, frozen=True):
    """The same for answers: they hold sentences for people."""

    def value(self, member: str, value: str) -> str:
        """Return the text that *member* holds; of a sentence, all but what gives itself away."""
        if member.lower() in allow_list.MESSAGES:
            return free_text.clean(value, self.names)
        return value if allow_list.is_public(value) else super().value(member, value)

    def number(self, member: str, digits: str) -> str:
        """Return the number that *member* holds; 0 for one that nobody described."""
        known = allow_list.is_public(member)
        return digits if known and _NUMBER.fullmatch(digits) else "0"

    def plain(self, text: str) -> str:
        """Return the sentences in *text*."""
        return free_text.clean(text, self.names)
