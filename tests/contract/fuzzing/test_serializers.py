"""Forms and XML that are generated: how the mock reads them, and what text can't tell apart."""

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.fuzzing.serializers import FORM, XML, form, is_also_valid, xml
from superoffice_contract.openapi import operations
from superoffice_mock.errors import Rejected
from superoffice_mock.wire.decode import decode

OPERATION: Final = next(iter(operations.load().operations.values()))
SHAPE: Final = OPERATION.bodies["application/xml"].shape
NIL: Final = ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'

SAMPLE: Final = {
    "SyncUserAccounts": [{"AccountId": 507, "AssociateName": "Walker LLC", "AssociateId": 874}]
}

ids = st.integers(-(2**31), 2**31 - 1)
texts = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), max_size=8).filter(
    lambda text: not {"\ufffe", "\uffff"} & set(text)
)
accounts = st.fixed_dictionaries(
    {"AccountId": ids}, optional={"AssociateName": texts, "AssociateId": ids}
)
bodies = st.builds(
    lambda items: {"SyncUserAccounts": items}, st.lists(accounts, min_size=1, max_size=12)
)


def read_accounts(media_type: str, raw: bytes) -> list[Any]:
    request = decode(OPERATION, media_type, raw, 100).content
    return [
        (account.account_id, account.associate_name, account.associate_id)
        for account in request.sync_user_accounts
    ]


# ---- writing ---------------------------------------------------------------------------------


def test_a_form_has_one_key_for_each_member_of_each_account() -> None:
    assert form(SAMPLE).replace(b"%5B", b"[").replace(b"%5D", b"]") == (
        b"SyncUserAccounts[0][AccountId]=507"
        b"&SyncUserAccounts[0][AssociateName]=Walker+LLC"
        b"&SyncUserAccounts[0][AssociateId]=874"
    )


def test_xml_wraps_the_accounts_under_the_described_names() -> None:
    assert xml(SAMPLE, SHAPE) == (
        b"<SyncEmailAccountsRequest><SyncUserAccounts><SyncUserAccount>"
        b"<AccountId>507</AccountId><AssociateName>Walker LLC</AssociateName>"
        b"<AssociateId>874</AssociateId>"
        b"</SyncUserAccount></SyncUserAccounts></SyncEmailAccountsRequest>"
    )


def test_forms_of_values_with_wrong_types() -> None:
    for value, expected in (
        ({"a": None}, b"a=null"),
        ({"a": []}, b"a="),
        ({"a": {}}, b"a="),
        ({"a": [True, 0.5]}, b"a%5B0%5D=true&a%5B1%5D=0.5"),
        ({"a.b": {"[]": "x"}}, b"a_2e_b%5B_5b__5d_%5D=x"),
        ({}, b""),
        ([], b""),
        (["x"], b"0=x"),
        (None, b"null="),
        ("x", b"x="),
    ):
        assert form(value) == expected, value


def test_xml_of_values_with_wrong_types() -> None:
    for value, expected in (
        ({"AccountId": None}, f"<AccountId{NIL}></AccountId>"),
        ({"AccountId": [1]}, "<AccountId>[1]</AccountId>"),
        ({"AssociateName": "<&\x00\ud800>"}, "<AssociateName>&lt;&amp;&gt;</AssociateName>"),
        ({"TableRight": {"Mask": True}}, "<TableRight><Mask>true</Mask></TableRight>"),
        ({"1 é:": 1, "": 2}, "<_1___>1</_1___><_>2</_>"),
    ):
        text = xml({"SyncUserAccounts": [value]}, SHAPE).decode()
        assert text.split("<SyncUserAccount>")[1].split("</SyncUserAccount>")[0] == expected


def test_xml_of_a_root_that_is_not_an_object_keeps_its_name() -> None:
    assert (
        xml(None, SHAPE) == f"<SyncEmailAccountsRequest{NIL}></SyncEmailAccountsRequest>".encode()
    )
    assert xml([1], SHAPE) == b"<SyncEmailAccountsRequest>[1]</SyncEmailAccountsRequest>"


