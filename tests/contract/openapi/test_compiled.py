"""openapi.yaml as JSON: made when the package is built, and never older than openapi.yaml."""

import json
from pathlib import Path

import yaml

from superoffice_contract.openapi import compiled, operations
from superoffice_contract.openapi.compiled import compile_text, read_current

TEXT = b"a: [1, x]\nb: &anchor {'204': yes}\nc: *anchor\n"


def test_the_document_of_the_package_is_that_of_its_yaml() -> None:
    assert operations.load().document == yaml.safe_load(compiled.SOURCE.read_bytes())


def test_a_compiled_file_counts_only_as_long_as_its_source_is_the_same(tmp_path: Path) -> None:
    source, target = tmp_path / "a.yaml", tmp_path / "a.json"
    source.write_bytes(TEXT)
    document = {"a": [1, "x"], "b": {"204": True}, "c": {"204": True}}
    assert json.loads(read_current(source, target)) == document
    hash_line, _ = compile_text(TEXT).split(b"\n")
    target.write_bytes(hash_line + b'\n"as compiled"')
    assert json.loads(read_current(source, target)) == "as compiled"
    for content in (TEXT + b"d: 1\n", TEXT[:-1]):
        source.write_bytes(content)
        assert json.loads(read_current(source, target)) == yaml.safe_load(content)
    for broken in (b"", hash_line, b"\xff"):
        target.write_bytes(broken)
        assert json.loads(read_current(source, target)) == yaml.safe_load(content)
