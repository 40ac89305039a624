"""Bodies at the limits of the settings, and just beyond them: 1 MiB, 10,000 accounts."""

from typing import Final

from tests.benchmarks.bodies import accounts
from tests.e2e.raw_http import JSON

MIB: Final = 2**20
MAX_ACCOUNTS: Final = 10_000
FORM: Final = "application/x-www-form-urlencoded"
XML: Final = "application/xml"


def _pad(body: bytes, length: int) -> bytes:
    return body + b" " * (length - len(body))


def _xml(count: int) -> bytes:
    account = "<SyncUserAccount><AccountId>507</AccountId></SyncUserAccount>"
    accounts = f"<SyncUserAccounts>{account * count}</SyncUserAccounts>"
    return f"<SyncEmailAccountsRequest>{accounts}</SyncEmailAccountsRequest>".encode()


def _form(count: int) -> bytes:
    return "&".join(f"SyncUserAccounts[{n}].AccountId=507" for n in range(count)).encode()


AT_THE_LIMIT: Final = (
    (JSON, accounts(MAX_ACCOUNTS)),
    (JSON, accounts(MAX_ACCOUNTS, camel=True)),
    (JSON, _pad(accounts(2), MIB)),
    (XML, _xml(MAX_ACCOUNTS)),
    (XML, _pad(_xml(MAX_ACCOUNTS), MIB)),
    (FORM, _form(MAX_ACCOUNTS)),
)
TOO_LARGE: Final = (
    (JSON, _pad(accounts(2), MIB + 1)),
    (JSON, accounts(MAX_ACCOUNTS + 1)),
    (XML, _xml(MAX_ACCOUNTS + 1)),
    (FORM, _form(MAX_ACCOUNTS + 1)),
)
