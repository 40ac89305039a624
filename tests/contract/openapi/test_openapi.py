"""openapi.yaml and claims.toml agree with each other, with OpenAPI, and with the sources."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pytest
from openapi_spec_validator import validate

import superoffice_contract
import superoffice_mock
from superoffice_contract.openapi import operations
from superoffice_mock.core.readings import READINGS

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
CLAIMS: Final[list[dict[str, str]]] = tomllib.loads(
    (files(superoffice_contract) / "openapi" / "claims.toml").read_text(encoding="utf-8")
)["claim"]
BY_ID: Final = {claim["id"]: claim for claim in CLAIMS}

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
"""The sections that claims name, and how each begins on the page."""

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
"""Kind of element -> its members that are elements, and of which kind; * is for many of them."""
NO_ELEMENTS: Final = ("document", "components")


class Element:
    """One element of the description: something that says a fact."""

    def __init__(self, where: str, kind: str, value: Mapping[str, Any]) -> None:
        self.where = where
        self.kind = kind
        self.value = value
        named = value.get("x-claim", [])
        self.claims: list[str] = [named] if isinstance(named, str) else named

    def inferred(self) -> bool:
        """Tell whether the element stands for something that the page does not state."""
        return any(BY_ID[one]["kind"] == "inferred" for one in self.claims)


def elements(value: Any = DOCUMENT, kind: str = "document", where: str = "#") -> Iterator[Element]:
    """Yield every element that is written out; references lead to one that is."""
    if not isinstance(value, Mapping) or "$ref" in value:
        return
    if kind not in NO_ELEMENTS:
        yield Element(where, kind, value)
    for name, child_kind in CHILDREN.get(kind, {}).items():
        child = value.get(name)
        if not child_kind.startswith("*"):
            yield from elements(child, child_kind, f"{where}/{name}")
            continue
        pairs = child.items() if isinstance(child, Mapping) else enumerate(child or ())
        for key, one in pairs:
            yield from elements(one, child_kind[1:], f"{where}/{name}/{key}")


def x_claims(node: Any) -> int:
    """Count the places that carry x-claim, wherever they are."""
    if isinstance(node, Mapping):
        return ("x-claim" in node) + sum(x_claims(one) for one in node.values())
    return sum(x_claims(one) for one in node) if isinstance(node, list) else 0


# ---- openapi.yaml ----------------------------------------------------------------------------


def test_the_description_is_valid_openapi() -> None:
    validate(dict(DOCUMENT))


def test_every_element_names_the_claim_it_stands_for() -> None:
    assert [one.where for one in elements() if not one.claims] == []


def test_no_element_with_a_claim_escapes_this_test() -> None:
    # An anchor in YAML stands in several places; the walk passes as many of them.
    assert len([one for one in elements() if one.claims]) == x_claims(DOCUMENT)


def test_every_claim_of_the_description_exists() -> None:
    named = {claim for one in elements() for claim in one.claims}
    assert named - set(BY_ID) == set()


PAGE_KEYWORDS: Final = {"type", "description", "properties", "items", "x-claim"}
"""What the page tells of a value: its type, and what it consists of."""


def test_what_a_schema_says_beyond_the_page_is_inferred() -> None:
    beyond = [
        one.where
        for one in elements()
        if one.kind == "schema"
        and (set(one.value) - PAGE_KEYWORDS or "null" in one.value.get("type", ()))
        and not one.inferred()
    ]
    assert beyond == []


def test_what_an_operation_or_an_answer_says_beyond_the_page_is_inferred() -> None:
    # The page lists one verb and one answer, no credentials that go together, nothing required.
    beyond = [
        one.where
        for one in elements()
        if (one.kind == "operation" or one.value.get("required") is True)
        or (one.kind == "response" and not one.where.endswith("/NoContent"))
    ]
    by_where = {one.where: one for one in elements()}
    assert [where for where in beyond if not by_where[where].inferred()] == []


# ---- claims.toml -----------------------------------------------------------------------------


def test_claims_have_ids_of_their_own() -> None:
    assert len(BY_ID) == len(CLAIMS)
    assert [id_ for id_ in BY_ID if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", id_)] == []


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["id"])
def test_a_documented_claim_names_its_section_and_an_inferred_one_its_reason(
    claim: dict[str, str],
) -> None:
    always = {"id", "section", "kind", "fact"}
    if claim["kind"] == "documented":
        assert set(claim) == always
        assert claim["section"] in SECTIONS
    else:
        assert claim["kind"] == "inferred"
        assert set(claim) - {"reading"} == always | {"because"}
        assert claim["section"] == "-"
        assert claim["because"].strip()
    assert claim["fact"].endswith(".")


def test_every_section_that_claims_name_is_on_the_page_in_this_order(page: str) -> None:
    found = [re.search(rf"^{re.escape(begin)}", page, re.MULTILINE) for begin in SECTIONS.values()]
    starts = [one.start() for one in found if one is not None]
    assert len(starts) == len(SECTIONS)
    assert starts == sorted(starts)


def test_every_section_of_the_page_has_claims() -> None:
    assert {one["section"] for one in CLAIMS if one["kind"] == "documented"} == set(SECTIONS)


def test_every_reading_has_a_claim_and_every_reading_of_a_claim_exists() -> None:
    assert {one["reading"] for one in CLAIMS if "reading" in one} == set(READINGS)


# ---- mentions in sources ---------------------------------------------------------------------

MENTION: Final = re.compile(r"(?:\(|#\s*)claims? ([a-z0-9-]+(?:,\s+[a-z0-9-]+)*)")


def mentioned(source: str) -> set[str]:
    """Return the claims that *source* names as its reason: (claim a), # claims a, b."""
    return {one for found in MENTION.findall(source) for one in re.split(r",\s+", found)}


def test_mentions_are_found_however_they_are_written() -> None:
    assert mentioned("(claim a-b) # claims c, d\nthe claim of somebody") == {"a-b", "c", "d"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_claim_that_a_source_names_exists(path: Path) -> None:
    assert mentioned(path.read_text(encoding="utf-8")) - set(BY_ID) == set()
