"""Matching: equal requests match however they are written; others report their differences."""

import json
from collections.abc import Callable, Iterable

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_contract.openapi import operations
from superoffice_contract.openapi.decoder_types import to_camel_case
from superoffice_mock.recordings.model import Entry, Headers, RecordedRequest
from superoffice_mock.recordings.pseudonyms import Pseudonyms
from superoffice_mock.redaction.redactor import Redactor
from superoffice_mock.replay import matching
from superoffice_mock.replay.matching import DEFAULT_FIELDS, FIELDS, Difference
from superoffice_mock.replay.player import Player, Rules, Script
from superoffice_mock.replay.pseudonym_bindings import Attempt, Bindings
from superoffice_mock.replay.request_key import RequestKey, RequestKeys
from tests.e2e.payloads import PAYLOADS
from tests.mock.replay.servers import exchanges
from tests.support.recordings import BASIC, BODY, JSON, URL, entry, recording

KEYS = RequestKeys(operations.load())
PSEUDONYMS = Pseudonyms(b"a key")
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


@given(ACCOUNTS)
def test_case_order_and_white_space_do_not_matter(accounts: list[dict[str, object]]) -> None:
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
def test_another_account_is_told(accounts: list[dict[str, object]], data: st.DataObject) -> None:
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
    charset = PSEUDONYMS.of_text("utf-7")
    redacted, *others = (
        request_key(BODY, (*BASIC, ("content-type", f"text/json; charset={name}")))
        for name in (charset, "utf-7", "UTF-7", "ebcdic")
    )
    bindings = Bindings()
    for other, count in zip(others, (0, 0, 1), strict=True):
        attempt = Attempt(bindings)
        assert len([*matching.differences(redacted, other, ["body"], attempt)]) == count
        attempt.commit()


def test_a_body_that_is_not_on_record_matches_by_what_is_known_of_it() -> None:
    text: Headers = (*BASIC, ("content-type", "text/csv; charset=utf-8"))
    for length, headers, body, actual_headers, texts in (
        (None, BASIC, BODY, (*BASIC, *JSON), []),
        (None, text, b"", BASIC, []),
        (3, text, b"abc", text, []),
        (3, text, b"abc", (*BASIC, ("content-type", "TEXT/CSV")), []),
        (3, text, b"abc", BASIC, ["body type: recorded text/csv, got none"]),
        (3, BASIC, b"abc", text, []),
        (3, text, b"abcd", text, ["body length: recorded 3 bytes, got 4"]),
        (3, BASIC, b"", text, ["body length: recorded 3 bytes, got 0"]),
        (4, text, b"{..}", (*BASIC, *JSON), ["body type: recorded text/csv, got application/json"]),
    ):
        request = RecordedRequest("POST", URL, headers=headers, body=None, length=length)
        key, actual = KEYS.key_of_recorded(request), request_key(body, actual_headers)
        found = differences(key, actual, DEFAULT_FIELDS)
        assert [difference.text for difference in found] == texts, (length, body)
        assert len(differences(actual, key, DEFAULT_FIELDS)) == len(texts), (length, body)
        bodies = *[entry(body=b"other")] * 5, replace(entry(), request=request)
        player = Player(Script(exchanges(*bodies), Rules(("body",))))
        assert (player.take(actual) == 5) is (not texts), (length, body)


def test_a_type_beside_the_headers_is_that_of_the_body() -> None:
    stated = RecordedRequest("POST", URL, headers=BASIC, body=BODY, declared_type="text/json")
    assert differences(KEYS.key_of_recorded(stated), request_key(), DEFAULT_FIELDS) == []


def test_credentials_that_are_not_on_record_match_any() -> None:
    senders: tuple[Headers, ...] = (
        BASIC,
        (("authorization", "Bearer 8A:Cust1.x"),),
        (("authorization", "SOTicket 7T:x"), ("so-apptoken", "y")),
        (("cookie", "ASP.NET_SessionId=a"), ("x-xsrf-token", "b")),
        (("authorization", "Basic"),),
        (),
    )
    basic = ("authorization", "Basic dGplMDpUamUw")
    for recorded, status, matches_any in (
        ((), 204, True),
        ((), 200, True),
        ((("x-xsrf-token", "a"),), 204, True),
        ((), 401, False),
        ((), 0, False),
        ((), 400, False),
        ((("authorization", "Basic"),), 401, False),
        ((("authorization", "[Filtered]"),), 401, True),
        ((("authorization", "REDACTED"),), 204, True),
        ((("authorization", "Basic ***"),), 500, True),
        ((("authorization", "Bearer *****"),), 204, True),
        ((("authorization", "SOTicket 7T:x"), ("so-apptoken", "***")), 204, True),
        ((("cookie", "[Filtered]"), ("x-xsrf-token", "a")), 400, True),
        ((("cookie", "ASP.NET_SessionId=***"), ("x-xsrf-token", "a")), 400, True),
        ((basic, ("cookie", "[Filtered]")), 204, False),
        ((basic,), 204, False),
    ):
        request = RecordedRequest("POST", URL, headers=(*recorded, *JSON), body=BODY)
        key = KEYS.key_of_recorded(request, status)
        for headers in senders:
            actual = request_key(BODY, (*headers, *JSON))
            is_same = actual.credentials == key.credentials
            found = differences(key, actual, DEFAULT_FIELDS)
            assert not found or not (matches_any or is_same), (recorded, status, headers)
            assert found or matches_any or is_same, (recorded, status, headers)
            assert bool(differences(actual, key, DEFAULT_FIELDS)) is bool(found)


