"""Converts JSON Schema to shapes, and to structs that msgspec decodes."""

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
_TYPE_NAMES: Final = {
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "boolean": "a boolean",
    "null": "null",
}
_PYTHON_TYPES: Final[Mapping[str, Any]] = {
    "string": str,
    "boolean": bool,
    "number": float,
    "null": None,
}


# ---- shapes: values of any media type --------------------------------------------------------


class Scalar(msgspec.Struct, frozen=True):
    """A single value; *types* are the type names of JSON Schema."""

    types: frozenset[str]
    minimum: int | None = None
    maximum: int | None = None

    @property
    def expected(self) -> str:
        """What belongs here, in words."""
        return " or ".join(_TYPE_NAMES[name] for name in _TYPE_NAMES if name in self.types)


class Member(msgspec.Struct, frozen=True):
    """A member of an object; *name* is that of the description."""

    name: str
    shape: "Shape"


class ObjectShape(msgspec.Struct, frozen=True):
    """An object; *members* by lower-case name. If there are none, any member is allowed."""

    members: Mapping[str, Member]
    xml_name: str | None
    nullable: bool = False

    @property
    def expected(self) -> str:
        """What belongs here, in words."""
        return "an object or null" if self.nullable else "an object"


class ArrayShape(msgspec.Struct, frozen=True):
    """A list of values of one shape."""

    items: "Shape"
    nullable: bool = False

    @property
    def expected(self) -> str:
        """What belongs here, in words."""
        return "an array or null" if self.nullable else "an array"


Shape = Scalar | ObjectShape | ArrayShape


# ---- schemas -> shapes -----------------------------------------------------------------------


def check_keywords(schema: object, where: str) -> None:
    """Raise DescriptionError if *schema*, or a schema in it, has an unsupported keyword."""
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
    """Convert *schema* to a shape."""
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


# ---- structs: types that msgspec decodes -----------------------------------------------------


class Spelling(Protocol):
    """Maps the name of a member in the description to its name in a body."""

    def __call__(self, name: str, /) -> str:
        """Return the name in a body."""


def verbatim(name: str) -> str:
    """Return *name* unchanged."""
    return name


def to_camel_case(name: str) -> str:
    """Return *name* as the vendor's client spells it: `AccountId` -> `accountId`."""
    return name[:1].lower() + name[1:]


def to_snake_case(name: str) -> str:
    """Return the Python name of a member: `AccountId` -> `account_id`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def struct_of(schema: Schema, spelling: Spelling, *, strict: bool) -> type[msgspec.Struct]:
    """Create the struct of an object; a *strict* one rejects unknown members, others skip them."""
    properties = schema.get("properties", {})
    return msgspec.defstruct(
        schema.get("xml", {}).get("name", "Request"),
        [
            (to_snake_case(name), _python_type(child, spelling, strict=strict), _default(child))
            for name, child in properties.items()
        ],
        rename={to_snake_case(name): spelling(name) for name in properties},
        forbid_unknown_fields=strict,
        frozen=True,
        gc=False,
    )


def _python_type(schema: Schema, spelling: Spelling, *, strict: bool) -> Any:  # noqa: ANN401 - a type made at run time
    kinds = sorted(_types(schema))
    alternatives = [_single_python_type(kind, schema, spelling, strict=strict) for kind in kinds]
    union = alternatives[0]
    for alternative in alternatives[1:]:
        union = union | alternative
    return union


def _single_python_type(name: str, schema: Schema, spelling: Spelling, *, strict: bool) -> Any:  # noqa: ANN401 - as above
    if name == "object":
        has_members = "properties" in schema
        return struct_of(schema, spelling, strict=strict) if has_members else dict[str, Any]
    if name == "array":
        return list[_python_type(schema["items"], spelling, strict=strict)]  # type: ignore[misc]
    if name == "integer":
        limits = msgspec.Meta(ge=schema.get("minimum"), le=schema.get("maximum"))
        return Annotated[int, limits]
    return _PYTHON_TYPES[name]


def _default(schema: Schema) -> object:
    """Return the value of an absent member: its default, or null."""
    return schema.get("default")
