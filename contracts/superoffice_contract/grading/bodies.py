"""Recorded bodies held against the schema: the accounts they name, and where they break it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, cast

import msgspec

from superoffice_contract.openapi.operations import Body
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Scalar, Shape
from superoffice_contract.readers import Read, Value, form_body, json_body, xml_body

MAX_PLACES: Final = 5
_READERS: Final[Mapping[str, Read]] = {"json": json_body, "xml": xml_body}
"""By how a media type ends; the one that is left is the form."""


class Content(msgspec.Struct, frozen=True):
    """A body as the contract sees it: its accounts, what breaks it, names that nobody described."""

    accounts: tuple[int, ...]
    wrong: tuple[str, ...]
    unknown: tuple[str, ...]


def content(text: str, media_type: str, body: Body) -> Content:
    """Return what is in *text*. Raise Unreadable if it is not of *media_type*."""
    unknown: list[str] = []
    ends = media_type.replace("/", "+").rpartition("+")[2]
    value = _READERS.get(ends, form_body)(text, body.shape, unknown)
    wrong = tuple(_wrongs(value, body))
    accounts = () if wrong else tuple(_accounts(body.typed(value)))
    return Content(accounts, wrong, tuple(dict.fromkeys(unknown)))


def _accounts(request: Any) -> Iterator[int]:  # noqa: ANN401 - a struct made at run time
    return (one.account_id for one in request.sync_user_accounts or ())


def _wrongs(value: Value, body: Body) -> Iterator[str]:
    for invalid in islice(body.invalid(value), MAX_PLACES):
        found, shape = _at(invalid.instance_path, value, body.shape)
        where = "".join(f"/{step}" for step in invalid.instance_path) or "the body"
        yield f"{where}: expected {_expected(found, shape)}, got {_named(found)}"


def _at(path: Sequence[str | int], value: Value, shape: Shape) -> tuple[Value, Shape]:
    for step in path:
        if isinstance(shape, ArrayShape):
            shape = shape.items
        else:
            shape = cast(ObjectShape, shape).members[str(step).lower()].shape
        value = value[step]
    return value, shape


def _expected(found: Value, shape: Shape) -> str:
    if isinstance(shape, Scalar) and type(found) is int and "integer" in shape.types:
        return f"{shape.expected} from {shape.minimum} to {shape.maximum}"
    return f"{shape.expected} with content" if found in ([], {}) else shape.expected


_KINDS: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "a boolean",
    int: "another number",
    float: "a number with a fraction or an exponent",
    str: "text",
    list: "an array",
    dict: "an object",
}


def _named(found: Value) -> str:
    return "nothing" if found in ([], {}) else _KINDS[type(found)]
