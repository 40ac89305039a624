"""Values of answers that several operations give: accounts, rights and moments."""

from typing import Any, Final

from superoffice_mock.core.accounts import NEVER_SYNCED, MailAccount, ServiceAuth
from superoffice_mock.core.clock import format_milliseconds
from superoffice_mock.core.state import TenantState
from superoffice_mock.core.sync_run import Instant

NEVER: Final = "0001-01-01T00:00:00"
"""A moment that never was (claim dates-utc)."""
FULL_RIGHT: Final = {"Mask": "FULL", "Reason": ""}
_RIGHTS: Final = {"TableRight": FULL_RIGHT, "FieldProperties": {}}


def account_value(account: MailAccount, state: TenantState) -> dict[str, Any]:
    """Return *account* as an EMailAccount; the history of *state* is counted."""
    status = state.history.statuses.get(account.id, NEVER_SYNCED)
    return {
        "EMailAccountId": account.id,
        "EMailAddress": account.address,
        "AssociateId": account.associate_id,
        "IncomingCredentials": _credentials_value(account.incoming),
        "OutgoingCredentials": _credentials_value(account.outgoing),
        "AccountStatus": int(status.account_status(account.failures)),
        "ErrorCount": status.error_count,
        "ErrorReason": status.error_reason,
        "InboxFolder": account.inbox_folder,
        "SentFolder": account.sent_folder,
        "SimpleMode": account.simple_mode,
        "LastFetch": moment_value(status.last_fetch),
        "UseGraphApi": account.use_graph_api,
        **_RIGHTS,
    }


def sync_user_value(account: MailAccount) -> dict[str, Any]:
    """Return *account* as a SyncUserAccount."""
    return {
        "AccountId": account.id,
        "AssociateName": account.associate,
        "AssociateId": account.associate_id,
        **_RIGHTS,
    }


def moment_value(moment: Instant | None) -> str:
    """Return *moment* in UTC with milliseconds (claim dates-utc)."""
    return NEVER if moment is None else format_milliseconds(moment)


def _credentials_value(credentials: ServiceAuth) -> dict[str, Any]:
    return {
        "ServiceAuthId": credentials.id,
        "Server": credentials.server,
        "Port": credentials.port,
        "AuthType": credentials.auth_type,
        "Username": credentials.username,
        "Password": credentials.password,
        **_RIGHTS,
    }
