"""Bodies of other operations: arrays, single values, dictionaries, null, and circular shapes."""

from typing import Any, Final

import msgspec
import pytest

from superoffice_contract.bodies.decode import DecodedBody, decode
from superoffice_contract.errors import InvalidBody
from superoffice_contract.openapi.operations import Body
from tests.contract.bodies.builders import FORM, JSON, XML, body_of

REFERENCE: Final = {"$ref": "#/components/schemas/Folder"}
FOLDER: Final = {
    "type": ["object", "null"],
    "properties": {
        "Name": {"type": "string"},
        "Kind": {"type": "string", "enum": ["private", "shared"]},
        "Size": {"type": "number", "minimum": 0},
        "Count": {"type": "integer", "minimum": 1},
        "Flag": {"type": "boolean"},
        "Parent": REFERENCE,
        "Folders": {"type": "array", "items": REFERENCE},
    },
}
"""A schema that contains itself."""
INTEGER: Final = {"type": "integer"}
FREE: Final = {"type": "object"}
NUMBERS: Final = {"type": "array", "items": INTEGER}
DICTIONARY: Final = {"type": "object", "additionalProperties": {"type": "integer"}}
LISTS: Final = {"type": "object", "additionalProperties": NUMBERS}


def folder() -> Body:
    return body_of(REFERENCE, Folder=FOLDER)


def read(body: Body, media_type: str, raw: str, max_items: int = 10_000) -> DecodedBody:
    return decode({media_type: body}, media_type, raw.encode(), max_items)


def content_of(body: Body, media_type: str, raw: str) -> Any:
    """Return the content of *raw* as JSON's data model."""
    return msgspec.to_builtins(read(body, media_type, raw).content)


def rejection(body: Body, media_type: str, raw: str, max_items: int = 10_000) -> tuple[int, str]:
    with pytest.raises(InvalidBody) as raised:
        read(body, media_type, raw, max_items)
    return raised.value.status, str(raised.value)


def test_a_root_may_be_an_array_a_single_value_a_dictionary_or_null() -> None:
    for schema, media_type, raw, expected in (
        (NUMBERS, JSON, "[5, 6]", [5, 6]),
        (NUMBERS, XML, "<ArrayOfint><int>5</int><x>6</x></ArrayOfint>", [5, 6]),
        (NUMBERS, XML, "<a/>", []),
        (NUMBERS, FORM, "0=5&1=6", [5, 6]),
        (NUMBERS, FORM, "", []),
        (NUMBERS | {"type": ["array", "null"]}, JSON, "null", None),
        ({"type": ["integer", "null"]}, JSON, "null", None),
        (INTEGER, JSON, "5", 5),
        (INTEGER, XML, "<int>5</int>", 5),
        ({"type": "boolean"}, XML, "<boolean>true</boolean>", True),
        ({"type": "number"}, XML, "<double>5e1</double>", 50.0),
        (DICTIONARY, JSON, '{"a": 5}', {"a": 5}),
        (FREE, JSON, '{"a": [1], "a": {"b": []}}', {"a": {"b": []}}),
        (FREE, XML, "<r><a>5</a><b><c/></b></r>", {"a": "5", "b": {"c": ""}}),
        (FREE, FORM, "a=5&b[c].d=&b.e=6", {"a": "5", "b": {"c": {"d": ""}, "e": "6"}}),
        (FREE, FORM, "", {}),
    ):
        assert content_of(body_of(schema), media_type, raw) == expected, (schema, media_type, raw)


def test_a_root_of_another_kind_gets_a_400() -> None:
    for schema, media_type, raw, reason in (
        (NUMBERS, JSON, "{}", "expected an array, got an object"),
        (NUMBERS, JSON, "null", "expected an array, got null"),
        (NUMBERS, JSON, '["a"]', "/0: expected an integer, got a string"),
        (NUMBERS, FORM, "a=1", "a: expected a key such as 0"),
        (NUMBERS, FORM, "[0]=1", "[0]: expected a key such as 0"),
        (INTEGER, JSON, "[]", "expected an integer, got an array"),
        (INTEGER, XML, "<int><a/></int>", "expected an integer, got an object"),
        (INTEGER, FORM, "a=1", "a: expected a key such as name"),
        (INTEGER, FORM, "a.b=1", "a.b: expected a key such as name"),
        ({"type": "boolean"}, XML, "<a>yes</a>", "expected a boolean, got a string"),
        (DICTIONARY, JSON, "[]", "expected an object, got an array"),
        (DICTIONARY, FORM, "a[[b]=1", "a[[b]: expected a key such as name"),
        (DICTIONARY, FORM, '{"a":5}', "the body is not a form; it looks like JSON; send Content-T"),
        (DICTIONARY, FORM, "a=x&a.b=1", "a.b: the same key is a value and a parent"),
    ):
        status, actual = rejection(body_of(schema), media_type, raw)
        assert (status, actual[: len(reason)]) == (400, reason), (schema, media_type, raw)


def test_the_reason_has_the_place_in_a_dictionary() -> None:
    schema = {"type": "object", "properties": {"Sizes": DICTIONARY, "Lists": LISTS}}
    for raw, reason in (
        # The validator has names of digits as numbers.
        ('{"Sizes": {"507": "x"}}', "/Sizes/507: expected an integer, got a string"),
        ('{"Lists": {"07": [1, "x"]}}', "/Lists/07/1: expected an integer, got a string"),
        ('{"Sizes": {"a": 1, "b": "x"}}', "/Sizes/b: expected an integer, got a string"),
        ('{"Sizes": {"a": 1, "b": {}}}', "/Sizes/b: expected an integer, got an object"),
        ('{"Sizes": {"a": 1.0}}', "/Sizes/a: expected an integer, got the number 1.0"),
    ):
        assert rejection(body_of(schema), JSON, raw) == (400, reason)
    mixed = body_of({"type": "object", "additionalProperties": {"type": ["integer", "object"]}})
    assert rejection(mixed, JSON, '{"a": 1.0}')[1].endswith("got `float` - at `$[...]`")


