"""What decides before a body is read, and the first wrong place that a 400 names."""

import msgspec
import pytest

from superoffice_mock.errors import Rejected
from superoffice_mock.wire.decode import READERS, decode
from tests.mock.wire.builders import (
    FORM,
    JSON,
    JSON_TYPES,
    OPERATION,
    XML,
    XML_TYPES,
    Account,
    accounts,
    read,
    refused,
    xml_of,
)

SAMPLE = (
    '{"SyncUserAccounts": [\r\n'
    '{"AccountId": 507, "AssociateName": "Walker LLC", "AssociateId": 874},\r\n'
    '{"AccountId": 507, "AssociateName": "Walker LLC", "AssociateId": 874}]}'
)
PLACE = "/SyncUserAccounts/1"
INT32 = "expected an integer from -2147483648 to 2147483647, got the number"


@pytest.mark.claim(
    "sample-request", "request-body", "accounts-array", "account-object", "account-id"
)
@pytest.mark.claim("associate-name", "associate-id", "sample-duplicate", "duplicates")
def test_the_sample_of_the_page_has_one_account_twice() -> None:
    content_type = "application/json; charset=utf-8"
    assert accounts(content_type, SAMPLE) == [Account(507, "Walker LLC", 874)] * 2
    assert read(content_type, SAMPLE).violations == ()


@pytest.mark.claim("media-types")
def test_every_described_media_type_has_a_reader() -> None:
    assert set(OPERATION.bodies) == set(READERS)


@pytest.mark.claim("media-type-other")
def test_a_body_without_content_type_is_a_415_that_lists_the_types() -> None:
    status, reason = refused(None, "{}")
    assert status == 415
    assert reason.startswith("Content-Type: missing; send one of application/json, text/json, ")


@pytest.mark.claim("media-type-other")
@pytest.mark.parametrize(
    "content_type",
    [
        *("", "text/plain", "application/json-seq", "multipart/form-data; boundary=x"),
        *("application/*", "application", "json", "x" * 1_000, "\x07"),
    ],
)
def test_another_media_type_is_a_415_that_lists_the_types(content_type: str) -> None:
    status, reason = refused(content_type, "{}")
    assert status == 415
    assert "is not one of application/json, text/json, application/xml" in reason
    assert len(reason) < 350
    assert reason.isprintable()


@pytest.mark.claim("body-required")
@pytest.mark.parametrize("content_type", [*OPERATION.bodies, None, "text/plain"])
def test_no_body_is_a_400(content_type: str | None) -> None:
    status, reason = refused(content_type, b"")
    assert (status, reason[:13]) == (400, "no body; send")


@pytest.mark.claim("body-required", "body-shape", "body-syntax")
@pytest.mark.parametrize("media_type", JSON_TYPES)
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("null", "expected an object, got null"),
        ("[]", "expected an object, got an array"),
        ("507", "expected an object, got the number 507"),
        ("true", "expected an object, got a boolean"),
        ('"{}"', "expected an object, got a string"),
        ('{"SyncUserAccounts": {}}', "/SyncUserAccounts: expected an array or null, got an object"),
        ('{"syncUserAccounts": 507}', "/SyncUserAccounts: expected an array or null, got the num"),
        (" ", "the body is not JSON: "),
        ("{", "the body is not JSON: "),
        ("{}{}", "the body is not JSON: "),
        ("{'SyncUserAccounts': []}", "the body is not JSON: "),
        ('{"SyncUserAccounts": [],}', "the body is not JSON: "),
        ('{"SyncUserAccounts": [{"AccountId": NaN}]}', "the body is not JSON: "),
        (
            '{"SyncUserAccounts": [{"AccountId": 1e999}]}',
            "a number in the body is too large to be read; an id has at most 10 digits",
        ),
        ('{"SyncUserAccounts": [{"AccountId": 0507}]}', "the body is not JSON: "),
        ("SyncUserAccounts[0].AccountId=507", "the body is not JSON: "),
    ],
)
def test_json_of_another_shape_or_broken_json_is_a_400(
    media_type: str, body: str, reason: str
) -> None:
    status, got = refused(media_type, body)
    assert (status, got[: len(reason)]) == (400, reason)


@pytest.mark.claim("items-all", "integers-strict", "account-id-int32", "error-place", "body-shape")
@pytest.mark.parametrize(
    ("item", "reason"),
    [
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
    ],
)
def test_one_bad_item_behind_a_good_one_is_named_with_its_place(item: str, reason: str) -> None:
    body = f'{{"SyncUserAccounts": [{{"AccountId": 1}}, {item}, {{"AccountId": 2}}]}}'
    assert refused(JSON, body) == (400, PLACE + reason)


