"""The shipped fixtures: up to date, in the documented format, and without secrets."""

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
from superoffice_mock.redaction.redactor import Options, Redactor
from superoffice_mock.scanning import scanner
from tests.mock.redaction.secret_places import PLACES
from tests.support.documents import table
from tests.support.make_fixtures import FIXTURES, FOLDER, fixture_files

FILES = sorted(FOLDER.glob("*.har"))
KEEPER = Redactor(options=Options(keep_messages=True))
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def schema_errors(document: Any) -> list[str]:
    schema = json.loads((FOLDER / "mock-har.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    errors = jsonschema.Draft202012Validator(schema).iter_errors(document)
    return [f"{error.json_path}: {error.message}" for error in errors]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_fixture_keeps_the_schema_holds_no_secret_and_names_what_it_proves(path: Path) -> None:
    assert schema_errors(json.loads(path.read_bytes())) == []
    assert scanner.scan_file(str(path)) == ()
    recording = har_file.load(str(path))
    assert KEEPER.redact_recording(recording).entries == recording.entries
    for entry in recording.entries:
        assert entry.label.proves
        assert entry.label.claims
        assert {*entry.label.claims} <= {*claims.load()}
        assert entry.label.notes == () or entry.request.body is None


def test_every_recording_keeps_the_schema() -> None:
    entries = [make("7T:bm9ib2R5") for make in PLACES.values()]
    bare_entry = Entry(
        request=RecordedRequest("GET", ""),
        response=RecordedResponse(0, "reset", body=None),
        elapsed=0.05,
        receive_time=0.04,
    )
    for recording in (
        Recording((*entries, bare_entry)),
        Redactor().redact_recording(Recording((*entries, bare_entry))),
    ):
        assert schema_errors(json.loads(har_file.encode(recording))) == []


def test_the_schema_refuses_what_we_do_not_write() -> None:
    cases: tuple[tuple[str, dict[str, Any]], ...] = (
        ("log", {"comment": "x"}),
        ("log", {"version": "1.1"}),
        ("entry", {"_mock": {"outcome": "perhaps"}}),
        ("entry", {"time": -2}),
        ("entry", {"serverIPAddress": "10.0.0.1"}),
        ("request", {"headers": [{"name": "Accept", "value": "*/*"}]}),
        ("response", {"cookies": [{"name": "a", "value": "b"}]}),
    )
    for place, value in cases:
        document = json.loads(FILES[0].read_bytes())
        entry = document["log"]["entries"][0]
        {"log": document["log"], "entry": entry, **entry}[place].update(value)
        assert len(schema_errors(document)) == 1, (place, value)


def test_the_fixtures_agree_with_the_answers_of_the_mock() -> None:
    today = dict(fixture_files())
    assert sorted(today) == [path.name for path in FILES], (
        "run python -m tests.support.make_fixtures"
    )
    for path in FILES:
        assert path.read_bytes() == today[path.name], f"{path.name}: see fixtures/README.md"


def test_the_readme_lists_every_fixture_and_what_it_proves() -> None:
    rows = [line for line in README.split("\n## ")[0].splitlines() if line.startswith("| [")]
    assert rows == [
        f"| [{name}.har]({name}.har) | {proves} |" for name, (proves, _) in FIXTURES.items()
    ]


def test_the_readme_lists_every_member_of_a_label() -> None:
    rows = " ".join(row.split("|")[1] for row in table(README, "The format"))
    fields = {f"`_mock.{name}`" for name in Label.__struct_fields__}
    assert {name for name in fields if name not in rows} == set()
