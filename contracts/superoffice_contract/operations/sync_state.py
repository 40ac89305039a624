"""What answers tell of the sync of accounts: which accounts are due, and when each was fetched."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from superoffice_contract.bodies.content_type import parse_content_type
from superoffice_contract.bodies.decode import READERS
from superoffice_contract.bodies.values import BodyNotes, Plain
from superoffice_contract.errors import InvalidBody
from superoffice_contract.openapi.operations import Operation

READY: Final = "GetReadySyncEmailAccounts"
"""The operation that lists the accounts that are due."""
GET_ACCOUNT: Final = "GetEMailAccount"
HAS_NEW_MAIL: Final = "HasNewMail"
POLLED: Final = frozenset({READY, GET_ACCOUNT, HAS_NEW_MAIL})
"""The operations that apps call again and again until a sync has ended."""
LOOKS: Final = frozenset(
    {READY, GET_ACCOUNT, "GetCurrentAccount", "GetEMailAccountFromEMailAddress"}
)
"""The operations whose answers show whether accounts were synced."""


class Fetch(msgspec.Struct, frozen=True):
    """When *account* was last fetched, and how many fetches have failed since, if known."""

    account: int
    at: datetime
    errors: int | None = None


def read_answer(operation: Operation, content_type: str, content: bytes) -> Plain:
    """Return the value in *content*, an answer with a success; None if it can't be read.

    Its members have the names of the description, whatever their case and format are.
    """
    success = operation.success
    try:
        media_type = parse_content_type(content_type or "application/json")
        read = READERS.get(media_type.name)
        if success is None or read is None:
            return None
        return read(content, media_type.charset, success[1], BodyNotes())
    except InvalidBody:
        return None


def due_accounts(value: Plain) -> tuple[int, ...] | None:
    """Return the ids in *value*, an answer of `READY`; None if it does not show all of them."""
    items = value if isinstance(value, list) else [None]
    ids = [item.get("AccountId") if isinstance(item, dict) else None for item in items]
    known = tuple(id_ for id_ in ids if type(id_) is int)
    return known if len(known) == len(ids) else None


def find_fetch(value: Plain) -> Fetch | None:
    """Return what *value*, an account, shows of its last fetch; None if it does not."""
    members: dict[str, Any] = value if isinstance(value, dict) else {}
    account, text, errors = map(members.get, ("EMailAccountId", "LastFetch", "ErrorCount"))
    if type(account) is not int or not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    errors = errors if type(errors) is int else None
    return Fetch(account, at if at.tzinfo else at.replace(tzinfo=UTC), errors)