# ---- reading ---------------------------------------------------------------------------------


@given(bodies)
@pytest.mark.claim("same-effect")
def test_the_mock_reads_from_forms_and_xml_what_was_written(body: dict[str, Any]) -> None:
    expected = [
        (account["AccountId"], account.get("AssociateName"), account.get("AssociateId", 0))
        for account in body["SyncUserAccounts"]
    ]
    assert read_accounts(XML[0], xml(body, SHAPE)) == expected
    form_accounts = read_accounts(FORM, form(body))
    # A form has no null, so an absent name and an empty one are read as the same.
    assert [(id_, name or None, owner) for id_, name, owner in form_accounts] == [
        (id_, name or None, owner) for id_, name, owner in expected
    ]


# ---- values that text can't tell apart -------------------------------------------------------


def write(value: object, media_type: str) -> bytes:
    return form(value) if media_type == FORM else xml(value, SHAPE)


def is_written_like_valid(value: object, media_type: str) -> bool:
    body = OPERATION.bodies[media_type]
    return is_also_valid(write(value, media_type), value, media_type, body)


def body_with(**members: object) -> object:
    return {"SyncUserAccounts": [members]}


def test_some_wrong_values_have_the_same_bytes_as_valid_ones() -> None:
    for media_type, value in (
        (XML[0], {"SyncUserAccounts": ""}),
        (XML[0], {"SyncUserAccounts": {}}),
        (XML[1], ""),
        (XML[0], body_with(AccountId="507")),
        (XML[0], body_with(AssociateName=5)),
        (XML[0], body_with(AssociateName=[])),
        (XML[0], body_with(TableRight="")),
        (XML[0], body_with(TableRight={"Mask": 1}, AssociateName=None, AccountId="5")),
        (FORM, body_with(AccountId="-507")),
        (FORM, body_with(AssociateName=None)),
        (FORM, body_with(AssociateName=[])),
        (FORM, body_with(TableRight={"Mask": 1, "Reason": []})),
        (FORM, body_with(TableRight=["x"])),
        (FORM, body_with(TableRight={"Mask": {"a": [True, {}, {"b": None}]}})),
    ):
        assert is_written_like_valid(value, media_type), value
        assert decode(OPERATION, media_type, write(value, media_type), 100).content is not None


def test_other_wrong_values_have_invalid_bytes() -> None:
    for media_type, value in (
        (XML[0], {"SyncUserAccounts": "x"}),
        (XML[0], {"SyncUserAccounts": 0}),
        (XML[0], {"SyncUserAccounts": [None]}),
        (XML[0], [1]),
        (XML[0], body_with(AccountId="")),
        (XML[0], body_with(AccountId="5.0")),
        (XML[0], body_with(AccountId=None)),
        (XML[0], body_with(AccountId=2**31)),
        (XML[0], body_with(AssociateName={"a": 1})),
        (XML[0], body_with(TableRight=[])),
        (FORM, {"SyncUserAccounts": []}),
        (FORM, {"SyncUserAccounts": [{}]}),
        (FORM, {"SyncUserAccounts": [None]}),
        (FORM, body_with(AccountId=[1])),
        (FORM, body_with(AssociateName=["x"])),
        (FORM, body_with(TableRight=5)),
        (FORM, {}),
    ):
        assert not is_written_like_valid(value, media_type), value
        with pytest.raises(Rejected):
            decode(OPERATION, media_type, write(value, media_type), 100)


def test_the_bytes_of_another_value_are_not_valid() -> None:
    body, value = OPERATION.bodies[FORM], body_with(AccountId="5")
    assert not is_also_valid(form(body_with(AccountId="x")), value, FORM, body)


def test_json_keeps_types_apart() -> None:
    body, value = OPERATION.bodies["application/json"], body_with(AccountId="5")
    assert not is_also_valid(json.dumps(value).encode(), value, "application/json", body)
