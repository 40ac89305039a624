"""Generated values that text can't tell apart: whether a form or XML of one is that of another."""

from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from superoffice_contract.bodies.decode import decode
from superoffice_contract.bodies.writers import Value, write_form, write_xml
from superoffice_contract.errors import InvalidBody
from superoffice_contract.fuzzing.serializers import FORM, XML, looks_valid
from superoffice_contract.openapi import operations

OPERATION: Final = operations.load().by_name["SyncEmailAccounts"]
SHAPE: Final = OPERATION.bodies["application/xml"].shape
MEMBERS: Final = (
    *("AccountId", "AssociateId", "AssociateName", "TableRight", "FieldProperties", "Other"),
)
SCALARS: Final = st.sampled_from(
    ["", "x", "5", "-507", "5.0", 0, 5, 507, 2**31, 1.5, None, True],
)
VALUES: Final = st.recursive(
    SCALARS,
    lambda child: (
        st.lists(child, max_size=2)
        | st.dictionaries(st.sampled_from(["Mask", "Reason", "a"]), child, max_size=2)
    ),
    max_leaves=4,
)
ACCOUNTS: Final = VALUES | st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=3)
LISTS: Final = VALUES | st.lists(ACCOUNTS, max_size=2)
REQUESTS: Final = VALUES | st.fixed_dictionaries({"SyncUserAccounts": LISTS})


def is_read(value: Value, media_type: str) -> bool:
    """Return whether the bytes of *value* are those of a valid body."""
    raw = write_form(value) if media_type == FORM else write_xml(value, SHAPE)
    try:
        return decode(OPERATION.bodies, media_type, raw, 100).content is not None
    except InvalidBody:
        return False


@settings(max_examples=500, deadline=None)
@given(REQUESTS, st.sampled_from([FORM, *XML]))
def test_a_value_looks_valid_exactly_if_its_bytes_are_valid(value: Value, media_type: str) -> None:
    body = OPERATION.bodies[media_type]
    assert looks_valid(value, media_type, body) == is_read(value, media_type)


def test_json_keeps_types_apart() -> None:
    for value in (
        {"SyncUserAccounts": [{"AccountId": "5"}]},
        b'{"SyncUserAccounts": [{"AccountId": 5}]}',
    ):
        assert not looks_valid(value, "application/json", OPERATION.bodies["application/json"])
