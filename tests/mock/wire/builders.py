"""The operation under test, and accounts written in every media type and charset."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

from superoffice_contract.openapi import operations
from superoffice_mock.errors import Rejected
from superoffice_mock.wire.decode import Decoded, decode

OPERATION: Final = operations.load().operations["/api/v1/agents/email/syncemailaccounts"]
JSON: Final = "application/json"
XML: Final = "application/xml"
FORM: Final = "application/x-www-form-urlencoded"
JSON_TYPES: Final = (
    *(JSON, "text/json", "application/json-patch+json", "application/merge-patch+json"),
)
XML_TYPES: Final = (XML, "text/xml")
LIMIT: Final = 10_000
MEBIBYTE: Final = 1 << 20


class Account(NamedTuple):
    """One account as it is understood."""

    id: int = 0
    name: str | None = None
    associate: int = 0
    table_right: Any = None
    field_properties: Any = None


def read(content_type: str | None, raw: bytes | str, limit: int = LIMIT) -> Decoded:
    """Decode *raw*; text is sent as UTF-8."""
    body = raw.encode() if isinstance(raw, str) else raw
    return decode(OPERATION, content_type, body, limit)


def accounts(content_type: str | None, raw: bytes | str, limit: int = LIMIT) -> list[Account]:
    """Return the accounts that *raw* is understood as."""
    listed = read(content_type, raw, limit).request.sync_user_accounts
    return [
        Account(
            one.account_id,
            one.associate_name,
            one.associate_id,
            one.table_right,
            one.field_properties,
        )
        for one in listed or ()
    ]


def refused(content_type: str | None, raw: bytes | str, limit: int = LIMIT) -> tuple[int, str]:
    """Return status and reason of a body that is refused."""
    try:
        got = read(content_type, raw, limit)
    except Rejected as error:
        return error.status, error.reason
    message = f"taken as {got.request}"
    raise AssertionError(message)


# ---- writers ---------------------------------------------------------------------------------


def as_json(listed: Sequence[Account]) -> str:
    """Write the accounts as the page's sample does."""
    return json.dumps({"SyncUserAccounts": [_members(one) for one in listed]}, ensure_ascii=False)


def as_xml(listed: Sequence[Account]) -> str:
    """Write the accounts in elements."""
    items = "".join(
        "<SyncUserAccount>" + "".join(_elements(_members(one))) + "</SyncUserAccount>"
        for one in listed
    )
    return xml_of(items)


def xml_of(items: str) -> str:
    """Return the body around *items*."""
    return (
        "<SyncEmailAccountsRequest>"
        f"<SyncUserAccounts>{items}</SyncUserAccounts>"
        "</SyncEmailAccountsRequest>"
    )


def as_form(listed: Sequence[Account], charset: str = "utf-8") -> str:
    """Write the accounts in keys; escapes are bytes of *charset*."""
    return "&".join(
        f"{key}={quote_plus(str(value), encoding=charset)}"
        for index, one in enumerate(listed)
        for key, value in _fields(f"SyncUserAccounts[{index}]", _members(one))
    )


def _elements(members: Mapping[str, Any]) -> Iterator[str]:
    for name, value in members.items():
        inner = "".join(_elements(value)) if isinstance(value, dict) else escape(str(value))
        yield f"<{name}>{inner}</{name}>"


def _fields(parent: str, members: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in members.items():
        if isinstance(value, dict):
            yield from _fields(f"{parent}[{name}]", value)
        else:
            yield f"{parent}[{name}]", value


def _members(one: Account) -> dict[str, Any]:
    named = {
        "AccountId": one.id,
        "AssociateName": one.name,
        "AssociateId": one.associate,
        "TableRight": one.table_right,
        "FieldProperties": one.field_properties,
    }
    return {name: value for name, value in named.items() if value is not None}
