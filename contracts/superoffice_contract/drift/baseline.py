"""What the contract says that the vendor documents, as facts to hold a document against.

Shape comes from openapi.yaml, which names the claim of every element; prose from the table of
statements. Elements whose claims are all inferred count only where the vendor says them, too.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from http import HTTPStatus
from itertools import chain
from typing import Any, Final

import msgspec

from superoffice_contract.drift import facts, page_sample
from superoffice_contract.drift.facts import Expected, Kind
from superoffice_contract.drift.prose_patterns import STATEMENTS
from superoffice_contract.openapi import claims, operations
from superoffice_contract.openapi.operations import Operation

Element = Mapping[str, Any]

_SPEC_AREAS: Final = ("text", "$select", "so-apptoken")
"""The prose that a Swagger or OpenAPI file has, too."""

_JSON: Final = "application/json; charset=utf-8"
_OF_THE_PAGE: Final = (
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
"""What the page shows and openapi.yaml has no place for: group, id, value, claim."""


@cache
def expected(kind: Kind) -> tuple[Expected, ...]:
    """Return what a *kind* of document can say and, as far as it is documented, should."""
    parts = (*_OF_BOTH, *(_OF_A_PAGE if kind == "page" else _OF_A_SPEC))
    return tuple(chain.from_iterable(part(_operation()) for part in parts))


def type_of(schema: Element) -> str:
    """Return the type in *schema* and its format; that null is allowed is not told."""
    named = schema.get("type", "any")
    kinds = (
        [str(one) for one in named if one != "null"] if isinstance(named, list) else [str(named)]
    )
    type_ = " or ".join(kinds)
    return f"{type_} ({schema['format']})" if "format" in schema else type_


def claims_of(element: Element) -> tuple[str, ...]:
    """Return the claims that an element stands for: the documented ones, or else the others."""
    named = element["x-claim"]
    ids = (named,) if isinstance(named, str) else tuple(named)
    return tuple(id_ for id_ in ids if claims.load()[id_].kind == "documented") or ids


def _from(element: Element, group: str, id_: str, value: str = "") -> Expected:
    """Return the fact that an element of openapi.yaml holds."""
    ids = claims_of(element)
    inferred = claims.load()[ids[0]].kind == "inferred"
    return Expected(group, id_, value, ids, id_, inferred)


def _operation() -> Operation:
    return next(iter(operations.load().operations.values()))


def _schemes() -> Iterable[Element]:
    schemes: Mapping[str, Element] = operations.load().document["components"]["securitySchemes"]
    return schemes.values()


def _body(operation: Operation) -> Element:
    properties: Element = operation.bodies["application/json"].schema["properties"]
    return properties


# ---- parts -----------------------------------------------------------------------------------


def _call(operation: Operation) -> Iterator[Expected]:
    yield Expected(facts.CALL, "method", "POST", ("method",), "method")
    yield Expected(facts.CALL, "path", operation.path, ("path",), "path")


def _parameters(operation: Operation) -> Iterator[Expected]:
    for one in operation.document["parameters"]:
        id_ = f"{one['in']} {one['name'].lower()}"
        if one["in"] == "query":
            yield _from(one, facts.QUERY, id_, type_of(one["schema"]))
        else:
            yield _from(one, facts.HEADERS, id_)


def _media_types(operation: Operation) -> Iterator[Expected]:
    for name, medium in operation.document["requestBody"]["content"].items():
        yield _from(medium, facts.MEDIA_TYPES, f"media type {name}")


def _members(operation: Operation) -> Iterator[Expected]:
    for name, schema in _body(operation).items():
        yield _from(schema, facts.BODY, f"member {name}", type_of(schema))


def _responses(operation: Operation) -> Iterator[Expected]:
    for status, one in operation.document["responses"].items():
        made = _from(one, facts.RESPONSES, f"response {status}", HTTPStatus(int(status)).phrase)
        # An inferred answer that the vendor documents one day is news.
        if not made.inferred:
            yield made


def _header_schemes(_: Operation) -> Iterator[Expected]:
    """Yield the headers that credentials stand in, which a specification does not list."""
    for one in _schemes():
        if one.get("in") == "header":
            yield _from(one, facts.HEADERS, f"header {one['name'].lower()}")


def _authorization(_: Operation) -> Iterator[Expected]:
    for one in _schemes():
        if "authorization-schemes" in claims_of(one):
            # The description of a scheme that OpenAPI has no type for begins with its name.
            name = one.get("scheme") or one["description"].split()[0]
            yield _from(one, facts.CREDENTIALS, f"scheme {name.lower()}")


def _specified_authorization(operation: Operation) -> Iterator[Expected]:
    """Yield the schemes; SoTicket is one that specifications have no type for."""
    for one in _authorization(operation):
        yield msgspec.structs.replace(one, inferred=one.id == "scheme soticket")


def _account(operation: Operation) -> Iterator[Expected]:
    for schema in _body(operation).values():
        for name, member in schema["items"]["properties"].items():
            yield _from(member, facts.ACCOUNT, f"member of an account {name}", type_of(member))


def _sample(operation: Operation) -> Iterator[Expected]:
    example = operations.load().document["components"]["examples"]["Sample"]["value"]
    call = f"POST {operation.path}"
    yield Expected(facts.SAMPLE_REQUEST, "sample call", call, ("sample-request",), "sample call")
    count = page_sample.accounts(example)
    ids = ("sample-request", "sample-duplicate")
    yield Expected(facts.SAMPLE_REQUEST, "sample accounts", count, ids, "sample accounts")
    elements = dict(_elements(_body(operation)))
    for path, type_ in dict(page_sample.members(example)).items():
        yield _from(elements[path], facts.SAMPLE_REQUEST, f"sample {path}", type_)


def _elements(properties: Element, path: str = "") -> Iterator[tuple[str, Element]]:
    """Yield every element of the body's schema by the path that samples.members gives it."""
    for name, schema in properties.items():
        yield f"{path}/{name}", schema
        if "items" in schema:
            yield f"{path}/{name}/*", schema["items"]
            yield from _elements(schema["items"]["properties"], f"{path}/{name}/*")


def _of_the_page(_: Operation) -> Iterator[Expected]:
    for group, id_, value, claim in _OF_THE_PAGE:
        yield Expected(group, id_, value, (claim,), id_)


def _body_required(operation: Operation) -> Iterator[Expected]:
    ids = ("body-required",)
    value = str(operation.document["requestBody"]["required"]).lower()
    yield Expected(facts.BODY, "body required", value, ids, "body required", inferred=True)


def _prose(_: Operation) -> Iterator[Expected]:
    for one in STATEMENTS:
        label = f'"{claims.load()[one.claim].fact}"' + (f" ({one.name})" if one.name else "")
        yield Expected(one.group, one.id, one.value, (one.claim,), label)


def _specified_prose(operation: Operation) -> Iterator[Expected]:
    ids = {one.id for one in STATEMENTS if one.area in _SPEC_AREAS}
    return (one for one in _prose(operation) if one.id in ids)


_OF_BOTH: Final = (_call, _parameters, _media_types, _members, _responses)
_OF_A_PAGE: Final = (_header_schemes, _authorization, _sample, _of_the_page, _prose)
_OF_A_SPEC: Final = (_specified_authorization, _account, _body_required, _specified_prose)
