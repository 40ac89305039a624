"""Forms and XML as the harness writes them: read back by the mock, and what text can't tell."""

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
    lambda listed: {"SyncUserAccounts": listed}, st.lists(accounts, min_size=1, max_size=12)
)


def read(media_type: str, raw: bytes) -> list[Any]:
    request = decode(OPERATION, media_type, raw, 100).request
    return [
        (one.account_id, one.associate_name, one.associate_id) for one in request.sync_user_accounts
    ]


# ---- what is written -------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("value", "written"),
    [
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
    ],
)
def test_forms_of_odd_values(value: object, written: bytes) -> None:
    assert form(value) == written


@pytest.mark.parametrize(
    ("value", "inside"),
    [
        ({"AccountId": None}, f"<AccountId{NIL}></AccountId>"),
        ({"AccountId": [1]}, "<AccountId>[1]</AccountId>"),
        ({"AssociateName": "<&\x00\ud800>"}, "<AssociateName>&lt;&amp;&gt;</AssociateName>"),
        ({"TableRight": {"Mask": True}}, "<TableRight><Mask>true</Mask></TableRight>"),
        ({"1 é:": 1, "": 2}, "<_1___>1</_1___><_>2</_>"),
    ],
)
def test_xml_of_odd_values(value: object, inside: str) -> None:
    written = xml({"SyncUserAccounts": [value]}, SHAPE).decode()
    assert written.split("<SyncUserAccount>")[1].split("</SyncUserAccount>")[0] == inside


def test_xml_of_a_root_that_is_no_object_keeps_its_name() -> None:
    assert (
        xml(None, SHAPE) == f"<SyncEmailAccountsRequest{NIL}></SyncEmailAccountsRequest>".encode()
    )
    assert xml([1], SHAPE) == b"<SyncEmailAccountsRequest>[1]</SyncEmailAccountsRequest>"


# ---- what is read back -----------------------------------------------------------------------


@given(bodies)
@pytest.mark.claim("same-effect")
def test_the_mock_reads_from_forms_and_xml_what_was_written(body: dict[str, Any]) -> None:
    wanted = [
        (one["AccountId"], one.get("AssociateName"), one.get("AssociateId", 0))
        for one in body["SyncUserAccounts"]
    ]
    assert read(XML[0], xml(body, SHAPE)) == wanted
    of_form = read(FORM, form(body))
    # A form says nothing of a member that is absent: it has no null.
    assert [(id_, name or None, owner) for id_, name, owner in of_form] == [
        (id_, name or None, owner) for id_, name, owner in wanted
    ]


# ---- what text can't tell --------------------------------------------------------------------


def write(value: object, media_type: str) -> bytes:
    return form(value) if media_type == FORM else xml(value, SHAPE)


def also_valid(value: object, media_type: str) -> bool:
    body = OPERATION.bodies[media_type]
    return is_also_valid(write(value, media_type), value, media_type, body)


def account(**members: object) -> object:
    return {"SyncUserAccounts": [members]}


@pytest.mark.parametrize(
    ("media_type", "value"),
    [
        (XML[0], {"SyncUserAccounts": ""}),
        (XML[0], {"SyncUserAccounts": {}}),
        (XML[1], ""),
        (XML[0], account(AccountId="507")),
        (XML[0], account(AssociateName=5)),
        (XML[0], account(AssociateName=[])),
        (XML[0], account(TableRight="")),
        (XML[0], account(TableRight={"Mask": 1}, AssociateName=None, AccountId="5")),
        (FORM, account(AccountId="-507")),
        (FORM, account(AssociateName=None)),
        (FORM, account(AssociateName=[])),
        (FORM, account(TableRight={"Mask": 1, "Reason": []})),
        (FORM, account(TableRight=["x"])),
        (FORM, account(TableRight={"Mask": {"a": [True, {}, {"b": None}]}})),
    ],
)
def test_some_wrong_values_are_the_same_bytes_as_right_ones(media_type: str, value: object) -> None:
    assert also_valid(value, media_type)
    assert decode(OPERATION, media_type, write(value, media_type), 100).request is not None


@pytest.mark.parametrize(
    ("media_type", "value"),
    [
        (XML[0], {"SyncUserAccounts": "x"}),
        (XML[0], {"SyncUserAccounts": 0}),
        (XML[0], {"SyncUserAccounts": [None]}),
        (XML[0], [1]),
        (XML[0], account(AccountId="")),
        (XML[0], account(AccountId="5.0")),
        (XML[0], account(AccountId=None)),
        (XML[0], account(AccountId=2**31)),
        (XML[0], account(AssociateName={"a": 1})),
        (XML[0], account(TableRight=[])),
        (FORM, {"SyncUserAccounts": []}),
        (FORM, {"SyncUserAccounts": [{}]}),
        (FORM, {"SyncUserAccounts": [None]}),
        (FORM, account(AccountId=[1])),
        (FORM, account(AssociateName=["x"])),
        (FORM, account(TableRight=5)),
        (FORM, {}),
    ],
)
def test_other_wrong_values_stay_wrong_as_bytes(media_type: str, value: object) -> None:
    assert not also_valid(value, media_type)
    with pytest.raises(Rejected):
        decode(OPERATION, media_type, write(value, media_type), 100)


def test_bytes_that_another_value_became_are_not_excused() -> None:
    body, right = OPERATION.bodies[FORM], account(AccountId="5")
    assert not is_also_valid(form(account(AccountId="x")), right, FORM, body)


def test_json_tells_its_types_apart() -> None:
    body, wrong = OPERATION.bodies["application/json"], account(AccountId="5")
    assert not is_also_valid(json.dumps(wrong).encode(), wrong, "application/json", body)
