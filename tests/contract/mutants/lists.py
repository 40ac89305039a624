"""Defects in lists of accounts, and in invalid bodies."""

from typing import Any, Final

from superoffice_contract.errors import InvalidBody
from tests.contract.mutants.patching import (
    Seeds,
    change_description,
    combine,
    replace_object,
    wrap_function,
)
from tests.contract.mutants.patching_bodies import (
    ACCEPTED,
    WITHOUT_FAST_DECODERS,
    accounts_schema,
    change_before_typing,
    change_bytes,
    require_member,
)


def _skip_invalid_accounts(value: Any) -> Any:
    if not isinstance(value, dict) or not isinstance(value.get("SyncUserAccounts"), list):
        return value
    accounts = [
        account
        for account in value["SyncUserAccounts"]
        if isinstance(account, dict) and isinstance(account.get("AccountId", 0), int)
    ]
    return value | {"SyncUserAccounts": accounts}


def _skip_null_accounts(value: Any) -> Any:
    accounts = value.get("SyncUserAccounts") if isinstance(value, dict) else None
    if not isinstance(accounts, list):
        return value
    return value | {"SyncUserAccounts": [account for account in accounts if account is not None]}


def _crash_on_nesting(read: Any, text: str, *arguments: Any) -> Any:
    if text.startswith("[" * 1000):
        raise MemoryError
    return read(text, *arguments)


LIST_DEFECTS: Final[Seeds] = {
    "a bad account behind a good one is skipped": (
        f"a bad id behind a good one: {ACCEPTED}",
        change_before_typing(_skip_invalid_accounts),
    ),
    "null behind a good account is skipped": (
        f"null behind a good one: {ACCEPTED}",
        change_before_typing(_skip_null_accounts),
    ),
    "an error does not name the place": (
        "does not name '/SyncUserAccounts/1'",
        replace_object(
            "bodies.problems._describe_problem", lambda *_: InvalidBody(400, "", "wrong")
        ),
    ),
    "the list may not be null": (
        '{"SyncUserAccounts":null}: expected 204, got 400',
        change_description(lambda document: accounts_schema(document).update(type="array")),
    ),
    "the list may not be empty": (
        '{"SyncUserAccounts":[]}: expected 204, got 400',
        combine(
            WITHOUT_FAST_DECODERS,
            change_description(lambda document: accounts_schema(document).update(minItems=1)),
        ),
    ),
    "the list is required": (
        "{}: expected 204, got 400",
        require_member("SyncEmailAccountsRequest", "SyncUserAccounts"),
    ),
}

INVALID_BODY_DEFECTS: Final[Seeds] = {
    "null is accepted as an empty request": (
        f"null: {ACCEPTED}",
        change_before_typing(lambda value: {} if value is None else value),
    ),
    "an array is accepted as an empty request": (
        f"an array: {ACCEPTED}",
        change_before_typing(lambda value: {} if value == [] else value),
    ),
    "a comma too many is accepted": (
        f"a comma too many: {ACCEPTED}",
        change_bytes(lambda raw: raw.replace(b",}", b"}"), "application/json"),
    ),
    "NaN is accepted as a number": (
        f"NaN: {ACCEPTED}",
        change_bytes(lambda raw: raw.replace(b"NaN", b"0"), "application/json"),
    ),
    "10,000 levels get a 500": (
        "the answer is a 500",
        wrap_function("bodies.json_body._read_value", _crash_on_nesting),
    ),
}
