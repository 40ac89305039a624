"""Matching: equal requests match however they are written; others report their differences."""

import json
from collections.abc import Callable, Iterable

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_contract.openapi import operations
from superoffice_contract.openapi.decoder_types import to_camel_case
from superoffice_mock.recordings.model import Entry, Headers, RecordedRequest
from superoffice_mock.redaction.pseudonyms import Pseudonyms
from superoffice_mock.redaction.redactor import Redactor
from superoffice_mock.replay import arrival_order, matching
from superoffice_mock.replay.arrival_order import ArrivalOrder
from superoffice_mock.replay.matching import DEFAULT_FIELDS, FIELDS, Difference
from superoffice_mock.replay.player import Miss, Player, Rules, Script
from superoffice_mock.replay.pseudonym_bindings import Attempt, Bindings
from superoffice_mock.replay.request_key import RequestKey, RequestKeys
from tests.e2e.payloads import PAYLOADS
from tests.mock.redaction.builders import ALLOW_LIST
from tests.mock.replay.servers import during, exchanges
from tests.support.recordings import BASIC, BODY, JSON, URL, entry, recording

KEYS = RequestKeys(operations.load())
PSEUDONYMS = Pseudonyms(ALLOW_LIST, b"a key")
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
TIMES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8)


def body_of(accounts: object) -> bytes:
    return json.dumps({"SyncUserAccounts": accounts}).encode()


def request_key(
    body: bytes | None = BODY,
    headers: Headers = (*BASIC, *JSON),
    *,
    url: str = URL,
    method: str = "POST",
) -> RequestKey:
    return KEYS.key_of_recorded(RecordedRequest(method, url, headers=headers, body=body))


def redacted_key(original: Entry) -> RequestKey:
    (redacted,) = Redactor().redact_recording(recording(original)).entries
    return KEYS.key_of_recorded(redacted.request)


def differences(
    recorded: RequestKey, actual: RequestKey, fields: Iterable[str] = FIELDS
) -> list[Difference]:
    return list(matching.differences(recorded, actual, fields, Attempt(Bindings())))


# ---- bodies ----------------------------------------------------------------------------------


@given(ACCOUNTS)
def test_case_and_order_of_members_and_white_space_do_not_matter(
    accounts: list[dict[str, object]],
) -> None:
    spellings: tuple[Callable[[str], str], ...] = (str.lower, str.upper, str, to_camel_case)
    for spell in spellings:
        reordered = [{spell(name): item[name] for name in reversed(item)} for item in accounts]
        rewritten = json.dumps({spell("SyncUserAccounts"): reordered}, indent=3).encode()
        assert differences(request_key(body_of(accounts)), request_key(rewritten)) == []


def test_the_media_type_does_not_matter() -> None:
    keys = [
        request_key(body.encode(), (*BASIC, ("content-type", media_type)))
        for media_type, body in PAYLOADS.items()
    ]
    assert len(keys) == 7
    for key in keys:
        assert differences(keys[0], key, DEFAULT_FIELDS) == []


@given(ACCOUNTS.filter(bool), st.data())
def test_another_account_is_reported_with_its_place(
    accounts: list[dict[str, object]], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(accounts) - 1))
    before = accounts[index]["AccountId"]
    after = data.draw(st.integers(-(2**31), 2**31 - 1).filter(lambda id_: id_ != before))
    changed_accounts = [dict(account) for account in accounts]
    changed_accounts[index]["AccountId"] = after
    place = f"/SyncUserAccounts/{index}/AccountId"
    assert differences(request_key(body_of(accounts)), request_key(body_of(changed_accounts))) == [
        Difference("body", place, str(before), str(after))
    ]


@given(ACCOUNTS)
def test_a_redacted_request_matches_its_original(accounts: list[dict[str, object]]) -> None:
    original = entry(body=body_of(accounts), url=f"{URL}?$select=x&y={len(accounts)}")
    assert differences(redacted_key(original), KEYS.key_of_recorded(original.request)) == []


