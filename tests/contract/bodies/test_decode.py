"""Decoding: the checks before a body is read, and the first wrong place in the reason of a 400."""

import json

import pytest

from superoffice_contract.bodies.decode import READERS, decode
from superoffice_contract.errors import InvalidBody
from tests.contract.bodies.builders import (
    FORM,
    JSON,
    JSON_TYPES,
    OPERATION,
    XML,
    XML_TYPES,
    Account,
    read_accounts,
    read_body,
    rejection,
    wrap_json,
    wrap_xml,
)

SAMPLE = (
    '{"SyncUserAccounts": [\r\n'
    '{"AccountId": 507, "AssociateName": "Walker LLC", "AssociateId": 874},\r\n'
    '{"AccountId": 507, "AssociateName": "Walker LLC", "AssociateId": 874}]}'
)
PLACE = "/SyncUserAccounts/1"
FIRST = "SyncUserAccounts[0].AccountId"
INT32 = "expected an integer from -2147483648 to 2147483647, got the number"


@pytest.mark.claim(
    "sample-request", "request-body", "accounts-array", "account-object", "account-id"
)
@pytest.mark.claim("associate-name", "associate-id", "sample-duplicate", "duplicates")
def test_the_sample_of_the_page_has_the_same_account_twice() -> None:
    content_type = "application/json; charset=utf-8"
    assert read_accounts(content_type, SAMPLE) == [Account(507, "Walker LLC", 874)] * 2
    assert read_body(content_type, SAMPLE).violations == ()


@pytest.mark.claim("media-types")
def test_every_described_media_type_has_a_reader() -> None:
    assert set(OPERATION.bodies) == set(READERS)


@pytest.mark.claim("media-type-other")
def test_a_missing_or_unknown_media_type_gets_a_415_that_lists_the_types() -> None:
    for content_type in (
        *(None, "", "text/plain", "application/json-seq", "multipart/form-data; boundary=x"),
        *("application/*", "application", "json", "x" * 1_000, "\x07"),
    ):
        status, reason = rejection(content_type, "{}")
        verb = "missing; send" if content_type is None else "is not"
        assert status == 415, content_type
        assert f"{verb} one of application/json, text/json, application/xml" in reason, content_type
        assert len(reason) < 350, content_type
        assert reason.isprintable(), content_type


@pytest.mark.claim("body-required", "body-shape", "body-syntax", "refusal-status")
def test_malformed_json_or_json_of_another_shape_gets_a_400() -> None:
    place, large = "/SyncUserAccounts: ", "a number in the body is too large to be read; an id has"
    malformed = (
        *(" ", "{", "{}{}", "{'SyncUserAccounts': []}", '{"SyncUserAccounts": [],}'),
        *(wrap_json('{"AccountId": NaN}'), wrap_json('{"AccountId": 0507}'), f"{FIRST}=507"),
    )
    for body, reason in (
        ("null", "expected an object, got null"),
        ("[]", "expected an object, got an array"),
        ("507", "expected an object, got the number 507"),
        ("true", "expected an object, got a boolean"),
        ('"{}"', "expected an object, got a string"),
        ('{"SyncUserAccounts": {}}', f"{place}expected an array or null, got an object"),
        ('{"syncUserAccounts": 507}', f"{place}expected an array or null, got the num"),
        (wrap_json('{"AccountId": 1e999}'), f"{large} at most 10 digits"),
        *((body, "the body is not JSON: ") for body in malformed),
    ):
        for media_type in JSON_TYPES:
            status, actual = rejection(media_type, body)
            assert (status, actual[: len(reason)]) == (400, reason), (media_type, body)


@pytest.mark.claim("items-all", "integers-strict", "account-id-int32", "error-place", "body-shape")
@pytest.mark.claim("carrier-types")
def test_the_reason_has_the_place_of_an_invalid_item() -> None:
    for item, reason in (
        ("null", ": expected an object, got null"),
        ("507", ": expected an object, got the number 507"),
        ('"507"', ": expected an object, got a string"),
        ("[]", ": expected an object, got an array"),
        ("false", ": expected an object, got a boolean"),
        ('{"AccountId": "507"}', "/AccountId: expected an integer, got a string"),
        ('{"AccountId": null}', "/AccountId: expected an integer, got null"),
        ('{"AccountId": true}', "/AccountId: expected an integer, got a boolean"),
        ('{"AccountId": 1.0}', "/AccountId: expected an integer, got the number 1.0"),
        ('{"AccountId": 1e2}', "/AccountId: expected an integer, got the number 100.0"),
        ('{"AccountId": 1.5}', "/AccountId: expected an integer, got the number 1.5"),
        ('{"AccountId": [507]}', "/AccountId: expected an integer, got an array"),
        ('{"AccountId": {}}', "/AccountId: expected an integer, got an object"),
        ('{"AccountId": 2147483648}', f"/AccountId: {INT32} 2147483648"),
        ('{"AccountId": -2147483649}', f"/AccountId: {INT32} -2147483649"),
        ('{"AccountId": 18446744073709551616}', f"/AccountId: {INT32} 18446744073709551616"),
        ('{"associateid": ""}', "/AssociateId: expected an integer, got a string"),
        ('{"AssociateName": 5}', "/AssociateName: expected a string or null, got the number 5"),
        ('{"AssociateName": ["a"]}', "/AssociateName: expected a string or null, got an array"),
        ('{"TableRight": []}', "/TableRight: expected an object or null, got an array"),
        ('{"FieldProperties": ""}', "/FieldProperties: expected an object or null, got a string"),
    ):
        body = f'{{"SyncUserAccounts": [{{"AccountId": 1}}, {item}, {{"AccountId": 2}}]}}'
        assert rejection(JSON, body) == (400, PLACE + reason), item


