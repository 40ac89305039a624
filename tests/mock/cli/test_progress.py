"""The progress bar of long commands, or lines where there is no terminal."""

import io
import os
import pty
import subprocess
import sys

import pytest

from superoffice_mock.cli.reports import ProgressLines, progress_bar
from tests.support.server_process import environment


class Terminal(io.StringIO):
    """A standard error that is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def render_bar(monkeypatch: pytest.MonkeyPatch, *steps: tuple[str, int, int]) -> str:
    """Return what a terminal gets for *steps*."""
    terminal = Terminal()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        with progress_bar() as progress:
            for step in steps:
                progress(*step)
    return terminal.getvalue()


def test_the_bar_shows_the_step_and_the_share_that_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "a name that is much longer than a bar could want to show"
    steps = ("credentials", 0, 4), ("throttle", 1, 4), (long, 3, 4), ("", 4, 4)
    text = render_bar(monkeypatch, *steps)
    for part in ("0%  credentials", "25%  throttle", "75%  a name that is much longer than a b"):
        assert part in text
    assert "100%" in text
    assert "want to show" not in text
    assert text.endswith("\n")


def test_the_bar_never_goes_back_though_the_total_may_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [("x", *counts) for counts in ((0, 0), (5, 10), (5, 20), (2, 20), (30, 20))]
    text = render_bar(monkeypatch, *steps)
    for part in ("50%", "25%", "100%"):
        assert part in text
    assert "10%" not in text


def test_a_short_run_prints_nothing_if_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress_bar() as progress:
        progress("credentials", 0, 4)
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_there_is_a_line_every_ten_seconds_at_most() -> None:
    times = iter((100.0, 100.1, 109.9, 110.0, 119.9, 155.0, 164.9, 165.0))
    lines: list[str] = []
    progress = ProgressLines(lambda: next(times), lines.append)
    for done in range(7):
        progress("throttle\x1b", done, 40)
    assert lines == [
        "superoffice-mock: 2 of 40 done, now throttle\ufffd, 10 s",
        "superoffice-mock: 4 of 40 done, now throttle\ufffd, 55 s",
        "superoffice-mock: 6 of 40 done, now throttle\ufffd, 65 s",
    ]


def test_a_check_on_a_terminal_has_a_bar_in_addition_to_its_report() -> None:
    our_end, their_end = pty.openpty()
    command = [sys.executable, "-m", "superoffice_mock", "check", "--only", "ids"]
    env = environment({"TERM": "xterm"})
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=their_end, env=env) as process:
        os.close(their_end)
        report, _ = process.communicate(timeout=60)
    bar = os.read(our_end, 65536).decode()
    os.close(our_end)
    assert process.returncode == 0
    assert report.startswith(b"contract check of the built-in mock\n")
    assert "ids" in bar
    assert "%" in bar
    assert b"%" not in report