def test_a_difference_of_bodies_in_words() -> None:
    for recorded, actual, text in (
        (b"{", b"[", "body: recorded 1 bytes, got 1 other bytes"),
        (b"{", b"", "body: recorded 1 bytes, got 0 other bytes"),
        (b"{", BODY, "body: recorded an unreadable body, got a readable body"),
        (b"", BODY, "body: recorded none, got a readable body"),
        (body_of(None), body_of([]), "body /SyncUserAccounts: recorded null, got an array"),
        (body_of([{}]), body_of([]), "body /SyncUserAccounts: recorded 1 items, got 0"),
    ):
        (difference,) = differences(request_key(recorded), request_key(actual))
        assert difference.text == text


def test_a_difference_does_not_show_names() -> None:
    ada, grace = ({"AccountId": 507, "AssociateName": name} for name in ("Ada", "Grace"))
    (plain,) = differences(request_key(body_of([ada])), request_key(body_of([grace])))
    assert plain.text == "body /SyncUserAccounts/0/AssociateName: recorded a text, got another text"
    redacted = redacted_key(entry(body=body_of([ada, ada])))
    (hidden,) = differences(redacted, request_key(body_of([ada, grace])))
    assert "Ada" not in hidden.text
    assert "Grace" not in hidden.text
    assert '" (with pseudonyms), got another ' in hidden.text


def test_an_unreadable_body_does_not_match_in_another_media_type() -> None:
    plain = (*BASIC, ("content-type", "text/plain"))
    brotli = request_key(BODY, (*BASIC, ("content-encoding", "br")))
    (difference,) = differences(request_key(BODY, plain), brotli, ["body"])
    assert difference == Difference("body", "", "text/plain", "br")
    (difference,) = differences(request_key(BODY, BASIC), request_key(BODY, plain), ["body"])
    assert difference == Difference("body", "", "no type", "text/plain")


def test_a_missing_recorded_body_matches_any_body() -> None:
    assert differences(request_key(None), request_key(BODY)) == []


def test_a_difference_in_words() -> None:
    key, ticket = request_key(), ("authorization", "SOTicket a")
    for recorded, actual, text in (
        (request_key(method="PUT"), key, "method: recorded PUT, got POST"),
        (
            request_key(url="http://a/b/c"),
            request_key(url="http://a/b"),
            "path: recorded /b/c, got /b",
        ),
        (
            request_key(url=f"{URL}?$select=a"),
            key,
            "query: recorded other values of ?$select, got none",
        ),
        (
            request_key(headers=(*BASIC, ("content-type", "text/json"))),
            key,
            "media-type: recorded text/json, got application/json",
        ),
        (
            request_key(headers=JSON),
            key,
            (
                "credentials: recorded none (Authorization: missing, and so are X-XSRF-TOKEN and"
                " a session cookie), got Basic"
            ),
        ),
        (
            request_key(headers=(ticket, *JSON)),
            request_key(headers=(("authorization", "SOTicket b"), *JSON)),
            "credentials value: recorded one value, got another value",
        ),
        (
            request_key(headers=(ticket, *JSON)),
            request_key(headers=(ticket, ("so-apptoken", "x"), *JSON)),
            "credentials app_token: recorded none, got one",
        ),
        (
            request_key(headers=(("authorization", "Bearer"), *JSON)),
            request_key(headers=(("authorization", "Basic"), *JSON)),
            (
                "credentials: recorded none (Authorization: Bearer without a value), got none"
                " (Authorization: Basic without a value)"
            ),
        ),
    ):
        assert [difference.text for difference in differences(recorded, actual)] == [text]
        assert differences(recorded, recorded) == []


def test_case_and_a_trailing_slash_of_a_path_do_not_matter() -> None:
    upper = request_key(url=URL.upper().replace("HTTP:", "http:"))
    assert differences(upper, request_key(url=f"{URL}/")) == []


