"""Drift of the body in a Swagger or OpenAPI file: members, types, limits, and their layout."""

import re

from tests.contract.drift import documents
from tests.contract.drift.documents import CALL, Document, call_in, drift_of, schemas_in


def test_added_removed_and_changed_members_are_reported(document: Document) -> None:
    members = schemas_in(document)["Account"]["properties"]
    members["AccountId"]["format"] = "int64"
    members["Folder"] = {"type": "string", "maxLength": 5}  # one fact as a whole
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
    parts: list[Document] = [{"properties": {name: schema}} for name, schema in members.items()]
    schemas_in(document)["Account"] = {"allOf": parts}
    accounts = schemas_in(document)["Request"]["properties"].pop("SyncUserAccounts")
    schemas_in(document)["Request"]["properties"]["SyncUserAccounts"] = {"allOf": [accounts]}
    assert drift_of(document) == []
    accounts["maxItems"] = 3
    parts.append({"required": ["AccountId"]})
    assert [drift.what for drift in drift_of(document)] == [
        "added: member SyncUserAccounts: maxItems = 3",
        (
            "changed: member of an account AccountId: "
            "integer (int32), required instead of integer (int32)"
        ),
    ]


def test_what_stands_beside_a_reference_is_reported_at_its_place(document: Document) -> None:
    members = schemas_in(document)["Account"]["properties"]
    reference = schemas_in(document)["Request"]["properties"]["SyncUserAccounts"]["items"]["$ref"]
    schemas_in(document)["Name"] = members["AssociateName"]
    target = reference.replace("/Account", "/Name")
    members["AssociateName"] = {"$ref": target, "description": "His name.", "maxLength": 9}
    place = f"{reference}/properties/AssociateName/maxLength"
    what = "added: member of an account AssociateName: maxLength = 9"
    assert drift_of(document) == [(place, what, ("associate-name",))]


def test_a_schema_that_contains_itself_can_be_read() -> None:
    document = documents.swagger()
    schemas_in(document)["Account"]["allOf"] = [{"$ref": "#/definitions/Account"}] * 9
    assert drift_of(document) == []


KEYWORDS: list[Document] = [
    *({name: number} for name in ("maxItems", "minItems", "maxLength") for number in (1, 10)),
    *({name: 5} for name in ("minimum", "exclusiveMaximum", "multipleOf", "maxProperties")),
    {"pattern": "^[a-z]+$"},
    {"enum": ["a", None, 3, {"b": []}]},
    *({name: True} for name in ("uniqueItems", "deprecated", "readOnly", "writeOnly")),
    {"default": "x"},
    {"additionalProperties": False},
    {"oneOf": [{"type": "string"}], "a-new-keyword": True},
]
NO_KEYWORDS: list[Document] = [
    {"description": "More.", "x-enumNames": ["a"], "example": 1, "title": "T"},
    {"deprecated": False, "uniqueItems": False, "minItems": 0, "minLength": 0},
    {"additionalProperties": {"type": "string"}},
    {"minimum": -2147483648, "maximum": 2147483647, "default": 0},
]


def test_every_keyword_that_limits_or_marks_a_value_is_reported(document: Document) -> None:
    schemas = schemas_in(document)
    select = next(node for node in call_in(document)["parameters"] if node.get("name") == "$select")
    account = "member of an account"
    schemas_by_label: dict[str, Document] = {
        "the body": schemas["Request"],
        "member SyncUserAccounts": schemas["Request"]["properties"]["SyncUserAccounts"],
        "an account": schemas["Account"],
        f"{account} AccountId": schemas["Account"]["properties"]["AccountId"],
        f"{account} TableRight": schemas["Account"]["properties"]["TableRight"],
        "query $select": select.get("schema", select),
    }
    for label, schema in schemas_by_label.items():
        before = dict(schema)
        for keywords in KEYWORDS:
            schema |= keywords
            whats = [
                re.split(" = |: [^:]* instead", drift.what.partition(": ")[2])[0]
                for drift in drift_of(document)
            ]
            assert whats == [f"{label}: {name}" for name in keywords]
            schema.clear()
            schema |= before
    for keywords in NO_KEYWORDS:
        schemas_by_label[f"{account} AccountId"] |= keywords
        assert drift_of(document) == [], keywords


def test_the_body_of_every_media_type_is_read() -> None:
    document = documents.openapi()
    content = call_in(document)["requestBody"]["content"]
    accounts = schemas_in(document)["Request"]["properties"]["SyncUserAccounts"]
    members = {"SyncUserAccounts": accounts | {"maxItems": 4}, "Force": {"type": "boolean"}}
    content["text/xml"] = {"schema": {"type": "object", "properties": members}}
    place = f"{CALL}/requestBody/content/text~1xml/schema/properties"
    assert [drift[:2] for drift in drift_of(document)] == [
        (f"{place}/SyncUserAccounts/maxItems", "added: member SyncUserAccounts: maxItems = 4"),
        (f"{place}/Force", "added: member Force = boolean"),
    ]


def test_what_may_be_null_is_known_for_each_member(document: Document) -> None:
    members = schemas_in(document)["Account"]["properties"]
    members["AssociateName"]["nullable"] = True
    members["FieldProperties"]["x-nullable"] = True
    members["TableRight"]["type"] = ["object", "null"]
    assert drift_of(document) == []
    members["AccountId"]["nullable"] = True
    assert [drift.what for drift in drift_of(document)] == [
        "added: member of an account AccountId: nullable"
    ]
