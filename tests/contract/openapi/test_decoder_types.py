"""The types that msgspec decodes agree with JSON Schema, and their members have names of Python."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import jsonschema
import msgspec
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from jsonschema_rs import validator_for

from superoffice_contract.errors import DescriptionError
from superoffice_contract.openapi.decoder_types import python_names, to_camel_case
from superoffice_contract.openapi.operations import Body
from superoffice_contract.openapi.schemas import Schemas

NONE: Final = Schemas({})
INTEGER: Final = {"type": "integer"}
NAMES: Final = ("AccountId", "accountID", "$type", "Class", "class", "")

# ---- names -----------------------------------------------------------------------------------


def test_a_member_has_a_name_of_its_own_in_python_and_one_in_camel_case() -> None:
    names = {
        "AccountId": ("account_id", "accountId"),
        "accountID": ("account_id_", "accountID"),
        "SyncUserAccounts": ("sync_user_accounts", "syncUserAccounts"),
        "EMail": ("email", "eMail"),
        "id": ("id", "id"),
        "A": ("a", "a"),
        "$A": ("a_", "$A"),
        "$type": ("type", "$type"),
        "Class": ("class_", "class"),
        "x-a.b": ("x_a_b", "x-a.b"),
        "1st": ("member_1st", "1st"),
        "__Init__": ("init", "__Init__"),
        "": ("member_", ""),
    }
    assert python_names(names) == {name: python_name for name, (python_name, _) in names.items()}
    assert {name: to_camel_case(name) for name in names} == {
        name: camel_case for name, (_, camel_case) in names.items()
    }


names_of_members = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters='"\\'), max_size=4
)


@given(st.lists(names_of_members | st.sampled_from(NAMES), unique=True, max_size=5))
def test_any_names_of_members_can_be_decoded_in_both_spellings(names: list[str]) -> None:
    schema = {"type": "object", "properties": dict.fromkeys(["one", *names], INTEGER)}
    attributes = python_names(schema["properties"])
    for types, spell in ((NONE.exact_case, str), (NONE.camel_case, to_camel_case)):
        numbers = {
            name if spell(name) in attributes else spell(name): number
            for number, name in enumerate(attributes)
        }
        value = msgspec.json.decode(json.dumps(numbers), type=types.type_of(schema))
        found = [getattr(value, attribute) for attribute in attributes.values()]
        assert found == list(range(len(attributes)))


# ---- structs ---------------------------------------------------------------------------------


def test_an_absent_member_is_its_default_or_null_and_a_required_one_is_an_error() -> None:
    schema = {
        "type": "object",
        "properties": {
            "IsOpen": {"type": "boolean", "default": True},
            "TheAmount": {"type": ["number", "null"]},
            "Texts": {"type": "array", "items": {"type": ["string", "null"]}},
            "Small": {"type": "integer", "minimum": 1},
        },
        "required": ["Small"],
    }
    struct = NONE.camel_case.type_of(schema)
    value = msgspec.json.decode(b'{"texts":["a",null],"small":1}', type=struct)
    assert msgspec.structs.asdict(value) == {
        "is_open": True,
        "the_amount": None,
        "texts": ["a", None],
        "small": 1,
    }
    for raw, message in (
        (b'{"small":0}', r">= 1 - at `\$\.small`"),
        (b"{}", "missing required field `small`"),
        (b'{"small":1,"Small":1}', "unknown field `Small`"),
    ):
        with pytest.raises(msgspec.ValidationError, match=message):
            msgspec.json.decode(raw, type=struct)
    lenient = msgspec.convert({"IsOpen": False, "a": 1}, NONE.lenient.type_of(schema))
    assert (lenient.is_open, lenient.small) == (False, None)


def test_a_struct_is_called_as_its_schema_and_made_once() -> None:
    node = {
        "type": "object",
        "properties": {
            "Next": {"$ref": "#/Api.Node"},
            "All": {"type": ["array", "null"], "items": {"$ref": "#/Api.Node", "title": "a node"}},
        },
    }
    types = Schemas({"Api.Node": node}).exact_case
    struct = types.type_of({"$ref": "#/Api.Node"})
    assert struct is types.type_of({"$ref": "#/Api.Node"})
    raw = b'{"Next":{"All":[{},{"Next":{}}]}}'
    value = msgspec.json.decode(raw, type=struct)
    assert type(value).__name__ == type(value.next.all[1].next).__name__ == "Node"
    assert type(value) is type(value.next) is struct
    with pytest.raises(msgspec.ValidationError, match=r"`\$\.Next\.All\[0\]\.Next`"):
        msgspec.json.decode(b'{"Next":{"All":[{"Next":5}]}}', type=struct)
    assert types.type_of({"type": "object", "properties": {"A": INTEGER}}).__name__ == "Request"


def test_what_only_the_validator_can_judge_is_no_strict_type() -> None:
    properties = {"type": "object", "properties": {"A": INTEGER}}
    for schema, message in (
        ({**properties, "minProperties": 1}, "{} has less than 1 property"),
        ({**properties, "required": ["B"]}, '"B" is a required property'),
        ({"type": "object", "required": ["B"]}, '"B" is a required property'),
    ):
        body = Body(schema, NONE)
        assert [problem.message for problem in body.find_problems({})] == [message]
        for raw in (b"{}", b'{"A":1}', b"null", b"1"):
            with pytest.raises(msgspec.ValidationError):
                body.exact_case.decode(raw)


# ---- agreement with JSON Schema --------------------------------------------------------------

SCALARS: Final = ("string", "integer", "number", "boolean", "null")
TEXTS: Final = ("", "a", "b")
INTEGERS: Final = (*range(-2, 4), 2**63 - 1, 2**64, -(2**70))
FRACTIONS: Final = (0.5, -1.25, 2.5)
"""No whole numbers: JSON Schema calls 1.0 an integer, the types do not (claim integers-strict)."""
limits = st.none() | st.integers(-1, 2)
references = st.builds(
    lambda name, siblings: {"$ref": f"#/{name}", **siblings},
    st.sampled_from("AB"),
    st.sampled_from(({}, {"description": "one of them"})),
)


def without_none(**keywords: object) -> dict[str, Any]:
    return {name: value for name, value in keywords.items() if value is not None}


def nullable(kind: str) -> st.SearchStrategy[str | list[str]]:
    return st.sampled_from((kind, [kind, "null"], ["string", kind]))


def composites(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return schemas of arrays, dictionaries and objects with *children*."""
    least = st.none() | st.integers(0, 2)
    properties = st.dictionaries(st.sampled_from(NAMES), children, min_size=1, max_size=3)
    objects = properties.flatmap(
        lambda members: st.builds(
            without_none,
            type=nullable("object"),
            properties=st.just(members),
            required=st.none() | st.lists(st.sampled_from(sorted(members)), unique=True),
        )
    )
    arrays = st.builds(without_none, type=nullable("array"), items=children, minItems=least)
    dictionaries = st.builds(
        without_none,
        type=nullable("object"),
        additionalProperties=st.none() | children,
        minProperties=least,
    )
    nullables = st.builds(lambda child: {"anyOf": [child, {"type": "null"}]}, children)
    return arrays | dictionaries | objects | nullables


