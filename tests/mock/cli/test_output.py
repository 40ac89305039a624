"""Output: where it can't be written the exit code is 2, and every character survives."""

import json
import os
import subprocess
from pathlib import Path
from typing import IO, Any, Final
from xml.etree import ElementTree as ET

import pytest

from superoffice_contract.report_formats import FORMATS
from superoffice_mock import cli
from tests.support.server_process import PROGRAM, environment

HAR: Final = Path("fixtures/page-sample.har").resolve()
FULL: Final = Path("/dev/full")
Start = subprocess.Popen[bytes]

needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")


def start(*arguments: str | Path, stdout: int | IO[Any], encoding: str = "utf-8") -> Start:
    """Start the program with streams of this *encoding*."""
    env = environment({"PYTHONIOENCODING": encoding})
    words = [*PROGRAM, *arguments]
    return subprocess.Popen(words, stdout=stdout, stderr=subprocess.PIPE, env=env)


def commands(folder: Path) -> dict[str, tuple[str | Path, ...]]:
    """Return arguments for each command with which it writes to standard output."""
    page = folder / "page.md"
    page.write_text("POST /api/v1/Agents/EMail/SyncEmailAccounts", encoding="utf-8")
    arguments: dict[str, tuple[str | Path, ...]] = {
        "cert": ("--out", folder / "certs"),
        "check": ("--list",),
        "diff": (HAR, HAR),
        "drift": ("--help",),
        "grade": (HAR,),
        "record": ("--upstream", "http://127.0.0.1:1", "--out", folder / "x.har", "--port", "0"),
        "redact": (HAR, folder / "clean.har"),
        "replay": (HAR, "--port", "0"),
        "scan": (HAR,),
        "serve": ("--port", "0"),
    }
    silent = ("run",)  # what its command writes is no output of its own
    names = [name for name in cli.COMMANDS if name not in silent]
    return {name: arguments.get(name, ()) for name in names} | {"--version": ()}


@needs_full
def test_a_full_disk_under_standard_output_is_exit_code_2(tmp_path: Path) -> None:
    with FULL.open("wb") as full:
        lines = commands(tmp_path).items()
        running = {name: start(name, *arguments, stdout=full) for name, arguments in lines}
        for name, process in running.items():
            _, errors = process.communicate(timeout=60)
            problem = b"superoffice-mock: standard output can't be written: no space left on device"
            assert process.returncode == 2, (name, errors)
            assert errors.splitlines()[-1] == problem, (name, errors)


def test_a_closed_standard_output_and_a_broken_pipe_are_exit_code_2(tmp_path: Path) -> None:
    for name in ("readings", "serve", "scan", "--help"):
        arguments = commands(tmp_path).get(name, ())
        shell = '"$@" >&-; exit $?'
        words = ["/bin/sh", "-c", shell, "sh", *PROGRAM, name, *map(str, arguments)]
        closed = subprocess.run(words, capture_output=True, env=environment(), check=False)
        reading, writing = os.pipe()
        os.close(reading)
        broken = start(name, *arguments, stdout=writing)
        os.close(writing)
        _, errors = broken.communicate(timeout=60)
        assert (closed.returncode, broken.returncode) == (2, 2), name
        assert closed.stderr.endswith(b"can't be written: it is closed\n"), name
        assert errors.endswith(b"can't be written: broken pipe\n"), name


@needs_full
def test_standard_error_that_cant_be_written_changes_nothing() -> None:
    for redirection in ("2>&-", "2>/dev/full"):
        for arguments, code in ((("readings",), 0), (("nosuch",), 2), (("scan", "none.har"), 2)):
            words = ["/bin/sh", "-c", f'"$@" {redirection}', "sh", *PROGRAM, *arguments]
            done = subprocess.run(words, capture_output=True, env=environment(), check=False)
            assert (done.returncode, done.stderr) == (code, b""), (redirection, arguments)
    words = ["/bin/sh", "-c", '"$@" >&- 2>&-', "sh", *PROGRAM, "readings"]
    assert subprocess.run(words, env=environment(), check=False).returncode == 2


def odd_recording(folder: Path) -> Path:
    """Write a recording whose name, method, path, headers and label have odd characters."""
    har = json.loads(HAR.read_bytes())
    odd = "→ \ud800 \x1b[31m"
    for entry in har["log"]["entries"]:
        request = entry["request"]
        request["url"] += f"?{odd}={odd}"
        request["headers"].append({"name": f"X-{odd}", "value": f"Bearer {odd}"})
        entry["_mock"] = {"outcome": "unknown", "proves": odd}
    path = folder / os.fsdecode(b"a\xff\xe2\x86\x92.har")
    path.write_text(json.dumps(har), encoding="utf-8")
    return path


def test_reports_survive_any_encoding_and_lone_surrogates(tmp_path: Path) -> None:
    odd = odd_recording(tmp_path)
    redact = ("redact", odd, tmp_path / os.fsdecode(b"b\xff.har"))
    grade, diff = ("grade", odd, "--format"), ("diff", odd, HAR, "--format")
    lines: list[tuple[str, tuple[str | Path, ...]]] = [
        *(("cp1252", (*words, format_)) for words in (grade, diff) for format_ in FORMATS),
        *(("cp1252", words) for words in (redact, ("scan", odd))),
        *(("utf-8", words) for words in (redact, ("grade", tmp_path / os.fsdecode(b"\xff.har")))),
    ]
    running = [
        start(*words, stdout=subprocess.PIPE, encoding=encoding) for encoding, words in lines
    ]
    for (encoding, words), process in zip(lines, running, strict=True):
        out, errors = process.communicate(timeout=60)
        assert process.returncode in (0, 1, 2), words
        assert b"Traceback" not in errors, (encoding, words, errors)
        if words[-1] == "json":
            assert "\ufffd" in json.loads(out)["subject"]
        elif words[-1] == "junit":
            assert ET.fromstring(out).tag == "testsuites"