def test_a_slash_too_many_is_another_path() -> None:
    normal = request_key()
    for url in (URL.replace("/api", "//api"), URL.replace("/v1", "/%2Fv1"), f"{URL}//"):
        (difference,) = differences(normal, request_key(url=url))
        assert difference.field == "path", url
        assert differences(request_key(url=url), request_key(url=url)) == [], url


def test_a_path_segment_that_is_a_pseudonym_matches_one_value() -> None:
    word = PSEUDONYMS.replace("path segment", "acme")
    bindings = Bindings()

    def is_match(segment: str) -> bool:
        attempt = Attempt(bindings)
        actual = request_key(url=URL.replace("/api", f"/{segment}/api", 1))
        recorded = request_key(url=URL.replace("/api", f"/{word}/api", 1))
        is_same = next(matching.differences(recorded, actual, ["path"], attempt), None) is None
        attempt.commit()
        return is_same

    assert [is_match("one"), is_match("two"), is_match("one")] == [True, False, True]


# ---- pseudonyms ------------------------------------------------------------------------------


@given(st.lists(TEXTS, min_size=1, max_size=6), TEXTS)
def test_a_text_with_pseudonyms_matches_its_original(parts: list[str], between: str) -> None:
    mark = f"<{between}>"
    values = [part for part in parts if mark[0] not in part and "pseudo" not in part]
    words = [PSEUDONYMS.replace("test", value) for value in values]
    attempt = Attempt(Bindings())
    expected, actual = (mark.join(["", *texts, ""]) for texts in (words, values))
    assert attempt.matches(expected, actual)
    assert not attempt.matches(expected + "!", actual)
    assert not attempt.matches("!" + expected, actual)


def test_a_pseudonym_in_its_shape_matches_a_value_of_any_shape() -> None:
    for shape in ("7T:{}", "8A:Cust12345.{}", "{}@example.invalid", "{}"):
        attempt = Attempt(Bindings())
        expected = shape.format(PSEUDONYMS.replace("test", "x"))
        assert attempt.matches(expected, "whatever"), shape
        assert attempt.matches(expected, "whatever"), shape
        assert not attempt.matches(expected, "another"), shape
        assert not attempt.matches(expected, ""), shape


def test_a_pseudonym_in_a_request_stands_for_itself() -> None:
    first, second = (PSEUDONYMS.replace("test", text) for text in "12")
    attempt = Attempt(Bindings())
    assert not attempt.matches(first, second)
    assert attempt.matches(first, first)
    assert Attempt(Bindings(two_sided=True)).matches(first, second)


def test_another_user_can_name_the_same_accounts() -> None:
    original = entry(body=body_of([{"AccountId": 1, "AssociateName": "tje0"}]))
    other_user = (("authorization", "Basic YWRhOng="), *JSON)
    recorded = redacted_key(original)
    assert differences(recorded, KEYS.key_of_recorded(original.request)) == []
    assert differences(recorded, request_key(original.request.body, other_user)) == []


def test_an_attempt_binds_nothing_until_it_is_committed() -> None:
    bindings, word = Bindings(), PSEUDONYMS.replace("test", "x")
    assert Attempt(bindings).matches(word, "a")
    attempt = Attempt(bindings)
    assert attempt.matches(word, "b")
    attempt.commit()
    assert not Attempt(bindings).matches(word, "a")
    assert not Attempt(bindings).matches(f"<{word}>", "<c>")
    assert Attempt(bindings).matches(f"<{word}>", "<b>")


