"""Matching: the same request in any dress agrees; of another one the difference is told."""

import json
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_mock.recordings.model import Entry, Headers, RecordedRequest
from superoffice_mock.redaction.pseudonyms import Pseudonyms
from superoffice_mock.redaction.redactor import Redactor
from superoffice_mock.replay import arrival_order, matching
from superoffice_mock.replay.matching import FIELDS, Difference
from superoffice_mock.replay.player import Miss, Player, Rules
from superoffice_mock.replay.pseudonym_bindings import Attempt, Bindings
from superoffice_mock.replay.request_key import RequestKey, recorded
from tests.e2e.payloads import PAYLOADS
from tests.mock.replay.servers import during, placed
from tests.support.recordings import BASIC, BODY, JSON, URL, entry, recording

NAMES = Pseudonyms(b"a key")
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
ACCOUNTS = st.lists(
    st.fixed_dictionaries(
        {"AccountId": st.integers(-(2**31), 2**31 - 1)},
        optional={
            "AssociateName": st.none() | TEXTS,
            "AssociateId": st.integers(-(2**31), 2**31 - 1),
        },
    ),
    max_size=4,
)


def body_of(accounts: object) -> bytes:
    return json.dumps({"SyncUserAccounts": accounts}).encode()


def canonical(
    body: bytes | None = BODY,
    headers: Headers = (*BASIC, *JSON),
    *,
    url: str = URL,
    method: str = "POST",
) -> RequestKey:
    return recorded(RecordedRequest(method, url, headers=headers, body=body))


def told(ours: RequestKey, theirs: RequestKey, fields: Iterable[str] = FIELDS) -> list[Difference]:
    return list(matching.differences(ours, theirs, fields, Bindings().attempt()))


# ---- bodies ----------------------------------------------------------------------------------


@given(ACCOUNTS)
def test_spelling_and_order_of_members_and_blanks_do_not_matter(
    accounts: list[dict[str, object]],
) -> None:
    other = [{name.lower(): one[name] for name in reversed(one)} for one in accounts]
    dressed = json.dumps({"syncuseraccounts": other}, indent=3).encode()
    assert told(canonical(body_of(accounts)), canonical(dressed)) == []


def test_every_media_type_says_the_same() -> None:
    bodies = [
        canonical(body.encode(), (*BASIC, ("content-type", media_type)))
        for media_type, body in PAYLOADS.items()
    ]
    assert len(bodies) == 7
    for one in bodies:
        assert told(bodies[0], one, ["method", "path", "query", "body", "credentials"]) == []


@given(ACCOUNTS.filter(bool), st.data())
def test_another_account_is_told_by_its_place(
    accounts: list[dict[str, object]], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(accounts) - 1))
    before = accounts[index]["AccountId"]
    after = data.draw(st.integers(-(2**31), 2**31 - 1).filter(lambda one: one != before))
    changed = [dict(one) for one in accounts]
    changed[index]["AccountId"] = after
    place = f"/SyncUserAccounts/{index}/AccountId"
    assert told(canonical(body_of(accounts)), canonical(body_of(changed))) == [
        Difference("body", place, str(before), str(after))
    ]


@given(ACCOUNTS)
def test_a_redacted_request_is_the_request_it_was_made_from(
    accounts: list[dict[str, object]],
) -> None:
    one = entry(body=body_of(accounts), url=f"{URL}?$select=x&y={len(accounts)}")
    clean = Redactor().recording(recording(one)).entries[0]
    ours, theirs = recorded(clean.request), recorded(one.request)
    assert told(ours, theirs) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "what"),
    [
        (b"{", b"[", "body: recorded 1 bytes, got others, 1 bytes"),
        (b"{", b"", "body: recorded 1 bytes, got others, 0 bytes"),
        (b"{", BODY, "body: recorded one that can't be read, got one that can be read"),
        (b"", BODY, "body: recorded none, got one that can be read"),
        (body_of(None), body_of([]), "body /SyncUserAccounts: recorded null, got an array"),
        (body_of([{}]), body_of([]), "body /SyncUserAccounts: recorded 1 items, got 0"),
    ],
)
def test_a_difference_of_bodies_in_words(ours: bytes, theirs: bytes, what: str) -> None:
    (found,) = told(canonical(ours), canonical(theirs))
    assert found.told == what


def test_names_in_bodies_are_told_by_nobody() -> None:
    one, other = ({"AccountId": 507, "AssociateName": name} for name in ("Ada", "Grace"))
    clean = Redactor().recording(recording(entry(body=body_of([one, one])))).entries[0]
    (plain,) = told(canonical(body_of([one])), canonical(body_of([other])))
    assert plain.told == "body /SyncUserAccounts/0/AssociateName: recorded a text, got another text"
    (hidden,) = told(recorded(clean.request), canonical(body_of([one, other])))
    assert "Ada" not in hidden.told
    assert "Grace" not in hidden.told
    assert "stands for" in hidden.told


