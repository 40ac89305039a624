"""Recording diffs: the comparison is symmetric, whatever was redacted in which recording."""

import json

from msgspec.structs import replace

from superoffice_contract.openapi import operations
from superoffice_mock.recordings.hidden_numbers import is_id_pseudonym
from superoffice_mock.recordings.model import Entry
from superoffice_mock.recordings.pseudonyms import Pseudonyms
from superoffice_mock.redaction.redactor import Options, Redactor
from superoffice_mock.replay import player, recording_diff
from superoffice_mock.replay.matching import DEFAULT_FIELDS
from superoffice_mock.replay.pseudonym_bindings import Attempt, Bindings
from superoffice_mock.replay.request_key import RequestKeys
from tests.mock.redaction.secret_places import PLACES, basic, json_body
from tests.mock.replay.servers import exchanges
from tests.support.recordings import JSON, URL, entry, recording

Entries = tuple[Entry, ...]
PSEUDONYMS = Pseudonyms(b"a key")
WORDS = [PSEUDONYMS.of_text(text).encode() for text in "abcd"]
ID = next(filter(is_id_pseudonym, range(1_500_000_000, 1_500_000_097)))


def compare(old: Entries, new: Entries) -> list[str]:
    results = recording_diff.compare(exchanges(*old), exchanges(*new), DEFAULT_FIELDS)
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


def test_the_hidden_id_of_a_tenant_matches_one_tenant_in_either_direction() -> None:
    plain = tuple(
        entry(URL.replace("/api", f"/Cust{id_}/api"), status=404) for id_ in (26759, 26759, 5)
    )
    redactor = Redactor(options=Options(hide_tenants=True))
    hidden = redactor.redact_recording(recording(*plain)).entries
    assert "26759" not in f"{hidden}"
    assert compare(plain, hidden) == compare(hidden, plain) == ["agrees"] * 3
    assert "differs" in compare((plain[0], plain[2], plain[2]), hidden)


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


def test_a_header_that_a_tool_blanked_matches_any() -> None:
    shown, blanked = (
        entry(status=401, response_headers=(("www-authenticate", value),))
        for value in ('Basic realm="SuperOffice"', "[Filtered]")
    )
    assert compare((shown,), (blanked,)) == compare((blanked,), (shown,)) == ["agrees"]
    assert compare((shown,), redact((blanked,))) == ["agrees"]


def test_texts_with_different_parts_redacted_agree() -> None:
    first, second, third = (PSEUDONYMS.of_text(text) for text in "123")
    attempt = Attempt(Bindings(two_sided=True))
    assert attempt.matches(f"{first} by bsmith", f"{second} by {third}")
    assert attempt.matches("bsmith", third)
    assert not attempt.matches("jdoe", third)
    assert attempt.matches(first, second)
    assert attempt.matches(f"7T:{first}", f"7T:{second}")


def test_answers_agree_with_their_redacted_copies() -> None:
    name, other = (PSEUDONYMS.of_text(text) for text in "12")
    hidden = RequestKeys(operations.load(), hides_numbers=True)
    for plain, redacted, status in (
        ({"Count": 3, "saleId": 7}, {"Count": 0, "saleId": ID}, "agrees"),
        ([{"id": 7}, {"id": 7}], [{"id": ID}, {"id": ID}], "agrees"),
        ([{"id": 7}, {"id": 7}], [{"id": ID}, {"id": ID + 97}], "differs"),
        ([{"id": 7}, {"id": 8}], [{"id": ID}, {"id": ID}], "differs"),
        ({"id": "7"}, {"id": ID}, "differs"),
        ({"id": 7}, {"id": "7"}, "differs"),
        ({"x": {"y": 1}, "a": 2}, {name: {"y": 0}, "a": 0}, "agrees"),
        ({"x": True, "y": "y"}, {name: True, other: other}, "agrees"),
        ({"x": True, "y": "y"}, {name: True, other: name}, "differs"),
        ({"x": True, "y": "y"}, {name: True}, "differs"),
        ({"x": True}, {"x": False}, "differs"),
        (b"<saleId>7</saleId>", b"<saleId>%d</saleId>" % ID, "agrees"),
        (b"7<saleId>7</saleId>", b"8<saleId>%d</saleId>" % ID, "differs"),
        (b"a,b\n1,2\n", None, "agrees"),
        (b"a,b\n1,2\n3,4\n", None, "differs"),
    ):
        bodies = [
            body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            for body in (plain, redacted)
        ]
        entries = [entry(status=200, response_headers=JSON, response_body=body) for body in bodies]
        entries[1] = replace(entries[1], response=replace(entries[1].response, length=8))
        calls = [[*player.exchanges_of([("0", each)], hidden)] for each in entries]
        for old, new in (calls, reversed(calls)):
            (result,) = recording_diff.compare(old, new, DEFAULT_FIELDS)
            assert result.status == status, (plain, redacted)


