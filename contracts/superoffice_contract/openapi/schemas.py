"""JSON Schemas of a document: shapes of values in any media type, and what is not supported."""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from superoffice_contract.errors import DescriptionError
from superoffice_contract.openapi.decoder_types import (
    IS_DATE_TIME,
    DecoderTypes,
    Schema,
    allowed_values,
    find_nullable,
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
    {"description", "title", "xml", "example", "examples", "x-claim", "default", "readOnly"}
)
"""Keywords that may stand beside `$ref` with another value than in its target."""
_HANDLED_KEYWORDS: Final = _ANNOTATIONS | {
    *("type", "properties", "items", "required", "minItems", "minProperties"),
    *("additionalProperties", "minimum", "maximum", "format", "enum"),
}
_INT64: Final = range(-(2**63), 2**63)
_LIMITS: Final = {
    f"int{bits}": {"minimum": -(2 ** (bits - 1)), "maximum": 2 ** (bits - 1) - 1}
    for bits in (32, 64)
}
"""What the format of an integer says, by its name."""
DATE_TIME: Final = "date-time"
_FORMATS: Final = (DATE_TIME, "password")
"""The formats of text that have a meaning here."""


class Scalar(msgspec.Struct, frozen=True):
    """A single value; *types* are the type names of JSON Schema."""

    types: frozenset[str]
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[Any, ...] = ()
    xml_name: str | None = None
    format: str | None = None

    @property
    def is_secret(self) -> bool:
        """Whether it holds a password."""
        return self.format == "password"

    def allows_text(self, text: str) -> bool:
        """Return whether *text* is a value of it; a date-time is one of a real day."""
        is_date_time = self.format == DATE_TIME
        return "string" in self.types and not (is_date_time and not re.search(IS_DATE_TIME, text))

    @property
    def type_name(self) -> str:
        """The first of its types, in the order of `expected`."""
        return next(name for name in _TYPE_NAMES if name in self.types)

    @property
    def expected(self) -> str:
        """What belongs here, in words."""
        if self.values:
            return f"one of {', '.join(map(str, self.values))}"
        words = _TYPE_NAMES
        if self.format == DATE_TIME:
            words = words | {"string": "a date-time such as 2026-01-31T09:30:00Z"}
        return " or ".join(words[name] for name in words if name in self.types)

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

    *expected* is what belongs here, in words. A dictionary has *values* of one shape.
    """

    members: Mapping[str, Member]
    xml_name: str | None
    expected: str = "an object"
    values: "Shape | None" = None


class ArrayShape(msgspec.Struct, frozen=True):
    """A list of values of one shape; *expected* says so in words."""

    items: "Shape"
    expected: str = "an array"


Shape = Scalar | ObjectShape | ArrayShape
Path = tuple[str | int, ...]
"""The steps from the root of a shape: names of members, and 0 for the items of an array."""
ANY_NAME: Final = "name"
"""Stands in a path for the names in a dictionary."""


def walk(shape: Shape) -> Iterator[tuple[Path, Shape]]:
    """Yield *shape* and all shapes in it, each with its shortest path; a circle is walked once."""
    pending = deque[tuple[Path, Shape]]([((), shape)])
    known = {id(shape)}
    while pending:
        path, shape = pending.popleft()
        yield path, shape
        for step, child in children_of(shape):
            if isinstance(child, Scalar) or id(child) not in known:
                known.add(id(child))
                pending.append(((*path, step), child))


def children_of(shape: Shape) -> Iterator[tuple[str | int, Shape]]:
    """Yield the shapes right in *shape*, each with its step."""
    if isinstance(shape, ArrayShape):
        yield 0, shape.items
    elif isinstance(shape, ObjectShape):
        for member in shape.members.values():
            yield member.name, member.shape
        if shape.values is not None:
            yield ANY_NAME, shape.values


def is_free(shape: Shape) -> bool:
    """Return whether *shape* is an object of which the description says nothing."""
    return isinstance(shape, ObjectShape) and not shape.members and shape.values is None


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

        An `anyOf` of a schema and null becomes that schema with null among its types; an integer
        gets the limits of its format. Raise DescriptionError for a reference that leads nowhere or
        to one of those *passed*.
        """
        if not isinstance(node, Mapping):
            msg = f"expected an object, got {node!r}"
            raise DescriptionError(msg)
        if (nullable := find_nullable(node)) is not None:
            target = self.resolve(nullable, passed)
            siblings = {name: node[name] for name in node if name != "anyOf"}
            values = {"enum": [*target["enum"], None]} if "enum" in target else {}
            return {**target, **siblings, **values, "type": [*types_of(target) - {"null"}, "null"]}
        if "$ref" not in node:
            return {**_limits_of(node), **node}
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
        if key not in self._shapes:
            try:
                self._shapes[key] = self._parse_shape(key, schema, where)
            except Exception:
                self._shapes.clear()  # others may refer to one that is not complete
                raise
        return self._shapes[key]

    def _parse_shape(self, key: bytes, schema: Schema, where: str) -> Shape:
        resolved = self.resolve(schema)
        if problem := next(_find_problems(resolved), None):
            msg = f"{where}: {problem}"
            raise DescriptionError(msg)
        types = types_of(resolved)
        xml_name = resolved.get("xml", {}).get("name")
        or_null = " or null" if "null" in types else ""
        members: dict[str, Member] = {}
        name_in_xml = xml_name or last_name(schema)
        shape: Shape = ObjectShape(members, name_in_xml, f"an object{or_null}")
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
            text_format = resolved.get("format") if resolved.get("format") in _FORMATS else None
            shape = Scalar(types, *limits, allowed_values(resolved), xml_name, text_format)
        elif "object" not in types:
            shape = ArrayShape(parts["items"], f"an array{or_null}")
        elif not members and (values := parts.get("additionalProperties")) and not is_free(values):
            shape = ObjectShape({}, name_in_xml, f"an object{or_null}", values)
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
        return {name: _for_validator(node) for name, node in document.items()}


def _limits_of(schema: Schema) -> Mapping[str, int]:
    """Return the limits that the format of an integer gives it."""
    format_ = schema.get("format")
    return _LIMITS.get(format_, {}) if isinstance(format_, str) else {}


def _for_validator(node: Any) -> Any:  # noqa: ANN401 - JSON
    """Return *node* with formats as limits and patterns, and null so that each place is found.

    With `anyOf`, the validator would name the place of the alternatives only.
    """
    if isinstance(node, list):
        return [_for_validator(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    node = {name: _for_validator(child) for name, child in node.items()}
    if (nullable := find_nullable(node)) is not None:
        del node["anyOf"]
        return {**node, "if": {"type": "null"}, "else": nullable}
    pattern = {"pattern": IS_DATE_TIME} if node.get("format") == DATE_TIME else {}
    return {**_limits_of(node), **pattern, **node}


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
    if schema.get("format") == DATE_TIME and not types <= {"string", "null"}:
        yield "a date-time is a string"
    if "enum" in schema and not allowed_values(schema):
        yield "no value of the enum is text, an integer or null of its type"
    if isinstance(schema.get("default"), list | dict):
        yield "only a single value is supported as a default"
    limits = [schema[name] for name in ("minimum", "maximum") if name in schema]
    if "integer" in types and not all(type(n) is int and n in _INT64 for n in limits):
        yield "the limits of an integer must be integers of 64 bits"