def test_what_cannot_be_read_is_another_request_in_another_media_type() -> None:
    plain = (*BASIC, ("content-type", "text/plain"))
    (found,) = told(
        canonical(BODY, plain), canonical(BODY, (*BASIC, ("content-encoding", "br"))), ["body"]
    )
    assert found == Difference("body", "", "text/plain", "br")
    (found,) = told(canonical(BODY, BASIC), canonical(BODY, plain), ["body"])
    assert found == Difference("body", "", "no type", "text/plain")


def test_a_body_that_is_not_on_record_is_any() -> None:
    assert told(canonical(None), canonical(BODY)) == []


# ---- the rest --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs", "what"),
    [
        (canonical(method="PUT"), canonical(), "method: recorded PUT, got POST"),
        (
            canonical(url="http://a/b/c"),
            canonical(url="http://a/b"),
            "path: recorded /b/c, got /b",
        ),
        (
            canonical(url=f"{URL}?$select=a"),
            canonical(),
            "query: recorded other values of ?$select, got none",
        ),
        (
            canonical(headers=(*BASIC, ("content-type", "text/json"))),
            canonical(),
            "media-type: recorded text/json, got application/json",
        ),
        (
            canonical(headers=JSON),
            canonical(),
            (
                "credentials: recorded none (Authorization: missing, and so are X-XSRF-TOKEN and"
                " a session cookie), got Basic"
            ),
        ),
        (
            canonical(headers=(("authorization", "SOTicket a"), *JSON)),
            canonical(headers=(("authorization", "SOTicket b"), *JSON)),
            "credentials value: recorded one value, got another value",
        ),
        (
            canonical(headers=(("authorization", "SOTicket a"), *JSON)),
            canonical(headers=(("authorization", "SOTicket a"), ("so-apptoken", "x"), *JSON)),
            "credentials app_token: recorded none, got one",
        ),
        (
            canonical(headers=(("authorization", "Bearer"), *JSON)),
            canonical(headers=(("authorization", "Basic"), *JSON)),
            (
                "credentials: recorded none (Authorization: Bearer without a value), got none"
                " (Authorization: Basic without a value)"
            ),
        ),
    ],
)
def test_a_difference_in_words(ours: RequestKey, theirs: RequestKey, what: str) -> None:
    assert [one.told for one in told(ours, theirs)] == [what]
    assert told(ours, ours) == []


def test_case_and_a_slash_at_the_end_of_a_path_do_not_matter() -> None:
    assert (
        told(canonical(url=URL.upper().replace("HTTP:", "http:")), canonical(url=f"{URL}/")) == []
    )


def test_a_recorded_segment_that_is_a_pseudonym_is_any_but_always_the_same() -> None:
    word = NAMES.word("path segment", "acme")
    bindings = Bindings()

    def same(segment: str) -> bool:
        attempt = bindings.attempt()
        theirs = canonical(url=URL.replace("/api", f"/{segment}/api", 1))
        ours = canonical(url=URL.replace("/api", f"/{word}/api", 1))
        found = list(matching.differences(ours, theirs, ["path"], attempt))
        attempt.keep()
        return not found

    assert [same("one"), same("two"), same("one")] == [True, False, True]


# ---- pseudonyms ------------------------------------------------------------------------------


@given(st.lists(TEXTS, min_size=1, max_size=6), TEXTS)
def test_a_text_made_of_pseudonyms_is_the_text_it_was_made_of(
    parts: list[str], between: str
) -> None:
    mark = f"<{between}>"
    values = [one for one in parts if mark[0] not in one and "pseudo" not in one]
    words = [NAMES.word("test", one) for one in values]
    attempt = Bindings().attempt()
    recorded, sent = (mark.join(["", *some, ""]) for some in (words, values))
    assert attempt.agrees(recorded, sent)
    assert not attempt.agrees(recorded + "!", sent)
    assert not attempt.agrees("!" + recorded, sent)


@pytest.mark.parametrize("shape", ["7T:{}", "8A:Cust12345.{}", "{}@example.invalid", "{}"])
def test_a_pseudonym_in_its_shape_is_any_value_of_any_shape(shape: str) -> None:
    attempt = Bindings().attempt()
    recorded = shape.format(NAMES.word("test", "x"))
    assert attempt.agrees(recorded, "whatever")
    assert attempt.agrees(recorded, "whatever")
    assert not attempt.agrees(recorded, "another")
    assert not attempt.agrees(recorded, "")


def test_a_pseudonym_that_is_sent_stands_for_itself() -> None:
    one, two = (NAMES.word("test", text) for text in "12")
    attempt = Bindings().attempt()
    assert not attempt.agrees(one, two)
    assert attempt.agrees(one, one)
    assert Bindings(another=True).attempt().agrees(one, two)


def test_who_signs_in_as_somebody_else_still_names_the_same_accounts() -> None:
    one = entry(body=body_of([{"AccountId": 1, "AssociateName": "tje0"}]))
    ours = recorded(Redactor().recording(recording(one)).entries[0].request)
    other = (("authorization", "Basic YWRhOng="), *JSON)
    assert told(ours, recorded(one.request)) == []
    assert told(ours, canonical(one.request.body, other)) == []


