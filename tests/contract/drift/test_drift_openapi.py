"""Drift of a Swagger or OpenAPI file: every kind of change is reported with its JSON Pointer."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from superoffice_contract.errors import DriftError
from tests.contract.drift import documents
from tests.contract.drift.documents import drift_of, report_of

Document = dict[str, Any]
MakeSpec = Callable[[], Document]
CALL = "#/paths/~1api~1v1~1Agents~1EMail~1SyncEmailAccounts/post"
SPECS: dict[str, MakeSpec] = {"Swagger": documents.swagger, "OpenAPI": documents.openapi}


@pytest.fixture(name="document", params=SPECS)
def make_document(request: pytest.FixtureRequest) -> Document:
    """Return a new file that agrees with the contract, in each layout."""
    return SPECS[request.param]()


def call_in(document: Document) -> Document:
    """Return the operation in *document*, to change it."""
    post: Document = document["paths"][documents.PATH]["post"]
    return post


def schemas_in(document: Document) -> Document:
    schemas: Document = document.get("definitions") or document["components"]["schemas"]
    return schemas


def schemes_in(document: Document) -> Document:
    schemes: Document = (
        document.get("securityDefinitions") or document["components"]["securitySchemes"]
    )
    return schemes


def security_in(document: Document) -> list[Document]:
    security: list[Document] = document.get("security") or call_in(document)["security"]
    return security


def test_a_specification_that_agrees_with_the_contract_has_no_drift(document: Document) -> None:
    report = report_of(document)
    assert list(report.findings) == []
    skipped = [result.check for result in report.results if result.status == "skipped"]
    assert skipped == ["sample request", "sample response"]


def test_json_and_yaml_give_the_same_report(document: Document) -> None:
    call_in(document)["description"] += " NsApiSlow threshold: 5000 ms."
    call_in(document)["responses"] |= {"202": {"description": "Accepted"}}
    document["paths"][documents.PATH]["parameters"] = [
        {"name": "wait", "in": "query", "required": True, "schema": {"type": "boolean"}}
    ]
    text = yaml.safe_dump(document).replace("'202'", "202")
    assert report_of(text) == report_of(document)
    assert {drift.what for drift in drift_of(text)} == {
        'added: sentence: "NsApiSlow threshold: 5000 ms."',
        "added: response 202 = Accepted",
        "added: query wait = boolean, required",
    }


def test_a_changed_path_is_reported(document: Document) -> None:
    path = documents.PATH.replace("v1", "v2")
    document["paths"][path] = document["paths"].pop(documents.PATH)
    place = "#/paths/~1api~1v2~1Agents~1EMail~1SyncEmailAccounts"
    what = f"changed: path: {path} instead of {documents.PATH}"
    assert drift_of(document) == [(place, what, ("path",))]


@pytest.mark.parametrize("base", [{"basePath": "/api/v1"}, {"servers": [{"url": "/api/v1/"}]}])
def test_a_base_path_belongs_to_the_path(base: Document) -> None:
    document = documents.swagger() | base
    document["paths"] = {"/Agents/EMail/SyncEmailAccounts": {"post": call_in(document)}}
    assert drift_of(document) == []


def test_a_changed_and_an_added_method_are_reported() -> None:
    document = documents.swagger()
    post = document["paths"][documents.PATH].pop("post")
    document["paths"][documents.PATH] = {"put": post, "delete": {}}
    assert [drift[1:] for drift in drift_of(document)] == [
        ("changed: method: PUT instead of POST", ("method",)),
        ("added: method DELETE", ("method",)),
    ]


def test_added_and_removed_media_types_are_reported_in_swagger() -> None:
    document = documents.swagger()
    call_in(document)["consumes"][1] = "application/cbor"
    assert drift_of(document) == [
        (f"{CALL}/consumes/1", "added: media type application/cbor", ("media-types",)),
        (f"{CALL}/consumes", "removed: media type text/json", ("media-types",)),
    ]


def test_added_and_removed_media_types_are_reported_in_openapi() -> None:
    document = documents.openapi()
    content = call_in(document)["requestBody"]["content"]
    content["application/cbor"] = content.pop("text/json")
    place = f"{CALL}/requestBody/content/application~1cbor"
    added, removed = drift_of(document)
    assert added == (place, "added: media type application/cbor", ("media-types",))
    assert removed[1:] == ("removed: media type text/json", ("media-types",))


def test_media_types_of_the_whole_file_apply_to_the_call() -> None:
    document = documents.swagger()
    document["consumes"] = call_in(document).pop("consumes")
    document["produces"] = ["text/csv"]
    del call_in(document)["produces"]
    assert drift_of(document) == [
        ("#/produces/0", "added: answer in text/csv", ("accept-header",)),
    ]


def test_a_removed_parameter_is_reported_with_all_its_facts(document: Document) -> None:
    del call_in(document)["parameters"][-2]
    drift = drift_of(document)
    assert {finding.place for finding in drift} == {f"{CALL}/parameters"}
    assert drift[0].what == "removed: query $select"
    assert len(drift) == 5


NEW_PARAMETERS: dict[str, Document] = {
    "header so-timezone": {"name": "SO-TimeZone", "in": "header"},
    "cookie session = required": {"name": "Session", "in": "cookie", "required": True},
    "query wait = integer": {"name": "wait", "in": "query", "type": "integer"},
    "formData file": {"name": "file", "in": "formData"},
    "query odd = any": {"name": "odd", "in": "query", "schema": True},
}


def test_new_parameters_are_reported(document: Document) -> None:
    parameters = call_in(document)["parameters"]
    begin = len(parameters)
    parameters.extend(NEW_PARAMETERS.values())
    assert {drift[:2] for drift in drift_of(document)} == {
        (f"{CALL}/parameters/{index}", f"added: {what}")
        for index, what in enumerate(NEW_PARAMETERS, begin)
    }


def test_a_parameter_that_is_now_required_is_reported(document: Document) -> None:
    parameters = call_in(document)["parameters"]
    select = next(parameter for parameter in parameters if parameter.get("name") == "$select")
    select["required"] = True
    (drift,) = drift_of(document)
    what = "changed: query $select: string, required instead of string"
    assert drift[1:] == (what, ("select-param",))


def test_added_removed_and_changed_members_are_reported(document: Document) -> None:
    members = schemas_in(document)["Account"]["properties"]
    members["AccountId"]["format"] = "int64"
    members["Folder"] = {"type": "string"}
    del members["AssociateName"]
    del members["TableRight"]
    schemas_in(document)["Account"]["required"] = ["AssociateId"]
    prefix = "#/definitions" if "swagger" in document else "#/components/schemas"
    properties = f"{prefix}/Account/properties"
    kind = "member of an account"
    wider = f"changed: {kind} AccountId: integer (int64) instead of integer (int32)"
    required = f"changed: {kind} AssociateId: integer (int32), required instead of integer (int32)"
    assert drift_of(document) == [
        (f"{properties}/AccountId", wider, ("account-id",)),
        (f"{properties}/AssociateId", required, ("associate-id",)),
        (f"{properties}/Folder", f"added: {kind} Folder = string", ("account-object",)),
        (f"{prefix}/Account", f"removed: {kind} AssociateName", ("associate-name",)),
    ]


def test_a_body_of_another_type_is_reported(document: Document) -> None:
    schemas_in(document)["Request"]["properties"] = {
        "SyncUserAccounts": {"properties": {}},
        "Force": {"type": ["boolean", "null"]},
    }
    assert [drift[1:] for drift in drift_of(document)] == [
        ("changed: member SyncUserAccounts: object instead of array", ("accounts-array",)),
        ("added: member Force = boolean", ("accounts-array",)),
        ("removed: member of an account AccountId", ("account-id",)),
        ("removed: member of an account AssociateName", ("associate-name",)),
        ("removed: member of an account AssociateId", ("associate-id",)),
    ]


def test_a_schema_may_be_split_with_all_of(document: Document) -> None:
    members = schemas_in(document)["Account"]["properties"]
    parts = [{"properties": {name: schema}} for name, schema in members.items()]
    schemas_in(document)["Account"] = {"allOf": parts}
    assert drift_of(document) == []


def test_a_schema_that_contains_itself_can_be_read() -> None:
    document = documents.swagger()
    schemas_in(document)["Account"]["allOf"] = [{"$ref": "#/definitions/Account"}]
    assert drift_of(document) == []


def test_a_body_that_is_now_optional_is_reported(document: Document) -> None:
    body = call_in(document).get("requestBody") or call_in(document)["parameters"][0]
    del body["required"]
    (drift,) = drift_of(document)
    assert drift[1:] == ("changed: body required: false instead of true", ("body-required",))


def test_a_call_without_a_body_lacks_its_members(document: Document) -> None:
    call = call_in(document)
    call.pop("requestBody", None)
    call["parameters"] = [node for node in call["parameters"] if node.get("in") != "body"]
    whats = {drift.what for drift in drift_of(document)}
    assert "removed: member SyncUserAccounts" in whats
    assert "removed: member of an account AccountId" in whats


def test_added_and_changed_responses_are_reported(document: Document) -> None:
    responses = call_in(document)["responses"]
    responses["204"] = {"description": "Started", "schema": {"type": "object"}}
    responses["401"] = {"description": "Unauthorized", "content": {"text/plain": {}}}
    place = f"{CALL}/responses"
    assert drift_of(document) == [
        (f"{place}/204", "changed: response 204: Started instead of No Content", ("no-content",)),
        (f"{place}/204/schema", "added: content of response 204", ("no-content",)),
        (f"{place}/401", "added: response 401 = Unauthorized", ("no-content",)),
    ]


NEW_SCHEMES: dict[str, Document] = {
    "x-key (apikey)": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "digest": {"type": "http", "scheme": "digest"},
    "mutualtls": {"type": "mutualTLS"},
}


def test_a_new_scheme_is_reported_at_its_definition_or_its_use(document: Document) -> None:
    # An API key in the Authorization header is a ticket, which is known.
    ticket = {"type": "apiKey", "in": "header", "name": "Authorization"}
    schemes_in(document).update(NEW_SCHEMES, Ticket=ticket)
    security_in(document).append({name: [] for name in ("Ticket", *NEW_SCHEMES, "Lost")})
    *drift, lost = drift_of(document)
    assert [(finding.place.split("/")[-1], *finding[1:]) for finding in drift] == [
        (name, f"added: scheme {name}", ("authorization-schemes",)) for name in NEW_SCHEMES
    ]
    assert lost.place.endswith("/security/1/Lost")
    assert lost.what == "added: scheme lost"


def test_a_call_without_security_lacks_the_schemes(document: Document) -> None:
    document.pop("security", None)
    call_in(document).pop("security", None)
    assert [drift[1:] for drift in drift_of(document)] == [
        ("removed: scheme basic", ("authorization-schemes",)),
        ("removed: scheme bearer", ("authorization-schemes",)),
    ]


def test_a_changed_number_and_a_removed_restriction_are_reported(document: Document) -> None:
    call_in(document)["description"] = documents.THROTTLE.replace("at most ten", "at most 20")
    number, *restrictions = drift_of(document)
    assert (number.place, number.claims) == (f"{CALL}/description", ("task-cap",))
    assert number.what.endswith(": 20 instead of 10")
    assert [drift.claims for drift in restrictions] == [("online-restricted",)] * 2


def test_a_call_without_prose_lacks_all_statements(document: Document) -> None:
    call_in(document).pop("summary")
    call_in(document)["description"] = None
    drift = drift_of(document)
    assert {finding.place for finding in drift} == {f"{CALL}/description"}
    assert len(drift) == 10


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("other.json#/Account", "it refers to other.json#/Account, which is not in it"),
        ("#/definitions/Missing", "it refers to #/definitions/Missing, which does not exist"),
        ("#/definitions/Circle", "it has more than 16 references in a row at #/definitions/Circle"),
    ],
)
def test_a_reference_that_cant_be_resolved_is_an_error(reference: str, message: str) -> None:
    document = documents.swagger()
    schemas_in(document)["Circle"] = {"$ref": "#/definitions/Circle"}
    schemas_in(document)["Request"]["properties"]["SyncUserAccounts"]["items"] = {"$ref": reference}
    with pytest.raises(DriftError, match=f"^{message}"):
        report_of(document)


def test_a_file_without_the_call_is_an_error() -> None:
    all_paths: list[object] = [{}, None, [], {documents.PATH: {}}]
    all_paths.append({f"{documents.PATH[:-1]}": {"post": {}}})
    for paths in all_paths:
        with pytest.raises(DriftError, match="does not contain Agents/EMail/SyncEmailAccounts"):
            report_of(documents.swagger() | {"paths": paths})


def test_a_call_without_any_details_can_be_read() -> None:
    document = {"openapi": "3.1.0", "paths": {documents.PATH: {"post": None}}}
    assert {drift.what.partition(":")[0] for drift in drift_of(document)} == {"removed"}
