"""Drift of a Swagger or OpenAPI file: every kind of change is reported with its JSON Pointer."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from zipfile import ZipFile

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.errors import DriftError
from tests.conftest import SHARED
from tests.contract.drift import documents
from tests.contract.drift.documents import CALL, Document, call_in, drift_of, report_of, schemas_in


def test_json_and_yaml_give_the_same_report(document: Document) -> None:
    call_in(document)["description"] += " Use it with care!"
    call_in(document)["deprecated"] = True
    account_id = schemas_in(document)["Account"]["properties"]["AccountId"]
    account_id |= {"enum": [1, None, {"b": []}], "maximum": 99, "readOnly": True}
    call_in(document)["responses"] |= {"202": {"description": "Accepted"}}
    document["paths"][documents.PATH]["parameters"] = [
        {"name": "wait", "in": "query", "required": True, "schema": {"type": "boolean"}}
    ]
    text = yaml.safe_dump(document).replace("'202'", "202")
    assert report_of(text) == report_of(document)
    assert {drift.what for drift in drift_of(text)} == {
        'added: sentence: "Use it with care!"',
        "added: deprecated",
        "changed: member of an account AccountId: maximum: 99 instead of 2147483647",
        "added: member of an account AccountId: enum = [1, null, {…}]",
        "added: member of an account AccountId: readOnly",
        "added: response 202 = Accepted",
        "added: query wait = boolean, required",
    }


PARTS = ("allOf", "required", "items", "type", "servers", "variables", "security", "parameters")
SHORT_PATH = "/Agents/EMail/SyncEmailAccounts"
V1 = {"v": {"default": "v1"}}
PATHS_AT_SERVERS = [
    # The host is not a fact, and the contract lets a tenant stand before the path.
    *((documents.PATH, url, {}, documents.PATH) for url in ("", "/", "//x", "https://x:1/Cust27")),
    (documents.PATH, "{scheme}://{host}/{tenant}", {"tenant": {"default": "crm"}}, documents.PATH),
    (documents.PATH, "{root}", {"root": {"default": "http://x/Cust1/"}}, documents.PATH),
    (f"/{{tenant}}{documents.PATH}", "", {}, documents.PATH),
    (SHORT_PATH, "/api/v1/", {}, documents.PATH),
    (SHORT_PATH, "api/v1", {}, documents.PATH),
    (SHORT_PATH, "https://x/{tenant}/api/{v}", V1, documents.PATH),
    (SHORT_PATH, "/{base}", {"base": {"default": "api/v2"}}, f"/api/v2{SHORT_PATH}"),
    (SHORT_PATH, "", {}, SHORT_PATH),
    (documents.PATH, "/api/v1", {}, f"/api/v1{documents.PATH}"),
    (documents.PATH, "https://x/v2", {}, f"/v2{documents.PATH}"),
    (documents.PATH, "{root}", {"root": {"default": "http://x/v2"}}, f"/v2{documents.PATH}"),
]


def test_the_path_of_a_call_is_what_results_at_a_server() -> None:
    for path, url, variables, result in PATHS_AT_SERVERS:
        whats = [f"changed: path: {result} instead of {documents.PATH}"]
        expected = [] if result == documents.PATH else whats
        for owner in ("file", "path", "call"):
            document = documents.openapi()
            item = {"post": call_in(document)}
            document["paths"] = {path: item}
            owners = {"file": document, "path": item, "call": item["post"]}
            owners[owner]["servers"] = [{"url": url, "variables": variables}]
            assert [drift.what for drift in drift_of(document)] == expected, (path, url, owner)
        if not variables and "//" not in url:
            document = documents.swagger() | {"basePath": url}
            document["paths"] = {path: {"post": call_in(document)}}
            assert [drift.what for drift in drift_of(document)] == expected, (path, url)


def test_another_path_and_a_server_with_one_are_reported_at_their_place() -> None:
    document = documents.openapi()
    document["servers"].append({"url": "/api/v2"})
    what = f"changed: path: /api/v2{documents.PATH} instead of {documents.PATH}"
    assert drift_of(document) == [("#/servers/1", what, ("path",))]
    path = documents.PATH.replace("v1", "v2")
    document["paths"] = {path: {"post": call_in(document)}}
    place, what = path.replace("/", "~1"), f"changed: path: {path} instead of {documents.PATH}"
    assert drift_of(document)[0] == (f"#/paths/{place}", what, ("path",))


def test_a_deprecated_call_and_a_deprecated_parameter_are_reported(document: Document) -> None:
    call = call_in(document)
    call["deprecated"] = call["parameters"][-2]["deprecated"] = True
    place = f"{CALL}/parameters/{len(call['parameters']) - 2}/deprecated"
    assert drift_of(document) == [
        (f"{CALL}/deprecated", "added: deprecated", ("method",)),
        (place, "added: query $select: deprecated", ("select-param",)),
    ]
    call["deprecated"] = call["parameters"][-2]["deprecated"] = False
    assert drift_of(document) == []


@pytest.mark.claim("slow-threshold")
def test_the_threshold_of_a_slow_call_is_known_and_its_change_is_reported(
    document: Document,
) -> None:
    description = call_in(document)["description"]
    for text in ("threshold is 5,000ms!", "= 5000 milliseconds.", "(threshold): five seconds."):
        call_in(document)["description"] = f"{description} NsApiSlow {text}"
        assert drift_of(document) == [], text
    call_in(document)["description"] = f"NsApiSlow threshold: 3500 ms. {description}"
    (drift,) = drift_of(document)
    assert drift.what.endswith(": 3.5 second(s) instead of 5 second(s)")
    assert (drift.place, drift.claims) == (f"{CALL}/description", ("slow-threshold",))


def test_a_changed_and_an_added_method_are_reported() -> None:
    document = documents.swagger()
    post = document["paths"][documents.PATH].pop("post")
    document["paths"][documents.PATH] = {"put": post, "delete": {}}
    assert [drift[1:] for drift in drift_of(document)] == [
        ("changed: method: PUT instead of POST", ("method",)),
        ("added: method DELETE", ("method",)),
    ]


def test_added_and_removed_media_types_are_reported(document: Document) -> None:
    if "swagger" in document:
        call_in(document)["consumes"][1] = "application/cbor"
        places = (f"{CALL}/consumes/1", f"{CALL}/consumes")
    else:
        content = call_in(document)["requestBody"]["content"]
        content["application/cbor"] = content.pop("text/json")
        places = (f"{CALL}/requestBody/content/application~1cbor", CALL)
    assert drift_of(document) == [
        (places[0], "added: media type application/cbor", ("media-types",)),
        (places[1], "removed: media type text/json", ("media-types",)),
    ]


def test_media_types_of_the_whole_file_apply_to_the_call() -> None:
    document = documents.swagger()
    document["consumes"] = call_in(document).pop("consumes")
    document["produces"] = ["text/csv"]
    del call_in(document)["produces"]
    assert drift_of(document) == [("#/produces/0", "added: answer in text/csv", ("accept-header",))]


def test_what_is_removed_is_reported_with_all_its_facts(document: Document) -> None:
    call = call_in(document)
    parameter = call["parameters"].pop(-2)
    drift = drift_of(document)
    assert {finding.place for finding in drift} == {f"{CALL}/parameters"}
    assert drift[0].what == "removed: query $select"
    assert len(drift) == 5
    call["parameters"].insert(-1, parameter)
    call["summary"], call["description"] = "", None
    drift = drift_of(document)
    assert {finding.place for finding in drift} == {f"{CALL}/description"}
    assert len(drift) == 10
    call.pop("requestBody", None)
    call["parameters"] = [node for node in call["parameters"] if node.get("in") != "body"]
    members = ("SyncUserAccounts", "of an account AccountId")
    whats = {drift.what for drift in drift_of(document)}
    assert whats >= {f"removed: member {name}" for name in members}


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


def test_what_is_now_required_or_optional_is_reported(document: Document) -> None:
    call_in(document)["parameters"][-2]["required"] = True
    del (call_in(document).get("requestBody") or call_in(document)["parameters"][0])["required"]
    assert [drift[1:] for drift in drift_of(document)] == [
        ("changed: query $select: string, required instead of string", ("select-param",)),
        ("changed: body required: false instead of true", ("body-required",)),
    ]


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


def test_the_vendors_own_files_have_no_drift_but_two_undefined_schemes() -> None:
    undefined = [
        f'undefined: scheme "{scheme}": the file defines Password, SuperId'
        for scheme in ("SuperOffice Password", "SuperId Authentication")
    ]
    for name, whats in (("agents-swagger2.zip", undefined), ("agents-openapi3.zip", [])):
        file = SHARED / "vendor" / name
        if not file.is_file():
            pytest.skip("the vendor's API files are not beside this checkout")
        with ZipFile(file) as archive:
            (member,) = (name for name in archive.namelist() if "EMailAgent" in name)
            document = json.loads(archive.read(member))
        assert [drift.what for drift in drift_of(document)] == whats


def test_a_reference_that_cant_be_resolved_is_an_error() -> None:
    document = documents.swagger()
    schemas_in(document)["Circle"] = {"$ref": "#/definitions/Circle"}
    accounts = schemas_in(document)["Request"]["properties"]["SyncUserAccounts"]
    for reference, message in (
        ("other.json#/Account", "it refers to other.json#/Account, which is not in it"),
        ("#/definitions/Missing", "it refers to #/definitions/Missing, which does not exist"),
        ("#/definitions/Circle", "it has more than 16 references in a row at #/definitions/Circle"),
    ):
        accounts["items"] = {"$ref": reference}
        with pytest.raises(DriftError, match=f"^{message}"):
            report_of(document)


def test_a_file_without_the_call_is_an_error() -> None:
    others: list[object] = [{}, None, [], {documents.PATH: {}}, {documents.PATH[:-1]: {"post": {}}}]
    for paths in others:
        with pytest.raises(DriftError, match="does not contain Agents/EMail/SyncEmailAccounts"):
            report_of(documents.swagger() | {"paths": paths})


def containers(node: Any) -> Iterator[Any]:
    """Yield every object and list in *node*."""
    if isinstance(node, dict | list):
        yield node
        for child in node.values() if isinstance(node, dict) else node:
            yield from containers(child)


ODD_VALUES = st.recursive(
    st.sampled_from([None, 1, "x", {"$ref": "#/info"}]),
    lambda child: st.lists(child) | st.dictionaries(st.sampled_from(["type", "allOf"]), child),
)


@given(st.data())
def test_a_malformed_file_is_compared_or_refused(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from([documents.swagger, documents.openapi]))()
    node = data.draw(st.sampled_from([node for node in containers(document) if node]))
    keys = [*node, *PARTS] if isinstance(node, dict) else list(range(len(node)))
    node[data.draw(st.sampled_from(keys))] = data.draw(ODD_VALUES)
    with suppress(DriftError):
        report_of(document)


def test_a_call_without_any_details_can_be_read() -> None:
    document = {"openapi": "3.1.0", "paths": {documents.PATH: {"post": None}}}
    assert {drift.what.partition(":")[0] for drift in drift_of(document)} == {"removed"}
