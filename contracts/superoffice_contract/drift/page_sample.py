"""The samples of the vendor's page -> facts: shape and headers, no generated values."""

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Final, TypeGuard

import msgspec

from superoffice_contract.drift.facts import SAMPLE_REQUEST, SAMPLE_RESPONSE, Fact

_TYPES: Final = (
    (bool, "boolean"),  # before int, which it is a kind of
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
    (type(None), "null"),
)
_GENERATED: Final = ("accept-language",)
"""Headers whose values the vendor's generator makes up."""


class Line(msgspec.Struct, frozen=True):
    """A line of the page, without markup of tables and headings."""

    number: int
    text: str

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"line {self.number}"


def of_request(lines: Sequence[Line]) -> Iterator[Fact]:
    """Yield what the sample request shows."""
    head, body = _parts(lines)
    if not head:
        return
    yield Fact(SAMPLE_REQUEST, "sample call", head[0].place, head[0].text.strip())
    for line in head[1:]:
        yield from _header(SAMPLE_REQUEST, line)
    yield from _request_body(body)


def of_response(lines: Sequence[Line]) -> Iterator[Fact]:
    """Yield what the sample response shows."""
    head, body = _parts(lines)
    if not head:
        return
    status = " ".join(head[0].text.split()[1:])
    yield Fact(SAMPLE_RESPONSE, "sample status", head[0].place, status)
    for line in head[1:]:
        yield from _header(SAMPLE_RESPONSE, line)
    if body:
        value = type_name(_decoded(body))
        yield Fact(SAMPLE_RESPONSE, "sample body", body[0].place, value)


def type_name(value: object) -> str:
    """Return JSON's name for the type of *value*."""
    return next(name for type_, name in _TYPES if isinstance(value, type_))


def members(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield a path and a type for each place in *value*; items of a list share `*`."""
    if path:
        yield path, type_name(value)
    if isinstance(value, dict):
        for name, child in value.items():
            yield from members(child, f"{path}/{name}")
    elif isinstance(value, list):
        for child in value:
            yield from members(child, f"{path}/*")


def accounts(value: object) -> str:
    """Say how many accounts a body has, and whether they are alike."""
    lists = [one for one in value.values() if isinstance(one, list)] if _is_object(value) else []
    return "; ".join(f"{len(one)}, {_alike(one)}" for one in lists)


def _alike(values: list[object]) -> str:
    return "alike" if all(one == values[0] for one in values) else "not alike"


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _parts(lines: Sequence[Line]) -> tuple[Sequence[Line], Sequence[Line]]:
    """Return the head of a sample and its body, both without blank lines around them."""
    written = [index for index, line in enumerate(lines) if line.text.strip()]
    if not written:
        return (), ()
    inside = lines[written[0] : written[-1] + 1]
    blank = next((at for at, line in enumerate(inside) if not line.text.strip()), len(inside))
    return inside[:blank], inside[blank + 1 :]


def _header(group: str, line: Line) -> Iterator[Fact]:
    name, _, value = (part.strip() for part in line.text.partition(":"))
    about = f"sample header {name.lower()}"
    scheme, _, token = value.partition(" ")
    if name.lower() in _GENERATED:
        yield Fact(group, about, line.place)
    elif name.lower() == "authorization":
        yield Fact(group, about, line.place, f"{scheme} {_credential(token.strip())}")
    else:
        yield Fact(group, about, line.place, value)


def _credential(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True).decode()
    except ValueError:
        return token


def _request_body(lines: Sequence[Line]) -> Iterator[Fact]:
    if not lines:
        return
    value = _decoded(lines)
    yield Fact(SAMPLE_REQUEST, "sample accounts", lines[0].place, accounts(value))
    for path, type_ in members(value):
        yield Fact(SAMPLE_REQUEST, f"sample {path}", _place_of(path, lines), type_)


def _place_of(path: str, lines: Sequence[Line]) -> str:
    """Return the first line that names the last member of *path*."""
    name = next(part for part in reversed(path.split("/")) if part != "*")
    return next((one.place for one in lines if f'"{name}"' in one.text), lines[0].place)


def _decoded(lines: Sequence[Line]) -> object:
    """Return the JSON that the lines begin with, or their text; below it a page has its footer."""
    text = "\n".join(line.text for line in lines).lstrip()
    try:
        value: object = json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        return text
    return value
