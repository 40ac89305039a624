"""Errors of the control surface: problem+json (RFC 9457) that says what to send instead."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from superoffice_mock.wire.values import shorten

_UNKNOWN: Final = re.compile(
    r"Object contains unknown field `(.*?)`(?: - at `(\$[^`]*)`)?", re.DOTALL
)


_NO_VALUE: Final = re.compile(r"Invalid enum value .* - at `(\$[^`]*)`", re.DOTALL)


_STEP: Final = re.compile(r"\.(\w+)|\[.*?\]")


_Schema = Mapping[str, Any]


def explained(error: Exception, kind: type[msgspec.Struct]) -> str:
    """Return what *error*, raised while reading a *kind*, says, with what was meant or may be."""
    unknown, no_value = _UNKNOWN.fullmatch(str(error)), _NO_VALUE.fullmatch(str(error))
    if unknown is not None:
        name, where = unknown[1], unknown[2]
        place = f" - at `{where}`" if where else ""
        return f"unknown member `{shorten(name)}`{place}; {_meant(name, _members(kind, where))}"
    if no_value is not None:
        known = {value for one in _at(kind, no_value[1]) for value in one.get("enum", ())}
        return f"{error}; known are {', '.join(sorted(known))}"
    return str(error)


def _members(kind: type[msgspec.Struct], where: str | None) -> list[str]:
    """Return the members that *kind* has at the path *where*, by default its own."""
    found = {name for one in _at(kind, where or "$") for name in one.get("properties", ())}
    return sorted(found)


def _at(kind: type[msgspec.Struct], path: str) -> list[_Schema]:
    """Return the schemas of what *kind* may have at *path*, such as `$.faults[0]`."""
    (top,), parts = msgspec.json.schema_components((kind,), ref_template="{name}")
    found = _choices(top, parts)
    for step in _STEP.finditer(path):
        below = (_below(one, step[1]) for one in found)
        found = [choice for one in below for choice in _choices(one, parts)]
    return found


def _below(schema: _Schema, name: str | None) -> _Schema:
    """Return the schema of the member *name*, or without one of an item or any value."""
    if name is not None:
        member: _Schema = schema.get("properties", {}).get(name, {})
        return member
    item = schema.get("items") or schema.get("additionalProperties")
    return item if isinstance(item, Mapping) else {}


def _choices(schema: _Schema, parts: Mapping[str, _Schema]) -> list[_Schema]:
    """Return what *schema* may be, each part in place of its name."""
    if "$ref" in schema:
        return _choices(parts[schema["$ref"]], parts)
    if "anyOf" in schema:
        return [choice for one in schema["anyOf"] for choice in _choices(one, parts)]
    return [schema]


def _meant(name: str, members: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name.lower(), members, n=1, cutoff=0.5)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"known are {', '.join(members)}" if members else "none is taken here"


class ProblemError(HTTPException):
    """A control call that can't be done; *detail* says what to send instead."""


def problem(status: int, detail: str) -> ProblemError:
    """Return the error of *status* that says *detail*."""
    return ProblemError(status, detail)


class Problems(msgspec.Struct, frozen=True):
    """Answers calls that nothing is there for; *calls* are what there is, as `GET /_mock/lease`."""

    calls: tuple[str, ...]

    async def answer(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        """Return the 404 that names all calls."""
        return rendered(problem(404, f"no such control call; there are: {', '.join(self.calls)}"))


def rendered(error: ProblemError) -> Response:
    """Return *error* as problem+json, safe to show on a terminal."""
    detail = "".join(one if one.isprintable() else "\ufffd" for one in error.detail)
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
