"""The facts in the contract that a document of the vendor is compared with.

Facts about shapes come from openapi.yaml, where every element names its claims; facts in prose come
from the table of statements. A fact is optional in a document if all its claims are inferred.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from http import HTTPStatus
from itertools import chain
from typing import Any, Final

import msgspec

from superoffice_contract.drift import facts, page_sample
from superoffice_contract.drift.facts import ExpectedFact, Kind
from superoffice_contract.drift.prose_patterns import STATEMENTS
from superoffice_contract.openapi import claims, operations
from superoffice_contract.openapi.operations import Operation

Element = Mapping[str, Any]

_SPEC_AREAS: Final = ("text", "$select", "so-apptoken")
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


@cache
def expected_facts(kind: Kind) -> tuple[ExpectedFact, ...]:
    """Return the facts that a document of this *kind* can state."""
    parts = (*_COMMON_PARTS, *(_PAGE_PARTS if kind == "page" else _SPEC_PARTS))
    return tuple(chain.from_iterable(part(_operation()) for part in parts))


def type_of(schema: Element) -> str:
    """Return the type and format of *schema*, without null."""
    types = schema.get("type", "any")
    names = [name for name in types if name != "null"] if isinstance(types, list) else [types]
    text = " or ".join(map(str, names))
    return f"{text} ({schema['format']})" if "format" in schema else text


def claims_of(element: Element) -> tuple[str, ...]:
    """Return the documented claims of *element*, or all its claims if none is documented."""
    value = element["x-claim"]
    ids = (value,) if isinstance(value, str) else tuple(value)
    return tuple(id_ for id_ in ids if claims.load()[id_].kind == "documented") or ids


def _element_fact(element: Element, group: str, id_: str, value: str = "") -> ExpectedFact:
    """Return the fact that *element* of openapi.yaml states."""
    ids = claims_of(element)
    inferred = claims.load()[ids[0]].kind == "inferred"
    return ExpectedFact(group, id_, value, ids, id_, inferred)


def _operation() -> Operation:
    return next(iter(operations.load().operations.values()))


def _security_schemes() -> Iterable[Element]:
    schemes: Mapping[str, Element] = operations.load().document["components"]["securitySchemes"]
    return schemes.values()


def _body_properties(operation: Operation) -> Element:
    properties: Element = operation.bodies["application/json"].schema["properties"]
    return properties


# ---- parts -----------------------------------------------------------------------------------


def _call_facts(operation: Operation) -> Iterator[ExpectedFact]:
    yield ExpectedFact(facts.CALL, "method", "POST", ("method",), "method")
    yield ExpectedFact(facts.CALL, "path", operation.path, ("path",), "path")


def _parameter_facts(operation: Operation) -> Iterator[ExpectedFact]:
    for parameter in operation.document["parameters"]:
        id_ = f"{parameter['in']} {parameter['name'].lower()}"
        if parameter["in"] == "query":
            yield _element_fact(parameter, facts.QUERY, id_, type_of(parameter["schema"]))
        else:
            yield _element_fact(parameter, facts.HEADERS, id_)


def _media_type_facts(operation: Operation) -> Iterator[ExpectedFact]:
    for name, media_type in operation.document["requestBody"]["content"].items():
        yield _element_fact(media_type, facts.MEDIA_TYPES, f"media type {name}")


def _member_facts(operation: Operation) -> Iterator[ExpectedFact]:
    for name, schema in _body_properties(operation).items():
        yield _element_fact(schema, facts.BODY, f"member {name}", type_of(schema))


def _response_facts(operation: Operation) -> Iterator[ExpectedFact]:
    for status, response in operation.document["responses"].items():
        phrase = HTTPStatus(int(status)).phrase
        fact = _element_fact(response, facts.RESPONSES, f"response {status}", phrase)
        # Inferred responses are left out, so that drift reports them once the vendor documents one.
        if not fact.inferred:
            yield fact


def _credential_header_facts(_: Operation) -> Iterator[ExpectedFact]:
    """Yield the headers for credentials; a specification does not list these as parameters."""
    for scheme in _security_schemes():
        if scheme.get("in") == "header":
            yield _element_fact(scheme, facts.HEADERS, f"header {scheme['name'].lower()}")


def _scheme_facts(_: Operation) -> Iterator[ExpectedFact]:
    for scheme in _security_schemes():
        if "authorization-schemes" in claims_of(scheme):
            # OpenAPI has no type for SoTicket; its description begins with the name.
            name = scheme.get("scheme") or scheme["description"].split()[0]
            yield _element_fact(scheme, facts.CREDENTIALS, f"scheme {name.lower()}")


def _spec_scheme_facts(operation: Operation) -> Iterator[ExpectedFact]:
    """Yield the schemes; SoTicket is optional because specifications have no type for it."""
    for fact in _scheme_facts(operation):
        yield msgspec.structs.replace(fact, inferred=fact.id == "scheme soticket")


def _account_facts(operation: Operation) -> Iterator[ExpectedFact]:
    for schema in _body_properties(operation).values():
        for name, member in schema["items"]["properties"].items():
            id_ = f"member of an account {name}"
            yield _element_fact(member, facts.ACCOUNT, id_, type_of(member))


def _sample_facts(operation: Operation) -> Iterator[ExpectedFact]:
    example = operations.load().document["components"]["examples"]["Sample"]["value"]
    id_, call = "sample call", f"POST {operation.path}"
    yield ExpectedFact(facts.SAMPLE_REQUEST, id_, call, ("sample-request",), id_)
    id_, accounts = "sample accounts", page_sample.describe_accounts(example)
    ids = ("sample-request", "sample-duplicate")
    yield ExpectedFact(facts.SAMPLE_REQUEST, id_, accounts, ids, id_)
    elements = dict(_schema_elements(_body_properties(operation)))
    for path, type_ in dict(page_sample.member_types(example)).items():
        yield _element_fact(elements[path], facts.SAMPLE_REQUEST, f"sample {path}", type_)


def _schema_elements(properties: Element, path: str = "") -> Iterator[tuple[str, Element]]:
    """Yield each element of the body's schema and its path, written as in page_sample."""
    for name, schema in properties.items():
        yield f"{path}/{name}", schema
        if "items" in schema:
            yield f"{path}/{name}/*", schema["items"]
            yield from _schema_elements(schema["items"]["properties"], f"{path}/{name}/*")


