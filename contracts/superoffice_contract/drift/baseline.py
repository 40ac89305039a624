"""The facts in the contract that a document of the vendor is compared with.

Facts about shapes come from openapi.yaml, where every element names its claims; facts in prose come
from the table of statements. A document may leave out a fact if the page states none of its claims.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from itertools import chain
from typing import Any, Final

import msgspec

from superoffice_contract.drift import facts, page_sample
from superoffice_contract.drift.facts import ExpectedFact, Kind
from superoffice_contract.drift.prose_patterns import AREAS, STATEMENTS
from superoffice_contract.drift.schema_keywords import keywords_of, type_of
from superoffice_contract.openapi import claims
from superoffice_contract.openapi.operations import Operation

Element = Mapping[str, Any]

_SPEC_AREAS: Final = frozenset(("text", "$select", "so-apptoken"))
"""The areas of prose that a Swagger or OpenAPI file has as well."""
_JSON: Final = "application/json; charset=utf-8"
_PAGE_ONLY: Final = (
    (facts.QUERY, "example of the query", "$select=name,department,category/id", "select-list"),
    (facts.HEADERS, "header content-type", "", "media-types"),
    (facts.HEADERS, "header accept", "", "accept-header"),
    (facts.BODY, "name of the body", "request", "request-body"),
    (facts.RESPONSES, "response body", "TimeZoneData", "response-title"),
    (facts.SAMPLE_REQUEST, "sample header authorization", "Basic tje0:Tje0", "sample-credential"),
    (facts.SAMPLE_REQUEST, "sample header accept", _JSON, "sample-charset"),
    (facts.SAMPLE_REQUEST, "sample header accept-language", "", "sample-language"),
    (facts.SAMPLE_REQUEST, "sample header content-type", _JSON, "sample-charset"),
    (facts.SAMPLE_RESPONSE, "sample status", "204 No Content", "sample-response"),
    (facts.SAMPLE_RESPONSE, "sample header content-type", _JSON, "sample-response"),
    (facts.SAMPLE_RESPONSE, "sample body", "null", "sample-response"),
)
"""Facts on the page that openapi.yaml can't express: group, id, value, claim."""


def expected_facts(kind: Kind, operation: Operation) -> tuple[ExpectedFact, ...]:
    """Return the facts about *operation* that a document of this *kind* can state."""
    is_page = kind == "page"
    parts = (*_COMMON_PARTS, *(_PAGE_PARTS if is_page else _SPEC_PARTS))
    found = chain.from_iterable(part(operation) for part in parts)
    others = _PAGE_ONLY if is_page else ()
    return (
        *found,
        *(ExpectedFact(group, id_, value, (claim,)) for group, id_, value, claim in others),
        *_prose_facts(AREAS if is_page else _SPEC_AREAS),
    )


def claims_of(element: Element) -> tuple[str, ...]:
    """Return the claims of *element* that the page states, or all its claims if it states none."""
    value = element["x-claim"]
    ids = (value,) if isinstance(value, str) else tuple(value)
    return tuple(id_ for id_ in ids if claims.load()[id_].section is not None) or ids


def _element_fact(element: Element, group: str, id_: str, value: str = "") -> ExpectedFact:
    """Return the fact that *element* of openapi.yaml states."""
    ids = claims_of(element)
    return ExpectedFact(group, id_, value, ids, inferred=claims.load()[ids[0]].section is None)


def _typed_facts(element: Element, group: str, id_: str, schema: Element) -> Iterator[ExpectedFact]:
    """Yield the type of *element*, and its keywords, which a document may leave out."""
    yield _element_fact(element, group, id_, type_of(schema))
    for keyword, value in keywords_of(schema):
        ids = claims_of(element)
        yield ExpectedFact(group, f"{id_}: {keyword}", value, ids, inferred=True)


def _security_schemes(operation: Operation) -> Iterator[Element]:
    """Yield the schemes that the alternatives of *operation* name."""
    schemes = operation.schemas.document["components"]["securitySchemes"]
    names = chain.from_iterable(operation.security)
    return (operation.schemas.resolve(schemes[name]) for name in dict.fromkeys(names))


def _body_properties(operation: Operation) -> Element:
    return _properties(operation, operation.bodies["application/json"].schema)


def _properties(operation: Operation, schema: Element) -> Element:
    """Return the properties of *schema*, with the targets of their references."""
    properties = operation.schemas.resolve(schema)["properties"]
    return {name: operation.schemas.resolve(child) for name, child in properties.items()}


# ---- parts -----------------------------------------------------------------------------------


def _call_facts(operation: Operation) -> Iterator[ExpectedFact]:
    yield ExpectedFact(facts.CALL, "method", operation.method, ("method",))
    yield ExpectedFact(facts.CALL, "path", operation.path, ("path",))


