"""The table of operations about which more is known than their description says."""

from collections.abc import Mapping
from typing import Final

from superoffice_contract.operations import sync_email_account, sync_email_accounts
from superoffice_contract.operations.accounts import AccountsOf

ACCOUNTS: Final[Mapping[str, AccountsOf]] = {
    sync_email_accounts.NAME: sync_email_accounts.named_accounts,
    sync_email_account.NAME: sync_email_account.named_accounts,
}
"""The accounts that a call names, by operation. Operations that name none are left out."""
THROTTLED: Final = frozenset({sync_email_accounts.NAME})
"""The operations that are turned away while a call of the tenant runs."""
SYNCS: Final = THROTTLED | {sync_email_account.NAME}
"""The operations that sync accounts."""
