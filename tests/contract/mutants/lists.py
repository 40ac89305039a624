"""Defects in lists of accounts, and in invalid bodies."""

from collections.abc import Callable
from typing import Any, Final

from superoffice_mock.errors import Rejected
from tests.contract.mutants.patching import (
    Defect,
    change_description,
    change_object,
    combine,
    replace_object,
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


def _crash_on_nesting(read: Callable[..., Any]) -> Callable[..., Any]:
    def crash_or_read(text: str, *arguments: Any) -> Any:
        if text.startswith("[" * 1000):
            raise MemoryError
        return read(text, *arguments)

    return crash_or_read


LIST_DEFECTS: Final = (
    Defect(
        "a bad account behind a good one is skipped",
        "items",
        "items-all",
        f"a bad id behind a good one: {ACCEPTED}",
        change_before_typing(_skip_invalid_accounts),
    ),
    Defect(
        "null behind a good account is skipped",
        "items",
        "items-all",
        f"null behind a good one: {ACCEPTED}",
        change_before_typing(_skip_null_accounts),
    ),
    Defect(
        "an error does not name the place",
        "items",
        "error-place",
        "does not name '/SyncUserAccounts/1'",
        replace_object("wire.decode._build_rejection", lambda *_: Rejected(400, "", "wrong")),
    ),
    Defect(
        "the list may not be null",
        "empty-lists",
        "empty-list",
        '{"SyncUserAccounts":null}: expected 204, got 400',
        change_description(lambda document: accounts_schema(document).update(type="array")),
    ),
    Defect(
        "the list may not be empty",
        "empty-lists",
        "empty-list",
        '{"SyncUserAccounts":[]}: expected 204, got 400',
        combine(
            WITHOUT_FAST_DECODERS,
            change_description(lambda document: accounts_schema(document).update(minItems=1)),
        ),
    ),
    Defect(
        "the list is required",
        "empty-lists",
        "empty-list",
        "{}: expected 204, got 400",
        require_member("SyncEmailAccountsRequest", "SyncUserAccounts"),
    ),
)

INVALID_BODY_DEFECTS: Final = (
    Defect(
        "null is accepted as an empty request",
        "broken-bodies",
        "body-required",
        f"null: {ACCEPTED}",
        change_before_typing(lambda value: {} if value is None else value),
    ),
    Defect(
        "an array is accepted as an empty request",
        "broken-bodies",
        "body-shape",
        f"an array: {ACCEPTED}",
        change_before_typing(lambda value: {} if value == [] else value),
    ),
    Defect(
        "a comma too many is accepted",
        "broken-bodies",
        "body-syntax",
        f"a comma too many: {ACCEPTED}",
        change_bytes(lambda raw: raw.replace(b",}", b"}"), "application/json"),
    ),
    Defect(
        "NaN is accepted as a number",
        "broken-bodies",
        "body-syntax",
        f"NaN: {ACCEPTED}",
        change_bytes(lambda raw: raw.replace(b"NaN", b"0"), "application/json"),
    ),
    Defect(
        "10,000 levels get a 500",
        "broken-bodies",
        "body-syntax",
        "10,000 levels: expected 400, got 500",
        change_object("wire.json_body._read_value", _crash_on_nesting),
    ),
)
