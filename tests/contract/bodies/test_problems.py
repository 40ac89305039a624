"""All problems of a value: each wrong place once, with or without text of the client."""

from typing import Any, Final

from superoffice_contract.bodies.problems import find_problems
from superoffice_contract.bodies.values import BodyNotes
from superoffice_contract.openapi.operations import Body
from tests.contract.bodies.builders import FORM, JSON, OPERATION, body_of

INT32: Final = "expected an integer from -2147483648 to 2147483647"


def list_problems(
    value: Any, body: Body, *, hide_text: bool = False, is_form: bool = False
) -> list[str]:
    notes = BodyNotes(hide_text=hide_text, is_form=is_form)
    return [str(problem) for problem in find_problems(value, body, notes)]


def list_id_problems(*ids: object, hide_text: bool = False) -> list[str]:
    value = {"SyncUserAccounts": [{"AccountId": id_} for id_ in ids]}
    problems = list_problems(value, OPERATION.bodies[JSON], hide_text=hide_text)
    return [problem.removeprefix("/SyncUserAccounts/") for problem in problems]


def test_every_wrong_place_is_found_once() -> None:
    assert list_id_problems(1, -1) == []
    assert list_id_problems(1.0, 2, None, 2.0, 2**31, 3e9) == [
        "0/AccountId: expected an integer, got the number 1.0",
        "2/AccountId: expected an integer, got null",
        f"4/AccountId: {INT32}, got the number 2147483648",
        "5/AccountId: expected an integer, got the number 3000000000.0",
        "3/AccountId: expected an integer, got the number 2.0",
    ]
    value = {"SyncUserAccounts": [{"AccountId": None, "AssociateName": 1.0}]}
    assert list_problems(value, OPERATION.bodies[JSON]) == [
        "/SyncUserAccounts/0/AccountId: expected an integer, got null",
        "/SyncUserAccounts/0/AssociateName: expected a string or null, got the number 1.0",
    ]


def test_a_hidden_value_is_described_by_its_type() -> None:
    assert list_id_problems(
        "507", 1.5, 10**30, True, {"secret": 1}, ["secret"], hide_text=True
    ) == [
        "0/AccountId: expected an integer, got a string",
        "1/AccountId: expected an integer, got a number with a fraction or an exponent",
        f"2/AccountId: {INT32}, got another number",
        "3/AccountId: expected an integer, got a boolean",
        "4/AccountId: expected an integer, got an object",
        "5/AccountId: expected an integer, got an array",
    ]


def test_what_the_schema_says_of_a_hidden_value_leaves_out_the_value() -> None:
    body = OPERATION.bodies[FORM]
    accounts: dict[str, Any] = {"TableRight": {"a secret": 5, "other": 5}}
    assert list_problems({"SyncUserAccounts": [accounts, {}]}, body, hide_text=True) == [
        "/SyncUserAccounts/0/TableRight/a member: the description does not allow this value",
        "/SyncUserAccounts/0/TableRight/'other': the description does not allow this value",
        "/SyncUserAccounts/1: has less than 1 property",
    ]


def test_every_missing_member_is_named_with_a_hint_only_in_forms() -> None:
    schema = {"type": "object", "required": ["A", "B"], "properties": {"A": {"type": "string"}}}
    hint = "; a form does so with keys such as A"
    missing = ("/A: missing; send a string", "/B: missing")
    assert list_problems({}, body_of(schema)) == [*missing]
    assert list_problems({}, body_of(schema), is_form=True) == [f"{text}{hint}" for text in missing]
