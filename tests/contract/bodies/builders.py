"""The operation under test, and helpers that read bodies in every media type."""

from typing import Any, Final, NamedTuple

import msgspec

from superoffice_contract.bodies.decode import DecodedBody, decode
from superoffice_contract.errors import InvalidBody
from superoffice_contract.openapi import operations
from superoffice_contract.openapi.operations import Body
from superoffice_contract.openapi.schemas import Schemas

OPERATION: Final = operations.load().by_name["SyncEmailAccounts"]
Schema = dict[str, Any]

JSON: Final = "application/json"
XML: Final = "application/xml"
FORM: Final = "application/x-www-form-urlencoded"
JSON_TYPES: Final = (
    *(JSON, "text/json", "application/json-patch+json", "application/merge-patch+json"),
)
XML_TYPES: Final = (XML, "text/xml")
LIMIT: Final = 10_000
MEBIBYTE: Final = 1 << 20


def body_of(schema: Schema, **named_schemas: Schema) -> Body:
    """Return the body of *schema*, which may refer to `#/components/schemas/NAME`."""
    return Body(schema, Schemas({"components": {"schemas": named_schemas}}))


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
    return decode(OPERATION.bodies, content_type, body, limit)


def read_accounts(content_type: str | None, raw: bytes | str, limit: int = LIMIT) -> list[Account]:
    """Return the accounts in *raw*."""
    items = read_body(content_type, raw, limit).content.sync_user_accounts
    return [Account(*msgspec.structs.astuple(item)) for item in items or ()]


def rejection(content_type: str | None, raw: bytes | str, limit: int = LIMIT) -> tuple[int, str]:
    """Return status and reason of the rejection of *raw*; fail if it is accepted."""
    try:
        body = read_body(content_type, raw, limit)
    except InvalidBody as error:
        return error.status, str(error)
    message = f"{content_type} {raw[:80]!r} is accepted as {body.content}"
    raise AssertionError(message)


def members_of(account: Account) -> dict[str, Any]:
    """Return the members of *account* that are not None, by the names of the description."""
    names = ("AccountId", "AssociateName", "AssociateId", "TableRight", "FieldProperties")
    pairs = zip(names, account, strict=True)
    return {name: value for name, value in pairs if value is not None}


def wrap_json(*items: str) -> str:
    """Return the JSON body with *items*."""
    return f'{{"SyncUserAccounts":[{",".join(items)}]}}'


def wrap_xml(items: str) -> str:
    """Return the XML body with the elements *items*."""
    root = "SyncEmailAccountsRequest"
    return f"<{root}><SyncUserAccounts>{items}</SyncUserAccounts></{root}>"
