"""JSON bodies: the case of names, duplicate and unknown members, deep nesting, long numbers."""

import json

import pytest

from superoffice_contract.bodies import json_body
from tests.contract.bodies.builders import (
    JSON,
    JSON_TYPES,
    OPERATION,
    Account,
    read_accounts,
    read_body,
    rejection,
    wrap_json,
)

BODY = OPERATION.bodies[JSON]
DEEP = 10_000


@pytest.mark.claim("camel-case", "member-case", "patch-types-plain")
def test_the_case_of_names_does_not_matter() -> None:
    for media_type in JSON_TYPES:
        for body in (
            '{"SyncUserAccounts": [{"AccountId": 507, "AssociateName": "a", "AssociateId": 874}]}',
            '{"syncUserAccounts": [{"accountId": 507, "associateName": "a", "associateId": 874}]}',
            '{"SYNCUSERACCOUNTS": [{"accountid": 507, "ASSOCIATENAME": "a", "aSSOCIATEiD": 874}]}',
            '{"syncUserAccounts": [{"AccountId": 507, "associateName": "a", "AssociateId": 874}]}',
            '\ufeff{"syncUserAccounts":[{"accountId":507,"associateName":"a","associateId":874}]}',
        ):
            assert read_accounts(media_type, body) == [Account(507, "a", 874)], (media_type, body)
            assert read_body(media_type, body).violations == (), (media_type, body)


@pytest.mark.claim("member-case")
def test_a_list_that_a_duplicate_replaces_is_not_checked() -> None:
    body = '{"SyncUserAccounts": [5, 5, 5], "q": 1, "syncUserAccounts": [{"AccountId": 1}]}'
    assert read_accounts(JSON, body, limit=2) == [Account(1)]
    assert read_body(JSON, body, limit=2).violations == ("/q: unknown member, ignored",)
    body = '{"syncUserAccounts": [{"AccountId": 1}], "SyncUserAccounts": [{"AccountId": "x"}]}'
    assert rejection(JSON, body)[1].startswith("/SyncUserAccounts/0/AccountId: expected an integer")


@pytest.mark.claim("unknown-members")
def test_unknown_members_are_noted_with_their_place_and_ignored() -> None:
    body = '{"a\\u0007": {}, "SyncUserAccounts": [{}, {"AccountID": 1, "Id": 2}], "b": [[1]]}'
    assert read_accounts(JSON, body) == [Account(), Account(1)]
    assert read_body(JSON, body).violations == (
        "/a\ufffd: unknown member, ignored",
        "/b: unknown member, ignored",
        "/SyncUserAccounts/1/Id: unknown member, ignored",
    )


def test_at_most_twenty_violations_are_noted() -> None:
    body = json.dumps({f"m{n}": 0 for n in range(30)})
    assert len(read_body(JSON, body).violations) == 20


def test_known_members_in_one_case_take_the_fast_path_and_all_other_bodies_the_general_one() -> (
    None
):
    for body in (b'{"SyncUserAccounts": []}', b'{"syncUserAccounts": []}', b"{}"):
        assert json_body.read_fast(body, BODY) is not None, body
    for body in (
        *(b'{"syncuserAccounts": []}', b'{"SyncUserAccounts": [{"accountId": 1}]}', b"[]"),
        *(b'{"SyncUserAccounts": [], "a": 1}', b"null", b'"\xff', b"[" * DEEP),
        b'{"SyncUserAccounts": [{"TableRight": {"a": 1e300}}]}',
    ):
        assert json_body.read_fast(body, BODY) is None, body[:60]


@pytest.mark.claim("json-strict")
def test_deep_nesting_gets_a_400() -> None:
    for body in (
        "[" * DEEP + "]" * DEEP,
        "[" * DEEP,
        '{"a":' * DEEP + "1" + "}" * DEEP,
        f'{{"a": {"[" * DEEP}{"]" * DEEP}}}',
        wrap_json(f'{{"TableRight": {{"a": {"[" * DEEP}{"]" * DEEP}}}}}'),
        wrap_json(
            f'{{"AccountId": 1, "accountId": 2, "a": {"[" * 900}{"]" * 900}, "b": {"[" * DEEP}'
        ),
    ):
        status, reason = rejection(JSON, body)
        assert status == 400, body[:60]
        assert reason in (
            "the body is nested too deeply",
            "the body is not JSON: Input data was truncated",
        ), body[:60]


