"""The vendor's page, as text or as the Markdown it is generated from -> facts."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from superoffice_contract import page_layout as layout
from superoffice_contract.drift import facts, page_sample
from superoffice_contract.drift.facts import Fact, Reading
from superoffice_contract.drift.page_sample import Line
from superoffice_contract.drift.prose_patterns import AREAS, facts_in, plain
from superoffice_contract.page_layout import CALL, Row, Section

_MARKDOWN: Final = re.compile(r"^(?:#{1,6} |```|~~~)", re.MULTILINE)
_MEDIA_TYPE: Final = re.compile(r"[a-z]+/[\w.+*-]+", re.IGNORECASE)
_SCHEMES: Final = re.compile(r"supports (?P<names>.{1,200}?) schemes?\b", re.IGNORECASE)


def read(text: str) -> Reading | None:
    """Return what the page says, or None if *text* shows no call."""
    lines = [
        Line(number, line.rstrip())
        for number, line in enumerate(text.splitlines(), start=1)
        if not line.lstrip().startswith(layout.FENCES)
    ]
    start = next((at for at, line in enumerate(lines) if CALL.fullmatch(line.text.strip())), None)
    if start is None:
        return None
    sections = tuple(layout.sections(lines[start:]))
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
    content = layout.content(section)
    (place, call), *others = content.calls
    yield Fact(facts.CALL, "method", place, call["verb"])
    yield Fact(facts.CALL, "path", place, call["path"])
    for place, call in others:
        yield Fact(facts.CALL, f"call {call[0]}", place)
    for row in content.rows:
        yield Fact(facts.DESCRIPTION, f"row {row.name}", row.place)
    yield from _prose("text", facts.DESCRIPTION, content.prose)


def _of_query(section: Section) -> Iterator[Fact]:
    content = layout.content(section)
    for row in content.rows:
        type_ = row.rest[0] if row.rest else ""
        yield Fact(facts.QUERY, f"query {row.name.lower()}", row.place, type_.lower())
        yield from _described(facts.QUERY, row)
    for place, call in content.calls:
        yield Fact(facts.QUERY, "example of the query", place, call["query"] or "")
    yield from _prose("", facts.QUERY, content.prose)


def _of_headers(section: Section) -> Iterator[Fact]:
    content = layout.content(section)
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
    content = layout.content(section)
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
    content = layout.content(section)
    for row in content.rows:
        yield Fact(facts.RESPONSES, f"response {row.name}", row.place, row.description)
    said = {row.description for row in content.rows}
    prose = [line for line in content.prose if plain(line.text) not in said]
    yield from _prose("", facts.RESPONSES, prose)


def _of_content(section: Section) -> Iterator[Fact]:
    content = layout.content(section)
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
