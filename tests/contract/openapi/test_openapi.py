"""openapi.yaml and claims.toml agree with each other, with OpenAPI, and with the source code."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from openapi_spec_validator import validate

import superoffice_contract
import superoffice_mock
from superoffice_contract.openapi import claims, operations

FOLDERS: Final = [
    Path(superoffice_contract.__path__[0]),
    Path(superoffice_mock.__path__[0]),
    Path(__file__).parents[2],
]
SOURCES: Final = sorted(
    path
    for folder in FOLDERS
    for path in folder.rglob("*.py")
    if "node_modules" not in path.parts and path != Path(__file__)
)
DOCUMENT: Final = operations.load().document
CLAIMS: Final = claims.load()

SECTIONS: Final[Mapping[str, str]] = {
    "Description": "Start syncing of the given accounts",
    "Banner": "Online Restricted:",
    "Query String Parameters": "Query String Parameters",
    "Request Headers": "Request Headers",
    "Request Body": "Request Body:",
    "Response": "Response:",
    "Sample request": "Sample request",
    "Sample response": "Sample response",
}
"""By name of the section in claims: how it begins on the page."""

# ---- the elements of the description ---------------------------------------------------------

METHODS: Final = ("get", "head", "options", "post", "put", "patch", "delete")
CHILDREN: Final[Mapping[str, Mapping[str, str]]] = {
    "document": {"servers": "*server", "paths": "*path", "components": "components"},
    "components": {
        "securitySchemes": "*security scheme",
        "schemas": "*schema",
        "examples": "*example",
        "headers": "*header",
        "responses": "*response",
        "parameters": "*parameter",
        "requestBodies": "*request body",
    },
    "server": {"variables": "*server variable"},
    "path": {**dict.fromkeys(METHODS, "operation"), "parameters": "*parameter"},
    "operation": {
        "parameters": "*parameter",
        "requestBody": "request body",
        "responses": "*response",
    },
    "parameter": {"schema": "schema"},
    "request body": {"content": "*media type"},
    "response": {"content": "*media type", "headers": "*header"},
    "header": {"schema": "schema"},
    "media type": {"schema": "schema", "examples": "*example"},
    "schema": {
        "properties": "*schema",
        "items": "schema",
        "additionalProperties": "schema",
        **dict.fromkeys(("anyOf", "allOf", "oneOf"), "*schema"),
    },
}
"""By kind of element: its members that are elements, and their kind; * marks a collection."""
NO_ELEMENTS: Final = ("document", "components")
PAGE_KEYWORDS: Final = {"type", "description", "properties", "items", "x-claim"}
"""What the page states about a value."""
MENTION: Final = re.compile(r"(?:\(|#\s*)claims? (?!for\b)([a-z0-9-]+(?:,\s+[a-z0-9-]+)*)")


class Element:
    """One element of the description that states a fact."""

    def __init__(self, where: str, kind: str, value: Mapping[str, Any]) -> None:
        self.where = where
        self.kind = kind
        self.value = value
        ids = value.get("x-claim", [])
        self.claims: list[str] = [ids] if isinstance(ids, str) else ids

    def is_beyond_the_page(self) -> bool:
        """Return whether the element has a claim that the page does not state."""
        return any(CLAIMS[id_].section is None for id_ in self.claims)


def walk_elements(
    value: Any = DOCUMENT, kind: str = "document", where: str = "#"
) -> Iterator[Element]:
    """Yield every element, except null as an alternative, and references without claims.

    A reference leads to an element that is yielded.
    """
    if not isinstance(value, Mapping) or value == {"type": "null"}:
        return
    if kind not in NO_ELEMENTS and not ("$ref" in value and "x-claim" not in value):
        yield Element(where, kind, value)
    for name, child_kind in CHILDREN.get(kind, {}).items():
        child = value.get(name)
        if not child_kind.startswith("*"):
            yield from walk_elements(child, child_kind, f"{where}/{name}")
            continue
        pairs = child.items() if isinstance(child, Mapping) else enumerate(child or ())
        for key, item in pairs:
            yield from walk_elements(item, child_kind[1:], f"{where}/{name}/{key}")


def count_x_claims(node: Any) -> int:
    """Count all places with x-claim."""
    if isinstance(node, Mapping):
        return ("x-claim" in node) + sum(count_x_claims(child) for child in node.values())
    return sum(count_x_claims(child) for child in node) if isinstance(node, list) else 0


# ---- openapi.yaml ----------------------------------------------------------------------------


def test_the_description_is_valid_openapi() -> None:
    validate(dict(DOCUMENT))


def test_every_element_names_a_claim() -> None:
    assert [element.where for element in walk_elements() if not element.claims] == []


def test_the_walk_finds_every_element_with_a_claim() -> None:
    # Both count the target of a YAML anchor once for each alias.
    with_claims = [element for element in walk_elements() if element.claims]
    assert len(with_claims) == count_x_claims(DOCUMENT)


def test_every_claim_of_the_description_exists() -> None:
    ids = {id_ for element in walk_elements() for id_ in element.claims}
    assert ids - set(CLAIMS) == set()


def test_a_schema_with_more_than_the_page_states_names_a_claim_for_it() -> None:
    beyond = [
        element.where
        for element in walk_elements()
        if element.kind == "schema"
        and (set(element.value) - PAGE_KEYWORDS or "null" in element.value.get("type", ()))
        and not element.is_beyond_the_page()
    ]
    assert beyond == []


def test_an_operation_or_response_beyond_the_page_names_a_claim_for_it() -> None:
    # The page lists one method and one response, no combined credentials, nothing required.
    beyond = [
        element.where
        for element in walk_elements()
        if (
            element.kind == "operation"
            or element.value.get("required") is True
            or (element.kind == "response" and not element.where.endswith("/NoContent"))
        )
        and not element.is_beyond_the_page()
    ]
    assert beyond == []


# ---- claims.toml -----------------------------------------------------------------------------


def test_every_section_that_claims_name_is_on_the_page_in_this_order(page: str) -> None:
    matches = [re.search(rf"^{re.escape(text)}", page, re.MULTILINE) for text in SECTIONS.values()]
    starts = [match.start() for match in matches if match is not None]
    assert len(starts) == len(SECTIONS)
    assert starts == sorted(starts)


def test_every_section_of_the_page_has_claims() -> None:
    assert {claim.section for claim in CLAIMS.values()} - {None} == set(SECTIONS)


# ---- claims in source code -------------------------------------------------------------------


def find_mentions(source: str) -> set[str]:
    """Return the claims that *source* mentions, as in "(claim a)" and "# claims a, b"."""
    return {id_ for ids in MENTION.findall(source) for id_ in re.split(r",\s+", ids)}


def test_claims_are_found_in_parentheses_and_in_comments() -> None:
    assert find_mentions(
        "(claim a-b) # claims c, d\nthe claim of somebody, (claim for claim in x)"
    ) == {"a-b", "c", "d"}


def test_every_claim_that_source_code_mentions_exists() -> None:
    for path in SOURCES:
        unknown = find_mentions(path.read_text(encoding="utf-8")) - set(CLAIMS)
        assert unknown == set(), path