scalars = st.builds(
    without_none,
    type=st.lists(st.sampled_from(SCALARS), min_size=1, max_size=3, unique=True),
    minimum=limits,
    maximum=limits,
)
enums = st.builds(
    without_none,
    type=st.lists(st.sampled_from(SCALARS), min_size=1, max_size=2, unique=True),
    enum=st.lists(st.sampled_from(("a", "b", 1, 2, None)), min_size=1, unique=True),
)
schema_trees = st.recursive(scalars | enums | references, composites, max_leaves=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.sampled_from((*TEXTS, *INTEGERS, *FRACTIONS)),
    lambda children: (
        st.lists(children, max_size=2)
        | st.dictionaries(st.sampled_from(NAMES), children, max_size=2)
    ),
    max_leaves=4,
)


def values_like(
    schemas: Schemas, schema: Mapping[str, Any], depth: int = 0
) -> st.SearchStrategy[Any]:
    """Return values that *schema* often allows."""
    if depth > 3:
        return json_values
    resolved = schemas.resolve(schema)
    candidates = [json_values, st.sampled_from(resolved.get("enum") or [None])]
    if "items" in resolved:
        candidates.append(st.lists(values_like(schemas, resolved["items"], depth + 1), max_size=3))
    if "properties" in resolved:
        members = {
            name: values_like(schemas, child, depth + 1)
            for name, child in resolved["properties"].items()
        }
        candidates.append(st.fixed_dictionaries({}, optional=members))
        candidates.append(st.fixed_dictionaries(members))
    elif "additionalProperties" in resolved:
        child = values_like(schemas, resolved["additionalProperties"], depth + 1)
        candidates.append(st.dictionaries(st.sampled_from(TEXTS), child, max_size=3))
    return st.one_of(candidates[2:] or candidates) | json_values


def unknown_members(schemas: Schemas, schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    """Yield the members in *value* that *schema* does not describe."""
    resolved = schemas.resolve(schema)
    if isinstance(value, list) and "items" in resolved:
        for item in value:
            yield from unknown_members(schemas, resolved["items"], item)
    elif isinstance(value, dict):
        properties = resolved.get("properties")
        for name, child in value.items():
            rest = resolved.get("additionalProperties") if properties is None else None
            child_schema = (properties or {}).get(name, rest)
            if child_schema is not None:
                yield from unknown_members(schemas, child_schema, child)
            elif properties is not None:
                yield name


@given(
    named=st.fixed_dictionaries({"A": schema_trees, "B": schema_trees}),
    schema=schema_trees,
    data=st.data(),
)
def test_a_strict_type_accepts_what_json_schema_accepts_without_unknown_members(
    named: dict[str, Any], schema: dict[str, Any], data: st.DataObject
) -> None:
    schemas = Schemas(named)
    try:
        schemas.shape_of(schema)
    except (DescriptionError, RecursionError):
        assume(False)
    value = data.draw(values_like(schemas, schema))
    reference = jsonschema.Draft202012Validator(schemas.with_references(schema))
    is_valid = reference.is_valid(value)
    is_known = not list(unknown_members(schemas, schema, value))
    event(f"valid: {is_valid}, known: {is_known}")
    body = Body(schema, schemas)
    problems = list(body.find_problems(value))
    assert is_valid == body.is_valid(value) == (not problems)
    found = [(problem.instance_path, problem.message) for problem in problems]
    all_errors = validator_for(schemas.with_references(schema)).iter_errors(value)
    assert found == [(error.instance_path, error.message) for error in all_errors]
    # The general reader reads numbers with fractions.
    is_whole = '"number"' not in json.dumps([named, schema]) and "." not in json.dumps(value)
    try:
        decoded = body.exact_case.decode(json.dumps(value))
    except msgspec.ValidationError:
        assert not (is_valid and is_known and is_whole)
    else:
        assert is_valid
        assert is_known
        assert msgspec.to_builtins(decoded) == msgspec.to_builtins(body.convert(value))