@pytest.mark.claim("error-place")
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, '{"SyncUserAccounts": [{}, {"AccountId": "x"}, {"AccountId": 1.0}, null, 5]}'),
        (JSON, '{"SyncUserAccounts": [{}, {"AccountId": 1.0}, {"AccountId": "x"}, null, 5]}'),
        (JSON, '{"SyncUserAccounts": [{}, {"AccountId": 1e9, "AssociateId": "x"}, []]}'),
        (
            XML,
            xml_of(
                "<SyncUserAccount/>"
                "<SyncUserAccount><AccountId/><AssociateId>x</AssociateId></SyncUserAccount>"
                "<Account/>"
            ),
        ),
        (
            FORM,
            "SyncUserAccounts[2]=x&SyncUserAccounts[0].AccountId=1&SyncUserAccounts[1].AccountId=x",
        ),
    ],
)
def test_of_several_wrong_places_the_first_is_named(content_type: str, body: str) -> None:
    status, reason = refused(content_type, body)
    assert status == 400
    assert reason.startswith("/SyncUserAccounts/1/AccountId: expected an integer, got ")


@pytest.mark.claim("body-shape", "error-place")
def test_what_a_schema_bounds_beyond_types_is_told_in_its_words() -> None:
    stricter = msgspec.structs.replace(OPERATION, bodies={JSON: OPERATION.bodies[FORM]})
    with pytest.raises(Rejected) as refusal:
        decode(stricter, JSON, b'{"SyncUserAccounts": [], "q": 1}', 1)
    assert refusal.value.reason == "/SyncUserAccounts: [] has less than 1 item"


def test_no_text_of_the_caller_is_repeated_at_length() -> None:
    secret = "s3cr3t" * 100
    bodies = [
        (JSON, f'{{"SyncUserAccounts": [{{"AccountId": "{secret}"}}]}}'),
        (JSON, f'{{"SyncUserAccounts": [{{"AccountId": {"9" * 4_000}}}]}}'),
        (XML, f"<{secret}/>"),
        (XML, xml_of(f"<{secret}/>")),
        (FORM, f"SyncUserAccounts[{secret}].AccountId=1"),
        (f"text/{secret}", "{}"),
    ]
    for content_type, body in bodies:
        status, reason = refused(content_type, body)
        assert status in (400, 415)
        assert len(reason) < 350
        assert secret not in reason


@pytest.mark.claim("body-limit")
@pytest.mark.parametrize(
    ("content_type", "item"),
    [
        (JSON, '{"AccountId": 1}'),
        (JSON, '{"accountId": 1}'),
        (JSON, '{"ACCOUNTID": 1}'),
        (XML, "<SyncUserAccount/>"),
        (FORM, "SyncUserAccounts[%d][AccountId]=1"),
    ],
)
def test_more_items_than_allowed_are_a_413(content_type: str, item: str) -> None:
    def body(count: int) -> str:
        if content_type == FORM:
            return "&".join(item % n for n in range(count))
        if content_type == XML:
            return xml_of(item * count)
        return f'{{"SyncUserAccounts": [{", ".join([item] * count)}]}}'

    assert len(accounts(content_type, body(3), limit=3)) == 3
    status, reason = refused(content_type, body(4), limit=3)
    assert (status, reason) == (
        413,
        "/SyncUserAccounts: more than 3 items; send at most that many in one call",
    )


@pytest.mark.claim("body-limit")
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        *((media_type, xml_of("<SyncUserAccount/>" * 10_000)) for media_type in XML_TYPES),
        (FORM, "&".join(f"SyncUserAccounts[{n}].AccountId=1" for n in range(10_000))),
        (FORM, "&".join(f"SyncUserAccounts[{n}].TableRight.a=" for n in range(10_000))),
    ],
)
def test_the_longest_list_of_the_shortest_items_is_within_the_limits(
    content_type: str, body: str
) -> None:
    assert len(accounts(content_type, body)) == 10_000


@pytest.mark.claim("body-limit")
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        *(
            (media_type, xml_of("").replace(">", f">{'<x/>' * 2_000}", 1))
            for media_type in XML_TYPES
        ),
        (FORM, "SyncUserAccounts[0].AccountId=1" + "&x=" * 2_000),
    ],
)
def test_more_elements_or_fields_than_such_a_body_needs_are_a_413(
    content_type: str, body: str
) -> None:
    assert refused(content_type, body)[0] == 413
    fewer = body.replace("<x/>", "", 1_000).replace("&x=", "", 1_000)
    assert read(content_type, fewer).violations


@pytest.mark.claim("body-limit")
@pytest.mark.parametrize(
    ("content_type", "before", "part", "after", "shortest"),
    [
        (FORM, "SyncUserAccounts[0].AccountId=1", "&x=", "", 32),
        (XML, "<SyncEmailAccountsRequest>", "<x/>", "</SyncEmailAccountsRequest>", 18),
    ],
)
def test_a_thousand_parts_more_than_fit_in_is_the_limit_to_the_part(
    content_type: str, before: str, part: str, after: str, shortest: int
) -> None:
    def body(parts: int) -> str:
        return before + part * (parts - 1) + after

    most = max(n for n in range(2_000) if n <= 1_000 + len(body(n)) // shortest)
    assert read(content_type, body(most)).violations
    assert refused(content_type, body(most + 1))[0] == 413