def _page_only_facts(_: Operation) -> Iterator[ExpectedFact]:
    for group, id_, value, claim in _PAGE_ONLY:
        yield ExpectedFact(group, id_, value, (claim,), id_)


def _required_body_facts(operation: Operation) -> Iterator[ExpectedFact]:
    id_, value = "body required", str(operation.document["requestBody"]["required"]).lower()
    yield ExpectedFact(facts.BODY, id_, value, ("body-required",), id_, inferred=True)


def _prose_facts(_: Operation) -> Iterator[ExpectedFact]:
    for statement in STATEMENTS:
        name = f" ({statement.name})" if statement.name else ""
        label = f'"{claims.load()[statement.claim].fact}"{name}'
        ids = (statement.claim,)
        yield ExpectedFact(statement.group, statement.id, statement.value, ids, label)


def _spec_prose_facts(operation: Operation) -> Iterator[ExpectedFact]:
    ids = {statement.id for statement in STATEMENTS if statement.area in _SPEC_AREAS}
    return (fact for fact in _prose_facts(operation) if fact.id in ids)


_COMMON_PARTS: Final = (
    _call_facts,
    _parameter_facts,
    _media_type_facts,
    _member_facts,
    _response_facts,
)
_PAGE_PARTS: Final = (
    _credential_header_facts,
    _scheme_facts,
    _sample_facts,
    _page_only_facts,
    _prose_facts,
)
_SPEC_PARTS: Final = (_spec_scheme_facts, _account_facts, _required_body_facts, _spec_prose_facts)
