"""The public words: names and texts of the contract, which redaction keeps wherever they are."""

from collections.abc import Iterator
from functools import cached_property
from itertools import chain
from typing import Final

from superoffice_contract.bodies.shape_text import walk
from superoffice_contract.bodies.writers import item_name
from superoffice_contract.openapi.operations import Description, Operation
from superoffice_contract.openapi.schemas import Scalar

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


class AllowList:
    """What redaction keeps because *description* has it; names and texts ignore case.

    They are collected on first use, which takes a while for a large description.
    """

    def __init__(self, description: Description) -> None:
        self._description = description
        self._operations = tuple(description.operations.values())

    def is_public(self, word: str) -> bool:
        """Return whether *word* is a name or a whole text of the description."""
        return word.lower() in self._words

    def is_integer(self, name: str) -> bool:
        """Return whether a request has integers under *name*: a member, or a query parameter."""
        return name.lower() in self._integer_names

    def is_query_name(self, name: str) -> bool:
        """Return whether *name* is a documented query parameter."""
        return name.lower() in self._query_names

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(
            {
                *(text.lower() for text in _texts(self._description.document)),
                *(text.lower() for each in self._operations for text in _texts(each.description)),
                *chain.from_iterable(map(_literal_segments, self._operations)),
                *self._integer_names,
                *(*ERROR_MEMBERS, *CARRIER_MEMBERS, *PATH_PREFIXES),
            }
        )

    @cached_property
    def _query_names(self) -> frozenset[str]:
        return frozenset(chain.from_iterable(operation.query for operation in self._operations))

    @cached_property
    def _integer_names(self) -> frozenset[str]:
        return frozenset(chain.from_iterable(map(_integer_names, self._operations)))


def _literal_segments(operation: Operation) -> Iterator[str]:
    """Yield the segments of the path that every request has, in lower case."""
    segments = operation.path.lower().split("/")
    return (segment for segment in segments if "{" not in segment)


def _integer_names(operation: Operation) -> Iterator[str]:
    """Yield the names under which a request has integers, in lower case."""
    for name, parameter in operation.query.items():
        if "integer" in parameter.shape.types:
            yield name
    for body in operation.bodies.values():
        for path, shape in walk(body.shape):
            if isinstance(shape, Scalar) and "integer" in shape.types:
                yield next((step.lower() for step in reversed(path) if isinstance(step, str)), "")
                if path and path[-1] == 0:  # an item of a list, which is an element in XML
                    yield item_name(shape).lower()


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
