"""What a description says of names: which are described, and what stands under them."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any, Final

import msgspec

from superoffice_contract.bodies.writers import item_name
from superoffice_contract.errors import DescriptionError
from superoffice_contract.openapi.decoder_types import IS_DATE_TIME
from superoffice_contract.openapi.operations import Description, Operation
from superoffice_contract.openapi.schemas import DATE_TIME, Path, Scalar, Schemas, Shape, walk
from superoffice_mock.scanning import text_search
from superoffice_mock.scanning.secret_patterns import MIN_CHARACTERS

MESSAGE_MEMBERS: Final = frozenset(
    {
        *("message", "messagedetail", "exceptionmessage", "title", "detail", "error"),
        *("error_description", "errormessage", "userexplanation", "techexplanation"),
        *("errorsource", "errortype", "exceptiontype", "stacktrace"),
    }
)
"""Members of answers that hold a sentence about an error, in lower case."""
_ERROR_MEMBERS: Final = MESSAGE_MEMBERS | {"isvalid", "modelstate"}
_CARRIER_MEMBERS: Final = ("tableright", "fieldproperties")
"""Members that the vendor's client adds to every element that it got from the server."""
DICTIONARIES: Final = frozenset(
    {
        *("fieldproperties", "extrafields", "customfields", "userdefinedfields", "columndata"),
        *("timezonestdrules", "timezonedstrules", "parameters", "headers", "values", "customtags"),
        *("parameterobject", "inputvalues", "outputvalues", "statevalues", "parservalues"),
        *("cgivariables", "configfields", "botactions", "metadata", "nspluginconfig"),
        *("haslicensce", "preferences", "featuretoggles", "eventproperties", "userproperties"),
        *("erpfieldkeyvalues", "extravalues", "connectiondata", "connectionconfigfields"),
        *("modelstate",),
    }
)
"""Members that hold a dictionary in the vendor's files, where `additionalProperties` says so."""
_WORDS: Final = re.compile(r"[A-Za-z]?[a-z]+(?:(?:_[A-Z]?|[A-Z])[a-z]+)*")
_IDENTIFIER: Final = re.compile(
    r"(?:@?odata\.)?[$@_]{0,2}[A-Za-z]+(?:(?:[0-9]{1,2}_?|_)[A-Za-z]+)*[0-9]{0,2}"
)
"""Dots and hyphens are not in it: names of users have them."""
_MAX_IDENTIFIER: Final = 60


@lru_cache(maxsize=4096)
def is_harmless(name: str) -> bool:
    """Return whether *name* shows no secret. Short ones are not searched: they are too many."""
    is_short = len(name) < MIN_CHARACTERS and _IDENTIFIER.fullmatch(name) is not None
    return is_short or text_search.is_harmless(name)


@lru_cache(maxsize=4096)
def is_identifier(name: str) -> bool:
    """Return whether *name* looks like one that a programmer chose, and not like a secret."""
    is_short = len(name) <= _MAX_IDENTIFIER and _IDENTIFIER.fullmatch(name) is not None
    return is_short and is_harmless(name)


def is_word(name: str) -> bool:
    """Return whether *name* is an identifier made of words, unlike an encoded value."""
    return _WORDS.fullmatch(name) is not None and is_identifier(name)


