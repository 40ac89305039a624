"""Loads openapi.yaml: the operations, with their parameters, bodies and answers.

References are resolved where they are read, and an operation is read when it is used first: so a
server starts as fast with many as with one. A keyword that is not handled here is an error, so that
a new rule in openapi.yaml is never silently ignored.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property, partial
from itertools import islice
from typing import Any, Final, NoReturn

import msgspec

from superoffice_contract.errors import DescriptionError
from superoffice_contract.openapi import compiled
from superoffice_contract.openapi.decoder_types import Schema
from superoffice_contract.openapi.paths import Paths
from superoffice_contract.openapi.schemas import Scalar, Schemas, Shape, walk

SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
"""Methods that only read. Where the description has no GET, a GET describes the operation."""
NO_BODY: Final = (b"", b"null")
"""What clients send as the body of an operation that needs none."""
METHODS: Final = ("get", "head", "options", "post", "put", "patch", "delete")
_AGENT_METHOD: Final = re.compile(r".*/api/v1/agents/([^/{}]+)/[^/{}]+", re.IGNORECASE)


class Body(msgspec.Struct, frozen=True, dict=True):
    """A request body; media types with the same schema share one."""

    schema: Schema
    schemas: Schemas

    @cached_property
    def shape(self) -> Shape:
        """The shape of its value."""
        return self.schemas.shape_of(self.schema)

    @cached_property
    def exact_case(self) -> msgspec.json.Decoder[Any]:
        """The fast decoder for JSON with the member names of the description."""
        return _fast_decoder(self.schemas.exact_case.type_of(self.schema))

    @cached_property
    def camel_case(self) -> msgspec.json.Decoder[Any]:
        """The fast decoder for the vendor's client, which sends camelCase (claim camel-case)."""
        return _fast_decoder(self.schemas.camel_case.type_of(self.schema))

    @cached_property
    def convert(self) -> Callable[[object], Any]:
        """Converts a value to the type of a decoded body, without unknown members.

        Raises msgspec.ValidationError at the first place with a wrong type.
        """
        return partial(msgspec.convert, type=self.schemas.lenient.type_of(self.schema))

    @cached_property
    def is_valid(self) -> Callable[[object], bool]:
        """Tells whether a value, which has the described names, validates."""
        is_valid: Callable[[object], bool] = self._validator.is_valid
        return is_valid

    def find_problems(self, value: object) -> Iterator[Any]:
        """Yield an error of jsonschema-rs for each place where *value* does not validate.

        An error has an `instance_path` and a `message`. The first is found at once, the others
        together, which takes long if there are many.
        """
        import jsonschema_rs

        try:
            self._validator.validate(value)
        except jsonschema_rs.ValidationError as first_error:
            yield first_error
            yield from islice(self._validator.iter_errors(value), 1, None)

    @cached_property
    def _validator(self) -> Any:  # noqa: ANN401 - jsonschema-rs has no public name for it
        import jsonschema_rs

        return jsonschema_rs.validator_for(self.schemas.with_references(self.schema))


def _fast_decoder(type_: Any) -> msgspec.json.Decoder[Any]:  # noqa: ANN401 - made at run time
    """Return a decoder that rejects fractions and exponents: some take msgspec very long."""
    return msgspec.json.Decoder(type_, float_hook=_reject)


def _reject(number: str) -> NoReturn:
    raise ValueError(number)


class Parameter(msgspec.Struct, frozen=True):
    """A parameter in path, query or headers."""

    name: str
    location: str
    shape: Scalar
    required: bool
    description: str


class Answer(msgspec.Struct, frozen=True):
    """An answer that is described: *status* as text, and one schema for its media types, if any."""

    status: str
    description: str
    media_types: tuple[str, ...] = ()
    schema: Schema | None = None


