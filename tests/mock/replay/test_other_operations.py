"""Requests of any described operation match however they are written; others as JSON or text."""

import asyncio
import json
from datetime import datetime
from typing import Any

from superoffice_contract.openapi import operations
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.hidden_numbers import is_id_pseudonym
from superoffice_mock.recordings.model import RecordedRequest
from superoffice_mock.recordings.pseudonyms import Pseudonyms
from superoffice_mock.redaction.allow_list import AllowList
from superoffice_mock.redaction.redactor import Redactor
from superoffice_mock.replay import matching, player
from superoffice_mock.replay.matching import DEFAULT_FIELDS, Difference
from superoffice_mock.replay.player import Miss, Player, Rules, Script
from superoffice_mock.replay.pseudonym_bindings import Attempt, Bindings
from superoffice_mock.replay.request_key import FreeBody, RequestKey, RequestKeys, TypedBody
from superoffice_mock.wire.headers import Headers
from tests.mock.replay.servers import ReplayMock
from tests.support import other_operations
from tests.support.in_process import ClientResponse
from tests.support.make_fixtures import FOLDER
from tests.support.other_operations import CONTACT_PATH, DESCRIPTION, REPORT_PATH, SYNC_PATH
from tests.support.recordings import BASIC, BODY, URL, entry

KEYS = RequestKeys(DESCRIPTION)
FREE_PATH = "/api/v1/Agents/Other/Call"
PSEUDONYMS = Pseudonyms(b"a key")
ID = next(filter(is_id_pseudonym, range(1_500_000_000, 1_500_000_097)))
FILTER = {"SaleLimit": 5, "SaleStages": [1], "InnerFilters": [{"FilterText": "a"}]}
XML = (
    b"<SaleFilter><InnerFilters><SaleFilter><FILTERTEXT>a</FILTERTEXT></SaleFilter></InnerFilters>"
    b"<saleStages><int>1</int></saleStages><SaleLimit>5</SaleLimit></SaleFilter>"
)


def key_of(
    body: Any = FILTER,
    query: str = "?saleId=17",
    media_type: str = "application/json",
    *,
    path: str = REPORT_PATH,
    keys: RequestKeys = KEYS,
) -> RequestKey:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = (*BASIC, ("content-type", media_type))
    url = f"http://crm.example{path}{query}"
    return keys.key_of_recorded(RecordedRequest("POST", url, headers=headers, body=raw))


def free_key(
    body: Any, query: str = "", *, path: str = FREE_PATH, keys: RequestKeys = KEYS
) -> RequestKey:
    """Return the key of a request for an operation that is not described."""
    return key_of(body, query, path=path, keys=keys)


def carrier_key(rights: Any, keys: RequestKeys = KEYS) -> RequestKey:
    """Return the key of a described request with *rights* in a part that is free."""
    body = {"SyncUserAccounts": [{"AccountId": 1, "FieldProperties": {"rights": rights}}]}
    return key_of(body, path=SYNC_PATH, keys=keys)


def differences(recorded: RequestKey, actual: RequestKey) -> list[Difference]:
    attempt = Attempt(Bindings())
    return list(matching.differences(recorded, actual, DEFAULT_FIELDS, attempt))


def test_case_of_names_media_type_and_absent_members_do_not_matter() -> None:
    camel = {"innerFilters": [{"filterText": "a"}], "saleStages": [1], "saleLimit": 5}
    absent = FILTER | {"FilterText": None, "unknown": 1}
    for key in (
        *(key_of(camel), key_of(absent), key_of(query="?SALEID=17")),
        key_of(XML, media_type="application/xml; charset=utf-8"),
    ):
        assert differences(key_of(), key) == []


def test_a_difference_is_reported_with_its_place_in_a_circular_body() -> None:
    for inner, where, before, after in (
        ([{"filterText": "b"}], "/InnerFilters/0/FilterText", "a text", "another text"),
        ([{"filterText": "a", "saleLimit": 1}], "/InnerFilters/0/SaleLimit", "null", "1"),
        ([], "/InnerFilters", "1 items", "0"),
    ):
        expected = [Difference("body", where, before, after)]
        assert differences(key_of(), key_of(FILTER | {"InnerFilters": inner})) == expected


