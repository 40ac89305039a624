"""Defects in lists of accounts, and in what is no request."""

from collections.abc import Callable
from typing import Any, Final

from superoffice_mock.errors import Rejected
from tests.contract.mutants.patching import Defect, all_of, changing, described, setting
from tests.contract.mutants.patching_bodies import (
    GENERAL,
    TAKEN,
    accounts_of,
    before,
    required,
    typing,
)


def _objects(value: Any) -> Any:
    if not isinstance(value, dict) or not isinstance(value.get("SyncUserAccounts"), list):
        return value
    good = [
        one
        for one in value["SyncUserAccounts"]
        if isinstance(one, dict) and isinstance(one.get("AccountId", 0), int)
    ]
    return value | {"SyncUserAccounts": good}


def _not_null(value: Any) -> Any:
    accounts = value.get("SyncUserAccounts") if isinstance(value, dict) else None
    if not isinstance(accounts, list):
        return value
    return value | {"SyncUserAccounts": [one for one in accounts if one is not None]}


def _crashing(read: Callable[..., Any]) -> Callable[..., Any]:
    def value(text: str, *given: Any) -> Any:
        if text.startswith("[" * 1000):
            raise MemoryError
        return read(text, *given)

    return value


LISTS: Final = (
    Defect(
        "a bad account behind a good one is skipped",
        "items",
        "items-all",
        f"a bad id behind a good one: {TAKEN}",
        typing(_objects),
    ),
    Defect(
        "null behind a good account is skipped",
        "items",
        "items-all",
        f"null behind a good one: {TAKEN}",
        typing(_not_null),
    ),
    Defect(
        "an error does not name the place",
        "items",
        "error-place",
        "does not name '/SyncUserAccounts/1'",
        setting("wire.decode._rejected", lambda *_: Rejected(400, "", "wrong")),
    ),
    Defect(
        "the list may not be null",
        "empty-lists",
        "empty-list",
        '{"SyncUserAccounts":null}: expected 204, got 400',
        described(lambda document: accounts_of(document).update(type="array")),
    ),
    Defect(
        "the list may not be empty",
        "empty-lists",
        "empty-list",
        '{"SyncUserAccounts":[]}: expected 204, got 400',
        all_of(GENERAL, described(lambda document: accounts_of(document).update(minItems=1))),
    ),
    Defect(
        "the list must be sent",
        "empty-lists",
        "empty-list",
        "{}: expected 204, got 400",
        required("SyncEmailAccountsRequest", "SyncUserAccounts"),
    ),
)


BROKEN: Final = (
    Defect(
        "null is an empty request",
        "broken-bodies",
        "body-required",
        f"null: {TAKEN}",
        typing(lambda value: {} if value is None else value),
    ),
    Defect(
        "an array is an empty request",
        "broken-bodies",
        "body-shape",
        f"an array: {TAKEN}",
        typing(lambda value: {} if value == [] else value),
    ),
    Defect(
        "a comma too many is forgiven",
        "broken-bodies",
        "body-syntax",
        f"a comma too many: {TAKEN}",
        before(lambda raw: raw.replace(b",}", b"}"), "application/json"),
    ),
    Defect(
        "NaN is null",
        "broken-bodies",
        "body-syntax",
        f"NaN: {TAKEN}",
        before(lambda raw: raw.replace(b"NaN", b"0"), "application/json"),
    ),
    Defect(
        "10,000 levels are a 500",
        "broken-bodies",
        "body-syntax",
        "10,000 levels: expected 400, got 500",
        changing("wire.json_body._value", _crashing),
    ),
)
