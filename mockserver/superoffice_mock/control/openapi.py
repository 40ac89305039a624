"""`GET /_mock/openapi.json`: the tables of verbs as an OpenAPI document, made when asked."""

import json
import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import msgspec

from superoffice_mock import __version__
from superoffice_mock.control.request import (
    ControlMethod,
    ControlPaths,
    ControlRequest,
    RequestBody,
)
from superoffice_mock.control.views import View
from superoffice_mock.core.journal import OUTCOMES

REFUSALS: Final = (400, 403, 404, 413)
"""What any call may be refused with."""
PREFIX: Final = "#/components/schemas/"
_NAMED: Final = re.compile(r"{(\w+)}")
_DECODER: Final = json.JSONDecoder()


def verb(table: Callable[[], ControlPaths]) -> ControlMethod:
    """Return the verb that describes every call in *table*, itself among them."""

    async def describe(asked: ControlRequest) -> View:
        return document(table(), locked=asked.world.locked)

    return ControlMethod(
        describe, summary="describes the control surface: this document", answers="Document"
    )


def document(table: ControlPaths, *, locked: bool) -> View:
    """Return *table* as OpenAPI 3.1; *locked*: a control token is needed."""
    told = _told()
    refusals = (*REFUSALS, 401) if locked else REFUSALS
    described: View = {
        "openapi": "3.1.0",
        "info": told["info"] | {"version": __version__},
        "paths": {
            f"/_mock{path}": {
                method.lower(): _operation(f"{method} {path}", one, refusals)
                for method, one in verbs.items()
            }
            for path, verbs in table.items()
        },
        "components": {
            "parameters": {name: _parameter(name, one) for name, one in told["parameters"].items()},
            "schemas": _schemas(table, told["schemas"]),
            "responses": {"Problem": _response("a problem", "Problem", "application/problem+json")},
        },
    }
    if locked:
        described["security"] = [{"token": []}]
        described["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return described


def _told() -> View:
    import yaml

    text = Path(__file__).with_name("schemas.yaml").read_text(encoding="utf-8")
    told: View = yaml.safe_load(text)
    return told


# ---- calls -----------------------------------------------------------------------------------


def _operation(call: str, verb: ControlMethod, refusals: tuple[int, ...]) -> View:
    names = (*_NAMED.findall(call), "tenant", *verb.query)
    problems = {f"{one}": _ref("responses", "Problem") for one in (*refusals, *verb.refuses)}
    described: View = {
        "operationId": "-".join(re.findall(r"\w+", call)).lower(),
        "summary": verb.summary,
        "parameters": [_ref("parameters", name) for name in names],
        "responses": {f"{verb.status}": _answer(verb), **problems},
    }
    if verb.takes is not None:
        described["requestBody"] = _body(verb.takes)
    if call == "GET /health":
        described["security"] = []
    return described


def _answer(verb: ControlMethod) -> View:
    phrase = HTTPStatus(verb.status).phrase
    if not verb.answers:
        return {"description": phrase}
    return _response(phrase, verb.answers, verb.media_type)


def _response(description: str, schema: str, media_type: str) -> View:
    content = {media_type: {"schema": _ref("schemas", schema)}}
    return {"description": description, "content": content}


def _body(kind: type[RequestBody]) -> View:
    shape = {"schema": _ref("schemas", kind.__name__)}
    samples = {f"{number}": {"value": one} for number, one in enumerate(examples(kind), 1)}
    required = any(one.required for one in msgspec.structs.fields(kind))
    return {"required": required, "content": {"application/json": shape | {"examples": samples}}}


def examples(kind: type[RequestBody]) -> Iterator[Any]:
    """Yield the bodies in the example of *kind* that are whole; there are words between them."""
    text, at = kind.example, 0
    while (at := text.find("{", at)) >= 0:
        try:
            body, at = _DECODER.raw_decode(text, at)
        except ValueError:  # left out with an ellipsis
            at += 1
        else:
            yield body


def _parameter(name: str, told: View) -> View:
    place = "path" if name == "id" else "query"
    return {"name": name, "in": place, "required": name == "id"} | told


def _ref(kind: str, name: str) -> View:
    return {"$ref": f"#/components/{kind}/{name}"}


# ---- schemas ---------------------------------------------------------------------------------


def _schemas(table: ControlPaths, told: View) -> View:
    kinds = {one.takes for verbs in table.values() for one in verbs.values() if one.takes}
    _, bodies = msgspec.json.schema_components(
        sorted(kinds, key=lambda kind: kind.__name__), ref_template=PREFIX + "{name}"
    )
    outcomes = {"Outcome": {"type": "string", "enum": list(OUTCOMES)}}
    return {name: closed(one) for name, one in told.items()} | outcomes | bodies


def closed(schema: Any) -> Any:  # noqa: ANN401 - a schema is any JSON
    """Return *schema* with all its objects having all of their members and no others."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inside = {name: closed(one) for name, one in schema.items()}
    members = inside.get("properties")
    if members is None:
        return inside
    rest = {"type": "object", "required": list(members), "additionalProperties": False}
    return rest | inside
