"""Bodies with date-times, limits by format, dictionaries of objects, and schemas or null."""

from datetime import datetime
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.bodies.decode import DecodedBody, decode
from superoffice_contract.bodies.problems import find_problems
from superoffice_contract.bodies.values import BodyNotes
from superoffice_contract.errors import InvalidBody
from superoffice_contract.openapi.operations import Body
from tests.contract.bodies.builders import FORM, JSON, XML, body_of

MOMENT: Final = {"type": ["string", "null"], "format": "date-time"}
RIGHT: Final = {"type": "object", "properties": {"Mask": {"type": "integer", "format": "int32"}}}
FIELD: Final = {
    "type": "object",
    "properties": {
        "FieldRight": {"anyOf": [{"$ref": "#/components/schemas/Right"}, {"type": "null"}]},
        "Names": {"type": "array", "items": {"type": "string"}},
    },
}
FIELDS: Final = {
    "type": ["object", "null"],
    "additionalProperties": {"$ref": "#/components/schemas/Field"},
}
PROPERTIES: Final = {"LastFetch": MOMENT, "FieldProperties": FIELDS}
BODY: Final = body_of(
    {"type": "object", "properties": PROPERTIES, "xml": {"name": "Account"}},
    Field=FIELD,
    Right=RIGHT,
)


def read(media_type: str, raw: str, limit: int = 100, body: Body = BODY) -> DecodedBody:
    return decode({media_type: body}, media_type, raw.encode(), limit)


def rejection(media_type: str, raw: str, limit: int = 100) -> str:
    with pytest.raises(InvalidBody) as raised:
        read(media_type, raw, limit)
    return str(raised.value)


def is_moment(text: str) -> bool:
    """Return whether *text* is taken as a date-time, by the fast decoder and by the other path."""
    fast = f'{{"LastFetch":{msgspec.json.encode(text).decode()}}}'
    answers: set[bool] = set()
    for raw in (fast, fast.replace("LastFetch", "LASTFETCH")):
        try:
            answers.add(read(JSON, raw).content.last_fetch == text)
        except InvalidBody as error:
            assert "/LastFetch: expected a date-time such as" in str(error)  # noqa: PT017
            answers.add(False)
    assert BODY.is_valid({"LastFetch": text}) in answers
    (answer,) = answers
    return answer


def test_a_date_time_is_what_clients_of_dotnet_and_javascript_send() -> None:
    for text in (
        *("0001-01-01T00:00:00", "2026-11-30T09:30:00.123Z", "9999-12-31T23:59:59.9999999"),
        *("2024-02-29T00:00:00+02:00", "2000-02-29T00:00:00.1-14:00", "2026-11-30T09:30:00"),
    ):
        assert is_moment(text), text
    for text in (
        *(
            "",
            "now",
            "2026-11-30",
            "2026-11-30 09:30:00",
            "2026-11-30T09:30",
            "2026-13-01T00:00:00",
        ),
        *("2026-11-31T00:00:00", "2023-02-29T00:00:00", "1900-02-29T00:00:00"),
        *("0000-01-01T00:00:00", "2026-11-30T24:00:00", "2026-11-30T09:60:00", "/Date(0)/"),
        *("2026-11-30T09:30:00.Z", "2026-11-30T09:30:00+15:00", "2026-11-30T09:30:00\n"),
        *("2026-11-30T09:30:00z", "٢026-11-30T09:30:00", "x2026-11-30T09:30:00"),
    ):
        assert not is_moment(text), text


@given(st.datetimes(timezones=st.none() | st.timezones()))
def test_any_moment_that_python_writes_is_a_date_time(moment: datetime) -> None:
    offset = moment.utcoffset()
    if offset is None or not offset.total_seconds() % 60:
        assert is_moment(moment.isoformat())


@given(st.from_regex(r"[0-9]{4}-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:00", fullmatch=True))
def test_a_date_time_is_of_a_day_that_the_calendar_has(text: str) -> None:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        assert not is_moment(text)
    else:
        assert is_moment(text)


def test_a_date_time_is_read_in_every_media_type_and_may_be_null() -> None:
    nil = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'
    moment = "2026-11-30T09:30:00Z"
    for media_type, raw, expected in (
        (JSON, '{"lastFetch": null}', None),
        (XML, f"<Account><LastFetch {nil}/></Account>", None),
        (XML, f"<Account><LastFetch>{moment}</LastFetch></Account>", moment),
        (FORM, f"LastFetch={moment}", moment),
    ):
        assert read(media_type, raw).content.last_fetch == expected, raw
    for media_type, raw, actual in (
        (JSON, '{"lastFetch": 5}', "the number 5"),
        (XML, "<Account><LastFetch/></Account>", "a string"),
        (FORM, "LastFetch=soon", "a string"),
    ):
        expected = "a date-time such as 2026-01-31T09:30:00Z or null"
        assert rejection(media_type, raw) == f"/LastFetch: expected {expected}, got {actual}", raw


