"""`superoffice-mock drift FILE`: formats, exit codes, and files that can't be compared."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import yaml

from superoffice_contract.drift.compare import MAX_BYTES
from tests.contract.drift import documents
from tests.support.local_servers import invoke

OPENAPI_IN_FRONT_MATTER = documents.MARKDOWN.replace("---\n", "---\nopenapi: POST /x\n", 1)
OTHER_PAGE = documents.TEXT.replace("SyncEmailAccounts", "SyncEmailAccount")
CALL = f"POST {documents.PATH}"
MENTION = f"contains {CALL}, but not the sections of the vendor's page, such as Request Headers"
run_drift = partial(invoke, "drift")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "document"
    path.write_text(documents.TEXT, encoding="utf-8")
    return path


FAITHFUL = {
    "text": (documents.TEXT.encode(), "text page"),
    "text in UTF-16": (documents.TEXT.encode("utf-16"), "text page"),
    "text with a byte order mark": (documents.TEXT.encode("utf-8-sig"), "text page"),
    "Markdown": (OPENAPI_IN_FRONT_MATTER.encode(), "Markdown page"),
    "Swagger": (json.dumps(documents.swagger()).encode(), "Swagger 2.0 file"),
    "OpenAPI": (json.dumps(documents.openapi()).encode("utf-8-sig"), "OpenAPI 3.0.1 file"),
    "OpenAPI in YAML": (yaml.safe_dump(documents.openapi()).encode(), "OpenAPI 3.0.1 file"),
    "Swagger in YAML, commented": (
        b"# ours\n---\n" + yaml.safe_dump(documents.swagger()).encode(),
        "Swagger 2.0 file",
    ),
}


def test_a_document_that_agrees_with_the_contract_exits_with_0(file: Path) -> None:
    for name, (content, layout) in FAITHFUL.items():
        file.write_bytes(content)
        result = run_drift(file)
        assert result.exit_code == 0, (name, result.output)
        assert result.stdout.startswith(f"drift of {file}\n  ok       call\n"), name
        assert f"  layout: {layout}\n" in result.stdout, name
        skipped = 1 if layout.endswith("page") else 2
        assert result.stdout.endswith(f", {12 - skipped} checks passed, {skipped} skipped\n"), name


def test_a_document_that_has_drifted_exits_with_1_and_reports_the_place(file: Path) -> None:
    file.write_text(documents.TEXT.replace(", text/xml", ""), encoding="utf-8")
    result = run_drift(file)
    assert result.exit_code == 1
    finding = "removed: media type text/xml\n        breaks media-types\n"
    place = documents.line_of(documents.TEXT, "Request Headers")
    assert f"      {place}: {finding}" in result.stdout


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank": (b"\xef\xbb\xbf \n\t\n", "is empty"),
    "binary": (b"\x7fELF\xff\x00\x01", "is not text: byte 4 is not valid utf-8"),
    "half UTF-16": (b"\xff\xfeP\x00O", "is not text: byte 4 is not valid utf-16"),
    "NUL": (b"POST /x\0", "is not text: it contains NUL characters"),
    "huge": (b" " * (MAX_BYTES + 1), "is larger than 8 MiB, the limit for a page or API file"),
    "prose": (b"Dear reader,\n", "has no known layout; expected the vendor's page"),
    "HTML": (b"<html><body>POST /api/v1</body></html>", "has no known layout; expected"),
    "a request": (CALL.encode() + b"\nAccept: text/xml\n\n{}\n", MENTION),
    "a mail": (f"Hello,\n\n{CALL}\n\ngot a 204.\n\nResponse:\n\nnull\n".encode(), MENTION),
    "an article": (
        f"# Sync\n\n```\n{CALL}\n```\n## Request headers\n## Request body\n## Response\n".encode(),
        MENTION,
    ),
    "half a page": (documents.TEXT.partition("Request Body")[0].encode(), MENTION),
    "a page from its end": (documents.TEXT.partition("Response body")[2].encode(), MENTION),
    "another page": (
        OTHER_PAGE.encode(),
        f"describes POST {documents.PATH[:-1]}; expected the page of Agents/{documents.METHOD}",
    ),
    "another agent": (
        documents.MARKDOWN.replace("/EMail/", "/Mailings/").encode(),
        "describes POST /api/v1/Agents/Mailings/SyncEmailAccounts; expected the page of Agents/",
    ),
    "broken JSON": (b'{"swagger": "2.0",\n "paths": }', "is not JSON: line 2, column 11: Expect"),
    "cut JSON": (json.dumps(documents.swagger()).encode()[:-9], "is not JSON: line 1, column "),
    "deep JSON": (b'{"swagger":' * 100_000, "can't be read as JSON: "),
    "endless number": (b'{"swagger": ' + b"9" * 5000 + b"}", "can't be read as JSON: "),
    "other JSON": (b'{"openapi": "9.0", "paths": {}}', "has no known layout; expected"),
    "broken YAML": (b"openapi: 3.0.1\npaths: {a: [1\n", "is not YAML: line 3, column 1: "),
    "odd YAML": (b"openapi: 3.0.1\npaths: \x07\n", "can't be read as YAML: "),
    "two YAML": (b"openapi: 3.0.1\npaths: {}\n---\nx: 1\n", "is not YAML: line 3, column 1: "),
    "list in YAML": (b"openapi: [3]\npaths: 3\n", "has no known layout; expected"),
    "no such call": (
        json.dumps(documents.swagger()).replace("SyncEmailAccounts", "Sync").encode(),
        "it does not contain Agents/EMail/SyncEmailAccounts; it has 2 other paths",
    ),
}


def test_a_file_that_cant_be_compared_exits_with_2_and_one_line(file: Path) -> None:
    for name, (content, message) in UNREADABLE.items():
        file.write_bytes(content)
        result = run_drift(file)
        assert (result.exit_code, result.stdout) == (2, ""), name
        assert result.stderr.startswith(f"superoffice-mock: {file}: {message}"), name
        assert result.stderr.count("\n") == 1, name


def test_a_file_that_cant_be_opened_exits_with_2(tmp_path: Path) -> None:
    for path, message in ((tmp_path / "nothing", "no such file"), (tmp_path, "is a directory")):
        result = run_drift(path)
        assert result.exit_code == 2
        assert result.stderr == f"superoffice-mock: {path}: {message}\n"


def test_yaml_with_a_billion_references_is_read_quickly(file: Path) -> None:
    anchors = "".join(
        f"l{n}: &l{n} {{<<: [{', '.join([f'*l{n - 1}'] * 9)}]}}\n" for n in range(1, 9)
    )
    file.write_text(f"openapi: 3.0.1\nl0: &l0 {{a: b}}\n{anchors}paths: {{}}\n", encoding="utf-8")
    result = run_drift(file)
    assert result.exit_code == 2
    message = "it does not contain Agents/EMail/SyncEmailAccounts; it has 0 other paths"
    assert message in result.stderr


def test_drift_works_without_the_extra_for_contract_tests(file: Path) -> None:
    extra = ("schemathesis", "hypothesis", "jsonschema", "pytest")
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({extra}));"
        "from superoffice_mock.cli import main; main()"
    )
    command = [sys.executable, "-c", program, "drift", str(file)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout.endswith("no failures, 11 checks passed, 1 skipped\n")
