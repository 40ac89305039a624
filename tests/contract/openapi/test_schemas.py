"""Schemas of a document: their references and shapes, and what is rejected."""

from typing import Any

import pytest

from superoffice_contract.errors import DescriptionError
from superoffice_contract.openapi.schemas import ArrayShape, Member, ObjectShape, Scalar, Schemas

TEXT = {"type": "string"}
A_TEXT = Scalar(frozenset({"string"}))


def ref(name: str, **siblings: object) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}", **siblings}


def schemas_of(**schemas: object) -> Schemas:
    return Schemas({"components": {"schemas": schemas}})


# ---- references ------------------------------------------------------------------------------


def test_a_reference_is_replaced_by_its_target_and_the_siblings_are_added() -> None:
    text = {**TEXT, "title": "A"}
    schemas = schemas_of(Text=text, Alias=ref("Text"), **{"a/b~c": {"type": "null"}})
    for node, resolved in (
        (text, text),
        (ref("Text"), text),
        (ref("Alias"), text),
        (ref("Text", title="B", enum=["a"], **TEXT), {**TEXT, "title": "B", "enum": ["a"]}),
        (ref("a~1b~0c"), {"type": "null"}),
    ):
        assert schemas.resolve(node) == resolved, node


def test_a_reference_that_cannot_be_followed_is_an_error() -> None:
    schemas = schemas_of(Self=ref("Self"), Ping=ref("Pong"), Pong=ref("Ping"), Text=TEXT)
    for reference, message in (
        ("#/components/schemas/Nothing", "Nothing: not found; references must be local, such as"),
        ("#/components/schemas/Text/type/x", "Text/type/x: not found"),
        ("#/components/schemas/Text/type", "expected an object, got 'string'"),
        ("other.yaml#/Text", "other.yaml#/Text: not found"),
        ("#/components/schemas/Self", "Self: the reference leads back to itself"),
        ("#/components/schemas/Ping", "Ping: the reference leads back to itself"),
    ):
        with pytest.raises(DescriptionError, match=message):
            schemas.resolve({"$ref": reference})


def test_a_schema_for_the_validator_has_all_that_it_refers_to_and_nothing_else() -> None:
    leaf = {"type": "object", "properties": {"Up": ref("Tree")}}
    tree = {"type": "array", "items": ref("Leaf")}
    schemas = schemas_of(Tree=tree, Leaf=leaf, Other=TEXT)
    schema = {"type": "object", "properties": {"Trees": ref("Tree"), "Again": ref("Tree")}}
    assert schemas.with_references(schema) == {
        **schema,
        "components": {"schemas": {"Tree": tree, "Leaf": leaf}},
    }
    assert schemas.with_references(TEXT) == TEXT


# ---- shapes ----------------------------------------------------------------------------------


def test_a_schema_has_a_shape_that_describes_the_expected_value() -> None:
    members = {"anid": Member("AnId", A_TEXT)}
    integer: dict[str, Any] = {"type": "integer", "format": "int32", "default": 5}
    limited = Scalar(frozenset({"integer"}), -(2**63), 9, (), "n")
    nullable_text = frozenset({"string", "null"})
    for schema, shape, expected in (
        (TEXT, A_TEXT, "a string"),
        ({"type": ["null"]}, Scalar(frozenset({"null"})), "null"),
        (
            {"type": ["null", "boolean"]},
            Scalar(frozenset({"boolean", "null"})),
            "a boolean or null",
        ),
        (
            {"type": "number", "minimum": 0.5, "maximum": 2**70},
            Scalar(frozenset({"number"}), 0.5, 2**70),
            "a number",
        ),
        (
            {**integer, "minimum": -(2**63), "maximum": 9, "xml": {"name": "n"}},
            limited,
            "an integer",
        ),
        (
            {"type": ["string", "null"], "enum": ["a", 5, None]},
            Scalar(nullable_text, None, None, ("a", None)),
            "one of a, None",
        ),
        ({"type": "object"}, ObjectShape({}, None), "an object"),
        (
            {"type": "object", "additionalProperties": TEXT, "minProperties": 1},
            ObjectShape({}, None, "an object", A_TEXT),
            "an object",
        ),
        (
            {"type": "object", "additionalProperties": {"type": ["string", "object"]}},
            ObjectShape({}, None),
            "an object",
        ),
        (
            {"type": ["object", "null"], "properties": {"AnId": TEXT}, "xml": {"name": "N"}},
            ObjectShape(members, "N", "an object or null"),
            "an object or null",
        ),
        ({"type": "array", "items": TEXT, "minItems": 1}, ArrayShape(A_TEXT), "an array"),
        (
            {"type": ["array", "null"], "items": TEXT},
            ArrayShape(A_TEXT, "an array or null"),
            "an array or null",
        ),
    ):
        found = schemas_of().shape_of(schema)
        assert (found, found.expected) == (shape, expected), schema


