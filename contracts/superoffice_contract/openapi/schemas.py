"""JSON Schemas of a document: shapes of values in any media type, and what is not supported."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from superoffice_contract.errors import DescriptionError
from superoffice_contract.openapi.decoder_types import (
    DecoderTypes,
    Schema,
    allowed_values,
    last_name,
    to_camel_case,
    types_of,
)

_TYPE_NAMES: Final = {
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "boolean": "a boolean",
    "null": "null",
}
_ANNOTATIONS: Final = frozenset(
    {"description", "title", "xml", "example", "examples", "x-claim", "default"}
)
"""Keywords that may stand beside `$ref` with another value than in its target."""
_HANDLED_KEYWORDS: Final = _ANNOTATIONS | {
    *("type", "properties", "items", "required", "minItems", "minProperties"),
    *("additionalProperties", "minimum", "maximum", "format", "enum"),
}
_INT64: Final = range(-(2**63), 2**63)


class Scalar(msgspec.Struct, frozen=True):
    """A single value; *types* are the type names of JSON Schema."""

    types: frozenset[str]
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[Any, ...] = ()
    xml_name: str | None = None

    @property
    def type_name(self) -> str:
        """The first of its types, in the order of `expected`."""
        return next(name for name in _TYPE_NAMES if name in self.types)

    @property
    def expected(self) -> str:
        """What belongs here, in words."""
        if self.values:
            return f"one of {', '.join(map(str, self.values))}"
        return " or ".join(_TYPE_NAMES[name] for name in _TYPE_NAMES if name in self.types)

    @property
    def expected_number(self) -> str:
        """What belongs here, in words, with the limits of a number."""
        words = (("from", self.minimum), ("to", self.maximum))
        limits = (f" {word} {limit}" for word, limit in words if limit is not None)
        return f"{self.expected}{''.join(limits)}"


class Member(msgspec.Struct, frozen=True):
    """A member of an object; *name* is that of the description."""

    name: str
    shape: "Shape"


class ObjectShape(msgspec.Struct, frozen=True):
    """An object; *members* by lower-case name. If there are none, any member is allowed.

    *expected* is what belongs here, in words.
    """

    members: Mapping[str, Member]
    xml_name: str | None
    expected: str = "an object"


class ArrayShape(msgspec.Struct, frozen=True):
    """A list of values of one shape; *expected* says so in words."""

    items: "Shape"
    expected: str = "an array"


Shape = Scalar | ObjectShape | ArrayShape


class Schemas:
    """The schemas of a *document*; a reference is followed when something asks for its target.

    So references may be circular. Shapes and structs of equal schemas are made once. *exact_case*
    and *camel_case* make the types of the fast decoders, *lenient* those of validated values.
    """

    def __init__(self, document: Schema) -> None:
        self.document = document
        self.exact_case = DecoderTypes(self.resolve, str, strict=True)
        self.camel_case = DecoderTypes(self.resolve, to_camel_case, strict=True)
        self.lenient = DecoderTypes(self.resolve, str, strict=False)
        self._shapes: dict[bytes, Shape] = {}

    def resolve(self, node: Any, passed: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - JSON
        """Return the object *node*, or the target of its `$ref` with the siblings of `$ref` added.

        Raise DescriptionError for a reference that leads nowhere or to one of those *passed*.
        """
        if not isinstance(node, Mapping):
            msg = f"expected an object, got {node!r}"
            raise DescriptionError(msg)
        if "$ref" not in node:
            return node
        reference = node["$ref"]
        if reference in passed:
            msg = f"{reference}: the reference leads back to itself"
            raise DescriptionError(msg)
        target = self.resolve(self._target(reference), (*passed, reference))
        siblings = {name: value for name, value in node.items() if name != "$ref"}
        for name in siblings.keys() - _ANNOTATIONS:
            if target.get(name, siblings[name]) != siblings[name]:
                msg = f"{name!r} beside $ref differs from that of its target"
                raise DescriptionError(msg)
        return {**target, **siblings} if siblings else target

    def _target(self, reference: str) -> Any:  # noqa: ANN401 - JSON
        node: Any = self.document
        try:
            for name in _steps(reference):
                node = node[name]
        except (LookupError, TypeError):
            msg = f"{reference}: not found; references must be local, such as #/components/…"
            raise DescriptionError(msg) from None
        return node

    def shape_of(self, schema: Schema, where: str = "") -> Shape:
        """Return the shape of *schema*. A schema that contains itself has such a shape.

        Raise DescriptionError, with *where*, for what is not supported in *schema*.
        """
        key = msgspec.json.encode(schema)
        if key in self._shapes:
            return self._shapes[key]
        resolved = self.resolve(schema)
        if problem := next(_find_problems(resolved), None):
            msg = f"{where}: {problem}"
            raise DescriptionError(msg)
        types = types_of(resolved)
        xml_name = resolved.get("xml", {}).get("name")
        or_null = " or null" if "null" in types else ""
        members: dict[str, Member] = {}
        shape: Shape = ObjectShape(members, xml_name or last_name(schema), f"an object{or_null}")
        if "properties" in resolved:
            self._shapes[key] = shape  # for a member that refers to this schema
        for name, child in resolved.get("properties", {}).items():
            members[name.lower()] = Member(name, self.shape_of(child, f"{where}/{name}"))
        parts = {
            keyword: self.shape_of(resolved[keyword], f"{where}/{keyword}")
            for keyword in ("items", "additionalProperties")
            if keyword in resolved
        }
        if types <= set(_TYPE_NAMES):
            limits = (resolved.get("minimum"), resolved.get("maximum"))
            shape = Scalar(types, *limits, allowed_values(resolved), xml_name)
        elif "object" not in types:
            shape = ArrayShape(parts["items"], f"an array{or_null}")
        self._shapes[key] = shape
        return shape

    def with_references(self, schema: Schema) -> dict[str, Any]:
        """Return *schema* with all that it refers to, as a document of its own."""
        document = dict(schema)
        pending = [schema]
        added: set[str] = set()
        while pending:
            text = msgspec.json.encode(pending.pop()).decode()
            for reference in set(re.findall(r'"\$ref":"([^"]*)"', text)) - added:
                added.add(reference)
                *parents, name = _steps(reference)
                node = document
                for parent in parents:
                    node = node.setdefault(parent, {})
                node[name] = self._target(reference)
                pending.append(node[name])
        return document


def _steps(reference: str) -> list[str]:
    """Return the names in a JSON Pointer that begins with `#/`."""
    return [name.replace("~1", "/").replace("~0", "~") for name in reference[2:].split("/")]


def _find_problems(schema: Schema) -> Iterator[str]:
    """Yield what is not supported in *schema* itself."""
    for name in sorted(schema.keys() - _HANDLED_KEYWORDS):
        yield f"{name!r} is a keyword that the loader does not handle"
    types = types_of(schema)
    if not types or not types <= {*_TYPE_NAMES, "array", "object"}:
        yield f"{schema.get('type')!r} is not a type"
    if "array" in types and "items" not in schema:
        yield "an array needs items"
    if "enum" in schema and not allowed_values(schema):
        yield "no value of the enum is text, an integer or null of its type"
    if isinstance(schema.get("default"), list | dict):
        yield "only a single value is supported as a default"
    limits = [schema[name] for name in ("minimum", "maximum") if name in schema]
    if "integer" in types and not all(type(n) is int and n in _INT64 for n in limits):
        yield "the limits of an integer must be integers of 64 bits"
