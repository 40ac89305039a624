"""Errors of the control surface, as problem+json (RFC 9457) that says what to send instead."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from superoffice_mock.wire.values import shorten

_UNKNOWN_MEMBER: Final = re.compile(
    r"Object contains unknown field `(.*?)`(?: - at `(\$[^`]*)`)?", re.DOTALL
)
_UNKNOWN_VALUE: Final = re.compile(r"Invalid enum value .* - at `(\$[^`]*)`", re.DOTALL)
_PATH_STEP: Final = re.compile(r"\.(\w+)|\[.*?\]")

_Schema = Mapping[str, Any]


def explain(error: Exception, kind: type[msgspec.Struct]) -> str:
    """Return the text of *error*, raised while decoding a *kind*, with the names that are valid."""
    if (member := _UNKNOWN_MEMBER.fullmatch(str(error))) is not None:
        name, path = member[1], member[2]
        at_path = f" - at `{path}`" if path else ""
        return (
            f"unknown member `{shorten(name)}`{at_path}; {_suggest(name, _members_at(kind, path))}"
        )
    if (value := _UNKNOWN_VALUE.fullmatch(str(error))) is not None:
        schemas = _schemas_at(kind, value[1])
        known_values = {name for schema in schemas for name in schema.get("enum", ())}
        return f"{error}; known values: {', '.join(sorted(known_values))}"
    return str(error)


def _members_at(kind: type[msgspec.Struct], path: str | None) -> list[str]:
    """Return the members that *kind* has at *path*, by default at the top."""
    schemas = _schemas_at(kind, path or "$")
    return sorted({name for schema in schemas for name in schema.get("properties", ())})


def _schemas_at(kind: type[msgspec.Struct], path: str) -> list[_Schema]:
    """Return the schemas that a value of *kind* may have at *path*, such as `$.faults[0]`."""
    (root,), components = msgspec.json.schema_components((kind,), ref_template="{name}")
    schemas = _alternatives(root, components)
    for step in _PATH_STEP.finditer(path):
        subschemas = [_subschema(schema, step[1]) for schema in schemas]
        schemas = [option for schema in subschemas for option in _alternatives(schema, components)]
    return schemas


def _subschema(schema: _Schema, name: str | None) -> _Schema:
    """Return the schema of the member *name*; without a name, that of the items or values."""
    if name is not None:
        member: _Schema = schema.get("properties", {}).get(name, {})
        return member
    item = schema.get("items") or schema.get("additionalProperties")
    return item if isinstance(item, Mapping) else {}


def _alternatives(schema: _Schema, components: Mapping[str, _Schema]) -> list[_Schema]:
    """Return the alternatives of *schema*, with references resolved."""
    if "$ref" in schema:
        return _alternatives(components[schema["$ref"]], components)
    if "anyOf" in schema:
        return [option for part in schema["anyOf"] for option in _alternatives(part, components)]
    return [schema]


def _suggest(name: str, members: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name.lower(), members, n=1, cutoff=0.5)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"known members: {', '.join(members)}" if members else "no members are allowed here"


class ProblemError(HTTPException):
    """An error of a control call; *detail* says what to send instead."""


def problem(status: int, detail: str) -> ProblemError:
    """Return an error with *status* and *detail*."""
    return ProblemError(status, detail)


class NotFoundHandler(msgspec.Struct, frozen=True):
    """Answers unknown paths; *calls* lists the valid calls, such as `GET /_mock/lease`."""

    calls: tuple[str, ...]

    async def answer(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        """Return a 404 that lists all calls."""
        detail = f"no such control call; the calls are: {', '.join(self.calls)}"
        return render_problem(problem(404, detail))


def render_problem(error: ProblemError) -> Response:
    """Return *error* as problem+json that is safe to print on a terminal."""
    detail = "".join(char if char.isprintable() else "\ufffd" for char in error.detail)
    content = {
        "title": HTTPStatus(error.status_code).phrase,
        "status": error.status_code,
        "detail": detail,
    }
    return Response(
        msgspec.json.encode(content) + b"\n",
        error.status_code,
        headers=dict(error.headers or {}),
        media_type="application/problem+json",
    )