def test_the_reason_has_the_place_behind_names_with_dots_and_brackets() -> None:
    schema = {"type": "object", "properties": {"a.b[0]": {"type": "string"}}}
    for value, actual in (("5", "the number 5"), ("[]", "an array")):
        reason = f"/a.b[0]: expected a string, got {actual}"
        assert rejection(body_of(schema), JSON, f'{{"a.b[0]": {value}}}') == (400, reason)


def test_a_shape_that_contains_itself_is_read_at_any_depth() -> None:
    items = "<Folder><Name>a</Name></Folder><Folder><Folders/></Folder>"
    for media_type, raw in (
        (JSON, '{"Parent": {"Folders": [{"Name": "a"}, {"Folders": []}]}}'),
        (JSON, '{"parent": {"folders": [{"name": "a"}, {"folders": []}]}}'),
        (JSON, '{"PARENT": {"q": 1, "folders": [{"Name": "a"}, {"FOLDERS": []}]}}'),
        (XML, f"<Folder><Parent><Folders>{items}</Folders></Parent></Folder>"),
        (FORM, "Parent.Folders[0].Name=a&Parent.Folders[1].Q[0][1]=&parent[folders][1][size]=5"),
    ):
        first, second = read(folder(), media_type, raw).content.parent.folders
        assert (first.name, second.folders or []) == ("a", []), raw


def test_a_shape_that_contains_itself_has_limits_for_depth() -> None:
    def nest(opening: str, closing: str, levels: int) -> str:
        return opening * levels + closing * levels

    too_deep = "nested more than 100 deep"

    for media_type, raw in (
        (XML, f"<Folder>{nest('<Parent>', '</Parent>', 99)}</Folder>"),
        (FORM, f"Parent{'.Parent' * 98}.Name=a"),
        (JSON, '{"Parent":' * 200 + "null" + "}" * 200),
    ):
        assert read(folder(), media_type, raw).violations == (), raw
    for media_type, raw, reason in (
        (XML, f"<Folder>{nest('<Parent>', '</Parent>', 100)}</Folder>", too_deep),
        (FORM, f"Parent{'.Parent' * 100}.Name=a", f"{too_deep}; send fewer levels"),
        (FORM, f"Parent{'.Parent' * 10_000}=a", f"{too_deep}; send fewer levels"),
        (JSON, '{"PARENT":' * 900 + "null" + "}" * 900, "the body is nested too deeply"),
    ):
        status, actual = rejection(folder(), media_type, raw)
        assert status == 400
        assert reason in actual


def test_arrays_in_arrays_have_the_limit_for_items_too() -> None:
    matrix = body_of({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}})
    rows = body_of({"type": "array", "items": {"type": "object"}})
    place = "more than 3 items; send at most that many in one call"
    deep = '{"Parent": {"Folders": [{"Folders": [{},{},{},null]}]}}'
    for body, raw, where in (
        (folder(), deep, "/Parent/Folders/0/Folders"),
        (folder(), '{"parent": {"folders": [{"name": "a"}, null, {}, {}]}}', "/Parent/Folders"),
        (matrix, "[[], [1,2,3,4]]", "/1"),
        (rows, '[{"a": [1,2,3,4,5]},{},{},{}]', ""),
    ):
        assert rejection(body, JSON, raw, 3) == (413, f"{where}: {place}".removeprefix(": ")), raw
        assert read(body, JSON, raw, 5).violations == (), raw
    assert rejection(body_of(NUMBERS), FORM, "0=1&1=1&2=1&2=2&3=1", 3) == (413, place)
    gaps = "Folders[0].Folders[1].Name=a&Folders[0].Folders[0].Folders[7].Name=b"
    note = "the indices have gaps; the items were taken in their order"
    assert read(folder(), FORM, gaps).violations == (f"/Folders/0/Folders/0/Folders: {note}",)


def test_values_beyond_types_are_rejected_with_what_is_allowed() -> None:
    for raw, reason in (
        ('{"Kind": "secret"}', "/Kind: expected one of private, shared, got another string"),
        ('{"Kind": 5}', "/Kind: expected one of private, shared, got the number 5"),
        ('{"Size": -0.5}', "/Size: expected a number from 0, got the number -0.5"),
        ('{"Size": -1}', "/Size: expected a number from 0, got the number -1"),
        ('{"Size": true}', "/Size: expected a number, got a boolean"),
        ('{"Count": 0}', "/Count: expected an integer from 1, got the number 0"),
        ('{"Count": 1.0}', "/Count: expected an integer, got the number 1.0"),
        ('{"Flag": 1}', "/Flag: expected a boolean, got the number 1"),
        ('{"Folders": [{"Folders": [{"Size": ""}]}]}', "/Folders/0/Folders/0/Size: expected a num"),
        ('{"Size": 1e999}', "a number in the body is too large to be read"),
    ):
        status, actual = rejection(folder(), JSON, raw)
        assert (status, actual[: len(reason)]) == (400, reason), raw


def test_a_described_media_type_without_a_reader_gets_a_415() -> None:
    status, reason = rejection(body_of({"type": "string"}), "text/plain", "x")
    assert (status, reason) == (415, "Content-Type: 'text/plain' is not one of text/plain")
