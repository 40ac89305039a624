"""The report of each subcommand that checks something: its formats, and where it is written."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from superoffice_contract.report_formats import FORMATS
from tests.contract.drift import documents
from tests.contract.grading.builders import entry, har_of
from tests.support.local_servers import invoke

Command = tuple[object, ...]


@pytest.fixture
def commands(tmp_path: Path) -> dict[Command, int]:
    """Each subcommand, and how many checks fail."""
    page, har = tmp_path / "page", tmp_path / "app.har"
    page.write_text(documents.TEXT.replace("at most ten", "at most 12"), encoding="utf-8")
    har.write_bytes(har_of(entry(7, 7)))
    secret = tmp_path / "secret.har"
    secret.write_bytes(har_of(entry(headers={"SO-AppToken": "hunter2"})))
    return {
        ("drift", page): 1,
        ("grade", har): 1,
        ("diff", har, har): 0,
        ("check", "--only", "ids"): 0,
        ("scan", secret): 1,
    }


def test_a_report_has_every_format_and_may_be_written_to_a_file(
    commands: dict[Command, int], tmp_path: Path
) -> None:
    out = tmp_path / "report"
    for command, count in commands.items():
        code = min(count, 1)
        for format_ in FORMATS:
            result = invoke(*command, "--format", format_, "--out", out)
            assert (result.exit_code, result.stdout) == (code, ""), (command, format_)
            start, end = f"superoffice-mock {command[0]}: ", f"; report in {out}\n"
            assert result.stderr.startswith(start), command
            assert result.stderr.endswith(end), command
            verdict = result.stderr.removeprefix(start).removesuffix(end)
            if format_ == "text":
                mark = "secret.har: /log" if command[0] == "scan" else "FAILED"
                assert out.read_text(encoding="utf-8").count(mark) == count
            elif format_ == "markdown":
                failures = out.read_text(encoding="utf-8").count("\n| 1 |")
                assert failures == count, command
            elif format_ == "html":
                page = out.read_text(encoding="utf-8")
                assert ("<h2>Failures</h2>" in page) is bool(count), command
                has_picture = command[0] in ("grade", "diff", "check")
                assert (" data-timeline>" in page) is has_picture, command
                assert f'<p class="verdict">{verdict.rpartition(" in ")[0] or verdict}' in page
            elif format_ == "json":
                report = json.loads(out.read_bytes())
                assert (report["exit_code"], report["verdict"][:9]) == (code, verdict[:9])
                findings = [text for result in report["results"] for text in result["findings"]]
                assert bool(findings) == bool(count), command
            else:
                suites = ET.parse(out).getroot()
                assert "127.0.0.1" not in " ".join(suites.itertext())
                assert suites.get("failures") == str(count), command
            # A report of `check` has durations, and pictures have new pseudonyms each time.
            if command[0] != "check" and (format_ != "html" or not has_picture):
                printed = invoke(*command, "--format", format_)
                assert printed.output == out.read_text(encoding="utf-8"), command


def test_a_page_has_pseudonyms_in_place_of_secrets(tmp_path: Path) -> None:
    har = tmp_path / "secret.har"
    har.write_bytes(har_of(entry(headers={"SO-AppToken": "hunter2"})))
    for command in (("grade", har), ("diff", har, har)):
        page = invoke(*command, "--format", "html").output
        assert " data-timeline>" in page, command
        assert '"pseudo-' in page, command
        assert "hunter2" not in page, command


def test_a_report_does_not_replace_what_was_read(
    commands: dict[Command, int], tmp_path: Path
) -> None:
    link = tmp_path / "link"
    for command in commands:
        for path in (argument for argument in command if isinstance(argument, Path)):
            before = path.read_bytes()
            link.hardlink_to(path)
            for out in (path, link):
                result = invoke(*command, "--out", out)
                advice = "is a file to read; name another file with --out"
                assert result.stderr == f"superoffice-mock: {out} {advice}\n", command
            assert path.read_bytes() == before
            link.unlink()


def test_a_report_that_cant_be_written_is_wrong_usage(
    commands: dict[Command, int], tmp_path: Path
) -> None:
    for command in commands:
        result = invoke(*command, "--out", tmp_path)
        assert (result.exit_code, result.stdout) == (2, ""), command
        advice = "is a directory; name a file that can be written"
        assert result.stderr == f"superoffice-mock: {tmp_path}: {advice}\n", command
