"""The description as the mock uses it, and what the loader rejects."""

import msgspec
import pytest
import yaml

from superoffice_contract.errors import DescriptionError
from superoffice_contract.openapi import operations
from superoffice_contract.openapi.operations import Operation, load, read
from superoffice_contract.openapi.schemas import ObjectShape

PATH = "/api/v1/Agents/EMail/SyncEmailAccounts"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(name="operation")
def load_operation() -> Operation:
    return load().operations[PATH.lower()]


# ---- the operation ---------------------------------------------------------------------------


@pytest.mark.claim("path", "method", "method-not-allowed")
def test_the_one_operation_is_stored_under_its_lower_case_path(operation: Operation) -> None:
    assert list(load().operations) == [PATH.lower()]
    assert (operation.name, operation.path) == ("SyncEmailAccounts", PATH)
    assert operation.methods == ("GET", "HEAD", "OPTIONS", "POST")
    assert load() is load()


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
def test_query_names_are_in_lower_case(operation: Operation) -> None:
    assert operation.query_names == {"$select"}


@pytest.mark.claim("get-describes", "get-shape")
def test_the_description_of_a_call_has_no_references(operation: Operation) -> None:
    description = operation.description
    assert (description["Method"], description["Path"]) == ("POST", PATH)
    assert [parameter["Name"] for parameter in description["Parameters"]] == [
        "$select",
        "SO-AppToken",
    ]
    assert [parameter["In"] for parameter in description["Parameters"]] == ["query", "header"]
    assert description["MediaTypes"] == list(operation.bodies)
    assert description["Credentials"] == ["basic", "soTicket", "bearer", "xsrfToken + session"]
    assert [response["Status"] for response in description["Responses"]] == [
        *(204, 400, 401, 403, 404, 413, 415, 503)
    ]
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


# ---- documents that are rejected -------------------------------------------------------------


def small_document(**changes: object) -> str:
    """Return a small OpenAPI document; *changes* replace members of its post operation."""
    post = {
        "operationId": "Small",
        "parameters": [],
        "requestBody": {
            "content": {"text/json": {"schema": {"$ref": "#/components/schemas/Small"}}}
        },
    }
    return yaml.safe_dump(
        {
            "paths": {"/Small": {"post": post | changes}},
            "components": {
                "schemas": {
                    "Small": {"type": "object"},
                    "Odd": {"type": "object", "not": {}},
                    "Loop": {"type": "array", "items": {"$ref": "#/components/schemas/Loop"}},
                },
                "NoOperation": "text",
                "Option": {"name": "$Option", "in": "query"},
            },
        }
    )


def body_with_schema(reference: str) -> dict[str, object]:
    return {"content": {"text/json": {"schema": {"$ref": reference}}}}


def test_references_are_replaced_by_their_targets_also_in_a_list() -> None:
    operation = read(small_document(parameters=[{"$ref": "#/components/Option"}])).operations[
        "/small"
    ]
    assert operation.methods == ("POST",)
    assert operation.query_names == {"$option"}
    assert operation.bodies["text/json"].shape == ObjectShape({}, None)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("#/components/schemas/Nothing", "Nothing: not found; references must be local"),
        ("#/components/NoOperation/x", "NoOperation/x: not found"),
        ("other.yaml#/Small", "other.yaml#/Small: not found"),
        ("#/components/schemas/Loop", "the description refers to itself"),
        ("#/components/schemas/Odd", "text/json: 'not' is a keyword that the loader"),
    ],
)
def test_a_reference_that_cannot_be_followed_is_an_error(reference: str, message: str) -> None:
    with pytest.raises(DescriptionError, match=message):
        read(small_document(requestBody=body_with_schema(reference)))


def test_an_operation_that_is_not_an_object_is_an_error() -> None:
    text = yaml.safe_dump({"paths": {"/a": {"post": {"$ref": "#/x"}}}, "x": "text"})
    with pytest.raises(DescriptionError, match="/a: the post operation is not an object"):
        read(text)


def test_the_description_is_the_file_of_the_package() -> None:
    assert load().document["openapi"].startswith("3.1")
    assert operations.METHODS == ("get", "head", "options", "post", "put", "patch", "delete")