def test_a_difference_in_words() -> None:
    def signed_in(value: str, *headers: tuple[str, str]) -> RequestKey:
        return request_key(headers=(("authorization", value), *headers, *JSON))

    key, ticket = request_key(), signed_in("SOTicket a")
    text_json = request_key(headers=(*BASIC, ("content-type", "text/json")))
    path, other_path = request_key(url="http://a/b/c"), request_key(url="http://a/b")
    select = request_key(url=f"{URL}?$select=a")
    missing = "(Authorization: missing, and so are X-XSRF-TOKEN and a session cookie)"
    bare = "none (Authorization: {} without a value)"
    for recorded, actual, text in (
        (request_key(method="PUT"), key, "method: recorded PUT, got POST"),
        (path, other_path, "path: recorded /b/c, got /b"),
        (select, key, "query: recorded other values of ?$select, got none"),
        (text_json, key, "media-type: recorded text/json, got application/json"),
        (request_key(headers=JSON), key, f"credentials: recorded none {missing}, got Basic"),
        (
            ticket,
            signed_in("SOTicket b"),
            "credentials value: recorded one value, got another value",
        ),
        (
            ticket,
            signed_in("SOTicket a", ("so-apptoken", "x")),
            "credentials app_token: recorded none, got one",
        ),
        (
            signed_in("Bearer"),
            signed_in("Basic"),
            f"credentials: recorded {bare.format('Bearer')}, got {bare.format('Basic')}",
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
    word = PSEUDONYMS.of_text("acme")
    bindings = Bindings()

    def is_match(segment: str) -> bool:
        attempt = Attempt(bindings)
        actual = request_key(url=URL.replace("/api", f"/{segment}/api", 1))
        recorded = request_key(url=URL.replace("/api", f"/{word}/api", 1))
        is_same = next(matching.differences(recorded, actual, ["path"], attempt), None) is None
        attempt.commit()
        return is_same

    assert [is_match("one"), is_match("two"), is_match("one")] == [True, False, True]


@given(st.lists(TEXTS, min_size=1, max_size=6), TEXTS)
def test_a_text_with_pseudonyms_matches_its_original(parts: list[str], between: str) -> None:
    mark = f"<{between}>"
    values = [part for part in parts if mark[0] not in part and "pseudo" not in part]
    words = [PSEUDONYMS.of_text(value) for value in values]
    attempt = Attempt(Bindings())
    expected, actual = (mark.join(["", *texts, ""]) for texts in (words, values))
    assert attempt.matches(expected, actual)
    assert not attempt.matches(expected + "!", actual)
    assert not attempt.matches("!" + expected, actual)


def test_a_pseudonym_in_its_shape_matches_a_value_of_any_shape() -> None:
    for shape in ("7T:{}", "8A:Cust12345.{}", "{}@example.invalid", "{}"):
        attempt = Attempt(Bindings())
        expected = shape.format(PSEUDONYMS.of_text("x"))
        assert attempt.matches(expected, "whatever"), shape
        assert attempt.matches(expected, "whatever"), shape
        assert not attempt.matches(expected, "another"), shape
        assert not attempt.matches(expected, ""), shape


def test_a_pseudonym_in_a_request_stands_for_itself() -> None:
    first, second = (PSEUDONYMS.of_text(text) for text in "12")
    attempt = Attempt(Bindings())
    assert not attempt.matches(first, second)
    for text in (first, "a value", first, f"7T:{first}"):
        assert attempt.matches(first, text), "it was in an answer, or the client knows its value"
    assert not attempt.matches(first, "another")
    assert attempt.pair_names([first], [first]) == {first: first}
    assert Attempt(Bindings(two_sided=True)).matches(first, second)


def test_another_user_can_name_the_same_accounts() -> None:
    original = entry(body=body_of([{"AccountId": 1, "AssociateName": "tje0"}]))
    other_user = (("authorization", "Basic YWRhOng="), *JSON)
    recorded = redacted_key(original)
    assert differences(recorded, KEYS.key_of_recorded(original.request)) == []
    assert differences(recorded, request_key(original.request.body, other_user)) == []


def test_an_attempt_binds_nothing_until_it_is_committed() -> None:
    bindings, word = Bindings(), PSEUDONYMS.of_text("x")
    assert Attempt(bindings).matches(word, "a")
    attempt = Attempt(bindings)
    assert attempt.matches(word, "b")
    attempt.commit()
    assert not Attempt(bindings).matches(word, "a")
    assert not Attempt(bindings).matches(f"<{word}>", "<c>")
    assert Attempt(bindings).matches(f"<{word}>", "<b>")
