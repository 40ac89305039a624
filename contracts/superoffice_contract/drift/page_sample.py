"""Reads the facts from the samples on the vendor's page: shapes and headers, not sample values."""

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import dropwhile
from typing import Final

import msgspec

from superoffice_contract.drift.facts import SAMPLE_REQUEST, Fact

_TYPES: Final[Mapping[type, str]] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}
"""JSON's name for the type of a value."""
_HEAD_END: Final = re.compile(r"\s*(?:$|[\[{\"<]|-?\d|(?:null|true|false)\b)")
"""Matches a line that can't be a header: a blank one, or the begin of JSON."""


class Line(msgspec.Struct, frozen=True):
    """A line of the page, and its number from 1."""

    number: int
    text: str

    @property
    def place(self) -> str:
        """The line number as findings show it."""
        return f"line {self.number}"


def read_sample(group: str, lines: Sequence[Line]) -> Iterator[Fact]:
    """Yield the facts of *group* in the sample request or the sample response."""
    head, body = _split_sample(lines)
    if not head:
        return
    first = head[0].text.strip()
    if group == SAMPLE_REQUEST:
        yield Fact(group, "sample call", head[0].place, first)
    else:
        yield Fact(group, "sample status", head[0].place, " ".join(first.split()[1:]))
    # Where the answer has no body, the footer of the page may follow.
    yield from (_header_fact(group, line) for line in head[1:] if ":" in line.text)
    if body and group == SAMPLE_REQUEST:
        value = _decode_body(body)
        yield Fact(group, "sample accounts", body[0].place, describe_accounts(value))
        for path, type_ in member_types(value):
            yield Fact(group, f"sample {path}", _member_place(path, body), type_)
    elif body:
        yield Fact(group, "sample body", body[0].place, _TYPES[type(_decode_body(body))])


def member_types(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and the type of each value in *value*; the items of a list share `*`."""
    if path:
        yield path, _TYPES[type(value)]
    if isinstance(value, dict):
        for name, child in value.items():
            yield from member_types(child, f"{path}/{name}")
    elif isinstance(value, list):
        for child in value:
            yield from member_types(child, f"{path}/*")


def describe_accounts(value: object) -> str:
    """Return how many accounts a body has and whether they are alike, such as `2, alike`."""
    members = value.values() if isinstance(value, dict) else ()
    return "; ".join(
        f"{len(items)}, {'' if all(item == items[0] for item in items) else 'not '}alike"
        for items in members
        if isinstance(items, list)
    )


def _split_sample(lines: Sequence[Line]) -> tuple[Sequence[Line], Sequence[Line]]:
    """Return the head of a sample and its body; the blank line before JSON may be missing."""
    sample = list(dropwhile(lambda line: not line.text.strip(), lines))
    end = next((i for i, line in enumerate(sample) if _HEAD_END.match(line.text)), len(sample))
    return sample[:end], [line for line in sample[end:] if line.text.strip()]


def _header_fact(group: str, line: Line) -> Fact:
    name, _, value = (part.strip() for part in line.text.partition(":"))
    if name.lower() == "accept-language":  # the vendor's generator invents its value
        value = ""
    elif name.lower() == "authorization":
        scheme, _, token = value.partition(" ")
        value = f"{scheme} {_decode_credential(token.strip())}"
    return Fact(group, f"sample header {name.lower()}", line.place, value)


def _decode_credential(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True).decode()
    except ValueError:
        return token


def _member_place(path: str, lines: Sequence[Line]) -> str:
    """Return the place of the first line with the name of the last member of *path*."""
    name = next(part for part in reversed(path.split("/")) if part != "*")
    return next((line.place for line in lines if f'"{name}"' in line.text), lines[0].place)


def _decode_body(lines: Sequence[Line]) -> object:
    """Return the JSON at the start of *lines*, or their text. The footer of the page may follow."""
    text = "\n".join(line.text for line in lines).lstrip()
    try:
        value: object = json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        return text
    return value
