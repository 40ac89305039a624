"""The public words: what the contract itself says is no secret, wherever it stands."""

from collections.abc import Iterator
from functools import cache
from typing import Final

from superoffice_contract.openapi import operations as openapi_operations

FOLDERS: Final = ("superoffice", "crm", "webapi")
"""Folders that the vendor's documents serve an onsite installation under."""
MESSAGES: Final = frozenset(
    {
        *("message", "messagedetail", "exceptionmessage", "title", "detail"),
        *("error_description", "userexplanation", "techexplanation"),
    }
)
"""Members of answers that hold a sentence for people, in lower case."""
ENVELOPE: Final = MESSAGES | {
    *("error", "errortype", "errorsource", "exceptiontype", "stacktrace", "modelstate"),
    *("type", "status", "instance", "errors", "traceid", "errorid", "id", "innererror"),
}
CARRIERS: Final = ("tableright", "fieldproperties")
"""What the vendor's client adds to every element that it got from the server."""


@cache
def words() -> frozenset[str]:
    """Return the public words in lower case: names and whole texts of the description."""
    described = openapi_operations.load()
    operations = described.operations.values()
    return frozenset(
        {
            *(text.lower() for text in _texts(described.document)),
            *(text.lower() for one in operations for text in _texts(one.described)),
            *(text.lower() for one in operations for text in one.path.split("/")),
            *(*ENVELOPE, *CARRIERS, *FOLDERS),
        }
    )


@cache
def integers() -> frozenset[str]:
    """Return the described members that hold whole numbers, in lower case."""
    return frozenset(_integers(openapi_operations.load().document))


@cache
def query_names() -> frozenset[str]:
    """Return the documented names of the query, in lower case."""
    operations = openapi_operations.load().operations.values()
    return frozenset(name for one in operations for name in one.query_names)


def is_public(word: str) -> bool:
    """Tell whether *word* is public, whatever its case."""
    return word.lower() in words()


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


def _integers(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        properties = node.get("properties")
        for name, schema in properties.items() if isinstance(properties, dict) else ():
            if "integer" in str(schema.get("type")):
                yield name.lower()
        for child in node.values():
            yield from _integers(child)
    elif isinstance(node, list):
        for child in node:
            yield from _integers(child)
