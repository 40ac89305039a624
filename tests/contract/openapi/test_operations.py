"""The description as the mock uses it: what it offers, and what the loader refuses to overlook."""

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
def the_operation() -> Operation:
    return load().operations[PATH.lower()]


# ---- what is described -----------------------------------------------------------------------


@pytest.mark.claim("path", "method", "method-not-allowed")
def test_one_call_is_described_under_its_folded_path(operation: Operation) -> None:
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
    one, form = operation.bodies[JSON], operation.bodies[FORM]
    assert one is not form
    assert {name for name, body in operation.bodies.items() if body is one} == set(
        operation.bodies
    ) - {FORM}


@pytest.mark.claim("select-param")
def test_the_query_names_are_folded(operation: Operation) -> None:
    assert operation.query_names == {"$select"}


@pytest.mark.claim("get-describes", "get-shape")
def test_the_call_is_described_in_words_with_no_reference_left(operation: Operation) -> None:
    described = operation.described
    assert (described["Method"], described["Path"]) == ("POST", PATH)
    assert [one["Name"] for one in described["Parameters"]] == ["$select", "SO-AppToken"]
    assert [one["In"] for one in described["Parameters"]] == ["query", "header"]
    assert described["MediaTypes"] == list(operation.bodies)
    assert described["Credentials"] == ["basic", "soTicket", "bearer", "xsrfToken + session"]
    assert [one["Status"] for one in described["Responses"]] == [
        *(204, 400, 401, 403, 404, 413, 415, 503)
    ]
    assert "$ref" not in str(described)
    schema = load().document["components"]["schemas"]["Description"]
    assert list(described) == schema["required"]


@pytest.mark.claim("id-absent", "null-members")
@pytest.mark.parametrize("media_type", [JSON, FORM])
def test_an_absent_member_is_its_default_or_null(operation: Operation, media_type: str) -> None:
    account = operation.bodies[media_type].typed({"SyncUserAccounts": [{}]}).sync_user_accounts[0]
    assert msgspec.structs.asdict(account) == {
        "account_id": 0,
        "associate_name": None,
        "associate_id": 0,
        "table_right": None,
        "field_properties": None,
    }


@pytest.mark.claim("unknown-members", "camel-case")
def test_the_fast_decoders_take_one_spelling_each_and_no_unknown_member(
    operation: Operation,
) -> None:
    body = operation.bodies[JSON]
    described, spelt = b'{"SyncUserAccounts":[{"AccountId":1}]}', b'{"syncUserAccounts":[]}'
    assert body.as_described.decode(described).sync_user_accounts[0].account_id == 1
    assert body.camel_case.decode(spelt).sync_user_accounts == []
    assert body.typed({"SyncUserAccounts": [], "a": 1}).sync_user_accounts == []
    for decoder, raw in (
        (body.as_described, spelt),
        (body.camel_case, described),
        (body.as_described, b'{"SyncUserAccounts":[{"a":1}]}'),
    ):
        with pytest.raises(msgspec.ValidationError, match="unknown field"):
            decoder.decode(raw)


def test_the_validator_names_each_place_that_is_wrong(operation: Operation) -> None:
    value = {"SyncUserAccounts": [{}, {"AccountId": "x"}, None]}
    wrong = operation.bodies[JSON].invalid(value)
    assert [list(one.instance_path) for one in wrong] == [
        ["SyncUserAccounts", 1, "AccountId"],
        ["SyncUserAccounts", 2],
    ]
    missing = next(operation.bodies[FORM].invalid({}))
    assert missing.message == '"SyncUserAccounts" is a required property'


# ---- what cannot be read ---------------------------------------------------------------------


def written(**changes: object) -> str:
    """Return a small description; *changes* replace parts of its post operation."""
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


def body_of(reference: str) -> dict[str, object]:
    return {"content": {"text/json": {"schema": {"$ref": reference}}}}


def test_a_reference_is_replaced_by_what_it_names_also_in_a_list() -> None:
    operation = read(written(parameters=[{"$ref": "#/components/Option"}])).operations["/small"]
    assert operation.methods == ("POST",)
    assert operation.query_names == {"$option"}
    assert operation.bodies["text/json"].shape == ObjectShape({}, None)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("#/components/schemas/Nothing", "Nothing: nothing there; references are local"),
        ("#/components/NoOperation/x", "NoOperation/x: nothing there"),
        ("other.yaml#/Small", "other.yaml#/Small: nothing there"),
        ("#/components/schemas/Loop", "the description refers to itself"),
        ("#/components/schemas/Odd", "text/json: 'not' is a keyword that the loader"),
    ],
)
def test_a_reference_that_cannot_be_followed_is_an_error(reference: str, message: str) -> None:
    with pytest.raises(DescriptionError, match=message):
        read(written(requestBody=body_of(reference)))


def test_an_operation_that_is_no_object_is_an_error() -> None:
    text = yaml.safe_dump({"paths": {"/a": {"post": {"$ref": "#/x"}}}, "x": "text"})
    with pytest.raises(DescriptionError, match="/a: the post operation is no object"):
        read(text)


def test_the_file_beside_the_module_is_what_is_loaded() -> None:
    assert load().document["openapi"].startswith("3.1")
    assert operations.METHODS == ("get", "head", "options", "post", "put", "patch", "delete")
