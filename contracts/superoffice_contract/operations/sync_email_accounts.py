"""SyncEmailAccounts: the accounts that a call names, and a body that names some."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from superoffice_contract.openapi import operations
from superoffice_contract.openapi.operations import Operation
from superoffice_contract.operations.accounts import NamedAccount, Query

NAME: Final = "SyncEmailAccounts"


def operation() -> Operation:
    """Return the operation as this package describes it."""
    return operations.load().by_name[NAME]


def named_accounts(body: Any, _: Query) -> Iterator[NamedAccount]:  # noqa: ANN401 - a decoded body
    """Yield the accounts in *body*, as often as they are listed."""
    for account in body.sync_user_accounts or ():
        yield NamedAccount(account.account_id, account.associate_name, account.associate_id)


def encode_ids(ids: Iterable[int]) -> bytes:
    """Return a body in JSON with accounts of these *ids*."""
    return msgspec.json.encode({"SyncUserAccounts": [{"AccountId": id_} for id_ in ids]})
