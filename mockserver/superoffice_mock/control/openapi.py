"""`GET /_mock/openapi.json`: an OpenAPI document, built from the tables of control calls."""

import json
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import msgspec

from superoffice_mock.control.pieces import View
from superoffice_mock.control.request import ControlMethod, RequestBody
from superoffice_mock.core.journal import OUTCOMES
from superoffice_mock.version import __version__

_COMMON_ERRORS: Final = (400, 403, 404, 413)
_PATH_PARAMETER: Final = re.compile(r"{(\w+)}")
_DECODER: Final = json.JSONDecoder()


def build_document(calls: Mapping[str, ControlMethod], *, needs_token: bool) -> View:
    """Return *calls* as an OpenAPI 3.1 document."""
    import yaml

    texts = yaml.safe_load(Path(__file__).with_name("schemas.yaml").read_text(encoding="utf-8"))
    errors = (*_COMMON_ERRORS, 401) if needs_token else _COMMON_ERRORS
    paths: View = {}
    for call, method in calls.items():
        name, path = call.split()
        paths.setdefault(f"/_mock{path}", {})[name.lower()] = _operation(call, method, errors)
    document: View = {
        "openapi": "3.1.0",
        "info": texts["info"] | {"version": __version__},
        "paths": paths,
        "components": {
            "parameters": {
                name: _parameter(name, members) for name, members in texts["parameters"].items()
            },
            "schemas": _schemas(calls, texts["schemas"]),
            "responses": {"Problem": _response("an error", "Problem", "application/problem+json")},
        },
    }
    if needs_token:
        document["security"] = [{"token": []}]
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return document


def _operation(call: str, method: ControlMethod, common_errors: tuple[int, ...]) -> View:
    parameters = (*_PATH_PARAMETER.findall(call), "tenant", *method.query)
    errors = (*common_errors, *method.errors)
    operation: View = {
        "operationId": "-".join(re.findall(r"\w+", call)).lower(),
        "summary": method.summary,
        "parameters": [_ref("parameters", name) for name in parameters],
        "responses": {
            f"{method.status}": _success_response(method),
            **{f"{status}": _ref("responses", "Problem") for status in errors},
        },
    }
    if method.body is not None:
        operation["requestBody"] = _request_body(method.body)
    if not method.needs_token:
        operation["security"] = []
    return operation


def _success_response(method: ControlMethod) -> View:
    phrase = HTTPStatus(method.status).phrase
    if not method.response:
        return {"description": phrase}
    response = _response(phrase, method.response, method.media_type)
    for media_type in method.other_types:
        response["content"][media_type] = {"schema": _ref("schemas", "Page")}
    return response


def _response(description: str, schema: str, media_type: str) -> View:
    content = {media_type: {"schema": _ref("schemas", schema)}}
    return {"description": description, "content": content}


def _request_body(kind: type[RequestBody]) -> View:
    schema = _ref("schemas", kind.__name__)
    examples = {f"{number}": {"value": body} for number, body in enumerate(examples_of(kind), 1)}
    required = any(field.required for field in msgspec.structs.fields(kind))
    content = {"application/json": {"schema": schema, "examples": examples}}
    return {"required": required, "content": content}


def examples_of(kind: type[RequestBody]) -> Iterator[Any]:
    """Yield the complete JSON objects in the example of *kind*, which is text."""
    text, at = kind.example, 0
    while (at := text.find("{", at)) >= 0:
        try:
            body, at = _DECODER.raw_decode(text, at)
        except ValueError:  # abbreviated with an ellipsis
            at += 1
        else:
            yield body


def _parameter(name: str, members: View) -> View:
    location = "path" if name == "id" else "query"
    return {"name": name, "in": location, "required": name == "id"} | members


def _ref(kind: str, name: str) -> View:
    return {"$ref": f"#/components/{kind}/{name}"}


def _schemas(calls: Mapping[str, ControlMethod], schemas: View) -> View:
    kinds = {method.body for method in calls.values() if method.body}
    _, bodies = msgspec.json.schema_components(
        sorted(kinds, key=lambda kind: kind.__name__), ref_template="#/components/schemas/{name}"
    )
    outcomes = {"Outcome": {"type": "string", "enum": list(OUTCOMES)}}
    return {name: _close_objects(schema) for name, schema in schemas.items()} | outcomes | bodies


def _close_objects(schema: Any) -> Any:  # noqa: ANN401 - a schema is any JSON
    """Return *schema* with all members of its objects required and no other members allowed."""
    if isinstance(schema, list):
        return [_close_objects(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: _close_objects(value) for name, value in schema.items()}
    if "properties" not in schema:
        return schema
    required = list(schema["properties"])
    return {"type": "object", "required": required, "additionalProperties": False} | schema
