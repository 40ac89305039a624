"""`superoffice-mock run` and processes: signals reach all of them, and none is left running."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.server_process import PROGRAM, environment

pytestmark = pytest.mark.slow

SLEEP = "import time; time.sleep(100)"
TREE = f"""
import os, subprocess, sys
own_group, own_session = dict(process_group=0), dict(start_new_session=True)
for options in ({{}}, own_group, own_session):
    subprocess.Popen([sys.executable, "-c", {SLEEP!r}], **options)
open("ready", "w")
"""
"""Starts three children, one of them in a process group of its own, one in a session."""
WAIT = "import time; time.sleep(100)"
IGNORE = "import signal; [signal.signal(n, signal.SIG_IGN) for n in (2, 15)];"


def descendants(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Return those of *processes* that have not ended; some wait for their parent to notice."""
    left = []
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            if each.is_running() and each.status() != psutil.STATUS_ZOMBIE:
                left.append(each)
    return left


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cwd() == str(tmp_path):
                process.kill()


def start(folder: Path, code: str, **options: Any) -> "subprocess.Popen[bytes]":
    """Start a run of *code* in *folder*, and wait until it has made the file `ready`."""
    command = [*PROGRAM, "run", "--fail-on", "none", "--", sys.executable, "-c", code]
    process = subprocess.Popen(command, cwd=folder, env=environment(), **options)
    wait_for(folder / "ready", process)
    return process


def wait_for(path: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 15
    while not path.exists():
        assert process.poll() is None, f"{path.name} is missing"
        assert time.monotonic() < deadline, f"{path.name} is missing"


def test_a_signal_reaches_the_command_and_its_children(folder: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        (folder / "ready").unlink(missing_ok=True)
        with start(folder, TREE + WAIT) as process:
            processes = descendants(process)
            assert len(processes) == 4
            process.send_signal(number)
            assert process.wait(timeout=10) == 128 + number
            assert alive(processes) == []


def test_ctrl_c_in_a_terminal_reaches_the_command_once(folder: Path) -> None:
    code = """
import signal
count = 0
def count_signals(*_):
    global count
    count += 1
    open(f"signal{count}", "w")
signal.signal(signal.SIGINT, count_signals)
open("ready", "w")
answer = input()
raise SystemExit(40 + count if answer == "typed" else 1)
"""
    terminal, own_end = pty.openpty()
    process = start(folder, code, stdin=own_end, stdout=own_end, start_new_session=True)
    os.write(terminal, b"x")
    process.send_signal(signal.SIGINT)
    wait_for(folder / "signal1", process)
    os.write(terminal, b"\x7ftyped\n")
    assert process.wait(timeout=10) == 41
    os.close(terminal)
    os.close(own_end)


def test_a_second_signal_kills_what_ignores_the_first(folder: Path) -> None:
    with start(folder, IGNORE + TREE + WAIT) as process:
        processes = descendants(process)
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 128 + signal.SIGKILL
        assert alive(processes) == []


def test_a_signal_that_is_ignored_from_the_start_stays_ignored(folder: Path) -> None:
    command = [*PROGRAM, "run", "--fail-on", "none", "--", sys.executable, "-c", TREE + WAIT]
    words = ["sh", "-c", """trap '' HUP; exec "$@" """, "sh", *command]
    with subprocess.Popen(words, cwd=folder, env=environment()) as process:
        wait_for(folder / "ready", process)
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 128 + signal.SIGTERM


def test_what_the_command_leaves_running_is_ended(folder: Path) -> None:
    command = [*PROGRAM, "run", "--fail-on", "none", "--", sys.executable, "-c", TREE]
    done = subprocess.run(command, cwd=folder, env=environment(), timeout=20, check=False)
    assert done.returncode == 0
    left = [each for each in psutil.process_iter(["cwd"]) if each.info["cwd"] == str(folder)]
    assert alive(left) == []
