"""Plain words for the errors of msgspec about values from JSON and TOML."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from superoffice_contract.messages import describe_unknown

_ERROR: Final = re.compile(r"(.*?)(?: - at `\$([^`]*)`)?", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(.*)`")
_OTHER_VALUE: Final = re.compile(r"Invalid enum value .*", re.DOTALL)
_OTHER_TYPE: Final = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")
_OTHER_SIZE: Final = re.compile(r"Expected `(\w+)` (of length )?([<>]=?) ([^ ]*)")
_NO_TIME: Final = re.compile(r"Invalid RFC3339 encoded (\w+)")
_PATH_STEP: Final = re.compile(r"\.([\w-]+)|\[.*?\]")
_TYPES: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "datetime": "a date and time",
    "date": "a date such as 2026-01-31",
    "time": "a time",
}
_BOUNDS: Final = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
_UNITS: Final = {"str": "characters", "array": "items", "object": "members"}

_Schema = Mapping[str, Any]


def explain(error: Exception, kind: Any, noun: str = "member") -> str:  # noqa: ANN401 - a type
    """Return in plain words why a value is not a *kind*, with the names that are valid.

    *error* is what msgspec raised; *noun* is what a member is called. The text begins with the
    place, such as `faults[0].status`, if that is not the whole value.
    """
    match = _ERROR.fullmatch(str(error))
    text, path = (match[1], match[2] or "") if match else (str(error), "")
    prefix = f"{path.removeprefix('.')}: " if path else ""
    return prefix + _explain(text, path, kind, noun)


def explain_tables(error: Exception, kind: Any, noun: str) -> str:  # noqa: ANN401 - a type
    """Return the same for a list of TOML tables, each of which is a *noun*.

    Places count from 1, such as `tenant 1, users 2, name`.
    """
    text = explain(error, kind, "key").replace("an object", "a table")
    place, colon, problem = text.partition(": ")
    if not colon or not place.startswith("["):
        return text
    numbered = re.sub(r"\[(\d+)\]", lambda index: f" {int(index[1]) + 1}", place)
    return f"{noun}{numbered.replace('.', ', ')}: {problem}"


def _explain(text: str, path: str, kind: Any, noun: str) -> str:  # noqa: ANN401 - a type
    if match := _UNKNOWN.fullmatch(text):
        known_names = _listed_at(kind, path, "properties")
        otherwise = f"the {noun}s are: {', '.join(known_names)}"
        return describe_unknown(noun, match[1], known_names, otherwise)
    if match := _MISSING.fullmatch(text):
        values = _listed_at(kind, f"{path}.{match[1]}", "enum")
        return f"{match[1]!r} is missing" + (f"; set it to {' or '.join(values)}" if values else "")
    if _OTHER_VALUE.fullmatch(text):
        return f"expected one of {', '.join(_listed_at(kind, path, 'enum'))}"
    if match := _NO_TIME.match(text):
        return f"expected {_describe_types((match[1],), kind, path)}"
    if match := _OTHER_TYPE.fullmatch(text):
        given = _TYPES.get(match[2], match[2]).partition(" such as")[0]
        return f"expected {_describe_types(match[1].split(' | '), kind, path)}, got {given}"
    if match := _OTHER_SIZE.fullmatch(text):
        return f"expected {_describe_bound(*match.groups())}"
    return "the JSON ends too early" if text == "Input data was truncated" else text


def _describe_types(types: Iterable[str], kind: Any, path: str) -> str:  # noqa: ANN401 - a type
    """Return what a value at *path* may be: as its schemas say, or else one of *types*."""
    schemas = (schema for schema in _schemas_at(kind, path) if schema.get("type") != "object")
    described = [schema["description"] for schema in schemas if "description" in schema]
    return " or ".join(described or [_TYPES.get(name, name) for name in types if name != "null"])


def _describe_bound(type_: str, length: str | None, relation: str, limit: str) -> str:
    if length and (relation, limit) == (">=", "1"):
        return f"{_TYPES[type_]} that is not empty"
    unit = f" {_UNITS[type_]}" if length else ""
    return f"{_BOUNDS[relation]} {limit.removesuffix('.0')}{unit}"


# ---- what is valid at a place ----------------------------------------------------------------


def _listed_at(kind: Any, path: str, keyword: str) -> list[str]:  # noqa: ANN401 - a type
    """Return what is valid at *path* of *kind*: members for `properties`, values for `enum`."""
    return sorted({name for schema in _schemas_at(kind, path) for name in schema.get(keyword, ())})


def _schemas_at(kind: Any, path: str) -> list[_Schema]:  # noqa: ANN401 - a type
    """Return the schemas that a value of *kind* may have at *path*, such as `.faults[0]`."""
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
