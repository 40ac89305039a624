"""The table of the operations that have a handler."""

from typing import Final

from superoffice_contract.openapi import operations
from superoffice_mock.webapi.entry import Registry
from superoffice_mock.webapi.operations import (
    about,
    due_accounts,
    email_accounts,
    mailbox,
    sign_in,
    sync_email_accounts,
)

ENTRIES: Final = {
    sync_email_accounts.NAME: sync_email_accounts.make_entry,
    **about.ENTRIES,
    **due_accounts.ENTRIES,
    **email_accounts.ENTRIES,
    **mailbox.ENTRIES,
}
"""What makes the entry of an operation, by its name in the description."""


def load() -> Registry:
    """Return the registry of the operations in this project's own description."""
    description = operations.load()
    named = description.by_name
    entries = [make_entry(named[name]) for name, make_entry in ENTRIES.items()]
    return Registry(description, [*entries, *sign_in.make_entries(named)])
