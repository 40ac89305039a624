"""Shapes and structs of a schema, and keywords that are rejected."""

from typing import Any

import msgspec
import pytest

from superoffice_contract.errors import DescriptionError
from superoffice_contract.openapi.schemas import (
    ArrayShape,
    Member,
    ObjectShape,
    Scalar,
    Shape,
    check_keywords,
    shape_of,
    struct_of,
    to_camel_case,
    to_snake_case,
    verbatim,
)


@pytest.mark.parametrize(
    ("schema", "shape", "expected"),
    [
        ({"type": "string"}, Scalar(frozenset({"string"})), "a string"),
        (
            {"type": ["null", "boolean"]},
            Scalar(frozenset({"boolean", "null"})),
            "a boolean or null",
        ),
        ({"type": "number"}, Scalar(frozenset({"number"})), "a number"),
        (
            {"type": "integer", "minimum": 1, "maximum": 9},
            Scalar(frozenset({"integer"}), 1, 9),
            "an integer",
        ),
        ({"type": "object"}, ObjectShape({}, None), "an object"),
        (
            {
                "type": ["object", "null"],
                "properties": {"AnId": {"type": "string"}},
                "xml": {"name": "N"},
            },
            ObjectShape(
                {"anid": Member("AnId", Scalar(frozenset({"string"})))}, "N", nullable=True
            ),
            "an object or null",
        ),
        (
            {"type": "array", "items": {"type": "string"}},
            ArrayShape(Scalar(frozenset({"string"}))),
            "an array",
        ),
        (
            {"type": ["array", "null"], "items": {"type": "string"}},
            ArrayShape(Scalar(frozenset({"string"})), nullable=True),
            "an array or null",
        ),
    ],
)
def test_a_schema_has_a_shape_that_describes_the_expected_value(
    schema: dict[str, Any], shape: Shape, expected: str
) -> None:
    assert shape_of(schema) == shape
    assert shape.expected == expected


def test_a_member_has_a_snake_case_name_and_a_camel_case_name() -> None:
    for name, snake_case, camel_case in (
        ("AccountId", "account_id", "accountId"),
        ("SyncUserAccounts", "sync_user_accounts", "syncUserAccounts"),
        ("id", "id", "id"),
        ("A", "a", "a"),
    ):
        names = (to_snake_case(name), to_camel_case(name), verbatim(name))
        assert names == (snake_case, camel_case, name)


def test_a_struct_can_have_every_kind_of_member() -> None:
    schema = {
        "type": "object",
        "properties": {
            "IsOpen": {"type": "boolean", "default": True},
            "TheAmount": {"type": ["number", "null"]},
            "Texts": {"type": "array", "items": {"type": ["string", "null"]}},
            "Small": {"type": "integer", "minimum": 1},
        },
    }
    struct = struct_of(schema, to_camel_case, strict=True)
    value = msgspec.json.decode(b'{"theAmount":1.5,"texts":["a",null],"small":1}', type=struct)
    assert msgspec.structs.asdict(value) == {
        "is_open": True,
        "the_amount": 1.5,
        "texts": ["a", None],
        "small": 1,
    }
    with pytest.raises(msgspec.ValidationError, match=r">= 1 - at `\$\.small`"):
        msgspec.json.decode(b'{"small":0}', type=struct)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "string", "pattern": "a"}, "body: 'pattern' is a keyword that the loader"),
        (
            {"type": "object", "properties": {"A": {"type": "string", "maxLength": 1}}},
            "body:/A 'maxLength' is a keyword",
        ),
        (
            {"type": "array", "items": {"type": "string", "enum": []}},
            "body:/items 'enum' is a keyword",
        ),
        (
            {"type": "object", "additionalProperties": {"type": "string", "const": 1}},
            "body:/additionalProperties 'const' is a keyword",
        ),
        (
            {"type": "object", "additionalProperties": False},
            "body:/additionalProperties expected a schema with keywords, got False",
        ),
    ],
)
def test_an_unsupported_keyword_is_an_error(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(DescriptionError, match=message):
        check_keywords(schema, "body:")
