"""Drift of a Swagger or OpenAPI file: every kind of change is found, with its JSON Pointer."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from superoffice_contract.errors import DriftError
from tests.contract.drift import documents
from tests.contract.drift.builders import findings, found, report_of

Document = dict[str, Any]
CALL = "#/paths/~1api~1v1~1Agents~1EMail~1SyncEmailAccounts/post"
SPECS: dict[str, Callable[[], Document]] = {
    "Swagger": documents.swagger,
    "OpenAPI": documents.openapi,
}
both = pytest.mark.parametrize("made", SPECS.values(), ids=SPECS)


def call(document: Document) -> Document:
    """Return the call of a specification, to change it."""
    post: Document = document["paths"][documents.PATH]["post"]
    return post


def schemas(document: Document) -> Document:
    """Return the schemas of a specification, to change them."""
    found: Document = document.get("definitions") or document["components"]["schemas"]
    return found


@both
def test_a_faithful_specification_has_not_drifted(made: Callable[[], Document]) -> None:
    report = report_of(made())
    assert list(report.findings) == []
    skipped = [one.check for one in report.results if one.status == "skipped"]
    assert skipped == ["sample request", "sample response"]


@both
def test_json_and_yaml_say_the_same(made: Callable[[], Document]) -> None:
    document = made()
    call(document)["description"] += " NsApiSlow threshold: 5000 ms."
    call(document)["responses"] |= {"202": {"description": "Accepted"}}
    document["paths"][documents.PATH]["parameters"] = [
        {"name": "wait", "in": "query", "required": True, "schema": {"type": "boolean"}}
    ]
    text = yaml.safe_dump(document).replace("'202'", "202")
    assert report_of(text) == report_of(document)
    assert {one.what for one in findings(text)} == {
        'added: sentence: "NsApiSlow threshold: 5000 ms."',
        "added: response 202 = Accepted",
        "added: query wait = boolean, required",
    }


@both
def test_a_changed_path_is_found(made: Callable[[], Document]) -> None:
    document = made()
    path = documents.PATH.replace("v1", "v2")
    document["paths"][path] = document["paths"].pop(documents.PATH)
    ((place, what, named),) = found(document)
    assert place == "#/paths/~1api~1v2~1Agents~1EMail~1SyncEmailAccounts"
    assert what == f"changed: path: {path} instead of {documents.PATH}"
    assert named == ("path",)


@pytest.mark.parametrize("base", [{"basePath": "/api/v1"}, {"servers": [{"url": "/api/v1/"}]}])
def test_what_stands_before_all_paths_belongs_to_the_path(base: Document) -> None:
    document = documents.swagger() | base
    document["paths"] = {"/Agents/EMail/SyncEmailAccounts": {"post": call(document)}}
    assert findings(document) == []


def test_another_verb_and_a_further_one_are_found() -> None:
    document = documents.swagger()
    post = document["paths"][documents.PATH].pop("post")
    document["paths"][documents.PATH] = {"put": post, "delete": {}}
    assert [(what, named) for _, what, named in found(document)] == [
        ("changed: method: PUT instead of POST", ("method",)),
        ("added: method DELETE", ("method",)),
    ]


def test_media_types_that_came_and_went_are_found_in_swagger() -> None:
    document = documents.swagger()
    call(document)["consumes"][1] = "application/cbor"
    assert found(document) == [
        (f"{CALL}/consumes/1", "added: media type application/cbor", ("media-types",)),
        (f"{CALL}/consumes", "removed: media type text/json", ("media-types",)),
    ]


def test_media_types_that_came_and_went_are_found_in_openapi() -> None:
    document = documents.openapi()
    content = call(document)["requestBody"]["content"]
    content["application/cbor"] = content.pop("text/json")
    place = f"{CALL}/requestBody/content/application~1cbor"
    added, removed = found(document)
    assert added == (place, "added: media type application/cbor", ("media-types",))
    assert removed[1:] == ("removed: media type text/json", ("media-types",))


def test_media_types_of_the_whole_file_count_for_the_call() -> None:
    document = documents.swagger()
    document["consumes"] = call(document).pop("consumes")
    document["produces"] = ["text/csv"]
    del call(document)["produces"]
    assert found(document) == [
        ("#/produces/0", "added: answer in text/csv", ("accept-header",)),
    ]


@both
def test_a_parameter_that_went_is_missed_with_all_that_it_said(
    made: Callable[[], Document],
) -> None:
    document = made()
    del call(document)["parameters"][-2 if made is documents.openapi else 1]
    assert {where for where, _, _ in found(document)} == {f"{CALL}/parameters"}
    told = [what for _, what, _ in found(document)]
    assert told[0] == "removed: query $select"
    assert len(told) == 5


@both
@pytest.mark.parametrize(
    ("new", "what"),
    [
        ({"name": "SO-TimeZone", "in": "header"}, "added: header so-timezone"),
        ({"name": "Session", "in": "cookie", "required": True}, "added: cookie session = required"),
        ({"name": "wait", "in": "query", "type": "integer"}, "added: query wait = integer"),
        ({"name": "file", "in": "formData"}, "added: formData file"),
        ({"name": "odd", "in": "query", "schema": True}, "added: query odd = any"),
    ],
)
def test_a_new_parameter_is_found(made: Callable[[], Document], new: Document, what: str) -> None:
    document = made()
    call(document)["parameters"].append(new)
    at = len(call(document)["parameters"]) - 1
    assert [one[:2] for one in found(document)] == [(f"{CALL}/parameters/{at}", what)]


@both
def test_a_parameter_that_must_be_sent_has_changed(made: Callable[[], Document]) -> None:
    document = made()
    select = next(one for one in call(document)["parameters"] if one.get("name") == "$select")
    select["required"] = True
    ((_, what, named),) = found(document)
    assert what == "changed: query $select: string, required instead of string"
    assert named == ("select-param",)


@both
def test_members_that_came_went_and_changed_are_found(made: Callable[[], Document]) -> None:
    document = made()
    members = schemas(document)["Account"]["properties"]
    members["AccountId"]["format"] = "int64"
    members["Folder"] = {"type": "string"}
    del members["AssociateName"]
    del members["TableRight"]
    schemas(document)["Account"]["required"] = ["AssociateId"]
    prefix = "#/definitions" if made is documents.swagger else "#/components/schemas"
    own = f"{prefix}/Account/properties"
    kind = "member of an account"
    wide = f"changed: {kind} AccountId: integer (int64) instead of integer (int32)"
    needed = f"changed: {kind} AssociateId: integer (int32), required instead of integer (int32)"
    assert found(document) == [
        (f"{own}/AccountId", wide, ("account-id",)),
        (f"{own}/AssociateId", needed, ("associate-id",)),
        (f"{own}/Folder", f"added: {kind} Folder = string", ("account-object",)),
        (f"{prefix}/Account", f"removed: {kind} AssociateName", ("associate-name",)),
    ]


@both
def test_a_retyped_body_is_found(made: Callable[[], Document]) -> None:
    document = made()
    schemas(document)["Request"]["properties"] = {
        "SyncUserAccounts": {"properties": {}},
        "Force": {"type": ["boolean", "null"]},
    }
    told = [(what, named) for _, what, named in found(document)]
    assert told[:2] == [
        ("changed: member SyncUserAccounts: object instead of array", ("accounts-array",)),
        ("added: member Force = boolean", ("accounts-array",)),
    ]
    assert told[2:] == [
        (f"removed: member of an account {name}", (claim,))
        for name, claim in (
            ("AccountId", "account-id"),
            ("AssociateName", "associate-name"),
            ("AssociateId", "associate-id"),
        )
    ]


@both
def test_a_schema_may_be_made_of_parts(made: Callable[[], Document]) -> None:
    document = made()
    account = schemas(document)["Account"]
    names = iter(account["properties"].items())
    parts = [{"properties": dict([pair])} for pair in names]
    schemas(document)["Account"] = {"allOf": parts}
    assert findings(document) == []


def test_a_schema_that_is_made_of_itself_ends() -> None:
    document = documents.swagger()
    schemas(document)["Account"]["allOf"] = [{"$ref": "#/definitions/Account"}]
    assert findings(document) == []


@both
def test_a_body_that_need_not_be_sent_has_changed(made: Callable[[], Document]) -> None:
    document = made()
    holder = call(document).get("requestBody") or call(document)["parameters"][0]
    del holder["required"]
    ((_, what, named),) = found(document)
    assert what == "changed: body required: false instead of true"
    assert named == ("body-required",)


@both
def test_a_call_without_a_body_lacks_its_members(made: Callable[[], Document]) -> None:
    document = made()
    call(document).pop("requestBody", None)
    call(document)["parameters"] = [
        one for one in call(document)["parameters"] if one.get("in") != "body"
    ]
    told = {what for _, what, _ in found(document)}
    assert "removed: member SyncUserAccounts" in told
    assert "removed: member of an account AccountId" in told


@both
def test_answers_that_came_and_changed_are_found(made: Callable[[], Document]) -> None:
    document = made()
    responses = call(document)["responses"]
    responses["204"] = {"description": "Started", "schema": {"type": "object"}}
    responses["401"] = {"description": "Unauthorized", "content": {"text/plain": {}}}
    where = f"{CALL}/responses"
    assert found(document) == [
        (f"{where}/204", "changed: response 204: Started instead of No Content", ("no-content",)),
        (f"{where}/204/schema", "added: content of response 204", ("no-content",)),
        (f"{where}/401", "added: response 401 = Unauthorized", ("no-content",)),
    ]


@both
@pytest.mark.parametrize(
    ("definition", "scheme"),
    [
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, "x-key (apikey)"),
        ({"type": "http", "scheme": "digest"}, "digest"),
        ({"type": "mutualTLS"}, "mutualtls"),
    ],
)
def test_a_new_scheme_is_found(
    made: Callable[[], Document], definition: Document, scheme: str
) -> None:
    document = made()
    defined = document.get("securityDefinitions") or document["components"]["securitySchemes"]
    defined["New"] = definition
    (document.get("security") or call(document)["security"])[0]["New"] = []
    ((place, what, named),) = found(document)
    assert place.endswith("/New")
    assert (what, named) == (f"added: scheme {scheme}", ("authorization-schemes",))


@both
def test_a_scheme_without_a_definition_is_found_where_it_is_asked_for(
    made: Callable[[], Document],
) -> None:
    document = made()
    (document.get("security") or call(document)["security"]).append({"Lost": []})
    ((place, what, _),) = found(document)
    assert place.endswith("/security/1/Lost")
    assert what == "added: scheme lost"


@both
def test_a_ticket_in_the_authorization_header_is_known(made: Callable[[], Document]) -> None:
    document = made()
    defined = document.get("securityDefinitions") or document["components"]["securitySchemes"]
    defined["Ticket"] = {"type": "apiKey", "in": "header", "name": "Authorization"}
    (document.get("security") or call(document)["security"]).append({"Ticket": []})
    assert findings(document) == []


@both
def test_a_call_that_asks_for_no_credentials_lacks_the_schemes(
    made: Callable[[], Document],
) -> None:
    document = made()
    document.pop("security", None)
    call(document).pop("security", None)
    assert [(what, named) for _, what, named in found(document)] == [
        ("removed: scheme basic", ("authorization-schemes",)),
        ("removed: scheme bearer", ("authorization-schemes",)),
    ]


@both
def test_a_changed_number_and_a_lost_restriction_are_found(made: Callable[[], Document]) -> None:
    document = made()
    text = documents.THROTTLE.replace("at most ten", "at most 20")
    call(document)["description"] = text
    (number, *lost) = found(document)
    assert number[0] == f"{CALL}/description"
    assert number[1].endswith(": 20 instead of 10")
    assert number[2] == ("task-cap",)
    assert [one[2] for one in lost] == [("online-restricted",)] * 2


@both
def test_a_call_without_prose_lacks_it(made: Callable[[], Document]) -> None:
    document = made()
    call(document).pop("summary")
    call(document)["description"] = None
    assert {where for where, _, _ in found(document)} == {f"{CALL}/description"}
    assert len(found(document)) == 10


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("other.json#/Account", "it refers to other.json#/Account, which is not in it"),
        ("#/definitions/Nobody", "it refers to #/definitions/Nobody, where nothing is"),
        ("#/definitions/Circle", "the reference at #/definitions/Circle leads nowhere"),
    ],
)
def test_a_reference_that_leads_nowhere_is_an_error(reference: str, says: str) -> None:
    document = documents.swagger()
    schemas(document)["Circle"] = {"$ref": "#/definitions/Circle"}
    schemas(document)["Request"]["properties"]["SyncUserAccounts"]["items"] = {"$ref": reference}
    with pytest.raises(DriftError, match=f"^{says}"):
        findings(document)


@pytest.mark.parametrize(
    "paths", [{}, None, [], {documents.PATH: {}}, {f"{documents.PATH[:-1]}": {"post": {}}}]
)
def test_a_file_without_the_call_says_so(paths: object) -> None:
    with pytest.raises(DriftError, match="does not contain Agents/EMail/SyncEmailAccounts"):
        findings(documents.swagger() | {"paths": paths})


def test_a_bare_call_is_read_and_lacks_everything_else() -> None:
    document = {"openapi": "3.1.0", "paths": {documents.PATH: {"post": None}}}
    assert {one.what.partition(":")[0] for one in findings(document)} == {"removed"}
