"""SyncEmailAccount: the account that a call names."""

from collections.abc import Iterator
from typing import Any, Final

from superoffice_contract.operations.accounts import NamedAccount, Query

NAME: Final = "SyncEmailAccount"


def named_accounts(body: Any, _: Query) -> Iterator[NamedAccount]:  # noqa: ANN401 - a decoded body
    """Yield the account in *body*, if it names one."""
    account = None if body is None else body.sync_user_account
    if account is not None:
        yield NamedAccount(account.account_id, account.associate_name, account.associate_id)
