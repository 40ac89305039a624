"""The command `redact`: HARs of other tools, limits, and protection of the source."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from superoffice_contract.grading import grade
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import About
from tests.contract.grading import builders
from tests.mock.redaction.secret_places import MARK
from tests.support.local_servers import invoke
from tests.support.recordings import entry


def write_foreign_har(folder: Path) -> Path:
    """Write a HAR of another tool with a secret in each of the tool's own members."""
    har_entry: dict[str, Any] = builders.entry(507, url=f"{builders.ONSITE}?token={MARK}")
    har_entry |= {"serverIPAddress": "10.1.2.3", "connection": MARK, "comment": MARK, "_x": MARK}
    har_entry["request"] |= {
        "cookies": [{"name": "ASP.NET_SessionId", "value": MARK}],
        "queryString": [{"name": "token", "value": MARK}],
        "comment": MARK,
    }
    har_entry["request"]["postData"]["params"] = [{"name": "a", "value": MARK}]
    har_entry["response"] |= {"redirectURL": f"http://x/{MARK}", "statusText": MARK}
    har_entry["response"]["cookies"] = [{"name": MARK, "value": MARK}]
    pages = [{"id": MARK, "title": MARK}]
    log = {"version": "1.2", "creator": {"name": MARK}, "pages": pages, "entries": [har_entry]}
    path = folder / "browser.har"
    path.write_text(json.dumps({"log": log}))
    return path


run = partial(invoke, "redact")


def test_it_redacts_a_har_of_another_tool_and_counts_the_values(tmp_path: Path) -> None:
    source, target = write_foreign_har(tmp_path), tmp_path / "clean.har"
    result = run(source, target)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{target}: 1 exchange, replaced:\n")
    assert "       4 credential\n" not in result.stdout
    text = target.read_text()
    assert MARK not in text
    assert "10.1.2.3" not in text
    (redacted,) = har_file.load(str(target)).entries
    assert (redacted.response.status, redacted.elapsed) == (204, 0.03)
    again, victim = tmp_path / "again.har", tmp_path / "victim"
    victim.write_text("mine")
    for planted in (again, tmp_path / "again.har.new"):
        planted.symlink_to(victim)
    assert run(target, again).stdout == f"{again}: 1 exchange; nothing to replace\n"
    assert (len(har_file.load(str(again)).entries), victim.read_text()) == (1, "mine")


def test_a_redacted_har_gets_the_same_grades(tmp_path: Path) -> None:
    entries = [
        builders.entry(7, 7, at=0),
        builders.entry(8, at=0.01, url=builders.ONLINE, status=401),
    ]
    before = builders.failures_of(builders.grade_entries(tmp_path, *entries))
    path = tmp_path / "traffic.har"
    run(path, path, "--in-place")
    assert builders.failures_of(grade.grade_har(str(path))) == before
    assert len(before) >= 2


def test_it_replaces_its_source_only_with_in_place(tmp_path: Path) -> None:
    source = write_foreign_har(tmp_path)
    before = source.read_bytes()
    for same_file in (source, tmp_path / "." / "browser.har"):
        result = run(source, same_file)
        assert result.exit_code == 2
        assert "is the file to read; name another file, or replace it with" in result.stderr
    assert source.read_bytes() == before
    link = tmp_path / "link.har"
    link.symlink_to(source)
    advice = f"{link} is a link; redact {source}"
    assert run(link, link, "--in-place").stderr == f"superoffice-mock: {advice}\n"
    assert run(source, source, "--in-place").exit_code == 0
    assert MARK not in source.read_text()


def test_a_file_that_is_not_a_har_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    source = tmp_path / "a.har"
    for content in (b"", b"{", b'{"log":{"version":"1.1"}}', b"\xff"):
        source.write_bytes(content)
        result = run(source, tmp_path / "b.har")
        assert (result.exit_code, result.stdout) == (2, ""), content
        assert result.stderr.startswith(f"superoffice-mock: {source}: ")
        assert result.stderr.count("\n") == 1
        assert [file.name for file in tmp_path.iterdir()] == ["a.har"]


def test_it_reads_files_up_to_a_limit(tmp_path: Path) -> None:
    result = run(write_foreign_har(tmp_path), tmp_path / "b.har", "--max-file", "100")
    assert result.exit_code == 2
    assert "larger than 100 bytes; record only the calls of interest" in result.stderr


def test_it_reports_what_it_could_not_read(tmp_path: Path) -> None:
    source = tmp_path / "a.har.part"
    source.write_bytes(har_file.header_line(About()) + har_file.entry_line(entry()) + b"{")
    result = run(source, tmp_path / "b.har")
    assert result.stderr == f"{source}: its last line is incomplete and was left out\n"
    assert len(har_file.load(str(tmp_path / "b.har")).entries) == 1
