"""Recording diffs: the comparison is symmetric, whatever was redacted in which recording."""

import json

from superoffice_contract.openapi import operations
from superoffice_mock.recordings.model import Entry
from superoffice_mock.redaction.pseudonyms import Pseudonyms
from superoffice_mock.redaction.redactor import Redactor
from superoffice_mock.replay import player, recording_diff
from superoffice_mock.replay.matching import DEFAULT_FIELDS
from superoffice_mock.replay.player import RecordedExchange
from superoffice_mock.replay.pseudonym_bindings import Attempt, Bindings
from superoffice_mock.replay.request_key import RequestKeys
from tests.mock.redaction.builders import ALLOW_LIST
from tests.mock.redaction.secret_places import PLACES, basic, json_body
from tests.support.recordings import JSON, entry, recording

Entries = tuple[Entry, ...]
KEYS = RequestKeys(operations.load())
PSEUDONYMS = Pseudonyms(ALLOW_LIST, b"a key")


def exchanges_of(entries: Entries) -> list[RecordedExchange]:
    pairs = [(f"{n}", original) for n, original in enumerate(entries)]
    return [*player.exchanges_of(pairs, KEYS)]


def compare(old: Entries, new: Entries) -> list[str]:
    results = recording_diff.compare(exchanges_of(old), exchanges_of(new), DEFAULT_FIELDS)
    return [result.status for result in results]


def redact(entries: Entries) -> Entries:
    return Redactor().redact_recording(recording(*entries)).entries


def failed_sync(user: str, password: str, name: str) -> Entry:
    message = f"Sync of {name} by {user} is running"
    return entry(
        headers=(("authorization", basic(user, password)), *JSON),
        body=json_body(name).encode(),
        status=400,
        response_headers=JSON,
        response_body=json.dumps({"Message": message, "MessageDetail": password}).encode(),
    )


SYNCS = (
    failed_sync("bsmith", "Summer24", "Walker"),
    failed_sync("jdoe", "Winter99", "bob@acme.example"),
    failed_sync("bsmith", "Summer24", "Walker"),
)


def test_a_recording_agrees_with_its_redacted_copy_in_either_direction() -> None:
    redacted = redact(SYNCS)
    assert compare(SYNCS, redacted) == ["agrees"] * 3
    assert compare(redacted, SYNCS) == ["agrees"] * 3


def test_a_pseudonym_stands_for_one_value_in_either_direction() -> None:
    redacted = redact(SYNCS)
    changed = (SYNCS[0], SYNCS[1], failed_sync("bsmith", "Summer24", "Jones"))
    assert "differs" in compare(changed, redacted)
    assert "differs" in compare(redacted, changed)


def test_the_comparison_is_symmetric() -> None:
    for name, place in PLACES.items():
        plain = (place("7T:bm9ib2R5"), SYNCS[0], place("Zq7secret"))
        redacted = redact(plain)
        assert sorted(compare(plain, redacted)) == sorted(compare(redacted, plain)), name


def test_texts_with_different_parts_redacted_agree() -> None:
    first, second, third = (PSEUDONYMS.replace("test", text) for text in "123")
    attempt = Attempt(Bindings(two_sided=True))
    assert attempt.matches(f"{first} by bsmith", f"{second} by {third}")
    assert attempt.matches("bsmith", third)
    assert not attempt.matches("jdoe", third)
    assert attempt.matches(first, second)
    assert attempt.matches(f"7T:{first}", f"7T:{second}")


def test_a_text_that_does_not_match_binds_nothing() -> None:
    word = PSEUDONYMS.replace("test", "1")
    attempt = Attempt(Bindings(two_sided=True))
    assert not attempt.matches("Walker is here", f"{word} was here")
    assert not attempt.has_new
