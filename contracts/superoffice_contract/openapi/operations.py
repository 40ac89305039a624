"""openapi.yaml -> operations: where they answer, which bodies they take, how these are decoded.

The description is the single source: a keyword that is not handled here is an error, so that
a new rule in openapi.yaml is never silently ignored.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, Protocol, cast

import msgspec
import yaml

from superoffice_contract.errors import DescriptionError
from superoffice_contract.openapi.schemas import (
    Schema,
    Shape,
    camel,
    check_keywords,
    shape_of,
    struct_of,
    verbatim,
)

METHODS: Final = ("get", "head", "options", "post", "put", "patch", "delete")


# ---- bodies ----------------------------------------------------------------------------------


class Invalid(Protocol):
    """What jsonschema-rs says of one place that does not validate."""

    @property
    def instance_path(self) -> Sequence[str | int]:
        """The way from the root to the place."""

    @property
    def message(self) -> str:
        """What is wrong there, in the validator's words."""


class Body(msgspec.Struct, frozen=True, dict=True):
    """A request body; media types whose schemas are equal share one.

    `struct` is what a body becomes. Members that nobody described have no place in it.
    """

    schema: Schema
    shape: Shape
    struct: type[msgspec.Struct]

    @cached_property
    def as_described(self) -> msgspec.json.Decoder[Any]:
        """The fast decoder for JSON whose members are spelt as in the description."""
        return msgspec.json.Decoder(struct_of(self.schema, verbatim, strict=True))

    @cached_property
    def camel_case(self) -> msgspec.json.Decoder[Any]:
        """The fast decoder for the vendor's client, which sends camelCase (claim camel-case)."""
        return msgspec.json.Decoder(struct_of(self.schema, camel, strict=True))

    @cached_property
    def _validator(self) -> Any:  # noqa: ANN401 - jsonschema_rs ships no class to name here
        import jsonschema_rs

        return jsonschema_rs.validator_for(cast(dict[str, Any], self.schema))

    def invalid(self, value: object) -> Iterator[Invalid]:
        """Yield the places where *value*, with the described names, does not validate."""
        return cast(Iterator[Invalid], self._validator.iter_errors(value))

    def typed(self, value: object) -> Any:  # noqa: ANN401 - a struct made at run time
        """Return *value* as the struct, without unknown members.

        Raise msgspec.ValidationError at the first place whose type differs.
        """
        return msgspec.convert(value, self.struct)


# ---- operations ------------------------------------------------------------------------------


class Operation(msgspec.Struct, frozen=True, dict=True):
    """One documented call."""

    name: str
    path: str
    methods: tuple[str, ...]
    bodies: Mapping[str, Body]
    query_names: frozenset[str]
    document: Mapping[str, Any]

    @cached_property
    def described(self) -> dict[str, Any]:
        """What a GET on the call answers: the call in words (claim get-describes)."""
        post = self.document
        return {
            "Method": "POST",
            "Path": self.path,
            "Summary": post["summary"],
            "Description": post["description"],
            "Parameters": [
                {
                    "Name": one["name"],
                    "In": one["in"],
                    "Type": one["schema"]["type"],
                    "Description": one["description"],
                }
                for one in post["parameters"]
            ],
            "MediaTypes": list(self.bodies),
            "Credentials": [" + ".join(alternative) for alternative in post["security"]],
            "Responses": [
                {"Status": int(status), "Description": one["description"]}
                for status, one in post["responses"].items()
            ],
        }


class Description(msgspec.Struct, frozen=True):
    """All documented calls, by their case-folded path."""

    operations: Mapping[str, Operation]
    document: Mapping[str, Any]


@cache
def load() -> Description:
    """Read the openapi.yaml of this package."""
    return read(Path(__file__).with_name("openapi.yaml").read_text(encoding="utf-8"))


def read(text: str) -> Description:
    """Read an OpenAPI 3.1 document. Raise DescriptionError where it says what we can't follow."""
    document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    operations = (_operation(document, path, item) for path, item in document["paths"].items())
    return Description({one.path.lower(): one for one in operations}, document)


def _operation(document: Schema, path: str, item: Schema) -> Operation:
    post = _resolved(document, item["post"])
    if not isinstance(post, dict):
        msg = f"{path}: the post operation is no object"
        raise DescriptionError(msg)
    content = post["requestBody"]["content"]
    return Operation(
        name=post["operationId"],
        path=path,
        methods=tuple(sorted(method.upper() for method in METHODS if method in item)),
        bodies=_bodies(content),
        query_names=frozenset(
            one["name"].lower() for one in post["parameters"] if one["in"] == "query"
        ),
        document=post,
    )


def _bodies(content: Schema) -> dict[str, Body]:
    bodies: dict[str, Body] = {}
    for media_type, medium in content.items():
        schema = medium["schema"]
        twin = next((body for body in bodies.values() if body.schema == schema), None)
        bodies[media_type] = twin or _body(schema, media_type)
    return bodies


def _body(schema: Schema, media_type: str) -> Body:
    check_keywords(schema, f"{media_type}:")
    return Body(schema, shape_of(schema), struct_of(schema, verbatim, strict=False))


def _resolved(document: Schema, node: object, depth: int = 0) -> Any:  # noqa: ANN401 - JSON
    """Return *node* with every local `$ref` replaced by what it names."""
    if depth > 50:
        msg = "the description refers to itself"
        raise DescriptionError(msg)
    if isinstance(node, dict):
        if "$ref" in node:
            return _resolved(document, _pointed_at(document, node["$ref"]), depth + 1)
        return {name: _resolved(document, value, depth + 1) for name, value in node.items()}
    if isinstance(node, list):
        return [_resolved(document, value, depth + 1) for value in node]
    return node


def _pointed_at(document: Schema, reference: str) -> object:
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        if not isinstance(node, dict) or part not in node:
            msg = f"{reference}: nothing there; references are local, such as #/components/…"
            raise DescriptionError(msg)
        node = node[part]
    return node