class AllowList:
    """The names in *description*, and what stands under them; case does not count.

    They are collected on first use, which takes a while for a large description.
    """

    def __init__(self, description: Description) -> None:
        self._description = description
        self._operations = tuple(description.operations.values())
        self.paths = description.paths

    def is_name(self, name: str) -> bool:
        """Return whether *name* is that of a member, an element or a query parameter."""
        return name.lower() in self._names

    def is_number(self, name: str) -> bool:
        """Return whether numbers stand under *name*: a member, or a query parameter."""
        return name.lower() in self._number_names

    def is_dictionary(self, name: str) -> bool:
        """Return whether the names in the object *name* are data."""
        return name.lower() in self._dictionaries

    def allows(self, name: str, value: str) -> bool:
        """Return whether *value* is one that the description lists for *name*, or its date-time."""
        folded = name.lower()
        is_date_time = folded in self._date_times and re.search(IS_DATE_TIME, value) is not None
        return is_date_time or value in self._listed_values.get(folded, ())

    @cached_property
    def _date_times(self) -> frozenset[str]:
        schemas = self._schemas
        return frozenset(n.lower() for n, schema in schemas if schema.get("format") == DATE_TIME)

    def is_secret(self, name: str) -> bool:
        """Return whether *name* is that of a member or parameter that holds a password."""
        return name.lower() in self._secret_names

    @cached_property
    def _secret_names(self) -> frozenset[str]:
        members = (name for name, schema in self._schemas if _is_secret(schema))
        parameters = (
            node["name"]
            for operation in self._operations
            for node in operation.document["parameters"]
            if _is_secret(node.get("schema", {}))
        )
        return frozenset(name.lower() for name in chain(members, parameters))

    @cached_property
    def descriptions(self) -> frozenset[bytes]:
        """The answers to a GET that describes (claim get-describes)."""
        return frozenset(msgspec.json.encode(each.description) for each in self._operations)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(
            {
                *(name.lower() for name, _ in self._schemas),
                *self._element_names,
                *self.query_names,
                *self._number_names,
                *(*_ERROR_MEMBERS, *_CARRIER_MEMBERS),
            }
        )

    @cached_property
    def _schemas(self) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        schemas = Schemas(self._description.document)
        return tuple(_members(self._description.document, schemas.resolve))

    @cached_property
    def _element_names(self) -> frozenset[str]:
        return frozenset(chain.from_iterable(map(_element_names, self._operations)))

    @cached_property
    def query_names(self) -> frozenset[str]:
        """The described query parameters, in lower case."""
        return frozenset(chain.from_iterable(operation.query for operation in self._operations))

    @cached_property
    def _number_names(self) -> frozenset[str]:
        in_answers = (name.lower() for name, schema in self._schemas if _holds_numbers(schema))
        return frozenset(chain(in_answers, *map(_number_names, self._operations)))

    @cached_property
    def _dictionaries(self) -> frozenset[str]:
        described = (
            name.lower() for name, schema in self._schemas if schema.get("additionalProperties")
        )
        return DICTIONARIES.union(described) - {"tableright"}  # its members are always the same

    @cached_property
    def _listed_values(self) -> Mapping[str, frozenset[object]]:
        booleans = {"type": "boolean", "enum": ["true", "false"]}  # in XML and forms
        return {
            name.lower(): frozenset(value for value in schema["enum"] if isinstance(value, str))
            for name, given in self._schemas
            for schema in [booleans if given.get("type") == "boolean" else given]
            if isinstance(schema.get("enum"), list)
        }

    @cached_property
    def media_types(self) -> frozenset[str]:
        """The media types of the description, in lower case."""
        contents = (
            node.get("content", {})
            for operation in self._operations
            for node in (
                operation.document["requestBody"],
                *operation.document["responses"].values(),
            )
        )
        return frozenset(name.lower() for content in contents for name in content)


def _members(
    node: object, resolve: Callable[[Any], Mapping[str, Any]]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each member that is described below *node* with its schema, or with all it says."""
    pending = [node]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            properties = node.get("properties")
            if isinstance(properties, dict):
                pairs = ((f"{name}", schema) for name, schema in properties.items())
                for name, schema in pairs:
                    with suppress(DescriptionError):  # the files of others have broken references
                        yield name, resolve(schema)
            pending += node.values()
        elif isinstance(node, list):
            pending += node


def _holds_numbers(schema: Mapping[str, Any]) -> bool:
    types = schema.get("type", ())
    return not {"integer", "number"}.isdisjoint([types] if isinstance(types, str) else types)


def _is_secret(schema: Mapping[str, Any]) -> bool:
    return schema.get("format") == "password"


def _shapes(operation: Operation) -> Iterator[tuple[Path, Shape]]:
    """Yield the shapes in the bodies of *operation* and in its answer, if that is supported."""
    for body in operation.bodies.values():
        yield from walk(body.shape)
    with suppress(DescriptionError):
        if operation.success is not None:
            yield from walk(operation.success[1])


def _element_names(operation: Operation) -> Iterator[str]:
    for path, shape in _shapes(operation):
        if not path or path[-1] == 0:  # the root, or an item of a list
            yield item_name(shape).lower()


def _number_names(operation: Operation) -> Iterator[str]:
    for name, parameter in operation.query.items():
        if "integer" in parameter.shape.types:
            yield name
    for path, shape in _shapes(operation):
        if isinstance(shape, Scalar) and "integer" in shape.types:
            yield next((step.lower() for step in reversed(path) if isinstance(step, str)), "")
            if path and path[-1] == 0:  # an item of a list, which is an element in XML
                yield item_name(shape).lower()
