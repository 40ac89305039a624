"""What a schema states: its type, and the keywords that limit or mark its values."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from superoffice_contract.messages import shorten

_NO_FACTS: Final = frozenset(
    (
        # These describe, or are read elsewhere.
        *("title", "description", "summary", "example", "examples", "externalDocs", "xml"),
        *("type", "format", "properties", "items", "allOf", "required", "name", "in", "schema"),
        *("content", "style", "explode", "collectionFormat", "discriminator"),
        *("$ref", "$id", "$schema", "$anchor", "$comment", "$defs", "definitions"),
    )
)
_WITHOUT_EFFECT: Final = frozenset(
    (
        *((name, "false") for name in ("deprecated", "nullable", "readOnly", "writeOnly")),
        *((name, "false") for name in ("uniqueItems", "exclusiveMinimum", "exclusiveMaximum")),
        ("allowEmptyValue", "false"),
        *((name, "0") for name in ("minItems", "minLength", "minProperties")),
    )
)
"""Keywords with a value that says what holds without them as well."""


def type_of(schema: Mapping[str, Any]) -> str:
    """Return the type and format of *schema*, without null."""
    types = schema.get("type", "any")
    names = [name for name in types if name != "null"] if isinstance(types, list) else [types]
    text = " or ".join(map(str, names))
    return f"{text} ({schema['format']})" if "format" in schema else text


def keywords_of(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every keyword that states more than the type and the members, and its value.

    Any keyword counts that is not known to say nothing about values; "" stands for true.
    """
    types = schema.get("type")
    if isinstance(types, list) and "null" in types:
        yield "nullable", ""
    for key, value in schema.items():
        name, text = "nullable" if key == "x-nullable" else str(key), _show(value)
        # The schema of further members is no limit: the contract lets any further member in.
        is_open = name == "additionalProperties" and text != "false"
        is_unread = name in _NO_FACTS or name.startswith("x-")
        if not (is_open or is_unread or (name, text) in _WITHOUT_EFFECT):
            yield name, "" if text == "true" else text


def _show(value: object) -> str:
    """Return *value* as text, the same for JSON and for YAML that was read as text.

    What is nested deeper is left out: in YAML, it may contain itself.
    """
    if isinstance(value, list):
        items = ("[…]" if isinstance(item, list) else _show(item) for item in value)
        text = f"[{', '.join(items)}]"
    elif isinstance(value, dict):
        text = "{…}"
    elif value is None or isinstance(value, bool):
        text = json.dumps(value)
    else:
        text = str(value)
    return shorten(text)
