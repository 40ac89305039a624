"""Form bodies: both notations of keys, gaps, escapes, charsets, free objects and their limits."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from superoffice_contract.bodies import form_body
from superoffice_contract.bodies.values import BodyNotes
from tests.contract.bodies.builders import (
    FORM,
    OPERATION,
    Account,
    read_accounts,
    read_body,
    rejection,
)

FIRST = "SyncUserAccounts[0]"
RIGHT = f"{FIRST}[TableRight]"
MISSING = (
    "/SyncUserAccounts: missing; send an array; "
    "a form does so with keys such as SyncUserAccounts[0][AccountId]"
)
NESTED = (
    f"{FIRST}[FieldProperties][AccountId][FieldRight][Mask]=Full"
    f"&{FIRST}.FieldProperties.AccountId.FieldRight.Reason=a%2Eb"
    f"&{FIRST}.FieldProperties[AccountId].FieldType=&{FIRST}[FieldProperties].x=1"
)
SHAPE = OPERATION.bodies[FORM].shape
escapes = st.lists(
    st.sampled_from(["%", "%4", "%41", "%c3%a9", "%C3", "%25", "+", "\\", "\\x41", "é", "x", "%5B"])
).map("".join)


@pytest.mark.claim("form-shape", "camel-case")
def test_both_notations_with_any_escapes_mean_the_same() -> None:
    for body in (
        f"{FIRST}[AccountId]=507&{FIRST}[AssociateName]=a",
        f"{FIRST}.AccountId=507&{FIRST}.AssociateName=a",
        f"{FIRST}[AccountId]=507&{FIRST}.AssociateName=a",
        f"{FIRST}.AssociateName=a&{FIRST}[AccountId]=507",
        "SyncUserAccounts%5B0%5D%5BAccountId%5D=507&SyncUserAccounts%5b0%5d.AssociateName=a",
        "%53yncUserAccounts[0]%2EAccountId=%35%30%37&SyncUserAccounts[0].AssociateName=%61",
        "syncUserAccounts[0].accountId=507&SYNCUSERACCOUNTS[0][ASSOCIATENAME]=a",
        "SyncUserAccounts.0.AccountId=507&SyncUserAccounts[0].AssociateName=a",
        f"&&{FIRST}.AccountId=507&&{FIRST}.AssociateName=a&",
        f"{FIRST}.AccountId=x&{FIRST}.AssociateName=a&{FIRST}.accountID=507",
        f"{FIRST}.AccountId=%20507+&{FIRST}.AssociateName=a",
        f"{FIRST}.AccountId=%2B507&{FIRST}.AssociateName=a",
    ):
        assert read_accounts(FORM, body) == [Account(507, "a")], body
        assert read_body(FORM, body).violations == (), body


@pytest.mark.claim("form-gaps")
def test_items_are_in_the_order_of_their_indices_without_gaps() -> None:
    body = "&".join(f"SyncUserAccounts[{index}].AccountId={index}" for index in (10, 2, 999999999))
    assert read_accounts(FORM, body) == [Account(2), Account(10), Account(999999999)]
    assert read_body(FORM, body).violations == (
        "/SyncUserAccounts: the indices have gaps; the items were taken in their order",
    )
    assert rejection(FORM, f"{body}&SyncUserAccounts[5].AccountId=x")[1].startswith(
        "/SyncUserAccounts/1/AccountId: "
    )


@pytest.mark.claim("form-limits", "carrier-members", "id-absent", "text-ids")
def test_values_are_unescaped_text() -> None:
    field = {"FieldRight": {"Mask": "Full", "Reason": "a.b"}, "FieldType": ""}
    for body, account in (
        (f"{FIRST}.AssociateId=-874", Account(associate=-874)),
        (f"{FIRST}.AssociateName=", Account(name="")),
        (f"{FIRST}.AssociateName", Account(name="")),
        (f"{FIRST}.AssociateName=a=b", Account(name="a=b")),
        (f"{FIRST}.AssociateName=100%", Account(name="100%")),
        (f"{FIRST}.AssociateName=a%26b%3D%5Bc%5D+%2B", Account(name="a&b=[c] +")),
        (f"{FIRST}.AssociateName=\\x41%5C", Account(name="\\x41\\")),
        (f"{FIRST}.TableRight[Mask]=Full", Account(table_right={"Mask": "Full"})),
        (f"{FIRST}.TableRight[a.b]=1", Account(table_right={"a.b": "1"})),
        (f"{RIGHT}.a=&{FIRST}.TableRight.b=1", Account(table_right={"a": "", "b": "1"})),
        (f"{FIRST}.FieldProperties[]=1", Account(field_properties={"": "1"})),
        (NESTED, Account(field_properties={"AccountId": field, "x": "1"})),
        (
            f"{RIGHT}[a.b][c]=1&{RIGHT}[a.b].d=2&{RIGHT}[][0]=3",
            Account(table_right={"a.b": {"c": "1", "d": "2"}, "": {"0": "3"}}),
        ),
    ):
        assert read_accounts(FORM, body) == [account], body


@pytest.mark.claim("unknown-members", "form-limits")
def test_unknown_members_are_noted_with_their_place_and_ignored() -> None:
    body = f"{{a=1&b[c][d]=2&{FIRST}.Id=3&{FIRST}.x.y=4&{FIRST}.x.y=5"
    assert read_accounts(FORM, body) == [Account()]
    assert read_body(FORM, body).violations == (
        "/{a: unknown member, ignored",
        "/b: unknown member, ignored",
        "/SyncUserAccounts/0/Id: unknown member, ignored",
        "/SyncUserAccounts/0/x: unknown member, ignored",
    )


@pytest.mark.claim("form-limits", "error-place", "text-ids", "account-id-int32", "body-shape")
def test_the_reason_has_the_place_of_a_wrong_value() -> None:
    for body, expected in (
        ("&", MISSING),
        ("a=1", MISSING),
        ("{}", "the body is not a form; it looks like JSON"),
        ('{"SyncUserAccounts":[{"AccountId":507}]}', "the body is not a form; it looks like JSON"),
        ("SyncUserAccounts=", "/SyncUserAccounts: expected an array, got a string"),
        (f"{FIRST}=507", "/SyncUserAccounts/0: expected an object, got a string"),
        (f"{FIRST}.AccountId=", "/SyncUserAccounts/0/AccountId: expected an integer, got"),
        (f"{FIRST}.AccountId=1.0", "/SyncUserAccounts/0/AccountId: expected an integer, got"),
        (f"{FIRST}.AccountId=null", "/SyncUserAccounts/0/AccountId: expected an integer, got"),
        (f"{FIRST}.AccountId=2147483648", "/SyncUserAccounts/0/AccountId: expected an integer f"),
        (f"{FIRST}.TableRight=x", "/SyncUserAccounts/0/TableRight: expected an object, got"),
    ):
        status, reason = rejection(FORM, body)
        assert (status, reason[: len(expected)]) == (400, expected), body


@pytest.mark.claim("form-shape", "body-syntax")
def test_an_invalid_key_gets_a_400_that_shows_a_valid_one() -> None:
    for key in (
        *("", "[0]", ".a", "a.", "]", "a]", "a[", "a[0", "a[0]b", "a[[0]]", "a[b]]", "["),
        *("SyncUserAccounts.", "SyncUserAccounts[]", "SyncUserAccounts[x].AccountId"),
        *("SyncUserAccounts[-1].AccountId", "SyncUserAccounts[00].AccountId"),
        *("SyncUserAccounts[1234567890].AccountId", "SyncUserAccounts[\u0660].AccountId"),
        *("SyncUserAccounts.AccountId", f"{FIRST}AccountId.x", f"{FIRST}.", f"{FIRST}..AccountId"),
        *(f"{FIRST}.AccountId.x", f"{FIRST}.AccountId[0]", f"{FIRST}.TableRight[a[b]"),
        f"{FIRST}.TableRight[a]b[c]",
    ):
        status, reason = rejection(FORM, f"{FIRST}.AssociateId=x&{key}=1")
        assert status == 400, key
        assert reason.endswith("expected a key such as SyncUserAccounts[0][AccountId]"), key
        assert reason.startswith(key[:60]), key


@pytest.mark.claim("body-syntax")
def test_a_free_object_may_have_a_hundred_levels() -> None:
    (account,) = read_accounts(FORM, f"{RIGHT}{'[a]' * 98}=1")
    assert str(account.table_right).count("'a'") == 98
    keys = [f"{RIGHT}{'.a' * levels}.x=1" for levels in range(1, 200)]
    assert read_accounts(FORM, "&".join(keys[:90]))
    for body in (f"{RIGHT}{'[a]' * 99}=1", f"{RIGHT}{'[a]' * 10_000}=1", "&".join(keys)):
        status, reason = rejection(FORM, body)
        assert status == 400
        assert reason.startswith(RIGHT)
        assert reason.endswith("nested more than 100 deep; send fewer levels")


@pytest.mark.claim("body-limit")
def test_more_than_ten_thousand_nested_members_get_a_413() -> None:
    keys = [f"{FIRST}.TableRight.{number}.a.b" for number in range(5_001)]
    assert read_accounts(FORM, "&".join(keys[:-1]))
    reason = f"{keys[-1]}: more than 10000 members that have members; send fewer"
    assert rejection(FORM, "&".join(keys)) == (413, reason)


def test_a_key_that_is_a_value_and_a_parent_gets_a_400() -> None:
    for body in (
        f"SyncUserAccounts=1&{FIRST}.AccountId=1",
        f"{FIRST}=1&{FIRST}.AccountId=1",
        f"{FIRST}.AccountId=1&{FIRST}=1",
        f"{FIRST}.AccountId=1&SyncUserAccounts=",
        f"{FIRST}.TableRight=&{FIRST}.TableRight.a=1",
        f"{FIRST}.TableRight.a=&{FIRST}.TableRight.a.b=1",
        f"{FIRST}.TableRight.a.b.c=&{FIRST}.TableRight.a.b=1",
    ):
        status, reason = rejection(FORM, body)
        assert status == 400, body
        assert reason.endswith("the same key is a value and a parent"), body


@pytest.mark.claim("charset", "charset-broken")
def test_escapes_are_valid_bytes_of_the_charset_or_of_utf_8_in_a_utf_16_body() -> None:
    for charset, encoding, escaped in (
        ("", "utf-8", "%C3%A9%20%C3%A9"),
        ("; charset=utf-8", "utf-8", "%c3%a9+%C3%A9"),
        ("; charset=iso-8859-1", "latin-1", "%E9+é"),
        ("; charset=utf-16le", "utf-16-le", "%C3%A9+é"),
        ("; charset=utf-16", "utf-16", "é+%C3%A9"),
        ("", "utf-8", "é+%C3%A9"),
    ):
        body = f"SyncUserAccounts%5B0%5D.AssociateName={escaped}".encode(encoding)
        assert read_accounts(FORM + charset, body) == [Account(name="é é")], (charset, escaped)
    for field in (f"{FIRST}.AssociateName=%FF", f"{FIRST}.AssociateName=a%ED%A0%80", "%C3=1"):
        assert rejection(FORM, field) == (400, "a percent-encoded value is not utf-8"), field


@given(escapes)
@example("%%%41%%4%4z%")
def test_escapes_are_decoded_as_by_the_standard_library(text: str) -> None:
    name = parse_qsl(f"a={text}", keep_blank_values=True, errors="surrogateescape")[0][1]
    body = f"{FIRST}.AssociateName={text}".encode()
    if name.isprintable() or "%C3" not in text:
        content = form_body.read(body, None, SHAPE, BodyNotes(1))
        assert content == {"SyncUserAccounts": [{"AssociateName": name}]}
    else:
        assert rejection(FORM, body)[0] == 400
