"""The fast and the general path of JSON agree with each other and with jsonschema."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from superoffice_contract.errors import InvalidBody
from tests.contract.bodies.builders import JSON, OPERATION, Account, read_accounts

BODY = OPERATION.bodies[JSON]
REFERENCE = Draft202012Validator(BODY.schemas.with_references(BODY.schema))
MEMBERS = ("AccountId", "AssociateName", "AssociateId", "TableRight", "FieldProperties")
ROOT = "SyncUserAccounts"


class Members(list[tuple[str, Any]]):
    """The members of an object, duplicates included."""


# ---- documents -------------------------------------------------------------------------------


def any_case(name: str) -> st.SearchStrategy[str]:
    flags = st.lists(st.booleans(), min_size=len(name), max_size=len(name))
    cases = {True: str.upper, False: str.lower}
    mixed = flags.map(
        lambda upper: "".join(cases[up](c) for c, up in zip(name, upper, strict=True))
    )
    camel = name[0].lower() + name[1:]
    return st.sampled_from([name, name, camel, camel]) | mixed


def members_of(name: str) -> st.SearchStrategy[tuple[str, Any]]:
    usual = valid_members[name]
    return st.tuples(any_case(name), usual | usual | usual | usual | anything)


valid_ids = st.integers(-(2**31), 2**31 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
edges = st.sampled_from([2**31, -(2**31) - 1, 1.0, 1e2, -0.0, 2.0**31])
anything = st.recursive(
    st.none() | st.booleans() | numbers | edges | texts,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=4,
)
objects = st.dictionaries(texts, anything, max_size=2)
valid_members = {
    "AccountId": valid_ids,
    "AssociateId": valid_ids,
    "AssociateName": st.none() | texts,
    "TableRight": st.none() | objects,
    "FieldProperties": st.none() | objects,
}
unknown = st.tuples(texts, anything)
mostly_valid_items = st.lists(st.one_of(*map(members_of, MEMBERS), unknown), max_size=5).map(
    Members
)
valid_items = st.fixed_dictionaries({}, optional=valid_members)
items = st.one_of(
    st.lists(valid_items, max_size=4),
    st.lists(mostly_valid_items, max_size=3),
    st.lists(mostly_valid_items | anything, max_size=2),
)
lists = st.tuples(any_case(ROOT), items | items | items | st.none() | anything)
bodies = st.lists(lists | unknown, max_size=3).map(Members) | lists.map(
    lambda pair: Members([pair])
)
documents = bodies | bodies | bodies | anything


def write(value: Any) -> str:
    """Return *value* as JSON, with duplicate members."""
    if isinstance(value, dict):
        value = Members(value.items())
    if isinstance(value, Members):
        members = (f"{json.dumps(name)}:{write(child)}" for name, child in value)
        return f"{{{','.join(members)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(write, value))}]"
    return json.dumps(value, ensure_ascii=False)


# ---- the reference ---------------------------------------------------------------------------


def rename_members(pairs: Sequence[tuple[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    """Return the members under the names of the description; the last of duplicates counts."""
    names_by_key = {name.lower(): name for name in names}
    return {names_by_key.get(name.lower(), name): value for name, value in pairs}


def normalize(document: str) -> Any:
    """Return *document*, decoded by the standard library, with the names of the description."""
    body = json.loads(document, object_pairs_hook=Members)
    if isinstance(body, Members):
        body = rename_members(body, [ROOT])
        if type(body.get(ROOT)) is list:
            body[ROOT] = [
                rename_members(item, MEMBERS) if isinstance(item, Members) else item
                for item in body[ROOT]
            ]
    return to_plain(body)


def to_plain(value: Any) -> Any:
    if isinstance(value, (dict, Members)):
        return {name: to_plain(child) for name, child in dict(value).items()}
    return [to_plain(child) for child in value] if isinstance(value, list) else value


def reference_accounts(document: str) -> list[Account] | None:
    """Return the accounts that the reference reads, or None if it rejects the document."""
    value = normalize(document)
    if not REFERENCE.is_valid(value):
        return None
    accounts = value.get(ROOT) or []
    ids = [account.get(name) for account in accounts for name in ("AccountId", "AssociateId")]
    if any(isinstance(id_, float) for id_ in ids):  # such as 1.0, an integer to JSON Schema
        return None
    defaults = {"AccountId": 0, "AssociateId": 0}
    return [Account(*((defaults | item).get(name) for name in MEMBERS)) for item in accounts]


# ---- comparison ------------------------------------------------------------------------------

VALID = (
    "{}",
    '{"other":1}',
    '{"SyncUserAccounts":null}',
    '{"syncuseraccounts":[]}',
    '{"SyncUserAccounts":[{},{"AccountId":0},{"AccountId":-1},{"AssociateId":874}]}',
    '{"SyncUserAccounts":[{"AccountId":2147483647},{"AccountId":-2147483648}]}',
    '{"SyncUserAccounts":[{"AssociateName":null,"TableRight":null,"FieldProperties":null}]}',
    '{"SyncUserAccounts":[{"TableRight":{}},{"TableRight":{"Mask":255}}]}',
    '{"SyncUserAccounts":[{"fieldProperties":{"a":{"b":[1]}}}]}',
    '{"SyncUserAccounts":[{"AccountId":1,"accountId":2}]}',
    '{"SyncUserAccounts":[{"accountId":1,"AccountId":2}]}',
    '{"SyncUserAccounts":[{"AccountId":1,"AccountId":2}]}',
    '{"SyncUserAccounts":[{"accountId":1,"AccountId":2,"accountId":3}]}',
    '{"SyncUserAccounts":[{"AccountId":"x","accountId":2}]}',
    '{"SyncUserAccounts":[{"AccountId":null,"AccountId":2}]}',
    '{"SyncUserAccounts":[{"AccountId":1,"accountId":2,"TableRight":{"a":[{"b":1}]}}]}',
)


def decoded_accounts(content_type: str, raw: bytes) -> list[Account] | None:
    try:
        return read_accounts(content_type, raw)
    except InvalidBody as error:
        return None if error.status == 400 else [Account(error.status)]


@pytest.mark.claim("body-shape", "camel-case", "unknown-members", "integers-strict", "items-all")
@given(documents.map(write))
@example('{"SyncUserAccounts":[{"AccountId":1.0}]}')
@example('{"SyncUserAccounts":[{"AccountId":1e2}]}')
@example('{"SyncUserAccounts":[{"AccountId":18446744073709551616}]}')
@example('{"SyncUserAccounts":[{"AccountId":1,"AccountId":"x"}]}')
@example('{"syncUserAccounts":[{"accountId":1},null]}')
def test_both_paths_read_the_accounts_that_the_reference_reads(document: str) -> None:
    expected = reference_accounts(document)
    assert decoded_accounts(JSON, document.encode()) == expected
    assert decoded_accounts(f"{JSON}; charset=utf-16le", document.encode("utf-16-le")) == expected


@pytest.mark.claim("member-case", "account-id-int32", "any-id", "id-absent", "null-members")
@pytest.mark.claim("carrier-members", "empty-list")
def test_absent_null_and_duplicate_members_are_accepted() -> None:
    for document in VALID:
        expected = reference_accounts(document)
        assert expected is not None, document
        assert decoded_accounts(JSON, document.encode()) == expected, document


@pytest.mark.claim("camel-case", "member-case")
@given(st.lists(valid_items, max_size=6), st.sampled_from([str, str.lower, str.upper]))
def test_a_valid_body_is_accepted_in_any_case(accounts: list[dict[str, Any]], case: Any) -> None:
    items = [Members((case(name), value) for name, value in item.items()) for item in accounts]
    document = write(Members([(case(ROOT), items)]))
    assert decoded_accounts(JSON, document.encode()) == reference_accounts(document)
    assert len(reference_accounts(document) or []) == len(accounts)
