"""JSON: any case of the names, the last of two wins, unknown members are noted."""

import json
from typing import Any

import pytest

from superoffice_mock.wire import json_body
from tests.mock.wire.builders import JSON, JSON_TYPES, OPERATION, Account, accounts, read, refused

BODY = OPERATION.bodies[JSON]
DEEP = 10_000


def one(members: str) -> str:
    return f'{{"SyncUserAccounts": [{members}]}}'


@pytest.mark.claim("camel-case", "patch-types-plain")
@pytest.mark.parametrize("media_type", JSON_TYPES)
@pytest.mark.parametrize(
    "body",
    [
        '{"SyncUserAccounts": [{"AccountId": 507, "AssociateName": "a", "AssociateId": 874}]}',
        '{"syncUserAccounts": [{"accountId": 507, "associateName": "a", "associateId": 874}]}',
        '{"SYNCUSERACCOUNTS": [{"accountid": 507, "ASSOCIATENAME": "a", "aSSOCIATEiD": 874}]}',
        '{"syncUserAccounts": [{"AccountId": 507, "associateName": "a", "AssociateId": 874}]}',
        '\ufeff{"syncUserAccounts": [{"accountId": 507, "associateName":"a", "associateId":874}]}',
    ],
)
def test_names_ignore_case_in_all_four_types(media_type: str, body: str) -> None:
    assert accounts(media_type, body) == [Account(507, "a", 874)]
    assert read(media_type, body).violations == ()


@pytest.mark.claim("camel-case")
@pytest.mark.parametrize(
    ("members", "account"),
    [
        ('{"AccountId": 1, "accountId": 2}', Account(2)),
        ('{"accountId": 1, "AccountId": 2}', Account(2)),
        ('{"AccountId": 1, "AccountId": 2}', Account(2)),
        ('{"accountId": 1, "AccountId": 2, "accountId": 3}', Account(3)),
        ('{"AccountId": "x", "accountId": 2}', Account(2)),
        ('{"AccountId": null, "AccountId": 2}', Account(2)),
        ('{"AccountId": 1, "accountId": 2, "TableRight": {"a": [{"b": 1}]}}', None),
    ],
)
def test_of_two_names_that_differ_in_case_alone_the_last_wins(
    members: str, account: Account | None
) -> None:
    account = account or Account(2, table_right={"a": [{"b": 1}]})
    assert accounts(JSON, one(members)) == [account]


@pytest.mark.claim("camel-case")
def test_a_list_that_another_replaces_is_not_looked_at() -> None:
    body = '{"SyncUserAccounts": [5, 5, 5], "q": 1, "syncUserAccounts": [{"AccountId": 1}]}'
    assert accounts(JSON, body, limit=2) == [Account(1)]
    assert read(JSON, body, limit=2).violations == ("/q: unknown member, ignored",)
    body = '{"syncUserAccounts": [{"AccountId": 1}], "SyncUserAccounts": [{"AccountId": "x"}]}'
    assert refused(JSON, body)[1].startswith("/SyncUserAccounts/0/AccountId: expected an integer")


@pytest.mark.claim("id-absent", "null-members", "carrier-members")
@pytest.mark.parametrize(
    ("members", "account"),
    [
        ("{}", Account()),
        ('{"AssociateId": 874}', Account(0, None, 874)),
        ('{"AssociateName": null, "TableRight": null, "FieldProperties": null}', Account()),
        ('{"TableRight": {}}', Account(table_right={})),
        ('{"TableRight": {"Mask": 255}}', Account(table_right={"Mask": 255})),
        ('{"fieldProperties": {"a": {"b": [1]}}}', Account(field_properties={"a": {"b": [1]}})),
    ],
)
def test_what_is_absent_counts_as_0_or_null_and_carriers_are_taken(
    members: str, account: Account
) -> None:
    assert accounts(JSON, one(members)) == [account]


@pytest.mark.claim("account-id-int32")
@pytest.mark.parametrize("id_", [0, -1, 2**31 - 1, -(2**31), "-0"])
def test_any_int32_is_an_account(id_: Any) -> None:
    assert accounts(JSON, one(f'{{"AccountId": {id_}}}')) == [Account(int(id_))]


@pytest.mark.claim("empty-list")
@pytest.mark.parametrize(
    "body", ["{}", '{"SyncUserAccounts": null}', '{"syncuseraccounts": []}', '{"other": 1}']
)
def test_no_list_and_null_are_an_empty_list(body: str) -> None:
    assert accounts(JSON, body) == []


@pytest.mark.claim("unknown-members")
def test_unknown_members_are_noted_with_their_place_and_ignored() -> None:
    body = '{"a\\u0007": {}, "SyncUserAccounts": [{}, {"AccountID": 1, "Id": 2}], "b": [[1]]}'
    assert accounts(JSON, body) == [Account(), Account(1)]
    assert read(JSON, body).violations == (
        "/a\ufffd: unknown member, ignored",
        "/b: unknown member, ignored",
        "/SyncUserAccounts/1/Id: unknown member, ignored",
    )


