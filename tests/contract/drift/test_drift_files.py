"""`superoffice-mock drift FILE`: formats, exit codes, and files that can't be compared."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from click.testing import CliRunner, Result

from superoffice_contract.drift.compare import LARGEST
from superoffice_mock.cli import main
from tests.contract.drift import documents


def drift(file: Path, *flags: str) -> Result:
    return CliRunner().invoke(main, ["drift", str(file), *flags])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "document"
    path.write_text(documents.TEXT, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "layout"),
    [
        (documents.TEXT.encode(), "text page"),
        (documents.TEXT.encode("utf-16"), "text page"),
        (documents.TEXT.encode("utf-8-sig"), "text page"),
        (
            documents.MARKDOWN.replace("---\n", "---\nopenapi: POST /x\n", 1).encode(),
            "Markdown page",
        ),
        (json.dumps(documents.swagger()).encode(), "Swagger 2.0 file"),
        (json.dumps(documents.openapi()).encode("utf-8-sig"), "OpenAPI 3.0.1 file"),
        (yaml.safe_dump(documents.openapi()).encode(), "OpenAPI 3.0.1 file"),
        (b"# ours\n---\n" + yaml.safe_dump(documents.swagger()).encode(), "Swagger 2.0 file"),
    ],
)
def test_a_faithful_document_of_any_layout_ends_with_0(
    file: Path, content: bytes, layout: str
) -> None:
    file.write_bytes(content)
    done = drift(file)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"drift of {file}\n  ok       call\n")
    assert f"  layout: {layout}\n" in done.stdout


def test_a_document_that_has_drifted_ends_with_1_and_tells_where(file: Path) -> None:
    file.write_text(documents.TEXT.replace(", text/xml", ""), encoding="utf-8")
    done = drift(file)
    assert done.exit_code == 1
    place = documents.line_of(documents.TEXT, "Request Headers")
    assert (
        f"      {place}: removed: media type text/xml\n        breaks media-types\n" in done.stdout
    )


def test_the_report_comes_as_json(file: Path) -> None:
    file.write_text(documents.TEXT.replace("at most ten", "at most 12"), encoding="utf-8")
    report = json.loads(drift(file, "--format", "json").stdout)
    assert report["exit_code"] == 1
    findings = [finding for result in report["results"] for finding in result["findings"]]
    assert [one["claims"] for one in findings] == [["task-cap"]]


def test_the_report_comes_as_junit_in_a_file(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.xml"
    done = drift(file, "--format", "junit", "--out", str(out))
    assert (done.exit_code, done.output) == (0, "")
    assert ET.parse(out).getroot().get("failures") == "0"


def test_a_report_that_has_no_place_to_go_is_wrong_usage(file: Path, tmp_path: Path) -> None:
    done = drift(file, "--out", str(tmp_path))
    assert done.exit_code == 2
    assert done.stderr.startswith(f"superoffice-mock: {tmp_path}: can't be written: ")


OTHER_PAGE = documents.TEXT.replace("SyncEmailAccounts", "SyncEmailAccount")
UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank": (b"\xef\xbb\xbf \n\t\n", "is empty"),
    "binary": (b"\x7fELF\xff\x00\x01", "is no text: byte 4 is not utf-8"),
    "half UTF-16": (b"\xff\xfeP\x00O", "is no text: byte 4 is not utf-16"),
    "NUL": (b"POST /x\0", "is no text: it has NUL characters"),
    "huge": (b" " * (LARGEST + 1), "is larger than 8 MiB; no page or specification is"),
    "prose": (b"Dear reader,\n", "has no known layout; expected the vendor's page"),
    "HTML": (b"<html><body>POST /api/v1</body></html>", "has no known layout; expected"),
    "another page": (
        OTHER_PAGE.encode(),
        (
            f"describes POST {documents.PATH[:-1]}; "
            "expected the page of Agents/EMail/SyncEmailAccounts"
        ),
    ),
    "another agent": (
        documents.MARKDOWN.replace("/EMail/", "/Mailings/").encode(),
        "describes POST /api/v1/Agents/Mailings/SyncEmailAccounts; expected the page of Agents/",
    ),
    "broken JSON": (b'{"swagger": "2.0",\n "paths": }', "is no JSON: line 2, column 11: Expecting"),
    "cut JSON": (json.dumps(documents.swagger()).encode()[:-9], "is no JSON: line 1, column "),
    "deep JSON": (b'{"swagger":' * 100_000, "is no JSON that can be read: "),
    "endless number": (b'{"swagger": ' + b"9" * 5000 + b"}", "is no JSON that can be read: "),
    "other JSON": (b'{"openapi": "9.0", "paths": {}}', "has no known layout; expected"),
    "broken YAML": (b"openapi: 3.0.1\npaths: {a: [1\n", "is no YAML: line 3, column 1: "),
    "odd YAML": (b"openapi: 3.0.1\npaths: \x07\n", "is no YAML that can be read: "),
    "two YAML": (b"openapi: 3.0.1\npaths: {}\n---\nx: 1\n", "is no YAML: line 3, column 1: "),
    "list in YAML": (b"openapi: [3]\npaths: 3\n", "has no known layout; expected"),
    "no such call": (
        json.dumps(documents.swagger()).replace("SyncEmailAccounts", "Sync").encode(),
        "it does not contain Agents/EMail/SyncEmailAccounts; it has 2 other paths",
    ),
}


@pytest.mark.parametrize(("content", "says"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cant_be_compared_ends_with_2_and_one_line(
    file: Path, content: bytes, says: str
) -> None:
    file.write_bytes(content)
    done = drift(file)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"superoffice-mock: {file}: {says}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("name", "says"), [("nothing", "No such file"), ("", "Is a directory")])
def test_a_file_that_cant_be_opened_ends_with_2(tmp_path: Path, name: str, says: str) -> None:
    done = drift(tmp_path / name)
    assert done.exit_code == 2
    assert f"can't be read: {says}" in done.stderr


def test_a_yaml_file_that_refers_to_itself_a_billion_times_is_no_burden(file: Path) -> None:
    laughs = "".join(
        f"l{n}: &l{n} {{<<: [{', '.join([f'*l{n - 1}'] * 9)}]}}\n" for n in range(1, 9)
    )
    file.write_text(f"openapi: 3.0.1\nl0: &l0 {{a: b}}\n{laughs}paths: {{}}\n", encoding="utf-8")
    done = drift(file)
    assert done.exit_code == 2
    assert "it does not contain Agents/EMail/SyncEmailAccounts; it has 0 other paths" in done.stderr


def test_drift_works_without_the_extra_for_contract_tests(file: Path) -> None:
    extra = ("schemathesis", "hypothesis", "jsonschema", "pytest")
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({extra}));"
        "from superoffice_mock.cli import main; main()"
    )
    command = [sys.executable, "-c", program, "drift", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("11 passed, 1 skipped\n")
