"""The means to seed a defect in how a body is read."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from superoffice_mock.errors import Rejected
from tests.contract.mutants.patching import Vary, all_of, changing, described, setting

MEDIA_TYPES: Final = (
    *("application/json", "text/json", "application/xml", "text/xml"),
    *("application/x-www-form-urlencoded", "application/json-patch+json"),
    "application/merge-patch+json",
)
CALL: Final = "/api/v1/Agents/EMail/SyncEmailAccounts"
IDS: Final = ("AccountId", "AssociateId")
FORM: Final = "application/x-www-form-urlencoded"
XML: Final = ("application/xml", "text/xml")
GENERAL: Final = setting("wire.json_body.fast", lambda *_: None)
TAKEN, REFUSED = "expected 400, got 204", "expected 204, got 400"


def content(document: Any) -> dict[str, Any]:
    """Return the media types of the call."""
    content: dict[str, Any] = document["paths"][CALL]["post"]["requestBody"]["content"]
    return content


def members(document: Any, schema: str = "SyncUserAccount") -> dict[str, Any]:
    """Return the members of *schema*."""
    members: dict[str, Any] = document["components"]["schemas"][schema]["properties"]
    return members


def accounts_of(document: Any) -> dict[str, Any]:
    """Return the schema of the list of accounts."""
    accounts: dict[str, Any] = members(document, "SyncEmailAccountsRequest")["SyncUserAccounts"]
    return accounts


def reading(change: Callable[[Any], Any], *media_types: str) -> Vary:
    """Change the plain value that is read from these media types."""

    def wrapped(read: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given: change(read(*given))

    def readers(original: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**original, **{one: wrapped(original[one]) for one in media_types}}

    return changing("wire.decode.READERS", readers)


def before(change: Callable[[bytes], bytes], *media_types: str) -> Vary:
    """Change the bytes before these media types are read; raising Rejected refuses them."""

    def wrapped(read: Callable[..., Any]) -> Callable[..., Any]:
        return lambda raw, *given: read(change(raw), *given)

    def readers(original: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**original, **{one: wrapped(original[one]) for one in media_types}}

    return changing("wire.decode.READERS", readers)


def refused_with(part: bytes, *media_types: str) -> Vary:
    """Refuse with 400 what has *part* in it."""

    def refuse(raw: bytes) -> bytes:
        if part in raw:
            raise Rejected(400, "", "not understood")
        return raw

    return before(refuse, *media_types)


def typing(change: Callable[[Any], Any]) -> Vary:
    """Change the plain value before its types are looked at."""

    def wrapped(typed: Callable[..., Any]) -> Callable[..., Any]:
        return lambda value, body: typed(change(value), body)

    return changing("wire.decode._typed", wrapped)


def ids(when: Callable[[Any], bool], become: Callable[[Any], Any]) -> Vary:
    """Take *when* for an id, as what it is to *become*."""

    def account(one: Any) -> Any:
        if not isinstance(one, dict):
            return one
        taken = {name: become(one[name]) for name in IDS if name in one and when(one[name])}
        return one | taken

    def change(value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("SyncUserAccounts"), list):
            return value
        return value | {"SyncUserAccounts": [account(one) for one in value["SyncUserAccounts"]]}

    return typing(change)


def required(schema: str, member: str) -> Vary:
    """Refuse what has no *member*."""

    def require(document: Any) -> None:
        document["components"]["schemas"][schema]["required"] = [member]

    return all_of(GENERAL, described(require))
