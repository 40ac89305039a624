"""Two recordings side by side: neither is the first, whatever was redacted in which."""

import json

import pytest

from superoffice_mock.recordings.model import Entry
from superoffice_mock.redaction.pseudonyms import Pseudonyms
from superoffice_mock.redaction.redactor import Redactor
from superoffice_mock.replay import player, recording_diff
from superoffice_mock.replay.matching import STRICT
from superoffice_mock.replay.player import Recorded
from superoffice_mock.replay.pseudonym_bindings import Bindings
from tests.mock.redaction.secret_places import PLACES, basic, named
from tests.support.recordings import JSON, entry, recording

NAMES = Pseudonyms(b"a key")


def playable(entries: tuple[Entry, ...]) -> list[Recorded]:
    return [*player.recorded([(f"{n}", one) for n, one in enumerate(entries)])]


def compared(ours: tuple[Entry, ...], theirs: tuple[Entry, ...]) -> list[str]:
    """What every exchange comes to."""
    return [one.status for one in recording_diff.compared(playable(ours), playable(theirs), STRICT)]


def signed_in(user: str, password: str, name: str) -> Entry:
    said = json.dumps(
        {"Message": f"Sync of {name} by {user} is running", "MessageDetail": password}
    )
    headers = (("authorization", basic(user, password)), *JSON)
    body = named(name).encode()
    return entry(headers=headers, body=body, status=400, answered=JSON, answer=said.encode())


SOME = (
    signed_in("bsmith", "Summer24", "Walker"),
    signed_in("jdoe", "Winter99", "bob@acme.example"),
    signed_in("bsmith", "Summer24", "Walker"),
)


def test_a_recording_agrees_with_its_redaction_and_the_redaction_with_it() -> None:
    clean = Redactor().recording(recording(*SOME)).entries
    assert compared(SOME, clean) == ["agrees"] * 3
    assert compared(clean, SOME) == ["agrees"] * 3


def test_a_pseudonym_stands_for_one_value_in_either_direction() -> None:
    clean = Redactor().recording(recording(*SOME)).entries
    mixed = (SOME[0], SOME[1], signed_in("bsmith", "Summer24", "Jones"))
    assert "differs" in compared(mixed, clean)
    assert "differs" in compared(clean, mixed)


@pytest.mark.parametrize("place", sorted(PLACES))
def test_neither_recording_is_the_first(place: str) -> None:
    plain = (PLACES[place]("7T:bm9ib2R5"), SOME[0], PLACES[place]("Zq7secret"))
    clean = Redactor().recording(recording(*plain)).entries
    there, back = compared(plain, clean), compared(clean, plain)
    assert sorted(there) == sorted(back)


def test_two_texts_agree_that_hide_other_parts_of_the_same() -> None:
    one, two, three = (NAMES.word("test", text) for text in ("1", "2", "3"))
    attempt = Bindings(another=True).attempt()
    assert attempt.agrees(f"{one} by bsmith", f"{two} by {three}")
    assert attempt.agrees("bsmith", three)
    assert not attempt.agrees("jdoe", three)
    assert attempt.agrees(one, two)
    assert attempt.agrees(f"7T:{one}", f"7T:{two}")


def test_what_does_not_fit_binds_nothing() -> None:
    one = NAMES.word("test", "1")
    attempt = Bindings(another=True).attempt()
    assert not attempt.agrees("Walker is here", f"{one} was here")
    assert not attempt.new