def test_a_number_is_described_with_its_limits_and_the_first_of_its_types() -> None:
    for schema, expected, type_name in (
        ({"type": "integer"}, "an integer", "integer"),
        ({"type": "integer", "minimum": 0}, "an integer from 0", "integer"),
        (
            {"type": "integer", "format": "int32"},
            "an integer from -2147483648 to 2147483647",
            "integer",
        ),
        (
            {"type": "integer", "format": "int32", "maximum": 5},
            f"an integer from {-(2**31)} to 5",
            "integer",
        ),
        ({"type": "integer", "maximum": 9}, "an integer to 9", "integer"),
        ({"type": "integer", "minimum": -1, "maximum": 9}, "an integer from -1 to 9", "integer"),
        ({"type": ["null", "string"]}, "a string or null", "string"),
        ({"type": ["string", "integer"]}, "an integer or a string", "integer"),
        ({"type": ["null"]}, "null", "null"),
    ):
        shape = schemas_of().shape_of(schema)
        assert isinstance(shape, Scalar)
        assert (shape.expected_number, shape.type_name) == (expected, type_name)


def test_an_object_is_called_in_xml_as_its_schema_says_or_as_its_schema_is_called() -> None:
    thing: dict[str, Any] = {"type": "object"}
    other = {"type": "object", "xml": {"name": "N"}}
    schemas = schemas_of(**{"Vendor.Api.Thing": thing, "Other": other, "Text": TEXT})
    for schema, name in (
        (ref("Vendor.Api.Thing"), "Thing"),
        (ref("Other"), "N"),
        (ref("Other", xml={"name": "M"}), "M"),
        (ref("Text"), None),
        (thing, None),
    ):
        shape = schemas.shape_of(schema)
        assert isinstance(shape, ObjectShape | Scalar)
        assert shape.xml_name == name, schema


def test_a_schema_that_contains_itself_has_a_shape_that_contains_itself() -> None:
    for next_node in (ref("Node"), ref("Node", description="the next one")):
        tree = {"type": "array", "items": next_node}
        schemas = schemas_of(
            Node={"type": "object", "properties": {"Next": next_node, "Tree": tree}}
        )
        shape = schemas.shape_of(ref("Node"))
        for _ in range(3):
            assert isinstance(shape, ObjectShape)
            assert list(shape.members) == ["next", "tree"]
            children = shape.members["tree"].shape
            assert isinstance(children, ArrayShape)
            assert children.items is shape.members["next"].shape
            shape = children.items


# ---- schemas that are rejected ---------------------------------------------------------------


def test_a_schema_with_an_error_is_one_each_time_and_so_is_what_refers_to_it() -> None:
    for broken in ({"type": "odd"}, {"type": "array", "items": {"type": "odd"}}, ref("None")):
        member = {"type": "object", "properties": {"a": ref("A"), "text": TEXT, "z": broken}}
        schemas = schemas_of(A={"type": "object", "properties": {"b": ref("B")}}, B=member)
        other = {"type": "object", "additionalProperties": ref("B"), "properties": {"c": TEXT}}
        for schema in (ref("A"), ref("B"), ref("A"), ref("B"), other, other):
            with pytest.raises(DescriptionError):
                schemas.shape_of(schema)
        assert schemas.shape_of(TEXT) == A_TEXT


def test_what_is_not_supported_is_an_error() -> None:
    schemas = schemas_of(Text=TEXT, Odd={"type": "object", "not": {}})
    array = {"type": "array", "items": TEXT}
    for schema, message in (
        (True, "expected an object, got True"),
        ({"description": "anything"}, "body: None is not a type"),
        ({"type": []}, r"body: \[\] is not a type"),
        ({"type": ["text", "null"]}, r"body: \['text', 'null'\] is not a type"),
        ({**TEXT, "pattern": "a"}, "body: 'pattern' is a keyword that the loader"),
        (ref("Text", minLength=1), "body: 'minLength' is a keyword"),
        (ref("Odd"), "body: 'not' is a keyword"),
        (
            {"type": "object", "properties": {"A": {**TEXT, "maxLength": 1}}},
            "body/A: 'maxLength' is a keyword",
        ),
        (array | {"items": {**TEXT, "const": ""}}, "body/items: 'const' is a keyword"),
        (
            {"type": "object", "additionalProperties": ref("Text", const=1)},
            "body/additionalProperties: 'const' is a keyword",
        ),
        ({"type": "object", "additionalProperties": False}, "expected an object, got False"),
        (ref("Text", type="null"), "'type' beside [$]ref differs from that of its target"),
        ({"type": ["array", "null"]}, "body: an array needs items"),
        (array | {"default": ["a"]}, "body: only a single value is supported as a default"),
        ({"type": "boolean", "enum": [True]}, "body: no value of the enum is text, an integer or"),
        ({"type": "string", "enum": [1, None]}, "body: no value of the enum is"),
        ({"type": "integer", "minimum": 0.5}, "body: the limits of an integer must be integers"),
        ({"type": ["integer", "null"], "maximum": 2**63}, "body: the limits of an integer"),
    ):
        with pytest.raises(DescriptionError, match=message):
            schemas.shape_of(schema, "body")  # type: ignore[arg-type]
