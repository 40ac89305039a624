"""Reads the facts from the vendor's page, as text or as the Markdown that it is generated from."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from superoffice_contract.drift import facts
from superoffice_contract.drift.facts import DocumentFacts, Fact
from superoffice_contract.drift.page_sample import Line, read_sample
from superoffice_contract.drift.prose_patterns import AREAS, find_facts, strip_markup
from superoffice_contract.errors import DriftError

CALL_LINE: Final = re.compile(r"(?P<method>[A-Z]{3,7}) (?P<path>/[^\s?]+)(?:\?(?P<query>\S*))?")
FENCES: Final = ("```", "~~~")
"""How the first and the last line of a code block in Markdown begin."""
_HEADINGS: Final[Mapping[str, re.Pattern[str]]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "query": r"query string parameters:?",
        "headers": r"request headers:?",
        "body": r"request body(?::\s*(?P<title>.*))?",
        "responses": r"response:?",
        "content": r"response body(?::\s*(?P<title>.*))?",
        "sample request": r"sample request:?",
        "sample response": r"sample response:?",
    }.items()
}
MIN_SECTIONS: Final = 5
"""A text with fewer of the headings only mentions the call: a mail, an article, a request."""
_TABLE_COLUMNS: Final[Mapping[str, int]] = {
    "parameter name type description": 3,
    "parameter name description": 2,
    "property name type description": 3,
    "response description": 2,
}
"""The header row of each table on the page, and how many columns the table has."""
_TABLE_RULE: Final = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?")
"""The line below the header row of a table in Markdown."""
_BACKSLASH_ESCAPE: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_MARKDOWN: Final = re.compile(r"^[ \t]*(?:#{1,6} |```|~~~)", re.MULTILINE)
_MEDIA_TYPE: Final = re.compile(r"[a-z]+/[\w.+*-]+", re.IGNORECASE)
_SCHEMES: Final = re.compile(r"supports (?P<names>.{1,200}?) schemes?\b", re.IGNORECASE)
_GROUP_SECTIONS: Final[Mapping[str, str]] = {
    facts.HEADERS: "headers",
    facts.CREDENTIALS: "headers",
    facts.MEDIA_TYPES: "headers",
    facts.BODY: "body",
}
"""The sections of groups that have another name."""


class Row(msgspec.Struct, frozen=True):
    """A row of a table: its first cell, and the other *cells*."""

    place: str
    name: str
    cells: tuple[str, ...]

    @property
    def type(self) -> str:
        """The second cell in lower case: the type, in tables that have one."""
        return self.cells[0].lower() if self.cells else ""

    @property
    def description(self) -> str:
        """The last cell."""
        return self.cells[-1] if self.cells else ""


class Section(msgspec.Struct, frozen=True):
    """The lines below a heading; *title* is the text after its colon: `Request Body: request`."""

    name: str
    place: str
    title: str
    lines: tuple[Line, ...]


class Content(msgspec.Struct, frozen=True):
    """The rows of tables, the calls and the prose of a section."""

    rows: list[Row]
    calls: list[tuple[str, re.Match[str]]]
    prose: list[Line]


def read_page(text: str) -> DocumentFacts | None:
    """Return the facts on the page, or None if *text* contains no call.

    Raise DriftError if it has a call, but not the sections of the page.
    """
    lines = _read_lines(text)
    start = next(
        (i for i, line in enumerate(lines) if CALL_LINE.fullmatch(line.text.strip())), None
    )
    if start is None:
        return None
    sections = tuple(split_sections(lines[start:]))
    names = {section.name for section in sections}
    if len(names & set(_HEADINGS)) < MIN_SECTIONS:
        call = lines[start].text.strip()
        msg = f"contains {call}, but not the sections of the vendor's page, such as Request Headers"
        raise DriftError(msg)
    all_facts = tuple(
        fact for section in sections for fact in _SECTION_READERS[section.name](section)
    )
    layout = "Markdown page" if _MARKDOWN.search(text) else "text page"
    return DocumentFacts(layout, "page", all_facts, _group_places(sections))


def _read_lines(text: str) -> list[Line]:
    """Return the lines of the page. If every second one is blank, none of these is a fact."""
    lines = [
        Line(number, line.rstrip())
        for number, line in enumerate(text.splitlines(), start=1)
        if not line.lstrip().startswith(FENCES)
    ]
    is_spaced = all(not a.text or not b.text for a, b in pairwise(lines))
    return [line for line in lines if line.text] if is_spaced else lines


def split_sections(lines: Sequence[Line]) -> Iterator[Section]:
    """Split a page that begins with its call; the lines before a heading are the description."""
    name, title, place, begin = "description", "", lines[0].place, 0
    for index, line in enumerate(lines):
        if heading := _parse_heading(line.text):
            yield Section(name, place, title, tuple(lines[begin:index]))
            name, title = heading
            place, begin = line.place, index + 1
    yield Section(name, place, title, tuple(lines[begin:]))


def _parse_heading(text: str) -> tuple[str, str] | None:
    words = strip_markup(text.lstrip("# \t"))
    for name, pattern in _HEADINGS.items():
        if match := pattern.fullmatch(words):
            return name, (match.groupdict().get("title") or "").strip()
    return None


def _group_places(sections: Sequence[Section]) -> dict[str, str]:
    """Return the place of the section of each group; the first section if there is none."""
    places = {section.name: section.place for section in sections}
    return {
        group: places.get(_GROUP_SECTIONS.get(group, group), sections[0].place)
        for group in facts.GROUPS
    }


# ---- tables and prose ------------------------------------------------------------------------


def read_content(section: Section) -> Content:
    """Separate the rows of tables, the calls and the prose of *section*."""
    content = Content([], [], [])
    columns, in_table = 0, False
    for line in section.lines:
        text = line.text.strip()
        begins_table = text.startswith("|") or _TABLE_RULE.fullmatch(text) is not None
        in_table = "|" in text and (in_table or begins_table)
        if in_table:
            _read_table_line(line, text, content)
        elif call := CALL_LINE.fullmatch(text):
            content.calls.append((line.place, call))
            columns = 0
        elif table_columns := _TABLE_COLUMNS.get(strip_markup(text).lower()):
            columns = table_columns
        elif text and columns:
            content.rows.append(_make_row(line, re.split(r"\t|\s+", text, maxsplit=columns - 1)))
        else:
            columns = 0
            content.prose.append(line)
    return content


def _read_table_line(line: Line, text: str, content: Content) -> None:
    if _TABLE_RULE.fullmatch(text):
        # The line before is the header row. Without an outer pipe it was taken for prose.
        is_prose = content.prose and content.prose[-1].number == line.number - 1
        del (content.prose if is_prose else content.rows)[-1:]
    else:
        cells = re.split(r"(?<!\\)\|", text.removeprefix("|").removesuffix("|"))
        content.rows.append(_make_row(line, [_BACKSLASH_ESCAPE.sub(r"\1", cell) for cell in cells]))


def _make_row(line: Line, cells: Sequence[str]) -> Row:
    name, *rest = (strip_markup(cell) for cell in cells)
    return Row(line.place, name.strip("*"), tuple(rest))


def _prose_facts(area: str, group: str, lines: Sequence[Line]) -> Iterator[Fact]:
    for place, text in _join_wrapped_lines(lines):
        yield from find_facts(area, group, text, place)


def _join_wrapped_lines(lines: Sequence[Line]) -> Iterator[tuple[str, str]]:
    """Join the lines that a sentence is wrapped over; the place is that of the first line."""
    place, parts = "", list[str]()
    for line in lines:
        text = line.text.strip()
        if parts and (not text or text.startswith("#") or parts[-1].endswith((".", "!", "?"))):
            yield place, " ".join(parts)
            parts = []
        if text:
            place = place if parts else line.place
            parts.append(text)
    if parts:
        yield place, " ".join(parts)


# ---- facts by section ------------------------------------------------------------------------


def _call_facts(section: Section) -> Iterator[Fact]:
    content = read_content(section)
    (place, call), *more_calls = content.calls
    yield Fact(facts.CALL, "method", place, call["method"])
    yield Fact(facts.CALL, "path", place, call["path"])
    for place, call in more_calls:
        yield Fact(facts.CALL, f"call {call[0]}", place)
    for row in content.rows:
        yield Fact(facts.DESCRIPTION, f"row {row.name}", row.place)
    yield from _prose_facts("text", facts.DESCRIPTION, content.prose)


def _parameter_facts(group: str, kind: str, section: Section) -> Iterator[Fact]:
    content = read_content(section)
    for row in content.rows:
        name = row.name.lower()
        yield Fact(group, f"{kind} {name}", row.place, row.type if kind == "query" else "")
        if reader := _HEADER_READERS.get(name):
            yield from reader(row)
        elif name in AREAS:  # a new row is one fact as a whole
            yield from find_facts(name, group, row.description, row.place)
    for place, call in content.calls:
        yield Fact(facts.QUERY, "example of the query", place, call["query"] or "")
    yield from _prose_facts("", group, content.prose)


def _authorization_facts(row: Row) -> Iterator[Fact]:
    text = row.description
    if match := _SCHEMES.search(text):
        for name in re.findall(r"[\w-]+", re.sub(r"\b(?:and|or)\b", ",", match["names"])):
            yield Fact(facts.CREDENTIALS, f"scheme {name.lower()}", row.place)
        text = text.replace(match[0], " ")
    yield from find_facts("authorization", facts.CREDENTIALS, text, row.place)


def _media_type_facts(row: Row) -> Iterator[Fact]:
    area = row.name.lower()
    is_answer = area == "accept"
    group, claims = (facts.HEADERS, ("accept-header",)) if is_answer else (facts.MEDIA_TYPES, ())
    for name in _MEDIA_TYPE.findall(row.description):
        id_ = f"{'answer in' if is_answer else 'media type'} {name.lower()}"
        yield Fact(group, id_, row.place, claims=claims)
    yield from find_facts(area, group, _MEDIA_TYPE.sub("", row.description), row.place)


def _body_facts(section: Section) -> Iterator[Fact]:
    content = read_content(section)
    yield Fact(facts.BODY, "name of the body", section.place, section.title)
    for row in content.rows:
        yield Fact(facts.BODY, f"member {row.name}", row.place, row.type)
        description = row.cells[1] if len(row.cells) > 1 else ""
        yield from find_facts("", facts.BODY, description, row.place)
    names = {row.name for row in content.rows}
    # Above the table the page lists the names of its rows.
    prose = [line for line in content.prose if not set(re.findall(r"\w+", line.text)) <= names]
    yield from _prose_facts("", facts.BODY, prose)


def _response_facts(section: Section) -> Iterator[Fact]:
    content = read_content(section)
    for row in content.rows:
        yield Fact(facts.RESPONSES, f"response {row.name}", row.place, row.description)
    # Above the table the page repeats the description of the response.
    descriptions = {row.description for row in content.rows}
    prose = [line for line in content.prose if strip_markup(line.text) not in descriptions]
    yield from _prose_facts("", facts.RESPONSES, prose)


def _response_body_facts(section: Section) -> Iterator[Fact]:
    content = read_content(section)
    yield Fact(facts.RESPONSES, "response body", section.place, section.title)
    for row in content.rows:
        yield Fact(facts.RESPONSES, f"member of the response {row.name}", row.place)
    yield from _prose_facts("", facts.RESPONSES, content.prose)


_HEADER_READERS: Final[Mapping[str, Callable[[Row], Iterator[Fact]]]] = {
    "authorization": _authorization_facts,
    "content-type": _media_type_facts,
    "accept": _media_type_facts,
}
_SECTION_READERS: Final[Mapping[str, Callable[[Section], Iterator[Fact]]]] = {
    "description": _call_facts,
    "query": lambda section: _parameter_facts(facts.QUERY, "query", section),
    "headers": lambda section: _parameter_facts(facts.HEADERS, "header", section),
    "body": _body_facts,
    "responses": _response_facts,
    "content": _response_body_facts,
    "sample request": lambda section: read_sample(facts.SAMPLE_REQUEST, section.lines),
    "sample response": lambda section: read_sample(facts.SAMPLE_RESPONSE, section.lines),
}
