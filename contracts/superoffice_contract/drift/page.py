"""The vendor's page, as text or as the Markdown it is generated from -> facts."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from superoffice_contract.drift import facts, page_sample
from superoffice_contract.drift.facts import Fact, Reading
from superoffice_contract.drift.page_sample import Line
from superoffice_contract.drift.prose_patterns import AREAS, facts_in, plain

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


def split_sections(lines: Sequence[Line]) -> Iterator[Section]:
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


def read_content(section: Section) -> Content:
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


_MARKDOWN: Final = re.compile(r"^(?:#{1,6} |```|~~~)", re.MULTILINE)


_MEDIA_TYPE: Final = re.compile(r"[a-z]+/[\w.+*-]+", re.IGNORECASE)


_SCHEMES: Final = re.compile(r"supports (?P<names>.{1,200}?) schemes?\b", re.IGNORECASE)


def read(text: str) -> Reading | None:
    """Return what the page says, or None if *text* shows no call."""
    lines = [
        Line(number, line.rstrip())
        for number, line in enumerate(text.splitlines(), start=1)
        if not line.lstrip().startswith(FENCES)
    ]
    start = next((at for at, line in enumerate(lines) if CALL.fullmatch(line.text.strip())), None)
    if start is None:
        return None
    sections = tuple(split_sections(lines[start:]))
    found = tuple(fact for section in sections for fact in _READERS[section.name](section))
    name = "Markdown page" if _MARKDOWN.search(text) else "text page"
    return Reading(name, "page", found, _homes(sections))


def _homes(sections: Sequence[Section]) -> dict[str, str]:
    """Return where each group stands, or else where the page begins."""
    places = {section.name: section.place for section in sections}
    return {group: places.get(name, sections[0].place) for group, name in _HOMES.items()}


_HOMES: Final[Mapping[str, str]] = {
    facts.CALL: "description",
    facts.DESCRIPTION: "description",
    facts.RESTRICTION: "description",
    facts.QUERY: "query",
    facts.HEADERS: "headers",
    facts.CREDENTIALS: "headers",
    facts.MEDIA_TYPES: "headers",
    facts.BODY: "body",
    facts.RESPONSES: "responses",
    facts.SAMPLE_REQUEST: "sample request",
    facts.SAMPLE_RESPONSE: "sample response",
}


def _prose(area: str, group: str, lines: Sequence[Line]) -> Iterator[Fact]:
    for place, text in _unwrapped(lines):
        yield from facts_in(area, group, text, place)


def _unwrapped(lines: Sequence[Line]) -> Iterator[tuple[str, str]]:
    """Join lines that a sentence runs through; they count as the first of them."""
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


def _of_description(section: Section) -> Iterator[Fact]:
    content = read_content(section)
    (place, call), *others = content.calls
    yield Fact(facts.CALL, "method", place, call["verb"])
    yield Fact(facts.CALL, "path", place, call["path"])
    for place, call in others:
        yield Fact(facts.CALL, f"call {call[0]}", place)
    for row in content.rows:
        yield Fact(facts.DESCRIPTION, f"row {row.name}", row.place)
    yield from _prose("text", facts.DESCRIPTION, content.prose)


def _of_query(section: Section) -> Iterator[Fact]:
    content = read_content(section)
    for row in content.rows:
        type_ = row.rest[0] if row.rest else ""
        yield Fact(facts.QUERY, f"query {row.name.lower()}", row.place, type_.lower())
        yield from _described(facts.QUERY, row)
    for place, call in content.calls:
        yield Fact(facts.QUERY, "example of the query", place, call["query"] or "")
    yield from _prose("", facts.QUERY, content.prose)


def _of_headers(section: Section) -> Iterator[Fact]:
    content = read_content(section)
    for row in content.rows:
        name = row.name.lower()
        yield Fact(facts.HEADERS, f"header {name}", row.place)
        yield from _CELLS[name](row) if name in _CELLS else _described(facts.HEADERS, row)
    yield from _prose("", facts.HEADERS, content.prose)


def _described(group: str, row: Row) -> Iterator[Fact]:
    """Yield what the description of a row says; that a row is new is said without it."""
    if row.name.lower() in AREAS:
        yield from facts_in(row.name.lower(), group, row.description, row.place)


def _of_authorization(row: Row) -> Iterator[Fact]:
    text = row.description
    if listed := _SCHEMES.search(text):
        for name in re.findall(r"[\w-]+", re.sub(r"\b(?:and|or)\b", ",", listed["names"])):
            yield Fact(facts.CREDENTIALS, f"scheme {name.lower()}", row.place)
        text = text.replace(listed[0], " ")
    yield from facts_in("authorization", facts.CREDENTIALS, text, row.place)


def _of_content_type(row: Row) -> Iterator[Fact]:
    for name in _MEDIA_TYPE.findall(row.description):
        yield Fact(facts.MEDIA_TYPES, f"media type {name.lower()}", row.place)
    rest = _MEDIA_TYPE.sub("", row.description)
    yield from facts_in("content-type", facts.MEDIA_TYPES, rest, row.place)


def _of_accept(row: Row) -> Iterator[Fact]:
    for name in _MEDIA_TYPE.findall(row.description):
        id_ = f"answer in {name.lower()}"
        yield Fact(facts.HEADERS, id_, row.place, claims=("accept-header",))
    rest = _MEDIA_TYPE.sub("", row.description)
    yield from facts_in("accept", facts.HEADERS, rest, row.place)


_CELLS: Final[Mapping[str, Callable[[Row], Iterator[Fact]]]] = {
    "authorization": _of_authorization,
    "content-type": _of_content_type,
    "accept": _of_accept,
}


def _of_body(section: Section) -> Iterator[Fact]:
    content = read_content(section)
    yield Fact(facts.BODY, "name of the body", section.place, section.title)
    for row in content.rows:
        type_ = row.rest[0] if row.rest else ""
        yield Fact(facts.BODY, f"member {row.name}", row.place, type_.lower())
        yield from facts_in("", facts.BODY, row.rest[1] if len(row.rest) > 1 else "", row.place)
    names = {row.name for row in content.rows}
    # Above the table the page lists the names of its rows.
    prose = [line for line in content.prose if not set(re.findall(r"\w+", line.text)) <= names]
    yield from _prose("", facts.BODY, prose)


def _of_responses(section: Section) -> Iterator[Fact]:
    content = read_content(section)
    for row in content.rows:
        yield Fact(facts.RESPONSES, f"response {row.name}", row.place, row.description)
    said = {row.description for row in content.rows}
    prose = [line for line in content.prose if plain(line.text) not in said]
    yield from _prose("", facts.RESPONSES, prose)


def _of_content(section: Section) -> Iterator[Fact]:
    content = read_content(section)
    yield Fact(facts.RESPONSES, "response body", section.place, section.title)
    for row in content.rows:
        yield Fact(facts.RESPONSES, f"member of the response {row.name}", row.place)
    yield from _prose("", facts.RESPONSES, content.prose)


_READERS: Final[Mapping[str, Callable[[Section], Iterator[Fact]]]] = {
    "description": _of_description,
    "query": _of_query,
    "headers": _of_headers,
    "body": _of_body,
    "responses": _of_responses,
    "content": _of_content,
    "sample request": lambda section: page_sample.of_request(section.lines),
    "sample response": lambda section: page_sample.of_response(section.lines),
}
