"""Requests of any described operation match however they are written; others bytewise."""

import json
from typing import Any

from superoffice_contract.openapi import operations
from superoffice_mock.recordings.model import RecordedRequest
from superoffice_mock.redaction.allow_list import AllowList
from superoffice_mock.redaction.redactor import Redactor
from superoffice_mock.replay import matching, player
from superoffice_mock.replay.matching import DEFAULT_FIELDS, Difference
from superoffice_mock.replay.player import Miss, Player, Rules, Script
from superoffice_mock.replay.pseudonym_bindings import Attempt, Bindings
from superoffice_mock.replay.request_key import OpaqueBody, RequestKey, RequestKeys, TypedBody
from superoffice_mock.wire.headers import Headers
from tests.support.other_operations import (
    CONTACT_PATH,
    DESCRIPTION,
    REPORT_PATH,
    SYNC_PATH,
    any_body,
)
from tests.support.recordings import BASIC, BODY, URL, entry

KEYS = RequestKeys(DESCRIPTION)
FILTER = {"SaleLimit": 5, "SaleStages": [1], "InnerFilters": [{"FilterText": "a"}]}
XML = (
    b"<SaleFilter><InnerFilters><SaleFilter><FILTERTEXT>a</FILTERTEXT></SaleFilter></InnerFilters>"
    b"<saleStages><int>1</int></saleStages><SaleLimit>5</SaleLimit></SaleFilter>"
)


def key_of(
    body: Any = FILTER, query: str = "?saleId=17", media_type: str = "application/json"
) -> RequestKey:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = (*BASIC, ("content-type", media_type))
    url = f"http://crm.example{REPORT_PATH}{query}"
    return KEYS.key_of_recorded(RecordedRequest("POST", url, headers=headers, body=raw))


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
        keys = RequestKeys(any_body(schema))
        first, second, third = (
            keys.key_of_recorded(entry(URL, body=body).request) for body in (one, same, other)
        )
        assert isinstance(first.body, TypedBody), schema
        assert differences(first, second) == [], schema
        assert len(differences(first, third)) == 1, schema


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
    assert [exchange.in_order for exchange in exchanges] == [True] * 3
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
    assert kinds == [OpaqueBody, TypedBody, TypedBody, TypedBody] * 2
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
