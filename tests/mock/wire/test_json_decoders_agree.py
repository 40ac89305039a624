"""The fast and the general way agree, and both with jsonschema, the reference."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from superoffice_mock.errors import Rejected
from tests.mock.wire.builders import JSON, OPERATION, Account, accounts

REFERENCE = Draft202012Validator(OPERATION.bodies[JSON].schema)
MEMBERS = ("AccountId", "AssociateName", "AssociateId", "TableRight", "FieldProperties")
ROOT = "SyncUserAccounts"


class Members(list[tuple[str, Any]]):
    """An object of which every member is written, also those that another replaces."""


# ---- documents -------------------------------------------------------------------------------


def respelt(name: str, upper: Sequence[bool]) -> str:
    return "".join(c.upper() if up else c.lower() for c, up in zip(name, upper, strict=True))


def any_case(name: str) -> st.SearchStrategy[str]:
    flags = st.lists(st.booleans(), min_size=len(name), max_size=len(name))
    camel = name[0].lower() + name[1:]
    return st.sampled_from([name, name, camel, camel]) | flags.map(lambda up: respelt(name, up))


good_ids = st.integers(-(2**31), 2**31 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
edges = st.sampled_from([2**31, -(2**31) - 1, 1.0, 1e2, -0.0, 2.0**31])
anything = st.recursive(
    st.none() | st.booleans() | numbers | edges | texts,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=4,
)
objects = st.dictionaries(texts, anything, max_size=2)
good = {
    "AccountId": good_ids,
    "AssociateId": good_ids,
    "AssociateName": st.none() | texts,
    "TableRight": st.none() | objects,
    "FieldProperties": st.none() | objects,
}


def members_of(name: str) -> st.SearchStrategy[tuple[str, Any]]:
    usual = good[name]
    return st.tuples(any_case(name), usual | usual | usual | usual | anything)


unknown = st.tuples(texts, anything)
mostly_good = st.lists(st.one_of(*map(members_of, MEMBERS), unknown), max_size=5).map(Members)
proper = st.fixed_dictionaries({}, optional=good)
items = st.one_of(
    st.lists(proper, max_size=4),
    st.lists(mostly_good, max_size=3),
    st.lists(mostly_good | anything, max_size=2),
)
lists = st.tuples(any_case(ROOT), items | items | items | st.none() | anything)
bodies = st.lists(lists | unknown, max_size=3).map(Members) | lists.map(lambda one: Members([one]))
documents = bodies | bodies | bodies | anything


def written(value: Any) -> str:
    """Write *value* as JSON, with all members that it lists."""
    if isinstance(value, dict):
        value = Members(value.items())
    if isinstance(value, Members):
        members = (f"{json.dumps(name)}:{written(child)}" for name, child in value)
        return f"{{{','.join(members)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    return json.dumps(value, ensure_ascii=False)


# ---- the reference ---------------------------------------------------------------------------


def canonical(pairs: Sequence[tuple[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    """Return the members under the described names; of two the last wins."""
    described = {name.lower(): name for name in names}
    return {described.get(name.lower(), name): value for name, value in pairs}


def understood(document: str) -> Any:
    """Return *document* with the described names, decoded by the standard library alone."""
    body = json.loads(document, object_pairs_hook=Members)
    if isinstance(body, Members):
        body = canonical(body, [ROOT])
        if type(body.get(ROOT)) is list:
            body[ROOT] = [
                canonical(item, MEMBERS) if isinstance(item, Members) else item
                for item in body[ROOT]
            ]
    return plain(body)


def plain(value: Any) -> Any:
    if isinstance(value, (dict, Members)):
        return {name: plain(child) for name, child in dict(value).items()}
    return [plain(child) for child in value] if isinstance(value, list) else value


def has_float_id(item: dict[str, Any]) -> bool:
    """The one exception: JSON Schema calls 1.0 an integer."""
    return any(isinstance(item.get(name), float) for name in ("AccountId", "AssociateId"))


def expected(document: str) -> list[Account] | None:
    """Return the accounts that the reference finds, None if it refuses them."""
    value = understood(document)
    if not REFERENCE.is_valid(value):
        return None
    listed = value.get(ROOT) or []
    if any(has_float_id(item) for item in listed):
        return None
    defaults = {"AccountId": 0, "AssociateId": 0}
    return [Account(*((defaults | item).get(name) for name in MEMBERS)) for item in listed]


# ---- the three ways --------------------------------------------------------------------------


def found(content_type: str, raw: bytes) -> list[Account] | None:
    try:
        return accounts(content_type, raw)
    except Rejected as error:
        return None if error.status == 400 else [Account(error.status)]


@pytest.mark.claim("body-shape", "camel-case", "unknown-members", "integers-strict", "items-all")
@given(documents.map(written))
@example('{"SyncUserAccounts":[{"AccountId":1.0}]}')
@example('{"SyncUserAccounts":[{"AccountId":1e2}]}')
@example('{"SyncUserAccounts":[{"AccountId":18446744073709551616}]}')
@example('{"SyncUserAccounts":[{"AccountId":1,"AccountId":"x"}]}')
@example('{"syncUserAccounts":[{"accountId":1},null]}')
def test_both_ways_find_the_accounts_that_the_reference_finds(document: str) -> None:
    wanted = expected(document)
    assert found(JSON, document.encode()) == wanted
    assert found("application/json; charset=utf-16le", document.encode("utf-16-le")) == wanted


@pytest.mark.claim("camel-case")
@given(st.lists(proper, max_size=6), st.sampled_from([str, str.lower, str.upper]))
def test_what_keeps_the_contract_is_taken_in_any_case(
    listed: list[dict[str, Any]], case: Any
) -> None:
    items = [Members((case(name), value) for name, value in item.items()) for item in listed]
    document = written(Members([(case(ROOT), items)]))
    assert found(JSON, document.encode()) == expected(document)
    assert len(expected(document) or []) == len(listed)