@pytest.mark.claim("body-syntax")
def test_nesting_up_to_800_levels_is_read() -> None:
    for depth in (200, 300, 500, 800):
        nested = "[" * depth + "]" * depth
        assert rejection(JSON, nested)[1] == "expected an object, got an array", depth
        reason = "/SyncUserAccounts/0: expected an object, got an array"
        assert rejection(JSON, wrap_json(nested)) == (400, reason), depth
        assert read_accounts(JSON, f'{{"a": {nested}}}') == [], depth
        twins = f'{{"AccountId": 1, "accountId": 2, "TableRight": {{"a": {nested}}}}}'
        assert read_accounts(JSON, wrap_json(twins))[0].id == 2, depth


@pytest.mark.claim("body-syntax")
def test_the_reason_has_the_place_of_half_a_surrogate_pair_or_says_that_a_body_is_cut() -> None:
    for escapes, half, position in (
        (r"\ud800", r"\ud800", 41),
        (r"\uDBFF", r"\uDBFF", 41),
        (r"a\uDC00 x", r"\uDC00", 42),
        (r"\ud83d\ude00\ude00", r"\ude00", 53),
        (r"\\\ud83d\u0041", r"\ud83d", 43),
        (r"\\ud800\ud800", r"\ud800", 48),
    ):
        reason = (
            f"the body is not JSON: {half} at character {position} is half of a surrogate pair; "
            "send both halves, or the letter itself"
        )
        body = f'{{"SyncUserAccounts": [{{"AssociateName": "{escapes}"}}]}}'
        assert rejection(JSON, body) == (400, reason), escapes
    for body in ('{"a": "\\ud8', '{"a": "\\ud83d\\ude00', '{"a": ["\\\\ud800"'):
        reason = "the body is not JSON: it ends too early, or within an escape"
        assert rejection(JSON, body) == (400, reason), body


@pytest.mark.claim("account-id-int32", "error-place")
def test_the_reason_has_the_place_of_an_id_of_any_length() -> None:
    for digits in (400, 4_300, 4_301, 1_000_000):
        for sign in ("", "-"):
            name = "1" * 5_000 + '\\"'
            number = f'{{"accountId": {sign}{"9" * digits}}}'
            body = wrap_json(f'{{"AssociateName": "{name}"}}', number)
            status, reason = rejection(JSON, body)
            assert status == 400, (sign, digits)
            assert reason.startswith("/SyncUserAccounts/1/AccountId: "), (sign, digits)
            assert f"from -2147483648 to 2147483647, got the number {sign}99" in reason


@pytest.mark.claim("unknown-members")
def test_one_very_long_number_in_an_unknown_member_is_ignored_but_not_two() -> None:
    nines = "9" * 5_000
    assert read_accounts(JSON, f'{{"a": {nines}, "syncUserAccounts": [{{}}]}}') == [Account()]
    reason = "a number in the body is too large to be read; an id has at most 10 digits"
    assert rejection(JSON, f'{{"a": [{nines}, {nines}]}}') == (400, reason)
    for rest in ('"b": }', '"b": 1e400}', f'"b": {"[" * DEEP}'):
        assert rejection(JSON, f'{{"a": {nines}, {rest}') == (400, reason), rest[:60]


@pytest.mark.claim("carrier-members")
def test_numbers_with_fractions_and_exponents_keep_their_value() -> None:
    for text in ("1.5", "1e300", "-1.7976931348623157E+308", "[1e300, 5e-324, 1e-400, -0.0, 1e23]"):
        body = wrap_json(f'{{"TableRight": {{"a": {text}}}}}')
        assert read_accounts(JSON, body) == [Account(table_right={"a": json.loads(text)})], text
    for text in ("1e400", "-1e309", "1e300, 1e400", "1" * 400 + ".0"):
        status, reason = rejection(JSON, wrap_json(f'{{"TableRight": {{"a": [{text}]}}}}'))
        assert (status, reason[:34]) == (400, "a number in the body is too large "), text