@given(st.permutations(range(6)), st.sampled_from([1, 2, 3]))
@settings(deadline=None)
def test_every_recorded_request_matches_its_own_exchange_in_any_order(
    order: list[int], duplicate: int
) -> None:
    accounts = [*range(5), duplicate]
    recorded = exchanges(*(entry(body=body_of([{"AccountId": id_}])) for id_ in accounts))
    player = Player(Script(recorded, Rules(timing="none")))
    matches = [player.take(recorded[index].key) for index in order]
    assert {*matches} == {*range(6)}
    for index, match in zip(order, matches, strict=True):
        assert isinstance(match, int)
        assert recorded[match].entry.request == recorded[index].entry.request
    assert isinstance(player.take(recorded[0].key), Miss)
    assert player.remaining == ()


def test_a_miss_names_the_exchange_with_the_smallest_difference() -> None:
    far = entry(method="PUT", url=f"{URL}Other", body=b"")
    near = entry(body=body_of([{"AccountId": 1}, {"AccountId": 2}]))
    player = Player(Script(exchanges(far, entry(body=b"{"), near), Rules()))
    miss = player.take(request_key(body_of([{"AccountId": 1}, {"AccountId": 3}])))
    assert isinstance(miss, Miss)
    assert "log.entries[2]" in miss.why
    assert [difference.where for difference in miss.differences] == [
        "/SyncUserAccounts/1/AccountId"
    ]


@given(TIMES)
def test_an_answer_waits_for_all_earlier_arrivals_and_never_deadlocks(
    times: list[tuple[int, int]],
) -> None:
    """Clients that send each request after the same answers as when recorded all get answers."""
    entries = [
        replace(
            during(entry(), 0.5 + at / 10, took / 10),
            request=entry(body=body_of([{"AccountId": index}])).request,
        )
        for index, (at, took) in enumerate(times)
    ]
    recorded = exchanges(*entries)
    player = Player(Script(recorded, Rules(timing="recorded")))
    starts = [exchange.entry.at or 0.0 for exchange in recorded]
    ends = [start + took / 10 for start, (_, took) in zip(starts, times, strict=True)]
    indices = sorted(range(len(entries)), key=lambda index: (starts[index], index))
    answered: set[int] = set()
    arrived: list[int] = []
    while len(answered) < len(entries):
        progress = len(answered) + len(arrived)
        for index in indices:
            earlier = {other for other in indices if ends[other] < starts[index] - 0.01}
            if index not in arrived and earlier <= answered:
                assert player.take(recorded[index].key) == index
                arrived.append(index)
        for index in arrived:
            if not player.missing(index):
                answered.add(index)
                earlier = {other for other in indices if starts[other] < ends[index] - 0.01}
                assert earlier <= {*arrived}
        assert len(answered) + len(arrived) > progress, "a deadlock"


def test_without_times_the_order_is_that_of_the_labels_or_of_the_file() -> None:
    untimed = [replace(entry(), at=None, elapsed=None, service_time=None) for _ in range(3)]
    assert arrival_order.order_of(untimed) == ArrivalOrder((0, 1, 2), (1, 2, 3))
    labelled = [
        replace(original, label=replace(original.label, arrival=number))
        for original, number in zip(untimed, (3, 1, 2), strict=True)
    ]
    assert arrival_order.order_of(labelled) == ArrivalOrder((2, 0, 1), (3, 1, 2))


def test_a_request_arrives_when_it_leaves_the_queue_of_the_client() -> None:
    queued = replace(entry(), at=0.5, elapsed=2.0, service_time=0.5)
    order = arrival_order.order_of([queued, during(entry(), 0.75, 0.5)])
    assert order == ArrivalOrder((1, 0), (2, 1))
    assert not order.overlaps


def test_rounded_times_alone_do_not_count_as_an_overlap() -> None:
    for first, second, overlaps in (
        ((5.0, 0.4), (5.0, 0.4), False),
        ((5.5, 0.0104), (5.51, 0.4), False),
        ((5.5, 0.1), (5.51, 0.4), True),
    ):
        entries = [during(entry(), *first), during(entry(), *second)]
        assert arrival_order.order_of(entries).overlaps is overlaps, (first, second)
