"""Words that answers are made of: who is called like one is not looked for in all of them."""

from typing import Final

from superoffice_mock.redaction import allow_list

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
