"""Shapes and structs: what the schemas of the description say a value may look like."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Protocol

import msgspec

from superoffice_contract.errors import DescriptionError

Schema = Mapping[str, Any]


HANDLED_KEYWORDS: Final = frozenset(
    {
        *("$ref", "type", "properties", "items", "required", "minItems", "minProperties"),
        *("additionalProperties", "minimum", "maximum", "format", "default"),
        *("description", "title", "xml", "example", "examples", "x-claim"),
    }
)


# ---- shapes: whatever the media type ---------------------------------------------------------


class Scalar(msgspec.Struct, frozen=True):
    """A single value; *types* are JSON Schema's names."""

    types: frozenset[str]
    minimum: int | None = None
    maximum: int | None = None

    @property
    def expected(self) -> str:
        """Say in words what belongs here."""
        return " or ".join(_NAMED[name] for name in _NAMED if name in self.types)


class Member(msgspec.Struct, frozen=True):
    """A member of an object, under the name that the description gives it."""

    name: str
    shape: "Shape"


class ObjectShape(msgspec.Struct, frozen=True):
    """An object; *members* by their case-folded names. None of them: any member is welcome."""

    members: Mapping[str, Member]
    xml_name: str | None
    nullable: bool = False

    @property
    def expected(self) -> str:
        """Say in words what belongs here."""
        return "an object or null" if self.nullable else "an object"


class ArrayShape(msgspec.Struct, frozen=True):
    """A list of values of one shape."""

    items: "Shape"
    nullable: bool = False

    @property
    def expected(self) -> str:
        """Say in words what belongs here."""
        return "an array or null" if self.nullable else "an array"


Shape = Scalar | ObjectShape | ArrayShape


_NAMED: Final = {
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "boolean": "a boolean",
    "null": "null",
}


# ---- schemas -> shapes -----------------------------------------------------------------------


def check_keywords(schema: object, where: str) -> None:
    """Raise DescriptionError if *schema*, or a schema in it, has a keyword that nobody handles."""
    if not isinstance(schema, Mapping):
        msg = f"{where} expected a schema with keywords, got {schema!r}"
        raise DescriptionError(msg)
    unknown = sorted(set(schema) - HANDLED_KEYWORDS)
    if unknown:
        msg = f"{where} {unknown[0]!r} is a keyword that the loader does not handle"
        raise DescriptionError(msg)
    for name, child in schema.get("properties", {}).items():
        check_keywords(child, f"{where}/{name}")
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            check_keywords(schema[keyword], f"{where}/{keyword}")


def _types(schema: Schema) -> frozenset[str]:
    kind = schema["type"]
    return frozenset([kind] if isinstance(kind, str) else kind)


def shape_of(schema: Schema) -> Shape:
    """Return what *schema* says a value may look like."""
    types = _types(schema)
    nullable = "null" in types
    if "object" in types:
        members = {
            name.lower(): Member(name, shape_of(child))
            for name, child in schema.get("properties", {}).items()
        }
        return ObjectShape(members, schema.get("xml", {}).get("name"), nullable)
    if "array" in types:
        return ArrayShape(shape_of(schema["items"]), nullable)
    return Scalar(types, schema.get("minimum"), schema.get("maximum"))


# ---- structs: the shapes as types that msgspec decodes at once -------------------------------


class Spelling(Protocol):
    """How the members of a struct are spelt on the wire."""

    def __call__(self, name: str, /) -> str:
        """Return how a member called *name* in the description is spelt."""


def verbatim(name: str) -> str:
    """Return *name*, as the description has it."""
    return name


def camel(name: str) -> str:
    """Return *name* as the vendor's client spells it: `AccountId` -> `accountId`."""
    return name[:1].lower() + name[1:]


def attribute(name: str) -> str:
    """Return the Python name of a member: `AccountId` -> `account_id`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def struct_of(schema: Schema, spelt: Spelling, *, strict: bool) -> type[msgspec.Struct]:
    """Make the struct of an object; a *strict* one refuses unknown members, others skip them."""
    properties = schema.get("properties", {})
    return msgspec.defstruct(
        schema.get("xml", {}).get("name", "Request"),
        [
            (attribute(name), _type(child, spelt, strict=strict), _default(child))
            for name, child in properties.items()
        ],
        rename={attribute(name): spelt(name) for name in properties},
        forbid_unknown_fields=strict,
        frozen=True,
        gc=False,
    )


_PYTHON_TYPES: Final[Mapping[str, Any]] = {
    "string": str,
    "boolean": bool,
    "number": float,
    "null": None,
}


def _type(schema: Schema, spelt: Spelling, *, strict: bool) -> Any:  # noqa: ANN401 - a type made at run time
    kinds = sorted(_types(schema))
    alternatives = [_one_type(kind, schema, spelt, strict=strict) for kind in kinds]
    made = alternatives[0]
    for alternative in alternatives[1:]:
        made = made | alternative
    return made


def _one_type(name: str, schema: Schema, spelt: Spelling, *, strict: bool) -> Any:  # noqa: ANN401 - as above
    if name == "object":
        known = "properties" in schema
        return struct_of(schema, spelt, strict=strict) if known else dict[str, Any]
    if name == "array":
        return list[_type(schema["items"], spelt, strict=strict)]  # type: ignore[misc]
    if name == "integer":
        limits = msgspec.Meta(ge=schema.get("minimum"), le=schema.get("maximum"))
        return Annotated[int, limits]
    return _PYTHON_TYPES[name]


def _default(schema: Schema) -> object:
    """Return what an absent member counts as: its default, or null."""
    return schema.get("default")