def test_the_names_in_a_dictionary_are_data_and_its_values_are_of_one_shape() -> None:
    nested = {"Folder": {"field_right": {"mask": 5}, "names": ["a"]}, "Other": None}
    xml = "<FieldRight><Mask>5</Mask></FieldRight><Names><string>a</string></Names>"
    for media_type, raw in (
        (JSON, '{"FieldProperties":{"Folder":{"FieldRight":{"Mask":5},"Names":["a"]}}}'),
        (JSON, '{"fieldProperties":{"Folder":{"fieldRight":{"mask":5},"names":["a"]}}}'),
        (JSON, '{"FIELDPROPERTIES":{"Folder":{"fieldright":{"MASK":5},"Names":["a"]}}}'),
        (XML, f"<Account><FieldProperties><Folder>{xml}</Folder></FieldProperties></Account>"),
        (FORM, "FieldProperties[Folder][FieldRight].Mask=5&FieldProperties.Folder.Names[0]=a"),
    ):
        decoded = read(media_type, raw)
        (name, field), *others = decoded.content.field_properties.items()
        assert (name, others, decoded.violations) == ("Folder", [], ()), raw
        value = {"field_right": {"mask": field.field_right.mask}, "names": field.names}
        assert value == nested["Folder"], raw


def test_the_values_of_a_dictionary_are_checked_with_their_places() -> None:
    field = "/FieldProperties/Folder"
    too_large = "expected an integer from -2147483648 to 2147483647, got the number 2147483648"
    wrong = "<FieldRight><Mask>x</Mask></FieldRight>"
    for media_type, raw, reason in (
        (
            JSON,
            '{"FieldProperties":{"Folder":{"FieldRight":{"Mask":2147483648}}}}',
            f"{field}/FieldRight/Mask: {too_large}",
        ),
        (JSON, '{"FieldProperties":{"Folder":5}}', f"{field}: expected an object, got the number"),
        (
            FORM,
            "FieldProperties[Folder][FieldRight][Mask]=x",
            f"{field}/FieldRight/Mask: expected an integer, got a string",
        ),
        (
            XML,
            f"<Account><FieldProperties><Folder>{wrong}</Folder></FieldProperties></Account>",
            f"{field}/FieldRight/Mask: expected an integer, got a string",
        ),
    ):
        assert rejection(media_type, raw).startswith(reason), raw
    for first in ("FieldProperties", "FIELDPROPERTIES"):  # the fast decoder, the other path
        raw = f'{{"{first}":{{"A":{{"Names":["a","b","c"]}}}}}}'
        assert rejection(JSON, raw, 2).startswith("/FieldProperties"), raw
        assert read(JSON, raw, 3).violations == ()


def test_the_names_in_a_dictionary_are_hidden_where_text_is() -> None:
    value: Any = {"FieldProperties": {"hunter2 of Eva": {"FieldRight": {"Mask": "x"}}}}
    (shown,) = find_problems(value, BODY, BodyNotes())
    (hidden,) = find_problems(value, BODY, BodyNotes(hide_text=True))
    assert shown.where == "/FieldProperties/hunter2 of Eva/FieldRight/Mask"
    assert "hunter2 of Eva" not in str(hidden)


def test_an_unknown_member_in_a_dictionary_is_noted_with_its_place() -> None:
    for media_type, raw in (
        (JSON, '{"FieldProperties":{"A":{"Odd":1}}}'),
        (XML, "<Account><FieldProperties><A><Odd/></A></FieldProperties></Account>"),
        (FORM, "FieldProperties.A.Odd=1"),
    ):
        note = "/FieldProperties/A/Odd: unknown member, ignored"
        assert read(media_type, raw).violations == (note,), raw


def test_a_schema_or_null_takes_both_and_names_the_place_in_the_schema() -> None:
    right = {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Right"}]}
    body = body_of({"type": "object", "properties": {"Right": right}}, Right=RIGHT)
    assert read(JSON, '{"Right":null}', body=body).content.right is None
    assert read(JSON, '{"right":{"mask":7}}', body=body).content.right.mask == 7
    for value, place in (({"Mask": 2**31}, ["Right", "Mask"]), (5, ["Right"])):
        (problem,) = body.find_problems({"Right": value})
        assert list(problem.instance_path) == place
    for root, expected in ((right, "an object or null"), (MOMENT, "a date-time such as")):
        assert body_of(root, Right=RIGHT).shape.expected.startswith(expected)
