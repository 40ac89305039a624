"""Loads openapi.yaml: the operations, their paths, their bodies, and how bodies are decoded.

A keyword that is not handled here is an error, so that a new rule in openapi.yaml is never
silently ignored.
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
    check_keywords,
    shape_of,
    struct_of,
    to_camel_case,
    verbatim,
)

SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
"""Described methods that never start a run."""
METHODS: Final = ("get", "head", "options", "post", "put", "patch", "delete")


class ValidationProblem(Protocol):
    """An error of jsonschema-rs: one place that does not validate."""

    @property
    def instance_path(self) -> Sequence[str | int]:
        """The names and indices that lead from the root to the place."""

    @property
    def message(self) -> str:
        """What is wrong there, in the words of the validator."""


class Body(msgspec.Struct, frozen=True, dict=True):
    """A request body; media types with the same schema share one.

    `struct` is the type of a decoded body, without undescribed members.
    """

    schema: Schema
    shape: Shape
    struct: type[msgspec.Struct]

    @cached_property
    def exact_case(self) -> msgspec.json.Decoder[Any]:
        """The fast decoder for JSON with the member names of the description."""
        return msgspec.json.Decoder(struct_of(self.schema, verbatim, strict=True))

    @cached_property
    def camel_case(self) -> msgspec.json.Decoder[Any]:
        """The fast decoder for the vendor's client, which sends camelCase (claim camel-case)."""
        return msgspec.json.Decoder(struct_of(self.schema, to_camel_case, strict=True))

    @cached_property
    def _validator(self) -> Any:  # noqa: ANN401 - jsonschema_rs ships no class to name here
        import jsonschema_rs

        return jsonschema_rs.validator_for(cast(dict[str, Any], self.schema))

    def find_problems(self, value: object) -> Iterator[ValidationProblem]:
        """Yield the places where *value*, which has the described names, does not validate."""
        return cast(Iterator[ValidationProblem], self._validator.iter_errors(value))

    def convert(self, value: object) -> Any:  # noqa: ANN401 - a struct made at run time
        """Convert *value* to the struct, without unknown members.

        Raise msgspec.ValidationError at the first place with a wrong type.
        """
        return msgspec.convert(value, self.struct)


class Operation(msgspec.Struct, frozen=True, dict=True):
    """One documented call."""

    name: str
    path: str
    methods: tuple[str, ...]
    bodies: Mapping[str, Body]
    query_names: frozenset[str]
    document: Mapping[str, Any]

    @cached_property
    def description(self) -> dict[str, Any]:
        """The answer to a GET: a description of the call (claim get-describes)."""
        post = self.document
        return {
            "Method": "POST",
            "Path": self.path,
            "Summary": post["summary"],
            "Description": post["description"],
            "Parameters": [
                {
                    "Name": parameter["name"],
                    "In": parameter["in"],
                    "Type": parameter["schema"]["type"],
                    "Description": parameter["description"],
                }
                for parameter in post["parameters"]
            ],
            "MediaTypes": list(self.bodies),
            "Credentials": [" + ".join(alternative) for alternative in post["security"]],
            "Responses": [
                {"Status": int(status), "Description": response["description"]}
                for status, response in post["responses"].items()
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
    """Parse an OpenAPI 3.1 document. Raise DescriptionError for anything that is not supported."""
    document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    operations = (
        _parse_operation(document, path, item) for path, item in document["paths"].items()
    )
    return Description({operation.path.lower(): operation for operation in operations}, document)


def without_claims(node: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a copy of *node* without `x-claim`, which other tools may take for a constraint."""
    if isinstance(node, Mapping):
        return {name: without_claims(child) for name, child in node.items() if name != "x-claim"}
    return [without_claims(item) for item in node] if isinstance(node, list) else node


def _parse_operation(document: Schema, path: str, item: Schema) -> Operation:
    post = _resolve_references(document, item["post"])
    if not isinstance(post, dict):
        msg = f"{path}: the post operation is not an object"
        raise DescriptionError(msg)
    content = post["requestBody"]["content"]
    return Operation(
        name=post["operationId"],
        path=path,
        methods=tuple(sorted(method.upper() for method in METHODS if method in item)),
        bodies=_parse_bodies(content),
        query_names=frozenset(
            parameter["name"].lower()
            for parameter in post["parameters"]
            if parameter["in"] == "query"
        ),
        document=post,
    )


def _parse_bodies(content: Schema) -> dict[str, Body]:
    bodies: dict[str, Body] = {}
    for media_type, medium in content.items():
        schema = medium["schema"]
        same_body = next((body for body in bodies.values() if body.schema == schema), None)
        bodies[media_type] = same_body or _parse_body(schema, media_type)
    return bodies


def _parse_body(schema: Schema, media_type: str) -> Body:
    check_keywords(schema, f"{media_type}:")
    return Body(schema, shape_of(schema), struct_of(schema, verbatim, strict=False))


def _resolve_references(document: Schema, node: object, depth: int = 0) -> Any:  # noqa: ANN401 - JSON
    """Return *node* with every local `$ref` replaced by its target."""
    if depth > 50:
        msg = "the description refers to itself"
        raise DescriptionError(msg)
    if isinstance(node, dict):
        if "$ref" in node:
            return _resolve_references(
                document, _follow_reference(document, node["$ref"]), depth + 1
            )
        return {
            name: _resolve_references(document, value, depth + 1) for name, value in node.items()
        }
    if isinstance(node, list):
        return [_resolve_references(document, value, depth + 1) for value in node]
    return node


def _follow_reference(document: Schema, reference: str) -> object:
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        if not isinstance(node, dict) or part not in node:
            msg = f"{reference}: not found; references must be local, such as #/components/…"
            raise DescriptionError(msg)
        node = node[part]
    return node