def test_two_redactions_of_the_same_exchange_agree() -> None:
    original = b'{"Rows":[{"saleId":%d,"%s":1},{"saleId":%d,"%s":2}]}'
    first = original % (ID, WORDS[0], ID + 97, WORDS[1])
    second = original % (ID + 970, WORDS[2], ID + 9700, WORDS[3])
    swapped = original % (ID + 970, WORDS[2], ID + 970, WORDS[3])
    for body, expected in ((second, "agrees"), (swapped, "differs")):
        old, new = (
            (entry(URL, body=b"", status=200, response_headers=JSON, response_body=answer),)
            for answer in (first, body)
        )
        assert compare(old, new) == [expected]
        assert compare(new, old) == [expected]
    url = f"{URL}Other"
    requests = [(entry(url, body=body),) for body in (first, second, swapped)]
    assert compare(requests[0], requests[1]) == ["agrees"]
    assert compare(requests[0], requests[2]) == ["differs", "differs"]


def test_a_pseudonym_within_a_text_matches_with_its_shape() -> None:
    first, second = (PSEUDONYMS.of_text(text) for text in "12")
    for shape, plain in (
        ("<a>{}</a>", "<a>{}</a>"),
        ("<a>{}@example.invalid</a>", "<a>{}</a>"),
        ("a={}%40example.invalid&b=1", "a={}&b=1"),
        ("http://{}.invalid/api", "http://{}/api"),
        ("<a>{} (12 characters)</a>", "<a>{}</a>"),
    ):
        for two_sided, value, text, other in (
            (False, "a.b", plain.format("a.b"), plain.format("c")),
            (True, "a.b", plain.format("a.b"), plain.format("c")),
            (True, second, shape.format(second), plain.format("c")),
        ):
            attempt = Attempt(Bindings(two_sided=two_sided))
            for _ in range(2):
                assert attempt.matches(shape.format(first), text), (shape, value)
                assert attempt.matches(first, value), (shape, value)
                assert not attempt.matches(shape.format(first), other), (shape, value)


def test_a_text_that_does_not_match_binds_nothing() -> None:
    word = PSEUDONYMS.of_text("1")
    attempt = Attempt(Bindings(two_sided=True))
    assert not attempt.matches("Walker is here", f"{word} was here")
    assert attempt.matches("Jones", word)


def test_moments_that_change_by_themselves_agree_if_their_shape_is_the_same() -> None:
    bodies = (
        b'{"ValidUntil": "2026-01-31T12:00:00.000Z"}',
        b'{"ValidUntil": "2026-11-20T07:15:30.5Z"}',
        b'{"ValidUntil": "0001-01-01T00:00:00"}',
        b'{"ValidUntil": "2026-01-31T12:00:00"}',
        b'{"LastLogin": "2026-01-31T12:00:00.000Z"}',
        b'{"LastLogin": "2026-01-31T12:00:01.000Z"}',
        b"<State><LastFetch>2026-01-31T12:00:00.000Z</LastFetch></State>",
        b"<State><LastFetch>2026-11-20T07:15:30.05Z</LastFetch></State>",
    )
    answers = [entry(status=200, response_body=body) for body in bodies]
    alike = {
        (bodies[i], bodies[j])
        for i, old in enumerate(answers)
        for j, new in enumerate(answers)
        if i < j and compare((old,), (new,)) == ["agrees"]
    }
    assert alike == {bodies[:2], bodies[6:]}


def test_every_described_moment_changes_by_itself() -> None:
    described = {
        name
        for schema in operations.load().document["components"]["schemas"].values()
        for name, member in schema.get("properties", {}).items()
        if member.get("$ref", "").endswith("/Date")
    }
    moment = "2026-01-31T12:00:00Z"
    for name in described:
        old, new = (
            entry(status=200, response_body=json.dumps({name: text}).encode())
            for text in (moment, moment.replace("31", "30"))
        )
        assert compare((old,), (new,)) == ["agrees"], name
    assert described
