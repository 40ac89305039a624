"""Forms: both ways to write a key, in any order and charset; keys are read before values."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from superoffice_mock.wire import form_body
from superoffice_mock.wire.values import Notes
from tests.mock.wire.builders import FORM, OPERATION, Account, accounts, read, refused

FIRST = "SyncUserAccounts[0]"
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


@pytest.mark.claim("form-shape", "camel-case")
@pytest.mark.parametrize(
    "body",
    [
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
    ],
)
def test_both_syntaxes_and_any_escape_lead_to_the_same_place(body: str) -> None:
    assert accounts(FORM, body) == [Account(507, "a")]
    assert read(FORM, body).violations == ()


@pytest.mark.claim("form-gaps")
def test_items_come_in_the_order_of_their_indices_and_gaps_close() -> None:
    body = "&".join(f"SyncUserAccounts[{index}].AccountId={index}" for index in (10, 2, 999999999))
    assert accounts(FORM, body) == [Account(2), Account(10), Account(999999999)]
    assert read(FORM, body).violations == (
        "/SyncUserAccounts: the indices have gaps; the items were taken in their order",
    )
    assert refused(FORM, f"{body}&SyncUserAccounts[5].AccountId=x")[1].startswith(
        "/SyncUserAccounts/1/AccountId: "
    )


@pytest.mark.claim("form-limits", "carrier-members", "id-absent", "text-ids")
@pytest.mark.parametrize(
    ("body", "account"),
    [
        (f"{FIRST}.AssociateId=-874", Account(associate=-874)),
        (f"{FIRST}.AssociateName=", Account(name="")),
        (f"{FIRST}.AssociateName", Account(name="")),
        (f"{FIRST}.AssociateName=a=b", Account(name="a=b")),
        (f"{FIRST}.AssociateName=100%", Account(name="100%")),
        (f"{FIRST}.AssociateName=a%26b%3D%5Bc%5D+%2B", Account(name="a&b=[c] +")),
        (f"{FIRST}.AssociateName=\\x41%5C", Account(name="\\x41\\")),
        (f"{FIRST}.TableRight[Mask]=Full", Account(table_right={"Mask": "Full"})),
        (f"{FIRST}.TableRight[a.b]=1", Account(table_right={"a.b": "1"})),
        (
            f"{FIRST}[TableRight].a=&{FIRST}.TableRight.b=1",
            Account(table_right={"a": "", "b": "1"}),
        ),
        (f"{FIRST}.FieldProperties[]=1", Account(field_properties={"": "1"})),
        (
            NESTED,
            Account(
                field_properties={
                    "AccountId": {
                        "FieldRight": {"Mask": "Full", "Reason": "a.b"},
                        "FieldType": "",
                    },
                    "x": "1",
                }
            ),
        ),
        (
            f"{FIRST}.TableRight[a.b][c]=1&{FIRST}.TableRight[a.b].d=2&{FIRST}.TableRight[][0]=3",
            Account(table_right={"a.b": {"c": "1", "d": "2"}, "": {"0": "3"}}),
        ),
    ],
)
def test_values_are_text_as_it_was_escaped(body: str, account: Account) -> None:
    assert accounts(FORM, body) == [account]


@pytest.mark.claim("unknown-members", "form-limits")
def test_unknown_members_are_noted_with_their_place_and_ignored() -> None:
    body = f"a=1&b[c][d]=2&{FIRST}.Id=3&{FIRST}.x.y=4&{FIRST}.x.y=5"
    assert accounts(FORM, body) == [Account()]
    assert read(FORM, body).violations == (
        "/a: unknown member, ignored",
        "/b: unknown member, ignored",
        "/SyncUserAccounts/0/Id: unknown member, ignored",
        "/SyncUserAccounts/0/x: unknown member, ignored",
    )


@pytest.mark.claim("form-limits", "error-place", "text-ids", "account-id-int32", "body-shape")
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("&", MISSING),
        ("a=1", MISSING),
        ("{}", "the body is no form but looks like JSON"),
        ('{"SyncUserAccounts":[{"AccountId":507}]}', "the body is no form but looks like JSON"),
        ("SyncUserAccounts=", "/SyncUserAccounts: expected an array, got a string"),
        (f"{FIRST}=507", "/SyncUserAccounts/0: expected an object, got a string"),
        (f"{FIRST}.AccountId=", "/SyncUserAccounts/0/AccountId: expected an integer, got"),
        (f"{FIRST}.AccountId=1.0", "/SyncUserAccounts/0/AccountId: expected an integer, got"),
        (f"{FIRST}.AccountId=null", "/SyncUserAccounts/0/AccountId: expected an integer, got"),
        (f"{FIRST}.AccountId=2147483648", "/SyncUserAccounts/0/AccountId: expected an integer f"),
        (f"{FIRST}.TableRight=x", "/SyncUserAccounts/0/TableRight: expected an object, got"),
    ],
)
def test_what_does_not_belong_is_named_with_its_place(body: str, reason: str) -> None:
    status, got = refused(FORM, body)
    assert (status, got[: len(reason)]) == (400, reason)


@pytest.mark.claim("form-shape", "body-syntax")
@pytest.mark.parametrize(
    "key",
    [
        *("", "[0]", ".a", "a.", "]", "a]", "a[", "a[0", "a[0]b", "a[[0]]", "a[b]]", "["),
        *("SyncUserAccounts.", "SyncUserAccounts[]", "SyncUserAccounts[x].AccountId"),
        *("SyncUserAccounts[-1].AccountId", "SyncUserAccounts[00].AccountId"),
        *("SyncUserAccounts[1234567890].AccountId", "SyncUserAccounts[\u0660].AccountId"),
        *(
            "SyncUserAccounts.AccountId",
            "SyncUserAccounts[0]AccountId.x",
            "SyncUserAccounts[0].",
            f"{FIRST}..AccountId",
        ),
        *(f"{FIRST}.AccountId.x", f"{FIRST}.AccountId[0]", f"{FIRST}.TableRight[a[b]"),
        f"{FIRST}.TableRight[a]b[c]",
    ],
)
def test_a_key_that_leads_nowhere_is_a_400_that_shows_one_that_does(key: str) -> None:
    status, reason = refused(FORM, f"{FIRST}.AssociateId=x&{key}=1")
    assert status == 400
    assert reason.endswith("expected a key such as SyncUserAccounts[0][AccountId]")
    assert reason.startswith(key[:60])


@pytest.mark.claim("body-syntax")
def test_a_carrier_may_nest_to_a_hundredth_level() -> None:
    carrier = f"{FIRST}[TableRight]"
    (account,) = accounts(FORM, f"{carrier}{'[a]' * 98}=1")
    assert str(account.table_right).count("'a'") == 98
    for levels in (99, 10_000):
        status, reason = refused(FORM, f"{carrier}{'[a]' * levels}=1")
        assert status == 400
        assert reason.startswith(f"{carrier}[a]")
        assert reason.endswith("nested more than 100 deep; send fewer levels")


def test_a_carrier_that_grows_by_a_level_with_each_key_is_as_deep_at_most() -> None:
    keys = [f"{FIRST}.TableRight{'.a' * levels}" for levels in range(1, 200)]
    assert accounts(FORM, "&".join(f"{key}.x=1" for key in keys[:90]))
    reason = refused(FORM, "&".join(f"{key}.x=1" for key in keys))[1]
    assert reason.endswith("nested more than 100 deep; send fewer levels")


@pytest.mark.claim("body-limit")
def test_more_members_of_members_than_ten_thousand_are_a_413() -> None:
    def nested(fields: int) -> str:
        return "&".join(f"{FIRST}.TableRight.{n}.a.b=" for n in range(fields))

    assert accounts(FORM, nested(5_000))
    key = "SyncUserAccounts[0].TableRight.5000.a.b"
    reason = f"{key}: more than 10000 members that have members; send fewer"
    assert refused(FORM, nested(5_001)) == (413, reason)


@pytest.mark.parametrize(
    "body",
    [
        f"SyncUserAccounts=1&{FIRST}.AccountId=1",
        f"{FIRST}=1&{FIRST}.AccountId=1",
        f"{FIRST}.AccountId=1&{FIRST}=1",
        f"{FIRST}.AccountId=1&SyncUserAccounts=",
        f"{FIRST}.TableRight=&{FIRST}.TableRight.a=1",
        f"{FIRST}.TableRight.a=&{FIRST}.TableRight.a.b=1",
        f"{FIRST}.TableRight.a.b.c=&{FIRST}.TableRight.a.b=1",
    ],
)
def test_a_key_that_is_a_value_and_a_parent_is_a_400(body: str) -> None:
    status, reason = refused(FORM, body)
    assert status == 400
    assert reason.endswith("the same key is a value and a parent")


@pytest.mark.claim("charset", "charset-broken")
@pytest.mark.parametrize(
    ("charset", "encoding", "escaped"),
    [
        ("", "utf-8", "%C3%A9%20%C3%A9"),
        ("; charset=utf-8", "utf-8", "%c3%a9+%C3%A9"),
        ("; charset=iso-8859-1", "latin-1", "%E9+é"),
        ("; charset=utf-16le", "utf-16-le", "%C3%A9+é"),
        ("; charset=utf-16", "utf-16", "é+%C3%A9"),
        ("", "utf-8", "é+%C3%A9"),
    ],
)
def test_escapes_are_bytes_of_the_charset_and_in_utf_16_of_utf_8(
    charset: str, encoding: str, escaped: str
) -> None:
    body = f"SyncUserAccounts%5B0%5D.AssociateName={escaped}".encode(encoding)
    assert accounts(FORM + charset, body) == [Account(name="é é")]


@pytest.mark.claim("charset-broken")
@pytest.mark.parametrize("part", ["%FF", "%C3", "a%ED%A0%80"])
def test_escapes_that_are_not_of_the_charset_are_a_400(part: str) -> None:
    reason = "a percent-encoded value is not utf-8"
    assert refused(FORM, f"{FIRST}.AssociateName={part}") == (400, reason)
    assert refused(FORM, f"{part}=1") == (400, reason)


escapes = st.lists(
    st.sampled_from(["%", "%4", "%41", "%c3%a9", "%C3", "%25", "+", "\\", "\\x41", "é", "x", "%5B"])
).map("".join)


@given(escapes)
@example("%%%41%%4%4z%")
def test_escapes_mean_what_they_mean_to_the_standard_library(text: str) -> None:
    wanted = parse_qsl(f"a={text}", keep_blank_values=True, errors="surrogateescape")[0][1]
    body = f"{FIRST}.AssociateName={text}".encode()
    if wanted.isprintable() or "%C3" not in text:
        notes = Notes(1)
        assert form_body.read(body, None, SHAPE, notes) == {
            "SyncUserAccounts": [{"AssociateName": wanted}]
        }
    else:
        assert refused(FORM, body)[0] == 400