class Operation(msgspec.Struct, frozen=True, dict=True):
    """One described operation; *path* may have parameters, such as `/api/state/{tenant}`.

    *allowed_methods* are those of its path. *node* is the operation as it is in the file,
    *path_parameters* are those that its path adds.
    """

    name: str
    method: str
    path: str
    allowed_methods: tuple[str, ...]
    node: Schema
    path_parameters: tuple[Schema, ...]
    schemas: Schemas

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The description with the targets of references to parameters, body and answers."""
        resolve = self.schemas.resolve
        own = self.node.get("parameters", ())
        parameters = map(resolve, (*self.path_parameters, *own))
        answers = self.node.get("responses", {}).items()
        return {
            **self.node,
            "parameters": [
                *{(node["name"].lower(), node["in"]): node for node in parameters}.values()
            ],
            "requestBody": resolve(self.node.get("requestBody", {})),
            "responses": {str(status): resolve(answer) for status, answer in answers},
        }

    @cached_property
    def security(self) -> tuple[tuple[str, ...], ...]:
        """The alternatives of schemes that a client may use; none for a public operation."""
        security = self.node.get("security", self.schemas.document.get("security", ()))
        return tuple(map(tuple, security)) if all(security) else ()

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of its path and its own."""
        nodes = self.document["parameters"]
        return tuple(_parse_parameter(self.schemas, node) for node in nodes)

    @cached_property
    def bodies(self) -> Mapping[str, Body]:
        """The bodies by media type; there are none if the operation takes none."""
        return _parse_bodies(self.schemas, self.document["requestBody"].get("content", {}))

    @cached_property
    def agent(self) -> str | None:
        """The agent of an agent method, such as `EMail`; None for any other operation."""
        return match[1] if (match := _AGENT_METHOD.fullmatch(self.path)) else None

    @cached_property
    def body_required(self) -> bool:
        """Whether a call without a body is invalid."""
        return bool(self.document["requestBody"].get("required", False))

    @cached_property
    def query(self) -> Mapping[str, Parameter]:
        """The query parameters by name in lower case."""
        return {node.name.lower(): node for node in self.parameters if node.location == "query"}

    @cached_property
    def requires_query(self) -> bool:
        """Whether a call without a query is invalid."""
        return any(parameter.required for parameter in self.query.values())

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """The answers, in the order of the description."""
        answers = []
        for status, answer in self.document["responses"].items():
            content = answer.get("content", {})
            schema = next((medium.get("schema") for medium in content.values()), None)
            answers.append(Answer(status, answer.get("description", ""), tuple(content), schema))
        return tuple(answers)

    @property
    def sample(self) -> Any:  # noqa: ANN401 - JSON
        """The value of the example `sample` of the body in JSON. Raise KeyError without one."""
        examples = self.document["requestBody"]["content"]["application/json"]["examples"]
        return self.schemas.resolve(examples["sample"])["value"]

    @cached_property
    def success(self) -> tuple[Answer, Shape] | None:
        """The first answer with content whose status is a success, and the shape of its content."""
        for answer in self.answers:
            if answer.status.startswith("2") and answer.schema is not None:
                return answer, self.schemas.shape_of(answer.schema)
        return None

    @cached_property
    def secret_names(self) -> frozenset[str]:
        """The names, in lower case, of the members and parameters that hold passwords."""
        success = [] if self.success is None else [self.success[1]]
        shapes = [*success, *(body.shape for body in self.bodies.values())]
        named: list[tuple[str | int, Shape]] = [(node.name, node.shape) for node in self.parameters]
        named += [(path[-1], part) for shape in shapes for path, part in walk(shape) if path]
        secrets = (name for name, part in named if isinstance(part, Scalar) and part.is_secret)
        return frozenset(f"{name}".lower() for name in secrets)

    @cached_property
    def description(self) -> dict[str, Any]:
        """The answer to a GET: a description of the call (claim get-describes)."""
        return {
            "Method": self.method,
            "Path": self.path,
            "Summary": self.document.get("summary", ""),
            "Description": self.document.get("description", ""),
            "Parameters": [
                {
                    "Name": parameter.name,
                    "In": parameter.location,
                    "Type": parameter.shape.type_name,
                    "Description": parameter.description,
                }
                for parameter in self.parameters
            ],
            "MediaTypes": list(self.bodies),
            "Credentials": [" + ".join(alternative) for alternative in self.security],
            "Responses": [
                {"Status": int(answer.status), "Description": answer.description}
                for answer in self.answers
                if answer.status.isdecimal()
            ],
        }