@pytest.mark.claim("error-place")
def test_the_reason_has_the_first_of_several_wrong_places() -> None:
    item = "<SyncUserAccount><AccountId/><AssociateId>x</AssociateId></SyncUserAccount>"
    fields = f"{FIRST}=1&SyncUserAccounts[1].AccountId=x"
    for content_type, body in (
        (JSON, wrap_json("{}", '{"AccountId": "x"}', '{"AccountId": 1.0}', "null", "5")),
        (JSON, wrap_json("{}", '{"AccountId": 1.0}', '{"AccountId": "x"}', "null", "5")),
        (JSON, wrap_json("{}", '{"AccountId": 1e9, "AssociateId": "x"}', "[]")),
        (XML, wrap_xml(f"<SyncUserAccount/>{item}<Account/>")),
        (FORM, f"SyncUserAccounts[2]=x&{fields}"),
    ):
        status, reason = rejection(content_type, body)
        assert status == 400, body
        assert reason.startswith("/SyncUserAccounts/1/AccountId: expected an integer, got "), body


@pytest.mark.claim("body-shape", "error-place")
def test_a_constraint_of_the_schema_beyond_types_is_in_the_reason() -> None:
    stricter = {JSON: OPERATION.bodies[FORM]}
    with pytest.raises(InvalidBody) as raised:
        decode(stricter, JSON, b'{"SyncUserAccounts": [], "q": 1}', 1)
    assert str(raised.value) == "/SyncUserAccounts: [] has less than 1 item"


def test_a_reason_does_not_repeat_long_text_of_the_client() -> None:
    secret = "s3cr3t" * 100
    bodies = [
        (JSON, f'{{"SyncUserAccounts": [{{"AccountId": "{secret}"}}]}}'),
        (JSON, f'{{"SyncUserAccounts": [{{"AccountId": {"9" * 4_000}}}]}}'),
        (XML, f"<{secret}/>"),
        (XML, wrap_xml(f"<{secret}/>")),
        (FORM, f"SyncUserAccounts[{secret}].AccountId=1"),
        (f"text/{secret}", "{}"),
    ]
    for content_type, body in bodies:
        status, reason = rejection(content_type, body)
        assert status in (400, 415)
        assert len(reason) < 350
        assert secret not in reason


@pytest.mark.claim("body-limit")
def test_too_many_items_get_a_413() -> None:
    reason = "/SyncUserAccounts: more than 3 items; send at most that many in one call"
    for name in ("AccountId", "accountId", "ACCOUNTID"):
        three, four = (json.dumps({"SyncUserAccounts": [{name: 1}] * n}) for n in (3, 4))
        assert len(read_accounts(JSON, three, limit=3)) == 3, name
        assert rejection(JSON, four, limit=3) == (413, reason), name
    assert len(read_accounts(XML, wrap_xml("<SyncUserAccount/>" * 3), limit=3)) == 3
    assert rejection(XML, wrap_xml("<SyncUserAccount/>" * 4), limit=3) == (413, reason)
    fields = [f"SyncUserAccounts[{n}][AccountId]=1" for n in range(4)]
    assert len(read_accounts(FORM, "&".join(fields[:3]), limit=3)) == 3
    assert rejection(FORM, "&".join(fields), limit=3) == (413, reason)


@pytest.mark.claim("body-limit")
def test_the_longest_list_of_the_shortest_items_is_accepted() -> None:
    for content_type, body in (
        *((media_type, wrap_xml("<SyncUserAccount/>" * 10_000)) for media_type in XML_TYPES),
        (FORM, "&".join(f"SyncUserAccounts[{n}].AccountId=1" for n in range(10_000))),
        (FORM, "&".join(f"SyncUserAccounts[{n}].TableRight.a=" for n in range(10_000))),
    ):
        assert len(read_accounts(content_type, body)) == 10_000, body[:100]


@pytest.mark.claim("body-limit")
def test_too_many_elements_or_fields_for_the_size_of_the_body_get_a_413() -> None:
    root = ("<SyncEmailAccountsRequest>", "<x/>", "</SyncEmailAccountsRequest>")
    for content_type, (before, part, after), shortest in (
        (FORM, ("SyncUserAccounts[0].AccountId=1", "&x=", ""), 32),
        *((media_type, root, 18) for media_type in XML_TYPES),
    ):
        bodies = [before + part * (count - 1) + after for count in range(2_002)]
        limit = max(n for n in range(2_000) if n <= 1_000 + len(bodies[n]) // shortest)
        assert read_body(content_type, bodies[1_001]).violations, content_type
        assert read_body(content_type, bodies[limit]).violations, content_type
        assert rejection(content_type, bodies[limit + 1])[0] == 413, content_type
        assert rejection(content_type, bodies[2_001])[0] == 413, content_type
