"""Makes types that msgspec decodes from the schemas of a document."""

import re
from collections.abc import Callable, Iterable, Mapping
from keyword import iskeyword
from typing import Annotated, Any, Final, ForwardRef, Literal, Union

import msgspec

Schema = Mapping[str, Any]
_ENUM_TYPES: Final = {"string": str, "number": int, "integer": int, "null": type(None)}
"""The types that the values of an enum may have, by name of the type."""
_PYTHON_TYPES: Final[Mapping[str, Any]] = {**_ENUM_TYPES, "boolean": bool, "number": float}
_DAY: Final = (
    "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
)
IS_DATE_TIME: Final = (
    rf"^(?!0000){_DAY}T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){{2}}(?:\.[0-9]+)?"
    r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?$(?!\n)"
)
"""The pattern of a date-time as clients of .NET and JavaScript write it, for any library."""
_NOTHING: Final = Annotated[int, msgspec.Meta(ge=1, le=0)]
"""Stands for a schema that only the validator can judge: no value is of this type."""


def to_camel_case(name: str) -> str:
    """Return *name* as the vendor's client spells it: `AccountId` -> `accountId`."""
    return name[:1].lower() + name[1:]


def python_names(names: Iterable[str]) -> dict[str, str]:
    """Return a Python name for each member: `AccountId` -> `account_id`, `$type` -> `type`.

    A keyword, and a name that another member has, get underscores at the end.
    """
    python_names: dict[str, str] = {}
    for name in names:
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        python_name = re.sub(r"\W", "_", words, flags=re.ASCII).strip("_")
        if not python_name.isidentifier():  # it is empty, or begins with a digit
            python_name = f"member_{python_name}"
        while iskeyword(python_name) or python_name in python_names.values():
            python_name += "_"
        python_names[name] = python_name
    return python_names


def types_of(schema: Schema) -> frozenset[str]:
    """Return the type names of *schema*, which is resolved."""
    kind = schema.get("type", ())
    return frozenset([kind] if isinstance(kind, str) else kind)


def find_nullable(schema: Schema) -> Schema | None:
    """Return the other schema of an `anyOf` of it and null; None for any other schema."""
    alternatives = schema.get("anyOf")
    if not isinstance(alternatives, list) or {"type": "null"} not in alternatives:
        return None
    others = [schema for schema in alternatives if schema != {"type": "null"}]
    return others[0] if len(others) == 1 else None


def allowed_values(schema: Schema) -> tuple[Any, ...]:
    """Return the values of the enum of *schema* that have its type, nothing without an enum."""
    python_types = [_ENUM_TYPES.get(name) for name in types_of(schema)]
    return tuple(value for value in schema.get("enum", ()) if type(value) in python_types)


def last_name(schema: Schema) -> str | None:
    """Return the name at the end of a reference, or null: `#/components/schemas/A.B` -> `B`."""
    schema = find_nullable(schema) or schema
    return re.split(r"[/.]", schema["$ref"])[-1] if "$ref" in schema else None


class DecoderTypes:
    """The types whose member names *spell* makes of those in the description.

    A *strict* type rejects whatever its schema does not allow, unknown members and numbers that
    may have a fraction. Others skip unknown members, and are for values that are validated.
    *resolve* follows a `$ref`.
    """

    def __init__(
        self, resolve: Callable[[Schema], Schema], spell: Callable[[str], str], *, strict: bool
    ) -> None:
        self._resolve = resolve
        self._spell = spell
        self._strict = strict
        self._structs: dict[bytes, Any] = {}

    def type_of(self, schema: Schema) -> Any:  # noqa: ANN401 - a type made at run time
        """Return the type of *schema*."""
        resolved = self._resolve(schema)
        if self._strict and "enum" in resolved:
            return Literal[allowed_values(resolved)]
        kinds = sorted(types_of(resolved))
        if self._strict and "number" in kinds:
            return _NOTHING  # as `operations._fast_decoder` rejects fractions
        return Union[tuple(self._type_of_kind(kind, schema, resolved) for kind in kinds)]  # noqa: UP007

    def _type_of_kind(self, kind: str, schema: Schema, resolved: Schema) -> Any:  # noqa: ANN401
        if kind == "object":
            return self._object_type(schema, resolved)
        if kind == "array":
            items = self.type_of(resolved["items"])
            return self._limit_length(list[items], resolved, "minItems")  # type: ignore[valid-type]
        if kind in ("integer", "number"):
            limits = msgspec.Meta(ge=resolved.get("minimum"), le=resolved.get("maximum"))
            return Annotated[_PYTHON_TYPES[kind], limits]
        if kind == "string" and resolved.get("format") == "date-time":
            return Annotated[_PYTHON_TYPES[kind], msgspec.Meta(pattern=IS_DATE_TIME)]
        return _PYTHON_TYPES[kind]

    def _limit_length(self, type_: Any, schema: Schema, keyword: str) -> Any:  # noqa: ANN401
        """Return *type_* with a least length if it is strict; for others it is validated."""
        limit = schema.get(keyword) if self._strict else None
        return Annotated[type_, msgspec.Meta(min_length=limit)]

    def _object_type(self, schema: Schema, resolved: Schema) -> Any:  # noqa: ANN401
        properties = resolved.get("properties", {})
        missing = set(resolved.get("required", ())) - set(properties)
        if self._strict and (missing or (properties and "minProperties" in resolved)):
            return _NOTHING
        if not properties:
            values = resolved.get("additionalProperties")
            value_type = Any if values is None else self.type_of(values)
            return self._limit_length(dict[str, value_type], resolved, "minProperties")  # type: ignore[valid-type]
        key = msgspec.json.encode(schema)
        if key not in self._structs:
            # A schema that contains itself finds this name, which msgspec looks up at the end.
            self._structs[key] = ForwardRef(f"_structs[{key!r}]")
            self._structs[key] = self._build_struct(resolved, last_name(schema) or "Request")
        return self._structs[key]

    def _build_struct(self, schema: Schema, name: str) -> type[msgspec.Struct]:
        properties = schema["properties"]
        required = schema.get("required", ()) if self._strict else ()
        names = python_names(properties)
        fields = []
        for member, child in properties.items():
            # An absent member is its default, or null.
            absent = () if member in required else (self._resolve(child).get("default"),)
            fields.append((names[member], self.type_of(child), *absent))
        return msgspec.defstruct(
            name,
            fields,
            namespace={"_structs": self._structs},
            # Where `AccountId` and `accountId` are two members, each keeps its name.
            rename={
                python_name: member if (spelled := self._spell(member)) in properties else spelled
                for member, python_name in names.items()
            },
            forbid_unknown_fields=self._strict,
            frozen=True,
            gc=False,
            kw_only=True,
        )