def test_what_a_try_found_is_forgotten_unless_it_is_kept() -> None:
    bindings, word = Bindings(), NAMES.word("test", "x")
    assert bindings.attempt().agrees(word, "a")
    kept: Attempt = bindings.attempt()
    assert kept.agrees(word, "b")
    kept.keep()
    assert not bindings.attempt().agrees(word, "a")
    assert not bindings.attempt().agrees(f"<{word}>", "<c>")
    assert bindings.attempt().agrees(f"<{word}>", "<b>")


# ---- playing ---------------------------------------------------------------------------------


@given(st.permutations(range(6)), st.sampled_from([b"1", b"2", b"3"]))
@settings(deadline=None)
def test_every_recorded_request_finds_itself_in_any_order(order: list[int], twice: bytes) -> None:
    entries = [entry(body=body_of([{"AccountId": n}])) for n in range(5)]
    entries.append(entry(body=body_of([{"AccountId": int(twice)}])))
    recorded = placed(*entries)
    player = Player(recorded, Rules(timing="none"))
    found = [player.take(recorded[index].sent) for index in order]
    assert {*found} == {*range(6)}
    for index, one in zip(order, found, strict=True):
        assert isinstance(one, int)
        assert recorded[one].entry.request == recorded[index].entry.request
    assert isinstance(player.take(recorded[0].sent), Miss)
    assert player.left == ()


def test_the_nearest_is_the_one_that_differs_least() -> None:
    far = entry(method="PUT", url=f"{URL}Other", body=b"")
    near = entry(body=body_of([{"AccountId": 1}, {"AccountId": 2}]))
    player = Player(placed(far, entry(body=b"{"), near), Rules())
    missed = player.take(canonical(body_of([{"AccountId": 1}, {"AccountId": 3}])))
    assert isinstance(missed, Miss)
    assert "log.entries[2]" in missed.why
    assert [one.where for one in missed.differences] == ["/SyncUserAccounts/1/AccountId"]


TIMES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8)


@given(TIMES)
def test_an_answer_waits_for_all_who_had_arrived_and_nobody_waits_for_ever(
    times: list[tuple[int, int]],
) -> None:
    """Callers who do as the recorded ones did, each after the answers it had seen, all go on."""
    entries = [during(entry(), 0.5 + at / 10, took / 10) for at, took in times]
    player = Player(placed(*(_numbered(entries))), Rules(timing="recorded"))
    recorded = placed(*_numbered(entries))
    answered: set[int] = set()
    arrived: list[int] = []
    todo = sorted(range(len(entries)), key=lambda index: (entries[index].at or 0, index))
    while len(answered) < len(entries):
        before = len(answered) + len(arrived)
        for index in todo:
            came = _moment(entries[index])
            if index not in arrived and all(
                one in answered for one in todo if _end(entries[one]) < came - 0.01
            ):
                assert player.take(recorded[index].sent) == index
                arrived.append(index)
        for index in arrived:
            if not player.missing(index):
                answered.add(index)
                had = [one for one in todo if _moment(entries[one]) < _end(entries[index]) - 0.01]
                assert {*had} <= {*arrived}
        assert len(answered) + len(arrived) > before, "everybody waits for somebody"


def _numbered(entries: list[Entry]) -> list[Entry]:
    return [
        replace(one, request=entry(body=body_of([{"AccountId": index}])).request)
        for index, one in enumerate(entries)
    ]


def _moment(one: Entry) -> float:
    return one.at or 0.0


def _end(one: Entry) -> float:
    return _moment(one) + (one.elapsed or 0.0)


def test_times_that_nobody_knows_leave_the_order_of_the_file_or_of_the_labels() -> None:
    unknown = [replace(entry(), at=None, elapsed=None, waited=None) for _ in range(3)]
    assert arrival_order.order(unknown) == arrival_order.Order((0, 1, 2), (1, 2, 3))
    labelled = [
        replace(one, label=replace(one.label, arrival=number))
        for one, number in zip(unknown, (3, 1, 2), strict=True)
    ]
    assert arrival_order.order(labelled) == arrival_order.Order((2, 0, 1), (3, 1, 2))


def test_a_request_that_stood_in_a_queue_arrived_later() -> None:
    queued = replace(entry(), at=0.5, elapsed=2.0, waited=0.5)
    found = arrival_order.order([queued, during(entry(), 0.75, 0.5)])
    assert found == arrival_order.Order((1, 0), (2, 1))
    assert not found.overlaps


def test_whole_seconds_and_rounded_milliseconds_overlap_nothing_by_themselves() -> None:
    assert not arrival_order.order([during(entry(), 5.0, 0.4), during(entry(), 5.0, 0.4)]).overlaps
    assert not arrival_order.order(
        [during(entry(), 5.5, 0.0104), during(entry(), 5.51, 0.4)]
    ).overlaps
    assert arrival_order.order([during(entry(), 5.5, 0.1), during(entry(), 5.51, 0.4)]).overlaps
