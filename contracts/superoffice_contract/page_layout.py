"""The layout of the vendor's page: lines -> sections -> rows, calls and prose.

As text a table is a head and rows of words; as Markdown it has pipes. Either way it is the same.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from superoffice_contract.drift.page_sample import Line
from superoffice_contract.drift.prose_patterns import plain

CALL: Final = re.compile(r"(?P<verb>[A-Z]{3,7}) (?P<path>/[^\s?]+)(?:\?(?P<query>\S*))?")
_HEADINGS: Final[Mapping[str, re.Pattern[str]]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "query": r"query string parameters:?",
        "headers": r"request headers:?",
        "body": r"request body(?::\s*(?P<rest>.*))?",
        "responses": r"response:?",
        "content": r"response body(?::\s*(?P<rest>.*))?",
        "sample request": r"sample request:?",
        "sample response": r"sample response:?",
    }.items()
}
_COLUMNS: Final[Mapping[str, int]] = {
    "parameter name type description": 3,
    "parameter name description": 2,
    "property name type description": 3,
    "response description": 2,
}
"""The heads of the page's tables; as text they tell how many columns the rows below have."""
_RULE: Final = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?")
"""What stands below the head of a table in Markdown."""
_ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
FENCES: Final = ("```", "~~~")
"""How a line begins that begins or ends a sample in Markdown."""


class Row(msgspec.Struct, frozen=True):
    """A row of a table: its first cell, and the others."""

    place: str
    name: str
    rest: tuple[str, ...]

    @property
    def description(self) -> str:
        """The last cell."""
        return self.rest[-1] if self.rest else ""


class Section(msgspec.Struct, frozen=True):
    """What stands below a heading; *title* is the heading's own say: `Request Body: request`."""

    name: str
    place: str
    title: str
    lines: tuple[Line, ...]


class Content(msgspec.Struct, frozen=True):
    """What a section consists of."""

    rows: list[Row]
    calls: list[tuple[str, re.Match[str]]]
    prose: list[Line]


def sections(lines: Sequence[Line]) -> Iterator[Section]:
    """Cut a page that begins with its call; what comes before a heading is the description."""
    name, title, place, begin = "description", "", lines[0].place, 0
    for at, line in enumerate(lines):
        if heading := _heading(line.text):
            yield Section(name, place, title, tuple(lines[begin:at]))
            name, title = heading
            place, begin = line.place, at + 1
    yield Section(name, place, title, tuple(lines[begin:]))


def _heading(text: str) -> tuple[str, str] | None:
    words = plain(text.lstrip("#"))
    for name, pattern in _HEADINGS.items():
        if match := pattern.fullmatch(words):
            return name, (match.groupdict().get("rest") or "").strip()
    return None


def content(section: Section) -> Content:
    """Tell the rows of tables, the calls and the prose of *section* apart."""
    found = Content([], [], [])
    columns, piped = 0, False
    for line in section.lines:
        text = line.text.strip()
        piped = "|" in text and (piped or text.startswith("|") or _RULE.fullmatch(text) is not None)
        if piped:
            _piped(line, text, found)
        elif call := CALL.fullmatch(text):
            found.calls.append((line.place, call))
            columns = 0
        elif known := _COLUMNS.get(plain(text).lower()):
            columns = known
        elif text and columns:
            found.rows.append(_row(line, re.split(r"\t|\s+", text, maxsplit=columns - 1)))
        else:
            columns = 0
            found.prose.append(line)
    return found


def _piped(line: Line, text: str, found: Content) -> None:
    if _RULE.fullmatch(text):
        # The line before was the head of the table; without a pipe before it, it passed for prose.
        prose = found.prose and found.prose[-1].number == line.number - 1
        del (found.prose if prose else found.rows)[-1:]
    else:
        cells = re.split(r"(?<!\\)\|", text.removeprefix("|").removesuffix("|"))
        found.rows.append(_row(line, [_ESCAPED.sub(r"\1", cell) for cell in cells]))


def _row(line: Line, cells: Sequence[str]) -> Row:
    name, *rest = (plain(cell) for cell in cells)
    return Row(line.place, name.strip("*"), tuple(rest))