def test_a_body_may_be_nested_deeply() -> None:
    def nest(limit: int) -> bytes:
        return b'{"InnerFilters":[' * 90 + b'{"SaleLimit":%d}' % limit + b"]}" * 90

    assert isinstance(key_of(nest(1)).body, TypedBody)
    assert differences(key_of(nest(1)), key_of(nest(1))) == []
    (difference,) = differences(key_of(nest(1)), key_of(nest(2)))
    assert difference.where == "/InnerFilters/0" * 90 + "/SaleLimit"


def test_a_body_of_any_type_is_compared_by_its_value() -> None:
    for schema, one, same, other in (
        ({"type": "integer"}, b"1", b" 1 ", b"2"),
        ({"type": ["string", "null"]}, b'"a"', b'"\\u0061"', b"null"),
        ({"type": ["string", "null"]}, b"null", b" null", b'"a"'),
        ({"type": "array", "items": {"type": "integer"}}, b"[1,2]", b"[1, 2]", b"[1,3]"),
        ({"type": "object"}, b'{"a":1,"b":[]}', b'{"b":[], "a":1}', b'{"a":1}'),
        ({"type": "boolean"}, b"true", b"true ", b"false"),
        (
            {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Pair"}},
            b'{"a":{"Left":1}}',
            b'{"a":{"Right":null,"Left":1}}',
            b'{"a":{"Left":2}}',
        ),
    ):
        keys = RequestKeys(other_operations.any_body(schema))
        first, second, third = (
            keys.key_of_recorded(entry(URL, body=body).request) for body in (one, same, other)
        )
        assert isinstance(first.body, TypedBody), schema
        assert differences(first, second) == [], schema
        assert len(differences(first, third)) == 1, schema


def test_json_of_an_operation_that_is_not_described_is_compared_by_its_value() -> None:
    deep = b'{"a":' * 300 + b"1" + b"}" * 300
    for recorded, actual, texts in (
        (b'{"a":1,"b":[true]}', b' {"b": [true], "\\u0061": 1.0}', []),
        (b'{"a":"\xc3\xa6"}', b'{"a":"\\u00e6"}', []),
        (b"[1e400]", b"[1E400]", []),
        (b'{"a":1}', b'{"a":2}', ["body /a: recorded 1, got 2"]),
        (b'{"a":[1]}', b'{"a":[1,2]}', ["body /a: recorded 1 items, got 2"]),
        (b'{"aId":1}', b'{"aId":2}', ["body /aId: recorded 1, got 2"]),
        (b"null", b"", ["body: recorded JSON, got none"]),
        (b'{"a":1}', b'{"a":1', ["body: recorded JSON, got an unreadable body"]),
        (b"a=1", b"a=2", ["body: recorded 3 bytes, got 3 other bytes"]),
        (deep, deep, []),
        (deep, deep + b" ", ["body: recorded 1801 bytes, got 1802 other bytes"]),
    ):
        found = differences(free_key(recorded), free_key(actual))
        assert [difference.text for difference in found] == texts, recorded[:20]


def test_each_pseudonym_of_an_id_matches_one_value_wherever_it_stands() -> None:
    recorded = [
        free_key(b'{"saleId":%d,"Rows":[{"RowIds":[%d,7]}]}' % (ID, ID + 97)),
        free_key(b"", query=f"?saleId={ID}"),
        free_key(b"<SaleId>%d</SaleId>" % (ID + 97)),
        free_key(b"", path=f"{FREE_PATH}/{ID}"),
        carrier_key({"fieldId": ID, "Length": 5}),
        free_key({"Name": PSEUDONYMS.of_text("17"), "saleId": ID}),
    ]

    def matches(index: int, actual: RequestKey) -> bool:
        attempt = Attempt(bindings)
        found = next(matching.differences(recorded[index], actual, DEFAULT_FIELDS, attempt), None)
        if found is None:
            attempt.commit()
        return found is None

    for sale, row in ((17, 18), (ID, ID + 97), (-(2**70), 0)):
        bindings = Bindings()
        assert not matches(0, free_key(b'{"saleId":%d,"Rows":[{"RowIds":[%d,7]}]}' % (sale, sale)))
        assert not matches(0, free_key(b'{"saleId":"a","Rows":[{"RowIds":[%d,7]}]}' % row))
        assert matches(0, free_key(b'{"Rows":[{"RowIds":[%d,7]}],"saleId":%d}' % (row, sale)))
        for actual, is_match in ((sale, True), (row, False), (99, sale == ID)):
            assert matches(1, free_key(b"", query=f"?saleId={actual}")) is is_match, actual
            assert matches(3, free_key(b"", path=f"{FREE_PATH}/{actual}")) is is_match, actual
            assert matches(4, carrier_key({"fieldId": actual, "Length": 5})) is is_match, actual
        assert matches(2, free_key(b"<SaleId>%d</SaleId>" % row))
        assert matches(5, free_key({"Name": "17", "saleId": sale})), "a text of the same digits"


def test_numbers_that_redaction_hid_match_any_number() -> None:
    hidden = RequestKeys(DESCRIPTION, hides_numbers=True)
    for keys, count in ((KEYS, 1), (hidden, 0)):
        for make in (free_key, carrier_key):
            content = {"Count": 0, "Rate": 0, "saleId": 5}
            recorded = make(content, keys=keys)
            for other in ({"Count": 3}, {"Rate": 2.5}):
                assert len(differences(recorded, make(content | other, keys=keys))) == count
            (difference,) = differences(recorded, make(content | {"saleId": 6}, keys=keys))
            assert difference.text.endswith("/saleId: recorded 5, got 6")
        for before, after, expected in (
            (b'{"a":[1,2', b'{"a":[3,40', count),
            (b'{"a" : -1.5e3,}', b'{"a" : 2,}', count),
            (b'{"a":01}', b'{"a":12}', 1),
            (b'{"aId":1,"bIds":[2', b'{"aId":1,"bIds":[3', 1),
            (b'{"aId":0.5,', b'{"aId":2.5e-42,', count),
            (b'{"aId":2147483648,', b'{"aId":4711081512,', count),
            (b'{"a":"1\\"2",', b'{"a":"1\\"3",', 1),
            (b"a=1", b"a=2", 1),
        ):
            malformed = (free_key(body, keys=keys) for body in (before, after))
            assert len(differences(*malformed)) == expected, before
        described = [key_of({"SaleLimit": limit}, keys=keys) for limit in (0, 5)]
        assert len(differences(*described)) == 1


def test_pseudonyms_stand_for_the_names_that_are_left_over() -> None:
    first, second = (PSEUDONYMS.of_text(text) for text in "12")
    for recorded, actual, is_match in (
        ({first: 1, "a": 2}, {"b": 1, "a": 2}, True),
        ({first: 1, "a": 2}, {"a": 2, "b": 1}, True),
        ({first: 1, second: 2}, {"b": 1, "c": 2}, True),
        ({first: 1, second: 2}, {"b": 1}, False),
        ({first: 1}, {"b": 1, "c": 2}, False),
        ({first: 1}, {"b": 2}, False),
        ({first: first}, {"b": "b"}, True),
        ({first: second}, {"b": "b"}, False),
        (
            [{first: 1, second: 2}, {second: 2, first: 1}],
            [{"b": 1, "c": 2}, {"b": 1, "c": 2}],
            True,
        ),
        ([{first: 1}, {second: 1}], [{"b": 1}, {"b": 1}], False),
        ({first: 1}, {first: 1}, True),
        ({first: 1}, {second: 1}, False),
    ):
        for make in (free_key, carrier_key):
            found = differences(make(recorded), make(actual))
            assert bool(found) is not is_match, (recorded, actual)
    for recorded_query, query, is_match in (
        (f"?{first}=1&m=2", "?z=1&m=2", True),
        (f"?m=2&{first}=1", "?a=1&m=2", True),
        (f"?a={first}&a={second}", "?a=2&a=1", True),
        (f"?a={first}&b={first}", "?b=x&A=x", True),
        (f"?a={first}&b={first}", "?a=x&b=y", False),
        (f"?a={first}&b={second}", "?a=x&b=x", False),
        (f"?a={first}", "?a=x&b=x", False),
        (f"?a={first}", "?a=", False),
    ):
        keys = (free_key(b"", query=text) for text in (recorded_query, query))
        assert bool(differences(*keys)) is not is_match, recorded_query


def test_redacted_exchanges_are_replayed() -> None:
    contact_url = f"http://a{CONTACT_PATH}".replace("{contactKey}", "Acme")
    report_url, report_body = f"http://a{REPORT_PATH}?saleId=17", json.dumps(FILTER).encode()
    originals = [
        entry(report_url, body=report_body),
        entry(report_url, (*BASIC, ("content-type", "application/xml")), XML),
        entry(contact_url, method="GET", body=b""),
    ]
    redactor = Redactor(allow_list=AllowList(DESCRIPTION))
    recorded = [(f"{n}", redactor.redact_entry(each)) for n, each in enumerate(originals)]
    exchanges = tuple(player.exchanges_of(recorded, KEYS))
    assert [exchange.is_call for exchange in exchanges] == [True] * 3
    replayed = Player(Script(exchanges, Rules()))
    for index, original in ((2, originals[2]), (0, originals[1]), (1, originals[0])):
        assert replayed.take(KEYS.key_of_recorded(original.request)) == index
    assert isinstance(replayed.take(KEYS.key_of_recorded(originals[0].request)), Miss)


def test_keys_of_two_descriptions_are_not_mixed() -> None:
    headers = Headers(((b"content-type", b"application/json"),))
    kinds = [
        type(keys.key_of("POST", path, "", headers, body).body)
        for keys in (RequestKeys(operations.load()), KEYS) * 2
        for path, body in ((REPORT_PATH, b"{}"), (SYNC_PATH, BODY))
    ]
    assert kinds == [FreeBody, TypedBody, TypedBody, TypedBody] * 2
    first, second = (KEYS.key_of("POST", SYNC_PATH, "", headers, BODY) for _ in range(2))
    assert first is second


def test_an_exchange_moves_to_another_tenant() -> None:
    for path, moved in (
        (SYNC_PATH, f"/cust7{SYNC_PATH}"),
        (f"/Cust1{REPORT_PATH}/", f"/cust7{REPORT_PATH}"),
        (f"/superoffice/webapi{SYNC_PATH}", f"/cust7{SYNC_PATH}"),
        (f"/Cust1{CONTACT_PATH}", f"/cust7{CONTACT_PATH}"),
        ("/api/other", "/api/other"),
    ):
        (exchange,) = player.exchanges_of([("0", entry(f"http://a{path}"))], KEYS)
        key = player.move_to_tenant(exchange, "cust7", DESCRIPTION.paths).key
        assert "/" + "/".join(key.path) == moved.lower(), path


def test_the_loop_of_an_app_is_replayed_whole_after_redaction() -> None:
    """The ids of the list are those of the accounts, and LastFetch stays a date that advances."""
    entries = har_file.load(str(FOLDER / "account-loop.har")).entries
    mock = ReplayMock(*entries)

    async def play() -> list[ClientResponse]:
        await mock.control("POST", "clock/jump")
        return [await mock.send(entry) for entry in entries]

    answers = asyncio.run(play())
    assert [answer.body for answer in answers] == [entry.response.body or b"" for entry in entries]
    assert [exchange.outcome for exchange in mock.exchanges()] == ["replayed"] * len(entries)
    due = [account["AccountId"] for account in json.loads(answers[0].body)]
    accounts = [json.loads(answer.body) for answer in answers if b"LastFetch" in answer.body]
    assert {account["EMailAccountId"] for account in accounts} <= {*due}
    moments = [datetime.fromisoformat(account["LastFetch"]) for account in accounts]
    assert moments[1] < moments[0] < moments[2]