Operations = Mapping[tuple[str, str], Operation]
"""Operations by method and path."""


class Description(msgspec.Struct, frozen=True, dict=True):
    """All described operations."""

    operations: Operations
    document: Mapping[str, Any]

    @cached_property
    def by_name(self) -> Mapping[str, Operation]:
        """The operations by name."""
        return {operation.name: operation for operation in self.operations.values()}

    @cached_property
    def secret_names(self) -> frozenset[str]:
        """The names, in lower case, of all members and parameters that hold passwords."""
        return frozenset().union(*(each.secret_names for each in self.operations.values()))

    @cached_property
    def paths(self) -> Paths:
        """Finds the described path of a request."""
        return Paths(path for _, path in self.operations)

    def check(self) -> None:
        """Read every operation. Raise DescriptionError for what is not supported in one."""
        for (method, path), operation in self.operations.items():
            with _place_errors(f"{method} {path}"):
                _ = operation.parameters, operation.bodies

    def find(self, method: str, path: str) -> Operation | None:
        """Return the operation of a request, or None; *path* is without the query."""
        match = self.paths.find(path)
        return None if match is None else self.operations.get((method, match.template))


@cache
def load() -> Description:
    """Read the openapi.yaml of this package, each operation when it is used first."""
    return _read_document(msgspec.json.decode(compiled.read_current()))


def read_document(document: Schema) -> Description:
    """Read a parsed OpenAPI 3.1 document. Raise DescriptionError for what is not supported."""
    description = _read_document(document)
    description.check()
    return description


def _read_document(document: Schema) -> Description:
    schemas = Schemas(document)
    operations = {}
    for path, item in document["paths"].items():
        for method in (method for method in METHODS if method in item):
            with _place_errors(f"{method.upper()} {path}"):
                operation = _parse_operation(schemas, method, path, item)
            operations[operation.method, path] = operation
    names = [operation.name for operation in operations.values()]
    if len(set(names)) < len(names):
        msg = f"two operations have one name: {max(names, key=names.count)}"
        raise DescriptionError(msg)
    return Description(operations, document)


@contextmanager
def _place_errors(where: str) -> Iterator[None]:
    try:
        yield
    except (DescriptionError, RecursionError) as error:
        msg = f"{where}: {error}"
        raise DescriptionError(msg) from None


def _parse_operation(schemas: Schemas, method: str, path: str, item: Schema) -> Operation:
    node = schemas.resolve(item[method])
    methods = {"OPTIONS", *(name.upper() for name in METHODS if name in item)}
    if "GET" in methods or _AGENT_METHOD.fullmatch(path):  # a GET describes an agent method
        methods |= {"GET", "HEAD"}
    return Operation(
        node.get("operationId", f"{method.upper()} {path}"),
        method.upper(),
        path,
        tuple(sorted(methods)),
        node,
        tuple(item.get("parameters", ())),
        schemas,
    )


def _parse_bodies(schemas: Schemas, content: Schema) -> Mapping[str, Body]:
    bodies: dict[str, Body] = {}
    for media_type, medium in content.items():
        schema = medium.get("schema")
        schemas.shape_of(schema, media_type)
        same_body = next((body for body in bodies.values() if body.schema == schema), None)
        bodies[media_type] = same_body or Body(schema, schemas)
    return bodies


def _parse_parameter(schemas: Schemas, node: Schema) -> Parameter:
    shape = schemas.shape_of(node.get("schema", {"type": "string"}), node["name"])
    if not isinstance(shape, Scalar):
        msg = f"{node['name']}: only single values are supported as parameters"
        raise DescriptionError(msg)
    required = node.get("required", False)
    return Parameter(node["name"], node["in"], shape, required, node.get("description", ""))
