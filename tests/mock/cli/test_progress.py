"""The bar that shows how far a long command has come, on a terminal only."""

import io
import os
import pty
import subprocess
import sys

import pytest

from superoffice_mock.cli import base
from tests.support.server_process import environment


class Terminal(io.StringIO):
    """A standard error that people look at."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def watched(monkeypatch: pytest.MonkeyPatch, *steps: tuple[str, int, int]) -> str:
    """Return what somebody at a terminal sees of *steps*."""
    terminal = Terminal()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", terminal)
        with base.progress_bar() as shown:
            for step in steps:
                shown(*step)
    return terminal.getvalue()


def test_the_bar_says_what_is_done_and_how_much_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "a name that is much longer than anybody could want to read"
    text = watched(monkeypatch, ("credentials", 0, 4), ("throttle", 1, 4), (long, 3, 4), ("", 4, 4))
    for part in ("0%  credentials", "25%  throttle", "75%  a name that is much longer than any"):
        assert part in text
    assert "100%" in text
    assert "want to read" not in text
    assert text.endswith("\n")


def test_the_whole_may_grow_or_be_empty_and_the_bar_never_goes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = [("x", *one) for one in ((0, 0), (5, 10), (5, 20), (2, 20), (30, 20))]
    text = watched(monkeypatch, *steps)
    for part in ("50%", "25%", "100%"):
        assert part in text
    assert "10%" not in text


def test_nothing_is_shown_where_standard_error_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with base.progress_bar() as shown:
        shown("credentials", 0, 4)
    assert capsys.readouterr() == ("", "")


def test_a_check_on_a_terminal_has_a_bar_beside_its_report() -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "superoffice_mock", "check", "--only", "ids"]
    env = environment({"TERM": "xterm"})
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=env) as process:
        os.close(theirs)
        printed, _ = process.communicate(timeout=60)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert process.returncode == 0
    assert b"ok       ids" in printed
    assert "ids" in shown
    assert "%" in shown
    assert b"%" not in printed