def test_at_most_twenty_violations_are_noted() -> None:
    body = json.dumps({f"m{n}": 0 for n in range(30)})
    assert len(read(JSON, body).violations) == 20


@pytest.mark.parametrize("body", ['{"SyncUserAccounts": []}', '{"syncUserAccounts": []}', "{}"])
def test_known_members_in_one_spelling_go_the_fast_way(body: str) -> None:
    assert json_body.fast(body.encode(), BODY) is not None


@pytest.mark.parametrize(
    "body",
    [
        '{"syncuserAccounts": []}',
        '{"SyncUserAccounts": [{"accountId": 1}]}',
        '{"SyncUserAccounts": [], "a": 1}',
        "[]",
        "null",
        '"\xff',
        "[" * DEEP,
    ],
)
def test_everything_else_is_left_to_the_general_way(body: str) -> None:
    assert json_body.fast(body.encode("latin-1"), BODY) is None


@pytest.mark.claim("body-syntax")
@pytest.mark.parametrize(
    "body",
    [
        "[" * DEEP + "]" * DEEP,
        "[" * DEEP,
        '{"a":' * DEEP + "1" + "}" * DEEP,
        f'{{"a": {"[" * DEEP}{"]" * DEEP}}}',
        one(f'{{"TableRight": {{"a": {"[" * DEEP}{"]" * DEEP}}}}}'),
        one(f'{{"AccountId": 1, "accountId": 2, "a": {"[" * 900}{"]" * 900}, "b": {"[" * DEEP}'),
    ],
)
def test_deep_nesting_is_a_400(body: str) -> None:
    status, reason = refused(JSON, body)
    assert status == 400
    assert reason in (
        "the body is nested too deeply",
        "the body is not JSON: Input data was truncated",
    )


@pytest.mark.claim("body-syntax")
@pytest.mark.parametrize("depth", [200, 300, 500, 800])
def test_nesting_that_json_still_allows_is_judged_by_its_kind(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    assert refused(JSON, nested)[1] == "expected an object, got an array"
    assert refused(JSON, one(nested))[1] == "/SyncUserAccounts/0: expected an object, got an array"
    assert accounts(JSON, f'{{"a": {nested}}}') == []


def test_deep_nesting_beside_two_spellings_is_a_400_or_taken_but_no_crash() -> None:
    nested = "[" * 950 + "]" * 950
    body = one(f'{{"AccountId": 1, "accountId": 2, "TableRight": {{"a": {nested}}}}}')
    assert refused(JSON, body) == (400, "the body is nested too deeply")


@pytest.mark.claim("body-syntax")
@pytest.mark.parametrize(
    ("escapes", "half", "at"),
    [
        (r"\ud800", r"\ud800", 41),
        (r"\uDBFF", r"\uDBFF", 41),
        (r"a\uDC00 x", r"\uDC00", 42),
        (r"\ud83d\ude00\ude00", r"\ude00", 53),
        (r"\\\ud83d\u0041", r"\ud83d", 43),
        (r"\\ud800\ud800", r"\ud800", 48),
    ],
)
def test_half_of_a_letter_is_named_with_its_place(escapes: str, half: str, at: int) -> None:
    reason = f"the body is not JSON: {half} at character {at} is half of a surrogate pair; "
    said = refused(JSON, one(f'{{"AssociateName": "{escapes}"}}'))
    assert said == (400, f"{reason}send both halves, or the letter itself")


@pytest.mark.claim("body-syntax")
@pytest.mark.parametrize("cut", ['{"a": "\\ud8', '{"a": "\\ud83d\\ude00', '{"a": ["\\\\ud800"'])
def test_a_body_that_ends_too_early_is_told_as_such(cut: str) -> None:
    said = "the body is not JSON: it ends too early, or within an escape"
    assert refused(JSON, cut) == (400, said)


@pytest.mark.claim("account-id-int32", "error-place")
@pytest.mark.parametrize("digits", [400, 4_300, 4_301, 1_000_000])
@pytest.mark.parametrize("sign", ["", "-"])
def test_an_id_of_any_length_is_told_with_its_place(sign: str, digits: int) -> None:
    name = "1" * 5_000 + '\\"'
    body = one(f'{{"AssociateName": "{name}"}}, {{"accountId": {sign}{"9" * digits}}}')
    status, reason = refused(JSON, body)
    place = "/SyncUserAccounts/1/AccountId"
    wanted = f"{place}: expected an integer from -2147483648 to 2147483647, got the number {sign}99"
    assert (status, reason[: len(wanted)]) == (400, wanted)


@pytest.mark.claim("unknown-members")
def test_an_endless_number_that_nobody_asked_for_is_ignored_but_not_two() -> None:
    nines = "9" * 5_000
    assert accounts(JSON, f'{{"a": {nines}, "syncUserAccounts": [{{}}]}}') == [Account()]
    reason = "a number in the body is too large to be read; an id has at most 10 digits"
    assert refused(JSON, f'{{"a": [{nines}, {nines}]}}') == (400, reason)
    assert refused(JSON, f'{{"a": {nines}, "b": }}') == (400, reason)
