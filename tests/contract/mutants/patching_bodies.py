"""Helpers that seed a defect in how a body is read."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from superoffice_contract.errors import InvalidBody
from tests.contract.mutants.patching import (
    Mutation,
    change_description,
    change_object,
    combine,
    replace_object,
    wrap_function,
)

MEDIA_TYPES: Final = (
    *("application/json", "text/json", "application/xml", "text/xml"),
    *("application/x-www-form-urlencoded", "application/json-patch+json"),
    "application/merge-patch+json",
)
CALL: Final = "/api/v1/Agents/EMail/SyncEmailAccounts"
IDS: Final = ("AccountId", "AssociateId")
FORM: Final = "application/x-www-form-urlencoded"
XML: Final = ("application/xml", "text/xml")
WITHOUT_FAST_DECODERS: Final = replace_object("bodies.json_body.read_fast", lambda *_: None)
ACCEPTED, REFUSED = "expected 400, got 204", "expected 204, got 400"


def request_content(document: Any) -> dict[str, Any]:
    """Return the media types of the request body."""
    content: dict[str, Any] = document["paths"][CALL]["post"]["requestBody"]["content"]
    return content


def schema_members(document: Any, schema: str = "SyncUserAccount") -> dict[str, Any]:
    """Return the members of *schema*."""
    members: dict[str, Any] = document["components"]["schemas"][schema]["properties"]
    return members


def accounts_schema(document: Any) -> dict[str, Any]:
    """Return the schema of the list of accounts."""
    accounts: dict[str, Any] = schema_members(document, "SyncEmailAccountsRequest")[
        "SyncUserAccounts"
    ]
    return accounts


def change_value(change: Callable[[Any], Any], *media_types: str) -> Mutation:
    """Change the value that is read from a body in *media_types*, before it is validated."""

    def wrap(read: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments: change(read(*arguments))

    return _wrap_readers(wrap, media_types)


def change_bytes(change: Callable[[bytes], bytes], *media_types: str) -> Mutation:
    """Change the bytes of a body in *media_types*; *change* may raise InvalidBody."""

    def wrap(read: Callable[..., Any]) -> Callable[..., Any]:
        return lambda raw, *arguments: read(change(raw), *arguments)

    return _wrap_readers(wrap, media_types)


def _wrap_readers(
    wrap: Callable[[Callable[..., Any]], Callable[..., Any]], media_types: Sequence[str]
) -> Mutation:
    def replace(original: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**original, **{name: wrap(original[name]) for name in media_types}}

    return change_object("bodies.decode.READERS", replace)


def refuse_bytes(part: bytes, *media_types: str) -> Mutation:
    """Answer a body in *media_types* that contains *part* with a 400."""

    def refuse(raw: bytes) -> bytes:
        if part in raw:
            raise InvalidBody(400, "", "not understood")
        return raw

    return change_bytes(refuse, *media_types)


def change_before_typing(change: Callable[[Any], Any]) -> Mutation:
    """Change the value of a body in any media type before its types are checked."""

    return wrap_function(
        "bodies.problems.convert",
        lambda convert, value, *arguments: convert(change(value), *arguments),
    )


def accept_ids(condition: Callable[[Any], bool], convert: Callable[[Any], Any]) -> Mutation:
    """Accept ids that fulfil *condition*, as the integers that *convert* returns."""

    def change_account(account: Any) -> Any:
        if not isinstance(account, dict):
            return account
        values = {name: account[name] for name in IDS if name in account}
        return account | {
            name: convert(value) for name, value in values.items() if condition(value)
        }

    def change(value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("SyncUserAccounts"), list):
            return value
        accounts = [change_account(account) for account in value["SyncUserAccounts"]]
        return value | {"SyncUserAccounts": accounts}

    return change_before_typing(change)


def require_member(schema: str, member: str) -> Mutation:
    """Require *member* in *schema*."""

    def require(document: Any) -> None:
        document["components"]["schemas"][schema]["required"] = [member]

    return combine(WITHOUT_FAST_DECODERS, change_description(require))