def _parameter_facts(operation: Operation) -> Iterator[ExpectedFact]:
    for parameter in operation.document["parameters"]:
        id_ = f"{parameter['in']} {parameter['name'].lower()}"
        if parameter["in"] == "query":
            schema = operation.schemas.resolve(parameter["schema"])
            yield from _typed_facts(parameter, facts.QUERY, id_, schema)
        else:
            yield _element_fact(parameter, facts.HEADERS, id_)


def _media_type_facts(operation: Operation) -> Iterator[ExpectedFact]:
    for name, media_type in operation.document["requestBody"]["content"].items():
        yield _element_fact(media_type, facts.MEDIA_TYPES, f"media type {name}")


def _member_facts(operation: Operation) -> Iterator[ExpectedFact]:
    for name, schema in _body_properties(operation).items():
        yield from _typed_facts(schema, facts.BODY, f"member {name}", schema)


def _response_facts(operation: Operation) -> Iterator[ExpectedFact]:
    for status, response in operation.document["responses"].items():
        phrase = HTTPStatus(int(status)).phrase
        fact = _element_fact(response, facts.RESPONSES, f"response {status}", phrase)
        # Others than the page's are left out, so that drift reports one once the page has it.
        if not fact.inferred:
            yield fact


def _credential_header_facts(operation: Operation) -> Iterator[ExpectedFact]:
    """Yield the headers for credentials; a specification does not list these as parameters."""
    for scheme in _security_schemes(operation):
        if scheme.get("in") == "header":
            yield _element_fact(scheme, facts.HEADERS, f"header {scheme['name'].lower()}")


def _scheme_facts(operation: Operation) -> Iterator[ExpectedFact]:
    for scheme in _security_schemes(operation):
        if "authorization-schemes" in claims_of(scheme):
            # OpenAPI has no type for SoTicket; its description begins with the name.
            name = scheme.get("scheme") or scheme["description"].split()[0]
            yield _element_fact(scheme, facts.CREDENTIALS, f"scheme {name.lower()}")


def _spec_scheme_facts(operation: Operation) -> Iterator[ExpectedFact]:
    """Yield the schemes; SoTicket is optional because specifications have no type for it.

    The vendor's files join the other two in one requirement (claim credentials-alternatives).
    """
    id_, ids = "ways to sign in", ("credentials-alternatives",)
    yield ExpectedFact(facts.CREDENTIALS, id_, "2 schemes together", ids, inferred=True)
    for fact in _scheme_facts(operation):
        yield msgspec.structs.replace(fact, inferred=fact.id == "scheme soticket")


def _spec_body_facts(operation: Operation) -> Iterator[ExpectedFact]:
    is_required = str(operation.document["requestBody"]["required"]).lower()
    ids = ("body-required",)
    yield ExpectedFact(facts.BODY, "body required", is_required, ids, inferred=True)
    for schema in _body_properties(operation).values():
        for name, member in _properties(operation, schema["items"]).items():
            yield from _typed_facts(member, facts.ACCOUNT, f"member of an account {name}", member)


def _sample_facts(operation: Operation) -> Iterator[ExpectedFact]:
    accounts = page_sample.describe_accounts(operation.sample)
    call = f"{operation.method} {operation.path}"
    ids = ("sample-request", "sample-duplicate")
    yield ExpectedFact(facts.SAMPLE_REQUEST, "sample call", call, ids[:1])
    yield ExpectedFact(facts.SAMPLE_REQUEST, "sample accounts", accounts, ids)
    elements = dict(_schema_elements(operation, _body_properties(operation)))
    for path, type_ in dict(page_sample.member_types(operation.sample)).items():
        yield _element_fact(elements[path], facts.SAMPLE_REQUEST, f"sample {path}", type_)


def _schema_elements(
    operation: Operation, properties: Element, path: str = ""
) -> Iterator[tuple[str, Element]]:
    """Yield each element of the body's schema and its path, written as in page_sample."""
    for name, schema in properties.items():
        yield f"{path}/{name}", schema
        if "items" in schema:
            place = f"{path}/{name}/*"
            yield place, operation.schemas.resolve(schema["items"])
            yield from _schema_elements(operation, _properties(operation, schema["items"]), place)


def _prose_facts(areas: frozenset[str]) -> Iterator[ExpectedFact]:
    for statement in (statement for statement in STATEMENTS if statement.area in areas):
        name = f" ({statement.name})" if statement.name else ""
        label = f'"{claims.load()[statement.claim].fact}"{name}'
        yield ExpectedFact(
            statement.group,
            statement.id,
            statement.value,
            (statement.claim,),
            inferred=statement.claim == "slow-threshold",  # older pages and files lack it
            label=label,
        )


_COMMON_PARTS: Final = (
    *(_call_facts, _parameter_facts, _media_type_facts, _member_facts, _response_facts),
)
_PAGE_PARTS: Final = (_credential_header_facts, _scheme_facts, _sample_facts)
_SPEC_PARTS: Final = (_spec_scheme_facts, _spec_body_facts)
