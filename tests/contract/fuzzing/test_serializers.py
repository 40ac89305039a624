"""Generated values that text can't tell apart: whether a form or XML of one is that of another."""

from typing import Final

import pytest

from superoffice_contract.bodies.decode import decode
from superoffice_contract.bodies.writers import write_form, write_xml
from superoffice_contract.errors import InvalidBody
from superoffice_contract.fuzzing.serializers import FORM, XML, looks_valid
from superoffice_contract.openapi import operations

OPERATION: Final = operations.load().by_name["SyncEmailAccounts"]
SHAPE: Final = OPERATION.bodies["application/xml"].shape


def write(value: object, media_type: str) -> bytes:
    return write_form(value) if media_type == FORM else write_xml(value, SHAPE)


def is_written_like_valid(value: object, media_type: str) -> bool:
    return looks_valid(value, media_type, OPERATION.bodies[media_type])


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
        assert (
            decode(OPERATION.bodies, media_type, write(value, media_type), 100).content is not None
        )


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
        with pytest.raises(InvalidBody):
            decode(OPERATION.bodies, media_type, write(value, media_type), 100)


def test_json_keeps_types_apart() -> None:
    for value in (body_with(AccountId="5"), b'{"SyncUserAccounts": [{"AccountId": 5}]}'):
        assert not is_written_like_valid(value, "application/json")
