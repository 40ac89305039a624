"""The operation under test, and helpers that read and write bodies in every media type."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

from superoffice_contract.openapi import operations
from superoffice_mock.errors import Rejected
from superoffice_mock.wire.decode import DecodedBody, decode

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
    """One account of a decoded body."""

    id: int = 0
    name: str | None = None
    associate: int = 0
    table_right: Any = None
    field_properties: Any = None


def read_body(content_type: str | None, raw: bytes | str, limit: int = LIMIT) -> DecodedBody:
    """Decode *raw*; text is encoded as UTF-8."""
    body = raw.encode() if isinstance(raw, str) else raw
    return decode(OPERATION, content_type, body, limit)


def read_accounts(content_type: str | None, raw: bytes | str, limit: int = LIMIT) -> list[Account]:
    """Return the accounts in *raw*."""
    items = read_body(content_type, raw, limit).content.sync_user_accounts
    return [
        Account(
            item.account_id,
            item.associate_name,
            item.associate_id,
            item.table_right,
            item.field_properties,
        )
        for item in items or ()
    ]


def rejection(content_type: str | None, raw: bytes | str, limit: int = LIMIT) -> tuple[int, str]:
    """Return status and reason of the rejection of *raw*; fail if it is accepted."""
    try:
        body = read_body(content_type, raw, limit)
    except Rejected as error:
        return error.status, error.reason
    message = f"{content_type} {raw[:80]!r} is accepted as {body.content}"
    raise AssertionError(message)


# ---- writers ---------------------------------------------------------------------------------


def write_json(accounts: Sequence[Account]) -> str:
    """Return *accounts* as JSON, in the form of the page's sample."""
    items = [_list_members(account) for account in accounts]
    return json.dumps({"SyncUserAccounts": items}, ensure_ascii=False)


def write_xml(accounts: Sequence[Account]) -> str:
    """Return *accounts* as XML."""
    items = "".join(
        f"<SyncUserAccount>{''.join(_write_elements(_list_members(account)))}</SyncUserAccount>"
        for account in accounts
    )
    return wrap_xml(items)


def wrap_xml(items: str) -> str:
    """Return the XML body with the elements *items*."""
    return (
        "<SyncEmailAccountsRequest>"
        f"<SyncUserAccounts>{items}</SyncUserAccounts>"
        "</SyncEmailAccountsRequest>"
    )


def write_form(accounts: Sequence[Account], charset: str = "utf-8") -> str:
    """Return *accounts* as a form; escapes are bytes of *charset*."""
    return "&".join(
        f"{key}={quote_plus(str(value), encoding=charset)}"
        for index, account in enumerate(accounts)
        for key, value in _list_fields(f"SyncUserAccounts[{index}]", _list_members(account))
    )


def _write_elements(members: Mapping[str, Any]) -> Iterator[str]:
    for name, value in members.items():
        inner = "".join(_write_elements(value)) if isinstance(value, dict) else escape(str(value))
        yield f"<{name}>{inner}</{name}>"


def _list_fields(parent: str, members: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in members.items():
        if isinstance(value, dict):
            yield from _list_fields(f"{parent}[{name}]", value)
        else:
            yield f"{parent}[{name}]", value


def _list_members(account: Account) -> dict[str, Any]:
    members = {
        "AccountId": account.id,
        "AssociateName": account.name,
        "AssociateId": account.associate,
        "TableRight": account.table_right,
        "FieldProperties": account.field_properties,
    }
    return {name: value for name, value in members.items() if value is not None}
