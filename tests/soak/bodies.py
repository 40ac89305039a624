"""Bodies at the limits of the settings, and just beyond them: 1 MiB, 10,000 accounts."""

from typing import Final

from tests.benchmarks.bodies import accounts
from tests.e2e.raw_http import JSON

MIB: Final = 2**20
MOST: Final = 10_000
FORM: Final = "application/x-www-form-urlencoded"
XML: Final = "application/xml"


def _padded(body: bytes, length: int) -> bytes:
    return body + b" " * (length - len(body))


def _xml(count: int) -> bytes:
    one = "<SyncUserAccount><AccountId>507</AccountId></SyncUserAccount>"
    listed = f"<SyncUserAccounts>{one * count}</SyncUserAccounts>"
    return f"<SyncEmailAccountsRequest>{listed}</SyncEmailAccountsRequest>".encode()


def _form(count: int) -> bytes:
    return "&".join(f"SyncUserAccounts[{n}].AccountId=507" for n in range(count)).encode()


AT_THE_LIMIT: Final = (
    (JSON, accounts(MOST)),
    (JSON, accounts(MOST, camel=True)),
    (JSON, _padded(accounts(2), MIB)),
    (XML, _xml(MOST)),
    (XML, _padded(_xml(MOST), MIB)),
    (FORM, _form(MOST)),
)
TOO_MUCH: Final = (
    (JSON, _padded(accounts(2), MIB + 1)),
    (JSON, accounts(MOST + 1)),
    (XML, _xml(MOST + 1)),
    (FORM, _form(MOST + 1)),
)
