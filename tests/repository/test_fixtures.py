"""The shipped fixtures: what the mock answers today, in the format that is described, no secret."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from superoffice_contract.openapi import claims
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import (
    Entry,
    Label,
    RecordedRequest,
    RecordedResponse,
    Recording,
)
from superoffice_mock.redaction import scanner
from superoffice_mock.redaction.redactor import Redactor
from tests.mock.redaction.secret_places import PLACES
from tests.repository.test_readmes import table
from tests.support.make_fixtures import FIXTURES, FOLDER, fixture_files

FILES = sorted(FOLDER.glob("*.har"))
README = (FOLDER / "README.md").read_text(encoding="utf-8")
BY_FILE = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads((FOLDER / "mock-har.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def wrongs(document: Any) -> list[str]:
    return [f"{one.json_path}: {one.message}" for one in validator().iter_errors(document)]


@BY_FILE
def test_a_fixture_keeps_the_schema(path: Path) -> None:
    assert wrongs(json.loads(path.read_bytes())) == []


def test_whatever_is_recorded_keeps_the_schema() -> None:
    some = [make("7T:bm9ib2R5") for make in PLACES.values()]
    bare = Entry(
        request=RecordedRequest("GET", ""), response=RecordedResponse(0, "reset", body=None)
    )
    for recording in (
        Recording((*some, bare)),
        Redactor().redact_recording(Recording((*some, bare))),
    ):
        assert wrongs(json.loads(har_file.encode(recording))) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("log", {"comment": "x"}),
        ("log", {"version": "1.1"}),
        ("entry", {"_mock": {"outcome": "perhaps"}}),
        ("entry", {"time": -2}),
        ("entry", {"serverIPAddress": "10.0.0.1"}),
        ("request", {"headers": [{"name": "Accept", "value": "*/*"}]}),
        ("response", {"cookies": [{"name": "a", "value": "b"}]}),
    ],
)
def test_the_schema_refuses_what_we_do_not_write(place: str, value: dict[str, Any]) -> None:
    document = json.loads(FILES[0].read_bytes())
    entry = document["log"]["entries"][0]
    {"log": document["log"], "entry": entry, **entry}[place].update(value)
    assert len(wrongs(document)) == 1


def test_the_fixtures_are_what_the_mock_answers_today() -> None:
    today = dict(fixture_files())
    assert sorted(today) == [path.name for path in FILES], (
        "run python -m tests.support.make_fixtures"
    )
    for path in FILES:
        assert path.read_bytes() == today[path.name], f"{path.name}: see fixtures/README.md"


@BY_FILE
def test_a_fixture_holds_no_secret(path: Path) -> None:
    assert scanner.scan_file(str(path)) == ()


@BY_FILE
def test_every_exchange_says_what_it_proves_by_claims_that_exist(path: Path) -> None:
    for one in har_file.load(str(path)).entries:
        assert one.label.proves
        assert one.label.claims
        assert {*one.label.claims} <= {*claims.load()}
        assert one.label.notes == ()


@BY_FILE
def test_a_fixture_is_clean_already(path: Path) -> None:
    recording = har_file.load(str(path))
    assert Redactor().redact_recording(recording).entries == recording.entries


def test_the_readme_lists_every_fixture_and_what_it_proves() -> None:
    rows = [line for line in README.split("\n## ")[0].splitlines() if line.startswith("| [")]
    assert rows == [
        f"| [{name}.har]({name}.har) | {proves} |" for name, (proves, _) in FIXTURES.items()
    ]


def test_the_readme_lists_every_member_of_ours() -> None:
    rows = " ".join(row.split("|")[1] for row in table(README, "The format"))
    fields = {f"`_mock.{name}`" for name in Label.__struct_fields__}
    assert {name for name in fields if name not in rows} == set()
