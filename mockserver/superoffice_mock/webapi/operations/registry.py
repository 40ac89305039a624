"""The table of the operations that have a handler."""

from typing import Final

from superoffice_contract.openapi import operations
from superoffice_mock.webapi.entry import Registry
from superoffice_mock.webapi.operations import sync_email_accounts

ENTRIES: Final = {sync_email_accounts.NAME: sync_email_accounts.make_entry}
"""What makes the entry of an operation, by its name in the description."""


def load() -> Registry:
    """Return the registry of the operations in this project's own description."""
    description = operations.load()
    return Registry(
        description, [make_entry(description.by_name[name]) for name, make_entry in ENTRIES.items()]
    )
