"""The operations of the package's own description, of others, and what the loader rejects."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import pytest

from superoffice_contract.errors import DescriptionError
from superoffice_contract.openapi.operations import Answer, Operation, load, read_document
from superoffice_contract.openapi.schemas import ObjectShape, Scalar

PATH: Final = "/api/v1/Agents/EMail/SyncEmailAccounts"
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"


@pytest.fixture(name="operation")
def find_operation() -> Operation:
    return load().by_name["SyncEmailAccounts"]


# ---- the package's own description -----------------------------------------------------------


@pytest.mark.claim("path", "method", "method-not-allowed")
def test_the_operations_are_found_by_method_and_path_and_by_name(operation: Operation) -> None:
    assert load() is load()
    assert load().operations["POST", PATH] is operation
    assert load().by_name["SyncEmailAccounts"] is operation
    assert (operation.name, operation.method, operation.path) == ("SyncEmailAccounts", "POST", PATH)
    assert operation.allowed_methods == ("GET", "HEAD", "OPTIONS", "POST")
    assert (operation.agent, operation.body_required) == ("EMail", True)
    assert load().find("POST", f"/Cust1{PATH.lower()}/") is operation
    for method, path in (("PUT", PATH), ("POST", "/api/v1/Agents/EMail")):
        assert load().find(method, path) is None, path


@pytest.mark.claim("media-types")
def test_the_seven_media_types_share_two_bodies(operation: Operation) -> None:
    assert list(operation.bodies) == [
        *(JSON, "text/json", "application/xml", "text/xml", FORM),
        *("application/json-patch+json", "application/merge-patch+json"),
    ]
    bodies = operation.bodies
    assert bodies[JSON] is not bodies[FORM]
    shared = {name for name, body in bodies.items() if body is bodies[JSON]}
    assert shared == set(bodies) - {FORM}


@pytest.mark.claim("select-param")
def test_query_parameters_are_found_by_their_names_in_lower_case(operation: Operation) -> None:
    (parameter,) = operation.query.values()
    assert list(operation.query) == ["$select"]
    assert parameter.shape == Scalar(frozenset({"string"}))
    assert not parameter.required


@pytest.mark.claim("get-describes", "get-shape")
def test_the_description_of_a_call_has_no_references(operation: Operation) -> None:
    description = operation.description
    assert (description["Method"], description["Path"]) == ("POST", PATH)
    assert [
        (parameter["Name"], parameter["In"], parameter["Type"])
        for parameter in description["Parameters"]
    ] == [("$select", "query", "string"), ("SO-AppToken", "header", "string")]
    assert description["MediaTypes"] == list(operation.bodies)
    assert description["Credentials"] == ["basic", "soTicket", "bearer", "xsrfToken + session"]
    assert [response["Status"] for response in description["Responses"]] == [
        *(204, 400, 401, 403, 404, 413, 415, 421, 503)
    ]
    assert all(response["Description"] for response in description["Responses"])
    assert "$ref" not in str(description)
    schema = load().document["components"]["schemas"]["Description"]
    assert list(description) == schema["required"]


@pytest.mark.claim("id-absent", "null-members")
def test_an_absent_member_is_its_default_or_null(operation: Operation) -> None:
    for media_type in (JSON, FORM):
        value = operation.bodies[media_type].convert({"SyncUserAccounts": [{}]})
        assert msgspec.structs.asdict(value.sync_user_accounts[0]) == {
            "account_id": 0,
            "associate_name": None,
            "associate_id": 0,
            "table_right": None,
            "field_properties": None,
        }, media_type


@pytest.mark.claim("unknown-members", "camel-case")
def test_each_fast_decoder_accepts_one_spelling_and_no_unknown_members(
    operation: Operation,
) -> None:
    body = operation.bodies[JSON]
    exact_case = b'{"SyncUserAccounts":[{"AccountId":1}]}'
    camel_case = b'{"syncUserAccounts":[]}'
    assert body.exact_case.decode(exact_case).sync_user_accounts[0].account_id == 1
    assert body.camel_case.decode(camel_case).sync_user_accounts == []
    assert body.convert({"SyncUserAccounts": [], "a": 1}).sync_user_accounts == []
    for decoder, raw in (
        (body.exact_case, camel_case),
        (body.camel_case, exact_case),
        (body.exact_case, b'{"SyncUserAccounts":[{"a":1}]}'),
    ):
        with pytest.raises(msgspec.ValidationError, match="unknown field"):
            decoder.decode(raw)


def test_the_validator_names_each_invalid_place(operation: Operation) -> None:
    value = {"SyncUserAccounts": [{}, {"AccountId": "x"}, None]}
    problems = operation.bodies[JSON].find_problems(value)
    assert [list(problem.instance_path) for problem in problems] == [
        ["SyncUserAccounts", 1, "AccountId"],
        ["SyncUserAccounts", 2],
    ]
    missing = next(operation.bodies[FORM].find_problems({}))
    assert missing.message == '"SyncUserAccounts" is a required property'


def test_every_operation_can_be_read_as_they_are_read_on_first_use_only() -> None:
    load().check()
    for operation in load().operations.values():
        assert operation.success is None or operation.success[1].expected
        for body in operation.bodies.values():
            for decode in (body.exact_case.decode, body.camel_case.decode):
                with pytest.raises(msgspec.ValidationError):
                    decode(b'"text"')


# ---- other descriptions ----------------------------------------------------------------------


def describe(paths: dict[str, Any], **members: Any) -> Mapping[tuple[str, str], Operation]:
    """Return the operations of *paths*; *members* are the other members of the document."""
    return read_document({"paths": paths, **members}).operations


def test_an_operation_may_have_neither_a_name_nor_a_body_nor_answers_nor_parameters() -> None:
    operation = describe({"/a": {"get": {}}})["GET", "/a"]
    assert (operation.name, dict(operation.bodies)) == ("GET /a", {})
    assert (dict(operation.query), operation.parameters, operation.answers) == ({}, (), ())
    assert (operation.agent, operation.security, operation.body_required) == (None, (), False)
    empty: dict[str, Any] = {
        name: [] for name in ("Parameters", "MediaTypes", "Credentials", "Responses")
    }
    texts = {"Method": "GET", "Path": "/a", "Summary": "", "Description": ""}
    assert operation.description == texts | empty


def test_the_allowed_methods_are_those_of_the_path_and_the_ones_that_only_read() -> None:
    for path, item, methods in (
        ("/api/v1/Agents/User/Go", {"post": {}}, "GET HEAD OPTIONS POST"),
        ("/api/v1/Agents/User/{id}", {"post": {}}, "OPTIONS POST"),
        ("/api/v1/Agents/User", {"post": {}}, "OPTIONS POST"),
        ("/other", {"get": {}, "delete": {}}, "DELETE GET HEAD OPTIONS"),
        ("/public", {"get": {}, "parameters": []}, "GET HEAD OPTIONS"),
    ):
        for operation in describe({path: item}).values():
            assert operation.allowed_methods == tuple(methods.split()), path


def test_an_operation_has_the_parameters_of_its_path_unless_it_has_its_own() -> None:
    def parameter(name: str, place: str, type_: str, **members: Any) -> dict[str, Any]:
        return {"name": name, "in": place, "schema": {"type": type_}, **members}

    of_the_path = [
        parameter("id", "path", "integer", required=True, description="Which one."),
        parameter("Limit", "query", "string"),
        parameter("Trace", "header", "string"),
    ]
    item = {
        "parameters": of_the_path,
        "get": {"parameters": [{"$ref": "#/components/parameters/Limit"}]},
        "put": {"parameters": [{"name": "$Odd", "in": "query", "required": True}]},
    }
    components = {"parameters": {"Limit": parameter("limit", "query", "integer")}}
    get, put = describe({"/{id}": item}, components=components).values()
    assert [
        (parameter.name, parameter.location, parameter.shape.type_name, parameter.required)
        for parameter in get.parameters
    ] == [
        ("id", "path", "integer", True),
        ("limit", "query", "integer", False),
        ("Trace", "header", "string", False),
    ]
    assert get.parameters[0].description == "Which one."
    assert (list(get.query), get.requires_query) == (["limit"], False)
    assert (list(put.query), put.requires_query) == (["limit", "$odd"], True)
    assert put.query["limit"].name == "Limit"
    assert put.query["$odd"].shape.type_name == "string"


def test_security_is_that_of_the_document_unless_the_operation_has_its_own() -> None:
    basic: dict[str, Any] = {"security": [{"basic": []}]}
    own: dict[str, Any] = {"security": [{"ticket": []}, {"token": [], "session": []}]}
    for document, operation, alternatives in (
        ({}, {}, ()),
        (basic, {}, (("basic",),)),
        (basic, {"security": []}, ()),
        (basic, {"security": [{}]}, ()),
        ({}, {"security": [{}, {"basic": []}]}, ()),
        (basic, own, (("ticket",), ("token", "session"))),
        ({}, own, (("ticket",), ("token", "session"))),
    ):
        (found,) = describe({"/a": {"get": operation}}, **document).values()
        assert found.security == alternatives, (document, operation)


def test_answers_have_media_types_and_a_schema() -> None:
    state = {"$ref": "#/components/schemas/State"}
    content = {JSON: {"schema": state}, "application/xml": {"schema": state}}
    responses = {
        200: {"description": "It is on.", "content": content},
        "404": {"$ref": "#/components/responses/Unknown"},
        "default": {"content": {"text/plain": {}}},
    }
    components = {"responses": {"Unknown": {"description": "There is none."}}}
    (operation,) = describe(
        {"/a": {"get": {"responses": responses}}}, components=components
    ).values()
    assert operation.answers == (
        Answer("200", "It is on.", (JSON, "application/xml"), state),
        Answer("404", "There is none."),
        Answer("default", "", ("text/plain",)),
    )
    assert operation.description["Responses"] == [
        {"Status": 200, "Description": "It is on."},
        {"Status": 404, "Description": "There is none."},
    ]


def test_the_content_of_a_success_is_that_of_the_first_answer_that_has_any() -> None:
    def content_of(type_: str) -> dict[str, Any]:
        return {"content": {JSON: {"schema": {"type": type_}}}}

    for responses, expected in (
        ({}, None),
        ({"204": {}, "404": content_of("string")}, None),
        (
            {"400": content_of("null"), "202": {}, "200": content_of("integer")},
            ("200", "an integer"),
        ),
    ):
        success = describe({"/a": {"get": {"responses": responses}}})["GET", "/a"].success
        assert (success and (success[0].status, success[1].expected)) == expected


def test_the_members_of_an_operation_may_be_references() -> None:
    components = {
        "operations": {"Go": {"operationId": "Go", "requestBody": {"$ref": "#/components/Body"}}},
        "Body": {"content": {"text/json": {"schema": {"$ref": "#/components/Thing"}}}},
        "Thing": {"type": "object"},
    }
    paths = {"/go": {"post": {"$ref": "#/components/operations/Go"}}}
    operation = describe(paths, components=components)["POST", "/go"]
    assert (operation.name, operation.body_required) == ("Go", False)
    assert operation.bodies["text/json"].shape == ObjectShape({}, "Thing")


def test_the_names_of_secrets_are_those_of_passwords_in_bodies_answers_and_parameters() -> None:
    secret = {"type": ["string", "null"], "format": "password"}
    itself = {"anyOf": [{"$ref": "#/Access"}, {"type": "null"}]}
    members = {"Password": secret, "User": {"type": "string"}, "Next": itself}
    access = {"type": "object", "properties": members}
    tokens = {"type": "array", "items": {"type": "object", "additionalProperties": access}}
    login = {
        "parameters": [{"name": "Ticket", "in": "query", "schema": secret}],
        "requestBody": {"content": {JSON: {"schema": {"$ref": "#/Access"}}}},
    }
    issue = {"responses": {"200": {"content": {JSON: {"schema": tokens}}}}}
    paths = {"/a": {"post": login}, "/b": {"get": issue}, "/c": {"get": {}}}
    description = read_document({"paths": paths, "Access": access})
    names = [operation.secret_names for operation in description.operations.values()]
    assert names == [{"ticket", "password"}, {"password"}, set()]
    assert description.secret_names == {"ticket", "password"}


# ---- documents that are rejected -------------------------------------------------------------


def test_an_operation_that_is_not_supported_is_an_error_with_its_place() -> None:
    def with_body(schema: object) -> dict[str, Any]:
        return {"requestBody": {"content": {FORM: {"schema": schema}}}}

    def with_parameter(schema: object) -> dict[str, Any]:
        return {"parameters": [{"name": "a", "in": "query", "schema": schema}]}

    list_of_itself = {"type": "array", "items": {"$ref": "#/List"}}
    for operation, message in (
        ({"$ref": "#/info"}, "POST /a: expected an object, got 'text'"),
        ({"requestBody": {"content": {FORM: {}}}}, "POST /a: expected an object, got None"),
        (with_body({"$ref": "#/info/x"}), "POST /a: #/info/x: not found"),
        (with_body({"type": "object", "not": {}}), f"{FORM}: 'not' is a keyword that the loader"),
        (
            with_body({"type": "object", "properties": {"A": {"type": "x"}}}),
            f"POST /a: {FORM}/A: 'x' is not a type",
        ),
        (with_body({"$ref": "#/List"}), "POST /a: maximum recursion depth"),
        (with_body({"type": "integer", "format": "date-time"}), f"{FORM}: a date-time is a string"),
        (with_body({"anyOf": [{"type": "string"}]}), f"{FORM}: 'anyOf' is a keyword"),
        (with_parameter({"type": "string", "not": {}}), "POST /a: a: 'not' is a keyword"),
        (
            with_parameter({"type": "array", "items": {"type": "string"}}),
            "POST /a: a: only single values are supported as parameters",
        ),
    ):
        with pytest.raises(DescriptionError, match=message):
            describe({"/a": {"post": operation}}, info="text", List=list_of_itself)


def test_two_operations_may_not_have_one_name() -> None:
    paths = {path: {"post": {"operationId": "Twice"}} for path in ("/a", "/b")}
    with pytest.raises(DescriptionError, match="two operations have one name: Twice"):
        describe(paths)
