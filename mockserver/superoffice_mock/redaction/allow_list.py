"""The public words: names and texts of the contract, which redaction keeps wherever they are."""

from collections.abc import Iterator
from functools import cache
from typing import Final

from superoffice_contract.openapi import operations as openapi_operations

PATH_PREFIXES: Final = ("superoffice", "crm", "webapi")
"""Path segments under which the vendor's documentation installs an onsite SuperOffice."""
MESSAGE_MEMBERS: Final = frozenset(
    {
        *("message", "messagedetail", "exceptionmessage", "title", "detail"),
        *("error_description", "userexplanation", "techexplanation"),
    }
)
"""Members of responses that hold a sentence, in lower case."""
ERROR_MEMBERS: Final = MESSAGE_MEMBERS | {
    *("error", "errortype", "errorsource", "exceptiontype", "stacktrace", "modelstate"),
    *("type", "status", "instance", "errors", "traceid", "errorid", "id", "innererror"),
}
CARRIER_MEMBERS: Final = ("tableright", "fieldproperties")
"""Members that the vendor's client adds to every element that it got from the server."""


@cache
def public_words() -> frozenset[str]:
    """Return the public words in lower case: names and whole texts of the description."""
    document = openapi_operations.load()
    operations = document.operations.values()
    return frozenset(
        {
            *(text.lower() for text in _texts(document.document)),
            *(text.lower() for operation in operations for text in _texts(operation.description)),
            *(text.lower() for operation in operations for text in operation.path.split("/")),
            *(*ERROR_MEMBERS, *CARRIER_MEMBERS, *PATH_PREFIXES),
        }
    )


@cache
def integer_members() -> frozenset[str]:
    """Return the described members that hold integers, in lower case."""
    return frozenset(_integer_members(openapi_operations.load().document))


@cache
def query_names() -> frozenset[str]:
    """Return the documented query parameters, in lower case."""
    operations = openapi_operations.load().operations.values()
    return frozenset(name for operation in operations for name in operation.query_names)


def is_public(word: str) -> bool:
    """Return whether *word* is public, ignoring case."""
    return word.lower() in public_words()


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for name, child in node.items():
            yield f"{name}"
            yield from _texts(child)
    elif isinstance(node, list):
        for child in node:
            yield from _texts(child)
    elif isinstance(node, str):
        yield node


def _integer_members(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        properties = node.get("properties")
        for name, schema in properties.items() if isinstance(properties, dict) else ():
            if "integer" in str(schema.get("type")):
                yield name.lower()
        for child in node.values():
            yield from _integer_members(child)
    elif isinstance(node, list):
        for child in node:
            yield from _integer_members(child)
